//! Vendors' JSON without loss: every number keeps its digits, and an object that names a member twice is refused.
//!
//! Evidence values hold integers and text only; [`Json::value`] is the one way from a vendor's answer to them, and
//! [`Json::write`] the one way onto the wire. Nothing here passes through a float.

use std::collections::BTreeMap;
use std::fmt;

use proof::json::{INTEGER_MAX, Value};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Levels of nesting in a vendor's answer; deeper ones are refused.
pub const DEPTH_MAX: usize = 64;
/// Digits that an exponent may unfold into; `1e999` stays text.
const UNFOLDED_DIGITS_MAX: usize = 64;

/// A JSON value as a vendor writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, with exactly the digits of the wire.
    Number(String),
    /// Text.
    Str(String),
    /// Values in order.
    Array(Vec<Json>),
    /// Values by name.
    Object(BTreeMap<String, Json>),
}

/// Why bytes are no JSON that we read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// No JSON, or an object that names a member twice.
    #[error("the text is not JSON with unique member names")]
    Syntax,
    /// More than [`DEPTH_MAX`] levels.
    #[error("the JSON nests deeper than {DEPTH_MAX} levels")]
    Depth,
}

impl Json {
    /// Reads JSON text.
    pub fn parse(text: &str) -> Result<Self, JsonFault> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|_| JsonFault::Syntax)?;
        read(raw, DEPTH_MAX)
    }

    /// The value at a JSON pointer (RFC 6901). Below a `null` everything is `null`: a link that is not set has no members.
    pub fn at(&self, pointer: &Pointer) -> Option<&Self> {
        pointer.0.iter().try_fold(self, |value, token| match value {
            Self::Object(members) => members.get(token),
            Self::Array(elements) => elements.get(token.parse::<usize>().ok()?),
            Self::Null => Some(value),
            Self::Bool(_) | Self::Number(_) | Self::Str(_) => None,
        })
    }

    /// The elements of an array; of anything else, none.
    pub fn elements(&self) -> &[Self] {
        if let Self::Array(elements) = self { elements } else { &[] }
    }

    /// Text as it is, a number as its digits: how ids and version tokens are read, verbatim.
    pub fn token(&self) -> Option<String> {
        match self {
            Self::Str(text) | Self::Number(text) => Some(text.clone()),
            Self::Null | Self::Bool(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// Levels of arrays and objects; a bare value has none.
    pub fn depth(&self) -> usize {
        let deepest =
            |members: &mut dyn Iterator<Item = &Self>| members.map(Self::depth).max().unwrap_or(0) + 1;
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Str(_) => 0,
            Self::Array(elements) => deepest(&mut elements.iter()),
            Self::Object(members) => deepest(&mut members.values()),
        }
    }

    /// The evidence value: integers within ±(2^53−1) stay integers, every other number becomes its decimal text.
    pub fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Number(digits) => number(digits),
            Self::Str(text) => Value::Str(text.clone()),
            Self::Array(elements) => Value::Array(elements.iter().map(Self::value).collect()),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(name, member)| (name.clone(), member.value())).collect())
            }
        }
    }

    /// The JSON text, members in the order of their names.
    pub fn write(&self) -> String {
        self.to_string()
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(number) => Self::Number(number.to_string()),
            Value::Str(text) => Self::Str(text.clone()),
            Value::Array(elements) => Self::Array(elements.iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(
                members.iter().map(|(name, member)| (name.clone(), Self::from(member))).collect(),
            ),
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Number(digits) => f.write_str(digits),
            Self::Str(text) => quoted(f, text),
            Self::Array(elements) => {
                f.write_str("[")?;
                for (position, element) in elements.iter().enumerate() {
                    f.write_str(if position == 0 { "" } else { "," })?;
                    element.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (position, (name, member)) in members.iter().enumerate() {
                    f.write_str(if position == 0 { "" } else { "," })?;
                    quoted(f, name)?;
                    f.write_str(":")?;
                    member.fmt(f)?;
                }
                f.write_str("}")
            }
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

fn read(raw: &RawValue, depth: usize) -> Result<Json, JsonFault> {
    let text = raw.get();
    let inner = depth.checked_sub(1).ok_or(JsonFault::Depth);
    Ok(match text.bytes().next() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).map_err(|_| JsonFault::Syntax)?;
            let inner = inner?;
            Json::Object(
                members.into_iter().map(|(name, member)| Ok((name, read(member, inner)?))).collect::<Result<
                    _,
                    JsonFault,
                >>(
                )?,
            )
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| JsonFault::Syntax)?;
            let inner = inner?;
            Json::Array(elements.into_iter().map(|element| read(element, inner)).collect::<Result<_, _>>()?)
        }
        Some(b'"') => Json::Str(serde_json::from_str(text).map_err(|_| JsonFault::Syntax)?),
        Some(b't') => Json::Bool(true),
        Some(b'f') => Json::Bool(false),
        Some(b'n') => Json::Null,
        Some(_) => Json::Number(text.to_owned()),
        None => return Err(JsonFault::Syntax),
    })
}

/// The members of one object, still unread; a name that comes twice is an error.
struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, member)) = map.next_entry::<String, &'de RawValue>()? {
                    if members.insert(name, member).is_some() {
                        return Err(serde::de::Error::custom("a member name comes twice"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

fn number(digits: &str) -> Value {
    match digits.parse::<i64>() {
        Ok(number) if number.abs() <= INTEGER_MAX => Value::Int(number),
        Ok(_) | Err(_) => Value::Str(plain(digits).unwrap_or_else(|| digits.to_owned())),
    }
}

/// Decimal text without an exponent; `None` when unfolding it would take too many digits.
fn plain(digits: &str) -> Option<String> {
    let Some(at) = digits.find(['e', 'E']) else { return Some(digits.to_owned()) };
    let (mantissa, exponent) = digits.split_at_checked(at)?;
    let exponent: i32 = exponent.get(1..)?.parse().ok()?;
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    if usize::try_from(point.unsigned_abs()).ok()?.max(all.len()) > UNFOLDED_DIGITS_MAX {
        return None;
    }
    let length = i32::try_from(all.len()).ok()?;
    Some(if point <= 0 {
        format!("{sign}0.{}{all}", "0".repeat(usize::try_from(-point).ok()?))
    } else if point >= length {
        format!("{sign}{all}{}", "0".repeat(usize::try_from(point - length).ok()?))
    } else {
        let (whole, fraction) = all.split_at_checked(usize::try_from(point).ok()?)?;
        format!("{sign}{whole}.{fraction}")
    })
}

/// A JSON pointer (RFC 6901): where in an answer a value stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// Reads `/a/0/b`; the empty text is the whole document.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = match text.strip_prefix('/') {
            Some(rest) => rest,
            None if text.is_empty() => return Some(Self(Vec::new())),
            None => return None,
        };
        Some(Self(rest.split('/').map(|token| token.replace("~1", "/").replace("~0", "~")).collect()))
    }
}

impl Pointer {
    /// The outermost member that it goes through.
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|token| write!(f, "/{}", token.replace('~', "~0").replace('/', "~1")))
    }
}

#[cfg(test)]
mod tests;
