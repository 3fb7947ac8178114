//! Pure: points in time as other programs write them, in every form of ISO 8601 that botocore takes.

use std::str::FromStr;

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// Reads a date and a time of day with a zone, to the second: `2030-01-31T23:59:59.5+01:00`, `20300131T2359Z`,
/// `2030-01-31 23:59:59 UTC`. None where it is something else; without a zone, no two machines agree on it.
pub(super) fn parse(text: &str) -> Option<OffsetDateTime> {
    let mut rest = Rest(text.trim());
    let (year, has_dashes, month) = (rest.number(4)?, rest.skip("-"), rest.number::<u8>(2)?);
    if rest.skip("-") != has_dashes {
        return None;
    }
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, rest.number(2)?).ok()?;
    if !rest.skip("T") && !rest.skip("t") {
        rest = Rest(rest.0.trim_start());
    }
    let (hour, has_minutes) = (rest.number(2)?, rest.goes_on());
    let minute = if has_minutes { rest.number(2)? } else { 0 };
    let second = if has_minutes && rest.goes_on() { Some(rest.number(2)?) } else { None };
    // A fraction is one of the last unit; of an hour botocore takes none.
    let sixtieths = if has_minutes { rest.sixtieths()? } else { 0 };
    let time = Time::from_hms(hour, minute, second.unwrap_or(sixtieths)).ok()?;
    Some(OffsetDateTime::new_in_offset(date, time, rest.zone()?))
}

/// What is not read yet.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn skip(&mut self, text: &str) -> bool {
        self.0.strip_prefix(text).is_some_and(|rest| {
            self.0 = rest;
            true
        })
    }

    /// A number of so many digits.
    fn number<T: FromStr>(&mut self, digits: usize) -> Option<T> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?
    }

    /// Whether a smaller unit follows, with a colon before it or without.
    fn goes_on(&mut self) -> bool {
        self.skip(":") || self.0.starts_with(|c: char| c.is_ascii_digit())
    }

    /// How many sixtieths a decimal fraction has; none of them where there is no fraction.
    fn sixtieths(&mut self) -> Option<u8> {
        if !self.skip(".") && !self.skip(",") {
            return Some(0);
        }
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (fraction, rest) = self.0.split_at(digits);
        self.0 = rest;
        let leading = &fraction[..digits.min(9)];
        u8::try_from(leading.parse::<u64>().ok()? * 60 / 10_u64.pow(u32::try_from(leading.len()).ok()?)).ok()
    }

    fn zone(&self) -> Option<UtcOffset> {
        let zone = self.0.trim_start();
        if ["Z", "z", "UTC", "GMT"].contains(&zone) {
            return Some(UtcOffset::UTC);
        }
        let (sign, zone) =
            zone.strip_prefix('+').map(|zone| (1, zone)).or(zone.strip_prefix('-').map(|zone| (-1, zone)))?;
        let mut rest = Rest(zone);
        let hours = rest.number::<i8>(2)?;
        let minutes = if rest.goes_on() { rest.number::<i8>(2)? } else { 0 };
        let offset = UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?;
        (rest.0.is_empty() && hours < 24).then_some(offset)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::format_description::well_known::Rfc3339;

    use super::*;

    proptest! {
        #[test]
        fn what_rfc_3339_writes_is_read(seconds in -62_135_596_800_i64..253_402_300_799, hours in -23_i8..=23) {
            let at = OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
            let offset = UtcOffset::from_hms(hours, 0, 0).expect("an offset");
            if let Some(written) = at.checked_to_offset(offset).and_then(|at| at.format(&Rfc3339).ok()) {
                prop_assert_eq!(parse(&written), Some(at), "{}", written);
            }
        }

        #[test]
        fn reading_never_panics(text in "[0-9TtZzUCGM:.,+ é-]{0,40}") {
            let _ = parse(&text);
        }
    }
}
