//! How a clear member stands in canonical JSON, per type.

use proof::digest::Digest;
use proof::json::{INTEGER_MAX, Object, Value};
use proof::leaf::SdDigest;

use super::{GroupQuorum, Obligation, UndoCount};
use crate::attempt::{EvidenceLevel, Guarantee, Outcome};
use crate::id::{HoldId, PersonId, RunId};
use crate::mutation::Environment;
use crate::name::Slug;
use crate::run::{Basis, DecisionWord, Method, RecoveryKind, RecoveryOutcome, Risk, Stage};
use crate::time::Timestamp;

/// Why clear members are not those of their type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The type is not on the list.
    #[error("`{0}` is no event type of this version")]
    Kind(String),
    /// A member too many.
    #[error("unknown member `{0}`")]
    Unknown(String),
    /// A member too few.
    #[error("member `{0}` is missing")]
    Missing(&'static str),
    /// A member of another form.
    #[error("member `{0}` is malformed")]
    Malformed(&'static str),
}

/// A clear member: written under its name, read back and removed.
pub trait Member: Sized {
    /// Writes it; an absent optional member writes nothing.
    fn put(&self, name: &'static str, object: &mut Object);
    /// Takes it out.
    fn take(name: &'static str, object: &mut Object) -> Result<Self, Fault>;
}

pub(crate) trait Scalar: Sized {
    fn write(&self) -> Value;
    fn read(value: Value) -> Option<Self>;
}

impl<T: Scalar> Member for T {
    fn put(&self, name: &'static str, object: &mut Object) {
        object.insert(name.to_owned(), self.write());
    }

    fn take(name: &'static str, object: &mut Object) -> Result<Self, Fault> {
        let value = object.remove(name).ok_or(Fault::Missing(name))?;
        T::read(value).ok_or(Fault::Malformed(name))
    }
}

impl<T: Scalar> Member for Option<T> {
    fn put(&self, name: &'static str, object: &mut Object) {
        if let Some(value) = self {
            value.put(name, object);
        }
    }

    fn take(name: &'static str, object: &mut Object) -> Result<Self, Fault> {
        object.remove(name).map(|value| T::read(value).ok_or(Fault::Malformed(name))).transpose()
    }
}

impl<T: Scalar> Scalar for Vec<T> {
    fn write(&self) -> Value {
        Value::Array(self.iter().map(T::write).collect())
    }

    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Array(items) => items.into_iter().map(T::read).collect(),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Object(_) => None,
        }
    }
}

impl Scalar for bool {
    fn write(&self) -> Value {
        Value::Bool(*self)
    }

    fn read(value: Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Scalar for u32 {
    fn write(&self) -> Value {
        Value::Int(i64::from(*self))
    }

    fn read(value: Value) -> Option<Self> {
        value.as_int().and_then(|number| Self::try_from(number).ok())
    }
}

impl Scalar for u64 {
    fn write(&self) -> Value {
        Value::Int(i64::try_from(*self).unwrap_or(INTEGER_MAX).min(INTEGER_MAX))
    }

    fn read(value: Value) -> Option<Self> {
        value.as_int().and_then(|number| Self::try_from(number).ok())
    }
}

impl Scalar for SdDigest {
    fn write(&self) -> Value {
        self.as_str().into()
    }

    fn read(value: Value) -> Option<Self> {
        Self::parse(value.as_str()?).ok()
    }
}

macro_rules! text_scalars {
    ($($ty:ty, |$text:ident| $read:expr;)*) => {$(
        impl Scalar for $ty {
            fn write(&self) -> Value {
                Value::Str(self.to_string())
            }

            fn read(value: Value) -> Option<Self> {
                let $text = value.as_str()?;
                $read
            }
        }
    )*};
}

text_scalars! {
    String, |text| Some(text.to_owned());
    Slug, |text| Slug::parse(text).ok();
    Timestamp, |text| Timestamp::parse(text);
    Digest, |text| Digest::parse(text);
    RunId, |text| RunId::parse(text).ok();
    PersonId, |text| PersonId::parse(text).ok();
    HoldId, |text| HoldId::parse(text).ok();
    Environment, |text| Environment::parse(text);
    Stage, |text| Stage::parse(text);
    DecisionWord, |text| DecisionWord::parse(text);
    Basis, |text| Basis::parse(text);
    Risk, |text| Risk::parse(text);
    Method, |text| Method::parse(text);
    Outcome, |text| Outcome::parse(text);
    EvidenceLevel, |text| EvidenceLevel::parse(text);
    Guarantee, |text| Guarantee::parse(text);
    RecoveryKind, |text| RecoveryKind::parse(text);
    RecoveryOutcome, |text| RecoveryOutcome::parse(text);
}

macro_rules! object_scalars {
    ($($ty:ty)*) => {$(
        impl Scalar for $ty {
            fn write(&self) -> Value {
                Value::Object(self.to_object())
            }

            fn read(value: Value) -> Option<Self> {
                match value {
                    Value::Object(object) => Self::from_object(object).ok(),
                    Value::Null | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Array(_) => None,
                }
            }
        }
    )*};
}

object_scalars! { Obligation GroupQuorum UndoCount }
