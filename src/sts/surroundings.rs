//! What the environment says of the way to STS, judged before anything goes out or anybody is asked.
//!
//! What cannot be understood is an error: passed over, it would send an assertion elsewhere than the person said.

use std::{ffi::OsStr, net::IpAddr};

use http::{Uri, uri::Scheme};
use hyper_util::client::proxy::matcher::Matcher;

use super::{way::Way, without_user};
use crate::{
    context::Context,
    error::{Error, Result},
    session::Region,
};

/// The endpoint that the environment names in place of AWS's own.
///
/// # Errors
/// Where it is no URL, or one that would carry assertions and credentials in the clear.
pub(super) fn endpoint(context: &Context) -> Result<Option<&str>> {
    let Some((name, value)) = named_endpoint(context) else { return Ok(None) };
    let cannot = |why: &str| Error::usage(format!("cannot ask STS where {name} says")).because(why);
    let no_url = || cannot("it is not a URL such as https://sts.eu-west-1.amazonaws.com");
    let (url, uri) = value.to_str().and_then(|text| Some((text, text.parse::<Uri>().ok()?))).ok_or_else(no_url)?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(no_url)?;
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => Ok(Some(url)),
        Some(scheme) if *scheme == Scheme::HTTP && is_loopback(host) => Ok(Some(url)),
        Some(scheme) if *scheme == Scheme::HTTP => Err(cannot(
            "without TLS anybody on the way to it could read the assertion, and the credentials that come back",
        )
        .hint("name it with https:// (AWS_CA_BUNDLE takes a certificate of its own), or one on this machine: http://localhost:PORT")),
        _ => Err(no_url()),
    }
}

/// What the environment says of the way to the STS of a region, for messages.
pub(super) fn way(context: &Context, region: &Region) -> Way {
    let url = match endpoint(context) {
        Ok(Some(url)) => url.to_owned(),
        _ => format!("https://sts.{region}.amazonaws.com"),
    };
    let has_bundle = context.environment().get_os("AWS_CA_BUNDLE").is_some();
    Way { endpoint: named_endpoint(context).map(|(name, _)| name), proxy: proxy(context, &url), has_bundle }
}

