//! Ed25519 keys with a name, as C2SP signed-note writes them.
//!
//! Verification is the strict one: canonical key and R, S below the group order, neither key nor R of small
//! order. Ordinary verification accepts a key of small order under which anything verifies.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;

use super::fault::NoteFault;
use super::name_form;
use crate::digest::concatenated;

/// What a key signs: the signature type of C2SP signed-note. A key signs one kind only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyKind {
    /// 0x01: the text of a note as it is. Logs sign so.
    Ed25519,
    /// 0x04: a checkpoint with the time at which it was seen (C2SP tlog-cosignature). Witnesses sign so.
    CosignatureV1,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }
}

/// The first four bytes of a hash over name, kind and key; with the name it says which key signed a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(crate) [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A public key with its name; its text is the vkey `<name>+<key id>+<base64 of kind and key>`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    id: KeyId,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifierKey {
    /// A key from its parts.
    ///
    /// # Errors
    /// [`NoteFault::Vkey`] for a name that a note cannot hold or a key that is no canonical point of large order.
    pub fn new(name: &str, kind: KeyKind, public: [u8; 32]) -> Result<Self, NoteFault> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&public).map_err(|_| NoteFault::Vkey)?;
        if !name_form(name) || !is_canonical(&public) || key.is_weak() {
            return Err(NoteFault::Vkey);
        }
        let hash = concatenated(&[name.as_bytes(), b"\n", &[kind.byte()], &public]);
        let [a, b, c, d, ..] = *hash.as_bytes();
        Ok(Self { name: name.to_owned(), kind, id: KeyId([a, b, c, d]), key })
    }

    /// Reads a vkey.
    ///
    /// # Errors
    /// [`NoteFault::Vkey`] for another form, an unknown kind or a key id that is not that of the key.
    pub fn parse(vkey: &str) -> Result<Self, NoteFault> {
        let parts = vkey.split_once('+').and_then(|(name, rest)| Some((name, rest.split_once('+')?)));
        let (name, (id, material)) = parts.ok_or(NoteFault::Vkey)?;
        let material = STANDARD.decode(material).map_err(|_| NoteFault::Vkey)?;
        let (kind, public) = material.split_first().ok_or(NoteFault::Vkey)?;
        let kinds = [KeyKind::Ed25519, KeyKind::CosignatureV1];
        let kind = kinds.into_iter().find(|known| known.byte() == *kind).ok_or(NoteFault::Vkey)?;
        let key = Self::new(name, kind, public.try_into().map_err(|_| NoteFault::Vkey)?)?;
        if key.id.to_string() == id { Ok(key) } else { Err(NoteFault::Vkey) }
    }

    /// The name, for a log its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The 32 bytes of the public key.
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether this key signed exactly this message, by the strict rule.
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [&[self.kind.byte()], self.public().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, STANDARD.encode(material))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether the y coordinate is below the field prime 2^255 − 19. A zero x with a sign bit, the other form that is
/// not canonical, occurs in points of small order only.
fn is_canonical(public: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = public;
    *low < 0xED || *high & 0x7F != 0x7F || middle.iter().any(|byte| *byte != 0xFF)
}

/// A private key with its name. It leaves memory when dropped and cannot be printed or copied.
pub struct SigningKey {
    verifier: VerifierKey,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key of a 32-byte seed (the private key of RFC 8032). The caller wipes the seed.
    ///
    /// # Errors
    /// [`NoteFault::Vkey`] for a name that a note cannot hold.
    pub fn new(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, NoteFault> {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, kind, key.verifying_key().to_bytes())?;
        Ok(Self { verifier, key })
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature over a message; the same each time.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}
