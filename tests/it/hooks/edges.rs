//! What else is in a person's shell: options, aliases, prompts of other makers, and directories that go.

use std::{fs, thread, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{
    people::{OUTER, Person},
    prompt::stand_in,
    scenario::{holds, holds_none, holds_outer},
};
use crate::harness::{succeed, wait_until, write_program};

fn into(person: &Person, name: &str) -> String {
    format!("cd {}", person.path(name).display())
}

/// Ctrl-C on the way in from outside: what was there before must not serve in its place.
#[test]
fn an_interrupted_hook_leaves_no_outer_identity_in_force() {
    for shell in ["bash", "zsh", "fish", "ksh93", "mksh"] {
        let person = Person::new(shell);
        let mut console = person.start("");
        holds_outer(&console.report());
        let real = fs::read(person.path("bin/leapp")).expect("read");
        stand_in(&person, "exec sleep 60");
        console.keys(format!("{}\r", into(&person, "work/dev")).as_bytes());
        wait_until("the hook runs", Duration::from_secs(20), || person.calls() == 1);
        thread::sleep(Duration::from_millis(300));
        console.keys(b"\x03");
        thread::sleep(Duration::from_millis(500));
        holds_none(&console.at_next_prompt());
        console.expect("leapp: the hook was interrupted: AWS credentials stay hidden here; run: leapp login");
        holds_none(&console.at_next_prompt());
        assert_eq!(console.times_shown("the hook was interrupted"), 1, "{shell}");
        write_program(&person.path("bin/leapp"), real);
        // What the line says helps.
        person.home.sign_in("corp");
        holds(&console.at_next_prompt(), "corp");
        holds_outer(&console.after(&into(&person, ".")));
    }
}

/// powerlevel10k takes whatever is said before its first real prompt for a fault of the person's `.zshrc`.
#[test]
fn nothing_is_said_before_the_first_real_prompt_of_powerlevel10k() {
    let before = "typeset -gi __p9k_instant_prompt_active=1; exec 3>&2 2>~/early";
    let after = "first_prompt() { unset __p9k_instant_prompt_active; exec 2>&3; precmd_functions=(${precmd_functions:#first_prompt}) }; \
                 precmd_functions+=(first_prompt)";
    for (folder, line) in [
        ("work/dev", "leapp: corp (~/work/dev), "),
        ("work/new", "leapp: ~/work/new/.leapp asks for session `corp`; run: leapp allow"),
    ] {
        for (before, after) in [(before, after), (&format!("{before}; {after}") as &str, "")] {
            let person = Person::new("zsh");
            person.directory("work/new", Some("corp"));
            let folder = person.path(folder);
            let mut console = person.start_with(before, after, |command| {
                command.current_dir(folder);
            });
            console.line("");
            console.expect(line);
            assert_eq!(fs::read_to_string(person.path("early")).expect("a file"), "");
            assert_eq!(console.times_shown(line), 1);
        }
    }
}

#[test]
fn readonly_variables_are_said_and_no_success_before() {
    for shell in ["bash", "zsh", "ksh93", "mksh"] {
        for name in ["AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CREDENTIAL_EXPIRATION"] {
            let person = Person::new(shell);
            let mut console = person.start(&format!("{name}=mine; readonly {name}"));
            let seen = console.after(&into(&person, "work/dev"));
            console.expect("leapp: a variable is readonly: no credentials are loaded");
            let screen = console.screen();
            assert!(!screen.contains("leapp: corp ("), "{shell}: {screen}");
            for key in ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "LEAPP_SESSION"] {
                assert_eq!(seen.get(key), None, "{shell}: {name}: {key}");
            }
        }
    }
}

/// What bash shows as it begins to read a line.
const READS: &str = "\u{1b}[?2004h";

#[test]
fn bash_lives_under_set_e() {
    let person = Person::new("bash");
    // The interrupt throws away what is typed before bash reads.
    let mut console = person.start("").waiting_for(READS);
    holds_outer(&console.after("set -e"));
    console.line("[[ a == b ]] && echo hi");
    console.line("! true");
    let prompts = console.times_shown(READS);
    console.keys(b"\x03");
    wait_until("bash reads again", Duration::from_secs(20), || console.times_shown(READS) > prompts);
    holds(&console.after(&into(&person, "work/dev")), "corp");
    console.line("[[ a == b ]] && echo hi");
    holds_outer(&console.after(&into(&person, ".")));
}

