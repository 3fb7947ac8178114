//! fish.
//!
//! The rule: within `'…'` only `\'` and `\\` mean something else than themselves (fish: "Quotes").

use super::Script;
use crate::{environment::Plan, hook::Change};

/// What is done where a universal variable would win.
const OVERRIDDEN: &str = r#"if set -q leapp_universal
    echo "leapp: would be overridden by $leapp_universal, a universal variable of fish" >&2
    echo "  run: set -e -U $leapp_universal" >&2
    set -e leapp_universal
    false
else
"#;

/// The statements that carry out a plan.
///
/// A universal variable (`set -Ux AWS_PROFILE dev`, which many have) belongs to every shell of the person, so it is not
/// ours to erase; and no other variable can hide it from children, but for one with a value. So where it would compete
/// with what the plan sets, nothing is set, and the person is told.
pub(super) fn render(script: &mut Script, plan: &Plan) {
    erase(script, plan);
    if plan.variables().next().is_some() {
        script.push("for leapp_name in ");
        script.push_joined(plan.removals(), " ");
        script.push("\n    set -q -U -x $leapp_name; and set -a -g leapp_universal $leapp_name\nend\n");
        script.push("set -e leapp_name\n");
        script.push(OVERRIDDEN);
        set_all(script, plan);
        script.push("    true\nend\n");
    } else {
        script.push("true\n");
    }
}

/// As [`render`], for the hook: where a universal variable would win, no credentials are set, and what is universal is
/// hidden behind empty variables, so that nothing runs on it by mistake.
pub(super) fn render_followed(script: &mut Script, change: &Change, state: &str, said: Option<&str>) {
    if let Some(meanwhile) = &change.meanwhile {
        script.push("set -g -x LEAPP_STATE ");
        quote(script, meanwhile);
        script.push("\n");
    }
    let plan = &change.plan;
    erase(script, plan);
    script.push("for leapp_name in ");
    script.push_joined(plan.removals(), " ");
    script.push(
        "\n    set -q -U -x $leapp_name; or continue\n    set -a -g leapp_universal $leapp_name\n    \
         set -g -x $leapp_name ''\nend\nset -e leapp_name\n",
    );
    let brings_session = plan.variables().next().is_some();
    if brings_session {
        script.push(OVERRIDDEN);
        set_all(script, plan);
    }
    if change.state.names().next().is_some() {
        script.push(state);
    }
    if let Some(said) = said {
        script.push("echo ");
        script.push(said);
        script.push(" >&2\n");
    }
    script.push(if brings_session { "end\nset -e -g leapp_universal\n" } else { "set -e -g leapp_universal\n" });
}

fn set_all(script: &mut Script, plan: &Plan) {
    for (name, value) in plan.variables() {
        script.push("    set -g -x ");
        script.push(name);
        script.push(" ");
        quote(script, value);
        script.push("\n");
    }
}

/// Unsets everything and fails: `source` hands on the status of its last command.
pub(super) fn render_failure(script: &mut Script, plan: &Plan) {
    erase(script, plan);
    script.push("false\n");
}

/// Erases every variable that the plan touches. The status says how many there were not: `true` or `false` follows.
fn erase(script: &mut Script, plan: &Plan) {
    script.push("set -e -g leapp_universal ");
    script.push_joined(plan.names(), " ");
    script.push("\n");
}

pub(super) fn quote(script: &mut Script, value: &str) {
    script.push("'");
    for c in value.chars() {
        match c {
            '\'' => script.push(r"\'"),
            '\\' => script.push(r"\\"),
            c => script.push_char(c),
        }
    }
    script.push("'");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        let mut script = Script::new();
        quote(&mut script, r"it's \n $x \");
        assert_eq!(*script.finish(), r"'it\'s \\n $x \\'");
    }
}
