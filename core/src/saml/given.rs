//! A SAML response in what a person hands over: the value that a browser's tools copy is seldom alone.

use zeroize::Zeroizing;

use super::{form, unreadable};
use crate::error::{Error, Result};

/// The most places at which a response is looked for.
const MOST: usize = 20;

/// With what pages, and pieces of pages that are copied, begin.
const HTML: [&str; 31] = [
    "html", "head", "body", "form", "input", "div", "script", "textarea", "meta", "title", "noscript", "iframe",
    "span", "table", "center", "section", "main", "style", "h1", "h2", "ul", "label", "link", "pre", "img", "br",
    "nav", "header", "fieldset", "button", "select",
];

/// Whether a text in angle brackets is a web page or a piece of one; those that people save are seldom XML.
pub(super) fn is_page(text: &str) -> bool {
    let mut rest = text.trim_start();
    while let Some(inner) = rest.strip_prefix("<!").or_else(|| rest.strip_prefix("<?")) {
        if inner.get(..12).is_some_and(|start| start.eq_ignore_ascii_case("doctype html")) {
            return true;
        }
        let end = if inner.starts_with("--") { "-->" } else { ">" };
        let Some((_, after)) = inner.split_once(end) else { return false };
        rest = after.trim_start();
    }
    let name = rest.strip_prefix('<').and_then(|tag| tag.split(|c: char| c.is_whitespace() || "/>".contains(c)).next());
    name.is_some_and(|name| HTML.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// A page without a response in it.
pub(super) fn only_a_page() -> Error {
    unreadable("it is a web page without a SAML response: the sign-in is not at its end")
}

/// Where there is no response: what there is in its place, where that can be told.
///
/// # Errors
/// What it is.
pub(super) fn check_kind(text: &str) -> Result<()> {
    let names = |field: &str| text.match_indices(field).any(|(at, _)| !following(&text[at + field.len()..]).is_empty());
    if names("SAMLRequest") {
        return Err(unreadable("it is the request, not the response").hint(
            "the response is the value of the field `SAMLResponse` that is posted to AWS at the end of the sign-in",
        ));
    }
    if names("wresult") {
        return Err(unreadable("it has `wresult` in place of `SAMLResponse`").hint(form::WS_FEDERATION));
    }
    Ok(())
}

/// What stands where a response is named, as it may be meant: an element of a page, a form, a header, JSON, a command line.
pub(super) fn values(text: &str) -> Vec<Zeroizing<String>> {
    let places = text.match_indices(form::FIELD).take(MOST);
    let found = places.flat_map(|(at, _)| {
        let after = at + form::FIELD.len();
        in_tag(text, at).map_or_else(|| following(&text[after..]), |value| vec![value])
    });
    found.map(cleaned).collect()
}

/// The value of the element whose name stands there: `<input name="SAMLResponse" value="…">`, or a text area.
fn in_tag(text: &str, at: usize) -> Option<&str> {
    let start = text[..at].rfind(['<', '>']).filter(|start| text[*start..].starts_with('<'))?;
    let end = text[at..].find('>').map_or(text.len(), |end| at + end);
    let (tag, content) = (&text[start..end], text[end..].strip_prefix('>').unwrap_or_default());
    if tag[1..].get(..8).is_some_and(|name| name.eq_ignore_ascii_case("textarea")) {
        return content.split('<').next();
    }
    let mut attributes = tag.match_indices("value").filter(|(at, _)| tag[..*at].ends_with(char::is_whitespace));
    attributes.find_map(|(at, name)| {
        let value = tag[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
        match value.chars().next().filter(|quote| "\"'".contains(*quote)) {
            Some(quote) => value[1..].split(quote).next(),
            None => value.split_whitespace().next(),
        }
    })
}

/// What follows a name and `=`, `:`, `"` or the end of a cell or line: to the closing quote where one opens, else to what no value holds. Of several
/// lines the first alone may be meant.
fn following(after: &str) -> Vec<&str> {
    let is_separator = |c: char| c.is_whitespace() || "\"'`\\=:,.()[]^".contains(c);
    let mut rest = after.trim_start_matches(is_separator);
    // `{"name": "SAMLResponse", "value": "…"}`, `form.SAMLResponse.value = "…"`
    if let Some(value) = rest.strip_prefix("value").filter(|value| value.starts_with(is_separator)) {
        rest = value.trim_start_matches(is_separator);
    }
    let separator = &after[..after.len() - rest.len()];
    if !separator.contains(['=', ':', '"', '\t', '\n']) {
        return vec![];
    }
    let quote = separator.chars().next_back().filter(|quote| "\"'`".contains(*quote));
    let is_end = |c: char| quote.map_or("&\"'`<>,;(){}[]|".contains(c), |quote| c == quote);
    let value = rest.split(is_end).next().unwrap_or_default();
    match value.split_once(['\r', '\n']) {
        Some((line, rest)) if quote.is_none() && !rest.trim().is_empty() => vec![value, line],
        _ => vec![value],
    }
}

/// Without the escapes of JSON, and those of the command line of Windows.
fn cleaned(value: &str) -> Zeroizing<String> {
    let value = value.trim_end_matches('\\');
    let plain = || Zeroizing::new(value.replace(['\\', '^'], ""));
    if !value.contains('\\') {
        return plain();
    }
    serde_json::from_str(&Zeroizing::new(format!("\"{value}\""))).map_or_else(|_| plain(), Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        values(text).iter().map(|value| value.to_string()).collect()
    }

    #[test]
    fn the_value_is_found_in_what_browsers_tools_copy() {
        for (text, value) in [
            ("SAMLResponse: PGE+", "PGE+"),
            ("RelayState:\nSAMLResponse:PGE+\n", "PGE+\n"),
            ("RelayState\t\nSAMLResponse\tPGE+", "PGE+"),
            ("{\"SAMLResponse\":\"PGE\\/\\u002b\"}", "PGE/+"),
            (r#"{"name":"SAMLResponse","value":"PGE%2B"}"#, "PGE%2B"),
            (r#""body": "{\"SAMLResponse\":\"PGE+\"}""#, "PGE+"),
            ("curl 'https://signin.aws.amazon.com/saml' --data-raw 'a=&SAMLResponse=PGE%2B&RelayState='", "PGE%2B"),
            ("curl ^\"https://x/saml^\" --data-raw ^\"SAMLResponse=PGE^%^2B^&RelayState=^\"", "PGE%2B"),
            ("https://signin.aws.amazon.com/saml?SAMLResponse=PGE%2B&RelayState=x", "PGE%2B"),
            ("fetch('x', {body: 'SAMLResponse=PGE%2B'})", "PGE%2B"),
            ("Content-Disposition: form-data; name=\"SAMLResponse\"\r\n\r\nPGE+", "PGE+"),
            ("<input type=hidden name=\"SAMLResponse\" value=\"PGE&#x2b;\"/>", "PGE&#x2b;"),
            ("<INPUT value='PGE+' data-value='x' NAME='SAMLResponse'>", "PGE+"),
            ("<input name=SAMLResponse value=PGE+ >", "PGE+"),
            ("<form action='/saml'><textarea id=x name=SAMLResponse>\nPGE+</textarea>", "\nPGE+"),
            ("<script>document.forms[0].SAMLResponse.value = \"PGE+\";</script>", "PGE+"),
        ] {
            assert_eq!(found(text), [value], "{text}");
        }
        assert_eq!(found("SAMLResponse=PGE+\nRelayState=\n"), ["PGE+\nRelayState=\n", "PGE+"]);
        for text in ["the SAMLResponse field", "SAMLResponses", "<input name=SAMLResponse>", "", "SAMLResponse"] {
            assert_eq!(found(text), <[&str; 0]>::default(), "{text}");
        }
        assert_eq!(found(&"SAMLResponse=x&".repeat(1000)).len(), MOST);
    }

    #[test]
    fn pages_and_pieces_of_them_are_told_from_documents() {
        for page in [
            "<!DOCTYPE html>",
            "<!-- x --><!doctype HTML PUBLIC 'a'><x>",
            "<?xml version='1.0'?>\n<!-- a > b -->\n<html xmlns='http://www.w3.org/1999/xhtml'>",
            "<FORM action='/'>",
            "<input type=hidden>",
            "<div id='x'>a</div><script>f()</script>",
            "<script>",
            "<body",
        ] {
            assert!(is_page(page), "{page}");
        }
        for other in
            ["<p:Response>", "<Response/>", "<?xml version='1.0'?><md:EntityDescriptor>", "<form:x/>", "<!--", ""]
        {
            assert!(!is_page(other), "{other}");
        }
    }
}