/// What GNOME Terminal's script does, and what follows in `PROMPT_COMMAND`.
#[test]
fn bash_runs_the_hook_from_an_array() {
    let vte = "theirs() { :; }; if [[ $(declare -p PROMPT_COMMAND 2>&1) == 'declare -a'* ]]; then \
               PROMPT_COMMAND+=(theirs); else PROMPT_COMMAND=theirs; fi";
    let person = Person::new("bash");
    let mut console = person.start_with("", vte, |_| {});
    holds(&console.after(&into(&person, "work/dev")), "corp");

    let exported = "export PROMPT_COMMAND='echo \"f\"\"<$? | ${PIPESTATUS[*]}>\"'";
    let mut console = person.start(exported);
    console.line("(exit 4) | true | (exit 42)");
    console.expect("f<42 | 4 0 42>");
    let seen = console.report();
    assert!(!seen.get("PROMPT_COMMAND").is_some_and(|text| text.contains("_leapp")), "a child has no such function");

    let mut console = person.start("readonly PROMPT_COMMAND=':'; set -a");
    console.expect("leapp: PROMPT_COMMAND is readonly: the hook does not run");
    console.line("mine=1; set +a; later=1");
    let seen = console.report();
    assert!(seen.contains_key("mine") && !seen.contains_key("later"), "the options are as they were");
}

#[test]
fn aliases_do_not_become_part_of_it() {
    let words = ["name", "content", "key", "token", "old", "directory", "then", "local", "hidden", "status"];
    let global: Vec<String> = words.iter().map(|word| format!("alias -g {word}=yy")).collect();
    let plain = "alias printf='printf --' unset='unset -x' export='export -p' local='local -r'";
    for (shell, before) in
        [("zsh", global.join("; ")), ("zsh", "alias emulate=false print=false".to_owned()), ("bash", plain.to_owned())]
    {
        let person = Person::new(shell);
        let mut console = person.start_with(&before, "unalias -a", |command| {
            command.args(["-o", "ignoreeof"]);
        });
        holds(&console.after(&into(&person, "work/dev")), "corp");
        holds_outer(&console.after(&into(&person, ".")));
        assert_eq!(console.times_shown("not enough arguments"), 0);
    }
    let person = Person::new("bash");
    let mut console = person.start_with("alias cd='cd -P'; eval \"$(leapp hook bash --wrap-cd)\"", "", |_| {});
    let path = person.path("work/dev");
    holds(&console.reported_by(|report| format!("cd {} && {report}", path.display())), "corp");
    assert_eq!(console.times_shown("syntax error"), 0);
}

#[test]
fn a_directory_that_is_removed_below_the_shell_is_left() {
    for shell in ["bash", "zsh", "fish"] {
        let person = Person::new(shell);
        let mut console = person.start("");
        person.directory("work/gone", Some("corp"));
        person.leapp(&["allow", person.path("work/gone").to_str().expect("UTF-8")]);
        holds(&console.after(&into(&person, "work/gone")), "corp");
        fs::remove_dir_all(person.path("work/gone")).expect("removed");
        holds_outer(&console.at_next_prompt());
        // Another one of its name is not where the shell is.
        person.directory("work/gone", Some("prod"));
        person.leapp(&["allow", person.path("work/gone").to_str().expect("UTF-8")]);
        holds_outer(&console.at_next_prompt());
        holds(&console.after(&into(&person, "work/gone")), "prod");
        holds_outer(&console.after(&into(&person, ".")));
        assert_eq!(console.times_shown("leapp: left corp"), 1, "{shell}: {}", console.screen());
    }
}

