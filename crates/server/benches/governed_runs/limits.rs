//! What this machine can do at best, measured by the same client beside the governed runs.
//!
//! Each limit is the cheapest work that a run cannot do without: a flush, a commit, an HTTP request, the exchanges with
//! the system of record.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::Connection as Sqlite;
use serde::Deserialize;
use serde_json::json;
use simulators::zendesk::BEARER_TOKEN;

use crate::client::{Connection, Request};
use crate::closed_loop::{self, Bounds, Measured};
use crate::processes::Process;
use crate::roles::{FIRST_SPARE_TICKET, TICKETS};

/// Bytes of one append, a page of SQLite's.
const APPEND: [u8; 4096] = [7; 4096];

/// Appends per second, each flushed with `fdatasync` before the next.
pub fn flushes_per_second(dir: &Path, time: Duration) -> Result<f64> {
    let mut file = File::create(dir.join("appends"))?;
    per_second(time, || {
        file.write_all(&APPEND)?;
        Ok(file.sync_data()?)
    })
}

/// Commits of one row per second, as durable as ours: WAL, `synchronous=FULL`.
pub fn commits_per_second(dir: &Path, time: Duration) -> Result<f64> {
    let sqlite = Sqlite::open(dir.join("commits.db"))?;
    sqlite.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB NOT NULL);",
    )?;
    let mut insert = sqlite.prepare("INSERT INTO row (body) VALUES (?1)")?;
    per_second(time, || {
        insert.execute([&APPEND[..200]])?;
        Ok(())
    })
}

fn per_second(time: Duration, mut once: impl FnMut() -> Result<()>) -> Result<f64> {
    let started = Instant::now();
    let mut count = 0_u32;
    while started.elapsed() < time {
        once()?;
        count += 1;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}

/// Requests of an HTTP server that does nothing.
pub async fn requests(bare: &Process, json: bool, in_flight: usize, bounds: Bounds) -> Result<Measured> {
    let body = json!({
        "workflow": "bench", "reason": "The customer called again",
        "plan": { "mutations": [{ "connector": "help-desk", "object": "ticket", "id": "900001", "kind": "update",
            "changes": { "priority": "high" } }] },
    });
    let mut lanes = Vec::with_capacity(in_flight);
    for _ in 0..in_flight {
        let mut connection = Connection::open(bare.addr).await?;
        let request =
            if json { Request::json("POST", "/", "", &body) } else { Request::bare("GET", "/", "") };
        lanes.push(async move || connection.send(&request).await?.expect_success());
    }
    closed_loop::run(lanes, bounds, bare).await
}

/// The part of a ticket that a conditional write needs.
#[derive(Deserialize)]
struct Shown {
    ticket: Ticket,
}

#[derive(Deserialize)]
struct Ticket {
    priority: String,
    updated_at: String,
}

/// What a governed run exchanges with the help desk and nothing else: preview, re-read, conditional write, read-back, and
/// a look into the ticket's audits, because the help desk's condition is only advisory.
pub async fn exchanges(simulator: &Process, in_flight: usize, bounds: Bounds) -> Result<Measured> {
    let headers = format!("authorization: Bearer {BEARER_TOKEN}\r\n");
    let share = TICKETS / u64::try_from(in_flight)?;
    let mut lanes = Vec::with_capacity(in_flight);
    for lane in (0..).take(in_flight) {
        let mut connection = Connection::open(simulator.addr).await?;
        let first = FIRST_SPARE_TICKET + lane * share;
        let mut next = (first..first + share).cycle();
        let headers = headers.clone();
        lanes.push(async move || {
            let path = format!("/api/v2/tickets/{}", next.next().unwrap_or(first));
            let read = Request::bare("GET", &format!("{path}.json"), &headers);
            connection.send(&read).await?.expect_success()?;
            let seen = connection.send(&read).await?;
            let Shown { ticket } = seen.read()?;
            let ticket = json!({
                "priority": if ticket.priority == "high" { "low" } else { "high" },
                "safe_update": true, "updated_stamp": ticket.updated_at,
                "metadata": { "actionplane_key": path },
            });
            let write = json!({ "ticket": ticket });
            let write = Request::json("PUT", &format!("{path}.json"), &headers, &write);
            connection.send(&write).await?.expect_success()?;
            connection.send(&read).await?.expect_success()?;
            let audits = Request::bare("GET", &format!("{path}/audits.json"), &headers);
            connection.send(&audits).await?.expect_success()
        });
    }
    closed_loop::run(lanes, bounds, simulator).await
}
