//! The one form of each kind of clear text in evidence.

/// An id: `^[a-z][a-z0-9]{1,11}_[0-9A-Za-z-]{8,40}$`.
pub fn id_form(text: &str) -> bool {
    let Some((prefix, body)) = text.split_once('_') else { return false };
    (2..=12).contains(&prefix.len())
        && prefix.starts_with(|c: char| c.is_ascii_lowercase())
        && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && (8..=40).contains(&body.len())
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A slug: `^[a-z0-9][a-z0-9._-]{0,63}$`.
pub fn slug_form(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= 64
        && text.bytes().next().is_some_and(is_plain)
        && text.bytes().all(|byte| is_plain(byte) || matches!(byte, b'.' | b'_' | b'-'))
}

/// The wire name of an event: `^[a-z]+\.[a-z_]+$`.
pub(crate) fn kind_form(text: &str) -> bool {
    let Some((subject, verb)) = text.split_once('.') else { return false };
    !subject.is_empty()
        && subject.bytes().all(|byte| byte.is_ascii_lowercase())
        && !verb.is_empty()
        && verb.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// A UTC time of fixed width that is in the calendar, `2026-11-23T22:00:00.000Z`; years 0001 to 9999, no
/// leap seconds.
pub fn time_form(text: &str) -> bool {
    let mask = b"0000-00-00T00:00:00.000Z";
    let fits = |(byte, mask): (u8, &u8)| if *mask == b'0' { byte.is_ascii_digit() } else { byte == *mask };
    if text.len() != mask.len() || !text.bytes().zip(mask).all(fits) {
        return false;
    }
    let number =
        |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let (year, month, day): (u32, u32, u32) = (number(0, 4), number(5, 7), number(8, 10));
    let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
    year >= 1 && (1..=days_in(year, month)).contains(&day) && hour < 24 && minute < 60 && second < 60
}

/// The days of a month; 0 if there is no such month.
fn days_in(year: u32, month: u32) -> u32 {
    let is_leap_year = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap_year => 29,
        2 => 28,
        _ => 0,
    }
}
