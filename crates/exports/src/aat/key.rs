//! ES256 keys as the audit trail names and uses them.
//!
//! Signatures are deterministic (RFC 6979) and have a low S, so that a record has one signed form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use proof::canonical;
use proof::digest::sha256;
use proof::json::{Value, object};

/// A private key on P-256. It leaves memory when dropped and cannot be printed.
pub struct TrailKey(SigningKey);

/// A public key on P-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TrailPublicKey(VerifyingKey);

/// A secret that is no private key: zero, or not below the order of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret is no private key on P-256")]
pub struct NoKey;

impl TrailKey {
    /// The key of 32 secret bytes, big-endian. The caller draws and wipes them.
    ///
    /// # Errors
    /// [`NoKey`], about once in 2^32 draws.
    pub fn new(secret: &[u8; 32]) -> Result<Self, NoKey> {
        SigningKey::from_slice(secret).map(Self).map_err(|_| NoKey)
    }

    /// The public half.
    pub fn public(&self) -> TrailPublicKey {
        TrailPublicKey(*self.0.verifying_key())
    }

    /// The signature over a message: r and S, 32 bytes each, as unpadded base64url.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        let signature: Signature = self.0.sign(message);
        URL_SAFE_NO_PAD.encode(signature.normalize_s().to_bytes())
    }
}

impl TrailPublicKey {
    /// RFC 7638: the SHA-256 of the key as a JSON Web Key with its required members.
    pub fn kid(&self) -> String {
        let (x, y) = self.coordinates();
        let jwk = object([("crv", "P-256".into()), ("kty", "EC".into()), ("x", x.into()), ("y", y.into())]);
        URL_SAFE_NO_PAD.encode(sha256(&canonical::to_bytes(&jwk)).as_bytes())
    }

    fn coordinates(&self) -> (String, String) {
        let point = self.0.to_sec1_point(false);
        let encoded = |coordinate: Option<&_>| {
            coordinate.map_or_else(String::new, |bytes: &p256::FieldBytes| URL_SAFE_NO_PAD.encode(bytes))
        };
        (encoded(point.x()), encoded(point.y()))
    }

    /// The entry of the keys file.
    pub(super) fn to_value(self) -> Value {
        let (x, y) = self.coordinates();
        object([("alg", super::ALGORITHM.into()), ("jwk_x_y", object([("x", x.into()), ("y", y.into())]))])
    }

    /// Reads an entry of the keys file; none for any other form, or a point off the curve.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let coordinate = |name| {
            let text = value.get("jwk_x_y")?.get(name)?.as_str()?;
            URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 32)
        };
        let uncompressed = [vec![0x04], coordinate("x")?, coordinate("y")?].concat();
        let key = Self(VerifyingKey::from_sec1_bytes(&uncompressed).ok()?);
        (key.to_value() == *value).then_some(key)
    }

    /// Whether this key signed the message, with a low S.
    pub(super) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let bytes = URL_SAFE_NO_PAD.decode(signature).ok();
        let signature = bytes.and_then(|bytes| Signature::from_slice(&bytes).ok());
        signature.is_some_and(|signature| {
            signature.normalize_s() == signature && self.0.verify(message, &signature).is_ok()
        })
    }
}
