//! Why an attribute of AWS says nothing: not there, there without a value, or unreadable are three cases.

use super::{
    shown,
    xml::{Element, Space::Assertion as SAML},
};

/// Before the names of AWS's attributes. The whole name counts: identity providers that show a name and a namespace
/// apart put them together here.
pub(super) const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";

/// Why an attribute says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It is not there.
    Missing,
    /// It is not there, but one whose name differs by white space or case alone: that name, and by what it differs.
    Misnamed(String),
    /// It is there without a value.
    Empty,
    /// Its value is an element of this name, where AWS takes text.
    Nested(String),
    /// It is not there in the clear: attributes are encrypted one by one (SAML 2.0 core, section 2.7.3.2).
    Encrypted,
}

/// The attributes of all of an assertion's attribute statements.
pub(super) struct Attributes<'a> {
    named: Vec<(&'a str, Vec<&'a Element>)>,
    has_encrypted: bool,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(assertion: &'a Element) -> Self {
        let statements = || assertion.all(SAML, "AttributeStatement");
        let named = statements().flat_map(|statement| statement.all(SAML, "Attribute")).map(|attribute| {
            let values = attribute.all(SAML, "AttributeValue").collect();
            (attribute.attribute("Name").unwrap_or_default(), values)
        });
        let has_encrypted = statements().any(|statement| statement.all(SAML, "EncryptedAttribute").next().is_some());
        Self { named: named.collect(), has_encrypted }
    }

    /// The values of one of AWS's attributes that say something, also where it is there more than once.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.elements(name).map(Element::text).filter(|value| !value.is_empty())
    }

    /// Why one of AWS's attributes has no such value.
    pub(super) fn absence(&self, name: &str) -> Absence {
        let whole = format!("{ATTRIBUTES}{name}");
        if self.named.iter().any(|(known, _)| *known == whole) {
            let nested = self.elements(name).find_map(Element::first_child);
            return nested.map_or(Absence::Empty, |inner| Absence::Nested(shown(inner)));
        }
        let misnamed = self.named.iter().find_map(|(known, _)| Some((known, difference(known, &whole)?)));
        match misnamed {
            Some((known, by)) => Absence::Misnamed(format!("`{}` ({by})", shown(known))),
            None if self.has_encrypted => Absence::Encrypted,
            None => Absence::Missing,
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.named.iter().map(|(name, _)| shown(name)).collect()
    }

    fn elements(&self, name: &str) -> impl Iterator<Item = &'a Element> {
        let named = self.named.iter().filter(move |(known, _)| known.strip_prefix(ATTRIBUTES) == Some(name));
        named.flat_map(|(_, values)| values.iter().copied())
    }
}

/// By what a name differs from the right one, where that is hard to see.
fn difference(name: &str, right: &str) -> Option<&'static str> {
    let is_space = |c: char| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}');
    let bare = name.replace(is_space, "");
    match bare == right {
        true if name.trim_end_matches(is_space) == right => Some("a blank at its end"),
        true => Some("blanks in it"),
        false if bare.eq_ignore_ascii_case(right) => Some("its case is another"),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::xml::parse;

    fn absence(attributes: &str) -> Absence {
        let xml = format!(
            "<a:Assertion xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion' \
             xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>\
             <a:AttributeStatement>{attributes}</a:AttributeStatement></a:Assertion>"
        );
        let xml = xml.replace("{U}", ATTRIBUTES);
        Attributes::of(&parse(&xml).expect("valid")).absence("Role")
    }

    #[test]
    fn not_there_and_without_a_value_and_unreadable_are_three_cases() {
        let value = |inner: &str| format!("<a:Attribute Name='{{U}}Role'>{inner}</a:Attribute>");
        for inner in [
            "",
            "<a:AttributeValue/>",
            "<a:AttributeValue> \n </a:AttributeValue>",
            "<a:AttributeValue xsi:nil='true'/>",
            "<a:AttributeValue/><a:AttributeValue></a:AttributeValue>",
        ] {
            assert_eq!(absence(&value(inner)), Absence::Empty, "{inner}");
        }
        assert_eq!(absence(&(value("") + "<a:EncryptedAttribute/>")), Absence::Empty);
        let nested = value("<a:AttributeValue><x>arn:aws:iam::1:role/A</x></a:AttributeValue>");
        assert_eq!(absence(&nested), Absence::Nested("x".into()));
        assert_eq!(absence(""), Absence::Missing);
        assert_eq!(absence("<a:Attribute Name='Role'/>"), Absence::Missing);
        assert_eq!(absence("<a:EncryptedAttribute/>"), Absence::Encrypted);
        assert_eq!(absence("<a:Attribute Name='cn'/><a:EncryptedAttribute/>"), Absence::Encrypted);
    }

    #[test]
    fn a_name_that_looks_right_says_by_what_it_differs() {
        for (name, said) in [
            ("{U}Role ", "Role ` (a blank at its end)"),
            ("{U}Role&#xa0;", "Role\\u{a0}` (a blank at its end)"),
            ("{U}Role&#10;", "Role\\u{a}` (a blank at its end)"),
            ("{U}Role\u{200b}", "Role\u{200b}` (a blank at its end)"),
            (" {U}Role", "/Role` (blanks in it)"),
            (" {U}Role ", "/Role ` (blanks in it)"),
            ("{U} Role", "/ Role` (blanks in it)"),
            ("{U}role", "/role` (its case is another)"),
            ("HTTPS://aws.amazon.com/SAML/Attributes/Role ", "Role ` (its case is another)"),
        ] {
            match absence(&format!("<a:Attribute Name='{name}'><a:AttributeValue>x</a:AttributeValue></a:Attribute>")) {
                Absence::Misnamed(text) => assert!(text.ends_with(said), "{name}: {text}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        for other in ["{U}Roles", "{U}", "http://aws.amazon.com/SAML/Attributes/Role", ""] {
            assert_eq!(absence(&format!("<a:Attribute Name='{other}'/>")), Absence::Missing, "{other}");
        }
    }
}
