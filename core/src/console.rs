//! The AWS console: which addresses a sign-in to it has. Pure; whatever holds a secret is a [`Secret`].
//!
//! Source of the protocol: "Enable custom identity broker access to the AWS console", IAM User Guide,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html>.

use std::time::Duration;

use form_urlencoded::Serializer;
use http::Uri;
use serde_json::json;

use crate::{
    credentials::Credentials,
    secret::Secret,
    session::{Invalid, Region, Session, Source},
};

/// A partition's hosts.
struct Hosts {
    partition: &'static str,
    sign_in: &'static str,
    console: &'static str,
    /// Which regions have hosts of their own.
    regional: Regional,
}

/// Which of a partition's regions are put before its hosts.
enum Regional {
    /// All but this one, whose host is the partition's own.
    AllBut(&'static str),
    /// Every one.
    All,
    /// None that is documented.
    None,
}

/// Sources: AWS Sign-In endpoints, <https://docs.aws.amazon.com/general/latest/gr/signin-service.html>, and the
/// endpoint rules of the AWS SDKs' `signin` client; the consoles' hosts from the same domains.
const HOSTS: [Hosts; 8] = [
    Hosts {
        partition: "aws",
        sign_in: "signin.aws.amazon.com",
        console: "console.aws.amazon.com",
        regional: Regional::AllBut("us-east-1"),
    },
    Hosts {
        partition: "aws-cn",
        sign_in: "signin.amazonaws.cn",
        console: "console.amazonaws.cn",
        regional: Regional::AllBut("cn-north-1"),
    },
    Hosts {
        partition: "aws-us-gov",
        sign_in: "signin.amazonaws-us-gov.com",
        console: "console.amazonaws-us-gov.com",
        regional: Regional::AllBut("us-gov-west-1"),
    },
    Hosts {
        partition: "aws-eusc",
        sign_in: "signin.amazonaws-eusc.eu",
        console: "console.amazonaws-eusc.eu",
        regional: Regional::All,
    },
    Hosts {
        partition: "aws-iso",
        sign_in: "signin.c2shome.ic.gov",
        console: "console.c2shome.ic.gov",
        regional: Regional::None,
    },
    Hosts {
        partition: "aws-iso-b",
        sign_in: "signin.sc2shome.sgov.gov",
        console: "console.sc2shome.sgov.gov",
        regional: Regional::None,
    },
    Hosts {
        partition: "aws-iso-e",
        sign_in: "signin.csphome.adc-e.uk",
        console: "console.csphome.adc-e.uk",
        regional: Regional::None,
    },
    Hosts {
        partition: "aws-iso-f",
        sign_in: "signin.csphome.hci.ic.gov",
        console: "console.csphome.hci.ic.gov",
        regional: Regional::None,
    },
];

/// Services whose page is not `SERVICE/home`.
const PAGES: [(&str, &str); 11] = [
    ("apigateway", "apigateway/main"),
    ("cloudtrail", "cloudtrailv2/home"),
    ("dynamodb", "dynamodbv2/home"),
    ("ecr", "ecr/repositories"),
    ("ecs", "ecs/v2"),
    ("route53", "route53/v2/home"),
    ("sns", "sns/v3/home"),
    ("sqs", "sqs/v3/home"),
    ("ssm", "systems-manager/home"),
    ("stepfunctions", "states/home"),
    ("vpc", "vpcconsole/home"),
];

/// How long a session of the console may last (`SessionDuration`): 15 minutes to 12 hours.
const BOUNDS: std::ops::RangeInclusive<u64> = 900..=43200;

/// The federation endpoint for a region.
pub fn federation_endpoint(region: &Region) -> String {
    let hosts = hosts(region);
    format!("https://{}/federation", regional(hosts, hosts.sign_in, region))
}

/// A page of the console: that of a service, else the first one.
///
/// # Errors
/// Where it is no word of the console's addresses.
pub fn page(region: &Region, service: Option<&str>) -> Result<String, Invalid> {
    let service = service.unwrap_or("console");
    let is_word = service.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if service.is_empty() || service.len() > 64 || !is_word {
        return Err("a service is a word of the console's addresses, such as `s3`, `ec2` or `lambda`".into());
    }
    let path = PAGES.iter().find(|(name, _)| *name == service).map(|(_, path)| (*path).to_owned());
    let path = path.unwrap_or_else(|| format!("{service}/home"));
    let hosts = hosts(region);
    Ok(format!("https://{}/{path}?region={region}", regional(hosts, hosts.console, region)))
}

/// A page of the console that the person names: AWS refuses any other, and a mistyped host would be told who signs in.
///
/// # Errors
/// Where it is no page of the console in the region's partition.
pub fn named_page(region: &Region, url: &str) -> Result<String, Invalid> {
    let console = hosts(region).console;
    let not_there = || format!("`{url}` is no page of the console in {}: https://…{console}/…", region.partition());
    let address = url.split('#').next().unwrap_or_default();
    let uri: Uri = address.parse().map_err(|_| not_there())?;
    let host = uri.authority().map(|authority| authority.as_str().to_ascii_lowercase()).unwrap_or_default();
    // Services such as QuickSight have consoles beside it, in the same domain.
    let domain = console.strip_prefix("console").unwrap_or(console);
    let is_there = host == console || (host.ends_with(domain) && !host.contains(['@', ':']));
    let is_plain = url.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    if uri.scheme_str() == Some("https") && is_there && is_plain { Ok(url.to_owned()) } else { Err(not_there()) }
}

/// The request for a sign-in token. A chained session, whose credentials were had with another role's, may not say how
/// long the console's session shall last.
pub fn token_request(endpoint: &str, credentials: &Credentials, duration: Option<u64>) -> Secret {
    let session = json!({
        "sessionId": credentials.access_key_id,
        "sessionKey": credentials.secret_access_key.expose(),
        "sessionToken": credentials.session_token.as_ref().map(Secret::expose),
    });
    let mut query = query_of(endpoint);
    query.append_pair("Action", "getSigninToken");
    if let Some(seconds) = duration {
        query.append_pair("SessionDuration", &seconds.to_string());
    }
    Secret::new(query.append_pair("Session", &session.to_string()).finish())
}

/// How long the console's session is asked to last, in seconds: as long as the role let these credentials last. Their
/// issue was noted by this machine's clock, so that it is rounded to what a person would have asked for.
pub fn session_duration(session: &Session, lifetime: Option<Duration>) -> Option<u64> {
    match session.source {
        // A profile may be chained too.
        Source::Chained(_) | Source::Profile(_) => None,
        Source::Federated(_) => {
            let quarters = (lifetime?.as_secs() + 450) / 900;
            Some(quarters * 900).filter(|seconds| BOUNDS.contains(seconds))
        }
    }
}

/// The token in an answer of the federation endpoint.
pub fn token(answer: &[u8]) -> Option<Secret> {
    #[derive(serde::Deserialize)]
    struct Answer {
        #[serde(rename = "SigninToken")]
        token: String,
    }
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    (!answer.token.is_empty()).then(|| Secret::new(answer.token))
}

/// The address that signs in to the console: whoever has it is signed in, for 15 minutes.
pub fn sign_in_url(endpoint: &str, token: &Secret, destination: &str) -> Secret {
    let mut query = query_of(endpoint);
    query.append_pair("Action", "login").append_pair("Issuer", "leapp").append_pair("Destination", destination);
    Secret::new(query.append_pair("SigninToken", token.expose()).finish())
}

fn query_of(endpoint: &str) -> Serializer<'static, String> {
    Serializer::for_suffix(format!("{endpoint}?"), endpoint.len() + 1)
}

