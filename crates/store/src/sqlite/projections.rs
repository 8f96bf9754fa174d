//! Query rows of runs, written with the leaves they come from. What has not changed is not written again.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{RunId, WorkspaceId};
use domain::time::Timestamp;
use proof::digest::Digest;
use rusqlite::{Connection, params};

use crate::error::Error;
use crate::run::{Extent, Projection, RunRow, Touch, Wait};
use crate::sqlite::runs::{touch, wait};
use crate::sqlite::{column, runs};

/// Changes the row of a run whose origin stays as it is, and so none of the indexes over that.
const MOVE: &str = "UPDATE run SET stage = ?2, policy = ?11, plan_digest = ?12, decision = ?13, risk = ?14,
        mutations = ?15, revision = ?16, updated = ?18, deadline = ?19, closed = ?20, holder = ?21, events = ?24
    WHERE ws = ?25 AND id = ?1 AND workflow = ?3 AND source = ?4 AND environment = ?5 AND connector = ?6
        AND object = ?7 AND action = ?8 AND proposer = ?9 AND agent_owner IS ?10 AND created = ?17
        AND recovers IS ?22 AND branched_from IS ?23
    RETURNING number";

/// Adds the row of a run or replaces it.
const PUT: &str = "INSERT INTO run (id, stage, workflow, source, environment, connector, object, action, proposer,
        agent_owner, policy, plan_digest, decision, risk, mutations, revision, created, updated, deadline, closed,
        holder, recovers, branched_from, events, ws)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
        ?23, ?24, ?25)
    ON CONFLICT (ws, id) DO UPDATE SET stage = ?2, workflow = ?3, source = ?4, environment = ?5, connector = ?6,
        object = ?7, action = ?8, proposer = ?9, agent_owner = ?10, policy = ?11, plan_digest = ?12, decision = ?13,
        risk = ?14, mutations = ?15, revision = ?16, created = ?17, updated = ?18, deadline = ?19, closed = ?20,
        holder = ?21, recovers = ?22, branched_from = ?23, events = ?24
    RETURNING number";

/// Writes the rows of one run.
pub(super) fn project(conn: &Connection, ws: i64, projection: &Projection) -> Result<(), Error> {
    let run = put_row(conn, ws, &projection.row)?;
    put_waits(conn, ws, run, &projection.waits)?;
    put_touches(conn, ws, run, projection)?;
    put_tokens(conn, ws, run, projection)
}

/// The rows of one run, as [`project`] wrote them.
pub(super) fn of_run(conn: &Connection, ws: WorkspaceId, run: RunId) -> Result<Option<Projection>, Error> {
    let Some(row) = runs::one(conn, ws, run)? else { return Ok(None) };
    let sql = "SELECT number FROM run WHERE ws = (SELECT ws FROM workspace WHERE id = ?1) AND id = ?2";
    let number: i64 =
        column::first(conn, sql, [ws.to_string(), run.to_string()])?.ok_or(Error::corrupt("run"))?;
    Ok(Some(Projection {
        row,
        waits: waits_of(conn, number)?,
        touches: touches(conn, number)?.into_values().collect(),
        record_tokens: tokens(conn, number)?.into_iter().collect(),
        extent: Extent::Whole,
    }))
}

fn waits_of(conn: &Connection, run: i64) -> Result<Vec<Wait>, Error> {
    let sql = "SELECT grp, needed, expires FROM wait WHERE run = ?1 ORDER BY grp";
    column::rows(conn, sql, [run], |row| wait(row, 0))
}

fn touches(conn: &Connection, run: i64) -> Result<BTreeMap<u32, Touch>, Error> {
    let sql = "SELECT record, n, connector, object, action, outcome, at FROM touch WHERE run = ?1";
    let rows = column::rows(conn, sql, [run], |row| touch(row, 0))?;
    Ok(rows.into_iter().map(|touch| (touch.n, touch)).collect())
}

