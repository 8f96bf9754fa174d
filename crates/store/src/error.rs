//! What can go wrong: a lost comparison, a store that cannot answer, data that is not what was written.

use std::path::PathBuf;
use std::sync::Arc;

use crate::idempotency::IdempotencyRecord;
use crate::lease::LeaseHolder;
use crate::vault::VaultFault;

/// Any cause, shared by the callers of one group commit.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// Why the store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the caller expected does not hold; nothing was saved.
    #[error("the commit lost against another one: {0}")]
    Conflict(Conflict),
    /// The store cannot answer now. A commit may have been saved or not.
    #[error("the store is unavailable")]
    Unavailable {
        /// What the database or the operating system said.
        #[source]
        source: Cause,
    },
    /// What is stored is not what was written.
    #[error("the stored {what} is damaged")]
    Corrupt {
        /// Which data.
        what: &'static str,
        /// How it shows, when another layer noticed.
        #[source]
        source: Option<Cause>,
    },
    /// The database refused a row that the caller should not have built, such as one document twice.
    #[error("the database refused the commit")]
    Refused {
        /// What the database said.
        #[source]
        source: Cause,
    },
    /// A limit of this room.
    #[error("{what} is {size}, the most is {max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size, in bytes or items.
        size: usize,
        /// The limit.
        max: usize,
    },
    /// Bytes that cannot stand where the caller put them.
    #[error("not saved: {0}")]
    Malformed(&'static str),
    /// A cursor that this list did not give out.
    #[error("the cursor does not belong to this list")]
    Cursor,
    /// Sealing or opening failed.
    #[error("encryption failed")]
    Vault(#[from] VaultFault),
}

/// Which expectation of a commit did not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The chain has another number of leaves.
    #[error("the chain has {actual} leaves instead of {expected}")]
    Seq {
        /// What the commit expected.
        expected: u64,
        /// What is there.
        actual: u64,
    },
    /// An entity is absent, present, or at another version than expected.
    #[error("entity `{id}` is not at the expected version")]
    EntityVersion {
        /// The entity.
        id: String,
    },
    /// Another entity of the kind has this lookup text.
    #[error("another entity has the lookup text of `{id}`")]
    Lookup {
        /// The entity that was to be written.
        id: String,
    },
    /// The record is leased.
    #[error("the record is leased by {} of {}", .holder.n, .holder.run)]
    LeaseTaken {
        /// By whom.
        holder: LeaseHolder,
    },
    /// The lease's counter moved, or it is not held by the run that releases it.
    #[error("the record's lease has moved")]
    LeaseMoved,
    /// The control epoch moved.
    #[error("the control epoch is {actual}")]
    Epoch {
        /// What it is now.
        actual: u64,
    },
    /// The claim on a work item is gone.
    #[error("the claim on the work item is gone")]
    Fence,
    /// The budget's use moved.
    #[error("{actual} of the budget is used")]
    Usage {
        /// What is used in the window now.
        actual: u64,
    },
    /// The request was answered before.
    #[error("the request was made before")]
    Idempotency(Box<IdempotencyRecord>),
    /// A subject was erased while this commit sealed fields of it.
    #[error("a subject was erased while the commit was made")]
    Erased,
    /// Another head of this size was kept: the log would have two histories.
    #[error("the log has another head of size {size}")]
    Checkpoint {
        /// The size.
        size: u64,
    },
    /// A scope has another number of sealed fields than the erasure names.
    #[error("there are {actual} sealed fields to erase")]
    Disclosed {
        /// How many it has.
        actual: usize,
    },
    /// An erasure that was to destroy all keys met one that seals other fields too.
    #[error("a data key seals other fields too")]
    KeyShared,
}

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has this data directory open.
    #[error("`{}` is in use by another process", .path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The database was written by a newer release.
    #[error("the database has migration {found}, this program knows {known}: use a newer program")]
    Newer {
        /// Of the database.
        found: u32,
        /// Of this program.
        known: u32,
    },
    /// A migration or the schema differs from what this program made.
    #[error("the database schema was altered: {what}")]
    Altered {
        /// The migration, table, index or trigger.
        what: String,
    },
    /// The key-encryption key is not the one that this data directory was made with.
    #[error("the key-encryption key does not belong to this data directory")]
    WrongKey,
    /// The file system refused.
    #[error("cannot use `{}`", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The database refused.
    #[error("cannot open the database")]
    Store(#[from] Error),
}

impl From<Conflict> for Error {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl Error {
    /// A store that is gone, told in a sentence.
    pub(crate) fn gone(why: &'static str) -> Self {
        Self::Unavailable { source: Arc::new(std::io::Error::other(why)) }
    }

    /// Damaged data that was noticed here.
    pub(crate) fn corrupt(what: &'static str) -> Self {
        Self::Corrupt { what, source: None }
    }

    /// The conflict, if it is one.
    pub fn conflict(&self) -> Option<&Conflict> {
        if let Self::Conflict(conflict) = self { Some(conflict) } else { None }
    }
}
