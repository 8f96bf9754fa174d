//! Numbered migrations with checksums, and the check that the schema is the one they make.

use std::collections::BTreeMap;

use proof::digest::sha256;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::error::{Error, OpenError};

/// One step forward. It is never edited after release.
#[derive(Debug, Clone, Copy)]
pub(super) struct Migration {
    pub number: u32,
    pub name: &'static str,
    pub sql: &'static str,
}

macro_rules! migrations {
    ($folder:literal: $($number:literal $name:literal $file:literal,)*) => {
        &[$(Migration {
            number: $number,
            name: $name,
            sql: include_str!(concat!("../../migrations/", $folder, "/", $file)),
        },)*]
    };
}

/// Of the database.
pub(super) const STORE: &[Migration] = migrations! { "sqlite":
    1 "evidence" "0001_evidence.sql",
    2 "runs" "0002_runs.sql",
    3 "entities" "0003_entities.sql",
    4 "work" "0004_work.sql",
    5 "log" "0005_log.sql",
    6 "erasures" "0006_erasures.sql",
};

/// Of the key file.
pub(super) const KEYS: &[Migration] = migrations! { "keys":
    1 "keys" "0001_keys.sql",
};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (
    number   INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    checksum BLOB NOT NULL
) STRICT";

/// Brings a database to the newest schema, all steps in one transaction.
///
/// # Errors
/// [`OpenError::Newer`] for a database of a newer release, [`OpenError::Altered`] when an applied step or the schema is
/// not what this program would make.
pub(super) fn migrate(conn: &mut Connection, steps: &[Migration]) -> Result<(), OpenError> {
    advance(conn, steps)?;
    let mut fresh = Connection::open_in_memory().map_err(Error::from)?;
    advance(&mut fresh, steps)?;
    let (found, expected) = (schema(conn)?, schema(&fresh)?);
    let differs = expected.iter().find(|(name, sql)| found.get(*name) != Some(*sql));
    let surplus = found.keys().find(|name| !expected.contains_key(*name));
    match differs.map(|(name, _)| name).or(surplus) {
        Some(what) => Err(OpenError::Altered { what: what.clone() }),
        None => Ok(()),
    }
}

fn advance(conn: &mut Connection, steps: &[Migration]) -> Result<(), OpenError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::from)?;
    tx.execute_batch(TABLE).map_err(Error::from)?;
    let known = steps.last().map_or(0, |step| step.number);
    let found: u32 = tx
        .query_row("SELECT ifnull(max(number), 0) FROM migration", (), |row| row.get(0))
        .map_err(Error::from)?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for step in steps {
        let checksum = sha256(step.sql.as_bytes());
        if step.number > found {
            tx.execute_batch(step.sql).map_err(Error::from)?;
            tx.execute(
                "INSERT INTO migration (number, name, checksum) VALUES (?1, ?2, ?3)",
                params![step.number, step.name, checksum.as_bytes()],
            )
            .map_err(Error::from)?;
            continue;
        }
        let is_same = tx
            .prepare("SELECT 1 FROM migration WHERE number = ?1 AND name = ?2 AND checksum = ?3")
            .and_then(|mut row| row.exists(params![step.number, step.name, checksum.as_bytes()]))
            .map_err(Error::from)?;
        if !is_same {
            return Err(OpenError::Altered { what: format!("migration {}", step.number) });
        }
    }
    tx.commit().map_err(Error::from)?;
    Ok(())
}

/// Every table, index and trigger with the text that made it.
fn schema(conn: &Connection) -> Result<BTreeMap<String, String>, Error> {
    let mut rows = conn
        .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")?;
    let rows = rows.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests;
