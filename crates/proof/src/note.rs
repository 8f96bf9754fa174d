//! C2SP signed-note: a text and the lines of those who signed it.
//!
//! Lines of unknown keys are ignored, in any order; a line of a known key that does not verify is an error.

mod fault;
mod key;
#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
pub use fault::NoteFault;
pub use key::{KeyId, KeyKind, SigningKey, VerifierKey};

/// The largest note, in bytes.
pub const NOTE_BYTES_MAX: usize = 65_536;

/// How many signature lines a note may have.
pub const SIGNATURES_MAX: usize = 100;

/// The latest time of a cosignature, in seconds since 1970.
pub const TIME_MAX: u64 = i64::MAX.unsigned_abs();

/// A signed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// What the keys of a verifier say about a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed<'k> {
    /// The key that signed.
    pub key: &'k VerifierKey,
    /// When, in seconds since 1970, for a key of kind [`KeyKind::CosignatureV1`]; the latest if it signed twice.
    pub time: Option<u64>,
}

impl Note {
    /// Joins a text that ends in a newline with signature lines.
    ///
    /// # Errors
    /// As [`Note::parse`], which takes every note that comes out.
    pub fn new(text: &str, signatures: Vec<SignatureLine>) -> Result<Self, NoteFault> {
        let note = Self { text: text.to_owned(), signatures };
        if Self::parse(note.to_string().as_bytes())? == note { Ok(note) } else { Err(NoteFault::NoteForm) }
    }

    /// Reads a note. No signature is checked.
    ///
    /// # Errors
    /// [`NoteFault::TooLarge`], [`NoteFault::NoteForm`] or [`NoteFault::Base64`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteFault> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteFault::TooLarge);
        }
        let note = str::from_utf8(bytes).map_err(|_| NoteFault::NoteForm)?;
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteFault::NoteForm);
        }
        // The text may hold blank lines, so the last one is the border.
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteFault::NoteForm)?;
        Ok(Self { text: format!("{text}\n"), signatures: SignatureLine::parse_all(lines)? })
    }

    /// The text that is signed, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in order.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Adds a line, in place of an earlier one of the same key.
    ///
    /// # Errors
    /// [`NoteFault::TooLarge`] if it does not fit; the note is then as it was.
    pub fn add(&mut self, line: SignatureLine) -> Result<(), NoteFault> {
        let mut signatures = self.signatures.clone();
        match signatures.iter_mut().find(|old| old.name == line.name && old.key_id == line.key_id) {
            Some(old) => *old = line,
            None => signatures.push(line),
        }
        *self = Self::new(&self.text, signatures)?;
        Ok(())
    }

    /// Which of these keys signed, in the order of the keys.
    ///
    /// # Errors
    /// [`NoteFault::BadSignature`] if any line of any of these keys does not verify.
    pub fn verify<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifierKey>,
    ) -> Result<Vec<Signed<'k>>, NoteFault> {
        let mut signed = Vec::new();
        for key in keys {
            let lines = self.signatures.iter().filter(|line| line.is_by(key));
            let times = lines.map(|line| line.verify(&self.text, key)).collect::<Result<Vec<_>, _>>()?;
            signed.extend(times.into_iter().max().map(|time| Signed { key, time }));
        }
        Ok(signed)
    }
}

impl fmt::Display for Note {
    /// The bytes of the note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| line.fmt(f))
    }
}

/// One line: who signed, and what came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    name: String,
    key_id: KeyId,
    signature: Vec<u8>,
}

impl SignatureLine {
    /// Signs the text of a note.
    ///
    /// # Errors
    /// [`NoteFault::KeyKind`] unless the key is of kind [`KeyKind::Ed25519`].
    pub fn sign(text: &str, key: &SigningKey) -> Result<Self, NoteFault> {
        Self::signed(key.verifier(), &key.sign(text.as_bytes()))
    }

    /// Signs the text of a checkpoint with the time at which it was seen, in seconds since 1970.
    ///
    /// # Errors
    /// [`NoteFault::KeyKind`] unless the key is of kind [`KeyKind::CosignatureV1`], or for a time above
    /// [`TIME_MAX`].
    pub fn cosign(text: &str, time: u64, key: &SigningKey) -> Result<Self, NoteFault> {
        Self::cosigned(key.verifier(), time, &key.sign(cosigned_message(text, time).as_bytes()))
    }

