//! What is kept forever or until erased: leaves in chains, mutation documents, disclosures.

pub(crate) mod frame;

use std::collections::BTreeSet;

use domain::id::RunId;
use domain::name::Slug;
use domain::time::Timestamp;
use proof::digest::Digest;
use proof::disclosure::Disclosure;
use proof::leaf::SdDigest;

/// Bytes of one leaf or mutation document.
pub const LEAF_BYTES_MAX: usize = 16_384;
/// Characters of one disclosure: a value of 64 KiB with its name and salt in base64url, and some air.
pub const DISCLOSURE_LEN_MAX: usize = 96 * 1024;

/// A keyed HMAC of a record or person: whose data a disclosure is.
pub type SubjectKey = [u8; 32];

/// A hash chain of leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chain {
    /// Events that belong to no run.
    Workspace,
    /// The events of one run.
    Run(RunId),
}

/// Leaves to append to one chain.
#[derive(Debug, Clone)]
pub struct ChainAppend {
    /// The chain.
    pub chain: Chain,
    /// The sequence number of the first leaf here: how many leaves the chain has now.
    pub expected_seq: u64,
    /// The exact bytes of each leaf, at most [`LEAF_BYTES_MAX`] each.
    pub leaves: Vec<Vec<u8>>,
}

/// A leaf as it was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLeaf {
    /// Its place in the chain.
    pub seq: u64,
    /// Its leaf hash, computed from the bytes and equal to the stored one.
    pub hash: Digest,
    /// Its exact bytes.
    pub bytes: Vec<u8>,
    /// Its place in the feed.
    pub position: u64,
    /// Its place in the log; none while a backend that numbers leaves later has not done so.
    pub index: Option<u64>,
}

/// A mutation document to keep.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// The run.
    pub run: RunId,
    /// The plan's revision.
    pub revision: u32,
    /// The mutation's place in the plan.
    pub n: u32,
    /// The exact bytes, at most [`LEAF_BYTES_MAX`].
    pub bytes: Vec<u8>,
}

/// A mutation document as it was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// The mutation's place in the plan.
    pub n: u32,
    /// Its mutation hash, computed from the bytes.
    pub hash: Digest,
    /// Its exact bytes.
    pub bytes: Vec<u8>,
}

/// A sealed field to keep beside its leaf or document, encrypted under the data key of its subject and class.
#[derive(Debug, Clone)]
pub struct NewDisclosure {
    /// The hash of a leaf or document of the same commit.
    pub holder: Digest,
    /// The field, at most [`DISCLOSURE_LEN_MAX`] characters.
    pub disclosure: Disclosure,
    /// Whose data it is.
    pub subject: SubjectKey,
    /// The retention class.
    pub class: Slug,
}

/// A sealed field that can still be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDisclosure {
    /// The leaf or document that holds its digest.
    pub holder: Digest,
    /// The field.
    pub disclosure: Disclosure,
}

/// Which sealed fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those filed under a subject, in one retention class or all.
    Subject {
        /// Whose.
        subject: SubjectKey,
        /// In which class.
        class: Option<Slug>,
    },
    /// Those of a chain, whomever they are filed under.
    Chain(Chain),
    /// These of a chain.
    Named {
        /// The chain.
        chain: Chain,
        /// Their digests.
        digests: BTreeSet<SdDigest>,
    },
}

/// Where a sealed field that can still be read stands, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedField {
    /// The chain of its holder.
    pub chain: Chain,
    /// The leaf or document that holds its digest.
    pub holder: Digest,
    /// Its digest.
    pub digest: SdDigest,
    /// Whose data it is.
    pub subject: SubjectKey,
    /// Whether its data key seals fields outside the scope as well, and so outlives the field.
    pub shares_key: bool,
}

/// Makes sealed fields unreadable for good: their rows go, and every data key that seals nothing any more.
///
/// The commit carries the leaves that name their digests. The keys are destroyed after it is durable and before it is
/// answered; a crash in between is mended when the store opens.
#[derive(Debug, Clone)]
pub struct Erasure {
    /// Which.
    pub scope: Scope,
    /// How many that is, as [`crate::Store::sealed_fields`] answered: a field that came since then is a conflict, because
    /// no leaf names it.
    pub count: usize,
    /// Whether a data key may stay because it seals other fields too; else that is a conflict.
    pub may_leave_keys: bool,
    /// The place in the workspace chain of the first leaf that names them; none when an earlier one did. It is kept with the
    /// chains that lost a field, and stored answers about their runs forget what was asked.
    pub leaf: Option<u64>,
    /// The id of what the subject is stored under, whose making is forgotten too.
    pub id: Option<String>,
}

/// A chain that an erasure took sealed fields from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedChain {
    /// The place in the workspace chain of the first leaf that names them.
    pub leaf: u64,
    /// The chain.
    pub chain: Chain,
    /// Whether the data key of one of them stayed: with an older copy of its row that field would be readable again.
    pub keys_left: bool,
}

/// A committed leaf in feed order, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedItem {
    /// Its place in the feed: rising, with gaps.
    pub position: u64,
    /// Its chain.
    pub chain: Chain,
    /// Its place in the chain.
    pub seq: u64,
    /// Its time.
    pub at: Timestamp,
    /// The wire name of the event, such as `run.proposed`.
    pub kind: String,
}

impl FeedItem {
    /// From a stored row; none if the bytes are no leaf of this chain and place.
    pub(crate) fn of(position: u64, chain: Chain, seq: u64, bytes: &[u8]) -> Option<Self> {
        let frame = frame::read(bytes, chain, seq)?;
        Some(Self { position, chain, seq, at: Timestamp::parse(frame.time)?, kind: frame.kind.to_owned() })
    }
}

impl OpenDisclosure {
    pub(crate) fn new(holder: Digest, digest: &str, text: String) -> Option<Self> {
        let digest = SdDigest::parse(digest).ok()?;
        Some(Self { holder, disclosure: Disclosure { digest, text } })
    }
}
