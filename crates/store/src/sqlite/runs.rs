//! Query rows of runs: written with the leaves they come from, read in pages.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use domain::id::{PersonId, RunId, WorkspaceId};
use domain::name::Slug;
use domain::time::Timestamp;
use proof::digest::Digest;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use crate::error::Error;
use crate::page::{Cursor, Page};
use crate::run::{Extent, Projection, RunQuery, RunRow, Touch, Touched, Wait, Waiting};
use crate::sqlite::column;

/// The columns that [`read`] reads, in its order.
const COLUMNS: &str = "r.id, r.stage, r.workflow, r.source, r.environment, r.connector, r.object, r.action, \
    r.proposer, r.agent_owner, r.policy, r.plan_digest, r.decision, r.risk, r.mutations, r.revision, r.created, \
    r.updated, r.deadline, r.closed, r.holder, r.recovers, r.branched_from, r.events";
/// How many they are.
const WIDTH: usize = 24;

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
    let sql = "SELECT grp, needed, given, expires FROM wait WHERE run = ?1 ORDER BY grp";
    let old = column::rows(conn, sql, [run], |row| wait(row, 0))?;
    let mut new = waits.to_vec();
    new.sort();
    if old == new {
        return Ok(());
    }
    column::execute(conn, "DELETE FROM wait WHERE run = ?1", [run])?;
    let sql = "INSERT INTO wait (run, ws, grp, needed, given, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    for wait in new {
        let row = params![run, ws, wait.group.as_str(), wait.needed, wait.given, wait.expires.millis()];
        column::execute(conn, sql, row)?;
    }
    Ok(())
}

fn put_touches(conn: &Connection, ws: i64, run: i64, projection: &Projection) -> Result<(), Error> {
    let mut old = BTreeMap::new();
    if projection.extent == Extent::Whole {
        let sql = "SELECT record, n, connector, object, action, outcome, at FROM touch WHERE run = ?1";
        let rows = column::rows(conn, sql, [run], |row| touch(row, 0))?;
        old.extend(rows.into_iter().map(|touch| (touch.n, touch)));
    }
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
    let mut old = BTreeSet::<[u8; 32]>::new();
    if projection.extent == Extent::Whole {
        let sql = "SELECT token FROM record_token WHERE run = ?1";
        old.extend(column::rows(conn, sql, [run], |row| Ok(row.get::<_, [u8; 32]>(0)?))?);
    }
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
        let [number] = cursor.parts()?;
        filter.and("r.number < ?", [number.into()]);
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
        "SELECT {COLUMNS}, w.grp, w.needed, w.given, w.expires, w.run FROM wait w CROSS JOIN run r ON r.number = w.run
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
            let key: [i64; 2] = [row.get(WIDTH + 3)?, row.get(WIDTH + 4)?];
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

/// A wait in the four columns from `at` on.
fn wait(row: &Row<'_>, at: usize) -> Result<Wait, Error> {
    Ok(Wait {
        group: column::id_at(row, at, Slug::parse)?.ok_or(Error::corrupt("wait"))?,
        needed: row.get(at + 1)?,
        given: row.get(at + 2)?,
        expires: column::time(row, at + 3)?,
    })
}

/// A touch in the seven columns from `at` on.
fn touch(row: &Row<'_>, at: usize) -> Result<Touch, Error> {
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
