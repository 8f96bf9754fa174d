use rusqlite::Connection;
use zeroize::Zeroizing;

use super::*;
use crate::Store as _;
use crate::contract::fixture::{append, commit, disclosure, erasure, leaf, of_subject, run, workspace};
use crate::evidence::Chain;
use proof::tree::leaf_hash;

fn open(folder: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(folder, Kek::new(Zeroizing::new([7; 32])))
}

fn fails(folder: &Path) -> OpenError {
    open(folder).err().unwrap()
}

async fn seal(store: &SqliteStore, of: u64, subject: u8) {
    let chain = Chain::Run(run(of));
    let disclosures = vec![disclosure(leaf_hash(&leaf(chain, 0)), subject, "value")];
    let appends = vec![append(chain, 0, 1)];
    store.commit(Commit { appends, disclosures, ..commit() }).await.unwrap();
}

async fn readable(store: &SqliteStore, of: u64) -> usize {
    let chain = Chain::Run(run(of));
    store.disclosures(workspace(1), chain, vec![leaf_hash(&leaf(chain, 0))]).await.unwrap().len()
}

fn erase(subject: u8, count: usize) -> Commit {
    Commit { erasures: vec![erasure(of_subject(subject), count)], ..commit() }
}

#[tokio::test]
async fn a_data_directory_is_open_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let locked = fails(folder.path());
    assert!(matches!(locked, OpenError::Locked { .. }), "{locked}");
    drop(store);
    open(folder.path()).unwrap();
}

#[tokio::test]
async fn another_key_encryption_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    seal(&open(folder.path()).unwrap(), 1, 1).await;
    let other = SqliteStore::open(folder.path(), Kek::new(Zeroizing::new([8; 32])));
    assert!(matches!(other.err(), Some(OpenError::WrongKey)));
    assert_eq!(readable(&open(folder.path()).unwrap(), 1).await, 1);
}

#[tokio::test]
async fn a_newer_altered_or_foreign_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let path = folder.path().join("actionplane.db");
    let execute = |sql: &str| Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    execute("DROP TRIGGER leaf_is_not_deleted");
    assert!(matches!(fails(folder.path()), OpenError::Altered { what } if what == "leaf_is_not_deleted"));
    execute("INSERT INTO migration (number, name, checksum) VALUES (99, 'later', x'00')");
    assert!(matches!(fails(folder.path()), OpenError::Newer { found: 99, .. }));
    std::fs::write(&path, vec![b'x'; 8192]).unwrap();
    assert!(matches!(fails(folder.path()), OpenError::Store(Error::Corrupt { .. })));
}

#[tokio::test]
async fn a_changed_leaf_is_reported_and_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::Run(run(1));
    let appends = vec![append(chain, 0, 3)];
    open(folder.path()).unwrap().commit(Commit { appends, ..commit() }).await.unwrap();
    let conn = Connection::open(folder.path().join("actionplane.db")).unwrap();
    let trigger: String = conn
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'leaf_is_not_changed'", (), |row| row.get(0))
        .unwrap();
    let change = "DROP TRIGGER leaf_is_not_changed; UPDATE leaf SET bytes = x'00' WHERE seq = 1;";
    conn.execute_batch(&format!("{change} {trigger}")).unwrap();
    drop(conn);
    let store = open(folder.path()).unwrap();
    let read = store.chain(workspace(1), chain, 0, 9).await;
    assert!(matches!(read, Err(Error::Corrupt { what: "leaf", .. })));
}

#[tokio::test]
async fn a_restored_database_does_not_bring_erased_fields_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("actionplane.db");
    let store = open(folder.path()).unwrap();
    seal(&store, 1, 1).await;
    seal(&store, 2, 2).await;
    drop(store);
    let backup = std::fs::read(&path).unwrap();
    open(folder.path()).unwrap().commit(erase(1, 1)).await.unwrap();
    std::fs::write(&path, backup).unwrap();
    let store = open(folder.path()).unwrap();
    assert_eq!((readable(&store, 1).await, readable(&store, 2).await), (0, 1));
}

#[tokio::test]
async fn a_restored_key_file_loses_the_keys_of_erased_subjects_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys/keys.db");
    let store = open(folder.path()).unwrap();
    seal(&store, 1, 1).await;
    seal(&store, 2, 2).await;
    drop(store);
    let backup = std::fs::read(&path).unwrap();
    open(folder.path()).unwrap().commit(erase(1, 1)).await.unwrap();
    std::fs::write(&path, backup).unwrap();
    let store = open(folder.path()).unwrap();
    assert_eq!((readable(&store, 1).await, readable(&store, 2).await), (0, 1));
    drop(store);
    let conn = Connection::open(&path).unwrap();
    let subjects: Vec<[u8; 32]> = conn
        .prepare("SELECT subject FROM data_key")
        .unwrap()
        .query_map((), |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(subjects, [[2; 32]]);
}

#[tokio::test]
async fn a_row_that_was_put_back_under_a_destroyed_key_goes_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("actionplane.db");
    let store = open(folder.path()).unwrap();
    seal(&store, 1, 1).await;
    seal(&store, 2, 2).await;
    let copy = "CREATE TABLE older AS SELECT * FROM disclosure";
    store.writer.run(move |conn| Ok(conn.execute_batch(copy)?)).await.unwrap();
    store.commit(erase(1, 1)).await.unwrap();
    drop(store);
    let back = "DELETE FROM disclosure; INSERT INTO disclosure SELECT * FROM older; DROP TABLE older";
    Connection::open(&path).unwrap().execute_batch(back).unwrap();
    drop(open(folder.path()).unwrap());
    let conn = Connection::open(&path).unwrap();
    let left: i64 = conn.query_row("SELECT count(*) FROM disclosure", (), |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn an_erasure_that_was_cut_short_is_finished_by_a_purge() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    seal(&store, 1, 1).await;
    // As if the process had died, or the caller gone, after the commit.
    let mark = |conn: &Connection| column::execute(conn, "UPDATE data_key SET destroyed = 1", ());
    store.writer.run(mark).await.unwrap();
    assert_eq!(readable(&store, 1).await, 1);
    store.purge(crate::contract::fixture::at(0), 1).await.unwrap();
    assert_eq!(readable(&store, 1).await, 0);
}

#[tokio::test]
async fn the_log_starts_over_while_commits_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let chain = Chain::Run(run(1));
    let log = folder.path().join("actionplane.db-wal");
    let body = vec![b'x'; 1024 * 1024];
    for n in 0_u32..160 {
        let mut write = crate::contract::fixture::entity(&format!("{}", n % 8), crate::Expect::Any);
        write.body = Some(body.clone());
        store.commit(Commit { entities: vec![write], ..commit() }).await.unwrap();
    }
    let appends = vec![append(chain, 0, 1)];
    store.commit(Commit { appends, ..commit() }).await.unwrap();
    let length = std::fs::metadata(log).unwrap().len();
    assert!(length < 140 * 1024 * 1024, "160 MiB were written, the log has {length} bytes");
}
