//! Beside other tools that set variables by directory: their file beside the `.leapp` file and above it, in both orders of
//! the lines in the rc file. Inside stands the session and no other identity; outside stands what was there before.

use std::{fs, thread};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{
    console::{Console, Variables},
    people::{OUTER, Person},
    scenario::{holds, holds_outer},
};
use crate::harness::{bed, contains, succeed};

/// What the tools set.
const SETS: [(&str, &[(&str, &str)]); 3] = [
    ("profile", &[("AWS_PROFILE", "theirs"), ("AWS_ROLE_ARN", "arn:theirs")]),
    (
        "keys",
        &[
            ("AWS_ACCESS_KEY_ID", "AKIATHEIRS"),
            ("AWS_SECRET_ACCESS_KEY", "their secret"),
            ("AWS_SESSION_TOKEN", "their token"),
        ],
    ),
    // Not a word of what most hold: an endpoint, and an older name.
    (
        "others",
        &[
            ("AWS_REGION", "ca-west-1"),
            ("AWS_DEFAULT_REGION", "ca-west-1"),
            ("AWS_DEFAULT_PROFILE", "theirs"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/theirs"),
        ],
    ),
];

/// Variables that nothing but the tools sets.
const THEIRS: [&str; 3] = ["AWS_ROLE_ARN", "AWS_DEFAULT_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];

/// A tool: how its file is written, and allowed.
struct Tool {
    name: &'static str,
    file: &'static str,
    write: fn(&[(&str, &str)]) -> String,
    allow: &'static str,
}

const DIRENV: Tool = Tool {
    name: "direnv",
    file: ".envrc",
    write: |set| set.iter().fold(String::new(), |text, (name, value)| text + &format!("export {name}='{value}'\n")),
    allow: "direnv allow",
};

const MISE: Tool = Tool {
    name: "mise",
    file: "mise.toml",
    write: |set| {
        let line = |text: String, (name, value): &(&str, &str)| text + &format!("{name} = \"{value}\"\n");
        set.iter().fold("[env]\n".to_owned(), line)
    },
    allow: "mise trust -q",
};

impl Tool {
    fn line(&self, shell: &str) -> String {
        let command = match self.name {
            "mise" => format!("{}/mise activate {shell}", bed("LEAPP_BED_BIN")),
            _ => format!("direnv hook {shell}"),
        };
        if shell == "fish" { format!("{command} | source") } else { format!("eval \"$({command})\"") }
    }
}

/// Makes `both/SET`, with the tool's file beside the `.leapp` file, and `above/SET/svc`, with the tool's file above it.
fn directories(person: &Person, tool: &Tool) {
    for (name, set) in SETS {
        let (both, above) = (format!("both/{name}"), format!("above/{name}"));
        person.directory(&both, Some("corp"));
        person.directory(&above, None);
        person.directory(&format!("{above}/svc"), Some("corp"));
        for folder in [&both, &above] {
            fs::write(person.path(folder).join(tool.file), (tool.write)(set)).expect("written");
        }
        for folder in [&both, &format!("{above}/svc")] {
            person.leapp(&["allow", person.path(folder).to_str().expect("UTF-8")]);
        }
    }
}

/// What a tool says of itself in the environment holds no key of the session.
#[track_caller]
fn says_nothing_secret(seen: &Variables, secret: &str) {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    for (name, alphabet) in [("DIRENV_DIFF", &alphabet::URL_SAFE), ("__MISE_DIFF", &alphabet::STANDARD)] {
        let Some(text) = seen.get(name) else { continue };
        let bytes = GeneralPurpose::new(alphabet, config).decode(text).expect("base64");
        let text = miniz_oxide::inflate::decompress_to_vec_zlib(&bytes).expect("compressed");
        assert!(!contains(&text, secret), "{name} holds the session's secret");
    }
}

/// Enters a directory in which a tool sets variables.
#[track_caller]
fn enter(console: &mut Console, person: &Person, folder: &str) -> Variables {
    let seen = console.after(&format!("cd {}", person.path(folder).display()));
    holds_alone(&seen);
    // mise sets its variables again at later prompts, and says nothing new about them.
    holds_alone(&console.at_next_prompt());
    seen
}

/// The session, and no other identity.
#[track_caller]
fn holds_alone(seen: &Variables) {
    holds(seen, "corp");
    for name in THEIRS {
        assert_eq!(seen.get(name), None);
    }
    says_nothing_secret(seen, &seen["AWS_SECRET_ACCESS_KEY"]);
}

/// Leaves for the home.
#[track_caller]
fn leave(console: &mut Console, person: &Person) {
    let seen = console.after(&format!("cd {}", person.path(".").display()));
    holds_outer(&seen);
    for name in THEIRS.into_iter().chain(["AWS_DEFAULT_REGION"]) {
        assert_eq!(seen.get(name), None);
    }
    holds_outer(&console.at_next_prompt());
}

fn come_and_go(person: &Person, console: &mut Console, tool: &Tool) {
    directories(person, tool);
    for folder in ["both", "above"] {
        for (set, _) in SETS {
            console.line(&format!("cd {}", person.path(&format!("{folder}/{set}")).display()));
            console.line(tool.allow);
            console.at_next_prompt();
            leave(console, person);
        }
    }
    for (name, set) in SETS {
        enter(console, person, &format!("both/{name}"));
        leave(console, person);
        // From above, into it, back up, and out.
        let above = format!("cd {}", person.path(&format!("above/{name}")).display());
        let theirs = |seen: &Variables, secret: &str| {
            for (name, value) in set {
                assert_eq!(seen.get(*name).map(String::as_str), Some(*value), "{name}");
            }
            assert_eq!(seen.get("LEAPP_SESSION"), None);
            assert!(!seen.values().any(|value| value == secret), "the session's secret stays");
            says_nothing_secret(seen, secret);
        };
        theirs(&console.after(&above), "none");
        let seen = enter(console, person, &format!("above/{name}/svc"));
        theirs(&console.after(&above), &seen["AWS_SECRET_ACCESS_KEY"]);
        leave(console, person);
        // Into it and out at once, and into it and up.
        let seen = enter(console, person, &format!("above/{name}/svc"));
        leave(console, person);
        enter(console, person, &format!("above/{name}/svc"));
        theirs(&console.after(&above), &seen["AWS_SECRET_ACCESS_KEY"]);
        leave(console, person);
        // From one such directory into another.
        enter(console, person, &format!("both/{name}"));
        enter(console, person, "both/keys");
        enter(console, person, "work/dev");
        enter(console, person, "both/profile");
        leave(console, person);
    }
}

fn beside(tool: &'static Tool) {
    thread::scope(|scope| {
        for shell in ["bash", "zsh", "fish"] {
            scope.spawn(move || {
                let person = Person::new(shell);
                let line = tool.line(shell);
                for (before, after) in [("", line.as_str()), (line.as_str(), "")] {
                    let mut console = person.start_with(before, after, |command| {
                        command.env("MISE_OFFLINE", "1");
                    });
                    come_and_go(&person, &mut console, tool);
                }
            });
        }
    });
}

#[test]
fn direnv_brings_no_identity_back() {
    beside(&DIRENV);
}

#[test]
fn mise_brings_no_identity_back() {
    beside(&MISE);
}

/// A tool that reads `.env` on each change of directory, and takes nothing back, as a plugin of oh-my-zsh does.
#[test]
fn what_reads_a_file_of_variables_mixes_no_identities() {
    let reader =
        "read_env() { [[ ! -f .env ]] || { set -a; . ./.env; set +a; } }; chpwd_functions+=(read_env); read_env";
    for (before, after) in [("", reader), (reader, "")] {
        let person = Person::new("zsh");
        person.directory("both", Some("corp"));
        person.leapp(&["allow", person.path("both").to_str().expect("UTF-8")]);
        let text = "AWS_ACCESS_KEY_ID=AKIATHEIRS\nAWS_SECRET_ACCESS_KEY=theirs\n";
        fs::write(person.path("both").join(".env"), text).expect("written");
        let mut console = person.start_with(before, after, |_| {});
        let of_them = |seen: &Variables| {
            let keys = (&*seen["AWS_ACCESS_KEY_ID"], &*seen["AWS_SECRET_ACCESS_KEY"]);
            assert_eq!((keys, seen.get("AWS_SESSION_TOKEN")), (("AKIATHEIRS", "theirs"), None));
            assert_eq!((seen.get("LEAPP_SESSION"), seen.get("AWS_CREDENTIAL_EXPIRATION")), (None, None));
        };
        of_them(&console.after(&format!("cd {}", person.path("both").display())));
        console
            .expect("leapp: corp is no longer loaded: something else set AWS_ACCESS_KEY_ID in this shell, which stays");
        of_them(&console.at_next_prompt());
        of_them(&console.after(&format!("cd {}", person.path(".").display())));
    }
}

/// Beside the keys of a session, a profile or an endpoint would be taken by some SDKs.
#[test]
fn what_reads_a_file_of_variables_brings_no_second_identity() {
    let reader = "read_env() { [[ ! -f .env ]] || { set -a; . ./.env; set +a; } }; chpwd_functions+=(read_env)";
    for variable in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
        let person = Person::new("zsh");
        person.directory("both", Some("corp"));
        person.leapp(&["allow", person.path("both").to_str().expect("UTF-8")]);
        fs::write(person.path("both").join(".env"), format!("{variable}=theirs\n")).expect("written");
        let mut console = person.start_with("", reader, |_| {});
        for seen in [console.after(&format!("cd {}", person.path("both").display())), console.at_next_prompt()] {
            let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LEAPP_SESSION"];
            assert_eq!((keys.map(|name| seen.get(name)), &*seen[variable]), ([None; 4], "theirs"));
        }
        let line = format!("leapp: corp is no longer loaded: something else set {variable} in this shell, which stays");
        assert_eq!(console.times_shown(&line), 1, "{}", console.screen());
        // Where the person decides for the session, it comes back.
        holds(&console.after(&format!("unset {variable}")), "corp");
    }
}

/// What direnv takes out was there before the session, and nowhere else.
#[test]
fn what_direnv_takes_out_does_not_come_back() {
    for shell in ["bash", "zsh", "fish"] {
        let person = Person::new(shell);
        person.directory("both", Some("corp"));
        person.leapp(&["allow", person.path("both").to_str().expect("UTF-8")]);
        fs::write(person.path("both").join(".envrc"), "unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_REGION\n")
            .expect("written");
        let line = DIRENV.line(shell);
        for (before, after) in [("", line.as_str()), (line.as_str(), "")] {
            let mut console = person.start_with(before, after, |_| {});
            console.line(&format!("cd {}", person.path("both").display()));
            console.line(DIRENV.allow);
            console.at_next_prompt();
            holds_alone(&console.report());
            leave(&mut console, &person);
            enter(&mut console, &person, "both");
            leave(&mut console, &person);
        }
    }
}

/// A shell of `leapp exec` keeps its session whatever the directory; but not its name, once the keys are others.
#[test]
fn a_shell_of_a_command_says_that_direnv_took_its_keys() {
    for shell in ["bash", "zsh", "fish"] {
        let person = Person::new(shell);
        person.directory("theirs", None);
        let text = "export AWS_ACCESS_KEY_ID=AKIATHEIRS AWS_SECRET_ACCESS_KEY=theirs AWS_SESSION_TOKEN=theirs\n";
        fs::write(person.path("theirs").join(".envrc"), text).expect("written");
        let mut console = person.start_with(&DIRENV.line(shell), "", |_| {});
        console.line(&format!("cd {}", person.path("theirs").display()));
        console.line(DIRENV.allow);
        assert_eq!(console.at_next_prompt()["AWS_ACCESS_KEY_ID"], "AKIATHEIRS");
        let options = if shell == "bash" { "--noprofile --rcfile ~/rc" } else { "" };
        console.line(&format!("leapp exec corp -- {shell} {options} -i"));
        holds(&console.at_next_prompt(), "corp");
        let seen = console.after(&format!("cd {}", person.path(".").display()));
        assert_eq!((seen.get("LEAPP_SESSION"), &*seen["AWS_ACCESS_KEY_ID"]), (None, OUTER[1].1), "{shell}");
        assert_eq!(seen.get("AWS_SESSION_TOKEN"), None, "{shell}");
        let line = "leapp: corp is no longer loaded: something else set AWS_ACCESS_KEY_ID in this shell, which stays";
        console.at_next_prompt();
        assert_eq!(console.times_shown(line), 1, "{shell}: {}", console.screen());
    }
}

#[test]
fn a_person_who_wants_to_hear_nothing_of_the_hook_hears_nothing_of_replaced_keys() {
    let person = Person::new("bash");
    let output = person.leapp(&["exec", "corp", "--", "env"]);
    let state = output.lines().find_map(|line| line.strip_prefix("LEAPP_STATE=")).expect("a state");
    let answer = |log: &str| {
        let mut leapp = person.home.leapp(["hook-env", "bash"]);
        leapp.env("LEAPP_STATE", state).env("LEAPP_SESSION", "corp").env("LEAPP_LOG", log);
        succeed(leapp.env("AWS_ACCESS_KEY_ID", "AKIATHEIRS"))
    };
    let line = "corp is no longer loaded";
    assert_eq!((answer("on").contains(line), answer("off").contains(line)), (true, false));
    assert!(answer("off").contains("LEAPP_SESSION"), "it goes all the same");
}

/// Within a line, and in a subshell of zsh, a tool follows a change of directory, and takes out what leapp had set.
#[test]
fn a_change_of_directory_within_a_line_ends_in_its_session() {
    for (shell, tool) in [("fish", &MISE), ("zsh", &MISE), ("zsh", &DIRENV)] {
        let person = Person::new(shell);
        directories(&person, tool);
        let line = tool.line(shell);
        for (before, after) in [("", line.as_str()), (line.as_str(), "")] {
            let mut console = person.start_with(before, after, |command| {
                command.env("MISE_OFFLINE", "1");
            });
            console.line(&format!("cd {}", person.path("both/keys").display()));
            console.line(tool.allow);
            holds(&console.at_next_prompt(), "corp");
            let other = person.path("work/prod");
            holds(&console.reported_by(|report| format!("cd {}; {report}", other.display())), "prod");
            holds_alone(&console.after(&format!("cd {}", person.path("both/keys").display())));
            if shell == "zsh" {
                holds(&console.reported_by(|report| format!("(cd {}; {report})", other.display())), "prod");
                holds_alone(&console.report());
            }
            leave(&mut console, &person);
            let both = person.path("both/keys");
            holds_alone(&console.reported_by(|report| format!("cd {}; {report}", both.display())));
            leave(&mut console, &person);
        }
    }
}

/// mise puts a function of its own in the place of `cd`, also after leapp has: where it follows, leapp does, asked or not.
#[test]
fn a_wrapped_cd_stays_wrapped() {
    let person = Person::new("bash");
    directories(&person, &MISE);
    let (wrap, line) = ("eval \"$(leapp hook bash --wrap-cd)\"", MISE.line("bash"));
    let in_turn = format!("{line}\n{wrap}");
    for (before, after) in [(wrap, line.as_str()), (in_turn.as_str(), ""), ("", line.as_str()), (line.as_str(), "")] {
        let mut console = person.start_with(before, after, |command| {
            command.env("MISE_OFFLINE", "1");
        });
        console.line(&format!("cd {}", person.path("both/keys").display()));
        console.line(MISE.allow);
        holds(&console.at_next_prompt(), "corp");
        let other = person.path("work/prod");
        holds(&console.reported_by(|report| format!("cd {}; {report}", other.display())), "prod");
        holds_alone(&console.after(&format!("cd {}", person.path("both/keys").display())));
        holds(&console.reported_by(|report| format!("(cd {}; {report})", other.display())), "prod");
        holds_alone(&console.report());
        let home = person.path(".");
        holds_outer(&console.reported_by(|report| format!("cd {}; {report}", home.display())));
    }
}

/// A tool of an unknown kind that saves what it finds, and puts it back two prompts after leapp has left.
#[test]
fn keys_of_a_directory_that_was_left_go_whoever_brings_them_back() {
    for shell in ["bash", "zsh", "fish", "ksh93", "mksh"] {
        let person = Person::new(shell);
        let mut console = person.start("");
        let seen = console.after(&format!("cd {}", person.path("work/dev").display()));
        holds(&seen, "corp");
        holds_outer(&console.after(&format!("cd {}", person.path(".").display())));
        console.line("");
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            let line = person.set(name, &seen[name]);
            console.line(&line);
        }
        let after = console.at_next_prompt();
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            assert_ne!(after.get(name), seen.get(name), "{shell}: {name}");
        }
    }
}
