//! C2SP tlog-witness, the pure part: the add-checkpoint request, and what a witness answers.
//!
//! A witness remembers one head per origin. It must keep the new one before it answers, and must compare and keep
//! in one step, or two requests at once would roll it back.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::checkpoint::SignedCheckpoint;
use crate::consistency::{self, PROOF_MAX};
use crate::digest::{Digest, sha256};
use crate::lines::{decimal, hashes, next_line};
use crate::note::{NOTE_BYTES_MAX, NoteFault, VerifierKey};

/// The largest request, in bytes: the largest note, the proof lines and the line before them.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 4096;

/// Asks a witness to cosign a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness is thought to have; 0 if none.
    pub old_size: u64,
    /// The consistency proof from there, at most [`PROOF_MAX`] hashes; empty from 0.
    pub proof: Vec<Digest>,
    /// The head.
    pub checkpoint: SignedCheckpoint,
}

impl AddCheckpoint {
    /// Reads the body of a request. Nothing is checked but its form.
    ///
    /// # Errors
    /// [`NoteFault::TooLarge`], [`NoteFault::RequestForm`], or as [`SignedCheckpoint::parse`]; the answer is 400.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteFault> {
        if bytes.len() > REQUEST_BYTES_MAX {
            return Err(NoteFault::TooLarge);
        }
        let head = str::from_utf8(bytes).ok().and_then(|text| {
            let (line, rest) = next_line(text)?;
            Some((decimal(line.strip_prefix("old ")?)?, hashes(rest, PROOF_MAX)?))
        });
        let (old_size, (proof, note)) = head.ok_or(NoteFault::RequestForm)?;
        Ok(Self { old_size, proof, checkpoint: SignedCheckpoint::parse(note.as_bytes())? })
    }
}

impl fmt::Display for AddCheckpoint {
    /// The body of the request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        for hash in &self.proof {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

/// What a witness remembers of a log: the head that it cosigned last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How many leaves.
    pub size: u64,
    /// The tree hash.
    pub root: Digest,
}

/// Why a witness does not cosign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No key is trusted for this origin.
    #[error("an unknown log")]
    UnknownOrigin,
    /// No trusted key signed, or a line of one does not verify.
    #[error("no signature of a trusted key")]
    NotSigned,
    /// The old size is above that of the head.
    #[error("an old size above that of the head")]
    OldSize,
    /// The witness has another size, and says which.
    #[error("the latest cosigned size is {size}")]
    Conflict {
        /// The size of the head that it cosigned last, 0 if none.
        size: u64,
    },
    /// The log signed another root for the size that the witness cosigned: it has forked.
    #[error("another root was cosigned at size {size}")]
    Fork {
        /// That size.
        size: u64,
    },
    /// The proof does not show that the head continues what was cosigned.
    #[error("not consistent with the latest cosigned head")]
    Inconsistent,
}

impl Refusal {
    /// The status code of the answer.
    pub fn status(self) -> u16 {
        match self {
            Self::UnknownOrigin => 404,
            Self::NotSigned => 403,
            Self::OldSize => 400,
            Self::Conflict { .. } | Self::Fork { .. } => 409,
            Self::Inconsistent => 422,
        }
    }

    /// Whether a trusted key signed what was refused. Such requests are kept: they may show that a log forked.
    pub fn is_signed(self) -> bool {
        match self {
            Self::UnknownOrigin | Self::NotSigned => false,
            Self::OldSize | Self::Conflict { .. } | Self::Fork { .. } | Self::Inconsistent => true,
        }
    }
}

/// Judges a request: what to remember before cosigning with [`SignedCheckpoint::cosign`]. `latest` is what the
/// witness remembers of this origin.
///
/// # Errors
/// Why not.
pub fn judge<'k>(
    request: &AddCheckpoint,
    trusted: impl IntoIterator<Item = &'k VerifierKey>,
    latest: Option<Seen>,
) -> Result<Seen, Refusal> {
    let head = request.checkpoint.checkpoint();
    let keys: Vec<_> = trusted.into_iter().filter(|key| key.name() == head.origin).collect();
    if keys.is_empty() {
        return Err(Refusal::UnknownOrigin);
    }
    if request.checkpoint.verify(keys).map_or(true, |signed| signed.is_empty()) {
        return Err(Refusal::NotSigned);
    }
    if request.old_size > head.size {
        return Err(Refusal::OldSize);
    }
    // Every log begins with the empty tree.
    let old = latest.unwrap_or_else(|| Seen { size: 0, root: sha256(b"") });
    if request.old_size != old.size {
        return Err(Refusal::Conflict { size: old.size });
    }
    if head.size == old.size && head.root != old.root {
        return Err(Refusal::Fork { size: old.size });
    }
    let consistent = match old.size {
        0 => request.proof.is_empty(),
        size => consistency::verify(size, &old.root, head.size, &head.root, &request.proof).is_ok(),
    };
    if consistent { Ok(Seen { size: head.size, root: head.root }) } else { Err(Refusal::Inconsistent) }
}

/// The body of a 409: the size in decimal and a newline, as `text/x.tlog.size`.
pub fn write_size(size: u64) -> String {
    format!("{size}\n")
}

/// Reads the body of a 409.
pub fn parse_size(body: &[u8]) -> Option<u64> {
    decimal(str::from_utf8(body).ok()?.strip_suffix('\n')?)
}
