//! Stored answers to requests, so that a repeated request is answered and not done again. They keep ids, never bodies.

use domain::id::RunId;
use domain::time::Timestamp;
use proof::digest::{Digest, sha256};

/// Bytes of a stored reply.
pub const REPLY_BYTES_MAX: usize = 1024;

/// The answer to one request of one principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Who asked.
    pub principal: String,
    /// What for.
    pub operation: String,
    /// The key the caller chose.
    pub key: String,
    /// The digest of the request's body.
    pub fingerprint: Digest,
    /// The status that was answered.
    pub status: u16,
    /// The run that the answer is about.
    pub run: Option<RunId>,
    /// Ids from which the answer is built again, at most [`REPLY_BYTES_MAX`].
    pub reply: Vec<u8>,
    /// When it was stored.
    pub created: Timestamp,
    /// From when on the key may be used anew.
    pub expires: Timestamp,
}

impl IdempotencyRecord {
    /// Principal, operation and key.
    pub(crate) fn request(&self) -> (String, String, String) {
        (self.principal.clone(), self.operation.clone(), self.key.clone())
    }
}

/// What the row is stored under. Callers put all kinds of text into their keys, so the text itself is not kept.
pub(crate) fn name(principal: &str, operation: &str, key: &str) -> Digest {
    let mut text = String::with_capacity(principal.len() + operation.len() + key.len() + 48);
    for part in ["actionplane/request/v1", principal, operation, key] {
        text.push_str(&part.len().to_string());
        text.push(':');
        text.push_str(part);
    }
    sha256(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_eq!(name("a", "b", "c"), name("a", "b", "c"));
        assert_ne!(name("a", "bc", ""), name("a", "b", "c"));
        assert_ne!(name("a1:b", "", "c"), name("a", "b", "c"));
    }
}
