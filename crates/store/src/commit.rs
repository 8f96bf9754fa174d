//! One commit: everything that one decision changes, with everything it expects.

use std::collections::BTreeMap;

use domain::grant::CommitReceipt;
use domain::id::{RunId, WorkId, WorkspaceId};
use domain::time::Timestamp;
use proof::digest::Digest;
use proof::tree::leaf_hash;

use crate::entity::EntityWrite;
use crate::error::Error;
use crate::evidence::{Chain, ChainAppend, Erasure, NewDisclosure, NewDocument, Scope, frame};
use crate::idempotency::IdempotencyRecord;
use crate::lease::LeaseChange;
use crate::run::Projection;
use crate::usage::UsageChange;
use crate::work::WorkChange;
use crate::{entity, evidence, idempotency, usage, work};

/// Items of one kind in one commit: a plan of a thousand mutations with all its sealed fields fits.
pub const ITEMS_MAX: usize = 65_536;

/// What is to be saved together.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Whose data it is.
    pub workspace: WorkspaceId,
    /// The caller's time, by which idempotency records expire.
    pub now: Timestamp,
    /// Leaves.
    pub appends: Vec<ChainAppend>,
    /// Mutation documents.
    pub documents: Vec<NewDocument>,
    /// Sealed fields of these leaves and documents.
    pub disclosures: Vec<NewDisclosure>,
    /// Sealed fields that go; none that this commit discloses.
    pub erasures: Vec<Erasure>,
    /// Query rows, a run once.
    pub projections: Vec<Projection>,
    /// Entities.
    pub entities: Vec<EntityWrite>,
    /// Work items.
    pub work: Vec<WorkChange>,
    /// Record leases.
    pub leases: Vec<LeaseChange>,
    /// What the control epoch must be.
    pub epoch: EpochRule,
    /// Budgets.
    pub usage: Vec<UsageChange>,
    /// The answer to the request behind this commit.
    pub idempotency: Option<IdempotencyRecord>,
    /// The claim under which a worker commits.
    pub fence: Option<(WorkId, u64)>,
}

/// The control epoch: a number per workspace that every pause, access, policy, connector and lane change raises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochRule {
    /// It does not matter.
    Ignore,
    /// It must be this one while the commit is made.
    MustBe(u64),
    /// This commit raises it.
    Raise,
}

/// Proof that a commit is on stable storage. Only a store makes one.
#[derive(Debug)]
pub struct Committed {
    pub(crate) position: u64,
    pub(crate) leaves: Vec<(Chain, u64, Digest)>,
    pub(crate) epoch: u64,
    pub(crate) leases: Vec<([u8; 32], u64)>,
    /// The run and counter of each lease that was taken.
    pub(crate) taken: Vec<(RunId, u64)>,
}

impl Commit {
    /// An empty commit of a workspace.
    pub fn new(workspace: WorkspaceId, now: Timestamp) -> Self {
        Self {
            workspace,
            now,
            appends: Vec::new(),
            documents: Vec::new(),
            disclosures: Vec::new(),
            erasures: Vec::new(),
            projections: Vec::new(),
            entities: Vec::new(),
            work: Vec::new(),
            leases: Vec::new(),
            epoch: EpochRule::Ignore,
            usage: Vec::new(),
            idempotency: None,
            fence: None,
        }
    }
}

impl Committed {
    /// A feed position that covers the commit.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Chain, sequence number and hash of every leaf, in the order of the commit.
    pub fn leaves(&self) -> &[(Chain, u64, Digest)] {
        &self.leaves
    }

    /// The control epoch after the commit.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Key and counter of every lease that was taken or freed, in the order of the commit.
    pub fn leases(&self) -> &[([u8; 32], u64)] {
        &self.leases
    }

    /// The receipt of a leaf of a run, with the counter of the record lease that the run took in the same commit.
    ///
    /// None if the commit had no such leaf or took no lease: without both there is nothing to grant.
    pub fn receipt(&self, run: RunId, seq: u64) -> Option<CommitReceipt> {
        let (_, _, hash) =
            self.leaves.iter().find(|(chain, at, _)| *chain == Chain::Run(run) && *at == seq)?;
        let (_, fence) = self.taken.iter().find(|(by, _)| *by == run)?;
        Some(CommitReceipt::committed(run, seq, *hash, *fence))
    }
}

/// A commit that is within the limits, with its hashes.
pub(crate) struct Checked {
    pub commit: Commit,
    /// Leaf hashes, in the shape of `commit.appends`.
    pub hashes: Vec<Vec<Digest>>,
    /// The chain of each disclosure's holder, in the order of `commit.disclosures`.
    pub holders: Vec<Chain>,
}

