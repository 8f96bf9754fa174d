//! Time as an argument: UTC milliseconds, one written form.

use std::fmt;

/// A point in time, in whole milliseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 with milliseconds and `Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// `9999-12-30T22:00:00.000Z`, the last millisecond that the calendar library takes: a later time would be in the year
/// 10000 in some time zone.
const MILLIS_MAX: i64 = 253_402_207_200_000;

impl Timestamp {
    /// From milliseconds since the epoch, clamped to the years 1970 to 9999.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, MILLIS_MAX))
    }

    /// Milliseconds since the epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// This many milliseconds later (earlier when negative).
    pub fn plus_ms(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// This many seconds later.
    pub fn plus_s(self, seconds: u64) -> Self {
        self.plus_ms(i64::try_from(seconds).unwrap_or(MILLIS_MAX).saturating_mul(1000))
    }

    /// Parses exactly `2026-11-23T22:00:00.000Z`; other spellings of the same time are refused.
    pub fn parse(text: &str) -> Option<Self> {
        if !proof::leaf::time_form(text) {
            return None;
        }
        let millis = text.parse::<jiff::Timestamp>().ok()?.as_millisecond();
        (0..=MILLIS_MAX).contains(&millis).then_some(Self(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{time:.3}")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
