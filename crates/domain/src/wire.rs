//! Events as leaves: how a decided event is sealed, and how stored leaves become a run again.
//!
//! The leaf *is* the event. It is written once, as canonical bytes, and a run is folded from those bytes.

use proof::digest::Digest;
use proof::disclosure::Disclosure;
use proof::json::Value;
use proof::leaf::Leaf;
use proof::tree::leaf_hash;

use crate::event::{Event, Fault, SealedNames};
use crate::id::{NodeId, RunId};
use crate::principal::Actor;
use crate::run::{Cause, Draft, Envelope, Folded, Violation, apply};
use crate::sealed;
use crate::time::Timestamp;

/// A written event: its exact bytes, their hash, and the values that stand outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEvent {
    /// Position in its chain.
    pub seq: u64,
    /// The leaf, verbatim.
    pub bytes: Vec<u8>,
    /// Its hash.
    pub hash: Digest,
    /// The sealed values and the parts of large ones, each with the name of its member.
    pub disclosures: Vec<(&'static str, Disclosure)>,
}

/// Why an event cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// The sealed members are not those of the type.
    #[error(transparent)]
    Names(#[from] SealedNames),
    /// The leaf or a disclosure would break the evidence format, most often its size.
    #[error("the event does not fit the evidence format: {0}")]
    Form(#[from] proof::strict::Fault),
    /// A cause names a position that does not exist.
    #[error("a cause names position {0}, which does not exist")]
    Cause(u64),
}

/// Seals a run's decided events behind the leaves in `hashes`. `salt` must draw fresh random bytes at each call.
pub fn seal_run(
    run: RunId,
    hashes: &[Digest],
    node: NodeId,
    drafts: Vec<Draft>,
    salt: &mut dyn FnMut() -> [u8; 32],
) -> Result<Vec<SealedEvent>, SealFault> {
    let mut known = hashes.to_vec();
    let mut written = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let cause = draft.cause.iter().map(|cause| match cause {
            Cause::Foreign(digest) => Ok(*digest),
            Cause::Own(seq) => {
                let hash = usize::try_from(*seq).ok().and_then(|index| known.get(index));
                hash.copied().ok_or(SealFault::Cause(*seq))
            }
        });
        let cause = cause.collect::<Result<Vec<_>, _>>()?;
        let Draft { by, time, event, sealed, .. } = draft;
        let mut names: Vec<&str> = sealed.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        if names != event.sealed() {
            return Err(SealedNames { kind: event.kind() }.into());
        }
        let seq = u64::try_from(known.len()).unwrap_or(u64::MAX);
        let leaf = Leaf {
            sd: Vec::new(),
            by: by.to_by(),
            cause,
            data: event.data(),
            node: node.to_string(),
            prev: known.last().copied(),
            run: Some(run.to_string()),
            seq,
            time: time.to_string(),
            kind: event.kind().to_owned(),
        };
        let sealed = seal(leaf, &sealed, salt)?;
        known.push(sealed.hash);
        written.push(sealed);
    }
    Ok(written)
}

