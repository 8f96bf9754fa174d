//! Connections that read, in parallel with each other and with the writer.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::error::Error;
use crate::sqlite::connect;

/// Connections that are kept, and lists that are read at the same time.
const READERS_MAX: usize = 8;
/// Rows that are read on the calling thread.
pub(super) const POINT_ROWS_MAX: usize = 64;

/// A pool of reading connections.
pub(super) struct Readers {
    pool: Arc<Pool>,
    lists: Arc<Semaphore>,
}

struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub fn new(path: PathBuf) -> Self {
        let pool = Arc::new(Pool { path, idle: Mutex::new(Vec::new()) });
        Self { pool, lists: Arc::new(Semaphore::new(READERS_MAX)) }
    }

    /// Reads at most [`POINT_ROWS_MAX`] rows by their key, on the calling thread: that takes microseconds, less than
    /// changing threads.
    pub fn point<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        self.pool.with(read)
    }

    /// Reads many rows, away from the threads that serve tasks, with all statements on one state of the database.
    pub async fn list<T, F>(&self, read: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let permit = Arc::clone(&self.lists).acquire_owned().await;
        let pool = Arc::clone(&self.pool);
        let reading = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            pool.with(|conn| {
                let tx = conn.unchecked_transaction()?;
                let result = read(&tx);
                tx.rollback()?;
                result
            })
        });
        reading.await.map_err(|error| Error::Unavailable { source: Arc::new(error) })?
    }

    /// Reads rows in the order of a number: the first few as a point, and what is more as a list. `read` is given the
    /// number to start from and how many rows to read, `number` tells the number of a row.
    pub async fn series<T, F>(
        &self,
        from: u64,
        limit: usize,
        number: impl Fn(&T) -> u64,
        read: F,
    ) -> Result<Vec<T>, Error>
    where
        T: Send + 'static,
        F: Fn(&Connection, u64, usize) -> Result<Vec<T>, Error> + Send + 'static,
    {
        let mut rows = self.point(|conn| read(conn, from, limit.min(POINT_ROWS_MAX)))?;
        let rest = limit.saturating_sub(rows.len());
        if let (Some(last), POINT_ROWS_MAX, 1..) = (rows.last(), rows.len(), rest) {
            let next = number(last) + 1;
            rows.extend(self.list(move |conn| read(conn, next, rest)).await?);
        }
        Ok(rows)
    }
}

impl Pool {
    /// Lends a connection.
    fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = idle.map_or_else(|| connect::reader(&self.path), Ok)?;
        let result = read(&conn);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_MAX {
            idle.push(conn);
        }
        result
    }
}
