//! Secrets that cannot print, and the scrubber that keeps them out of evidence.

use serde::{Deserialize, Deserializer};
use zeroize::Zeroize;

/// The shortest text that the scrubber looks for; shorter ones would blank out ordinary words.
const SCRUBBED_LEN_MIN: usize = 6;
/// What stands in evidence where a secret stood.
pub const MASK: &str = "[secret]";

/// A value that leaves memory when dropped and that has no `Debug`, `Display` or `Serialize`.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a secret.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The secret itself. Every call is a place to review.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// Replaces every occurrence of the secrets in a text. A vendor that echoes a credential must not bring it into evidence.
pub fn scrub(text: &str, secrets: &[&Secret<String>]) -> String {
    secrets.iter().map(|secret| secret.expose()).filter(|secret| secret.len() >= SCRUBBED_LEN_MIN).fold(
        text.to_owned(),
        |text, secret| if text.contains(secret.as_str()) { text.replace(secret, MASK) } else { text },
    )
}

#[cfg(test)]
mod tests;
