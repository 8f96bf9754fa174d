//! The workspace chain for auditors: every administrative act with its sealed values, as far as they still exist.

use domain::principal::Actor;
use domain::time::Timestamp;
use domain::workspace::WorkspaceEvent;
use proof::disclosure::Opened;
use proof::leaf::Leaf;
use store::{Chain, StoredLeaf};

use crate::access::{Caller, Operation};
use crate::control::Control;
use crate::queries::{Erasures, LineageEvent, sealed_members};
use crate::{Engine, Error, Result};

/// Events of one page.
pub const AUDIT_EVENTS_MAX: usize = store::page::PAGE_MAX;

impl Engine {
    /// Acts after a sequence number, in order, at most `limit`.
    pub async fn audit(
        &self,
        caller: &Caller,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<LineageEvent>> {
        caller.may(Operation::ReadAudit)?;
        let control = self.control(caller.workspace).await?;
        let from = after.map_or(0, |seq| seq.saturating_add(1));
        let limit = limit.min(AUDIT_EVENTS_MAX);
        let leaves = self.store.chain(caller.workspace, Chain::Workspace, from, limit).await?;
        let holders = leaves.iter().map(|leaf| leaf.hash).collect();
        let mut sealed = self.sealed(caller.workspace, Chain::Workspace, holders).await?;
        let erasures = self.erasures_of(caller.workspace).await?;
        let erasures = erasures.read();
        leaves
            .into_iter()
            .map(|leaf| {
                let known = sealed.remove(&leaf.hash).unwrap_or_default();
                read(&control, leaf, known, &erasures)
                    .ok_or_else(|| Error::internal("the workspace chain does not read"))
            })
            .collect()
    }
}

fn read(
    control: &Control,
    stored: StoredLeaf,
    known: Vec<Opened>,
    erasures: &Erasures,
) -> Option<LineageEvent> {
    let leaf = Leaf::parse(&stored.bytes).ok()?;
    let event = WorkspaceEvent::read(&leaf.kind, leaf.data.clone()).ok()?;
    Some(LineageEvent {
        seq: leaf.seq,
        kind: leaf.kind,
        at: Timestamp::parse(&leaf.time)?,
        by: control.named_actor(Actor::from_by(&leaf.by)?),
        sealed: sealed_members(event.sealed(), &leaf.sd, known, erasures),
        data: leaf.data,
        cause: leaf.cause,
        hash: stored.hash,
        index: stored.index,
        prev: leaf.prev,
    })
}
