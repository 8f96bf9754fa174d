//! Version tokens and vendors' times.

use domain::time::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::TimeZone;

/// A time as vendors write it: RFC 3339, with an offset without colon (Salesforce), or `2026-11-24.13:48:26` in UTC (Roundup).
pub(super) fn vendor_time(text: &str) -> Option<Timestamp> {
    let parsed: Option<jiff::Timestamp> = text
        .parse()
        .or_else(|_| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text))
        .or_else(|_| {
            DateTime::strptime("%Y-%m-%d.%H:%M:%S", text).and_then(|time| TimeZone::UTC.to_timestamp(time))
        })
        .ok();
    parsed.map(|time| Timestamp::from_millis(time.as_millisecond()))
}

/// A version token that is a time, in the date form of HTTP headers (RFC 9110, 5.6.7); `None` when it is no time.
pub(super) fn http_date(version: &str) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(vendor_time(version)?.millis()).ok()?;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()
}

#[cfg(test)]
mod tests;
