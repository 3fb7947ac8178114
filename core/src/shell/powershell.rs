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
    use std::collections::BTreeSet;

    use super::*;
    use crate::{hook::Change, shell::Shell};

    fn quoted(value: &str) -> String {
        let mut script = Script::new();
        quote(&mut script, value);
        script.finish().to_string()
    }

    /// A script by what it is made of: what is carried out, `$(…)` within quotes included, and the rest of the texts.
    struct Parts {
        code: String,
        texts: String,
    }

    /// Reads quotes, comments and brackets as about_Quoting_Rules and about_Comments have them.
    fn parts(script: &str) -> Result<Parts, String> {
        let mut parts = Parts { code: String::new(), texts: String::new() };
        // What is open, with the line on which it was opened.
        let mut open: Vec<(char, usize)> = Vec::new();
        let (mut line, mut last) = (1, '\n');
        let mut rest = script.chars().peekable();
        while let Some(c) = rest.next() {
            line += usize::from(c == '\n');
            let inside = open.last().map(|(c, _)| *c);
            match (inside, c) {
                (Some('\''), '\'') | (Some('"'), '"') if rest.next_if_eq(&c).is_none() => {
                    open.pop();
                }
                (Some('"'), '`') => drop(rest.next()),
                (Some('"'), '$') if rest.next_if_eq(&'(').is_some() => open.push(('(', line)),
                (Some('\'' | '"'), c) => parts.texts.push(c),
                (_, '`') => drop(rest.next()),
                (_, '#') if last.is_whitespace() || "(){};".contains(last) => {
                    while rest.next_if(|c| *c != '\n').is_some() {}
                }
                (_, '\'' | '"' | '(' | '[' | '{') => {
                    open.push((c, line));
                    parts.code.push(c);
                }
                (_, ')' | ']' | '}') => {
                    let pair = open.pop().map(|(opened, _)| (opened, c));
                    if !matches!(pair, Some(('(', ')') | ('[', ']') | ('{', '}'))) {
                        return Err(format!("line {line}: `{c}` closes {pair:?}"));
                    }
                    parts.code.push(c);
                }
                (_, c) => parts.code.push(c),
            }
            last = c;
        }
        open.pop().map_or(Ok(parts), |(c, line)| Err(format!("line {line}: `{c}` is not closed")))
    }

    /// The words of a text that start so.
    fn words<'a>(text: &'a str, start: &'a str) -> BTreeSet<&'a str> {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        text.split(|c| !is_part(c)).filter(|word| word.starts_with(start)).collect()
    }

    fn hook() -> String {
        let odd = "/home/o'brien {[(\u{2019}/";
        Shell::PowerShell.hook(&format!("{odd}leapp"), &format!("{odd}gen"), &format!("{odd}hook")).expect("written")
    }

    #[test]
    fn what_is_open_in_the_hook_is_closed() {
        let script = hook();
        parts(&script).expect("balanced");
        for placeholder in ["@LEAPP@", "@TOKEN@", "@SCRIPT@"] {
            assert!(!script.contains(placeholder), "{placeholder}");
        }
        for (bad, why) in [
            ("if (1) { 'a'", "line 1: `{` is not closed"),
            ("a\n(]", "line 2: `]` closes Some(('(', ']'))"),
            ("}", "line 1: `}` closes None"),
            ("'it''s", "line 1: `'` is not closed"),
            ("\"$(a", "line 1: `(` is not closed"),
            ("\"a`\"", "line 1: `\"` is not closed"),
        ] {
            assert_eq!(parts(bad).map(|parts| parts.code), Err(why.to_owned()), "{bad}");
        }
        let fine = parts("f 'it''s }' \"$(g ')') `\"\" # }\n").expect("balanced");
        assert_eq!((fine.code.as_str(), fine.texts.as_str()), ("f ' \"g ') \n", "it's }) "));
    }

    #[test]
    fn the_hook_defines_every_function_and_variable_that_is_used() {
        let script = hook();
        let Parts { code, texts } = parts(&script).expect("balanced");
        let mut state = Plan::new();
        state.set("LEAPP_STATE", "x").expect("good");
        let mut plan = Plan::new();
        plan.set("AWS_SESSION_TOKEN", "it's").and_then(|()| plan.unset("AWS_PROFILE")).expect("good");
        let names = || vec!["AWS_PROFILE", "AWS_REGION"];
        let (restore, forget, save, save_local) = (names(), names(), names(), names());
        let change = Change { restore, forget, save, save_local, state, plan, ..Change::default() };
        let rendered = Shell::PowerShell.render_change(&change, "1700000000", None).expect("rendered");
        let carried_out = parts(&rendered).expect("balanced").code;
        assert_eq!(words(&carried_out, "_leapp_"), ["_leapp_forget", "_leapp_restore", "_leapp_save"].into());
        let all = format!("{code}{texts}{carried_out}");
        for name in words(&all, "_leapp_") {
            let is_copied = script.contains(&format!("Copy-Item Function:\\prompt Function:\\global:{name}\n"));
            let is_defined = ["(", " {"].iter().any(|end| code.contains(&format!("function global:{name}{end}")));
            assert!(is_defined || is_copied, "{name} is not defined");
        }
        let variables = words(&all, "__leapp_");
        assert!(variables.len() >= 5, "{variables:?}");
        for name in variables {
            assert!(code.contains(&format!("$global:{name} = ")), "{name} is never assigned");
            // Without its scope it would be the function's own.
            let scoped = all.matches(&format!("$global:{name}")).count();
            assert_eq!(all.matches(name).count(), scoped, "{name} is used without its scope");
        }
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
