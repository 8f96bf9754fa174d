//! From JSON into a type, strictly: a type takes exactly the kind of value that the OpenAPI document says.
//!
//! What serde derives would also read an object from an array of its members, by their position. Here an object is an
//! object, text is text, and a number is an integer; only [`super::Any`] takes other numbers, as their decimal text.

use connectors::json::Json;
use engine::{Code, Error};
use proof::json::Value;
use serde::de::value::{Error as Fault, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_path_to_error::Segment;

use crate::http::problem::Result;

/// The name under which [`super::Any`] asks for a value of whatever kind.
pub(super) const ANY: &str = "Any";

/// Reads JSON into a type; what does not fit is told with its place.
pub(super) fn typed<T: DeserializeOwned>(json: &Json) -> Result<T> {
    serde_path_to_error::deserialize(Strict(json)).map_err(|fault| {
        let pointer = pointer(fault.path());
        let error = Error::new(Code::InvalidRequest, fault.into_inner().to_string());
        if pointer.is_empty() { error } else { error.at(pointer) }.into()
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    let escaped = |key: &str| format!("/{}", key.replace('~', "~0").replace('/', "~1"));
    let token = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => escaped(key),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    };
    path.iter().map(token).collect()
}

/// A value as serde reads it.
#[derive(Clone, Copy)]
struct Strict<'de>(&'de Json);

impl<'de> IntoDeserializer<'de, Fault> for Strict<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Fault> {
        match self.0 {
            Json::Null => visitor.visit_unit(),
            Json::Bool(truth) => visitor.visit_bool(*truth),
            Json::Number(digits) => match self.0.value().as_int() {
                Some(number) => visitor.visit_i64(number),
                None => Err(Fault::invalid_type(Unexpected::Other(&format!("number `{digits}`")), &visitor)),
            },
            Json::Str(text) => visitor.visit_borrowed_str(text),
            Json::Array(elements) => visitor.visit_seq(SeqDeserializer::new(elements.iter().map(Strict))),
            Json::Object(members) => {
                let members = members.iter().map(|(name, member)| (name.as_str(), Strict(member)));
                visitor.visit_map(MapDeserializer::new(members))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Fault> {
        if *self.0 == Json::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> std::result::Result<V::Value, Fault> {
        match self.0 {
            Json::Object(_) => self.deserialize_any(visitor),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Str(_) | Json::Array(_) => {
                Err(Fault::custom("an object is expected here"))
            }
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> std::result::Result<V::Value, Fault> {
        match self.0 {
            Json::Str(word) => visitor.visit_enum(word.as_str().into_deserializer()),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                Err(Fault::custom("a word is expected here"))
            }
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> std::result::Result<V::Value, Fault> {
        if name != ANY {
            return visitor.visit_newtype_struct(self);
        }
        if let Json::Number(_) = self.0
            && let Value::Str(decimal) = self.0.value()
        {
            return visitor.visit_string(decimal);
        }
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}
