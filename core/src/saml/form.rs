//! The form in which a browser carries a SAML response: `application/x-www-form-urlencoded`.

use zeroize::Zeroizing;

use super::{MAX_INPUT, shortened, unreadable};
use crate::error::Result;

/// The field that holds the response (SAML 2.0 bindings, section 3.5.4).
pub(super) const FIELD: &str = "SAMLResponse";

/// What to do where a field `wresult` came in its place.
pub(super) const WS_FEDERATION: &str = "this is WS-Federation; set the identity provider's application up for SAML 2.0";

/// The value of the `SAMLResponse` field; the other fields, `RelayState` among them, may stand before or after it.
///
/// Which of two such fields a server takes differs from server to server, so two are refused.
pub(super) fn saml_response(body: &[u8]) -> Result<Zeroizing<String>> {
    if body.len() > MAX_INPUT {
        return Err(unreadable(format!("the form has {} bytes, too many to be one", body.len())));
    }
    let mut values = form_urlencoded::parse(body).filter(|(name, _)| name == FIELD);
    let value = values.next().map(|(_, value)| Zeroizing::new(value.into_owned()));
    match (value, values.next()) {
        (Some(value), None) => Ok(value),
        (Some(_), Some(_)) => Err(unreadable(format!("the form has the field `{FIELD}` twice"))),
        (None, _) => Err(missing(body)),
    }
}

fn missing(body: &[u8]) -> crate::error::Error {
    let names: Vec<_> =
        form_urlencoded::parse(body).take(10).map(|(name, _)| format!("`{}`", shortened(&name))).collect();
    let there = if names.is_empty() { "it is empty".to_owned() } else { format!("it has {}", names.join(", ")) };
    let error = unreadable(format!("the form has no field `{FIELD}`; {there}"));
    if names.iter().any(|name| name == "`wresult`") {
        return error.hint(WS_FEDERATION);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_found_wherever_it_stands() {
        for body in [
            "SAMLResponse=PGE%2BPC9hPg%3D%3D",
            "SAMLResponse=PGE%2BPC9hPg%3D%3D&RelayState=https%3A%2F%2Fconsole.aws.amazon.com%2F",
            "RelayState=&SAMLResponse=PGE%2BPC9hPg%3D%3D",
            "RelayState=a%26SAMLResponse%3Db&SAMLResponse=PGE%2BPC9hPg%3D%3D&portal=x",
            "&&SAMLResponse=PGE%2BPC9hPg%3D%3D&",
            "SAML%52esponse=PGE%2BPC9hPg%3D%3D",
        ] {
            assert_eq!(saml_response(body.as_bytes()).expect(body).as_str(), "PGE+PC9hPg==", "{body}");
        }
    }

    #[test]
    fn a_form_without_it_or_with_two_is_refused_in_words() {
        for (body, why) in [
            ("", "no field `SAMLResponse`; it is empty"),
            ("RelayState=x", "no field `SAMLResponse`; it has `RelayState`"),
            ("samlresponse=x", "it has `samlresponse`"),
            ("SAMLResponse=x&SAMLResponse=x", "twice"),
            ("SAMLResponse=x&a=b&SAML%52esponse=y", "twice"),
        ] {
            let error = saml_response(body.as_bytes()).expect_err(body).sentence();
            assert!(error.contains(why), "{error}");
        }
        let error = saml_response(b"wa=wsignin1.0&wresult=x").expect_err("refused");
        assert!(error.hints()[0].contains("WS-Federation"));
        assert!(saml_response(&vec![b'a'; MAX_INPUT + 1]).is_err());
    }
}
