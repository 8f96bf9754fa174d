//! The contract on SQLite, each promise in a data directory of its own.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use store::contract::Place;
use store::{Kek, SqliteStore, Store};
use zeroize::Zeroizing;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn database(&self) -> PathBuf {
        self.0.path().join("actionplane.db")
    }
}

impl Place for Folder {
    async fn open(&self) -> Arc<dyn Store> {
        let kek = Kek::new(Zeroizing::new([7; 32]));
        Arc::new(SqliteStore::open(self.0.path(), kek).unwrap())
    }

    async fn tamper(&self, sql: &str) -> Result<(), String> {
        let conn = rusqlite::Connection::open(self.database()).unwrap();
        conn.execute_batch(sql).map_err(|error| error.to_string())
    }

    fn at_rest(&self) -> Option<Vec<u8>> {
        let log = self.database().with_extension("db-wal");
        let read = |path| fs::read(path).unwrap_or_default();
        Some([read(self.database()), read(log)].concat())
    }
}

store::contract!(Folder::new());
