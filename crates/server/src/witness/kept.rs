//! Requests that a log signed and the witness refused: they may show that the log has two histories.
//!
//! Each is kept once per head, beside the head that the witness held against it: two heads of one size with different
//! roots, both signed by the log, convict it without anybody's word. What is kept is bounded, and what came first stays.

use std::io;
use std::path::PathBuf;

use proof::checkpoint::SignedCheckpoint;
use proof::digest::sha256;
use proof::witness::{AddCheckpoint, Refusal};

use super::{StartFault, make_folder, replace};

/// Requests that are kept of one log and one kind.
pub const REFUSED_MAX: usize = 256;

/// The folder of refused requests: `<hash of the origin>/<kind>-<size>-<hash of the head>.request`, and `.held` beside it.
pub struct Refused(PathBuf);

/// What a refused head says about its log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Two roots of one size.
    Fork,
    /// A head that was not shown to continue ours.
    Inconsistent,
    /// A head below ours: an old one that somebody shows again, or one of another history.
    Behind,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Inconsistent => "inconsistent",
            Self::Behind => "behind",
        }
    }
}

impl Refused {
    /// What was refused, in a folder that is made with the first.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Looks at a refused request, says so, and keeps it if it says something about its log. `held` is the head that it
    /// was judged by.
    pub fn look(&self, request: &AddCheckpoint, refusal: Refusal, held: Option<&SignedCheckpoint>) {
        let head = request.checkpoint.checkpoint();
        let (origin, size) = (head.origin.as_str(), head.size);
        let Some(kind) = kind(request, refusal, held) else {
            tracing::info!(log.origin = origin, log.size = size, "refused: {refusal}");
            return;
        };
        match kind {
            Kind::Fork | Kind::Inconsistent => tracing::error!(
                log.origin = origin,
                log.size = size,
                kind = kind.word(),
                "a head that the log signed does not continue what was cosigned: {refusal}"
            ),
            Kind::Behind => tracing::warn!(
                log.origin = origin,
                log.size = size,
                "a head below the one that was cosigned: {refusal}"
            ),
        }
        if let Err(fault) = self.keep(request, kind, held) {
            tracing::error!(error = %fault, log.origin = origin, "a refused request could not be kept");
        }
    }

    fn keep(
        &self,
        request: &AddCheckpoint,
        kind: Kind,
        held: Option<&SignedCheckpoint>,
    ) -> Result<(), Unkept> {
        let head = request.checkpoint.checkpoint();
        let folder = self.0.join(sha256(head.origin.as_bytes()).to_string());
        make_folder(&folder)?;
        let name = format!("{}-{}-{}", kind.word(), head.size, sha256(head.to_string().as_bytes()));
        let path = folder.join(format!("{name}.request"));
        if path.exists() {
            return Ok(());
        }
        let mut of_kind = 0;
        for entry in std::fs::read_dir(&folder)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            of_kind += usize::from(name.starts_with(kind.word()) && name.ends_with(".request"));
        }
        if of_kind >= REFUSED_MAX {
            return Err(Unkept::Full);
        }
        if let Some(held) = held {
            replace(&folder.join(format!("{name}.held")), held.to_string().as_bytes())?;
        }
        Ok(replace(&path, request.to_string().as_bytes())?)
    }
}

/// Why a request was not kept.
#[derive(Debug, thiserror::Error)]
enum Unkept {
    #[error("{REFUSED_MAX} of this kind are kept already")]
    Full,
    #[error(transparent)]
    File(#[from] io::Error),
    #[error(transparent)]
    Folder(#[from] StartFault),
}

/// None for what says nothing about the log: who asks without knowing our size is told it and asks again.
fn kind(request: &AddCheckpoint, refusal: Refusal, held: Option<&SignedCheckpoint>) -> Option<Kind> {
    if !refusal.is_signed() {
        return None;
    }
    let head = request.checkpoint.checkpoint();
    let held = held.map(SignedCheckpoint::checkpoint);
    // Whatever old size was said, two roots of one size are two histories.
    if held.is_some_and(|held| held.size == head.size && held.root != head.root) {
        return Some(Kind::Fork);
    }
    match refusal {
        Refusal::Fork { .. } => Some(Kind::Fork),
        Refusal::Inconsistent => Some(Kind::Inconsistent),
        Refusal::Conflict { size } => (head.size < size).then_some(Kind::Behind),
        Refusal::OldSize => held.is_some_and(|held| head.size < held.size).then_some(Kind::Behind),
        Refusal::UnknownOrigin | Refusal::NotSigned => None,
    }
}
