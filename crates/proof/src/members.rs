//! Takes a closed set of members out of an object, so that nothing is overlooked.

use crate::json::{Object, Value};
use crate::strict::Fault;

pub(crate) struct Members(Object);

impl Members {
    pub(crate) fn of(value: Value) -> Result<Self, Fault> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Array(_) => {
                Err(Fault::NotAnObject)
            }
        }
    }

    pub(crate) fn optional(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    pub(crate) fn required(&mut self, name: &str) -> Result<Value, Fault> {
        self.optional(name).ok_or(Fault::MissingMember)
    }

    /// A mandatory string; `fault` if it is another value.
    pub(crate) fn text(&mut self, name: &str, fault: Fault) -> Result<String, Fault> {
        if let Value::Str(text) = self.required(name)? { Ok(text) } else { Err(fault) }
    }

    /// Refuses whatever was not taken.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(Fault::UnknownMember) }
    }
}
