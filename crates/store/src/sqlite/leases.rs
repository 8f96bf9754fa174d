//! Record leases and the control epoch in their tables.

use domain::id::{NodeId, RunId, WorkspaceId};
use rusqlite::{Connection, params};

use crate::commit::EpochRule;
use crate::error::{Conflict, Error};
use crate::lease::{LeaseChange, LeaseHolder, LeaseState};
use crate::sqlite::column;

/// Enters a workspace at its first commit; answers its number and control epoch.
pub(super) fn workspace(conn: &Connection, id: WorkspaceId) -> Result<(i64, u64), Error> {
    let sql = "SELECT ws, epoch FROM workspace WHERE id = ?1";
    let known = column::row(conn, sql, [id.to_string()], |row| Ok((row.get(0)?, column::count(row, 1)?)))?;
    if let Some(known) = known {
        return Ok(known);
    }
    column::execute(conn, "INSERT INTO workspace (id) VALUES (?1)", [id.to_string()])?;
    Ok((conn.last_insert_rowid(), 0))
}

/// Compares or raises the control epoch; answers what it is afterwards.
pub(super) fn epoch(conn: &Connection, ws: i64, actual: u64, rule: EpochRule) -> Result<u64, Error> {
    match rule {
        EpochRule::Ignore => Ok(actual),
        EpochRule::MustBe(expected) if expected == actual => Ok(actual),
        EpochRule::MustBe(_) => Err(Conflict::Epoch { actual }.into()),
        EpochRule::Raise => {
            column::execute(conn, "UPDATE workspace SET epoch = epoch + 1 WHERE ws = ?1", [ws])?;
            Ok(actual + 1)
        }
    }
}

pub(super) fn control(conn: &Connection, ws: WorkspaceId) -> Result<u64, Error> {
    let sql = "SELECT epoch FROM workspace WHERE id = ?1";
    Ok(column::row(conn, sql, [ws.to_string()], |row| column::count(row, 0))?.unwrap_or(0))
}

/// Takes or frees a lease; answers its key and counter.
pub(super) fn change(conn: &Connection, ws: i64, change: &LeaseChange) -> Result<([u8; 32], u64), Error> {
    let (LeaseChange::Take { key, .. } | LeaseChange::Release { key, .. }) = *change;
    let state = state(conn, ws, key)?;
    let new = match (*change, state.holder) {
        (LeaseChange::Take { .. }, Some(holder)) => return Err(Conflict::LeaseTaken { holder }.into()),
        (LeaseChange::Take { expected_counter, holder, .. }, None) if expected_counter == state.counter => {
            Some(holder)
        }
        (LeaseChange::Release { run, .. }, Some(holder)) if holder.run == run => None,
        (LeaseChange::Take { .. } | LeaseChange::Release { .. }, _) => {
            return Err(Conflict::LeaseMoved.into());
        }
    };
    let counter = state.counter + 1;
    let sql = "INSERT INTO lease (ws, key, counter, run, n, attempt, node, generation)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT DO UPDATE SET counter = ?3, run = ?4, n = ?5, attempt = ?6, node = ?7, generation = ?8";
    let run = new.map(|holder| holder.run.to_string());
    let node = new.map(|holder| holder.node.to_string());
    let (n, attempt) = (new.map(|holder| holder.n), new.map(|holder| holder.attempt));
    let generation = new.map(|holder| column::int(holder.generation)).transpose()?;
    column::execute(conn, sql, params![ws, key, column::int(counter)?, run, n, attempt, node, generation])?;
    Ok((key, counter))
}

fn state(conn: &Connection, ws: i64, key: [u8; 32]) -> Result<LeaseState, Error> {
    let sql = "SELECT counter, run, n, attempt, node, generation FROM lease WHERE ws = ?1 AND key = ?2";
    let state = column::row(conn, sql, params![ws, key], |row| {
        let run = column::id_at(row, 1, RunId::parse)?;
        let holder = run.map(|run| {
            let node = column::id_at(row, 4, NodeId::parse)?.ok_or(Error::corrupt("lease"))?;
            let (n, attempt, generation) = (row.get(2)?, row.get(3)?, column::count(row, 5)?);
            Ok::<_, Error>(LeaseHolder { run, n, attempt, node, generation })
        });
        Ok(LeaseState { counter: column::count(row, 0)?, holder: holder.transpose()? })
    })?;
    Ok(state.unwrap_or(LeaseState { counter: 0, holder: None }))
}

pub(super) fn lease(conn: &Connection, ws: WorkspaceId, key: [u8; 32]) -> Result<LeaseState, Error> {
    let nothing = LeaseState { counter: 0, holder: None };
    column::workspace(conn, ws)?.map_or(Ok(nothing), |ws| state(conn, ws, key))
}

/// Raises the process generation of a node.
pub(super) fn raise_generation(conn: &Connection, node: NodeId) -> Result<u64, Error> {
    let sql = "INSERT INTO node (id, generation) VALUES (?1, 1)
        ON CONFLICT DO UPDATE SET generation = generation + 1 RETURNING generation";
    let raised = column::row(conn, sql, [node.to_string()], |row| column::count(row, 0))?;
    raised.ok_or(Error::corrupt("node"))
}

pub(super) fn generation(conn: &Connection, node: NodeId) -> Result<Option<u64>, Error> {
    let sql = "SELECT generation FROM node WHERE id = ?1";
    column::row(conn, sql, [node.to_string()], |row| column::count(row, 0))
}