impl Checked {
    /// Checks limits and places and hashes each leaf, before anything waits or locks.
    pub fn new(commit: Commit) -> Result<Self, Error> {
        sizes(&commit)?;
        let mut chain_of = BTreeMap::new();
        let mut hashes = Vec::with_capacity(commit.appends.len());
        for append in &commit.appends {
            let mut of_append = Vec::with_capacity(append.leaves.len());
            for (seq, bytes) in (append.expected_seq..).zip(&append.leaves) {
                frame::read(bytes, append.chain, seq)
                    .ok_or(Error::Malformed("the bytes are no leaf of their chain and place"))?;
                let hash = leaf_hash(bytes);
                chain_of.insert(hash, append.chain);
                of_append.push(hash);
            }
            hashes.push(of_append);
        }
        if !commit.disclosures.is_empty() {
            for document in &commit.documents {
                chain_of.insert(leaf_hash(&document.bytes), Chain::Run(document.run));
            }
        }
        let holder = |holder: &Digest| chain_of.get(holder).copied();
        let is_erased = |new: &NewDisclosure| {
            commit.erasures.iter().any(|gone| match &gone.scope {
                Scope::Subject { subject, .. } => *subject == new.subject,
                Scope::Chain(chain) => holder(&new.holder) == Some(*chain),
                Scope::Named { digests, .. } => digests.contains(&new.disclosure.digest),
            })
        };
        if commit.disclosures.iter().any(is_erased) {
            return Err(Error::Malformed("a commit both discloses and erases a field"));
        }
        let holders = commit.disclosures.iter().map(|disclosure| holder(&disclosure.holder)).collect();
        let holders: Option<_> = holders;
        let holders = holders.ok_or(Error::Malformed("a disclosure's holder is not in the same commit"))?;
        Ok(Self { commit, hashes, holders })
    }
}

fn sizes(commit: &Commit) -> Result<(), Error> {
    let items: [(&'static str, usize); 9] = [
        ("number of leaves", commit.appends.iter().map(|append| append.leaves.len()).sum()),
        ("number of documents", commit.documents.len()),
        ("number of disclosures", commit.disclosures.len()),
        ("number of erasures", commit.erasures.len()),
        ("number of touches", commit.projections.iter().map(|projection| projection.touches.len()).sum()),
        ("number of entities", commit.entities.len()),
        ("number of work items", commit.work.len()),
        ("number of leases", commit.leases.len()),
        ("number of budget changes", commit.usage.len()),
    ];
    for (what, size) in items {
        within(what, size, ITEMS_MAX)?;
    }
    for bytes in commit.appends.iter().flat_map(|append| &append.leaves) {
        within("leaf", bytes.len(), evidence::LEAF_BYTES_MAX)?;
    }
    for document in &commit.documents {
        within("mutation document", document.bytes.len(), evidence::LEAF_BYTES_MAX)?;
    }
    for new in &commit.disclosures {
        within("disclosure", new.disclosure.text.len(), evidence::DISCLOSURE_LEN_MAX)?;
    }
    for write in &commit.entities {
        within("entity body", write.body.as_ref().map_or(0, Vec::len), entity::BODY_BYTES_MAX)?;
        for name in [Some(&write.id), write.lookup.as_ref(), write.owner.as_ref()].into_iter().flatten() {
            within("entity name", name.len(), entity::NAME_LEN_MAX)?;
        }
    }
    for change in &commit.work {
        if let WorkChange::Put { payload, .. } = change {
            within("work payload", payload.len(), work::PAYLOAD_BYTES_MAX)?;
        }
    }
    for change in &commit.usage {
        if let UsageChange::Reserve(reservation) = change {
            within("budget scope", reservation.scope.len(), usage::SCOPE_LEN_MAX)?;
            let window = usize::try_from(reservation.window_s).unwrap_or(usize::MAX);
            within("budget window", window, usize::try_from(usage::WINDOW_S_MAX).unwrap_or(usize::MAX))?;
        }
    }
    let reply = commit.idempotency.as_ref().map_or(0, |record| record.reply.len());
    within("stored reply", reply, idempotency::REPLY_BYTES_MAX)
}

fn within(what: &'static str, size: usize, max: usize) -> Result<(), Error> {
    if size <= max { Ok(()) } else { Err(Error::TooLarge { what, size, max }) }
}

#[cfg(test)]
mod tests;
