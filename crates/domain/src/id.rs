//! Typed identifiers: a prefix and 128 time-ordered bits, written as a TypeID.
//!
//! The same string stands in the API, the leaf, the database and the URL. The bits follow UUID version 7 (RFC 9562),
//! made from a time and random bytes that the caller injects; this room reads neither a clock nor a random source.

use std::fmt;

use crate::time::Timestamp;

/// Crockford's alphabet in lower case, as TypeID 0.3 uses it.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of the suffix: 26 × 5 bits hold 128 bits with two to spare.
const SUFFIX_LEN: usize = 26;

/// A text that is not an identifier of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of the form {prefix}_ followed by 26 characters")]
pub struct IdFault {
    /// What was given, cut to a printable length.
    pub text: String,
    /// The prefix that was expected.
    pub prefix: &'static str,
}

fn bits(at: Timestamp, random: [u8; 10]) -> u128 {
    let mut bytes = [0u8; 16];
    let millis = u64::try_from(at.millis()).unwrap_or(0).to_be_bytes();
    bytes[..6].copy_from_slice(&millis[2..]);
    bytes[6..].copy_from_slice(&random);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    u128::from_be_bytes(bytes)
}

fn write_suffix(value: u128, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    for position in (0..SUFFIX_LEN).rev() {
        let index = (value >> (position * 5)) & 31;
        let letter = usize::try_from(index).ok().and_then(|i| ALPHABET.get(i)).copied().unwrap_or(b'0');
        fmt::Write::write_char(out, char::from(letter))?;
    }
    Ok(())
}

fn read_suffix(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    if bytes.len() != SUFFIX_LEN || bytes.first().is_none_or(|first| *first > b'7') {
        return None;
    }
    bytes.iter().try_fold(0u128, |value, byte| {
        let digit = ALPHABET.iter().position(|letter| letter == byte)?;
        Some(value << 5 | u128::try_from(digit).ok()?)
    })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The part before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an identifier that sorts by `at`; `random` must come from the injected entropy.
            pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
                Self(bits(at, random))
            }

            /// Parses the one written form; anything else is refused.
            pub fn parse(text: &str) -> Result<Self, IdFault> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(read_suffix)
                    .map(Self)
                    .ok_or_else(|| IdFault { text: text.chars().take(64).collect(), prefix: $prefix })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                write_suffix(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

ids! {
    /// A tenant's boundary: own log, keys, policies, connectors.
    WorkspaceId "ws";
    /// One governed run.
    RunId "run";
    /// A person. Random, never derived from a name.
    PersonId "person";
    /// An agent: a program that proposes and never approves.
    AgentId "agent";
    /// A service of the customer's, such as a scheduler.
    ServiceId "service";
    /// A process that writes events.
    NodeId "node";
    /// A published policy set, as the principal of its decisions.
    PolicySetId "polset";
    /// A work item of a worker.
    WorkId "work";
    /// An API key (the id is not the secret).
    KeyId "key";
    /// A sign-in session (the id is not the secret).
    SessionId "session";
    /// A stored artifact.
    ArtifactId "artifact";
    /// A group of approvers.
    GroupId "group";
    /// A pause in force.
    PauseId "pause";
    /// A legal hold.
    HoldId "hold";
}

#[cfg(test)]
mod tests;