    /// The line of a signature that was made elsewhere over the text of a note.
    ///
    /// # Errors
    /// [`NoteFault::KeyKind`] unless the key is of kind [`KeyKind::Ed25519`].
    pub fn signed(key: &VerifierKey, signature: &[u8; 64]) -> Result<Self, NoteFault> {
        if key.kind() != KeyKind::Ed25519 {
            return Err(NoteFault::KeyKind);
        }
        Ok(Self { name: key.name().to_owned(), key_id: key.id(), signature: signature.to_vec() })
    }

    /// The line of a signature that was made elsewhere over a [`cosigned_message`].
    ///
    /// # Errors
    /// As [`SignatureLine::cosign`].
    pub fn cosigned(key: &VerifierKey, time: u64, signature: &[u8; 64]) -> Result<Self, NoteFault> {
        if key.kind() != KeyKind::CosignatureV1 || time > TIME_MAX {
            return Err(NoteFault::KeyKind);
        }
        let signature = [time.to_be_bytes().as_slice(), signature].concat();
        Ok(Self { name: key.name().to_owned(), key_id: key.id(), signature })
    }

    /// Reads lines that each end in a newline, such as the answer of a witness: at least one.
    ///
    /// # Errors
    /// As [`Note::parse`].
    pub fn parse_all(lines: &str) -> Result<Vec<Self>, NoteFault> {
        let lines = lines.strip_suffix('\n').ok_or(NoteFault::NoteForm)?;
        if lines.split('\n').count() > SIGNATURES_MAX {
            return Err(NoteFault::TooLarge);
        }
        lines.split('\n').map(Self::parse).collect()
    }

    fn parse(line: &str) -> Result<Self, NoteFault> {
        let line = line.strip_prefix("\u{2014} ").ok_or(NoteFault::NoteForm)?;
        let (name, signature) = line.split_once(' ').ok_or(NoteFault::NoteForm)?;
        if !name_form(name) {
            return Err(NoteFault::NoteForm);
        }
        let bytes = STANDARD.decode(signature).map_err(|_| NoteFault::Base64)?;
        match bytes.split_first_chunk() {
            Some((key_id, signature)) if !signature.is_empty() => {
                Ok(Self { name: name.to_owned(), key_id: KeyId(*key_id), signature: signature.to_vec() })
            }
            _ => Err(NoteFault::Base64),
        }
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Whether it says that it is of this key.
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.key_id == key.id()
    }

    /// The time of a cosignature. Ask only for lines of a key of kind [`KeyKind::CosignatureV1`].
    fn verify(&self, text: &str, key: &VerifierKey) -> Result<Option<u64>, NoteFault> {
        let (time, verifies) = match key.kind() {
            KeyKind::Ed25519 => {
                let signature = self.signature.as_slice().try_into();
                (None, signature.is_ok_and(|signature| key.verifies(text.as_bytes(), signature)))
            }
            KeyKind::CosignatureV1 => {
                let (time, signature) = self.signature.split_first_chunk().ok_or(NoteFault::BadSignature)?;
                let time = u64::from_be_bytes(*time);
                let message = cosigned_message(text, time);
                let verifies = signature
                    .try_into()
                    .is_ok_and(|signature| time <= TIME_MAX && key.verifies(message.as_bytes(), signature));
                (Some(time), verifies)
            }
        };
        if verifies { Ok(time) } else { Err(NoteFault::BadSignature) }
    }
}

impl fmt::Display for SignatureLine {
    /// The line with its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.0.as_slice(), &self.signature].concat();
        writeln!(f, "\u{2014} {} {}", self.name, STANDARD.encode(bytes))
    }
}

/// What a witness signs: C2SP tlog-cosignature, the Ed25519 signed message.
pub fn cosigned_message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// A key name: not empty, no space of any script, no plus, no control character.
pub(crate) fn name_form(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|char| char.is_whitespace() || char == '+' || char < ' ')
}
