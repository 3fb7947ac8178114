//! The shells as people have them: with the hook in their rc file, and variables of their own.

use std::{fs, path::PathBuf, process::Command};

use super::console::Console;
use crate::{
    harness::{Home, succeed, write_program},
    shells::program,
};

/// What the shell's environment holds before leapp comes.
pub(super) const OUTER: [(&str, &str); 4] = [
    ("AWS_PROFILE", "outer profile"),
    ("AWS_ACCESS_KEY_ID", "AKIAOUTER"),
    ("AWS_SECRET_ACCESS_KEY", "outer 'secret' \\ $x"),
    ("AWS_REGION", "us-east-2"),
];

/// A person: a home with sessions, directories and a shell.
pub(super) struct Person {
    pub(super) home: Home,
    shell: &'static str,
}

impl Person {
    /// `work/dev` switches to `corp`, and `work/prod` to `prod`; both are allowed, and signed in.
    pub(super) fn new(shell: &'static str) -> Self {
        let person = Self { home: Home::new(), shell };
        // Where fish finds no such folder, it fills it from all manual pages, in a process that outlives it.
        person.directory(".local/share/fish/generated_completions", None);
        person.directory("work/dev/deep", None);
        person.directory("work/dev", Some("corp"));
        person.directory("work/prod", Some("session = \"prod\"  # careful"));
        for name in ["work/dev", "work/prod"] {
            person.leapp(&["allow", person.path(name).to_str().expect("UTF-8")]);
        }
        person.home.sign_in("corp");
        person.leapp(&["exec", "prod", "--", "true"]);
        // Counts the runs of the hook, which knows the program by its path.
        let (real, bin) = (env!("CARGO_BIN_EXE_leapp"), person.path("bin/leapp"));
        let hook = format!("'{real}' \"$@\" | sed 's|{real}|{}|'", bin.display());
        let count = format!("echo >>'{}'", person.path("calls").display());
        let bin_path = &bin;
        let bin = bin.display();
        let text = format!(
            "#!/bin/sh\ncase $1 in\nhook) {hook}; [ $2 != tcsh ] || sed -i 's|{real}|{bin}|' ~/.local/state/leapp/hook.tcsh ;;\nhook-env) {count}; exec '{real}' \"$@\" ;;\n*) exec '{real}' \"$@\" ;;\nesac\n"
        );
        write_program(bin_path, &text);
        person
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.home.path(name).canonicalize().unwrap_or_else(|_| self.home.path(name))
    }

    /// Makes a directory, with a `.leapp` file or without.
    pub(super) fn directory(&self, name: &str, content: Option<&str>) {
        let path = self.home.path(name);
        fs::create_dir_all(&path).expect("made");
        if let Some(content) = content {
            fs::write(path.join(".leapp"), content).expect("written");
        }
    }

    /// Runs leapp as another terminal would.
    pub(super) fn leapp(&self, arguments: &[&str]) -> String {
        succeed(&mut self.home.leapp(arguments))
    }

    /// How often the hook ran leapp.
    pub(super) fn calls(&self) -> usize {
        fs::read_to_string(self.home.path("calls")).unwrap_or_default().lines().count()
    }

    /// Starts the shell, with the hook behind `before` in its rc file.
    pub(super) fn start(&self, before: &str) -> Console {
        self.start_with(before, "", |_| {})
    }

    /// As [`Person::start`], with more in the rc file and in the environment.
    pub(super) fn start_with(&self, before: &str, after: &str, change: impl FnOnce(&mut Command)) -> Console {
        let hook = self.hook_line();
        let rc = self.home.path(match self.shell {
            "zsh" => ".zshrc",
            "fish" => ".config/fish/config.fish",
            "tcsh" => ".tcshrc",
            _ => "rc",
        });
        fs::create_dir_all(rc.parent().expect("a folder")).expect("made");
        fs::write(&rc, format!("{before}\n{hook}\n{after}\n")).expect("written");
        let env_nu = self.home.path("env.nu");
        if self.shell == "nu" {
            fs::write(&env_nu, "leapp hook nu | save -f ~/leapp.nu\n$env.config.show_banner = false\n")
                .expect("written");
        }
        let mut command = Command::new("setsid");
        command.args(["-c", "-w"]).arg(program(self.shell));
        self.home.surround(&mut command);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", self.home.path("bin").display()))
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .env("ENV", &rc)
            .envs(OUTER)
            .current_dir(self.path("."));
        match self.shell {
            "bash" => command.args(["--noprofile", "--rcfile"]).arg(&rc).arg("-i"),
            "zsh" => command.args(["-d", "-i"]),
            "nu" => command.arg("--config").arg(&rc).arg("--env-config").arg(&env_nu),
            "elvish" => command.arg("-rc").arg(&rc),
            "xonsh" => command.arg("--rc").arg(&rc).args(["-i", "--shell-type=readline"]),
            _ => command.arg("-i"),
        };
        if self.shell == "tcsh" {
            command = {
                let mut plain = Command::new("setsid");
                plain.env_clear().args(["-c", "-w"]).arg(program("tcsh"));
                for (name, value) in command.get_envs() {
                    if let Some(value) = value {
                        plain.env(name, value);
                    }
                }
                plain.current_dir(self.path("."));
                plain
            };
        }
        change(&mut command);
        let console = Console::start(&self.home, command);
        match self.shell {
            // They throw away what is typed before they read; each time they begin to, they ask for pasted text in
            // brackets.
            "fish" | "nu" | "elvish" | "xonsh" => console.waiting_for("\u{1b}[?2004h"),
            _ => console,
        }
    }

    /// The line of the documentation.
    fn hook_line(&self) -> &'static str {
        match self.shell {
            "bash" => "eval \"$(leapp hook bash)\"",
            "zsh" => "eval \"$(leapp hook zsh)\"",
            "ksh93" | "mksh" => "eval \"$(leapp hook ksh)\"",
            "fish" => "leapp hook fish | source",
            "tcsh" => "eval `leapp hook tcsh`",
            "nu" => "source ~/leapp.nu",
            "elvish" => "eval (leapp hook elvish | slurp)",
            "xonsh" => "execx($(leapp hook xonsh))",
            other => panic!("no hook for {other}"),
        }
    }

    /// A line that sets a variable of the environment.
    pub(super) fn set(&self, name: &str, value: &str) -> String {
        match self.shell {
            "fish" => format!("set -gx {name} '{value}'"),
            "tcsh" => format!("setenv {name} '{value}'"),
            "nu" => format!("$env.{name} = '{value}'"),
            "elvish" => format!("set-env {name} '{value}'"),
            "xonsh" => format!("${name} = '{value}'"),
            _ => format!("export {name}='{value}'"),
        }
    }
}
