//! Query rows of runs, read one by one and in pages.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use domain::id::{PersonId, RunId, WorkspaceId};
use domain::name::Slug;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use crate::error::Error;
use crate::page::{Cursor, Page};
use crate::run::{RunQuery, RunRow, Touch, Touched, Wait, Waiting};
use crate::sqlite::column;

/// The columns that [`read`] reads, in its order.
const COLUMNS: &str = "r.id, r.stage, r.workflow, r.source, r.environment, r.connector, r.object, r.action, \
    r.proposer, r.agent_owner, r.policy, r.plan_digest, r.decision, r.risk, r.mutations, r.revision, r.created, \
    r.updated, r.deadline, r.closed, r.holder, r.recovers, r.branched_from, r.events";
/// How many they are.
const WIDTH: usize = 24;

pub(super) fn one(conn: &Connection, ws: WorkspaceId, run: RunId) -> Result<Option<RunRow>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM run r WHERE r.ws = (SELECT ws FROM workspace WHERE id = ?1) AND r.id = ?2"
    );
    column::row(conn, &sql, [ws.to_string(), run.to_string()], read)
}

/// The conditions of a list, with their values.
#[derive(Clone)]
struct Filter {
    sql: String,
    values: Vec<Value>,
}

impl Filter {
    fn and(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.extend(values);
    }

    fn equal(&mut self, column: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.and(&format!("r.{column} = ?"), [Value::Text(value.clone())]);
        }
    }
}

pub(super) fn list(
    conn: &Connection,
    ws: WorkspaceId,
    query: &RunQuery,
    limit: i64,
) -> Result<Page<RunRow>, Error> {
    let Some(ws) = column::workspace(conn, ws)? else { return Ok(Page::cut(vec![], query.limit)) };
    let mut filter = Filter { sql: "WHERE r.ws = ?".to_owned(), values: vec![ws.into()] };
    filter.equal("connector", query.connector.as_ref());
    filter.equal("object", query.object.as_ref());
    filter.equal("proposer", query.proposer.as_ref());
    filter.equal("workflow", query.workflow.as_ref());
    filter.equal("decision", query.decision.as_ref());
    filter.equal("environment", query.environment.as_ref());
    filter.equal("recovers", column::text(query.recovers.as_ref()).as_ref());
    if let Some(record) = query.record {
        let runs = "r.number IN (SELECT run FROM record_token WHERE ws = ? AND token = ?)";
        filter.and(runs, [ws.into(), record.to_vec().into()]);
    }
    if !query.waits_for.is_empty() {
        let runs =
            "r.number IN (SELECT run FROM wait WHERE ws = ? AND grp IN (SELECT value FROM json_each(?)))";
        filter.and(runs, [ws.into(), json(&query.waits_for).into()]);
    }
    if let Some(cursor) = &query.cursor {
        filter.and("r.number < ?", [place(conn, ws, cursor)?.into()]);
    }
    if query.stages.is_empty() {
        return Ok(page(newest(conn, filter, limit)?, query.limit));
    }
    // One walk along the index per stage: a walk over several stages at once would have to sort all of their runs.
    let mut found = Vec::new();
    for stage in query.stages.iter().collect::<BTreeSet<_>>() {
        let mut filter = filter.clone();
        filter.equal("stage", Some(stage));
        found.extend(newest(conn, filter, limit)?);
    }
    found.sort_by_key(|(number, _)| Reverse(*number));
    Ok(page(found, query.limit))
}

/// The number behind which a list goes on. A cursor may also be the id of a run: what scans a page and stops in the midst
/// of it goes on there.
fn place(conn: &Connection, ws: i64, cursor: &Cursor) -> Result<i64, Error> {
    let Ok(run) = RunId::parse(cursor.as_str()) else { return cursor.parts().map(|[number]| number) };
    let sql = "SELECT number FROM run WHERE ws = ?1 AND id = ?2";
    column::row(conn, sql, params![ws, run.to_string()], |row| Ok(row.get(0)?))?.ok_or(Error::Cursor)
}

fn page(rows: Vec<(i64, RunRow)>, limit: usize) -> Page<RunRow> {
    Page::cut(rows.into_iter().map(|(number, row)| (Cursor::of([number]), row)).collect(), limit)
}

/// One row more than the limit, so that the caller sees whether there are more.
fn newest(conn: &Connection, mut filter: Filter, limit: i64) -> Result<Vec<(i64, RunRow)>, Error> {
    filter.values.push((limit + 1).into());
    let sql = format!("SELECT {COLUMNS}, r.number FROM run r {} ORDER BY r.number DESC LIMIT ?", filter.sql);
    column::rows(conn, &sql, params_from_iter(filter.values), |row| Ok((row.get(WIDTH)?, read(row)?)))
}

