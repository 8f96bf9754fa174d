//! Moves pages from the write-ahead log into the database, beside the commits and not between them.
//!
//! The log starts over only when all of it was moved, and under load commits add to it while pages are being moved. So
//! passes are repeated on a thread of their own until little is left, and that little is moved by the writer itself.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::error::{Error, OpenError};
use crate::sqlite::connect;

/// Pages of the log that wait before a pass begins: 16 MiB.
const PASS_PAGES: u32 = 4096;
/// Pages after which the log should start over: 64 MiB.
const LOG_PAGES: u32 = 4 * PASS_PAGES;
/// Pages that the writer moves itself: a few milliseconds.
const REST_PAGES: u32 = 512;
/// Pages after which the writer moves all of them, however long that takes: 1 GiB.
const LOG_PAGES_MAX: u32 = 64 * PASS_PAGES;

/// The writer's side: how long the log is and how much of it was moved.
pub(super) struct Checkpoints {
    log: Arc<AtomicU32>,
    pass: Arc<Pass>,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Pass {
    is_running: AtomicBool,
    moved: AtomicU32,
}

/// What to do about the log after a transaction.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    Pass,
    Finish,
}

fn step(log: u32, moved: u32) -> Step {
    // The log was started over when it is shorter than what was moved of it.
    let rest = if log < moved { log } else { log - moved };
    if log >= LOG_PAGES_MAX || (log >= LOG_PAGES && rest <= REST_PAGES) {
        Step::Finish
    } else if rest >= PASS_PAGES || log >= LOG_PAGES {
        Step::Pass
    } else {
        Step::Nothing
    }
}

impl Checkpoints {
    /// Takes over the checkpoints of the writer's connection.
    pub fn start(path: &Path, writer: &mut Connection) -> Result<Self, OpenError> {
        let log = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&log);
        let hook = move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            seen.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        };
        // Replaces SQLite's own habit of moving pages inside a commit.
        writer.wal_hook(Some(hook)).map_err(Error::from)?;
        let conn = connect::checkpointer(path)?;
        conn.execute_batch("PRAGMA wal_autocheckpoint = 0").map_err(Error::from)?;
        let pass = Arc::new(Pass::default());
        let (wake, woken) = sync_channel(1);
        let of_thread = Arc::clone(&pass);
        let thread = std::thread::Builder::new().name("checkpoints".to_owned());
        let thread = thread.spawn(move || {
            while woken.recv().is_ok() {
                match checkpoint(&conn, "PASSIVE") {
                    Ok(moved) => of_thread.moved.store(moved, Ordering::Relaxed),
                    Err(error) => tracing::warn!(%error, "the write-ahead log was not moved"),
                }
                of_thread.is_running.store(false, Ordering::Release);
            }
        });
        let thread = thread.map_err(|source| OpenError::File { path: path.to_owned(), source })?;
        Ok(Self { log, pass, wake: Some(wake), thread: Some(thread) })
    }

    /// Called by the writer after each transaction.
    pub fn after_group(&self, writer: &Connection) {
        if self.pass.is_running.load(Ordering::Acquire) {
            return;
        }
        match step(self.log.load(Ordering::Relaxed), self.pass.moved.load(Ordering::Relaxed)) {
            Step::Nothing => {}
            Step::Pass => {
                self.pass.is_running.store(true, Ordering::Release);
                if self.wake.as_ref().is_none_or(|wake| wake.try_send(()).is_err()) {
                    self.pass.is_running.store(false, Ordering::Release);
                }
            }
            Step::Finish => match checkpoint(writer, "PASSIVE") {
                Ok(moved) => self.pass.moved.store(moved, Ordering::Relaxed),
                Err(error) => tracing::warn!(%error, "the write-ahead log was not moved"),
            },
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// Moves pages and answers how many of the log are moved now.
pub(super) fn checkpoint(conn: &Connection, mode: &str) -> Result<u32, Error> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    let moved: i64 = conn.query_row(&sql, (), |row| row.get(2))?;
    Ok(u32::try_from(moved).unwrap_or(0))
}

/// Moves all pages and empties the log; says whether that could be done, which a reader or another pass prevents.
pub(super) fn empty_log(conn: &Connection) -> Result<bool, Error> {
    let busy: i64 = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))?;
    Ok(busy == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_rest_begins_a_pass_and_a_short_one_at_the_end_of_a_long_log_is_finished() {
        for (log, moved, expected) in [
            (PASS_PAGES - 1, 0, Step::Nothing),
            (PASS_PAGES, 0, Step::Pass),
            (PASS_PAGES, 1, Step::Nothing),
            (LOG_PAGES - 1, LOG_PAGES - 1, Step::Nothing),
            (LOG_PAGES, LOG_PAGES - REST_PAGES, Step::Finish),
            (LOG_PAGES, LOG_PAGES - REST_PAGES - 1, Step::Pass),
            (LOG_PAGES_MAX, 0, Step::Finish),
            (10, LOG_PAGES, Step::Nothing),
        ] {
            assert_eq!(step(log, moved), expected, "{moved} of {log}");
        }
    }
}
