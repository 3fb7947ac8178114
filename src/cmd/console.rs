//! `leapp console`: the AWS console as a session.

use http::Uri;

use super::choose;
use crate::{
    broker::{Broker, Options},
    browser::{self, Opening},
    cli::Console,
    config::{Config, HeadlessMode},
    config_file, console,
    context::Context,
    credentials::Credentials,
    error::{Error, Result},
    owned_by_session,
    secret::Secret,
    session::{Region, RoleArn, Session},
    sts,
};

/// The largest answer of the federation endpoint that is read; a token has some 700 characters.
const MAX_ANSWER: usize = 64 << 10;

/// Signs in to the console, and opens it or prints the way.
pub(super) fn run(context: &Context, arguments: &Console) -> Result<()> {
    let config = config_file::load(context)?;
    let session = choose::session(context, &config, arguments.session.as_deref())?;
    let broker = Broker::new(context, &config, Options::default());
    let home = || session.role_arn().map_or_else(Region::default, RoleArn::home_region);
    let region = broker.region(session).unwrap_or_else(home);
    let destination = destination(&region, arguments)?;
    let endpoint = endpoint(context, &region)?;
    let credentials = broker.credentials(session)?;
    if credentials.session_token.is_none() {
        return Err(Error::new(format!("cannot sign in to the console as `{}`", session.alias))
            .because("AWS takes temporary credentials alone, and these are long-term keys")
            .hint("add a chained session that starts from it"));
    }
    let token = token(context, &config, session, &endpoint, &credentials)?;
    let url = console::sign_in_url(&endpoint, &token, &destination);
    if arguments.print {
        return context.print(&format!("{}\n", url.expose()));
    }
    open(context, &config, session, arguments, &url)?;
    let account = session.role_arn().map_or_else(String::new, |role| format!(" (account {})", role.account()));
    context.say(format!("opened the console of `{}`{account}", session.alias));
    Ok(())
}

fn destination(region: &Region, arguments: &Console) -> Result<String> {
    let (option, page) = match &arguments.url {
        Some(url) => ("--url", console::named_page(region, url)),
        None => ("--service", console::page(region, arguments.service.as_deref())),
    };
    page.map_err(|why| Error::usage(format!("cannot take {option}")).because(why))
}

/// The federation endpoint: AWS's own, or the one that AWS_ENDPOINT_URL_SIGNIN names, by which the AWS SDKs know the
/// service ("Service-specific endpoints", AWS SDKs and Tools Reference Guide). It is told the credentials themselves,
/// where STS sees signatures: AWS_ENDPOINT_URL, which is set for emulators of other services, does not count, and
/// nothing goes over a network in the clear.
fn endpoint(context: &Context, region: &Region) -> Result<String> {
    let named = context.var("AWS_ENDPOINT_URL_SIGNIN").filter(|_| !sts::ignores_named_endpoints(context));
    let Some(named) = named else { return Ok(console::federation_endpoint(region)) };
    let is_loopback = |uri: &Uri| uri.host().is_some_and(|host| ["127.0.0.1", "[::1]", "localhost"].contains(&host));
    let is_safe = named.parse::<Uri>().is_ok_and(|uri| match uri.scheme_str() {
        Some("https") => uri.host().is_some(),
        Some("http") => is_loopback(&uri),
        _ => false,
    });
    if is_safe && !named.contains(['?', '#']) {
        return Ok(format!("{}/federation", named.trim_end_matches('/')));
    }
    Err(Error::usage("cannot use AWS_ENDPOINT_URL_SIGNIN")
        .because("credentials go only to an https URL, or to http on a loopback address"))
}

/// A sign-in token for the session's credentials.
fn token(
    context: &Context,
    config: &Config,
    session: &Session,
    endpoint: &str,
    credentials: &Credentials,
) -> Result<Secret> {
    let cannot = || Error::new(format!("cannot sign in to the console as `{}`", session.alias));
    let shown = sts::without_user(endpoint);
    let ask = |duration| {
        let request = console::token_request(endpoint, credentials, duration);
        let timeout = context.bounded(config.timeout);
        sts::get(context, &request, timeout, MAX_ANSWER)
            .map_err(|error| cannot().because(format!("{shown}: {}", error.why())))
            .map_err(|error| error.hint("check the network and HTTPS_PROXY, and try again"))
    };
    let duration = console::session_duration(session, credentials.lifetime());
    let mut answer = ask(duration)?;
    // What it says to a duration above the role's maximum it says to everything that it does not like.
    if answer.status == 400 && duration.is_some() {
        context.trace(|| "asking for a session of the console without a duration".into());
        answer = ask(None)?;
    }
    match answer.status {
        200 => console::token(&answer.body).ok_or_else(|| {
            cannot()
                .because(format!("{shown} does not answer as AWS does"))
                .hint("is a proxy or a captive portal in the way?")
        }),
        status @ 400..=499 => Err(cannot()
            .because(format!("{shown} refuses the credentials (status {status})"))
            .hint(format!("run: leapp login {}", session.alias))),
        status => Err(cannot().because(format!("{shown} answers with status {status}")).hint("try again in a while")),
    }
}

fn open(context: &Context, config: &Config, session: &Session, arguments: &Console, url: &Secret) -> Result<()> {
    let environment = context.environment();
    browser::open(&Opening {
        url,
        profile: owned_by_session::console_profile(context, &session.alias),
        browser: arguments.browser.as_deref().or(config.browser.program.as_deref()),
        args: &config.browser.args,
        path: environment.get_os("PATH"),
        withheld: &environment.names_starting_with(&["AWS_", "LEAPP_", "AMAZON_"]),
        display: context.has_display(),
        headless: config.browser.headless == HeadlessMode::Always,
        root: nix::unistd::geteuid().is_root(),
        otherwise: &format!("run: leapp console {} --print", session.alias),
    })
}
