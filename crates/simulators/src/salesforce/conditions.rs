//! Conditional requests: `If-Unmodified-Since` on every object, `If-Match` on accounts only.
//!
//! Dates have whole seconds, so the first is a weak check: a write within the same second goes unseen.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::errors::Problem;
use super::schema::Object;
use crate::clock::Stamp;
use crate::exchange::Call;

/// The hash of an account's content; other objects have none.
pub(crate) fn etag(object: &Object, fields: &Map<String, Value>) -> Option<String> {
    if object.name != "Account" {
        return None;
    }
    let hash = Sha256::digest(serde_json::to_vec(fields).ok()?);
    Some(format!("\"{}\"", BASE64.encode(hash.get(..20)?)))
}

pub(crate) fn last_modified(fields: &Map<String, Value>) -> Option<Stamp> {
    Stamp::parse(fields.get("LastModifiedDate")?.as_str()?)
}

/// Whether the write may go on with the record as it is.
pub(crate) fn check(call: &Call, object: &Object, fields: &Map<String, Value>) -> Result<(), Problem> {
    if let Some(date) = call.header("if-unmodified-since") {
        let since = Stamp::parse_http_date(date).ok_or(Problem::BadCondition("If-Unmodified-Since"))?;
        if last_modified(fields) > Some(since) {
            return Err(Problem::PreconditionFailed);
        }
    }
    let (Some(tags), Some(etag)) = (call.header("if-match"), etag(object, fields)) else { return Ok(()) };
    let mut tags = tags.split(',').map(str::trim);
    if !tags.clone().all(|tag| tag == "*" || (tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'))) {
        return Err(Problem::BadCondition("If-Match"));
    }
    if tags.any(|tag| tag == "*" || tag == etag) { Ok(()) } else { Err(Problem::PreconditionFailed) }
}
