//! Field types and the one normal form of a value.
//!
//! Vendors print the same value in many ways (`71400`, `71400.00`, `"71400"`). A connector brings every value into the
//! normal form of its field's type on the way in; behind that door equality of values is plain equality of bytes, in the
//! diff, in the drift check and in the read-back. No value holds a float.

use proof::json::Value;

use crate::limits::VALUE_BYTES_MAX;
use crate::time::Timestamp;

/// What kind of values a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldType {
    /// One line of text.
    Text,
    /// Text with line ends, which are normalized to `\n`.
    LongText,
    /// One of a list of values.
    Enum,
    /// True or false.
    Boolean,
    /// A whole number within ±(2^53−1).
    Integer,
    /// An exact decimal number, held as text without superfluous zeros.
    Decimal,
    /// An amount of money: a decimal with at most `scale` digits after the point; `scale` gives the minor unit.
    Money {
        /// Digits after the point of the currency's minor unit.
        scale: u8,
    },
    /// A calendar date, `2026-11-24`.
    Date,
    /// A point in time, UTC with milliseconds.
    DateTime,
    /// The id of another record, held as text.
    Reference,
    /// A set of texts, held sorted and without repeats (tags, watchers).
    Set,
}

/// Why a value does not fit its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueFault {
    /// Another JSON type than the field's.
    #[error("expected {expected}, got {got}")]
    Type {
        /// What the field holds.
        expected: &'static str,
        /// What was given.
        got: &'static str,
    },
    /// Digits that are no decimal number.
    #[error("`{0}` is not a decimal number such as 71400 or 71400.00")]
    Decimal(String),
    /// More digits after the point than the field keeps.
    #[error("`{value}` has more than {scale} digits after the point")]
    Scale {
        /// The number.
        value: String,
        /// Digits allowed.
        scale: u8,
    },
    /// Not a date or time.
    #[error("`{0}` is not a {1}")]
    Time(String, &'static str),
    /// Larger than the limit.
    #[error("the value has {0} bytes; at most {VALUE_BYTES_MAX} fit")]
    TooLarge(usize),
}

/// The normal form of a value that somebody wants to write: as [`normalize`], and not too large. What a record already
/// holds may be larger.
pub fn normalize_new(kind: FieldType, value: &Value) -> Result<Value, ValueFault> {
    let normal = normalize(kind, value)?;
    let bytes = proof::canonical::to_string(&normal).len();
    if bytes > VALUE_BYTES_MAX { Err(ValueFault::TooLarge(bytes)) } else { Ok(normal) }
}

/// Brings a value into the normal form of its field's type. `Null` stays `Null`, and an empty text stays empty:
/// null, empty and absent are three things.
pub fn normalize(kind: FieldType, value: &Value) -> Result<Value, ValueFault> {
    Ok(match kind {
        _ if value.is_null() => Value::Null,
        FieldType::Text | FieldType::Enum => Value::Str(text(value)?.to_owned()),
        FieldType::LongText => Value::Str(text(value)?.replace("\r\n", "\n").replace('\r', "\n")),
        FieldType::Boolean => Value::Bool(value.as_bool().ok_or_else(|| mismatch("true or false", value))?),
        FieldType::Integer => Value::Int(integer(value)?),
        FieldType::Decimal => Value::Str(decimal(value)?),
        FieldType::Money { scale } => Value::Str(money(value, scale)?),
        FieldType::Date => Value::Str(date(text(value)?)?),
        FieldType::DateTime => Value::Str(date_time(text(value)?)?),
        FieldType::Reference => Value::Str(match value {
            Value::Int(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Str(_) | Value::Array(_) | Value::Object(_) => {
                text(value)?.to_owned()
            }
        }),
        FieldType::Set => set(value)?,
    })
}

/// The name of a value's JSON type, for messages.
pub fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Int(_) => "a number",
        Value::Str(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn mismatch(expected: &'static str, value: &Value) -> ValueFault {
    ValueFault::Type { expected, got: json_type(value) }
}

fn text(value: &Value) -> Result<&str, ValueFault> {
    value.as_str().ok_or_else(|| mismatch("a text", value))
}

fn integer(value: &Value) -> Result<i64, ValueFault> {
    let parsed = match value {
        Value::Int(number) => Some(*number),
        Value::Str(digits) => digits.parse().ok().filter(|number: &i64| number.to_string() == *digits),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    parsed.ok_or_else(|| mismatch("a whole number", value))
}

/// Canonical decimal text: optional minus, no leading zeros, no trailing zeros after the point, no exponent, zero is `0`.
fn decimal(value: &Value) -> Result<String, ValueFault> {
    let raw = match value {
        Value::Int(number) => return Ok(number.to_string()),
        Value::Str(digits) => digits.as_str(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(mismatch("a number, or a decimal number as text", value));
        }
    };
    let fault = || ValueFault::Decimal(raw.chars().take(80).collect());
    let (negative, digits) = raw.strip_prefix('-').map_or((false, raw), |rest| (true, rest));
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || fraction.is_some_and(|part| !all_digits(part)) || raw.len() > 64 {
        return Err(fault());
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.unwrap_or_default().trim_end_matches('0');
    let mut out = String::new();
    if negative && !(whole.is_empty() && fraction.is_empty()) {
        out.push('-');
    }
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    Ok(out)
}

fn money(value: &Value, scale: u8) -> Result<String, ValueFault> {
    let number = decimal(value)?;
    let digits = number.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if digits > usize::from(scale) { Err(ValueFault::Scale { value: number, scale }) } else { Ok(number) }
}

fn date(raw: &str) -> Result<String, ValueFault> {
    let fault = || ValueFault::Time(raw.chars().take(80).collect(), "date such as 2026-11-24");
    let parsed: jiff::civil::Date = raw.parse().map_err(|_| fault())?;
    let written = parsed.to_string();
    if written == raw { Ok(written) } else { Err(fault()) }
}

fn date_time(raw: &str) -> Result<String, ValueFault> {
    let fault = || ValueFault::Time(raw.chars().take(80).collect(), "time such as 2026-11-24T10:00:00Z");
    // Salesforce writes the offset without a colon.
    let spelled = match raw.len().checked_sub(5).map(|at| raw.split_at_checked(at)) {
        Some(Some((head, tail))) if tail.starts_with(['+', '-']) && !tail.contains(':') => {
            let (hours, minutes) = tail.split_at_checked(3).ok_or_else(fault)?;
            format!("{head}{hours}:{minutes}")
        }
        _ => raw.to_owned(),
    };
    let parsed: jiff::Timestamp = spelled.parse().map_err(|_| fault())?;
    Ok(Timestamp::from_millis(parsed.as_millisecond()).to_string())
}

fn set(value: &Value) -> Result<Value, ValueFault> {
    let items = value.as_array().ok_or_else(|| mismatch("a list of texts", value))?;
    let mut texts = items.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    texts.sort_unstable();
    texts.dedup();
    Ok(Value::Array(texts.into_iter().map(Value::from).collect()))
}

#[cfg(test)]
mod tests;
