//! The real shells: where they are, and how a script is run in one.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use leapp::shell::Shell;
use tempfile::TempDir;

/// Where a shell is: Debian's on the path, nu and xonsh in the bed.
pub(crate) fn program(name: &str) -> PathBuf {
    let bed = env::var_os("LEAPP_BED_BIN")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".bed/bin"), PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    std::iter::once(bed)
        .chain(env::split_paths(&path))
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("no `{name}` here; run: make test"))
}

/// A real shell.
#[derive(Clone)]
pub(crate) struct Real {
    pub(crate) shell: Shell,
    program: PathBuf,
    arguments: &'static [&'static str],
    /// Whether the script comes on standard input, as if it were typed.
    typed: bool,
}

impl Real {
    /// A shell without anybody's settings.
    pub(crate) fn find(name: &str) -> Self {
        let (shell, arguments): (_, &[_]) = match name {
            "bash" => (Shell::Bash, &["--norc", "--noprofile"]),
            "dash" => (Shell::Sh, &[]),
            "zsh" => (Shell::Zsh, &["-f"]),
            "ksh93" | "mksh" => (Shell::Ksh, &[]),
            "fish" => (Shell::Fish, &["--no-config"]),
            "elvish" => (Shell::Elvish, &["-norc"]),
            "tcsh" => (Shell::Tcsh, &["-f"]),
            "nu" => (Shell::Nushell, &["--no-config-file"]),
            "xonsh" => (Shell::Xonsh, &["--no-rc"]),
            other => panic!("no real shell `{other}`"),
        };
        Self { shell, program: program(name), arguments, typed: false }
    }

    /// The same shell, started as an interactive one that is typed to.
    pub(crate) fn interactive(name: &str) -> Self {
        let mut real = Self::find(name);
        real.arguments = match real.shell {
            Shell::Bash => &["--norc", "--noprofile", "-i"],
            Shell::Fish => &["--no-config", "-i"],
            _ => &["-f", "-i"],
        };
        real.typed = true;
        real
    }

    /// fish with its config directory, where its universal variables are kept.
    pub(crate) fn with_universal_variables() -> Self {
        Self { arguments: &[], ..Self::find("fish") }
    }

    /// Whether `&&` decides by what an `eval` ends with. The others raise exceptions instead.
    pub(crate) fn decides_by_status(&self) -> bool {
        !matches!(self.shell, Shell::Nushell | Shell::Elvish | Shell::Xonsh)
    }
}

/// A directory to work in, with a `leapp` that prints what the test wants, and with `dump`, a child of the shell that
/// writes down its environment.
pub(crate) struct Scene {
    directory: TempDir,
    environment: BTreeMap<String, String>,
}

impl Scene {
    /// How the scripts of a test call leapp.
    pub(crate) const LEAPP: &'static str = "./leapp env dev";

    /// A `leapp` that prints `statements` and ends with `status`.
    pub(crate) fn new(statements: &str, status: u8) -> Self {
        let directory = tempfile::Builder::new().prefix("leapp-shell").tempdir().expect("a directory");
        let mut scene = Self { directory, environment: BTreeMap::new() };
        scene.set("HOME", &scene.path("").display().to_string());
        scene.set("LC_ALL", "C.UTF-8");
        scene.set("TERM", "dumb");
        scene.write("statements", statements);
        scene.write_program("leapp", &format!("#!/bin/sh\ncat statements\nexit {status}\n"));
        scene.write_program("dump", "#!/bin/sh\nexec env -0 >environment\n");
        scene.write_program("ran", "#!/bin/sh\nexec touch it-ran\n");
        scene
    }

    /// Sets a variable of the shell's environment.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Runs a script in a session of its own, without a terminal, and no longer than a minute.
    pub(crate) fn run(&self, real: &Real, script: &str) -> Output {
        let extension = if real.shell == Shell::Nushell { "script.nu" } else { "script" };
        self.write(extension, script);
        let script = fs::File::open(self.path(extension)).expect("the script");
        let mut command = Command::new("setsid");
        command.args(["--wait", "timeout", "--kill-after=5", "60"]).arg(&real.program).args(real.arguments);
        if real.typed {
            command.stdin(script);
        } else {
            command.arg(extension).stdin(Stdio::null());
        }
        command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default()).envs(&self.environment);
        command.current_dir(self.path("")).output().expect("setsid of util-linux")
    }

    /// The environment that `dump` saw last; none where it was not run.
    pub(crate) fn dumped(&self) -> Option<BTreeMap<String, Vec<u8>>> {
        let bytes = fs::read(self.path("environment")).ok()?;
        let pairs = bytes.split(|byte| *byte == 0).filter_map(|pair| {
            let middle = pair.iter().position(|byte| *byte == b'=')?;
            Some((String::from_utf8_lossy(&pair[..middle]).into_owned(), pair[middle + 1..].to_vec()))
        });
        Some(pairs.collect())
    }

    /// Whether `ran` was run.
    pub(crate) fn ran(&self) -> bool {
        self.path("it-ran").exists()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn write_program(&self, name: &str, text: &str) {
        crate::harness::write_program(&self.path(name), text);
    }
}
