//! tcsh, and csh with it.
//!
//! The rule: no quotes; every ASCII character that is not plainly a part of a word stands behind a backslash. Between
//! quotes `!` recalls history all the same (tcsh(1), "History substitution"), `histchars` names another character for
//! it, and `backslash_quote` changes what a backslash means there; a backslash outside has one meaning always.
//!
//! A line feed cannot be carried: the command substitution that feeds `eval` splits at it.

use super::{Script, Unfit};
use crate::{environment::Plan, hook::Change};

/// How much of a command's output tcsh reads at once, in bytes. In a locale without the output's characters (`LC_ALL=C`)
/// it loses some where a piece ends; ASCII arrives whole (tried: tcsh 6.24.07).
const PIECE: usize = 4096;

/// The statements that carry out a plan, on one line: `eval` joins lines with blanks.
pub(super) fn render(script: &mut Script, plan: &Plan) -> Result<(), Unfit> {
    unset(script, plan.removals());
    for (name, value) in plan.variables() {
        set(script, name, value)?;
    }
    script.push("\n");
    let foreign = plan.variables().find(|(_, value)| !value.is_ascii());
    match foreign {
        Some((name, _)) if script.len() > PIECE => {
            let why = "its value is not ASCII, and tcsh loses such characters from an output of more than 4,096 bytes";
            Err(Unfit { name: name.to_owned(), why })
        }
        _ => Ok(()),
    }
}

/// What the hook carries out: on one line too, and without any alias, for one that is called from `eval` loses its
/// arguments. A variable of the environment is no variable of the shell in tcsh: none of those need to be put away.
pub(super) fn render_change(script: &mut Script, change: &Change, at: &str) -> Result<(), Unfit> {
    for name in &change.restore {
        script.push(&format!(
            "if ( ! $?__leapp_old_{name} ) unsetenv {name};if ( $?__leapp_old_{name} ) \
             eval 'setenv {name} $__leapp_old_{name}:q;unset __leapp_old_{name}';"
        ));
    }
    for name in &change.forget {
        script.push(&format!("unset __leapp_old_{name};"));
    }
    for (name, value) in change.found.variables() {
        set(script, name, value)?;
    }
    for name in &change.save {
        script.push(&format!("set __leapp_old_{name} = ${name}:q;"));
    }
    for name in &change.save_local {
        script.push(&format!("unset __leapp_old_{name};"));
    }
    script.push(&format!("set __leapp_at = {at};"));
    for (name, value) in change.state.variables() {
        set(script, name, value)?;
    }
    unset(script, change.state.removals());
    render(script, &change.plan)
}

/// Unsets everything and fails: `eval` hands on the status of its last command.
pub(super) fn render_failure(script: &mut Script, plan: &Plan) {
    unset(script, plan.names());
    script.push("false\n");
}

fn set(script: &mut Script, name: &str, value: &str) -> Result<(), Unfit> {
    script.push("setenv ");
    script.push(name);
    script.push(" ");
    quote(script, value).map_err(|why| Unfit { name: name.to_owned(), why })?;
    script.push(";");
    Ok(())
}

fn unset<'a>(script: &mut Script, names: impl Iterator<Item = &'a str>) {
    for name in names {
        script.push("unsetenv ");
        script.push(name);
        script.push(";");
    }
}

pub(super) fn quote(script: &mut Script, value: &str) -> Result<(), &'static str> {
    if value.is_empty() {
        script.push("''");
    }
    for c in value.chars() {
        match c {
            '\n' => return Err("its value has a line feed, which tcsh cannot read from a command"),
            c if c.is_ascii_alphanumeric() || !c.is_ascii() || "_-./+".contains(c) => script.push_char(c),
            c => {
                script.push("\\");
                script.push_char(c);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_stands_behind_a_backslash() {
        let mut script = Script::new();
        quote(&mut script, r"aé'b!c d\$=").expect("fit");
        assert_eq!(*script.finish(), r"aé\'b\!c\ d\\\$\=");
    }

    #[test]
    fn an_empty_value_is_a_word_too() {
        let mut script = Script::new();
        quote(&mut script, "").expect("fit");
        assert_eq!(*script.finish(), "''");
    }

    #[test]
    fn a_long_output_is_ascii() {
        let rendered = |first: &str, second: &str| {
            let mut plan = Plan::new();
            plan.set("A", first).and_then(|()| plan.set("B", second)).expect("a plan");
            render(&mut Script::new(), &plan)
        };
        let long = "0123456789".repeat(500);
        assert!(rendered(&long, "abc").is_ok());
        assert!(rendered("0123456789", "żółć").is_ok());
        assert_eq!(rendered(&long, "żółć").expect_err("long and foreign").name, "B");
    }

    #[test]
    fn a_line_feed_is_refused() {
        assert!(quote(&mut Script::new(), "a\nb").is_err());
    }
}