/// Adds the digests of the sealed members to a leaf and writes it.
pub(crate) fn seal(
    mut leaf: Leaf,
    values: &[(&'static str, Value)],
    salt: &mut dyn FnMut() -> [u8; 32],
) -> Result<SealedEvent, SealFault> {
    let mut disclosures = Vec::with_capacity(values.len());
    for (name, value) in values {
        let (disclosure, parts) = sealed::seal(name, value, salt)?;
        leaf.sd.push(disclosure.digest.clone());
        disclosures.extend([disclosure].into_iter().chain(parts).map(|one| (*name, one)));
    }
    let bytes = leaf.to_bytes()?;
    let hash = leaf_hash(&bytes);
    Ok(SealedEvent { seq: leaf.seq, bytes, hash, disclosures })
}

/// Why stored leaves are not the run that they claim to be. Such a run is corrupt, never ignored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Corrupt {
    /// The bytes break the evidence format.
    #[error("leaf {seq} is malformed: {fault}")]
    Form {
        /// Its position.
        seq: u64,
        /// The rule broken.
        fault: proof::strict::Fault,
    },
    /// The clear members are not those of the type.
    #[error("leaf {seq}: {fault}")]
    Members {
        /// Its position.
        seq: u64,
        /// What is wrong.
        fault: Fault,
    },
    /// The chain is broken: another run, position, or previous hash.
    #[error("leaf {0} is not chained to the one before")]
    Chain(u64),
    /// An id, time or author is malformed.
    #[error("leaf {seq} has a malformed `{member}`")]
    Member {
        /// Its position.
        seq: u64,
        /// Which member.
        member: &'static str,
    },
    /// The history breaks a rule of the run.
    #[error("leaf {seq} breaks a rule: {violation}")]
    Rule {
        /// Its position.
        seq: u64,
        /// The rule.
        violation: Violation,
    },
    /// There are no leaves.
    #[error("the run has no leaves")]
    Empty,
}

/// One event read back, for whoever shows a lineage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadEvent {
    /// The leaf.
    pub leaf: Leaf,
    /// Its hash.
    pub hash: Digest,
    /// When it was written.
    pub time: Timestamp,
    /// Who wrote it.
    pub by: Actor,
    /// Its clear members.
    pub event: Event,
}

/// Reads one stored leaf of a run.
pub fn read(seq: u64, bytes: &[u8]) -> Result<ReadEvent, Corrupt> {
    let mut leaf = Leaf::parse(bytes).map_err(|fault| Corrupt::Form { seq, fault })?;
    let data = std::mem::take(&mut leaf.data);
    let event = Event::read(&leaf.kind, data.clone()).map_err(|fault| Corrupt::Members { seq, fault })?;
    leaf.data = data;
    let time = Timestamp::parse(&leaf.time).ok_or(Corrupt::Member { seq, member: "time" })?;
    let by = Actor::from_by(&leaf.by).ok_or(Corrupt::Member { seq, member: "by" })?;
    if leaf.sd.len() != event.sealed().len() {
        return Err(Corrupt::Member { seq, member: "_sd" });
    }
    Ok(ReadEvent { hash: leaf_hash(bytes), leaf, time, by, event })
}

/// Folds stored leaves, from the first, into the run.
pub fn fold<'a>(run: RunId, leaves: impl IntoIterator<Item = &'a [u8]>) -> Result<Folded, Corrupt> {
    let mut folded: Option<Folded> = None;
    for bytes in leaves {
        folded = Some(extend(run, folded, bytes)?);
    }
    folded.ok_or(Corrupt::Empty)
}

/// Adds one more stored leaf to a folded run; `None` before the first.
pub fn extend(run: RunId, folded: Option<Folded>, bytes: &[u8]) -> Result<Folded, Corrupt> {
    let (state, mut hashes) = folded.map_or((None, Vec::new()), |folded| (Some(folded.run), folded.hashes));
    let seq = u64::try_from(hashes.len()).unwrap_or(u64::MAX);
    let read = read(seq, bytes)?;
    let chained = read.leaf.seq == seq
        && read.leaf.prev == hashes.last().copied()
        && read.leaf.run.as_deref() == Some(run.to_string().as_str());
    if !chained {
        return Err(Corrupt::Chain(seq));
    }
    let cause = read.leaf.cause.iter().filter_map(|cause| hashes.iter().position(|hash| hash == cause));
    let cause = cause.filter_map(|position| u64::try_from(position).ok()).collect();
    let at = Envelope { run, seq, time: read.time, by: read.by, cause };
    let next = apply(state, &at, &read.event).map_err(|violation| Corrupt::Rule { seq, violation })?;
    hashes.push(read.hash);
    Ok(Folded { run: next, hashes })
}
