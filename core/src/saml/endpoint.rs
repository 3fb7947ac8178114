//! Which URLs and names are AWS to an identity provider: sign-in endpoints, recipients and audiences, by partition.

use http::Uri;

use crate::session::Region;

/// The sign-in hosts; each also answers as `REGION.` + host.
///
/// Sources: AWS Sign-In endpoints, <https://docs.aws.amazon.com/general/latest/gr/signin-service.html>, and the endpoint
/// rules of the AWS SDKs' `signin` client, which name the hosts of every partition and GovCloud's FIPS one. In ISO-E an
/// assertion is sent to the console's host (AWS Landing Zone Accelerator sets `SAML:aud` to it).
const HOSTS: [(&str, &str); 10] = [
    ("signin.aws.amazon.com", "aws"),
    ("signin.amazonaws.cn", "aws-cn"),
    ("signin.amazonaws-us-gov.com", "aws-us-gov"),
    ("signin-fips.amazonaws-us-gov.com", "aws-us-gov"),
    ("signin.amazonaws-eusc.eu", "aws-eusc"),
    ("signin.c2shome.ic.gov", "aws-iso"),
    ("signin.sc2shome.sgov.gov", "aws-iso-b"),
    ("signin.csphome.adc-e.uk", "aws-iso-e"),
    ("console.csphome.adc-e.uk", "aws-iso-e"),
    ("signin.csphome.hci.ic.gov", "aws-iso-f"),
];

/// The entity id by which AWS calls itself in its metadata, <https://signin.aws.amazon.com/static/saml-metadata.xml>;
/// other partitions append a word to it.
const ENTITY_ID: &str = "urn:amazon:webservices";

/// Whom an `Audience` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// AWS, in this partition.
    Partition(&'static str),
    /// AWS, in a partition that the name does not tell.
    AnyPartition,
    /// Somebody else.
    Other,
}

/// Whether a URL is one to which an identity provider posts a SAML response for AWS.
pub fn is_sign_in(url: &str) -> bool {
    partition(url).is_some()
}

/// The partition whose sign-in endpoint a URL is: `aws`, `aws-cn` …; none where it is not a sign-in endpoint.
///
/// The URL is parsed, never searched: `https`, the default port, no user, a host of AWS's own with at most a region
/// before it, and the path `/saml` or `/saml/acs/ID` (the latter where assertions are encrypted). Scheme and host are
/// compared without case, the path with it (RFC 3986, section 6.2.2.1).
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>.
pub fn partition(url: &str) -> Option<&'static str> {
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority()?.as_str();
    if uri.scheme_str() != Some("https") || !is_sign_in_path(uri.path()) {
        return None;
    }
    // Taken apart by hand: `Authority::port` answers "none" for a port that it cannot read.
    let host = match authority.split_once(':') {
        Some((host, "" | "443")) => host,
        Some(_) => return None,
        None => authority,
    };
    host_partition(&host.to_ascii_lowercase())
}

/// The URL patterns with which Chromium's `Fetch.enable` pauses every request that [`is_sign_in`] or [`super::Elsewhere::of`] may
/// want to judge.
///
/// `*` stands for any text, as the DevTools protocol has it. They are wider than the judgement on purpose; Chromium
/// compares them with URLs that it has already normalised.
pub fn patterns() -> Vec<String> {
    let elsewhere = ["https://*/platform/saml/*", "https://*/saml2/idpresponse*"].map(str::to_owned);
    HOSTS.iter().map(|(host, _)| format!("https://*{host}/saml*")).chain(elsewhere).collect()
}

/// Whether a request to a sign-in endpoint carries a response in its address, where AWS does not look (SAML 2.0 bindings,
/// section 3.4: redirect binding).
pub fn is_response_in_address(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    is_sign_in(url) && form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == super::form::FIELD)
}

/// The URL that an identity provider's application for a partition is set up with.
pub(super) fn usual_url(partition: &str) -> String {
    let host = match partition {
        // The only partition whose sign-in has no address without a region.
        "aws-eusc" => "eusc-de-east-1.signin.amazonaws-eusc.eu",
        // The one that AWS's own tools set, although the partition has a sign-in host too.
        "aws-iso-e" => "console.csphome.adc-e.uk",
        _ => HOSTS.iter().find(|(_, of)| *of == partition).map_or(HOSTS[0].0, |(host, _)| host),
    };
    format!("https://{host}/saml")
}

