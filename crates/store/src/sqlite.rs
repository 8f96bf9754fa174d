//! The embedded store: one SQLite database, one writing thread, readers in parallel, keys in a file of their own.
//!
//! A data directory holds `actionplane.db`, `keys/keys.db` and `actionplane.lock`; one process has it open at a time.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::id::NodeId;
use tokio::sync::{OnceCell, watch};

use crate::commit::{Checked, Commit, Committed};
use crate::error::{Conflict, Error, OpenError};
use crate::sqlite::checkpoint::{Checkpoints, empty_log};
use crate::sqlite::keys::Keys;
use crate::sqlite::migrate::migrate;
use crate::sqlite::readers::Readers;
use crate::sqlite::writer::Writer;
use crate::vault::{Kek, Vault};

mod apply;
mod checkpoint;
mod column;
mod connect;
mod entities;
mod erasures;
mod evidence;
mod fault;
mod keys;
mod leases;
mod log;
mod migrate;
mod projections;
mod readers;
mod runs;
mod seam;
mod usage;
mod work;
mod writer;

/// How often a commit is sealed anew because a subject was erased under it.
const SEALINGS_MAX: u32 = 3;
/// How often it is tried to empty the log after an erasure, with a pause for those who read from it.
const EMPTYINGS_MAX: u32 = 50;
const EMPTYING_PAUSE: Duration = Duration::from_millis(20);

/// An open data directory. Dropping it waits for what is queued.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    keys: Keys,
    position: watch::Receiver<u64>,
    generations: Mutex<BTreeMap<NodeId, Arc<OnceCell<u64>>>>,
    /// Whether the log may hold rows that were erased.
    remnants: AtomicBool,
    /// Released last.
    _lock: File,
}

impl SqliteStore {
    /// Opens a data directory, made if need be, with its keys in the folder `keys`.
    ///
    /// # Errors
    /// See [`OpenError`]: in use, newer, altered, another key, or not readable.
    pub fn open(path: &Path, kek: Kek) -> Result<Self, OpenError> {
        Self::open_with_keys(path, &path.join("keys"), kek)
    }

    /// Opens a data directory whose key file is elsewhere, for instance on another disk.
    pub fn open_with_keys(path: &Path, keys: &Path, kek: Kek) -> Result<Self, OpenError> {
        make_folder(path)?;
        make_folder(keys)?;
        let lock = lock(path.join("actionplane.lock"))?;
        let path = path.join("actionplane.db");
        let mut conn = connect::writer(&path)?;
        migrate(&mut conn, migrate::STORE)?;
        erasures::bury(&conn)?;
        // What an erasure before a crash left in the log goes before anybody reads.
        empty_log(&conn)?;
        let keys = Keys::open(&keys.join("keys.db"), Vault::new(kek), &erasures::destroyed(&conn)?)?;
        let checkpoints = Checkpoints::start(&path, &mut conn)?;
        let (positions, position) = watch::channel(evidence::position(&conn)?);
        let after_group = move |conn: &rusqlite::Connection| {
            match evidence::position(conn) {
                Ok(position) => drop(positions.send_replace(position)),
                // It is told with the next commit.
                Err(error) => tracing::warn!(%error, "the feed position cannot be read"),
            }
            checkpoints.after_group(conn);
        };
        let writer = Writer::start("store", conn, after_group);
        let writer = writer.map_err(|source| OpenError::File { path: path.clone(), source })?;
        let readers = Readers::new(path);
        Ok(Self {
            writer,
            readers,
            keys,
            position,
            generations: Mutex::default(),
            remnants: AtomicBool::new(false),
            _lock: lock,
        })
    }

    async fn save(&self, commit: Commit) -> Result<Committed, Error> {
        let checked = Arc::new(Checked::new(commit)?);
        let mut sealings = 1;
        loop {
            let sealed = Arc::new(self.keys.seal(&checked).await?);
            let for_writer = (Arc::clone(&checked), Arc::clone(&sealed));
            let done = self.writer.run(move |conn| apply::apply(conn, &for_writer.0, &for_writer.1)).await;
            match done {
                Err(Error::Conflict(Conflict::Erased)) if sealings < SEALINGS_MAX => {
                    self.finish_erasures().await?;
                    self.keys.forget(&sealed);
                    sealings += 1;
                }
                Ok(committed) => {
                    if !checked.commit.erasures.is_empty() {
                        self.remnants.store(true, Ordering::Release);
                        self.finish_erasures().await?;
                    }
                    return Ok(committed);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Destroys the data keys that committed erasures marked, and empties the log of what they sealed.
    async fn finish_erasures(&self) -> Result<(), Error> {
        let doomed = self.readers.point(erasures::doomed)?;
        if !doomed.is_empty() {
            self.keys.destroy(&doomed).await?;
            self.writer.run(move |conn| erasures::note_destroyed(conn, &doomed)).await?;
        }
        for _ in 0..EMPTYINGS_MAX {
            if !self.remnants.load(Ordering::Acquire) {
                return Ok(());
            }
            // Before the log is emptied: an erasure that comes meanwhile sets it again.
            self.remnants.store(false, Ordering::Release);
            if !self.writer.run_alone(empty_log).await? {
                self.remnants.store(true, Ordering::Release);
                tokio::time::sleep(EMPTYING_PAUSE).await;
            }
        }
        tracing::warn!(
            "erased rows are still in the write-ahead log, which is read from: it is emptied later"
        );
        Ok(())
    }

    async fn raise_generation(&self, node: NodeId) -> Result<u64, Error> {
        let cell = {
            let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(generations.entry(node).or_default())
        };
        let raised =
            cell.get_or_try_init(|| self.writer.run(move |conn| leases::raise_generation(conn, node)));
        raised.await.copied()
    }
}

/// Makes a folder that only its owner may enter.
fn make_folder(path: &Path) -> Result<(), OpenError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| OpenError::File { path: path.to_owned(), source })
}

/// Holds the data directory for this process, until the file is closed.
fn lock(path: PathBuf) -> Result<File, OpenError> {
    let opened = File::options().create(true).truncate(false).write(true).open(&path);
    let locked = opened.map_err(TryLockError::Error).and_then(|file| file.try_lock().map(|()| file));
    locked.map_err(|error| match error {
        TryLockError::WouldBlock => OpenError::Locked { path },
        TryLockError::Error(source) => OpenError::File { path, source },
    })
}

#[cfg(test)]
mod tests;
