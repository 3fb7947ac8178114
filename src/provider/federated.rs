//! A federated session: an assertion of the identity provider, exchanged for credentials.

use time::OffsetDateTime;

use super::{
    Means,
    assertion::{self, Assertion, Origin},
    within_role_maximum,
};
use crate::{
    context::Attention,
    credentials::Credentials,
    error::Result,
    saml::{EncodedResponse, Expectation, Refusal},
    session::{Federated, Session, SessionDuration},
    sts::{FaultKind, SamlRequest},
    ui::spinner::Spinner,
};

/// Gets credentials with an assertion: the `given` one, one that is at hand, or a new one.
pub(crate) fn credentials(
    means: &Means<'_>,
    session: &Session,
    federated: &Federated,
    wish: Option<SessionDuration>,
    given: Option<EncodedResponse>,
) -> Result<Credentials> {
    if let Some(given) = given {
        let assertion = Assertion::read(given, &Origin::Given)?;
        check(&assertion, session, federated, means.context.now())?;
        assertion::keep(means, federated, &assertion);
        return redeem(means, session, federated, wish, &assertion)
            .and_then(|answer| answer.map_err(|fault| fault.explain(&means.sts.hop(session, &means.region(session)))));
    }
    if means.context.attention() == Attention::Nobody {
        return Err(assertion::signed_out(session));
    }
    let at_hand = assertion::at_hand(means, federated)?;
    let known = at_hand.as_ref().and_then(|assertion| assertion.received);
    if let Some(assertion) = at_hand.filter(|found| check(found, session, federated, means.context.now()).is_ok()) {
        match redeem(means, session, federated, wish, &assertion)? {
            Ok(credentials) => return Ok(credentials),
            // What STS no longer takes from a kept assertion, it may take from a new one.
            Err(fault) if depends_on_assertion(fault.kind) => {
                assertion::forget(means, federated)?;
            }
            Err(fault) => return Err(fault.explain(&means.sts.hop(session, &means.region(session)))),
        }
    }
    let assertion =
        assertion::sign_in(means, session, federated, known, |found| check_person(found, session, federated, means))?;
    let credentials = redeem(means, session, federated, wish, &assertion)?.map_err(|fault| {
        let error = fault.explain(&means.sts.hop(session, &means.region(session)));
        if !depends_on_assertion(fault.kind) {
            return error;
        }
        if let Err(error) = assertion::forget(means, federated) {
            means.context.trace(|| error.sentence());
        }
        error.hint(format!("to sign in as somebody else, run: leapp logout {} --browser", session.alias))
    })?;
    if !means.asker_says_who {
        // The browser may remember another person than the one who sits here.
        let who = credentials.arn.rsplit('/').next().unwrap_or_default();
        means.context.say(format!("signed in to `{}` as {who}", session.alias));
    }
    Ok(credentials)
}

/// Whether another assertion, perhaps another person's, could fare better.
fn depends_on_assertion(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Expired | FaultKind::InvalidAssertion(_) | FaultKind::AccessDenied | FaultKind::RejectedByProvider
    )
}

/// Whether STS can be expected to take the assertion for this session.
fn check(assertion: &Assertion, session: &Session, federated: &Federated, now: OffsetDateTime) -> Result<()> {
    judge(assertion, federated, now).map_err(|refusal| refusal.into_error(&session.alias))
}

fn judge(assertion: &Assertion, federated: &Federated, now: OffsetDateTime) -> Result<(), Refusal> {
    assertion.response.check(&Expectation { idp_arn: &federated.idp_arn, role_arn: &federated.role_arn, now })
}

/// As [`check`], for an assertion that came from the browser. That remembers who signed in: where it was the wrong
/// person, the next sign-in would be silent and wrong again.
fn check_person(assertion: &Assertion, session: &Session, federated: &Federated, means: &Means<'_>) -> Result<()> {
    judge(assertion, federated, means.context.now()).map_err(|refusal| {
        let depends_on_person = refusal.depends_on_person();
        let error = refusal.into_error(&session.alias);
        if depends_on_person {
            return error.hint(format!("to sign in as somebody else, run: leapp logout {} --browser", session.alias));
        }
        error
    })
}

/// Where the config asks for no duration, what the identity provider says for the console is a good wish.
fn redeem(
    means: &Means<'_>,
    session: &Session,
    federated: &Federated,
    wish: Option<SessionDuration>,
    assertion: &Assertion,
) -> Result<Result<Credentials, crate::sts::Fault>> {
    let region = means.region(session);
    let wish = wish.or_else(|| assertion.session_duration());
    let _spinner = Spinner::start(means.context, &format!("getting credentials of `{}`", session.alias));
    within_role_maximum(means, session, wish, SessionDuration::step_down, |duration| {
        let request = SamlRequest {
            role: &federated.role_arn,
            provider: &federated.idp_arn,
            assertion: &assertion.encoded,
            duration,
        };
        means.sts.assume_role_with_saml(&region, &request)
    })
}
