//! Request bodies: strict JSON whose numbers keep their digits, read into types that refuse unknown members.
//!
//! `71400.50` must reach a money field as it was written, so no number ever passes through a float: what is no integer
//! becomes its decimal text. Where something is wrong is told as a JSON Pointer (RFC 6901).

mod typed;

use std::collections::BTreeMap;
use std::fmt;

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use connectors::json::{Json, JsonFault};
use engine::commands::IdempotencyKey;
use engine::{Code, Error};
use proof::json::{Object, Value};
use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use typed::{ANY, typed};

use super::problem::{Problem, Result};
use super::{App, body, idempotency};

/// A body with the key that makes its request repeatable.
pub struct Posted<T> {
    /// The body.
    pub body: T,
    /// The key, when the caller gave one.
    pub key: Option<IdempotencyKey>,
}

impl<T: DeserializeOwned + Send> FromRequest<App> for Posted<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let (headers, path) = (request.headers().clone(), request.uri().path().to_owned());
        let bytes = body::read(request, app).await?;
        let json = if bytes.is_empty() {
            Json::Object(BTreeMap::new())
        } else {
            let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            if !kind.is_some_and(is_json) {
                return Err(Error::new(
                    Code::UnsupportedMediaType,
                    "the body is not `application/json` in UTF-8",
                )
                .hint("send `content-type: application/json`")
                .into());
            }
            parse(&bytes)?
        };
        let key = idempotency::read(&headers, &path, &json.value())?;
        Ok(Self { body: typed(&json)?, key })
    }
}

/// JSON has no character set but UTF-8 (RFC 8259, section 8.1); whoever names another one means something else.
fn is_json(kind: &str) -> bool {
    let mut parts = kind.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let mut sets = parts.filter_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.eq_ignore_ascii_case("charset").then_some(value.trim_matches('"'))
    });
    essence.eq_ignore_ascii_case("application/json") && sets.all(|set| set.eq_ignore_ascii_case("utf-8"))
}

/// Reads the JSON of a body.
fn parse(bytes: &[u8]) -> Result<Json> {
    let invalid = |message: String| Problem::new(Code::InvalidRequest, message);
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("the body is not UTF-8".to_owned()))?;
    Json::parse(text).map_err(|fault| match fault {
        // The reader that keeps digits does not say where; this one does, and is only asked when something is wrong.
        JsonFault::Syntax => match serde_json::from_str::<serde_json::Value>(text) {
            Err(fault) => invalid(format!("the body is not JSON: {fault}")),
            Ok(_) => invalid("an object in the body names a member twice".to_owned()),
        },
        JsonFault::Depth => invalid(fault.to_string()),
    })
}

/// The same value for serde. Evidence values hold no fractions, so nothing is lost.
fn to_serde(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) => (*number).into(),
        Value::Str(text) => text.as_str().into(),
        Value::Array(elements) => elements.iter().map(to_serde).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), to_serde(member))).collect()
        }
    }
}

/// Any JSON, in both directions. `None` around it is *absent*; `null` is a value like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Any(pub Value);

impl From<Value> for Any {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl From<&Value> for Any {
    fn from(value: &Value) -> Self {
        Self(value.clone())
    }
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        to_serde(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Any;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> std::result::Result<Any, E> {
                Ok(Any(Value::Null))
            }

            fn visit_bool<E>(self, truth: bool) -> std::result::Result<Any, E> {
                Ok(Any(truth.into()))
            }

            fn visit_i64<E>(self, number: i64) -> std::result::Result<Any, E> {
                Ok(Any(number.into()))
            }

            fn visit_str<E>(self, text: &str) -> std::result::Result<Any, E> {
                Ok(Any(text.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Any, A::Error> {
                let mut elements = Vec::new();
                while let Some(Any(element)) = seq.next_element()? {
                    elements.push(element);
                }
                Ok(Any(elements.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Any, A::Error> {
                let mut members = Object::new();
                while let Some((name, Any(member))) = map.next_entry()? {
                    members.insert(name, member);
                }
                Ok(Any(members.into()))
            }
        }
        deserializer.deserialize_newtype_struct(ANY, Read)
    }
}

/// A text with a form of its own: an id, a slug, a digest, a word. Read at the edge, so that no bare text goes further.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form<T>(pub T);

/// What can be read from a text.
pub trait Read: Sized {
    /// Reads it, or says what it should be.
    fn read(text: &str) -> std::result::Result<Self, String>;
}

impl<'de, T: Read> Deserialize<'de> for Form<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::read(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl<T> Form<T> {
    /// The value of an optional member.
    pub fn opt(form: Option<Self>) -> Option<T> {
        form.map(|form| form.0)
    }
}

macro_rules! read_ids {
    ($($id:ident),*) => {$(
        impl Read for domain::id::$id {
            fn read(text: &str) -> std::result::Result<Self, String> {
                Self::parse(text).map_err(|fault| fault.to_string())
            }
        }
    )*};
}

read_ids!(RunId, PersonId);

impl Read for domain::time::Timestamp {
    fn read(text: &str) -> std::result::Result<Self, String> {
        Self::parse(text).ok_or_else(|| "a time is written `2026-11-23T22:00:00.000Z`".to_owned())
    }
}

impl Read for domain::name::Slug {
    fn read(text: &str) -> std::result::Result<Self, String> {
        Self::parse(text).map_err(|fault| fault.to_string())
    }
}

impl Read for domain::principal::Principal {
    fn read(text: &str) -> std::result::Result<Self, String> {
        Self::parse(text).ok_or_else(|| "a principal is `person_…`, `agent_…` or `service_…`".to_owned())
    }
}

impl Read for proof::digest::Digest {
    fn read(text: &str) -> std::result::Result<Self, String> {
        Self::parse(text).ok_or_else(|| "a digest is 64 lower-case hex digits".to_owned())
    }
}

macro_rules! read_words {
    ($($ty:ty),*) => {$(
        impl Read for $ty {
            fn read(text: &str) -> std::result::Result<Self, String> {
                Self::parse(text).ok_or_else(|| {
                    let words = Self::ALL.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
                    format!("one of {words}")
                })
            }
        }
    )*};
}

read_words!(
    domain::mutation::Kind,
    domain::mutation::Environment,
    domain::run::Stage,
    domain::run::DecisionWord,
    domain::attempt::Outcome
);

#[cfg(test)]
mod tests;
