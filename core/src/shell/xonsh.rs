//! xonsh.
//!
//! The rule: a Python string literal in ASCII. A quote and a backslash stand behind a backslash; control characters
//! and everything beyond ASCII are `\xXX` or `\UXXXXXXXX` (Python reference, "String and bytes literals"), so that
//! neither the encoding of the terminal nor universal newlines matter.

use super::Script;
use crate::environment::Plan;

/// The statements that carry out a plan.
pub(super) fn render(script: &mut Script, plan: &Plan) {
    unset(script, plan.removals());
    for (name, value) in plan.variables() {
        script.push("$");
        script.push(name);
        script.push(" = ");
        quote(script, value);
        script.push("\n");
    }
}

/// Unsets everything and raises an exception.
pub(super) fn render_failure(script: &mut Script, plan: &Plan) {
    unset(script, plan.names());
    script.push("raise RuntimeError('leapp: no credentials')\n");
}

fn unset<'a>(script: &mut Script, names: impl Iterator<Item = &'a str>) {
    for name in names {
        script.push("${...}.pop('");
        script.push(name);
        script.push("', None)\n");
    }
}

pub(super) fn quote(script: &mut Script, value: &str) {
    script.push("'");
    for c in value.chars() {
        match c {
            '\'' | '\\' => {
                script.push("\\");
                script.push_char(c);
            }
            ' '..='~' => script.push_char(c),
            c if u32::from(c) < 0x100 => script.push(&format!("\\x{:02x}", u32::from(c))),
            c => script.push(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    script.push("'");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_plain_ascii_all_is_escaped() {
        let mut script = Script::new();
        quote(&mut script, "it's \\ \n é 😀");
        assert_eq!(*script.finish(), r"'it\'s \\ \x0a \xe9 \U0001f600'");
    }
}