fn hosts(region: &Region) -> &'static Hosts {
    HOSTS.iter().find(|hosts| hosts.partition == region.partition()).unwrap_or(&HOSTS[0])
}

fn regional(hosts: &Hosts, host: &str, region: &Region) -> String {
    match hosts.regional {
        Regional::AllBut(home) if region.as_str() == home => host.to_owned(),
        Regional::None => host.to_owned(),
        Regional::AllBut(_) | Regional::All => format!("{region}.{host}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::OffsetDateTime;

    use super::*;
    use crate::saml::endpoint;

    fn region(name: &str) -> Region {
        Region::parse(name).expect(name)
    }

    const REGIONS: [&str; 11] = [
        "us-east-1",
        "eu-west-1",
        "cn-north-1",
        "cn-northwest-1",
        "us-gov-west-1",
        "us-gov-east-1",
        "eusc-de-east-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "eu-isoe-west-1",
        "us-isof-south-1",
    ];

    #[test]
    fn every_region_has_the_host_of_its_partition() {
        let endpoint = |name: &str| federation_endpoint(&region(name));
        assert_eq!(endpoint("us-east-1"), "https://signin.aws.amazon.com/federation");
        assert_eq!(endpoint("eu-west-1"), "https://eu-west-1.signin.aws.amazon.com/federation");
        assert_eq!(endpoint("cn-northwest-1"), "https://cn-northwest-1.signin.amazonaws.cn/federation");
        assert_eq!(endpoint("us-gov-west-1"), "https://signin.amazonaws-us-gov.com/federation");
        assert_eq!(endpoint("eusc-de-east-1"), "https://eusc-de-east-1.signin.amazonaws-eusc.eu/federation");
        assert_eq!(endpoint("us-iso-east-1"), "https://signin.c2shome.ic.gov/federation");
        for name in REGIONS {
            // The same hosts take SAML responses.
            let saml = endpoint(name).replace("/federation", "/saml");
            assert_eq!(endpoint::partition(&saml), Some(region(name).partition()), "{name}");
        }
    }

    #[test]
    fn a_service_has_its_page() {
        let page = |name: &str, service| page(&region(name), service);
        assert_eq!(
            page("eu-west-1", None).as_deref(),
            Ok("https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1")
        );
        assert_eq!(
            page("us-east-1", Some("s3")).as_deref(),
            Ok("https://console.aws.amazon.com/s3/home?region=us-east-1")
        );
        assert_eq!(
            page("cn-north-1", Some("sqs")).as_deref(),
            Ok("https://console.amazonaws.cn/sqs/v3/home?region=cn-north-1")
        );
        for bad in ["", "S3", "s3/../x", "s3?x", "a b", "é", &"x".repeat(65)] {
            assert!(page("eu-west-1", Some(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_named_page_is_one_of_the_console() {
        for good in [
            "https://console.aws.amazon.com/",
            "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:state=running",
            "https://s3.console.aws.amazon.com/s3/buckets/x",
            "https://eu-west-1.quicksight.aws.amazon.com/sn/start",
            "https://CONSOLE.aws.amazon.com/x",
        ] {
            assert_eq!(named_page(&region("eu-west-1"), good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "s3",
            "http://console.aws.amazon.com/",
            "https://console.aws.amazon.com.evil.example/",
            "https://evilaws.amazon.com/",
            "https://evil.example/?https://console.aws.amazon.com/",
            "https://evil.example/#.aws.amazon.com",
            "https://u@console.aws.amazon.com/",
            "https://console.aws.amazon.com:8443/",
            "https://evil.example\\.aws.amazon.com/",
            "https://console.amazonaws.cn/",
            "https://console.aws.amazon.com/ x",
            "javascript:alert(1)",
        ] {
            assert!(named_page(&region("eu-west-1"), bad).is_err(), "{bad}");
        }
        assert!(named_page(&region("cn-north-1"), "https://console.amazonaws.cn/x").is_ok());
    }

    fn credentials(secret: &str, token: &str) -> Credentials {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
        Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new(secret),
            session_token: Some(Secret::new(token)),
            expiration: Some(at(2000)),
            issued: at(1000),
            arn: "arn:aws:sts::111122223333:assumed-role/Admin/alice".into(),
        }
    }

    #[test]
    fn an_answer_is_read() {
        assert_eq!(token(br#"{"SigninToken":"a+b"}"#), Some(Secret::new("a+b")));
        for other in [&b""[..], b"{}", b"[]", b"<html>", br#"{"SigninToken":""}"#, br#"{"SigninToken":1}"#] {
            assert_eq!(token(other), None);
        }
    }

    #[test]
    fn only_who_is_not_chained_says_how_long() {
        let config = crate::config::Config::parse(
            "c",
            "[sessions.corp]\nkind = \"federated\"\nsaml_url = \"https://acme.okta.com/x\"\n\
             idp_arn = \"arn:aws:iam::111122223333:saml-provider/okta\"\nrole_arn = \"arn:aws:iam::111122223333:role/Admin\"\n\
             [sessions.prod]\nkind = \"chained\"\nassumer = \"corp\"\nrole_arn = \"arn:aws:iam::444455556666:role/D\"\n",
        )
        .expect("valid");
        let of =
            |name, seconds| session_duration(config.session(name).expect(name), Some(Duration::from_secs(seconds)));
        assert_eq!(of("corp", 3598), Some(3600));
        assert_eq!(of("corp", 3602), Some(3600));
        assert_eq!(of("corp", 14_400), Some(14_400));
        assert_eq!(of("corp", 43_200), Some(43_200));
        assert_eq!(of("corp", 60), None);
        assert_eq!(of("corp", 50_000), None);
        assert_eq!(of("prod", 3600), None);
    }

    proptest! {
        #[test]
        fn every_value_comes_through_whole(secret in "[ -~é]{1,40}", token in "[ -~]{1,40}", seconds in 900_u64..43200) {
            let request = token_request("https://h/federation", &credentials(&secret, &token), Some(seconds));
            let query = request.expose().strip_prefix("https://h/federation?").expect("a query");
            let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            prop_assert_eq!(&pairs[0], &("Action".to_owned(), "getSigninToken".to_owned()));
            prop_assert_eq!(&pairs[1], &("SessionDuration".to_owned(), seconds.to_string()));
            let session: serde_json::Value = serde_json::from_str(&pairs[2].1).expect("JSON");
            prop_assert_eq!(&session["sessionKey"], &serde_json::json!(secret));
            prop_assert_eq!(&session["sessionToken"], &serde_json::json!(token));
            prop_assert_eq!(pairs.len(), 3);
            let url = sign_in_url("https://h/federation", &Secret::new(token.as_str()), "https://c/?a=b&c=d#e");
            let pairs: Vec<_> = form_urlencoded::parse(url.expose().split_once('?').expect("?").1.as_bytes()).into_owned().collect();
            prop_assert_eq!(&pairs[2].1, "https://c/?a=b&c=d#e");
            prop_assert_eq!(&pairs[3].1, &token);
            prop_assert_eq!(pairs.len(), 4);
            prop_assert!(url.expose().parse::<Uri>().is_ok() && request.expose().parse::<Uri>().is_ok());
        }

        #[test]
        fn judging_never_panics(url in ".*") {
            let _ = (named_page(&region("eu-west-1"), &url), page(&region("eu-west-1"), Some(&url)), token(url.as_bytes()));
        }
    }
}
