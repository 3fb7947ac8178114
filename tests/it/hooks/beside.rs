//! Beside other tools that set variables by directory: their file beside the `.leapp` file and above it, in both orders of
//! the lines in the rc file. Inside stands the session and no other identity; outside stands what was there before.

use std::{fs, thread};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{
    console::{Console, Variables},
    people::Person,
    scenario::{holds, holds_outer},
};
use crate::harness::{bed, contains};

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
    ("region", &[("AWS_REGION", "ca-west-1"), ("AWS_DEFAULT_REGION", "ca-west-1")]),
];

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
    holds(&seen, "corp");
    assert_eq!(seen.get("AWS_ROLE_ARN"), None);
    says_nothing_secret(&seen, &seen["AWS_SECRET_ACCESS_KEY"]);
    seen
}

/// Leaves for the home.
#[track_caller]
fn leave(console: &mut Console, person: &Person) {
    let seen = console.after(&format!("cd {}", person.path(".").display()));
    holds_outer(&seen);
    assert_eq!((seen.get("AWS_ROLE_ARN"), seen.get("AWS_DEFAULT_REGION")), (None, None));
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
        console.expect("leapp: corp is no longer loaded: something else set AWS keys in this shell, which stay");
        of_them(&console.at_next_prompt());
        of_them(&console.after(&format!("cd {}", person.path(".").display())));
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
