//! PowerShell: Windows PowerShell 5.1, and PowerShell 7 everywhere.
//!
//! The rule: within `'…'` a doubled quote is a quote (about_Quoting_Rules), and printable ASCII is itself. Everything
//! else is added by its UTF-16 number, `'a'+[char]0x2019+'b'`: PowerShell takes the quotes U+2018 to U+201B for `'`,
//! ends a native command's lines at a carriage return too, and decodes its output as the console is set.

use super::{Script, Unfit};
use crate::environment::Plan;

/// The statements that carry out a plan. Each line is a statement by itself, since each is an object in the pipeline.
pub(super) fn render(script: &mut Script, plan: &Plan) -> Result<(), Unfit> {
    unset(script, plan.removals());
    for (name, value) in plan.variables() {
        if value.is_empty() {
            // about_Environment_Variables: before 7.5 an empty string removes the variable.
            let why = "its value is empty, and PowerShell cannot hold an empty variable";
            return Err(Unfit { name: name.to_owned(), why });
        }
        script.push("$env:");
        script.push(name);
        script.push(" = ");
        quote(script, value);
        script.push("\n");
    }
    Ok(())
}

/// Unsets everything and throws: nothing that follows on the line, or in the script, is run.
pub(super) fn render_failure(script: &mut Script, plan: &Plan) {
    unset(script, plan.names());
    script.push("throw 'leapp: no credentials'\n");
}

/// `$null` removes a variable, and is no error where there is none (about_Environment_Variables).
fn unset<'a>(script: &mut Script, names: impl Iterator<Item = &'a str>) {
    for name in names {
        script.push("$env:");
        script.push(name);
        script.push(" = $null\n");
    }
}

pub(super) fn quote(script: &mut Script, value: &str) {
    script.push("'");
    for c in value.chars() {
        match c {
            '\'' => script.push("''"),
            ' '..='~' => script.push_char(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    script.push(&format!("'+[char]0x{unit:04x}+'"));
                }
            }
        }
    }
    script.push("'");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(value: &str) -> String {
        let mut script = Script::new();
        quote(&mut script, value);
        script.finish().to_string()
    }

    #[test]
    fn plain_text_stays_and_a_quote_is_doubled() {
        assert_eq!(quoted(r"it's $(x) `n \ %"), r"'it''s $(x) `n \ %'");
    }

    #[test]
    fn curly_quotes_line_ends_and_the_rest_are_numbers() {
        assert_eq!(quoted("a\u{2019};b\r\n"), "'a'+[char]0x2019+';b'+[char]0x000d+''+[char]0x000a+''");
        assert_eq!(quoted("😀"), "''+[char]0xd83d+''+[char]0xde00+''");
    }

    #[test]
    fn every_line_is_a_statement_of_its_own() {
        let mut plan = Plan::new();
        plan.set("A", "x\ny").and_then(|()| plan.unset("B")).expect("good");
        let mut script = Script::new();
        render(&mut script, &plan).map_err(|unfit| unfit.why).expect("fit");
        assert_eq!(*script.finish(), "$env:B = $null\n$env:A = 'x'+[char]0x000a+'y'\n");
    }

    #[test]
    fn an_empty_value_is_refused() {
        let mut plan = Plan::new();
        plan.set("A", "").expect("good");
        assert!(render(&mut Script::new(), &plan).is_err());
    }

    #[test]
    fn a_failure_throws_at_its_end() {
        let mut plan = Plan::new();
        plan.unset("A").expect("good");
        let mut script = Script::new();
        render_failure(&mut script, &plan);
        assert_eq!(*script.finish(), "$env:A = $null\nthrow 'leapp: no credentials'\n");
    }
}
