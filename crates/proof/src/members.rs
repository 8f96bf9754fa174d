//! Takes a closed set of members out of an object, so that none is overlooked.

use crate::json::{Object, Value};
use crate::strict::Fault;

pub(crate) struct Members(Object);

impl Members {
    pub(crate) fn of(value: Value) -> Result<Self, Fault> {
        if let Value::Object(members) = value { Ok(Self(members)) } else { Err(Fault::NotAnObject) }
    }

    /// The member as `read` understands it, if it is there; `fault` if `read` does not.
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        fault: Fault,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        self.0.remove(name).map(|value| read(value).ok_or(fault)).transpose()
    }

    /// As [`Members::optional`] for a member that must be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        fault: Fault,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<T, Fault> {
        self.optional(name, fault, read)?.ok_or(Fault::MissingMember)
    }

    /// Drops a member that was judged before.
    pub(crate) fn pass(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Refuses whatever was not taken.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(Fault::UnknownMember) }
    }
}

/// Reads a string of some form.
pub(crate) fn text(form: impl FnOnce(&str) -> bool) -> impl FnOnce(Value) -> Option<String> {
    |value| if let Value::Str(text) = value { form(&text).then_some(text) } else { None }
}

/// Reads an integer in the range of its type.
pub(crate) fn integer<T: TryFrom<i64>>() -> impl FnOnce(Value) -> Option<T> {
    |value| value.as_int()?.try_into().ok()
}
