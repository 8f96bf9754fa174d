//! C2SP tlog-checkpoint: the head of a log as a signed note of origin, size and root.
//!
//! There are no extension lines: what nobody audits is not signed.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::digest::Digest;
use crate::lines::{decimal, next_line};
use crate::note::{Note, NoteFault, SignatureLine, Signed, SigningKey, VerifierKey, name_form};
use crate::tree::SIZE_MAX;

/// The head of a log; its text is what the log signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log; also the name of its keys.
    pub origin: String,
    /// How many leaves, at most [`SIZE_MAX`].
    pub size: u64,
    /// The tree hash over them.
    pub root: Digest,
}

impl Checkpoint {
    /// Reads the text of a checkpoint, with its final newline.
    ///
    /// # Errors
    /// [`NoteFault::CheckpointForm`].
    pub fn parse(text: &str) -> Result<Self, NoteFault> {
        let parse = || {
            let (origin, rest) = next_line(text)?;
            let (size, rest) = next_line(rest)?;
            let (root, rest) = next_line(rest)?;
            let size = decimal(size).filter(|size| *size <= SIZE_MAX)?;
            let checkpoint = Self { origin: origin.to_owned(), size, root: Digest::parse_base64(root)? };
            (rest.is_empty() && name_form(origin)).then_some(checkpoint)
        };
        parse().ok_or(NoteFault::CheckpointForm)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root.to_base64())
    }
}

/// A checkpoint with signature lines of its log and of witnesses, checked or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Joins a checkpoint with lines over its text.
    ///
    /// # Errors
    /// As [`SignedCheckpoint::parse`], which takes everything that comes out.
    pub fn new(checkpoint: &Checkpoint, signatures: Vec<SignatureLine>) -> Result<Self, NoteFault> {
        let text = checkpoint.to_string();
        Ok(Self { checkpoint: Checkpoint::parse(&text)?, note: Note::new(&text, signatures)? })
    }

    /// Signs a checkpoint as its log, with more than one key while keys are rotated.
    ///
    /// # Errors
    /// [`NoteFault::KeyKind`] for a key of another kind or another name than the origin, or as
    /// [`SignedCheckpoint::new`].
    pub fn sign<'k>(
        checkpoint: &Checkpoint,
        keys: impl IntoIterator<Item = &'k SigningKey>,
    ) -> Result<Self, NoteFault> {
        let text = checkpoint.to_string();
        let sign = |key: &SigningKey| {
            let ours = key.verifier().name() == checkpoint.origin;
            if ours { SignatureLine::sign(&text, key) } else { Err(NoteFault::KeyKind) }
        };
        Self::new(checkpoint, keys.into_iter().map(sign).collect::<Result<_, _>>()?)
    }

    /// Reads a signed checkpoint. No signature is checked.
    ///
    /// # Errors
    /// As [`Note::parse`] and [`Checkpoint::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteFault> {
        let note = Note::parse(bytes)?;
        Ok(Self { checkpoint: Checkpoint::parse(note.text())?, note })
    }

    /// What is signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note around it.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The line of a witness that saw this head at `time`, in seconds since 1970, and found it consistent with
    /// all it saw before.
    ///
    /// # Errors
    /// As [`SignatureLine::cosign`].
    pub fn cosign(&self, time: u64, key: &SigningKey) -> Result<SignatureLine, NoteFault> {
        SignatureLine::cosign(self.note.text(), time, key)
    }

    /// Adds a line, in place of an earlier one of the same key.
    ///
    /// # Errors
    /// As [`Note::add`].
    pub fn add(&mut self, line: SignatureLine) -> Result<(), NoteFault> {
        self.note.add(line)
    }

    /// Which of these keys signed, logs without and witnesses with a time. Whether that is enough, a
    /// [`crate::trust::TrustPolicy`] says.
    ///
    /// # Errors
    /// [`NoteFault::BadSignature`] if any line of any of these keys does not verify.
    pub fn verify<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifierKey>,
    ) -> Result<Vec<Signed<'k>>, NoteFault> {
        self.note.verify(keys)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
