//! Sealed fields: a leaf holds the digest, the value can go and every proof stays valid.
//!
//! The form is the object-member disclosure of RFC 9901 section 4.2.1, with canonical JSON inside, so that one
//! salt, name and value have one text. Drawing salts and keeping values is the business of others.

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::canonical;
use crate::json::Value;
use crate::leaf::SdDigest;
use crate::strict::{Fault, parse_open};

/// The largest value, in bytes of canonical JSON. What is larger becomes an artifact.
pub const VALUE_BYTES_MAX: usize = 65_536;

/// A sealed field as it is kept and disclosed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// What stands in `_sd`.
    pub digest: SdDigest,
    /// Base64url of the canonical JSON `[salt, name, value]`.
    pub text: String,
}

/// What a disclosure says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The digest that `_sd` must hold. A disclosure whose digest stands nowhere must be refused.
    pub digest: SdDigest,
    /// 32 random bytes, without which the value cannot be guessed from the digest.
    pub salt: [u8; 32],
    /// The name of the field.
    pub name: String,
    /// Its value.
    pub value: Value,
}

impl Disclosure {
    /// Seals a field under a fresh salt.
    ///
    /// # Errors
    /// [`Fault::DisclosureForm`] for the names `_sd` and `...`, [`Fault::TooLarge`] for a value above
    /// [`VALUE_BYTES_MAX`], or the rule that the value breaks: a disclosure comes out only if
    /// [`Disclosure::open`] takes it.
    pub fn seal(salt: [u8; 32], name: &str, value: &Value) -> Result<Self, Fault> {
        let salt = canonical::to_string(&URL_SAFE_NO_PAD.encode(salt).into());
        let (name, value) = (canonical::to_string(&name.into()), canonical::to_string(value));
        let text = URL_SAFE_NO_PAD.encode(format!("[{salt},{name},{value}]"));
        let digest = Self::open(&text)?.digest;
        Ok(Self { digest, text })
    }

    /// Reads the text of a disclosure.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn open(text: &str) -> Result<Opened, Fault> {
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| Fault::Base64url)?;
        let Value::Array(parts) = parse_open(&json)? else { return Err(Fault::DisclosureForm) };
        let Ok([Value::Str(salt), Value::Str(name), value]) = <[Value; 3]>::try_from(parts) else {
            return Err(Fault::DisclosureForm);
        };
        let salt = URL_SAFE_NO_PAD.decode(salt).ok().and_then(|salt| salt.try_into().ok());
        let salt = salt.ok_or(Fault::DisclosureForm)?;
        if name == "_sd" || name == "..." {
            return Err(Fault::DisclosureForm);
        }
        if canonical::to_string(&value).len() > VALUE_BYTES_MAX {
            return Err(Fault::TooLarge);
        }
        Ok(Opened { digest: SdDigest::of_disclosure(text), salt, name, value })
    }
}
