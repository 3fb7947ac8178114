//! Points in time as SAML writes them, and as people read them.

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use super::{
    shortened,
    xml::{Element, Malformed},
};

/// The point in time in an attribute (SAML 2.0 core, section 1.3.3: `xs:dateTime`, in UTC).
pub(super) fn instant(element: &Element, attribute: &str) -> Result<Option<OffsetDateTime>, Malformed> {
    let Some(text) = element.attribute(attribute).map(str::trim) else { return Ok(None) };
    // UTC is meant even where the zone is left out; other zones, which SAML forbids, are at least unmistakable.
    let read = OffsetDateTime::parse(text, &Rfc3339).or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339));
    match read.ok().and_then(|read| read.checked_to_offset(UtcOffset::UTC)) {
        Some(instant) => Ok(Some(instant)),
        None => Err(format!("`{}` is not a point in time ({attribute})", shortened(text))),
    }
}

/// A point in time for people.
pub(super) fn printed(instant: OffsetDateTime) -> String {
    let instant = instant.checked_to_offset(UtcOffset::UTC).unwrap_or(instant);
    let (hour, minute, second) = instant.to_hms();
    format!("{} {hour:02}:{minute:02}:{second:02} UTC", instant.date())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::xml::parse;

    fn read(text: &str) -> Result<Option<OffsetDateTime>, Malformed> {
        let xml = format!("<a xmlns='urn:oasis:names:tc:SAML:2.0:assertion' T='{text}'/>");
        instant(&parse(&xml).expect("valid"), "T")
    }

    #[test]
    fn instants_are_read_as_identity_providers_write_them() {
        for (text, expected) in [
            ("2026-01-02T03:04:05Z", "2026-01-02 03:04:05 UTC"),
            ("2026-01-02T03:04:05.678Z", "2026-01-02 03:04:05 UTC"),
            ("2013-03-18T03:28:54.1839884Z", "2013-03-18 03:28:54 UTC"),
            ("2026-01-02T03:04:05.123456789012Z", "2026-01-02 03:04:05 UTC"),
            ("2026-01-02T03:04:05", "2026-01-02 03:04:05 UTC"),
            ("2026-01-02T03:04:05.678", "2026-01-02 03:04:05 UTC"),
            ("2026-01-02T03:04:05+02:00", "2026-01-02 01:04:05 UTC"),
            (" 2026-01-02T03:04:05Z ", "2026-01-02 03:04:05 UTC"),
        ] {
            assert_eq!(read(text).expect(text).map(printed).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_is_named() {
        for text in ["", "now", "2026-01-02", "2026-13-02T03:04:05Z", "1767323045", "9999-12-31T23:59:59-23:59"] {
            assert!(read(text).expect_err(text).contains("is not a point in time (T)"), "{text}");
        }
    }
}
