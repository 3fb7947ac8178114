//! Who is let in. Pure: a request's head goes in, a yes or a refusal comes out.

use http::{
    Method, StatusCode,
    header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN},
    request::Parts,
};
use subtle::ConstantTimeEq as _;

use crate::secret::Secret;

/// What a request has to show.
pub(super) struct Door {
    /// The loopback address and port, as a client writes it into `Host`.
    pub(super) host: String,
    /// The path, which nobody can guess.
    pub(super) path: Secret,
    /// The token of the `Authorization` header.
    pub(super) token: Secret,
}

/// Why a request is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It was meant for another host: a browser whose DNS was rebound, or a proxy.
    Host,
    /// It comes out of a web page.
    Page,
    /// It is no `GET`.
    Method,
    /// There is nothing at its path.
    Path,
    /// It shows no token, or another one.
    Token,
}

impl Door {
    /// Whether this request may have the credentials.
    pub(super) fn admit(&self, request: &Parts) -> Result<(), Refusal> {
        let is_here = request.uri.authority().is_none() && request.uri.scheme().is_none();
        if !is_here || sole(&request.headers, &HOST) != Some(self.host.as_bytes()) {
            return Err(Refusal::Host);
        }
        if request.headers.contains_key(ORIGIN) {
            return Err(Refusal::Page);
        }
        if request.method != Method::GET {
            return Err(Refusal::Method);
        }
        let path = request.uri.path_and_query().map_or("", |path| path.as_str());
        if !is_same(path.as_bytes(), &self.path) {
            return Err(Refusal::Path);
        }
        if !sole(&request.headers, &AUTHORIZATION).is_some_and(|token| is_same(token, &self.token)) {
            return Err(Refusal::Token);
        }
        Ok(())
    }
}

impl Refusal {
    /// The status of the answer.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Page => StatusCode::FORBIDDEN,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Path => StatusCode::NOT_FOUND,
            Self::Token => StatusCode::UNAUTHORIZED,
        }
    }

    /// The `code` of the answer.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Host => "MisdirectedRequest",
            Self::Page => "Forbidden",
            Self::Method => "MethodNotAllowed",
            Self::Path => "NotFound",
            Self::Token => "Unauthorized",
        }
    }

    /// The `message` of the answer.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Host => "this is not the host that was asked for",
            Self::Page => "web pages are not answered",
            Self::Method => "only GET is answered",
            Self::Path => "there is nothing here",
            Self::Token => "the authorization token is missing or wrong",
        }
    }
}

/// The value of a header that is there exactly once.
fn sole<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then(|| first.as_bytes())
}

/// Compares in a time that tells nothing but whether the lengths differ, and those are known to all.
fn is_same(given: &[u8], secret: &Secret) -> bool {
    given.ct_eq(secret.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use proptest::prelude::*;

    use super::*;

    fn door() -> Door {
        Door { host: "127.0.0.1:4711".into(), path: Secret::new("/way"), token: Secret::new("token") }
    }

    /// What comes of a request with this head.
    fn answer(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        door().admit(&request.body(()).expect("a request").into_parts().0)
    }

    const GOOD: [(&str, &str); 2] = [("host", "127.0.0.1:4711"), ("authorization", "token")];

    #[test]
    fn who_shows_everything_is_let_in() {
        assert_eq!(answer("GET", "/way", &GOOD), Ok(()));
        assert_eq!(answer("GET", "/way", &[GOOD[0], GOOD[1], ("user-agent", "x")]), Ok(()));
    }

    #[test]
    fn everybody_else_is_turned_away() {
        for host in ["evil.test", "127.0.0.1", "127.0.0.1:4712", "localhost:4711", "[::1]:4711", ""] {
            assert_eq!(answer("GET", "/way", &[("host", host), GOOD[1]]), Err(Refusal::Host), "{host}");
        }
        assert_eq!(answer("GET", "/way", &GOOD[1..]), Err(Refusal::Host));
        assert_eq!(answer("GET", "/way", &[GOOD[0], GOOD[0], GOOD[1]]), Err(Refusal::Host));
        assert_eq!(answer("GET", "http://127.0.0.1:4711/way", &GOOD), Err(Refusal::Host));
        assert_eq!(answer("GET", "/way", &[GOOD[0], GOOD[1], ("origin", "null")]), Err(Refusal::Page));
        for method in ["HEAD", "POST", "PUT", "OPTIONS", "TRACE", "CONNECTED"] {
            assert_eq!(answer(method, "/way", &GOOD), Err(Refusal::Method), "{method}");
        }
        for target in ["/", "/wa", "/ways", "/way?", "/way/", "//way", "/WAY", "/w%61y", "*"] {
            assert_eq!(answer("GET", target, &GOOD), Err(Refusal::Path), "{target}");
        }
        for token in ["", "toke", "tokens", "TOKEN", "Bearer token", "Basic token"] {
            assert_eq!(answer("GET", "/way", &[GOOD[0], ("authorization", token)]), Err(Refusal::Token), "{token}");
        }
        assert_eq!(answer("GET", "/way", &GOOD[..1]), Err(Refusal::Token));
        assert_eq!(answer("GET", "/way", &[GOOD[0], GOOD[1], GOOD[1]]), Err(Refusal::Token));
    }

    proptest! {
        #[test]
        fn no_other_token_and_no_other_path_opens(token in "[!-~]{0,64}", path in "/[a-z?]{0,5}") {
            let opened = answer("GET", &path, &[GOOD[0], ("authorization", &token)]).is_ok();
            prop_assert_eq!(opened, token == "token" && path == "/way");
        }
    }
}
