//! A federated session: an assertion of the identity provider, exchanged for credentials.

use super::{
    Means,
    assertion::{self, Assertion, Origin},
    within_role_maximum,
};
use crate::{
    context::Attention,
    credentials::Credentials,
    error::{Error, Result},
    saml::{Content, EncodedResponse, Expectation, Refusal},
    session::{Federated, Session, SessionDuration},
    sts::{Fault, FaultKind, Flaw, SamlRequest},
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
    let exchange = Exchange { means, session, federated, wish };
    match given {
        Some(given) => exchange.with_given(given),
        None if means.context.attention() == Attention::Nobody => Err(assertion::signed_out(session)),
        None => exchange.with_own(),
    }
}

/// The exchange of an assertion for a session's credentials.
struct Exchange<'a> {
    means: &'a Means<'a>,
    session: &'a Session,
    federated: &'a Federated,
    wish: Option<SessionDuration>,
}

impl Exchange<'_> {
    /// With one that was had elsewhere.
    fn with_given(&self, given: EncodedResponse) -> Result<Credentials> {
        let assertion = Assertion::read(given, &Origin::Given)?;
        self.judge(&assertion).map_err(|refusal| refusal.into_error(&self.session.alias))?;
        assertion::keep(self.means, self.federated, &assertion);
        self.redeem(&assertion)?.map_err(|fault| self.not_taken(&assertion, &fault))
    }

    /// With one that is at hand, or a new one.
    fn with_own(&self) -> Result<Credentials> {
        let at_hand = assertion::at_hand(self.means, self.federated)?;
        let known = at_hand.as_ref().and_then(|assertion| assertion.received);
        if let Some(assertion) = at_hand.filter(|found| self.judge(found).is_ok()) {
            match self.redeem(&assertion)? {
                Ok(credentials) => return Ok(credentials),
                // What STS no longer takes from a kept assertion, it may take from a new one.
                Err(fault) if depends_on_assertion(fault.kind) => assertion::forget(self.means, self.federated)?,
                Err(fault) => return Err(self.explain(&assertion, &fault)),
            }
        }
        let judge = |found: &_| self.judge(found).map_err(|refusal| self.refused(refusal));
        let assertion = assertion::sign_in(self.means, self.session, self.federated, known, judge)?;
        let credentials = self.redeem(&assertion)?.map_err(|fault| {
            let error = self.not_taken(&assertion, &fault);
            if depends_on_person(fault.kind) { self.suggest_another_person(error) } else { error }
        })?;
        if !self.means.asker_says_who {
            // The browser may remember another person than the one who sits here.
            let who = credentials.arn.rsplit('/').next().unwrap_or_default();
            self.means.context.say(format!("signed in to `{}` as {who}", self.session.alias));
        }
        Ok(credentials)
    }

    /// Whether STS can be expected to take the assertion for this session.
    fn judge(&self, assertion: &Assertion) -> Result<(), Refusal> {
        let Federated { idp_arn, role_arn, .. } = self.federated;
        assertion.response.check(&Expectation { idp_arn, role_arn })
    }

    /// The error where an assertion from the browser will not do.
    fn refused(&self, refusal: Refusal) -> Error {
        let depends_on_person = refusal.depends_on_person();
        let error = refusal.into_error(&self.session.alias);
        if depends_on_person { self.suggest_another_person(error) } else { error }
    }

    /// The error where STS does not take an assertion, which is forgotten where another could fare better.
    fn not_taken(&self, assertion: &Assertion, fault: &Fault) -> Error {
        if depends_on_assertion(fault.kind)
            && let Err(error) = assertion::forget(self.means, self.federated)
        {
            self.means.context.trace(|| error.sentence());
        }
        self.explain(assertion, fault)
    }

    /// The browser remembers who signed in: where it was the wrong person, the next sign-in would be silent and wrong again.
    fn suggest_another_person(&self, error: Error) -> Error {
        error.hint(format!("to sign in as somebody else, run: leapp logout {} --browser", self.session.alias))
    }

    /// The error where STS does not take an assertion. For its time STS alone refuses one: then both clocks are shown.
    fn explain(&self, assertion: &Assertion, fault: &Fault) -> Error {
        let error = fault.explain(&self.means.sts.hop(self.session, &self.means.region(self.session)));
        match fault.kind {
            FaultKind::Expired | FaultKind::InvalidAssertion(Flaw::NotYetValid) => {
                assertion.response.window(self.means.context.now()).into_iter().fold(error, Error::hint)
            }
            _ => error,
        }
    }

    /// Where the config asks for no duration, what the identity provider says for the console is a good wish.
    fn redeem(&self, assertion: &Assertion) -> Result<Result<Credentials, Fault>> {
        let (means, session) = (self.means, self.session);
        let region = means.region(session);
        let wish = self.wish.or_else(|| assertion.session_duration());
        if let Content::Unread { encoding } = &assertion.response.content {
            let alias = &session.alias;
            means.context.say(format!("the SAML response for `{alias}` is in the encoding `{encoding}`, which is not known here: STS judges it"));
        }
        let _spinner = Spinner::start(means.context, &format!("getting credentials of `{}`", session.alias));
        within_role_maximum(means, session, wish, SessionDuration::step_down, |duration| {
            let request = SamlRequest {
                role: &self.federated.role_arn,
                provider: &self.federated.idp_arn,
                assertion: &assertion.encoded,
                duration,
            };
            means.sts.assume_role_with_saml(&region, &request)
        })
    }
}

/// Whether another assertion, perhaps another person's, could fare better.
fn depends_on_assertion(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Expired | FaultKind::InvalidAssertion(_) | FaultKind::AccessDenied | FaultKind::RejectedByProvider
    )
}

/// Whether another person could fare better.
fn depends_on_person(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::InvalidAssertion(Flaw::Attribute(_)) | FaultKind::AccessDenied | FaultKind::RejectedByProvider
    )
}