fn tokens(conn: &Connection, run: i64) -> Result<BTreeSet<[u8; 32]>, Error> {
    let sql = "SELECT token FROM record_token WHERE run = ?1";
    Ok(column::rows(conn, sql, [run], |row| Ok(row.get(0)?))?.into_iter().collect())
}

fn put_row(conn: &Connection, ws: i64, row: &RunRow) -> Result<i64, Error> {
    let digest = |digest: Option<Digest>| digest.map(|digest| *digest.as_bytes());
    let time = |at: Timestamp| at.millis();
    let id = row.id.to_string();
    let (owner, holder) = (column::text(row.agent_owner.as_ref()), column::text(row.holder.as_ref()));
    let (recovers, branch) = (column::text(row.recovers.as_ref()), column::text(row.branched_from.as_ref()));
    let (policy, plan, events) = (digest(row.policy), digest(row.plan_digest), column::int(row.events)?);
    let (created, updated, deadline) = (time(row.created), time(row.updated), time(row.deadline));
    let closed = row.closed.map(time);
    let put = |sql| {
        let params = params![
            id,
            row.stage,
            row.workflow,
            row.source,
            row.environment,
            row.connector,
            row.object,
            row.action,
            row.proposer,
            owner,
            policy,
            plan,
            row.decision,
            row.risk,
            row.mutations,
            row.revision,
            created,
            updated,
            deadline,
            closed,
            holder,
            recovers,
            branch,
            events,
            ws
        ];
        column::first(conn, sql, params)
    };
    match put(MOVE)? {
        Some(number) => Ok(number),
        None => put(PUT)?.ok_or(Error::corrupt("run")),
    }
}

fn put_waits(conn: &Connection, ws: i64, run: i64, waits: &[Wait]) -> Result<(), Error> {
    let old = waits_of(conn, run)?;
    let mut new = waits.to_vec();
    new.sort();
    if old == new {
        return Ok(());
    }
    column::execute(conn, "DELETE FROM wait WHERE run = ?1", [run])?;
    let sql = "INSERT INTO wait (run, ws, grp, needed, expires) VALUES (?1, ?2, ?3, ?4, ?5)";
    for wait in new {
        let row = params![run, ws, wait.group.as_str(), wait.needed, wait.expires.millis()];
        column::execute(conn, sql, row)?;
    }
    Ok(())
}

fn put_touches(conn: &Connection, ws: i64, run: i64, projection: &Projection) -> Result<(), Error> {
    let whole = projection.extent == Extent::Whole;
    let mut old = if whole { touches(conn, run)? } else { BTreeMap::new() };
    let sql = "INSERT INTO touch (run, n, ws, record, connector, object, action, outcome, at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        ON CONFLICT (run, n) DO UPDATE SET record = ?4, connector = ?5, object = ?6, action = ?7, outcome = ?8, at = ?9";
    for new in &projection.touches {
        if old.remove(&new.n).as_ref() != Some(new) {
            let Touch { record, n, connector, object, action, outcome, at } = new;
            let row = params![run, n, ws, record, connector, object, action, outcome, at.millis()];
            column::execute(conn, sql, row)?;
        }
    }
    for n in old.into_keys() {
        column::execute(conn, "DELETE FROM touch WHERE run = ?1 AND n = ?2", [run, n.into()])?;
    }
    Ok(())
}

fn put_tokens(conn: &Connection, ws: i64, run: i64, projection: &Projection) -> Result<(), Error> {
    let whole = projection.extent == Extent::Whole;
    let mut old = if whole { tokens(conn, run)? } else { BTreeSet::new() };
    let sql = "INSERT INTO record_token (run, token, ws) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    for token in &projection.record_tokens {
        if !old.remove(token) {
            column::execute(conn, sql, params![run, token, ws])?;
        }
    }
    for token in old {
        column::execute(conn, "DELETE FROM record_token WHERE run = ?1 AND token = ?2", params![run, token])?;
    }
    Ok(())
}
