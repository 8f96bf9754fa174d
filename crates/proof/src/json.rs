//! The JSON value of everything that is hashed: integers only, members in order, no duplicates.
//!
//! It is built by [`crate::strict`] or by hand and printed by [`crate::canonical`]; it does neither itself.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

/// The largest integer that every JSON reader keeps exactly, 2^53 − 1 (RFC 7493, section 2.2). The smallest
/// is its negative.
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// The members of a JSON object by name.
pub type Object = BTreeMap<String, Value>;

/// A JSON value without fractions and exponents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// `null`; refused in evidence, allowed in disclosures.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer within ±[`INTEGER_MAX`]; the strict parser refuses what lies beyond.
    Int(i64),
    /// Text of Unicode scalar values.
    Str(String),
    /// Values in order.
    Array(Vec<Value>),
    /// Values by name.
    Object(Object),
}

/// An object from its members. A name given twice keeps the last value, so give each once.
pub fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl Value {
    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }

    /// The number, if this is an integer.
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The elements, if this is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Self::Array(elements) = self { Some(elements) } else { None }
    }

    /// The members, if this is an object.
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// The member `name`, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_object()?.get(name)
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        *self == Self::Null
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<Vec<Value>> for Value {
    fn from(elements: Vec<Value>) -> Self {
        Self::Array(elements)
    }
}

impl From<Object> for Value {
    fn from(members: Object) -> Self {
        Self::Object(members)
    }
}
