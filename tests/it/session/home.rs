//! A home of a test's own, and the program run in it with nothing else of the environment.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::remedies::{self, Then};

/// A person's home; removed in the end.
pub(super) struct Home(tempfile::TempDir);

/// What a run of the program came to.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

/// The arguments that add a federated session.
pub(super) fn federated(alias: &str) -> [&str; 10] {
    [
        "session",
        "add",
        "federated",
        alias,
        "--saml-url",
        "https://acme.okta.com/home/amazon_aws/0oa1/272",
        "--idp-arn",
        "arn:aws:iam::111122223333:saml-provider/okta",
        "--role-arn",
        "arn:aws:iam::111122223333:role/Admin",
    ]
}

impl Home {
    /// With nothing in it.
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// With one session, `corp`.
    pub(super) fn with_corp() -> Self {
        let home = Self::new();
        assert_eq!(home.leapp(&federated("corp")).code, 0);
        home
    }

    /// With the chain `corp` → `prod` → `dev`.
    pub(super) fn with_chain() -> Self {
        let home = Self::with_corp();
        for (alias, assumer) in [("prod", "corp"), ("dev", "prod")] {
            let role = format!("arn:aws:iam::444455556666:role/{alias}");
            let run = home.leapp(&["session", "add", "chained", alias, "--assumer", assumer, "--role-arn", &role]);
            assert_eq!(run.code, 0, "{run:?}");
        }
        home
    }

    /// A path in it.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// The config's text.
    pub(super) fn config(&self) -> String {
        fs::read_to_string(self.path(".config/leapp/config.toml")).expect("a config")
    }

    /// Writes the config.
    pub(super) fn write(&self, text: &str) {
        fs::create_dir_all(self.path(".config/leapp")).expect("a folder");
        fs::write(self.path(".config/leapp/config.toml"), text).expect("written");
    }

    /// The permissions of a file.
    pub(super) fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.path(path)).expect(path).permissions().mode() & 0o777
    }

    /// Whose a file is.
    pub(super) fn owner(&self, path: &str) -> (u32, u32) {
        let metadata = fs::metadata(self.path(path)).expect(path);
        (metadata.uid(), metadata.gid())
    }

    /// Runs the program without a terminal.
    pub(super) fn leapp(&self, arguments: &[&str]) -> Run {
        self.leapp_in(&[], arguments)
    }

    /// Runs the program with more variables. What it says to run where it fails is run.
    #[track_caller]
    pub(super) fn leapp_in(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
        let mut command = self.command(env!("CARGO_BIN_EXE_leapp"));
        let run = finish(command.args(arguments).envs(variables.iter().copied()));
        if run.code != 0 {
            remedies::carry_out(&command, b"", &run.err, Then::Again);
        }
        run
    }

    /// Runs the program out of a shell script, which has the command as its arguments.
    pub(super) fn leapp_through(&self, script: &str, arguments: &[&str]) -> Run {
        let mut command = self.command("sh");
        finish(command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_leapp")]).args(arguments))
    }

    /// A program in this home, with nothing else of the environment.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.0.path()).env("USER", "alice").env("TERM", "xterm");
        command.env("PATH", "/usr/bin:/bin").current_dir(self.0.path());
        command
    }
}

fn finish(command: &mut Command) -> Run {
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Run { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

impl Run {
    /// What was printed, as JSON.
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
