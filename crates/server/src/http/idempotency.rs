//! `Idempotency-Key`: a request that is sent again is done once and answered again.
//!
//! A key belongs to its body: the fingerprint covers the path and the body, whatever its white space and member order.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use engine::commands::IdempotencyKey;
use engine::{Code, Error};
use proof::digest::{Digest, sha256};
use proof::json::Value;

use super::problem::Result;

/// The header of the request.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that an earlier request caused.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Reads the key of a request.
pub fn read(headers: &HeaderMap, path: &str, body: &Value) -> Result<Option<IdempotencyKey>> {
    let mut keys = headers.get_all(KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err(Error::new(Code::IdempotencyKeyInvalid, "the `Idempotency-Key` comes twice").into());
    }
    let key = key.to_str().unwrap_or_default();
    Ok(Some(IdempotencyKey::new(key, fingerprint(path, body))?))
}

/// What two requests have in common when they ask for the same.
fn fingerprint(path: &str, body: &Value) -> Digest {
    sha256(format!("{path}\n{}", proof::canonical::to_string(body)).as_bytes())
}

/// The value of the header of a replayed answer.
pub fn replayed() -> (HeaderName, HeaderValue) {
    (REPLAYED, HeaderValue::from_static("true"))
}

#[cfg(test)]
mod tests {
    use proof::json::object;

    use super::*;

    fn key(values: &[&str], path: &str, body: &Value) -> Result<Option<IdempotencyKey>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(KEY, value.parse().unwrap());
        }
        read(&headers, path, body)
    }

    #[test]
    fn a_key_is_bound_to_path_and_body() {
        let one = object([("a", 1_u32.into()), ("b", 2_u32.into())]);
        let known = key(&["k"], "/v1/runs", &one).unwrap().unwrap();
        assert_eq!(key(&["k"], "/v1/runs", &one).unwrap().unwrap(), known);
        let other = object([("a", 1_u32.into())]);
        assert_ne!(key(&["k"], "/v1/runs", &other).unwrap().unwrap().fingerprint, known.fingerprint);
        assert_ne!(key(&["k"], "/v1/keys", &one).unwrap().unwrap().fingerprint, known.fingerprint);
    }

    #[test]
    fn no_key_is_none_and_a_bad_one_is_refused() {
        assert!(key(&[], "/", &Value::Null).unwrap().is_none());
        for bad in [&[""][..], &["two words"], &["a", "a"], &["\u{e9}"], &[&"x".repeat(256)]] {
            let problem = key(bad, "/", &Value::Null).unwrap_err();
            assert_eq!(problem.error().code, Code::IdempotencyKeyInvalid, "{bad:?}");
        }
        assert!(key(&[&"x".repeat(255)], "/", &Value::Null).unwrap().is_some());
    }
}
