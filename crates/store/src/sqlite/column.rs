//! Between columns and the types of this crate.

use std::fmt;

use domain::id::WorkspaceId;
use domain::time::Timestamp;
use proof::digest::Digest;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::error::Error;
use crate::evidence::Chain;

/// The number of a workspace; none before its first commit.
pub(super) fn workspace(conn: &Connection, id: WorkspaceId) -> Result<Option<i64>, Error> {
    let mut row = conn.prepare_cached("SELECT ws FROM workspace WHERE id = ?1")?;
    Ok(row.query_row([id.to_string()], |row| row.get(0)).optional()?)
}

/// Every workspace.
pub(super) fn workspaces(conn: &Connection) -> Result<Vec<WorkspaceId>, Error> {
    rows(conn, "SELECT id FROM workspace ORDER BY id", (), |row| {
        id_at(row, 0, WorkspaceId::parse)?.ok_or(Error::corrupt("workspace"))
    })
}

/// The `run` column of a chain.
pub(super) fn chain(chain: Chain) -> String {
    match chain {
        Chain::Workspace => String::new(),
        Chain::Run(run) => run.to_string(),
    }
}

/// The chain of a `run` column.
pub(super) fn chain_of(run: &str) -> Result<Chain, Error> {
    if run.is_empty() { Ok(Chain::Workspace) } else { id(run, domain::id::RunId::parse).map(Chain::Run) }
}

/// An id of ours.
pub(super) fn id<T, E>(text: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, Error> {
    parse(text).map_err(|_| Error::corrupt("id"))
}

/// An id of ours in a column, absent or not.
pub(super) fn id_at<T, E>(
    row: &Row<'_>,
    at: usize,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Error> {
    let text = row.get_ref(at)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    text.map(|text| id(text, parse)).transpose()
}

/// The column form of an id, absent or not.
pub(super) fn text(id: Option<&impl fmt::Display>) -> Option<String> {
    id.map(ToString::to_string)
}

/// A digest from its 32 bytes.
pub(super) fn digest(bytes: &[u8]) -> Result<Digest, Error> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut hex = String::with_capacity(64);
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            hex.push(char::from(HEX.get(usize::from(half)).copied().unwrap_or(b'0')));
        }
    }
    Digest::parse(&hex).ok_or(Error::corrupt("digest"))
}

/// A time.
pub(super) fn time(row: &Row<'_>, at: usize) -> Result<Timestamp, Error> {
    Ok(Timestamp::from_millis(row.get(at)?))
}

/// A time, absent or not.
pub(super) fn time_or_null(row: &Row<'_>, at: usize) -> Result<Option<Timestamp>, Error> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_millis))
}

/// A number that is never negative.
pub(super) fn count(row: &Row<'_>, at: usize) -> Result<u64, Error> {
    u64::try_from(row.get::<_, i64>(at)?).map_err(|_| Error::corrupt("number"))
}

/// A number for a column.
pub(super) fn int(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|_| Error::Malformed("a number is beyond 2^63"))
}

/// The first column of the first row, if there is a row.
pub(super) fn first<T: FromSql>(
    conn: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Option<T>, Error> {
    Ok(conn.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?)
}

/// Executes a statement that stays prepared; answers how many rows it changed.
pub(super) fn execute(conn: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<usize, Error> {
    Ok(conn.prepare_cached(sql)?.execute(params)?)
}

/// All rows of a statement that stays prepared.
pub(super) fn rows<T>(
    conn: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    conn.prepare_cached(sql)?.query_and_then(params, read)?.collect()
}

/// At most one row of a statement that stays prepared.
pub(super) fn row<T>(
    conn: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_comes_back_from_its_bytes_and_from_no_other_length() {
        let made = proof::digest::sha256(b"x");
        assert_eq!(digest(made.as_bytes()).ok(), Some(made));
        assert!(digest(&made.as_bytes()[1..]).is_err());
    }
}
