//! Connections and their settings.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::Error;

/// How long a connection waits for a lock of another one.
const BUSY: Duration = Duration::from_secs(10);
/// Statements that a connection keeps prepared: more than this room has.
const STATEMENTS_MAX: usize = 256;

/// The connection that writes. A commit is on stable storage when it returns (`synchronous=FULL` on a write-ahead log),
/// deleted content is overwritten, and checkpoints are made elsewhere.
pub(super) fn writer(path: &Path) -> Result<Connection, Error> {
    let conn = Connection::open(path)?;
    settle(&conn)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA recursive_triggers = ON; PRAGMA secure_delete = ON; PRAGMA cache_size = -32768;",
    )?;
    Ok(conn)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    settle(&conn)?;
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8192;")?;
    Ok(conn)
}

/// The connection that moves pages from the write-ahead log into the database.
pub(super) fn checkpointer(path: &Path) -> Result<Connection, Error> {
    let conn = Connection::open(path)?;
    settle(&conn)?;
    conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")?;
    Ok(conn)
}

fn settle(conn: &Connection) -> Result<(), Error> {
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Else SQLite plans a statement anew whenever it might like other values better.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;")?;
    Ok(())
}
