//! The simulator's own time: it starts at a fixed instant and moves only when something is written.
//!
//! Both vendors stamp records with whole seconds, so every committed write takes one second. Results are therefore
//! the same in each run, and two writes never share a stamp. Nothing here reads the machine's clock.

use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

/// 2026-11-23T22:00:00Z, in seconds since 1970: the time of a fresh or reset simulator.
const START_S: i64 = 1_795_471_200;

/// The clock of one simulator.
#[derive(Debug)]
pub(crate) struct Clock {
    now: Stamp,
}

impl Clock {
    pub fn new() -> Self {
        Self { now: Stamp(START_S) }
    }

    pub fn now(&self) -> Stamp {
        self.now
    }

    /// The stamp of the next write: one second after the last one.
    pub fn tick(&mut self) -> Stamp {
        self.advance(1)
    }

    /// Lets time pass without a write, such as for a rate limit to end.
    pub fn advance(&mut self, seconds: u32) -> Stamp {
        self.now = Stamp(self.now.0.saturating_add(i64::from(seconds)));
        self.now
    }
}

/// A point in simulated time, in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp(i64);

impl Stamp {
    pub fn seconds(self) -> i64 {
        self.0
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(self.0).unwrap_or(jiff::Timestamp::MAX)
    }

    /// `2026-11-23T22:00:00Z`, as Zendesk prints it.
    pub fn zendesk(self) -> String {
        self.timestamp().to_string()
    }

    /// `2026-11-23T22:00:00.000+0000`, as Salesforce prints it.
    pub fn salesforce(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
    }

    /// `Mon, 23 Nov 2026 22:00:00 GMT`, the date form of HTTP headers (RFC 9110, 5.6.7).
    pub fn http_date(self) -> String {
        DateTimePrinter::new().timestamp_to_rfc9110_string(&self.timestamp()).unwrap_or_default()
    }

    /// Reads the date form of HTTP headers.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let time = DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(Self(time.as_second()))
    }

    /// Reads an RFC 3339 time or the form that Salesforce prints, cut to whole seconds.
    pub fn parse(text: &str) -> Option<Self> {
        let time: jiff::Timestamp =
            text.parse().or_else(|_| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text)).ok()?;
        Some(Self(time.as_second()))
    }
}

#[cfg(test)]
mod tests;
