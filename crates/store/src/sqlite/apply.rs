//! One commit inside the writer's transaction: compare, then write, in one fixed order.

use std::sync::Arc;

use rusqlite::Connection;

use crate::commit::{Checked, Committed};
use crate::error::Error;
use crate::lease::LeaseChange;
use crate::sqlite::{entities, erasures, evidence, leases, log, projections, usage, work};
use crate::vault::DataKey;

/// Writes a commit. On an error the caller undoes everything that was written.
pub(super) fn apply(
    conn: &Connection,
    checked: &Checked,
    sealed: &[(Arc<DataKey>, Vec<u8>)],
) -> Result<Committed, Error> {
    let commit = &checked.commit;
    let (ws, epoch) = leases::workspace(conn, commit.workspace)?;
    if let Some(record) = &commit.idempotency {
        entities::remember(conn, ws, record, commit.now)?;
    }
    if let Some(claim) = commit.fence {
        work::fence(conn, ws, claim)?;
    }
    let epoch = leases::epoch(conn, ws, epoch, commit.epoch)?;
    let mut leaves = Vec::new();
    if !commit.appends.is_empty() {
        let before = log::size(conn, ws)?;
        let mut size = before;
        for (append, hashes) in commit.appends.iter().zip(&checked.hashes) {
            leaves.extend(evidence::append(conn, ws, append, hashes, &mut size)?);
        }
        log::grow(conn, ws, before, size)?;
    }
    evidence::documents(conn, ws, &commit.documents)?;
    evidence::disclosures(conn, ws, checked, sealed)?;
    for erasure in &commit.erasures {
        erasures::erase(conn, ws, erasure)?;
    }
    for projection in &commit.projections {
        projections::project(conn, ws, projection)?;
    }
    for write in &commit.entities {
        entities::write(conn, ws, write)?;
    }
    let (mut moved, mut taken) = (Vec::new(), Vec::new());
    for change in &commit.leases {
        let (key, counter) = leases::change(conn, ws, change)?;
        moved.push((key, counter));
        if let LeaseChange::Take { holder, .. } = change {
            taken.push((holder.run, counter));
        }
    }
    for change in &commit.usage {
        usage::change(conn, ws, change)?;
    }
    for change in &commit.work {
        work::change(conn, ws, change)?;
    }
    let position = evidence::position(conn)?;
    Ok(Committed { position, leaves, epoch, leases: moved, taken })
}
