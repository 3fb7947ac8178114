//! Nushell, which has no `eval`: what it reads is data, and the line that a person pastes carries it out.
//!
//! The form: `{"unset": ["NAME", …], "set": {"NAME": "value", …}}`. The rule is JSON's.

use super::{Script, json};
use crate::environment::Plan;

/// The data of a plan.
pub(super) fn render(script: &mut Script, plan: &Plan) {
    unset(script, plan.removals());
    json::object(script, plan.variables());
    script.push("}\n");
}

/// The data that unsets everything; then `load-env` is handed `null`, raises an error, and nothing that follows runs.
pub(super) fn render_failure(script: &mut Script, plan: &Plan) {
    unset(script, plan.names());
    script.push("null}\n");
}

fn unset<'a>(script: &mut Script, names: impl Iterator<Item = &'a str>) {
    script.push("{\"unset\": [");
    for (place, name) in names.enumerate() {
        script.push(if place > 0 { ", " } else { "" });
        json::quote(script, name);
    }
    script.push("], \"set\": ");
}
