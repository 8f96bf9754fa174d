//! Sealed fields that go for good: their rows, the data keys that seal nothing any more, and where that left traces.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use domain::id::WorkspaceId;
use domain::name::Slug;
use proof::digest::Digest;
use proof::leaf::SdDigest;
use rusqlite::{Connection, Row, params};

use crate::error::{Conflict, Error};
use crate::evidence::{ErasedChain, Erasure, Scope, SealedField, SubjectKey};
use crate::sqlite::column;
use crate::vault::{KeyId, KeyName};

/// A row of a sealed field.
struct Field {
    row: i64,
    key: i64,
    run: String,
    holder: Digest,
    digest: SdDigest,
    subject: SubjectKey,
}

/// The fields of a scope.
pub(super) fn fields(conn: &Connection, ws: WorkspaceId, scope: &Scope) -> Result<Vec<SealedField>, Error> {
    let Some(ws) = column::workspace(conn, ws)? else { return Ok(Vec::new()) };
    let found = find(conn, ws, scope)?;
    let mut sharing = BTreeMap::new();
    for (key, count) in by_key(&found) {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM disclosure WHERE data_key = ?1 LIMIT ?2)";
        let most = i64::try_from(count + 1).unwrap_or(i64::MAX);
        let known: Option<i64> = column::first(conn, sql, params![key, most])?;
        sharing.insert(key, known.is_some_and(|known| known == most));
    }
    let field = |field: Field| {
        Ok(SealedField {
            chain: column::chain_of(&field.run)?,
            holder: field.holder,
            digest: field.digest,
            subject: field.subject,
            shares_key: sharing.get(&field.key).copied().unwrap_or_default(),
        })
    };
    found.into_iter().map(field).collect()
}

/// How many of the fields each key seals.
fn by_key(fields: &[Field]) -> BTreeMap<i64, usize> {
    let mut counts = BTreeMap::new();
    for field in fields {
        *counts.entry(field.key).or_default() += 1;
    }
    counts
}

fn find(conn: &Connection, ws: i64, scope: &Scope) -> Result<Vec<Field>, Error> {
    let (chain, digests) = match scope {
        Scope::Subject { subject, class } => {
            let sql = "SELECT d.rowid, d.data_key, d.run, d.holder, d.digest, k.subject
                FROM data_key k JOIN disclosure d ON d.data_key = k.number
                WHERE k.ws = ?1 AND k.subject = ?2 AND k.destroyed = 0 AND (?3 IS NULL OR k.class = ?3)
                ORDER BY d.rowid";
            return column::rows(conn, sql, params![ws, subject, class.as_ref().map(Slug::as_str)], field);
        }
        Scope::Chain(chain) => (chain, None),
        Scope::Named { chain, digests } => (chain, Some(digests)),
    };
    let sql = "SELECT d.rowid, d.data_key, d.run, d.holder, d.digest, k.subject
        FROM disclosure d JOIN data_key k ON k.number = d.data_key
        WHERE d.ws = ?1 AND d.run = ?2 ORDER BY d.rowid";
    let mut found = column::rows(conn, sql, params![ws, column::chain(*chain)], field)?;
    if let Some(digests) = digests {
        found.retain(|field| digests.contains(&field.digest));
    }
    Ok(found)
}

fn field(row: &Row<'_>) -> Result<Field, Error> {
    let holder: [u8; 32] = row.get(3)?;
    Ok(Field {
        row: row.get(0)?,
        key: row.get(1)?,
        run: row.get(2)?,
        holder: column::digest(&holder)?,
        digest: column::id_at(row, 4, SdDigest::parse)?.ok_or(Error::corrupt("disclosure"))?,
        subject: row.get(5)?,
    })
}

