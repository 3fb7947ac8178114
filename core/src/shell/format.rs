//! Forms for programs rather than for shells: JSON, and the files that are called `.env`.

use zeroize::Zeroizing;

use super::{Script, Unfit, json};
use crate::environment::Plan;
use crate::error::{Error, Result};

/// A form in which the variables of a plan are written for a program. What a plan unsets has no place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object: names and values, nothing else.
    Json,
    /// `NAME=value` lines.
    Dotenv,
}

impl Format {
    /// Every format, in the order of the help.
    pub const ALL: [Self; 2] = [Self::Json, Self::Dotenv];

    /// Reads the name of a format.
    ///
    /// # Errors
    /// Names the formats that there are.
    pub fn parse(name: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|format| format.name() == name);
        known.ok_or_else(|| Error::usage(format!("no format `{name}`")).hint("formats: json, dotenv"))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Dotenv => "dotenv",
        }
    }

    /// Writes what a plan sets.
    ///
    /// # Errors
    /// Where the format cannot carry a value.
    pub fn render(self, plan: &Plan) -> Result<Zeroizing<String>> {
        let mut script = Script::new();
        match self {
            Self::Json => {
                json::object(&mut script, plan.variables());
                script.push("\n");
            }
            Self::Dotenv => dotenv(&mut script, plan).map_err(|unfit| unfit.within("a .env file"))?,
        }
        Ok(script.finish())
    }
}

/// Lines without quotes: `docker run --env-file` takes quotes for a part of the value, while a shell, Compose and
/// python-dotenv take them away. They agree on what needs none, which keys, tokens, dates, regions and aliases do not.
fn dotenv(script: &mut Script, plan: &Plan) -> Result<(), Unfit> {
    for (name, value) in plan.variables() {
        if !is_plain(value) {
            let why = "its value has characters that programs read in different ways there";
            return Err(Unfit { name: name.to_owned(), why });
        }
        script.push(name);
        script.push("=");
        script.push(value);
        script.push("\n");
    }
    Ok(())
}

/// Whether nobody takes anything in it for more than itself. zsh looks up a command after `=` at the start of a value
/// or after its `:` ("Filename expansion").
fn is_plain(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./+=:@,".contains(&byte);
    value.bytes().all(plain) && !value.starts_with('=') && !value.contains(":=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(value: &str) -> Plan {
        let mut plan = Plan::new();
        plan.set("A", value).and_then(|()| plan.set("B", "b")).and_then(|()| plan.unset("C")).expect("good");
        plan
    }

    #[test]
    fn json_has_the_variables_and_nothing_else() {
        let json = Format::Json.render(&plan("a\"\n")).expect("fit");
        assert_eq!(*json, "{\n  \"A\": \"a\\\"\\u000a\",\n  \"B\": \"b\"\n}\n");
        assert_eq!(*Format::Json.render(&Plan::clear()).expect("fit"), "{\n}\n");
    }

    #[test]
    fn dotenv_lines_have_no_quotes() {
        let token = "IQoJb3JpZ2luX2Vj//8wEaCXVz+LWVhc3Q=:2026-01-31T23:59:59Z,dev@x";
        assert_eq!(*Format::Dotenv.render(&plan(token)).expect("fit"), format!("A={token}\nB=b\n"));
    }

    #[test]
    fn dotenv_refuses_what_its_readers_disagree_on() {
        for value in ["a b", "a'", "a\"", "$x", "`x`", "a#", "a\\", "~", "é", "\n", "=ls", "a:=ls", "a!", "{a,b}"] {
            let refused = Format::Dotenv.render(&plan(value)).expect_err(value).to_string();
            assert!(refused.contains("cannot write `A` to a .env file"), "{refused}");
        }
    }
}
