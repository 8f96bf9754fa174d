//! The log in its tables: places, subtree hashes, signed heads.
//!
//! One writer commits, so a leaf gets its place in the very commit that adds it.

use domain::id::WorkspaceId;
use proof::digest::Digest;
use proof::tree::{leaf_hash, root};
use rusqlite::{Connection, params};

use crate::error::{Conflict, Error};
use crate::log::{LEVELS_MAX, LogEntry, StoredCheckpoint, TILE_WIDTH};
use crate::sqlite::column;

/// How many leaves the log has.
pub(super) fn size(conn: &Connection, ws: i64) -> Result<u64, Error> {
    let sql = "SELECT ifnull(max(idx), -1) + 1 FROM leaf WHERE ws = ?1";
    Ok(column::row(conn, sql, [ws], |row| column::count(row, 0))?.unwrap_or(0))
}

/// Keeps the hashes of the subtrees that became complete while the log grew from one size to another.
pub(super) fn grow(conn: &Connection, ws: i64, from: u64, to: u64) -> Result<(), Error> {
    let (mut from, mut to) = (from / TILE_WIDTH, to / TILE_WIDTH);
    for level in 1..=LEVELS_MAX {
        for n in from..to {
            let hash = root(&hashes(conn, ws, level - 1, n * TILE_WIDTH, TILE_WIDTH)?);
            let sql = "INSERT INTO subtree (ws, level, n, hash) VALUES (?1, ?2, ?3, ?4)";
            column::execute(conn, sql, params![ws, level, column::int(n)?, hash.as_bytes()])?;
        }
        if from == to {
            break;
        }
        (from, to) = (from / TILE_WIDTH, to / TILE_WIDTH);
    }
    Ok(())
}

/// Hashes of complete subtrees of 256^level leaves, in order and without gap.
fn hashes(conn: &Connection, ws: i64, level: u8, from: u64, limit: u64) -> Result<Vec<Digest>, Error> {
    let sql = if level == 0 {
        "SELECT idx, hash FROM leaf WHERE ws = ?1 AND idx >= ?2 AND ?3 = 0 ORDER BY idx LIMIT ?4"
    } else {
        "SELECT n, hash FROM subtree WHERE ws = ?1 AND n >= ?2 AND level = ?3 ORDER BY n LIMIT ?4"
    };
    let params = params![ws, column::int(from)?, level, column::int(limit)?];
    let rows = column::rows(conn, sql, params, |row| {
        let hash = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        Ok((column::count(row, 0)?, column::digest(hash)?))
    })?;
    let is_gapless = (from..).zip(&rows).all(|(n, (found, _))| n == *found);
    if is_gapless { Ok(rows.into_iter().map(|(_, hash)| hash).collect()) } else { Err(Error::corrupt("log")) }
}

pub(super) fn size_of(conn: &Connection, ws: WorkspaceId) -> Result<u64, Error> {
    column::workspace(conn, ws)?.map_or(Ok(0), |ws| size(conn, ws))
}

pub(super) fn subtrees(
    conn: &Connection,
    ws: WorkspaceId,
    level: u8,
    from: u64,
    limit: usize,
) -> Result<Vec<Digest>, Error> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    column::workspace(conn, ws)?.map_or(Ok(Vec::new()), |ws| hashes(conn, ws, level, from, limit))
}

pub(super) fn entries(
    conn: &Connection,
    ws: WorkspaceId,
    from: u64,
    limit: usize,
) -> Result<Vec<LogEntry>, Error> {
    let sql = "SELECT idx, run, seq, hash, bytes FROM leaf
        WHERE ws = (SELECT ws FROM workspace WHERE id = ?1) AND idx >= ?2 ORDER BY idx LIMIT ?3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let entries = column::rows(conn, sql, params![ws.to_string(), column::int(from)?, limit], |row| {
        let chain = column::chain_of(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
        let (stored, bytes): ([u8; 32], Vec<u8>) = (row.get(3)?, row.get(4)?);
        let hash = leaf_hash(&bytes);
        if hash.as_bytes() != &stored {
            return Err(Error::corrupt("leaf"));
        }
        Ok(LogEntry { index: column::count(row, 0)?, chain, seq: column::count(row, 2)?, hash, bytes })
    })?;
    let is_gapless = (from..).zip(&entries).all(|(index, entry)| entry.index == index);
    if is_gapless { Ok(entries) } else { Err(Error::corrupt("log")) }
}

/// Keeps a head; one that is there already keeps its text and takes the new note.
pub(super) fn keep(conn: &Connection, ws: WorkspaceId, head: &StoredCheckpoint) -> Result<(), Error> {
    let ws =
        column::workspace(conn, ws)?.ok_or(Error::Malformed("a workspace without leaves has no head"))?;
    if let Some(known) = at(conn, ws, head.size)?
        && known.signed() != head.signed()
    {
        return Err(Conflict::Checkpoint { size: head.size }.into());
    }
    if head.size > size(conn, ws)? {
        return Err(Error::Malformed("a head covers more leaves than there are"));
    }
    let sql = "INSERT INTO checkpoint (ws, size, note) VALUES (?1, ?2, ?3)
        ON CONFLICT (ws, size) DO UPDATE SET note = excluded.note";
    column::execute(conn, sql, params![ws, column::int(head.size)?, head.note.as_bytes()])?;
    Ok(())
}

fn at(conn: &Connection, ws: i64, size: u64) -> Result<Option<StoredCheckpoint>, Error> {
    let sql = "SELECT size, note FROM checkpoint WHERE ws = ?1 AND size = ?2";
    column::row(conn, sql, params![ws, column::int(size)?], read)
}

fn read(row: &rusqlite::Row<'_>) -> Result<StoredCheckpoint, Error> {
    let note = String::from_utf8(row.get(1)?).map_err(|_| Error::corrupt("checkpoint"))?;
    Ok(StoredCheckpoint { size: column::count(row, 0)?, note })
}

/// The newest head, or the smallest one that covers so many leaves.
pub(super) fn checkpoint(
    conn: &Connection,
    ws: WorkspaceId,
    covering: Option<u64>,
) -> Result<Option<StoredCheckpoint>, Error> {
    let Some(ws) = column::workspace(conn, ws)? else { return Ok(None) };
    if let Some(leaves) = covering {
        let sql = "SELECT size, note FROM checkpoint WHERE ws = ?1 AND size >= ?2 ORDER BY size LIMIT 1";
        return column::row(conn, sql, params![ws, column::int(leaves)?], read);
    }
    let sql = "SELECT size, note FROM checkpoint WHERE ws = ?1 ORDER BY size DESC LIMIT 1";
    column::row(conn, sql, [ws], read)
}
