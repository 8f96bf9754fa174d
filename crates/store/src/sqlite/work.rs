//! Work items in their table.

use domain::id::{NodeId, RunId, WorkId, WorkspaceId};
use domain::name::Slug;
use domain::time::Timestamp;
use rusqlite::{Connection, params};

use crate::error::{Conflict, Error};
use crate::sqlite::column;
use crate::work::{Claimed, WorkChange, WorkItem};

pub(super) fn change(conn: &Connection, ws: i64, change: &WorkChange) -> Result<(), Error> {
    match change {
        WorkChange::Put { id, run, kind, due, payload } => {
            let sql = "INSERT INTO work (id, ws, run, kind, due, ready, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)
                ON CONFLICT (id) DO UPDATE SET run = ?3, kind = ?4, due = ?5, ready = ?5, payload = ?6, node = NULL
                WHERE ws = ?2";
            let run = column::text(run.as_ref());
            let row = params![id.to_string(), ws, run, kind.as_str(), due.millis(), payload];
            let is_ours = column::execute(conn, sql, row)? == 1;
            if is_ours { Ok(()) } else { Err(Error::Malformed("the work item belongs to another workspace")) }
        }
        WorkChange::Finish { id, fence } => {
            let sql = "DELETE FROM work WHERE id = ?1 AND ws = ?2 AND fence = ?3 AND node IS NOT NULL";
            held(column::execute(conn, sql, params![id.to_string(), ws, column::int(*fence)?])? == 1)
        }
        WorkChange::Postpone { id, fence, due } => {
            let sql = "UPDATE work SET due = ?4, ready = ?4, node = NULL
                WHERE id = ?1 AND ws = ?2 AND fence = ?3 AND node IS NOT NULL";
            let params = params![id.to_string(), ws, column::int(*fence)?, due.millis()];
            held(column::execute(conn, sql, params)? == 1)
        }
        WorkChange::Cancel { run, kind } => {
            let sql = "DELETE FROM work WHERE ws = ?1 AND run = ?2 AND kind = ?3";
            column::execute(conn, sql, params![ws, run.to_string(), kind.as_str()]).map(|_| ())
        }
    }
}

/// Refuses a claim that does not hold. One that ran out but was not claimed by anybody else does.
pub(super) fn fence(conn: &Connection, ws: i64, (id, fence): (WorkId, u64)) -> Result<(), Error> {
    let sql = "SELECT 1 FROM work WHERE id = ?1 AND ws = ?2 AND fence = ?3 AND node IS NOT NULL";
    let found: Option<i64> = column::first(conn, sql, params![id.to_string(), ws, column::int(fence)?])?;
    held(found.is_some())
}

fn held(holds: bool) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Conflict::Fence.into()) }
}

pub(super) fn claim(
    conn: &Connection,
    now: Timestamp,
    node: NodeId,
    until: Timestamp,
    kinds: &[String],
    limit: i64,
) -> Result<Vec<Claimed>, Error> {
    let find = "SELECT rowid, ready FROM work WHERE kind = ?1 AND ready <= ?2 ORDER BY ready LIMIT ?3";
    let mut due: Vec<(i64, i64)> = Vec::new();
    for kind in kinds {
        due.extend(column::rows(conn, find, params![kind, now.millis(), limit], |row| {
            Ok((row.get(1)?, row.get(0)?))
        })?);
    }
    due.sort_unstable();
    due.dedup();
    let mark = "UPDATE work SET fence = fence + 1, tries = tries + 1, node = ?2, ready = ?3 WHERE rowid = ?1
        RETURNING id, (SELECT id FROM workspace WHERE workspace.ws = work.ws), run, kind, payload, due, fence, tries";
    let mut claimed = Vec::new();
    for (_, row) in due.into_iter().take(usize::try_from(limit).unwrap_or(0)) {
        claimed.extend(column::row(conn, mark, params![row, node.to_string(), until.millis()], |row| {
            Ok(Claimed {
                id: column::id_at(row, 0, WorkId::parse)?.ok_or(Error::corrupt("work"))?,
                ws: column::id_at(row, 1, WorkspaceId::parse)?.ok_or(Error::corrupt("work"))?,
                run: column::id_at(row, 2, RunId::parse)?,
                kind: column::id_at(row, 3, Slug::parse)?.ok_or(Error::corrupt("work"))?,
                payload: row.get(4)?,
                due: column::time(row, 5)?,
                fence: column::count(row, 6)?,
                tries: row.get(7)?,
            })
        })?);
    }
    Ok(claimed)
}

pub(super) fn next_due(conn: &Connection, kinds: &[String]) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT min(ready) FROM work WHERE kind = ?1";
    let mut next = None;
    for kind in kinds {
        let of_kind = column::row(conn, sql, [kind], |row| column::time_or_null(row, 0))?.flatten();
        next = next.into_iter().chain(of_kind).min();
    }
    Ok(next)
}

pub(super) fn of_run(conn: &Connection, ws: WorkspaceId, run: RunId) -> Result<Vec<WorkItem>, Error> {
    let sql = "SELECT id, kind, due, CASE WHEN node IS NOT NULL THEN ready END, tries FROM work
        WHERE ws = (SELECT ws FROM workspace WHERE id = ?1) AND run = ?2 ORDER BY due, id";
    column::rows(conn, sql, [ws.to_string(), run.to_string()], |row| {
        Ok(WorkItem {
            id: column::id_at(row, 0, WorkId::parse)?.ok_or(Error::corrupt("work"))?,
            kind: column::id_at(row, 1, Slug::parse)?.ok_or(Error::corrupt("work"))?,
            due: column::time(row, 2)?,
            claimed_until: column::time_or_null(row, 3)?,
            tries: row.get(4)?,
        })
    })
}
