//! When a response may be redeemed: AWS judges it by AWS's clock, and how long it serves again is counted from when it came.
//!
//! No clock of this machine refuses a response: a laptop that slept, or an identity provider whose clock runs ahead, would
//! be locked out of what STS takes.

use time::{Duration, OffsetDateTime};

use super::{Content, Response, instant::printed};

/// How long after it was issued AWS takes an assertion: "must be redeemed within 5 minutes of issuance"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_saml.html>).
const REDEEM_WITHIN: Duration = Duration::minutes(5);

/// How long a response is handed to STS again: a minute less than AWS's five, for clocks and wires.
const REUSE_FOR: Duration = Duration::minutes(4);

impl Response {
    /// Until when, by this machine's clock, it may be handed to STS for another session of the same identity provider;
    /// none where only its own session may have it: one that cannot be read, or does not say when it was issued.
    ///
    /// `received` is when it arrived by that clock. Its life is the difference of two times of the identity provider's;
    /// what is over of it already counts where the two clocks agree so far that the age is one that STS takes.
    pub fn redeem_until(&self, received: OffsetDateTime) -> Option<OffsetDateTime> {
        let Content::Assertion(assertion) = &self.content else { return None };
        let issued = self.issued()?;
        let life = assertion.not_on_or_after.map_or(REUSE_FOR, |end| REUSE_FOR.min(end - issued));
        let age = Some(received - issued).filter(|age| (Duration::ZERO..life).contains(age)).unwrap_or_default();
        Some(received.saturating_add(life - age))
    }

    /// What its times are, and what the clock of this machine says to them: for whom STS refuses it for its time. None
    /// where it does not say when it was issued.
    pub fn window(&self, now: OffsetDateTime) -> Option<String> {
        let issued = self.issued()?;
        let (from, until) = match &self.content {
            Content::Assertion(assertion) => (assertion.not_before, assertion.not_on_or_after),
            _ => (None, None),
        };
        let (from, redeemable) = (from.unwrap_or(issued), issued.saturating_add(REDEEM_WITHIN));
        let until = until.map_or(redeemable, |end| end.min(redeemable));
        let judgement = if now >= until {
            "it has expired, unless that clock is wrong"
        } else if now < from {
            "its time has not come, unless that clock is wrong"
        } else {
            "it is good by that clock, so that the identity provider's, or both, differ from AWS's"
        };
        let [from, until, now] = [from, until, now].map(printed);
        Some(format!(
            "the SAML response is good from {from} to {until}, and the clock of this machine says {now}: {judgement}"
        ))
    }

    /// When it was issued, by the identity provider's clock.
    fn issued(&self) -> Option<OffsetDateTime> {
        let of_assertion = match &self.content {
            Content::Assertion(assertion) => assertion.issue_instant,
            _ => None,
        };
        [self.issue_instant, of_assertion].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::fixture::{PROVIDER, ROLE, Sample, check, now};

    fn issued(issued: OffsetDateTime, not_on_or_after: OffsetDateTime) -> Response {
        Sample { issue_instant: issued, not_on_or_after, ..Sample::default() }.response()
    }

    #[test]
    fn a_response_is_reused_for_four_minutes_at_most() {
        let minutes = Duration::minutes;
        let until = |at, end, received| issued(at, end).redeem_until(received);
        assert_eq!(until(now(), now() + minutes(60), now()), Some(now() + minutes(4)));
        assert_eq!(until(now(), now() + minutes(2), now()), Some(now() + minutes(2)));
        assert_eq!(until(now() - minutes(3), now() + minutes(60), now()), Some(now() + minutes(1)));
        // This machine's clock is behind, or ahead: what counts is the time since it came.
        for off in [-600, -20, -2, 5, 20, 600].map(minutes) {
            assert_eq!(until(now(), now() + minutes(60), now() + off), Some(now() + off + minutes(4)), "{off}");
            assert_eq!(until(now(), now() + minutes(3), now() + off), Some(now() + off + minutes(3)), "{off}");
        }
        assert!(until(now(), now() - minutes(1), now()) < Some(now()), "it never was good");
    }

    #[test]
    fn no_clock_of_this_machine_refuses_a_response() {
        for off in [-600, -20, -7, -2, 2, 7, 20, 600].map(Duration::minutes) {
            let sample = Sample {
                issue_instant: now() + off,
                not_before: now() + off,
                not_on_or_after: now() + off + Duration::minutes(5),
                ..Sample::default()
            };
            assert_eq!(check(&sample.response(), ROLE, PROVIDER), Ok(()), "{off}");
        }
    }

    #[test]
    fn what_sts_refuses_for_its_time_shows_both_clocks() {
        let response = issued(now(), now() + Duration::minutes(60));
        for (off, parts) in [
            (
                20,
                ["from 2026-01-02 02:59:05 UTC to 2026-01-02 03:09:05 UTC", "2026-01-02 03:24:05 UTC: it has expired"],
            ),
            (-20, ["clock of this machine says 2026-01-02 02:44:05 UTC", "its time has not come, unless that clock"]),
            (1, ["clock of this machine says 2026-01-02 03:05:05 UTC", "the identity provider's, or both, differ"]),
        ] {
            let said = response.window(now() + Duration::minutes(off)).expect("it was issued");
            assert!(parts.iter().all(|part| said.contains(part)), "{off}: {said}");
        }
    }
}
