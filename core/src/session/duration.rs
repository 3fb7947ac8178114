//! How long credentials are asked for, and other spans of time that a person writes.

use std::{fmt, time::Duration};

use super::arn::Invalid;

/// How long a role session is asked to last: 15 minutes to 12 hours, in whole seconds
/// (`AssumeRole` and `AssumeRoleWithSAML`, parameter `DurationSeconds`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionDuration(u32);

impl SessionDuration {
    /// What every role allows, and the most that role chaining allows.
    pub const HOUR: Self = Self(3600);

    const BOUNDS: std::ops::RangeInclusive<u64> = 900..=43200;

    /// Reads `4h`, `90m`, `1h30m` or a number of seconds.
    ///
    /// # Errors
    /// Where it is no span of time, or outside 15 minutes to 12 hours.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::from_seconds(parse_span(text)?.as_secs())
    }

    /// Takes a number of seconds.
    ///
    /// # Errors
    /// Where it is outside 15 minutes to 12 hours.
    pub fn from_seconds(seconds: u64) -> Result<Self, Invalid> {
        match u32::try_from(seconds) {
            Ok(fits) if Self::BOUNDS.contains(&seconds) => Ok(Self(fits)),
            _ => Err("a session lasts 15m to 12h".into()),
        }
    }

    /// In seconds.
    pub fn seconds(self) -> u32 {
        self.0
    }

    /// The next shorter duration to try where the role does not allow this one; none below one hour.
    ///
    /// The steps are those that the console offers for a role's maximum: 12, 8, 4, 2 and 1 hours.
    pub fn step_down(self) -> Option<Self> {
        [28800, 14400, 7200, 3600].into_iter().find(|step| *step < self.0).map(Self)
    }
}

impl fmt::Display for SessionDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&span(Duration::from_secs(self.0.into())))
    }
}

/// Reads a span of time: `90`, `90s`, `15m`, `4h`, `1h30m`.
///
/// # Errors
/// Where it is none, or longer than a year.
pub fn parse_span(text: &str) -> Result<Duration, Invalid> {
    let invalid = || format!("`{text}` is not a span of time such as `4h`, `90m`, `1h30m` or `3600`");
    let mut seconds: u64 = 0;
    let mut rest = text.trim();
    let mut last_unit = u64::MAX;
    if rest.is_empty() {
        return Err(invalid());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().map_err(|_| invalid())?;
        let mut unit = rest[digits..].chars();
        let factor = match unit.next() {
            None if last_unit == u64::MAX => 1,
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86400,
            _ => return Err(invalid()),
        };
        if factor >= last_unit {
            return Err(invalid());
        }
        last_unit = factor;
        seconds = number.checked_mul(factor).and_then(|more| seconds.checked_add(more)).ok_or_else(invalid)?;
        rest = unit.as_str();
    }
    if seconds > 366 * 86400 {
        return Err(invalid());
    }
    Ok(Duration::from_secs(seconds))
}

/// A span of time for people, in its two largest units: `3h 12m`, `45m`, `20s`.
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, s) => format!("{s}s"),
        (0, 0, m, 0) => format!("{m}m"),
        (0, 0, m, s) => format!("{m}m {s}s"),
        (0, h, 0, _) => format!("{h}h"),
        (0, h, m, _) => format!("{h}h {m}m"),
        (d, 0, _, _) => format!("{d}d"),
        (d, h, _, _) => format!("{d}d {h}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_the_units_people_write() {
        for (text, seconds) in
            [("3600", 3600), ("4h", 14400), ("90m", 5400), ("1h30m", 5400), ("900s", 900), ("12h", 43200)]
        {
            assert_eq!(SessionDuration::parse(text).expect(text).seconds(), seconds);
        }
        for bad in ["", "h", "4x", "13h", "899", "1m30h", "1h1h", "1h30", "99999999999999999999h", "-1h", "4 h"] {
            assert!(SessionDuration::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_duration_steps_down_to_an_hour_and_no_further() {
        let mut steps = vec![];
        let mut duration = SessionDuration::parse("12h").expect("valid");
        while let Some(next) = duration.step_down() {
            steps.push(next.to_string());
            duration = next;
        }
        assert_eq!(steps, ["8h", "4h", "2h", "1h"]);
        assert_eq!(SessionDuration::parse("15m").expect("valid").step_down(), None);
    }

    #[test]
    fn spans_are_printed_short() {
        let printed = |seconds| span(Duration::from_secs(seconds));
        assert_eq!([20, 60, 61, 3600, 11520, 90000].map(printed), ["20s", "1m", "1m 1s", "1h", "3h 12m", "1d 1h"]);
    }
}