/// Whom an `Audience` means: an entity id of AWS, or one of its sign-in URLs.
///
/// Sources: SAML 2.0 core, section 2.5.1.4; the entity ids in AWS's metadata (`urn:amazon:webservices`, `…:govcloud`,
/// `…:cn-north-1`). A word that is not known here is taken for a newer partition's, and left to STS.
pub(super) fn audience(text: &str) -> Audience {
    if let Some(partition) = partition(text) {
        return Audience::Partition(partition);
    }
    match text.strip_prefix(ENTITY_ID) {
        Some("") => Audience::AnyPartition,
        Some(":govcloud") => Audience::Partition("aws-us-gov"),
        Some(word) if word.starts_with(":cn-") => Audience::Partition("aws-cn"),
        Some(word) if word.starts_with(':') => Audience::AnyPartition,
        _ => Audience::Other,
    }
}

/// Whether a host is one of the sign-in hosts, with or without a region before it.
pub(super) fn is_sign_in_host(host: &str) -> bool {
    host_partition(host).is_some()
}

fn host_partition(host: &str) -> Option<&'static str> {
    HOSTS.iter().find_map(|(known, partition)| {
        let before = host.strip_suffix(known)?;
        let is_region = || before.strip_suffix('.').is_some_and(|region| Region::parse(region).is_ok());
        (before.is_empty() || is_region()).then_some(*partition)
    })
}

