//! SHA-256 digests, with a domain tag per use so that no digest can stand for another.
//!
//! A digest comes from hashing, from parsing its text, or from 32 bytes of a tile or a column.

#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::canonical;
use crate::json::Value;

/// A SHA-256 digest; its text is 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Reads 64 lower-case hex digits, nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Some(Self(bytes))
    }

    /// Reads standard base64 with padding, as checkpoints and proofs write it.
    pub fn parse_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The base64 that [`Digest::parse_base64`] reads.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The digest that was kept as these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for Value {
    fn from(digest: Digest) -> Self {
        Self::Str(digest.to_string())
    }
}

/// What a tagged digest is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// A plan header.
    Plan,
    /// The idempotency key of one mutation of one plan.
    Idempotency,
    /// What an approver signs.
    Approval,
    /// A policy set.
    PolicySet,
    /// A connector manifest.
    Manifest,
    /// The rendered diff that a person saw.
    Shown,
}

impl Tag {
    /// The bytes hashed before the value.
    pub fn text(self) -> &'static str {
        match self {
            Self::Plan => "actionplane/plan/v1\n",
            Self::Idempotency => "actionplane/idempotency/v1\n",
            Self::Approval => "actionplane/approval/v1\n",
            Self::PolicySet => "actionplane/policy/v1\n",
            Self::Manifest => "actionplane/manifest/v1\n",
            Self::Shown => "actionplane/shown/v1\n",
        }
    }
}

/// SHA-256 of bytes without a tag.
pub fn sha256(bytes: &[u8]) -> Digest {
    concatenated(&[bytes])
}

/// SHA-256 of the tag and the canonical JSON of a value.
pub fn tagged(tag: Tag, value: &Value) -> Digest {
    tagged_bytes(tag, canonical::to_string(value).as_bytes())
}

/// SHA-256 of the tag and bytes.
pub fn tagged_bytes(tag: Tag, bytes: &[u8]) -> Digest {
    concatenated(&[tag.text().as_bytes(), bytes])
}

pub(crate) fn concatenated(parts: &[&[u8]]) -> Digest {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Digest(hasher.finalize().into())
}
