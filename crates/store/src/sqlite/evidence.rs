//! Leaves, documents and disclosures in their tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::id::{RunId, WorkspaceId};
use proof::digest::Digest;
use proof::tree::leaf_hash;
use rusqlite::{Connection, params};

use crate::commit::Checked;
use crate::error::{Conflict, Error};
use crate::evidence::{Chain, ChainAppend, FeedItem, NewDocument, StoredDocument, StoredLeaf};
use crate::sqlite::column;
use crate::vault::{DataKey, KeyId};

/// A disclosure as it is stored, still sealed.
pub(super) struct SealedRow {
    pub holder: Digest,
    pub digest: String,
    pub key: KeyId,
    pub sealed: Vec<u8>,
}

/// Appends the leaves of one chain, and to the log, which has `log` leaves; answers the place and hash of each.
pub(super) fn append(
    conn: &Connection,
    ws: i64,
    append: &ChainAppend,
    hashes: &[Digest],
    log: &mut u64,
) -> Result<Vec<(Chain, u64, Digest)>, Error> {
    let run = column::chain(append.chain);
    let actual = next_seq(conn, ws, &run)?;
    if actual != append.expected_seq {
        return Err(Conflict::Seq { expected: append.expected_seq, actual }.into());
    }
    let mut insert = conn.prepare_cached(
        "INSERT INTO leaf (ws, run, seq, hash, bytes, idx) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut placed = Vec::with_capacity(hashes.len());
    for ((seq, bytes), hash) in (actual..).zip(&append.leaves).zip(hashes) {
        insert.execute(params![ws, run, column::int(seq)?, hash.as_bytes(), bytes, column::int(*log)?])?;
        *log += 1;
        placed.push((append.chain, seq, *hash));
    }
    Ok(placed)
}

fn next_seq(conn: &Connection, ws: i64, run: &str) -> Result<u64, Error> {
    let sql = "SELECT ifnull(max(seq), -1) + 1 FROM leaf WHERE ws = ?1 AND run = ?2";
    Ok(column::row(conn, sql, params![ws, run], |row| column::count(row, 0))?.unwrap_or(0))
}

/// Adds mutation documents.
pub(super) fn documents(conn: &Connection, ws: i64, documents: &[NewDocument]) -> Result<(), Error> {
    let sql = "INSERT INTO document (ws, run, revision, n, hash, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    for new in documents {
        let hash = leaf_hash(&new.bytes);
        let row = params![ws, new.run.to_string(), new.revision, new.n, hash.as_bytes(), new.bytes];
        column::execute(conn, sql, row)?;
    }
    Ok(())
}

/// Adds the disclosures of a commit, sealed by `sealed` in the same order.
pub(super) fn disclosures(
    conn: &Connection,
    ws: i64,
    checked: &Checked,
    sealed: &[(Arc<DataKey>, Vec<u8>)],
) -> Result<(), Error> {
    let sql = "INSERT INTO disclosure (ws, run, holder, digest, data_key, sealed)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut numbers = BTreeMap::new();
    for ((new, chain), (key, sealed)) in checked.commit.disclosures.iter().zip(&checked.holders).zip(sealed) {
        let number = if let Some(number) = numbers.get(&key.id) {
            *number
        } else {
            let number = key_number(conn, ws, key)?;
            numbers.insert(key.id, number);
            number
        };
        let (holder, digest) = (new.holder.as_bytes(), new.disclosure.digest.as_str());
        column::execute(conn, sql, params![ws, column::chain(*chain), holder, digest, number, sealed])?;
    }
    Ok(())
}

