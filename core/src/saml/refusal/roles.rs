//! What to say where a response does not offer the role that is wanted.

use std::{collections::BTreeSet, fmt::Write as _};

use super::encrypted;
use crate::{
    error::Error,
    saml::{Absence, OfferedRole, UnreadableRole},
    session::{Alias, ProviderArn, RoleArn},
};

/// The most lines of a list in an error.
const MOST_LISTED: usize = 20;

/// The attribute that offers roles.
const ROLE: &str = "https://aws.amazon.com/SAML/Attributes/Role";

/// No role is offered, for the attribute that offers them says nothing.
pub(super) fn none(error: Error, wanted: &RoleArn, absence: Absence, attribute_names: &[String]) -> Error {
    let set_up = format!("set the identity provider's application up to send `{ROLE}`");
    match absence {
        Absence::Missing => {
            let there: Vec<_> = attribute_names.iter().take(MOST_LISTED).map(|name| format!("`{name}`")).collect();
            let there = if there.is_empty() { "none at all".to_owned() } else { format!("only {}", there.join(", ")) };
            error
                .because(format!("the identity provider sends no Role attribute; its attributes are {there}"))
                .hint(set_up)
        }
        Absence::Misnamed(other) => {
            error.because(format!("the identity provider sends no Role attribute, but {other}")).hint(set_up)
        }
        Absence::Empty => error
            .because(
                "the identity provider sends the Role attribute without a value: no role of AWS is assigned to you",
            )
            .hint(format!("ask who runs the identity provider to assign {wanted} to you")),
        Absence::Nested(inner) => error
            .because(format!("the value of the Role attribute is an element `{inner}`, and AWS takes text"))
            .hint(set_up),
        Absence::Encrypted => encrypted(error, "which roles it offers"),
    }
}

/// What is offered cannot be read.
pub(super) fn unreadable(error: Error, unreadable: &[UnreadableRole]) -> Error {
    error.because("the SAML response offers no role that can be read").hint(kept_aside(unreadable))
}

/// Other roles are offered.
pub(super) fn not_offered(
    error: Error,
    alias: &Alias,
    wanted: &OfferedRole,
    offered: &[OfferedRole],
    unreadable: &[UnreadableRole],
) -> Error {
    let roles: BTreeSet<_> = offered.iter().map(|offered| offered.role_arn.as_str()).collect();
    let why = format!("the identity provider does not offer you {}; it offers{}", wanted.role_arn, list(&roles));
    let is_reserved = |offered: &OfferedRole| offered.role_arn.is_reserved_for_identity_center();
    if offered.iter().all(is_reserved) {
        return error
            .because(why)
            .hint("IAM Identity Center alone can assume an AWSReservedSSO_… role")
            .hint(format!("ask who runs the identity provider to assign {} to you", wanted.role_arn));
    }
    let offered: Vec<_> = offered.iter().filter(|offered| !is_reserved(offered)).collect();
    let hint = match likely(&wanted.role_arn, &offered) {
        Some(OfferedRole { role_arn, idp_arn }) => {
            let mut flags = vec![("--role-arn", role_arn.as_str())];
            if *idp_arn != wanted.idp_arn {
                flags.push(("--idp-arn", idp_arn.as_str()));
            }
            format!("run: {}", edit(alias, &flags))
        }
        None => format!("to use another: {}", edit(alias, &[("--role-arn", "ROLE_ARN")])),
    };
    let error = error.because(why).hint(hint);
    if unreadable.is_empty() { error } else { error.hint(kept_aside(unreadable)) }
}

/// The one that must be meant: the only one, or the only one of that account and name (its path was left out).
fn likely<'a>(wanted: &RoleArn, offered: &[&'a OfferedRole]) -> Option<&'a OfferedRole> {
    let name = |arn: &RoleArn| arn.name_with_path().rsplit('/').next().map(str::to_owned);
    let is_like = |o: &&&OfferedRole| o.role_arn.account() == wanted.account() && name(&o.role_arn) == name(wanted);
    match (offered, offered.iter().filter(is_like).copied().collect::<Vec<_>>().as_slice()) {
        ([only], _) | (_, [only]) => Some(only),
        _ => None,
    }
}

