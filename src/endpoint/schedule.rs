//! When credentials are renewed, and when a failure is worth a line. Pure.

use std::time::Duration;

use time::OffsetDateTime;

use crate::error::Kind;

/// Before any SDK asks for newer ones: botocore does 15 minutes before the end, others 5.
const MARGIN: Duration = Duration::from_mins(20);
/// The pause after a first failure; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How long before their end credentials are renewed: 20 minutes, or half their life where that is less.
pub(crate) fn margin(life: Duration) -> Duration {
    MARGIN.min(life / 2)
}

/// What has been tried, and said, since the credentials were last renewed.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    failures: u32,
    not_before: Option<OffsetDateTime>,
    is_said: bool,
}

impl Schedule {
    /// Whether it is time to try; `is_changed` where somebody has signed in since the last try.
    pub(super) fn is_due(&self, now: OffsetDateTime, life: Duration, left: Duration, is_changed: bool) -> bool {
        // What is farther away than any pause was set before the clock was set back.
        let is_time = |at: OffsetDateTime| now >= at || at - now > LONGEST_PAUSE;
        left <= margin(life) && (is_changed || self.not_before.is_none_or(is_time))
    }

    /// It went well.
    pub(super) fn renewed(&mut self) {
        *self = Self::default();
    }

    /// It brought nothing newer, or failed: the next try is farther away than the one before.
    pub(super) fn pause(&mut self, now: OffsetDateTime) {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE);
        self.failures += 1;
        self.not_before = Some(now + pause);
    }

    /// It failed: whether the person should hear of it now, which they do once.
    pub(super) fn failed(&mut self, now: OffsetDateTime, kind: Kind, life: Duration, left: Duration) -> bool {
        self.pause(now);
        // What passes by itself is worth a line when half of the time for it is over.
        let is_worth_it = kind == Kind::NeedsPerson || left <= margin(life) / 2;
        let says = is_worth_it && !self.is_said;
        self.is_said |= says;
        says
    }
}

#[cfg(test)]
mod tests {
    use super::{super::store::tests::at, *};

    const HOUR: Duration = Duration::from_hours(1);
    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn twenty_minutes_before_the_end_or_at_half_of_a_short_life() {
        assert_eq!(margin(12 * HOUR), 20 * MINUTE);
        assert_eq!(margin(HOUR), 20 * MINUTE);
        assert_eq!(margin(15 * MINUTE), Duration::from_secs(450));
        assert_eq!(margin(2 * MINUTE), MINUTE);
        let schedule = Schedule::default();
        assert!(!schedule.is_due(at(0), HOUR, 21 * MINUTE, true));
        assert!(schedule.is_due(at(0), HOUR, 20 * MINUTE, false));
    }

    #[test]
    fn failures_are_farther_and_farther_apart() {
        let mut schedule = Schedule::default();
        for pause in [5, 10, 20, 40, 60, 60] {
            schedule.failed(at(0), Kind::Failed, HOUR, MINUTE);
            assert!(!schedule.is_due(at(pause - 1), HOUR, MINUTE, false), "{pause}");
            assert!(schedule.is_due(at(pause), HOUR, MINUTE, false), "{pause}");
        }
        assert!(schedule.is_due(at(1), HOUR, MINUTE, true), "somebody signed in");
        assert!(schedule.is_due(at(-3600), HOUR, MINUTE, false), "the clock was set back");
    }

    #[test]
    fn the_person_hears_of_it_once() {
        let mut schedule = Schedule::default();
        assert!(!schedule.failed(at(0), Kind::Failed, HOUR, 19 * MINUTE), "it may pass");
        assert!(schedule.failed(at(0), Kind::NeedsPerson, HOUR, 18 * MINUTE));
        assert!(!schedule.failed(at(0), Kind::Failed, HOUR, MINUTE));
        schedule.renewed();
        assert!(schedule.failed(at(0), Kind::Failed, HOUR, 10 * MINUTE));
    }
}