/// The variable that names an endpoint, and what it names.
fn named_endpoint(context: &Context) -> Option<(&'static str, &OsStr)> {
    first(context, &["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]).filter(|_| !ignores_named_endpoints(context))
}

/// Whether endpoints that variables name are passed over ("Service-specific endpoints", AWS SDKs and Tools Reference
/// Guide).
pub(crate) fn ignores_named_endpoints(context: &Context) -> bool {
    is_true(context, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
}

/// Where the SDK walks a profile it goes by the variables of endpoints, and by none that has them passed over.
///
/// # Errors
/// Where it would ask elsewhere than the person said.
pub(super) fn check_endpoints_of_sdk(context: &Context) -> Result<()> {
    let names = context.environment().names_starting_with(&["AWS_ENDPOINT_URL"]);
    let Some(name) = names.first().filter(|_| ignores_named_endpoints(context)) else { return Ok(()) };
    Err(Error::usage("cannot pass over configured endpoints for a profile that takes calls of AWS")
        .because("there the AWS SDK does not know AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        .hint(format!("go without: unset {}", name.display())))
}

/// Whether a variable says `true`, as the AWS SDKs read it: in any case.
pub(super) fn is_true(context: &Context, variable: &str) -> bool {
    context.var(variable).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The variable that names the proxy on the way to a URL, and the proxy; none where the HTTP client takes none.
fn proxy(context: &Context, url: &str) -> Option<(&'static str, String)> {
    let (name, value) = named_proxy(context, url)?;
    let not_for = first(context, &["NO_PROXY", "no_proxy"]).and_then(|(_, hosts)| hosts.to_str());
    let matcher = Matcher::builder().all(value.to_str()?).no(not_for.unwrap_or_default()).build();
    let taken = matcher.intercept(&url.parse().ok()?)?;
    Some((name, without_user(&taken.uri().to_string())))
}

fn named_proxy<'a>(context: &'a Context, url: &str) -> Option<(&'static str, &'a OsStr)> {
    let own = if url.starts_with("http://") { ["HTTP_PROXY", "http_proxy"] } else { ["HTTPS_PROXY", "https_proxy"] };
    first(context, &[own[0], own[1], "ALL_PROXY", "all_proxy"])
}

/// The proxy, as the HTTP client reads it by itself (`hyper-util`, `client::proxy::matcher`): it passes over what it does
/// not understand, and goes without.
///
/// # Errors
/// Where it would.
pub(super) fn check_proxy(context: &Context) -> Result<()> {
    let Some((name, value)) = named_proxy(context, endpoint(context)?.unwrap_or_default()) else { return Ok(()) };
    if value.to_str().is_some_and(is_proxy) {
        return Ok(());
    }
    // A password may be in it: the value is not shown.
    Err(Error::usage(format!("cannot use the proxy of {name}"))
        .because("it is not a URL such as http://proxy.example.org:3128")
        .hint(format!("correct it, or go without: unset {name}")))
}

fn is_proxy(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let is_http = uri.scheme().is_none_or(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS);
    let (host, authority) = (uri.host().unwrap_or_default(), uri.authority().map_or("", |it| it.as_str()));
    // To this parser a port that is no number is none.
    let has_odd_port = !authority.ends_with(host) && uri.port_u16().is_none();
    is_http && !host.is_empty() && !has_odd_port
}

/// Whether what goes to a host stays on this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The first of the variables that is set, whether it is Unicode or not.
fn first<'a>(context: &'a Context, names: &[&'static str]) -> Option<(&'static str, &'a OsStr)> {
    names.iter().find_map(|name| Some((*name, context.environment().get_os(name)?)))
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::context::Environment;

    fn context(variables: &[(&str, &str)]) -> Context {
        let home = [("HOME", "/nonexistent")];
        let all = home.into_iter().chain(variables.iter().copied());
        Context::for_tests(Environment::of(all), || OffsetDateTime::UNIX_EPOCH)
    }

    #[test]
    fn an_endpoint_is_a_url_that_nobody_listens_to() {
        let endpoint = |url| endpoint(&context(&[("AWS_ENDPOINT_URL", url)])).map(|url| url.map(str::to_owned));
        for good in [
            "https://sts.example.org/x",
            "http://127.0.0.1:1/t",
            "http://127.9.9.9",
            "http://[::1]:1",
            "http://LocalHost:1",
        ] {
            assert_eq!(endpoint(good).expect(good).as_deref(), Some(good));
        }
        assert_eq!(endpoint("").expect("none"), None);
        for clear in
            ["http://sts.example.org", "http://10.0.0.1:80", "http://localhost.example.org", "http://x@10.0.0.1"]
        {
            assert!(endpoint(clear).expect_err(clear).sentence().contains("without TLS"), "{clear}");
        }
        for bad in ["sts.example.org", "localhost:4566", "ftp://x", "https://", "/x", "https://a b"] {
            assert!(endpoint(bad).expect_err(bad).sentence().contains("not a URL"), "{bad}");
        }
    }

    #[test]
    fn a_proxy_that_would_be_passed_over_is_an_error() {
        let check = |variables: &[(&str, &str)]| check_proxy(&context(variables));
        for good in ["http://p:1", "https://user:word@p", "p:3128", "http://p:1/"] {
            check(&[("HTTPS_PROXY", good)]).expect(good);
        }
        for bad in ["http//p:1", "http://", "socks5://p:1", "http://p:x", "http://a b:1"] {
            assert!(check(&[("https_proxy", bad)]).is_err(), "{bad}");
        }
        let error = check(&[("HTTPS_PROXY", "http//user:hush@p")]).expect_err("no URL");
        assert!(!error.to_string().contains("hush"), "{error}");
        check(&[("HTTPS_PROXY", "p:1"), ("ALL_PROXY", "socks5://p:1"), ("HTTP_PROXY", "::")]).expect("not in force");
        assert!(check(&[("ALL_PROXY", "socks5://p:1")]).is_err());
        assert!(check(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("HTTP_PROXY", "::")]).is_err());
    }

    #[test]
    fn the_way_names_what_leads_along_it_and_no_password() {
        let region = Region::parse("eu-west-1").expect("valid");
        let of = |variables: &[(&str, &str)]| {
            let way = way(&context(variables), &region);
            (way.endpoint, way.proxy.map(|(name, proxy)| format!("{name} {proxy}")))
        };
        assert_eq!(of(&[]), (None, None));
        let proxy = ("https_proxy", "http://bob:hush@proxy.example.org:3128");
        assert_eq!(of(&[proxy]), (None, Some("https_proxy http://proxy.example.org:3128/".into())));
        assert_eq!(of(&[proxy, ("NO_PROXY", "x.org, .amazonaws.com")]), (None, None));
        assert_eq!(of(&[("HTTP_PROXY", "p:1")]), (None, None), "that one is for http");
        let plain = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        assert_eq!(
            of(&[plain, ("HTTP_PROXY", "p:1"), proxy]),
            (Some("AWS_ENDPOINT_URL"), Some("HTTP_PROXY http://p:1/".into()))
        );
        let ignores = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True");
        assert_eq!(of(&[plain, ignores]), (None, None));
        assert_eq!(endpoint(&context(&[plain, ignores])).expect("fine"), None);
        assert!(check_endpoints_of_sdk(&context(&[plain, ignores])).is_err());
        check_endpoints_of_sdk(&context(&[ignores])).expect("nothing to pass over");
        check_endpoints_of_sdk(&context(&[plain])).expect("nothing is passed over");
    }
}
