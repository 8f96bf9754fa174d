//! Entities and stored answers in their tables.

use domain::id::{RunId, WorkspaceId};
use domain::time::Timestamp;
use rusqlite::{Connection, ErrorCode, Row, params};

use crate::entity::{Entity, EntityKind, EntityWrite, Expect};
use crate::error::{Conflict, Error};
use crate::idempotency::{self, IdempotencyRecord};
use crate::page::Cursor;
use crate::sqlite::column;

/// Writes or deletes one entity.
pub(super) fn write(conn: &Connection, ws: i64, write: &EntityWrite) -> Result<(), Error> {
    let (kind, id) = (write.kind.as_str(), &write.id);
    let sql = "SELECT version FROM entity WHERE ws = ?1 AND kind = ?2 AND id = ?3";
    let version = column::row(conn, sql, params![ws, kind, id], |row| column::count(row, 0))?;
    let holds = match write.expect {
        Expect::Absent => version.is_none(),
        Expect::Version(expected) => version == Some(expected),
        Expect::Any => true,
    };
    if !holds {
        return Err(Conflict::EntityVersion { id: id.clone() }.into());
    }
    let Some(body) = &write.body else {
        let sql = "DELETE FROM entity WHERE ws = ?1 AND kind = ?2 AND id = ?3";
        return column::execute(conn, sql, params![ws, kind, id]).map(|_| ());
    };
    let sql = "INSERT INTO entity (ws, kind, id, version, lookup, owner, expires, body)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (ws, kind, id) DO UPDATE SET version = ?4, lookup = ?5, owner = ?6, expires = ?7, body = ?8";
    let version = column::int(version.unwrap_or(0) + 1)?;
    let expires = write.expires.map(Timestamp::millis);
    let row = params![ws, kind, id, version, write.lookup, write.owner, expires, body];
    match conn.prepare_cached(sql)?.execute(row) {
        Ok(_) => Ok(()),
        // The only other unique column.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(Conflict::Lookup { id: id.clone() }.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The columns that [`read`] reads.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, version, body, lookup, owner, expires FROM entity
            WHERE ws = (SELECT ws FROM workspace WHERE id = ?1) AND kind = ?2 AND ",
            $rest
        )
    };
}

pub(super) fn by_id(
    conn: &Connection,
    ws: WorkspaceId,
    kind: EntityKind,
    id: &str,
) -> Result<Option<Entity>, Error> {
    column::row(conn, select!("id = ?3"), params![ws.to_string(), kind.as_str(), id], read)
}

pub(super) fn by_lookup(
    conn: &Connection,
    ws: WorkspaceId,
    kind: EntityKind,
    lookup: &str,
) -> Result<Option<Entity>, Error> {
    column::row(conn, select!("lookup = ?3"), params![ws.to_string(), kind.as_str(), lookup], read)
}

pub(super) fn list(
    conn: &Connection,
    ws: WorkspaceId,
    kind: EntityKind,
    owner: Option<&str>,
    cursor: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<(Cursor, Entity)>, Error> {
    let (ws, kind, after) = (ws.to_string(), kind.as_str(), cursor.map_or("", Cursor::as_str));
    let item = |row: &Row<'_>| read(row).map(|entity| (Cursor::new(entity.id.clone()), entity));
    if let Some(owner) = owner {
        let sql = select!("owner = ?3 AND id > ?4 ORDER BY id LIMIT ?5");
        column::rows(conn, sql, params![ws, kind, owner, after, limit + 1], item)
    } else {
        let sql = select!("id > ?3 ORDER BY id LIMIT ?4");
        column::rows(conn, sql, params![ws, kind, after, limit + 1], item)
    }
}

fn read(row: &Row<'_>) -> Result<Entity, Error> {
    Ok(Entity {
        id: row.get(0)?,
        version: column::count(row, 1)?,
        body: row.get(2)?,
        lookup: row.get(3)?,
        owner: row.get(4)?,
        expires: column::time_or_null(row, 5)?,
    })
}

/// Stores the answer to a request, unless one is stored that has not expired.
pub(super) fn remember(
    conn: &Connection,
    ws: i64,
    record: &IdempotencyRecord,
    now: Timestamp,
) -> Result<(), Error> {
    let name = idempotency::name(&record.principal, &record.operation, &record.key);
    let sql = "SELECT fingerprint, status, run, reply, created, expires FROM idempotency WHERE ws = ?1 AND name = ?2";
    let known = column::row(conn, sql, params![ws, name.as_bytes()], |row| stored(row, record.request()))?;
    if let Some(known) = known.filter(|known| known.expires > now) {
        return Err(Conflict::Idempotency(Box::new(known)).into());
    }
    let sql = "INSERT INTO idempotency (ws, name, fingerprint, status, run, reply, created, expires)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (ws, name) DO UPDATE SET fingerprint = ?3, status = ?4, run = ?5, reply = ?6, created = ?7,
            expires = ?8";
    let run = column::text(record.run.as_ref());
    let (created, expires) = (record.created.millis(), record.expires.millis());
    let (name, fingerprint) = (name.as_bytes(), record.fingerprint.as_bytes());
    let row = params![ws, name, fingerprint, record.status, run, record.reply, created, expires];
    column::execute(conn, sql, row).map(|_| ())
}

pub(super) fn remembered(
    conn: &Connection,
    ws: WorkspaceId,
    (principal, operation, key): (String, String, String),
) -> Result<Option<IdempotencyRecord>, Error> {
    let sql = "SELECT fingerprint, status, run, reply, created, expires FROM idempotency
        WHERE ws = (SELECT ws FROM workspace WHERE id = ?1) AND name = ?2";
    let name = idempotency::name(&principal, &operation, &key);
    column::row(conn, sql, params![ws.to_string(), name.as_bytes()], |row| {
        stored(row, (principal, operation, key))
    })
}

fn stored(
    row: &Row<'_>,
    (principal, operation, key): (String, String, String),
) -> Result<IdempotencyRecord, Error> {
    Ok(IdempotencyRecord {
        principal,
        operation,
        key,
        fingerprint: column::digest(&row.get::<_, [u8; 32]>(0)?)?,
        status: row.get(1)?,
        run: column::id_at(row, 2, RunId::parse)?,
        reply: row.get(3)?,
        created: column::time(row, 4)?,
        expires: column::time(row, 5)?,
    })
}

/// Removes what has expired; answers how many rows.
pub(super) fn purge(conn: &Connection, now: Timestamp, limit: i64) -> Result<usize, Error> {
    let entities =
        "DELETE FROM entity WHERE rowid IN (SELECT rowid FROM entity WHERE expires <= ?1 LIMIT ?2)";
    let answers =
        "DELETE FROM idempotency WHERE rowid IN (SELECT rowid FROM idempotency WHERE expires <= ?1 LIMIT ?2)";
    let removed = column::execute(conn, entities, [now.millis(), limit])?;
    Ok(removed + column::execute(conn, answers, [now.millis(), limit])?)
}
