//! A chained session: a role assumed with the credentials of another session.

use super::{Means, mfa::Codes, within_role_maximum};
use crate::{
    credentials::Credentials,
    error::Result,
    session::{Chained, Session, SessionDuration},
    sts::{Fault, FaultKind, RoleRequest},
    ui::spinner::Spinner,
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
    let wish = wish.map(|wish| cap(means, session, assumer, wish));
    let codes = chained.mfa_device.as_ref().map(|device| Codes::of(means, session, device.as_str()));
    // Each step down takes another code: with a device, straight to what every role allows.
    let to_an_hour = |wish| (wish > SessionDuration::HOUR).then_some(SessionDuration::HOUR);
    let step = |wish: SessionDuration| if codes.is_some() { to_an_hour(wish) } else { wish.step_down() };
    let ask = || {
        within_role_maximum(means, session, wish, step, |duration| {
            let code = codes.as_ref().map(Codes::next).transpose()?;
            let _spinner = Spinner::start(means.context, &format!("assuming the role of `{}`", session.alias));
            let request =
                RoleRequest { assumer, chained, role_session_name: &name, duration, mfa_code: code.as_deref() };
            means.sts.assume_role(&region, &request)
        })
    };
    let ahead = means.sts.ahead();
    let answer = match ask()? {
        // Now that AWS's time is known, requests are signed by it.
        Err(Fault { kind: FaultKind::ClockSkew, .. }) if means.sts.ahead() != ahead => ask()?,
        answer => answer,
    };
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
