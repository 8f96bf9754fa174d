//! C2SP tlog-proof: a leaf's index, its inclusion path and the signed head that it leads to, in one text.

#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::SignedCheckpoint;
use crate::digest::Digest;
use crate::inclusion::{self, PATH_MAX, ProofFault};
use crate::lines::{decimal, hashes, next_line};
use crate::note::NoteFault;

/// The largest proof, in bytes: the largest note, a path and as much for the extra line.
pub const TLOG_PROOF_BYTES_MAX: usize = 131_072;

const MAGIC: &str = "c2sp.org/tlog-proof@v1";

/// Shows that a leaf is in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Data of an application that nothing vouches for; ours has none.
    pub extra: Option<Vec<u8>>,
    /// Where the leaf is, from 0.
    pub index: u64,
    /// The inclusion path, from the sibling of the leaf upwards.
    pub path: Vec<Digest>,
    /// The head. Its signatures are for a [`crate::trust::TrustPolicy`] to judge.
    pub checkpoint: SignedCheckpoint,
}

impl TlogProof {
    /// Reads a proof. Neither path nor signatures are checked.
    ///
    /// # Errors
    /// [`NoteFault::TooLarge`], [`NoteFault::ProofForm`], or as [`SignedCheckpoint::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteFault> {
        if bytes.len() > TLOG_PROOF_BYTES_MAX {
            return Err(NoteFault::TooLarge);
        }
        let (extra, index, path, rest) =
            str::from_utf8(bytes).ok().and_then(parse_head).ok_or(NoteFault::ProofForm)?;
        Ok(Self { extra, index, path, checkpoint: SignedCheckpoint::parse(rest.as_bytes())? })
    }

    /// Checks that the path leads from this leaf to the root of the checkpoint.
    ///
    /// # Errors
    /// What is wrong with the path.
    pub fn verify(&self, leaf_hash: &Digest) -> Result<(), ProofFault> {
        let head = self.checkpoint.checkpoint();
        inclusion::verify(leaf_hash, self.index, head.size, &self.path, &head.root)
    }
}

type Head<'a> = (Option<Vec<u8>>, u64, Vec<Digest>, &'a str);

fn parse_head(text: &str) -> Option<Head<'_>> {
    let (magic, rest) = next_line(text)?;
    let (line, after) = next_line(rest)?;
    let (extra, rest) = match line.strip_prefix("extra ") {
        Some(extra) => (Some(STANDARD.decode(extra).ok().filter(|extra| !extra.is_empty())?), after),
        None => (None, rest),
    };
    let (line, rest) = next_line(rest)?;
    let index = decimal(line.strip_prefix("index ")?)?;
    let (path, rest) = hashes(rest, PATH_MAX)?;
    (magic == MAGIC).then_some((extra, index, path, rest))
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MAGIC}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
