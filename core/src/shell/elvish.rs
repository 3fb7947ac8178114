//! Elvish.
//!
//! The rule: within `'…'` a doubled quote is a quote, and everything else is itself (Elvish language specification,
//! "Single-quoted string").

use super::Script;
use crate::environment::Plan;

/// The statements that carry out a plan. Elvish raises an exception where one fails.
pub(super) fn render(script: &mut Script, plan: &Plan) {
    unset(script, plan.removals());
    for (name, value) in plan.variables() {
        script.push("set-env ");
        script.push(name);
        script.push(" ");
        quote(script, value);
        script.push("\n");
    }
}

/// Unsets everything and raises an exception.
pub(super) fn render_failure(script: &mut Script, plan: &Plan) {
    unset(script, plan.names());
    script.push("fail 'leapp: no credentials'\n");
}

fn unset<'a>(script: &mut Script, names: impl Iterator<Item = &'a str>) {
    for name in names {
        script.push("unset-env ");
        script.push(name);
        script.push("\n");
    }
}

pub(super) fn quote(script: &mut Script, value: &str) {
    script.push("'");
    for c in value.chars() {
        if c == '\'' {
            script.push("'");
        }
        script.push_char(c);
    }
    script.push("'");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_doubled() {
        let mut script = Script::new();
        quote(&mut script, r"it's \n $x");
        assert_eq!(*script.finish(), r"'it''s \n $x'");
    }
}
