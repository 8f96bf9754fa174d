//! Budgets in their tables: sums per slot of time, and what each run has reserved of them.

use domain::id::{RunId, WorkspaceId};
use domain::time::Timestamp;
use rusqlite::{Connection, params};

use crate::error::{Conflict, Error};
use crate::sqlite::column;
use crate::usage::{Reservation, UsageChange, WINDOW_S_MAX, slot, window_start};

pub(super) fn change(conn: &Connection, ws: i64, change: &UsageChange) -> Result<(), Error> {
    match change {
        UsageChange::Reserve(reservation) => reserve(conn, ws, reservation),
        UsageChange::Settle { run } => forget(conn, ws, *run),
        UsageChange::Release { run } => {
            let sql = "SELECT scope, slot, amount FROM reservation WHERE ws = ?1 AND run = ?2";
            let held: Vec<(String, i64, i64)> =
                column::rows(conn, sql, params![ws, run.to_string()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?;
            for (scope, slot, amount) in held {
                subtract(conn, ws, &scope, slot, amount)?;
            }
            forget(conn, ws, *run)
        }
    }
}

fn reserve(conn: &Connection, ws: i64, new: &Reservation) -> Result<(), Error> {
    if let Some(seen) = new.seen {
        let actual = sum(conn, ws, &new.scope, window_start(new.at, new.window_s), Some(new.run))?;
        if actual != seen {
            return Err(Conflict::Usage { actual }.into());
        }
    }
    let (run, at) = (new.run.to_string(), slot(new.at));
    let sql = "SELECT slot, amount FROM reservation WHERE ws = ?1 AND run = ?2 AND scope = ?3";
    let before = column::row(conn, sql, params![ws, run, new.scope], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if let Some((slot, amount)) = before {
        subtract(conn, ws, &new.scope, slot, amount)?;
    }
    let sql = "INSERT INTO usage_slot (ws, scope, slot, amount) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET amount = amount + ?4";
    column::execute(conn, sql, params![ws, new.scope, at, new.amount])?;
    let sql = "INSERT INTO reservation (ws, run, scope, slot, amount) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO UPDATE SET slot = ?4, amount = ?5";
    column::execute(conn, sql, params![ws, run, new.scope, at, new.amount]).map(|_| ())
}

fn forget(conn: &Connection, ws: i64, run: RunId) -> Result<(), Error> {
    let sql = "DELETE FROM reservation WHERE ws = ?1 AND run = ?2";
    column::execute(conn, sql, params![ws, run.to_string()]).map(|_| ())
}

fn subtract(conn: &Connection, ws: i64, scope: &str, slot: i64, amount: i64) -> Result<(), Error> {
    let sql = "UPDATE usage_slot SET amount = amount - ?4 WHERE ws = ?1 AND scope = ?2 AND slot = ?3";
    column::execute(conn, sql, params![ws, scope, slot, amount]).map(|_| ())
}

fn sum(
    conn: &Connection,
    ws: i64,
    scope: &str,
    from_slot: i64,
    besides: Option<RunId>,
) -> Result<u64, Error> {
    let sql = "SELECT ifnull(sum(amount), 0) FROM usage_slot WHERE ws = ?1 AND scope = ?2 AND slot >= ?3";
    let all =
        column::row(conn, sql, params![ws, scope, from_slot], |row| column::count(row, 0))?.unwrap_or(0);
    let Some(run) = besides else { return Ok(all) };
    let sql = "SELECT ifnull(sum(amount), 0) FROM reservation
        WHERE ws = ?1 AND run = ?2 AND scope = ?3 AND slot >= ?4";
    let own = params![ws, run.to_string(), scope, from_slot];
    let own = column::row(conn, sql, own, |row| column::count(row, 0))?.unwrap_or(0);
    Ok(all.saturating_sub(own))
}

pub(super) fn since(
    conn: &Connection,
    ws: WorkspaceId,
    scope: &str,
    since: Timestamp,
    besides: Option<RunId>,
) -> Result<u64, Error> {
    column::workspace(conn, ws)?.map_or(Ok(0), |ws| sum(conn, ws, scope, slot(since), besides))
}

/// Removes slots that no window reaches; answers how many.
pub(super) fn purge(conn: &Connection, now: Timestamp, limit: i64) -> Result<usize, Error> {
    let sql = "DELETE FROM usage_slot WHERE (ws, scope, slot) IN
        (SELECT ws, scope, slot FROM usage_slot WHERE slot < ?1 LIMIT ?2)";
    column::execute(conn, sql, [window_start(now, WINDOW_S_MAX), limit])
}