/// The role is offered, but not through the identity provider that is configured.
pub(super) fn other_provider(error: Error, alias: &Alias, wanted: &OfferedRole, with: &[ProviderArn]) -> Error {
    let OfferedRole { role_arn, idp_arn } = wanted;
    let with: BTreeSet<_> = with.iter().map(ProviderArn::as_str).collect();
    let why = format!("the identity provider offers {role_arn} not with {idp_arn}, but with{}", list(&with));
    let hints = with.into_iter().take(3).map(|idp| format!("run: {}", edit(alias, &[("--idp-arn", idp)])));
    hints.fold(error.because(why), Error::hint)
}

fn kept_aside(unreadable: &[UnreadableRole]) -> String {
    let first = unreadable.first().map(|first| format!("`{}`: {}", first.value, first.why)).unwrap_or_default();
    match unreadable.len() {
        1 => format!("one value of the Role attribute cannot be read, {first}"),
        many => format!("{many} values of the Role attribute cannot be read, the first is {first}"),
    }
}

fn list(items: &BTreeSet<&str>) -> String {
    let mut lines = items.iter().take(MOST_LISTED).fold(String::new(), |lines, item| lines + "\n  " + item);
    if items.len() > MOST_LISTED {
        let _ = write!(lines, "\n  … and {} more", items.len() - MOST_LISTED);
    }
    lines
}

