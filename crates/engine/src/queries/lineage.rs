//! Every event of a run with its sealed values, as far as they still exist.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::RunId;
use domain::time::Timestamp;
use domain::wire;
use proof::digest::Digest;
use proof::disclosure::Opened;
use proof::json::{Object, Value};
use proof::leaf::SdDigest;
use store::Chain;

use super::tombstones::Erasures;
use super::{Named, Tombstone};
use crate::access::{Caller, Operation};
use crate::{Engine, Result};

/// A sealed member of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedMember {
    /// Its value.
    Open(Value),
    /// It was erased: the event says that there was a value, and nothing more.
    Erased(Tombstone),
    /// It cannot be read, and no erasure names it: its row or its key was lost.
    Missing,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineageEvent {
    /// Position in the run.
    pub seq: u64,
    /// Wire name.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Who wrote it.
    pub by: Named,
    /// Clear members.
    pub data: Object,
    /// Sealed members by name.
    pub sealed: BTreeMap<String, SealedMember>,
    /// Leaf hashes of the events that it answers.
    pub cause: Vec<Digest>,
    /// Its leaf hash.
    pub hash: Digest,
    /// Its place in the log; none while it has none.
    pub index: Option<u64>,
    /// The leaf hash before it.
    pub prev: Option<Digest>,
}

impl LineageEvent {
    /// A sealed value that still exists.
    pub fn value(&self, name: &str) -> Option<&Value> {
        match self.sealed.get(name)? {
            SealedMember::Open(value) => Some(value),
            SealedMember::Erased(_) | SealedMember::Missing => None,
        }
    }

    /// Why a value of these names is gone, if one was erased.
    pub fn tombstone(&self, names: &[&str]) -> Option<&Tombstone> {
        names.iter().find_map(|name| match self.sealed.get(*name)? {
            SealedMember::Erased(tombstone) => Some(tombstone),
            SealedMember::Open(_) | SealedMember::Missing => None,
        })
    }
}

impl Engine {
    /// The lineage of a run.
    pub async fn lineage(&self, caller: &Caller, id: RunId) -> Result<Vec<LineageEvent>> {
        caller.may(Operation::ReadRuns)?;
        self.visible(caller, id).await?;
        self.read_lineage(caller.workspace, id).await
    }

    pub(crate) async fn read_lineage(
        &self,
        ws: domain::id::WorkspaceId,
        id: RunId,
    ) -> Result<Vec<LineageEvent>> {
        let control = self.control(ws).await?;
        let leaves = self.leaves(ws, id).await?;
        let holders = leaves.iter().map(|leaf| leaf.hash).collect();
        let mut opened = self.sealed(ws, Chain::Run(id), holders).await?;
        let erasures = self.erasures_of(ws).await?;
        let erasures = erasures.read();
        let mut events = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let read = wire::read(leaf.seq, &leaf.bytes)?;
            let known = opened.remove(&leaf.hash).unwrap_or_default();
            events.push(LineageEvent {
                seq: leaf.seq,
                kind: read.leaf.kind.clone(),
                at: read.time,
                by: control.named_actor(read.by),
                sealed: sealed_members(read.event.sealed(), &read.leaf.sd, known, &erasures),
                data: read.leaf.data,
                cause: read.leaf.cause,
                hash: leaf.hash,
                index: leaf.index,
                prev: read.leaf.prev,
            });
        }
        Ok(events)
    }
}

/// The sealed members of an event, each with what is left of it. `digests` are those that the event holds.
pub(crate) fn sealed_members(
    names: &[&str],
    digests: &[SdDigest],
    known: Vec<Opened>,
    erasures: &Erasures,
) -> BTreeMap<String, SealedMember> {
    let open: BTreeSet<&SdDigest> = known.iter().map(|opened| &opened.digest).collect();
    let gone = erasures.newest(digests.iter().filter(|digest| !open.contains(digest)));
    let gone = gone.map_or(SealedMember::Missing, |tombstone| SealedMember::Erased(tombstone.clone()));
    let mut values: BTreeMap<String, Value> =
        known.into_iter().map(|opened| (opened.name, opened.value)).collect();
    let member = |name: &&str| {
        let value = values.remove(*name).map_or_else(|| gone.clone(), SealedMember::Open);
        ((*name).to_owned(), value)
    };
    names.iter().map(member).collect()
}