pub(super) fn waits(
    conn: &Connection,
    ws: WorkspaceId,
    groups: &[Slug],
    cursor: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<(Cursor, Waiting)>, Error> {
    let [expires, run] = cursor.map_or(Ok([i64::MIN; 2]), Cursor::parts)?;
    let sql = format!(
        "SELECT {COLUMNS}, w.grp, w.needed, w.expires, w.run FROM wait w CROSS JOIN run r ON r.number = w.run
        WHERE w.ws = (SELECT ws FROM workspace WHERE id = ?1) AND w.grp = ?2 AND (w.expires, w.run) > (?3, ?4)
            AND NOT EXISTS (
                SELECT 1 FROM wait o WHERE o.run = w.run AND (o.expires, o.grp) < (w.expires, w.grp)
                    AND o.grp IN (SELECT value FROM json_each(?5))
            )
        ORDER BY w.expires, w.run LIMIT ?6"
    );
    let (ws, all) = (ws.to_string(), json(groups));
    let mut found = Vec::new();
    for group in groups.iter().collect::<BTreeSet<_>>() {
        let params = params![ws, group.as_str(), expires, run, all, limit + 1];
        found.extend(column::rows(conn, &sql, params, |row| {
            let key: [i64; 2] = [row.get(WIDTH + 2)?, row.get(WIDTH + 3)?];
            Ok((key, Waiting { row: read(row)?, wait: wait(row, WIDTH)? }))
        })?);
    }
    found.sort_by_key(|(key, _)| *key);
    Ok(found.into_iter().map(|(key, waiting)| (Cursor::of(key), waiting)).collect())
}

pub(super) fn touches(
    conn: &Connection,
    ws: WorkspaceId,
    record: [u8; 32],
    cursor: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<(Cursor, Touched)>, Error> {
    let [at, run, n] = cursor.map_or(Ok([i64::MAX; 3]), Cursor::parts)?;
    let sql = format!(
        "SELECT {COLUMNS}, t.record, t.n, t.connector, t.object, t.action, t.outcome, t.at, t.run
        FROM touch t CROSS JOIN run r ON r.number = t.run
        WHERE t.ws = (SELECT ws FROM workspace WHERE id = ?1) AND t.record = ?2 AND (t.at, t.run, t.n) < (?3, ?4, ?5)
        ORDER BY t.at DESC, t.run DESC, t.n DESC LIMIT ?6"
    );
    column::rows(conn, &sql, params![ws.to_string(), record, at, run, n, limit + 1], |row| {
        let touch = touch(row, WIDTH)?;
        let cursor = Cursor::of([touch.at.millis(), row.get(WIDTH + 7)?, touch.n.into()]);
        Ok((cursor, Touched { row: read(row)?, touch }))
    })
}

/// A list of names for `json_each`. Slugs need no escaping.
fn json(groups: &[Slug]) -> String {
    let quoted: Vec<_> = groups.iter().map(|group| format!("\"{group}\"")).collect();
    format!("[{}]", quoted.join(","))
}

fn read(row: &Row<'_>) -> Result<RunRow, Error> {
    let digest = |at| row.get::<_, Option<[u8; 32]>>(at)?.map(|bytes| column::digest(&bytes)).transpose();
    Ok(RunRow {
        id: column::id_at(row, 0, RunId::parse)?.ok_or(Error::corrupt("run"))?,
        stage: row.get(1)?,
        workflow: row.get(2)?,
        source: row.get(3)?,
        environment: row.get(4)?,
        connector: row.get(5)?,
        object: row.get(6)?,
        action: row.get(7)?,
        proposer: row.get(8)?,
        agent_owner: column::id_at(row, 9, PersonId::parse)?,
        policy: digest(10)?,
        plan_digest: digest(11)?,
        decision: row.get(12)?,
        risk: row.get(13)?,
        mutations: row.get(14)?,
        revision: row.get(15)?,
        created: column::time(row, 16)?,
        updated: column::time(row, 17)?,
        deadline: column::time(row, 18)?,
        closed: column::time_or_null(row, 19)?,
        holder: column::id_at(row, 20, PersonId::parse)?,
        recovers: column::id_at(row, 21, RunId::parse)?,
        branched_from: column::id_at(row, 22, RunId::parse)?,
        events: column::count(row, 23)?,
    })
}

/// A wait in the three columns from `at` on.
pub(super) fn wait(row: &Row<'_>, at: usize) -> Result<Wait, Error> {
    Ok(Wait {
        group: column::id_at(row, at, Slug::parse)?.ok_or(Error::corrupt("wait"))?,
        needed: row.get(at + 1)?,
        expires: column::time(row, at + 2)?,
    })
}

/// A touch in the seven columns from `at` on.
pub(super) fn touch(row: &Row<'_>, at: usize) -> Result<Touch, Error> {
    Ok(Touch {
        record: row.get(at)?,
        n: row.get(at + 1)?,
        connector: row.get(at + 2)?,
        object: row.get(at + 3)?,
        action: row.get(at + 4)?,
        outcome: row.get(at + 5)?,
        at: column::time(row, at + 6)?,
    })
}