/// A command to paste. The values come from the response, and a role's path may hold what a shell would run.
fn edit(alias: &Alias, flags: &[(&str, &str)]) -> String {
    flags.iter().fold(format!("leapp session edit {alias}"), |command, (flag, value)| {
        format!("{command} {flag} {}", shell_words::quote(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::fixture::{PROVIDER, ROLE, Sample, check};

    fn refused(sample: &Sample, role: &str, provider: &str) -> String {
        let refusal = check(&sample.response(), role, provider).expect_err("refused");
        refusal.into_error(&Alias::parse("corp").expect("valid")).to_string()
    }

    #[test]
    fn a_role_not_offered_lists_those_that_are() {
        let two = Sample::default();
        assert_eq!(
            refused(&two, "arn:aws:iam::111122223333:role/Missing", PROVIDER),
            format!(
                "leapp: cannot sign in to `corp`: the identity provider does not offer you \
                 arn:aws:iam::111122223333:role/Missing; it offers\n    {ROLE}\n    {ROLE}s\n  \
                 to use another: leapp session edit corp --role-arn ROLE_ARN"
            )
        );
        let many: Vec<String> = (0..300).map(|i| format!("arn:aws:iam::{i:012}:role/R,{PROVIDER}")).rev().collect();
        let many = two.with("Role", &many.iter().map(String::as_str).collect::<Vec<_>>());
        let text = refused(&many, ROLE, PROVIDER);
        assert!(text.contains("offers\n    arn:aws:iam::000000000000:role/R\n    arn:aws:iam::000000000001"), "{text}");
        assert!(
            text.contains("000000000019:role/R\n    … and 280 more\n") && !text.contains("000000000020:"),
            "{text}"
        );
    }

    #[test]
    fn the_role_that_must_be_meant_is_named_in_a_command_to_paste() {
        let other = "arn:aws:iam::111122223333:saml-provider/adfs";
        let path = "arn:aws:iam::111122223333:role/team/Admin";
        let elsewhere = "arn:aws:iam::444455556666:role/Admin";
        for (offered, hint) in [
            (vec![format!("{path},{PROVIDER}"), format!("{elsewhere},{PROVIDER}")], format!("--role-arn {path}")),
            (vec![format!("{elsewhere},{PROVIDER}")], format!("--role-arn {elsewhere}")),
            (vec![format!("{elsewhere},{other}")], format!("--role-arn {elsewhere} --idp-arn {other}")),
        ] {
            let sample = Sample::default().with("Role", &offered.iter().map(String::as_str).collect::<Vec<_>>());
            let text = refused(&sample, ROLE, PROVIDER);
            assert!(text.ends_with(&format!("\n  run: leapp session edit corp {hint}")), "{text}");
        }
    }

    #[test]
    fn a_role_offered_through_another_provider_says_which() {
        let other = "arn:aws:iam::111122223333:saml-provider/adfs";
        let text = refused(&Sample::default(), ROLE, other);
        let why = format!("the identity provider offers {ROLE} not with {other}, but with\n    {PROVIDER}\n");
        assert!(
            text.contains(&why) && text.ends_with(&format!("run: leapp session edit corp --idp-arn {PROVIDER}")),
            "{text}"
        );
    }

    #[test]
    fn no_role_at_all_says_what_was_sent_instead() {
        let mut sample = Sample::default().with("Role", &[]);
        sample.attributes.push(("Role".into(), vec!["x".into()]));
        let text = refused(&sample, ROLE, PROVIDER);
        assert!(text.contains("sends no Role attribute; its attributes are only `email`, `https"), "{text}");
        assert!(
            text.contains(", `Role`\n") && text.contains("send `https://aws.amazon.com/SAML/Attributes/Role`"),
            "{text}"
        );
        let text = refused(&Sample::default().with("Role", &["Admin", "x"]), ROLE, PROVIDER);
        assert!(
            text.contains(
                "no role that can be read\n  2 values of the Role attribute cannot be read, the first is `Admin`: "
            ),
            "{text}"
        );
    }

    #[test]
    fn what_the_attribute_lacks_is_said_with_who_can_mend_it() {
        let mut misnamed = Sample::default().with("Role", &[]);
        misnamed.attributes.push(("https://aws.amazon.com/SAML/Attributes/Role ".into(), vec!["x".into()]));
        let text = refused(&misnamed, ROLE, PROVIDER);
        assert!(
            text.contains("sends no Role attribute, but `https://aws.amazon.com/SAML/Attributes/Role ` (a blank"),
            "{text}"
        );
        let text = refused(&Sample::default().with("Role", &[""]), ROLE, PROVIDER);
        assert!(
            text.contains("sends the Role attribute without a value: no role of AWS is assigned to you\n"),
            "{text}"
        );
        assert!(text.ends_with(&format!("\n  ask who runs the identity provider to assign {ROLE} to you")), "{text}");
        let text = refused(&Sample::default().with("Role", &["<x>y</x>"]), ROLE, PROVIDER);
        assert!(text.contains("the value of the Role attribute is an element `x`, and AWS takes text\n"), "{text}");
        let text = refused(&Sample::default().with("RoleSessionName", &[" "]), ROLE, PROVIDER);
        assert!(
            text.contains("RoleSessionName is empty: the field that it is filled from is empty for you\n"),
            "{text}"
        );
    }

    #[test]
    fn no_command_to_paste_names_a_role_that_is_refused() {
        let reserved =
            "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef";
        let pair = format!("{reserved},{PROVIDER}");
        let text = refused(&Sample::default().with("Role", &[&pair]), ROLE, PROVIDER);
        assert!(text.contains(reserved) && text.contains("IAM Identity Center alone can assume"), "{text}");
        assert!(!text.contains("run: "), "{text}");
        let other = "arn:aws:iam::111122223333:role/Other";
        let text = refused(&Sample::default().with("Role", &[&pair, &format!("{other},{PROVIDER}")]), ROLE, PROVIDER);
        assert!(text.ends_with(&format!("\n  run: leapp session edit corp --role-arn {other}")), "{text}");
    }

    #[test]
    fn a_command_to_paste_runs_nothing_that_the_response_says() {
        let evil = "arn:aws:iam::111122223333:role/$(touch${IFS}x)/`id`;'|&/Admin";
        let text = refused(
            &Sample::default().with("Role", &[&format!("{}, {PROVIDER}", evil.replace('&', "&amp;"))]),
            ROLE,
            PROVIDER,
        );
        let command = text.lines().last().and_then(|line| line.split_once("run: ")).expect("a command").1;
        let words = shell_words::split(command).expect("shell words");
        assert_eq!(words, ["leapp", "session", "edit", "corp", "--role-arn", evil]);
        assert!(command.contains("'arn:"), "{command}");
    }
}