/// Keys that stand in a profile have no token.
#[test]
fn keys_without_a_token_go_too_where_the_hook_fails() {
    for shell in ["bash", "zsh", "fish", "tcsh"] {
        let person = Person::new(shell);
        person.directory(".aws", None);
        let keys = "[static]\naws_access_key_id = AKIASTATIC\naws_secret_access_key = static\n";
        fs::write(person.path(".aws").join("credentials"), keys).expect("written");
        person
            .home
            .add_config("[sessions.static]\nkind = \"profile\"\nsource_profile = \"static\"\nauto = \"allow\"\n");
        person.directory("work/static", Some("static"));
        let mut console = person.start_with("", "", |command| {
            command.env("AWS_SHARED_CREDENTIALS_FILE", person.path(".aws").join("credentials"));
        });
        let seen = console.after(&into(&person, "work/static"));
        assert_eq!(seen.get("AWS_ACCESS_KEY_ID").map(String::as_str), Some("AKIASTATIC"), "{shell}");
        stand_in(&person, "exit 1");
        let seen = console.after(&into(&person, "work/dev"));
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "LEAPP_SESSION"] {
            assert_eq!(seen.get(name), None, "{shell}: {name}");
        }
    }
}

#[test]
fn a_shell_without_the_hook_is_told_by_status() {
    let person = Person::new("bash");
    let mut status = person.home.leapp(["status"]);
    let said = succeed(status.current_dir(person.path("work/dev")));
    assert!(said.contains("work/dev/.leapp asks for corp: allowed\nhook       not here yet: "), "{said}");
    let mut console = person.start("");
    console.line(&into(&person, "work/dev"));
    console.line("leapp status");
    console.expect("asks for corp: allowed");
    assert_eq!(console.times_shown("not here yet"), 0);
}

/// A later direnv may write its difference in another way.
#[test]
fn what_another_tool_says_in_an_unknown_way_is_not_guessed() {
    let person = Person::new("bash");
    let mut console = person.start_with("", "", |command| {
        command.env("DIRENV_DIFF", "of another version");
    });
    let seen = console.after(&into(&person, "work/dev"));
    assert_eq!((seen.get("LEAPP_SESSION"), seen["AWS_PROFILE"].as_str()), (None, OUTER[0].1));
    console
        .expect("leapp: corp is not loaded: direnv set variables here in a way that this version of leapp cannot read");
    holds_outer(&console.after(&into(&person, ".")));
    assert!(kill(Pid::from_raw(i32::try_from(console.pid()).expect("a pid")), None::<Signal>).is_ok());
}

/// A universal variable of fish belongs to every shell: it is covered, for as long as it is not known what follows.
#[test]
fn a_failed_hook_leaves_no_universal_identity_in_force() {
    let person = Person::new("fish");
    let mut console = person.start("");
    console.line("set -e -g AWS_PROFILE; set -U -x AWS_PROFILE universal");
    assert_eq!(console.report()["AWS_PROFILE"], "universal");
    let real = fs::read(person.path("bin/leapp")).expect("read");
    stand_in(&person, "exit 1");
    for seen in [console.after(&into(&person, "work/dev")), console.at_next_prompt()] {
        assert_eq!(seen.get("AWS_PROFILE").map_or("", String::as_str), "");
        assert_eq!(seen.get("AWS_ACCESS_KEY_ID"), None);
    }
    write_program(&person.path("bin/leapp"), real);
    let seen = console.after(&into(&person, "."));
    assert_eq!((&*seen["AWS_PROFILE"], &*seen["AWS_ACCESS_KEY_ID"]), ("universal", OUTER[1].1));
}

/// A program that was removed is said in leapp's words alone, and what the line says helps once it is back.
#[test]
fn a_program_that_is_gone_is_said_once() {
    for shell in ["bash", "zsh", "fish", "ksh93", "mksh"] {
        let person = Person::new(shell);
        let mut console = person.start("");
        holds_outer(&console.report());
        let program = person.path("bin/leapp");
        let real = fs::read(&program).expect("read");
        fs::remove_file(&program).expect("removed");
        holds_none(&console.after(&into(&person, "work/dev")));
        let said = console.screen();
        assert_eq!(
            said.matches("leapp: the hook failed: AWS credentials stay hidden here; run: leapp login").count(),
            1
        );
        assert!(!said.contains("o such file"), "{shell}: {said}");
        write_program(&program, real);
        person.leapp(&["login", "corp"]);
        holds(&console.at_next_prompt(), "corp");
    }
}
