//! sh and its kin: dash, ash, bash, ksh93, mksh and zsh.
//!
//! The rule: `'…'` keeps everything as it is (POSIX XCU 2.2.2), and a quote is written outside, as `\'`.

use zeroize::Zeroizing;

use super::Script;
use crate::{environment::Plan, hook::Change};

/// How a line feed is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LineFeed {
    /// As itself, between quotes.
    Plain,
    /// Outside the quotes, as `$'\n'`: zsh's option `csh_junkie_quotes` ends a quotation at the line's end.
    Escaped,
}

/// The statements that carry out a plan.
///
/// They are joined with `&&`, so that what fails (a variable that the person made `readonly`) fails the whole
/// `eval`; and what is set is unset before, so that a failure leaves no other session's keys behind.
pub(super) fn render(script: &mut Script, plan: &Plan, line_feed: LineFeed) {
    unset(script, plan);
    for (name, value) in plan.variables() {
        script.push(" &&\nexport ");
        script.push(name);
        script.push("=");
        quote(script, value, line_feed);
    }
    script.push("\n");
}

/// What the hook carries out, and what is said of it. A variable that the person made `readonly` ends it in the middle:
/// then `LEAPP_STATE` says that nothing was set.
pub(super) fn render_followed(script: &mut Script, change: &Change, plan: &str, state: &str, said: Option<&str>) {
    if let Some(meanwhile) = &change.meanwhile {
        script.push("export LEAPP_STATE=");
        quote(script, meanwhile, LineFeed::Plain);
        script.push("\n");
    }
    let steps: Vec<&str> = [(plan, &change.plan), (state, &change.state)]
        .into_iter()
        .filter(|(_, plan)| plan.names().next().is_some())
        .map(|(text, _)| text.trim_end())
        .collect();
    let said = said.map_or_else(|| ":".to_owned(), |said| format!("_leapp_say {said}"));
    script.push("if ");
    script.push(&Zeroizing::new(if steps.is_empty() { ":".to_owned() } else { steps.join(" &&\n") }));
    script.push("\nthen ");
    script.push(&said);
    script.push("\nelse _leapp_say 'leapp: a variable is readonly: no credentials are loaded'\nfi\n");
}

/// Returns what evaluates a script in zsh where no alias, global ones included, changes what is read.
///
/// zsh reads all that it evaluates before it carries out the first line, so that an option within comes too late.
pub(super) fn without_aliases(text: &str) -> String {
    let mut script = Script::new();
    script.push("'emulate' 'zsh' '-o' 'no_aliases' '-c' \\\n");
    for line in text.lines() {
        quote(&mut script, line, LineFeed::Escaped);
        script.push("$'\\n'\\\n");
    }
    script.push("''\n");
    script.finish().to_string()
}

/// Unsets everything and fails: an `eval` hands on the status of its last command, and `set -e` ends there.
pub(super) fn render_failure(script: &mut Script, plan: &Plan) {
    unset(script, plan);
    script.push("\nfalse\n");
}

/// Unsets everything and fails in a way that `set -e` lets pass (POSIX XCU 2.8.1, `!`): more may follow.
pub(super) fn render_prologue(script: &mut Script, plan: &Plan) {
    unset(script, plan);
    script.push("\n! :\n");
}

/// Unsets every variable that the plan touches. `-v`, because without it a function of that name could go.
fn unset(script: &mut Script, plan: &Plan) {
    script.push("unset -v ");
    script.push_joined(plan.names(), " ");
}

pub(super) fn quote(script: &mut Script, value: &str, line_feed: LineFeed) {
    script.push("'");
    for c in value.chars() {
        match c {
            '\'' => script.push(r"'\''"),
            '\n' if line_feed == LineFeed::Escaped => script.push(r"'$'\n''"),
            c => script.push_char(c),
        }
    }
    script.push("'");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(value: &str, line_feed: LineFeed) -> String {
        let mut script = Script::new();
        quote(&mut script, value, line_feed);
        script.finish().to_string()
    }

    #[test]
    fn only_a_quote_needs_care() {
        assert_eq!(quoted("", LineFeed::Plain), "''");
        assert_eq!(quoted("a'b$(c)`d`\\", LineFeed::Plain), r"'a'\''b$(c)`d`\'");
        assert_eq!(quoted("a\nb", LineFeed::Plain), "'a\nb'");
    }

    #[test]
    fn zsh_takes_a_line_feed_under_every_option() {
        assert_eq!(quoted("a\nb", LineFeed::Escaped), r"'a'$'\n''b'");
    }
}
