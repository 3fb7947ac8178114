//! What a hook must not do: cost anything, get in the way, or act where nobody looks at a prompt.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{
    console::Console,
    people::Person,
    scenario::{holds, holds_none, holds_outer},
};
use crate::harness::{text, wait_until, write_program};

const SHELLS: [&str; 9] = ["bash", "zsh", "fish", "ksh93", "mksh", "tcsh", "nu", "elvish", "xonsh"];

/// Tries something in every shell, three at a time: most of it is waiting.
fn in_each_shell(try_it: impl Fn(&'static str) + Sync) {
    for shells in SHELLS.chunks(3) {
        thread::scope(|scope| {
            for shell in shells {
                scope.spawn(|| try_it(shell));
            }
        });
    }
}

/// What strace saw of new processes, while ten lines without a command were entered in a loaded directory.
fn processes_of_ten_prompts(shell: &'static str) -> String {
    let person = Person::new(shell);
    // The prompts of these run git.
    let plain = match shell {
        "xonsh" => "$PROMPT = '> '",
        "fish" => "function fish_prompt; echo '> '; end",
        _ => "",
    };
    let mut console = person.start(plain);
    holds(&console.after(&format!("cd {}", person.path("work/dev").display())), "corp");
    thread::sleep(Duration::from_millis(300));
    let log = person.home.path("strace");
    let mut strace = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=fork,vfork,clone,clone3,execve,write", "-o"])
        .arg(&log)
        .args(["-p", &console.pid().to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("strace");
    let status = format!("/proc/{}/status", console.pid());
    let is_traced = || fs::read_to_string(&status).is_ok_and(|text| !text.contains("TracerPid:\t0"));
    wait_until("strace looks on", Duration::from_secs(20), is_traced);
    for _ in 0..10 {
        console.line("");
        thread::sleep(Duration::from_millis(150));
    }
    thread::sleep(Duration::from_millis(500));
    let pid = Pid::from_raw(i32::try_from(strace.id()).expect("a pid"));
    kill(pid, Signal::SIGINT).expect("ended");
    strace.wait().expect("ended");
    let seen = fs::read_to_string(&log).expect("a log");
    assert!(seen.contains("write("), "the shell wrote no prompt:\n{seen}");
    assert_eq!(person.calls(), 1);
    // Threads and signals are no processes; what is resumed has been said before.
    let others = ["write(", "CLONE_THREAD", "--- SIG", " resumed>"];
    let is_process = |line: &&str| !others.iter().any(|other| line.contains(other));
    seen.lines().filter(is_process).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_is_forked_while_nothing_changed() {
    in_each_shell(|shell| assert_eq!(processes_of_ten_prompts(shell), "", "{shell}"));
}

/// Types lines in a shell whose hook has something to do at each of them, and tells what it printed between `<` and `>`.
fn said_after(shell: &'static str, lines: &[&str]) -> String {
    let person = Person::new(shell);
    let mut console = person.start("");
    for (place, line) in lines.iter().enumerate() {
        person.directory(&format!("work/{place}"), Some("corp"));
        person.leapp(&["allow", person.path(&format!("work/{place}")).to_str().expect("UTF-8")]);
        console.line(&line.replace("DIRECTORY", person.path(&format!("work/{place}")).to_str().expect("UTF-8")));
    }
    console.report();
    let screen = console.screen();
    let start = screen.rfind("s<").map_or(0, |place| place + 2);
    screen[start..].split('>').next().unwrap_or_default().to_owned()
}

#[test]
fn the_status_of_the_last_command_stays() {
    for (shell, failing, printing, said) in [
        ("bash", "cd DIRECTORY; (exit 7)", "echo \"s\"\"<$?>\"", "7"),
        ("zsh", "cd DIRECTORY; (exit 7)", "echo \"s\"\"<$?>\"", "7"),
        ("zsh", "cd DIRECTORY; (exit 7) | true | (exit 3)", "echo \"s\"\"<$pipestatus>\"", "7 0 3"),
        ("bash", "cd DIRECTORY; (exit 7) | true | (exit 3)", "echo \"s\"\"<${PIPESTATUS[*]}>\"", "7 0 3"),
        ("ksh93", "cd DIRECTORY; (exit 7)", "echo \"s\"\"<$?>\"", "7"),
        ("mksh", "cd DIRECTORY; (exit 7)", "echo \"s\"\"<$?>\"", "7"),
        ("fish", "cd DIRECTORY; sh -c 'exit 7'", "echo s\"<$status>\"", "7"),
        ("fish", "cd DIRECTORY; sh -c 'exit 7' | true | sh -c 'exit 3'", "echo s\"<$pipestatus>\"", "7 0 3"),
        ("tcsh", "cd DIRECTORY; sh -c 'exit 7'", "echo s\"<$status>\"", "7"),
    ] {
        assert_eq!(said_after(shell, &[failing, printing]), said, "{shell}: {failing}");
    }
}

/// Enters a directory and leaves it in a shell with these settings.
fn comes_and_goes(shell: &'static str, before: &str, after: &str) {
    let person = Person::new(shell);
    let mut console = person.start_with(before, after, |_| {});
    come_and_go(&person, &mut console);
}

fn come_and_go(person: &Person, console: &mut Console) {
    let go = |name: &str| format!("cd {}", person.path(name).display());
    holds(&console.after(&go("work/dev")), "corp");
    holds(&console.after(&go("work/prod")), "prod");
    holds_outer(&console.after(&go(".")));
    assert_eq!(person.calls(), 3);
}

#[test]
fn bash_may_have_any_settings() {
    for before in [
        "set -eu -o pipefail -o noclobber; IFS=$'x/p'; trap 'echo trapped' INT",
        "set -o posix; set -a",
        "shopt -s extglob nocasematch nullglob failglob dotglob; set -f",
        "PROMPT_COMMAND='true; echo >/dev/null'",
        "PROMPT_COMMAND=('true' 'echo >/dev/null')",
        "eval \"$(leapp hook bash)\"",
        "set -xv",
    ] {
        eprintln!("{before}");
        comes_and_goes("bash", before, "");
    }
}

#[test]
fn zsh_may_have_any_settings() {
    for before in [
        "setopt ksh_arrays sh_word_split glob_subst csh_junkie_quotes rc_quotes no_nomatch extended_glob nullglob",
        "setopt allexport warn_create_global no_unset posix_builtins no_case_match no_clobber",
        "setopt err_return; IFS=x/p",
        "eval \"$(leapp hook zsh)\"",
        "emulate sh",
        "emulate ksh; setopt xtrace verbose",
    ] {
        eprintln!("{before}");
        comes_and_goes("zsh", before, "");
    }
}

#[test]
fn other_shells_may_have_hooks_twice_and_strict_settings() {
    comes_and_goes("fish", "leapp hook fish | source", "");
    comes_and_goes("mksh", "eval \"$(leapp hook ksh)\"; set -u; IFS=x/p", "");
    comes_and_goes("ksh93", "eval \"$(leapp hook ksh)\"; set -u; set -o noclobber", "");
    comes_and_goes("tcsh", "eval `leapp hook tcsh`; alias precmd 'echo -n'", "");
}

#[test]
fn direnv_beside_it_works() {
    let person = Person::new("bash");
    let mut console = person.start_with("", "eval \"$(direnv hook bash)\"", |_| {});
    fs::write(person.path("work/dev").join(".envrc"), "export FROM_DIRENV=yes AWS_PROFILE=envrc\n").expect("written");
    console.line(&format!("direnv allow {}", person.path("work/dev").display()));
    let seen = console.after(&format!("cd {}", person.path("work/dev").display()));
    holds(&seen, "corp");
    assert_eq!(seen["FROM_DIRENV"], "yes");
    let seen = console.after(&format!("cd {}", person.path(".").display()));
    holds_outer(&seen);
    assert_eq!(seen.get("FROM_DIRENV"), None);
}

#[test]
fn zoxide_beside_it_works() {
    let lines = [
        ("bash", "eval \"$(zoxide init bash)\""),
        ("zsh", "eval \"$(zoxide init zsh)\""),
        ("fish", "zoxide init fish | source"),
    ];
    for (shell, line) in lines {
        for (before, after) in [(line, ""), ("", line)] {
            let person = Person::new(shell);
            let mut console = person.start_with(before, after, |_| {});
            holds(&console.after(&format!("cd {}", person.path("work/dev").display())), "corp");
            holds_outer(&console.after(&format!("cd {}", person.path(".").display())));
            // It remembers where the person was.
            holds(&console.after("z dev"), "corp");
        }
    }
}

/// How starship and bash-preexec take over what bash runs before a prompt.
#[test]
fn what_takes_the_prompt_over_works_beside_it() {
    let starship = "theirs() { local status=$?; eval \"$OTHERS\"; PS1=\"[$status] \"; }; \
                    OTHERS=${PROMPT_COMMAND-}; PROMPT_COMMAND=theirs";
    let preexec = "first() { :; }; last() { trap ': \"$BASH_COMMAND\" \"$_\"' DEBUG; }; set -o functrace; \
                   PROMPT_COMMAND=$'first\\n'${PROMPT_COMMAND:+${PROMPT_COMMAND%;}$'\\n'}last";
    for line in [starship, preexec] {
        comes_and_goes("bash", line, "");
        comes_and_goes("bash", "", line);
    }
}

#[test]
fn a_change_within_a_line_is_seen() {
    let bash = "eval \"$(leapp hook bash --wrap-cd)\"";
    for (shell, before) in [("zsh", ""), ("fish", ""), ("bash", bash)] {
        let person = Person::new(shell);
        let mut console = person.start_with(before, "", |_| {});
        let path = person.path("work/dev");
        holds(&console.reported_by(|report| format!("cd {} && {report}", path.display())), "corp");
        let home = person.path(".");
        holds_outer(&console.reported_by(|report| format!("cd {} && {report}", home.display())));
    }
}

#[test]
fn what_fails_is_not_tried_at_every_prompt() {
    in_each_shell(|shell| {
        let person = Person::new(shell);
        let mut console = person.start("");
        console.report();
        stand_in(&person, "exit 1");
        console.line(&format!("cd {}", person.path("work/dev").display()));
        for _ in 0..3 {
            console.line("");
        }
        // Neither what was there before: it is not known whether it may be.
        holds_none(&console.report());
        assert_eq!(person.calls(), 1, "{shell}");
        assert_eq!(console.times_shown("leapp: the hook failed: AWS credentials stay hidden here"), 1, "{shell}");
        holds_outer(&console.after(&format!("cd {}", person.path(".").display())));
    });
}

#[test]
fn what_was_signed_out_by_name_is_not_brought_back() {
    let person = Person::new("bash");
    person.directory("work/audit", Some("audit"));
    person.leapp(&["allow", person.path("work/audit").to_str().expect("UTF-8")]);
    let mut console = person.start("");
    holds(&console.after(&format!("cd {}", person.path("work/prod").display())), "prod");
    person.leapp(&["logout", "prod"]);
    holds_none(&console.at_next_prompt());
    console.expect("leapp: prod is signed out; run: leapp login");
    holds_none(&console.after(&format!("cd {} && cd -", person.path("work").display())));
    // Nor by a session that starts from it.
    holds_none(&console.after(&format!("cd {}", person.path("work/audit").display())));
    holds_none(&console.after("cd -"));
    person.leapp(&["exec", "prod", "--", "true"]);
    holds(&console.at_next_prompt(), "prod");
    // It was not signed out by name itself.
    holds(&console.after("cd ../audit"), "audit");
}

#[test]
fn who_loses_the_state_hears_of_changes_all_the_same() {
    in_each_shell(|shell| {
        let person = Person::new(shell);
        let mut console = person.start("");
        let (dev, state) = (person.path("work/dev"), person.path(".local/state/leapp"));
        holds(&console.after(&format!("cd {}", dev.display())), "corp");
        for file in fs::read_dir(&state).expect("there").flatten() {
            if file.file_name().to_string_lossy().starts_with("gen") {
                fs::remove_file(file.path()).expect("removed");
            }
        }
        holds(&console.at_next_prompt(), "corp");
        person.leapp(&["logout", "corp"]);
        holds_none(&console.at_next_prompt());
        // tcsh has its hook there.
        let hook = fs::read(state.join("hook.tcsh"));
        wait_until("the state is removed", Duration::from_secs(20), || fs::remove_dir_all(&state).is_ok());
        if let Ok(hook) = hook {
            fs::create_dir(&state).expect("made");
            fs::write(state.join("hook.tcsh"), hook).expect("written");
        }
        console.at_next_prompt();
        person.leapp(&["allow", dev.to_str().expect("UTF-8")]);
        person.home.sign_in("corp");
        holds(&console.at_next_prompt(), "corp");
        // Where no token can be kept, it is not looked for at every prompt.
        wait_until("no token can be kept", Duration::from_secs(20), || {
            for file in fs::read_dir(&state).expect("there").flatten() {
                if file.file_name().to_string_lossy().starts_with("gen") {
                    let _ = fs::remove_file(file.path());
                }
            }
            fs::create_dir(state.join("gen")).is_ok()
        });
        console.at_next_prompt();
        console.at_next_prompt();
        let calls = person.calls();
        holds(&console.at_next_prompt(), "corp");
        assert_eq!(person.calls(), calls, "{shell}");
    });
}

/// What stands in for leapp: it notes that it ran, and does this.
pub(super) fn stand_in(person: &Person, what: &str) {
    let text = format!("#!/bin/sh\necho >>'{}'\n{what}\n", person.path("calls").display());
    write_program(&person.path("bin/leapp"), &text);
}

#[test]
fn a_switch_that_fails_leaves_no_session_behind() {
    in_each_shell(|shell| {
        let person = Person::new(shell);
        let mut console = person.start("");
        let real = fs::read_to_string(person.path("bin/leapp")).expect("read");
        holds(&console.after(&format!("cd {}", person.path("work/prod").display())), "prod");
        stand_in(&person, "exit 1");
        let seen = console.after(&format!("cd {}", person.path("work/dev").display()));
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            assert_eq!(seen.get(name), None, "{shell}: {name}");
        }
        write_program(&person.path("bin/leapp"), &real);
        holds(&console.after(&format!("cd {}", person.path("work/prod").display())), "prod");
    });
}

#[test]
fn ctrl_c_ends_it_once_and_leaves_no_session_behind() {
    for shell in ["bash", "zsh", "fish", "ksh93", "mksh"] {
        let person = Person::new(shell);
        let trap = if shell == "fish" { "" } else { "trap 'echo trapped' INT; set -x" };
        let mut console = person.start(trap);
        let real = fs::read_to_string(person.path("bin/leapp")).expect("read");
        holds(&console.after(&format!("cd {}", person.path("work/prod").display())), "prod");
        let calls = person.calls();
        stand_in(&person, "exec sleep 60");
        console.keys(format!("cd {}\r", person.path("work/dev").display()).as_bytes());
        wait_until("the hook runs", Duration::from_secs(20), || person.calls() == calls + 1);
        thread::sleep(Duration::from_millis(300));
        console.keys(b"\x03");
        console.expect("leapp: the hook was interrupted: AWS credentials stay hidden here; run: leapp login");
        // fish throws away what is typed before it reads.
        thread::sleep(Duration::from_millis(300));
        holds_none(&console.at_next_prompt());
        assert_eq!(person.calls(), calls + 1, "{shell}");
        write_program(&person.path("bin/leapp"), &real);
        holds_outer(&console.after(&format!("cd {}", person.path(".").display())));
    }
}

#[test]
fn no_trap_and_no_trace_sees_the_keys() {
    for (shell, before) in [
        ("bash", "set -T; trap 'printf \"%s\\n\" \"$BASH_COMMAND\" >>~/seen' DEBUG; set -xv"),
        ("zsh", "TRAPDEBUG() { print -r -- \"$ZSH_DEBUG_CMD\" >>~/seen }; setopt xtrace verbose"),
        ("ksh93", "set -x"),
        ("mksh", "set -x"),
        ("tcsh", "set echo; set verbose"),
    ] {
        let person = Person::new(shell);
        let mut console = person.start(before);
        let seen = console.after(&format!("cd {}", person.path("work/dev").display()));
        holds(&seen, "corp");
        let noted = fs::read_to_string(person.path("seen")).unwrap_or_default();
        for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            assert!(!noted.contains(&seen[name]), "{shell}: a trap saw {name}");
            assert_eq!(console.times_shown(&seen[name]), 0, "{shell}: {name} was shown");
        }
    }
}

#[test]
fn a_locked_vault_and_a_broken_config_are_not_the_outer_credentials() {
    let person = Person::new("bash");
    let mut console = person.start("");
    let seen = console.after(&format!("cd {}", person.path("work/prod").display()));
    holds(&seen, "prod");
    // What is in the shell lives, though it cannot be told whether it is still kept.
    let passphrase = fs::read(person.path("passphrase")).expect("read");
    fs::write(person.path("passphrase"), "another one\n").expect("written");
    person.leapp(&["lock"]);
    person.leapp(&["allow", person.path("work/prod").to_str().expect("UTF-8")]);
    assert_eq!(console.at_next_prompt()["AWS_ACCESS_KEY_ID"], seen["AWS_ACCESS_KEY_ID"]);
    fs::write(person.path("passphrase"), passphrase).expect("written");
    let config = fs::read_to_string(person.home.config()).expect("read");
    person.home.write_config(&format!("nonsense = 1\n{config}"));
    person.leapp(&["deny", person.path("work/dev").to_str().expect("UTF-8")]);
    holds_none(&console.at_next_prompt());
    person.home.write_config(&config);
    holds_outer(&console.after(&format!("cd {}", person.path(".").display())));
}

#[test]
fn a_readonly_variable_is_told_and_loses_nothing() {
    for shell in ["bash", "zsh"] {
        let person = Person::new(shell);
        let mut console = person.start("readonly AWS_DEFAULT_REGION=us-east-1");
        let seen = console.after(&format!("cd {}", person.path("work/dev").display()));
        assert_eq!(seen.get("AWS_SESSION_TOKEN"), None);
        let seen = console.after(&format!("cd {}", person.path(".").display()));
        assert_eq!(seen.get("AWS_ACCESS_KEY_ID").map(String::as_str), Some("AKIAOUTER"), "{shell}");
        assert_eq!(seen.get("AWS_PROFILE").map(String::as_str), Some("outer profile"), "{shell}");
    }
}

#[test]
fn universal_variables_of_fish_do_not_win() {
    let person = Person::new("fish");
    let mut console = person.start("set -Ux AWS_CONTAINER_CREDENTIALS_FULL_URI http://127.0.0.1/x");
    let seen = console.after(&format!("cd {}", person.path("work/dev").display()));
    for name in ["AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
        assert_eq!(seen.get(name).map_or("", String::as_str), "", "{name}");
    }
    let seen = console.after(&format!("cd {}", person.path(".").display()));
    assert_eq!(seen["AWS_CONTAINER_CREDENTIALS_FULL_URI"], "http://127.0.0.1/x");
}

#[test]
fn no_path_and_no_file_hangs_a_prompt() {
    for shell in ["bash", "zsh", "ksh93", "mksh", "fish", "tcsh"] {
        let person = Person::new(shell);
        let token = person.home.state().join("gen");
        fs::remove_file(&token).expect("removed");
        nix::unistd::mkfifo(&token, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
        person.directory("gone", None);
        let mut console = person.start_with("", "", |command| {
            command.env("PWD", ".");
        });
        holds(&console.after(&format!("cd {}", person.path("work/dev").display())), "corp");
        console.line(&format!("cd {}; rmdir {}", person.path("gone").display(), person.path("gone").display()));
        console.line("");
        holds_outer(&console.report());
        assert_eq!(console.times_shown("gen"), 0, "{shell}: {}", console.screen());
    }
}

#[test]
fn a_shell_reconciles_what_it_was_handed() {
    for (shell, nested) in [("bash", "bash --noprofile --rcfile ~/rc -i"), ("zsh", "zsh -d -i"), ("fish", "fish -i")] {
        let person = Person::new(shell);
        let mut console = person.start("");
        holds(&console.after(&format!("cd {}", person.path("work/dev").display())), "corp");
        console.line(nested);
        // In the same directory nothing changes; outside of it nothing of the directory's session stays.
        holds(&console.at_next_prompt(), "corp");
        assert_eq!(person.calls(), 2, "{shell}");
        holds_none(&console.after(&format!("cd {}", person.path(".").display())));
        console.line("exit");
        holds(&console.at_next_prompt(), "corp");
        // A new pane of tmux begins elsewhere.
        console.line(&format!("env -C {} {nested}", person.path(".").display()));
        holds_none(&console.at_next_prompt());
        console.line("exit");
        // A shell in place of this one.
        console.line(&format!("exec {nested}"));
        holds(&console.at_next_prompt(), "corp");
    }
}

#[test]
fn a_shell_of_exec_stays_with_its_session() {
    let person = Person::new("bash");
    let mut console = person.start("");
    console.line(&format!("leapp exec prod -- bash --noprofile --rcfile {} -i", person.path("rc").display()));
    let seen = console.after(&format!("cd {}", person.path("work/dev").display()));
    assert_eq!(seen["LEAPP_SESSION"], "prod");
    assert_eq!(console.at_next_prompt()["AWS_ACCESS_KEY_ID"], seen["AWS_ACCESS_KEY_ID"]);
}

#[test]
fn nothing_happens_where_nobody_looks_at_a_prompt() {
    let person = Person::new("bash");
    for (shell, line) in [
        ("bash", "eval \"$(leapp hook bash)\"; cd work/dev; env"),
        ("zsh", "eval \"$(leapp hook zsh)\"; cd work/dev; env"),
        ("fish", "leapp hook fish | source; cd work/dev; env"),
        ("ksh93", "eval \"$(leapp hook ksh)\"; cd work/dev; env"),
        ("tcsh", "eval `leapp hook tcsh`; cd work/dev; env"),
    ] {
        let mut command = Command::new(crate::shells::program(shell));
        person.home.surround(&mut command);
        let path = format!("{}:{}", person.path("bin").display(), std::env::var("PATH").unwrap_or_default());
        let output = command.env("PATH", path).current_dir(person.path(".")).args(["-c", line]).output().expect("ran");
        assert!(output.status.success(), "{shell}: {}", text(&output.stderr));
        assert!(!text(&output.stdout).contains("AWS_SECRET_ACCESS_KEY"), "{shell}");
        assert_eq!(person.calls(), 0, "{shell}");
    }
}

#[test]
fn it_can_be_quiet() {
    let person = Person::new("zsh");
    let mut console = person.start_with("", "", |command| {
        command.env("LEAPP_LOG", "off");
    });
    come_and_go(&person, &mut console);
    assert_eq!(console.times_shown("leapp: "), 0, "{}", console.screen());
}
