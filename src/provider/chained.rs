//! A chained session: a role assumed with the credentials of another session.

use super::{Means, within_role_maximum};
use crate::{
    context::Context,
    credentials::Credentials,
    error::{Error, Kind, Result},
    session::{Chained, Session, SessionDuration},
    sts::RoleRequest,
    ui::{spinner::Spinner, terminal::Terminal},
};

/// Gets credentials with those of the assumer.
pub(crate) fn credentials(
    means: &Means<'_>,
    session: &Session,
    chained: &Chained,
    assumer: &Credentials,
    wish: Option<SessionDuration>,
) -> Result<Credentials> {
    let region = means.region(session);
    let name = role_session_name(means, chained);
    let code =
        chained.mfa_device.as_ref().map(|device| mfa_code(means.context, session, device.as_str())).transpose()?;
    let wish = wish.map(|wish| cap(means, session, assumer, wish));
    let spinner = Spinner::start(means.context, &format!("assuming the role of `{}`", session.alias));
    let answer = within_role_maximum(means, session, wish, |duration| {
        let request = RoleRequest { assumer, chained, role_session_name: &name, duration, mfa_code: code.as_deref() };
        means.sts.assume_role(&region, &request)
    })?;
    drop(spinner);
    answer.map_err(|fault| fault.explain(&means.hop(session, &region)))
}

/// The name under which the session appears in CloudTrail.
pub(crate) fn role_session_name(means: &Means<'_>, chained: &Chained) -> String {
    chained.role_session_name.expand(&means.context.user(), &means.context.host())
}

/// AWS bounds role chaining to one hour ("Roles terms and concepts", role chaining), whatever the role allows. Every
/// assumer is itself a role, but for one that has long-term keys.
fn cap(means: &Means<'_>, session: &Session, assumer: &Credentials, wish: SessionDuration) -> SessionDuration {
    if !assumer.may_be_a_role() {
        return wish;
    }
    if wish > SessionDuration::HOUR {
        let alias = &session.alias;
        means.context.say(format!("`{alias}` gets {}: AWS allows chained roles no more", SessionDuration::HOUR));
    }
    wish.min(SessionDuration::HOUR)
}

/// The code that the person's MFA device shows: six digits (`AssumeRole`, parameter `TokenCode`).
fn mfa_code(context: &Context, session: &Session, device: &str) -> Result<String> {
    let cannot = || Error::new(format!("cannot get credentials for `{}`", session.alias));
    let terminal = Terminal::open(context).ok_or_else(|| {
        cannot()
            .because(format!("it needs a code of {device}, and there is no terminal to ask on"))
            .hint(format!("on a terminal, run: leapp login {}", session.alias))
            .kind(Kind::NeedsPerson)
    })?;
    let code = terminal.ask(&format!("MFA code of {device}: "))?;
    if code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(code);
    }
    Err(cannot().because("an MFA code has six digits"))
}