/// The number of a data key, entered at its first use.
fn key_number(conn: &Connection, ws: i64, key: &DataKey) -> Result<i64, Error> {
    let sql = "SELECT number, destroyed FROM data_key WHERE id = ?1";
    let known: Option<(i64, i64)> = column::row(conn, sql, [key.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match known {
        Some((number, 0)) => Ok(number),
        Some(_) => Err(Conflict::Erased.into()),
        None => {
            let sql = "INSERT INTO data_key (id, ws, subject, class) VALUES (?1, ?2, ?3, ?4)";
            column::execute(conn, sql, params![key.id, ws, key.name.subject, key.name.class])?;
            Ok(conn.last_insert_rowid())
        }
    }
}

pub(super) fn chain(
    conn: &Connection,
    ws: WorkspaceId,
    chain: Chain,
    from_seq: u64,
    limit: usize,
) -> Result<Vec<StoredLeaf>, Error> {
    let sql = "SELECT seq, hash, bytes, position, idx FROM leaf
        WHERE ws = (SELECT ws FROM workspace WHERE id = ?1) AND run = ?2 AND seq >= ?3
        ORDER BY seq LIMIT ?4";
    let params = params![ws.to_string(), column::chain(chain), most(from_seq), most(limit)];
    let leaves = column::rows(conn, sql, params, |row| {
        let (bytes, hash): (Vec<u8>, [u8; 32]) = (row.get(2)?, row.get(1)?);
        let (seq, position) = (column::count(row, 0)?, column::count(row, 3)?);
        let index = Some(column::count(row, 4)?);
        Ok(StoredLeaf { seq, hash: same(&bytes, hash, "leaf")?, bytes, position, index })
    })?;
    let is_gapless = (from_seq..).zip(&leaves).all(|(seq, leaf)| leaf.seq == seq);
    if is_gapless { Ok(leaves) } else { Err(Error::corrupt("chain")) }
}

pub(super) fn chains(
    conn: &Connection,
    ws: WorkspaceId,
    after: Option<RunId>,
    limit: i64,
) -> Result<Vec<RunId>, Error> {
    let sql = "SELECT DISTINCT run FROM leaf
        WHERE ws = (SELECT ws FROM workspace WHERE id = ?1) AND run > ?2
        ORDER BY run LIMIT ?3";
    let after = column::text(after.as_ref()).unwrap_or_default();
    column::rows(conn, sql, params![ws.to_string(), after, limit], |row| {
        column::id(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?, RunId::parse)
    })
}

pub(super) fn read_documents(
    conn: &Connection,
    ws: WorkspaceId,
    (run, revision): (RunId, u32),
    from_n: u64,
    limit: usize,
) -> Result<Vec<StoredDocument>, Error> {
    let sql = "SELECT n, hash, bytes FROM document
        WHERE ws = (SELECT ws FROM workspace WHERE id = ?1) AND run = ?2 AND revision = ?3 AND n >= ?4
        ORDER BY n LIMIT ?5";
    let params = params![ws.to_string(), run.to_string(), revision, most(from_n), most(limit)];
    column::rows(conn, sql, params, |row| {
        let (n, hash, bytes): (u32, [u8; 32], Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(StoredDocument { n, hash: same(&bytes, hash, "document")?, bytes })
    })
}

/// The hash of stored bytes, which must be the stored hash.
fn same(bytes: &[u8], stored: [u8; 32], what: &'static str) -> Result<Digest, Error> {
    let hash = leaf_hash(bytes);
    if hash.as_bytes() == &stored { Ok(hash) } else { Err(Error::corrupt(what)) }
}

pub(super) fn read_disclosures(
    conn: &Connection,
    ws: WorkspaceId,
    chain: Chain,
    holders: &BTreeSet<Digest>,
) -> Result<Vec<SealedRow>, Error> {
    let sql = "SELECT d.digest, k.id, d.sealed FROM disclosure d JOIN data_key k ON k.number = d.data_key
        WHERE d.ws = ?1 AND d.run = ?2 AND d.holder = ?3 ORDER BY d.rowid";
    let mut found = Vec::new();
    let Some(ws) = column::workspace(conn, ws)? else { return Ok(found) };
    let run = column::chain(chain);
    for holder in holders {
        found.extend(column::rows(conn, sql, params![ws, run, holder.as_bytes()], |row| {
            Ok(SealedRow { holder: *holder, digest: row.get(0)?, key: row.get(1)?, sealed: row.get(2)? })
        })?);
    }
    Ok(found)
}

pub(super) fn feed(
    conn: &Connection,
    ws: WorkspaceId,
    from: u64,
    limit: usize,
) -> Result<Vec<FeedItem>, Error> {
    let sql = "SELECT position, run, seq, bytes FROM leaf
        WHERE ws = (SELECT ws FROM workspace WHERE id = ?1) AND position >= ?2
        ORDER BY position LIMIT ?3";
    column::rows(conn, sql, params![ws.to_string(), most(from), most(limit)], |row| {
        let chain = column::chain_of(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
        let bytes = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
        let item = FeedItem::of(column::count(row, 0)?, chain, column::count(row, 2)?, bytes);
        item.ok_or(Error::corrupt("leaf"))
    })
}

/// A bound for a column: no number in the database is larger than the largest.
fn most(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// The newest feed position.
pub(super) fn position(conn: &Connection) -> Result<u64, Error> {
    let sql = "SELECT ifnull(max(position), 0) FROM leaf";
    Ok(column::row(conn, sql, (), |row| column::count(row, 0))?.unwrap_or(0))
}