fn is_sign_in_path(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_part = |part: &str| !matches!(part, "" | "." | "..");
    path == "/saml" || path.strip_prefix("/saml/acs/").is_some_and(|id| id.split('/').all(is_part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::saml::Elsewhere;

    #[test]
    fn every_partition_and_region_is_recognised() {
        for (url, expected) in [
            ("https://signin.aws.amazon.com/saml", "aws"),
            ("https://signin.aws.amazon.com/saml/", "aws"),
            ("https://signin.aws.amazon.com:443/saml", "aws"),
            ("https://signin.aws.amazon.com:/saml", "aws"),
            ("HTTPS://SignIn.AWS.Amazon.com/saml", "aws"),
            ("https://signin.aws.amazon.com/saml?x=/y", "aws"),
            ("https://signin.aws.amazon.com/saml#2", "aws"),
            ("https://us-east-2.signin.aws.amazon.com/saml", "aws"),
            ("https://ap-southeast-5.signin.aws.amazon.com/saml/acs/SAMLSPEXAMPLE", "aws"),
            ("https://eu-west-1.signin.aws.amazon.com/saml/acs/SAMLSPEXAMPLE/", "aws"),
            ("https://signin.amazonaws.cn/saml", "aws-cn"),
            ("https://cn-northwest-1.signin.amazonaws.cn/saml", "aws-cn"),
            ("https://signin.amazonaws-us-gov.com/saml", "aws-us-gov"),
            ("https://us-gov-east-1.signin.amazonaws-us-gov.com/saml", "aws-us-gov"),
            ("https://signin-fips.amazonaws-us-gov.com/saml", "aws-us-gov"),
            ("https://eusc-de-east-1.signin.amazonaws-eusc.eu/saml", "aws-eusc"),
            ("https://signin.c2shome.ic.gov/saml", "aws-iso"),
            ("https://signin.sc2shome.sgov.gov/saml", "aws-iso-b"),
            ("https://us-isob-east-1.signin.sc2shome.sgov.gov/saml", "aws-iso-b"),
            ("https://signin.csphome.adc-e.uk/saml", "aws-iso-e"),
            ("https://console.csphome.adc-e.uk/saml", "aws-iso-e"),
            ("https://signin.csphome.hci.ic.gov/saml", "aws-iso-f"),
        ] {
            assert_eq!(partition(url), Some(expected), "{url}");
        }
    }

    #[test]
    fn a_url_that_merely_looks_like_it_is_not_a_sign_in() {
        for url in [
            "",
            "/saml",
            "signin.aws.amazon.com/saml",
            "http://signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com",
            "https://signin.aws.amazon.com/",
            "https://signin.aws.amazon.com/samlfoo",
            "https://signin.aws.amazon.com/SAML",
            "https://signin.aws.amazon.com/saml//",
            "https://signin.aws.amazon.com//saml",
            "https://signin.aws.amazon.com/saml/acs",
            "https://signin.aws.amazon.com/saml/acs/",
            "https://signin.aws.amazon.com/saml/acs/..",
            "https://signin.aws.amazon.com/saml/acs//x",
            "https://signin.aws.amazon.com/saml/other",
            "https://signin.aws.amazon.com/saml%2Facs/x",
            "https://signin.aws.amazon.com/oauth?x=/saml",
            "https://signin.aws.amazon.com:8443/saml",
            "https://signin.aws.amazon.com:99999/saml",
            "https://signin.aws.amazon.com:443:443/saml",
            "https://u@signin.aws.amazon.com/saml",
            "https://u:443@signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com@evil.example/saml",
            "https://signin.aws.amazon.com:443@evil.example/saml",
            "https://signin.aws.amazon.com\\@evil.example/saml",
            "https://signin.aws.amazon.com.evil.example/saml",
            "https://signin.aws.amazon.com./saml",
            "https://evilsignin.aws.amazon.com/saml",
            "https://evil.signin.aws.amazon.com/saml",
            "https://a.us-east-1.signin.aws.amazon.com/saml",
            "https://.signin.aws.amazon.com/saml",
            "https://signinXaws.amazon.com/saml",
            "https://evil.example/https://signin.aws.amazon.com/saml",
            "https://evil.example/?to=https://signin.aws.amazon.com/saml",
            "https://evil.example/#https://signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com /saml",
            " https://signin.aws.amazon.com/saml",
            "https://us-east-1.signin.aws.amazon.com/platform/saml/d-1234567890",
        ] {
            assert!(!is_sign_in(url), "{url:?}");
        }
    }

    #[test]
    fn audiences() {
        for (text, expected) in [
            ("urn:amazon:webservices", Audience::AnyPartition),
            ("urn:amazon:webservices:govcloud", Audience::Partition("aws-us-gov")),
            ("urn:amazon:webservices:cn-north-1", Audience::Partition("aws-cn")),
            ("urn:amazon:webservices:new", Audience::AnyPartition),
            ("https://signin.aws.amazon.com/saml", Audience::Partition("aws")),
            ("https://signin.aws.amazon.com/saml#2", Audience::Partition("aws")),
            ("https://eu-west-1.signin.aws.amazon.com/saml/acs/SAMLSPEXAMPLE", Audience::Partition("aws")),
            ("https://console.csphome.adc-e.uk/saml", Audience::Partition("aws-iso-e")),
            ("urn:amazon:webservicesX", Audience::Other),
            ("urn:amazon:webservicescn-north-1", Audience::Other),
            ("urn:amazon:cognito:sp:eu-west-1_x", Audience::Other),
            ("https://example.org/", Audience::Other),
            ("", Audience::Other),
        ] {
            assert_eq!(audience(text), expected, "{text}");
        }
    }

    #[test]
    fn a_response_in_an_address_is_known() {
        for (url, is) in [
            ("https://signin.aws.amazon.com/saml?SAMLResponse=x", true),
            ("https://signin.aws.amazon.com/saml?RelayState=&SAML%52esponse=", true),
            ("https://signin.aws.amazon.com/saml", false),
            ("https://signin.aws.amazon.com/saml?x=SAMLResponse", false),
            ("https://signin.aws.amazon.com/oauth?SAMLResponse=x", false),
            ("https://sp.example/saml?SAMLResponse=x", false),
        ] {
            assert_eq!(is_response_in_address(url), is, "{url}");
        }
    }

    #[test]
    fn whatever_ends_elsewhere_would_have_been_paused() {
        for url in [
            "https://eu-west-1.signin.aws.amazon.com/platform/saml/acs/x",
            "https://us-west-2.sso.signin.aws/platform/saml/acs/x",
            "https://acme.auth.eu-west-1.amazoncognito.com/saml2/idpresponse",
        ] {
            assert!(Elsewhere::of(url).is_some() && patterns().iter().any(|pattern| matches(pattern, url)), "{url}");
        }
    }

    #[test]
    fn the_usual_url_of_a_partition_is_one_of_its_own() {
        for (_, of) in HOSTS {
            assert_eq!(partition(&usual_url(of)), Some(of));
        }
    }

    /// Chromium's own matching: `*` any text, `?` one character.
    fn matches(pattern: &str, url: &str) -> bool {
        let parts: Vec<&str> = pattern.split('*').collect();
        let [first, middle, last] = parts.as_slice() else { return pattern == url };
        last.is_empty() && url.strip_prefix(first).is_some_and(|rest| rest.contains(middle))
    }

    proptest! {
        #[test]
        fn whatever_is_a_sign_in_would_have_been_paused(
            region in "([a-z]{2,4}(-[a-z]{1,9}){1,2}-[1-9]\\.)?", host in 0..HOSTS.len(),
            path in "/saml(/acs/[A-Za-z0-9_-]{1,12})?/?(\\?[a-z=&]{0,8})?",
        ) {
            let url = format!("https://{region}{}{path}", HOSTS[host].0);
            prop_assert_eq!(partition(&url), Some(HOSTS[host].1), "{}", url);
            prop_assert!(patterns().iter().any(|pattern| matches(pattern, &url)), "{}", url);
        }

        #[test]
        fn judging_never_panics(url in ".*") {
            let _ = (is_sign_in(&url), audience(&url), Elsewhere::of(&url), is_response_in_address(&url));
        }
    }
}
