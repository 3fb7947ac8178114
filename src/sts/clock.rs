//! How far AWS's clock is from this machine's, as the `Date` of its answers tells (RFC 9110, section 6.6.1).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::{DateTime, date_time::Format};
use time::{Duration, OffsetDateTime};

use crate::{environment::rfc3339, session::span};

/// Differences below this are no clock's fault: a `Date` has whole seconds, and an answer takes its time.
const JITTER: Duration = Duration::seconds(10);
/// From here on a clock may be why AWS refuses something: it takes what is at most five minutes old (Signature
/// Version 4, "Elements of an AWS API request signature"; `AssumeRoleWithSAML`).
const TOO_FAR: Duration = Duration::minutes(4);

/// How far AWS's clock is ahead of this machine's; negative where it is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(Duration);

impl Skew {
    /// Reads the `Date` of an answer to a request that was sent and answered at these times of this machine's clock.
    /// None where it has none that can be read, and for an answer out of a cache (`Age`).
    pub(super) fn of(headers: &Headers, sent: OffsetDateTime, received: OffsetDateTime) -> Option<Self> {
        let date = headers.get("date").filter(|_| headers.get("age").is_none())?;
        let date = DateTime::from_str(date, Format::HttpDate).ok()?;
        let date = OffsetDateTime::from_unix_timestamp(date.secs()).ok()?;
        // AWS answered about halfway between.
        Some(Self(date - (sent + (received - sent) / 2)))
    }

    /// What AWS's clock says when this machine's says `now`, as the end of a line for people.
    pub(super) fn at(self, now: OffsetDateTime) -> String {
        let at = rfc3339(now + self.0).unwrap_or_default();
        format!("; AWS's clock says {at}: {self}")
    }

    /// How far AWS's clock is ahead; zero where the two agree.
    pub(super) fn ahead(self) -> Duration {
        if self.0.abs() < JITTER { Duration::ZERO } else { self.0 }
    }

    /// Whether it is so far that AWS may refuse something for it.
    pub(super) fn is_too_far(self) -> bool {
        self.0.abs() >= TOO_FAR
    }
}

/// ``this machine's clock is 20m behind AWS's``.
impl std::fmt::Display for Skew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // No more exactly than it is known.
        let by = span(std::time::Duration::from_secs((self.0.unsigned_abs().as_secs() + 5) / 10 * 10));
        match self.ahead() {
            ahead if ahead.is_zero() => f.write_str("this machine's clock and AWS's agree"),
            ahead if ahead.is_positive() => write!(f, "this machine's clock is {by} behind AWS's"),
            _ => write!(f, "this machine's clock is {by} ahead of AWS's"),
        }
    }
}

/// The skew that the last answer showed; none before there was one.
#[derive(Clone, Debug, Default)]
pub(super) struct LastSkew(Arc<Mutex<Option<Skew>>>);

impl LastSkew {
    pub(super) fn get(&self) -> Option<Skew> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer without a `Date` says nothing new.
    pub(super) fn note(&self, skew: Option<Skew>) {
        if skew.is_some() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = skew;
        }
    }
}

/// AWS's time: requests are signed with it.
#[derive(Debug)]
pub(super) struct ServerTime {
    pub(super) clock: fn() -> OffsetDateTime,
    pub(super) ahead: Duration,
}

impl TimeSource for ServerTime {
    fn now(&self) -> SystemTime {
        ((self.clock)() + self.ahead).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew(date: &str, received: i64) -> Option<Skew> {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
        let mut headers = Headers::new();
        headers.insert("date", date.to_owned());
        Skew::of(&headers, at(received - 2), at(received))
    }

    #[test]
    fn the_date_of_an_answer_says_how_far_the_clocks_are_apart() {
        // 784111777 seconds after the epoch: RFC 9110, section 5.6.7.
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let shown = |received| skew(date, received).map(|skew| (skew.to_string(), skew.is_too_far()));
        for (received, said, is_too_far) in [
            (784_111_778, "this machine's clock and AWS's agree", false),
            (784_111_785, "this machine's clock and AWS's agree", false),
            (784_111_778 - 120, "this machine's clock is 2m behind AWS's", false),
            (784_111_778 + 1200, "this machine's clock is 20m ahead of AWS's", true),
            (784_111_778 - 36_000, "this machine's clock is 10h behind AWS's", true),
        ] {
            assert_eq!(shown(received), Some((said.to_owned(), is_too_far)));
        }
        for bad in ["", "yesterday", "Sun, 06 Nov 99999999 08:49:37 GMT", "1994-11-06T08:49:37Z"] {
            assert_eq!(skew(bad, 0), None, "{bad}");
        }
    }

    #[test]
    fn an_answer_out_of_a_cache_says_nothing() {
        let mut headers = Headers::new();
        headers.insert("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        headers.insert("age", "3");
        assert_eq!(Skew::of(&headers, OffsetDateTime::UNIX_EPOCH, OffsetDateTime::UNIX_EPOCH), None);
    }
}
