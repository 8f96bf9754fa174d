//! Every event of a run with its sealed values, as far as they still exist.

use std::collections::BTreeMap;

use domain::id::RunId;
use domain::time::Timestamp;
use domain::wire;
use proof::digest::Digest;
use proof::disclosure::Opened;
use proof::json::{Object, Value};

use store::Chain;

use super::Named;
use crate::access::{Caller, Operation};
use crate::{Engine, Result};

/// A sealed member of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedMember {
    /// Its value.
    Open(Value),
    /// It was erased: the event says that there was a value, and nothing more.
    Erased,
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
            SealedMember::Erased => None,
        }
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
        let mut events = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let read = wire::read(leaf.seq, &leaf.bytes)?;
            let known = opened.remove(&leaf.hash).unwrap_or_default();
            events.push(LineageEvent {
                seq: leaf.seq,
                kind: read.leaf.kind.clone(),
                at: read.time,
                by: control.named_actor(read.by),
                sealed: sealed_members(read.event.sealed(), known),
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

/// The sealed members of an event, each with what is left of it.
pub(crate) fn sealed_members(names: &[&str], known: Vec<Opened>) -> BTreeMap<String, SealedMember> {
    let mut values: BTreeMap<String, Value> =
        known.into_iter().map(|opened| (opened.name, opened.value)).collect();
    let member = |name: &&str| {
        let value = values.remove(*name).map_or(SealedMember::Erased, SealedMember::Open);
        ((*name).to_owned(), value)
    };
    names.iter().map(member).collect()
}