/// Removes the fields of a scope and marks the keys that seal nothing any more for destruction.
pub(super) fn erase(conn: &Connection, ws: i64, erasure: &Erasure) -> Result<(), Error> {
    let found = find(conn, ws, &erasure.scope)?;
    if found.len() != erasure.count {
        return Err(Conflict::Disclosed { actual: found.len() }.into());
    }
    for field in &found {
        column::execute(conn, "DELETE FROM disclosure WHERE rowid = ?1", [field.row])?;
    }
    let mut keys: BTreeSet<i64> = found.iter().map(|field| field.key).collect();
    if let Scope::Subject { subject, class } = &erasure.scope {
        // Also one that sealed nothing yet.
        let sql = "SELECT number FROM data_key
            WHERE ws = ?1 AND subject = ?2 AND destroyed = 0 AND (?3 IS NULL OR class = ?3)";
        let class = class.as_ref().map(Slug::as_str);
        keys.extend(column::rows(conn, sql, params![ws, subject, class], |row| Ok(row.get::<_, i64>(0)?))?);
    }
    let mut left = BTreeSet::new();
    for key in keys {
        let sql = "SELECT 1 FROM disclosure WHERE data_key = ?1 LIMIT 1";
        if column::first::<i64>(conn, sql, [key])?.is_some() {
            left.insert(key);
        } else {
            column::execute(conn, "UPDATE data_key SET destroyed = 1 WHERE number = ?1", [key])?;
        }
    }
    if !left.is_empty() && !erasure.may_leave_keys {
        return Err(Conflict::KeyShared.into());
    }
    match erasure.leaf {
        Some(leaf) => note(conn, ws, column::int(leaf)?, erasure, &found, &left),
        None => Ok(()),
    }
}

/// Keeps which chains lost a field, and makes stored answers about them forget what was asked: a fingerprint of a body
/// says what the body was to whoever can guess it. The answer itself stays, so that its request is refused, not repeated.
fn note(
    conn: &Connection,
    ws: i64,
    leaf: i64,
    erasure: &Erasure,
    found: &[Field],
    left: &BTreeSet<i64>,
) -> Result<(), Error> {
    let mut chains: BTreeMap<&str, bool> = BTreeMap::new();
    for field in found {
        *chains.entry(&field.run).or_default() |= left.contains(&field.key);
    }
    for (run, keys_left) in chains {
        let sql = "INSERT INTO erasure (ws, leaf, run, keys_left) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET keys_left = max(keys_left, excluded.keys_left)";
        column::execute(conn, sql, params![ws, leaf, run, keys_left])?;
    }
    let sql = "UPDATE idempotency SET fingerprint = zeroblob(32)
        WHERE ws = ?1 AND (run IN (SELECT run FROM erasure WHERE ws = ?1 AND leaf = ?2) OR reply = ?3)";
    column::execute(conn, sql, params![ws, leaf, erasure.id.as_ref().map(String::as_bytes)])?;
    Ok(())
}

/// The chains that erasures took fields from.
pub(super) fn chains(
    conn: &Connection,
    ws: WorkspaceId,
    leaves: &RangeInclusive<u64>,
) -> Result<Vec<ErasedChain>, Error> {
    let sql = "SELECT leaf, run, keys_left FROM erasure
        WHERE ws = (SELECT ws FROM workspace WHERE id = ?1) AND leaf BETWEEN ?2 AND ?3 ORDER BY leaf, run";
    let bound = |leaf: u64| i64::try_from(leaf).unwrap_or(i64::MAX);
    let range = params![ws.to_string(), bound(*leaves.start()), bound(*leaves.end())];
    column::rows(conn, sql, range, |row| {
        let chain = column::chain_of(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
        Ok(ErasedChain { leaf: column::count(row, 0)?, chain, keys_left: row.get(2)? })
    })
}

/// Removes what an older copy of a table brought back under a key that is destroyed.
pub(super) fn bury(conn: &Connection) -> Result<(), Error> {
    let sql = "DELETE FROM disclosure WHERE data_key IN (SELECT number FROM data_key WHERE destroyed > 0)";
    column::execute(conn, sql, ())?;
    Ok(())
}

/// Every data key that must not exist any more.
pub(super) fn destroyed(conn: &Connection) -> Result<Vec<KeyId>, Error> {
    column::rows(conn, "SELECT id FROM data_key WHERE destroyed > 0", (), |row| Ok(row.get(0)?))
}

/// Data keys that are marked and may still exist.
pub(super) fn doomed(conn: &Connection) -> Result<Vec<(KeyId, KeyName)>, Error> {
    let sql = "SELECT k.id, w.id, k.subject, k.class FROM data_key k JOIN workspace w ON w.ws = k.ws
        WHERE k.destroyed = 1";
    column::rows(conn, sql, (), |row| {
        let workspace = column::id_at(row, 1, WorkspaceId::parse)?.ok_or(Error::corrupt("data key"))?;
        Ok((row.get(0)?, KeyName { workspace, subject: row.get(2)?, class: row.get(3)? }))
    })
}

/// Notes that a data key was destroyed.
pub(super) fn note_destroyed(conn: &Connection, keys: &[(KeyId, KeyName)]) -> Result<(), Error> {
    for (id, _) in keys {
        column::execute(conn, "UPDATE data_key SET destroyed = 2 WHERE id = ?1", [id])?;
    }
    Ok(())
}
