//! The sequencer: numbers leaves and has the heads over them signed.
//!
//! Whoever waits for sealed evidence has a head signed at once, for everything that is committed by then; between them the
//! worker signs what nobody waits for.

use std::sync::Arc;
use std::time::Duration;

use domain::id::WorkspaceId;
use domain::time::Timestamp;
use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::note::VerifierKey;
use proof::tree::Frontier;
use store::StoredCheckpoint;
use store::log::LOG_READ_MAX;
use tokio::sync::watch;

use super::{Log, Nodes, fork_risk};
use crate::seams::SignFault;
use crate::{Engine, Error, Result};

/// The shortest time between two heads that nobody waits for.
const SIGN_EVERY: Duration = Duration::from_millis(200);
/// The pause after a head could not be signed.
const FAILED_PAUSE: Duration = Duration::from_secs(5);

/// Signs a head after commits, until it is stopped.
pub(crate) async fn sequence(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    let mut commits = engine.store.watch();
    loop {
        // What is committed from here on wakes the next round.
        commits.borrow_and_update();
        let sealed = engine.seal_all().await;
        if let Err(error) = &sealed {
            tracing::warn!(code = error.code.word(), "a head was not signed: {error}");
        }
        let next = async {
            let pause = if sealed.is_ok() { SIGN_EVERY } else { FAILED_PAUSE };
            tokio::time::sleep(pause).await;
            sealed.is_err() || commits.changed().await.is_ok()
        };
        tokio::select! {
            goes_on = next => if !goes_on { return },
            _ = stopped.changed() => return,
        }
    }
}

impl Engine {
    /// Signs what is committed in every workspace.
    async fn seal_all(&self) -> Result<()> {
        for ws in self.store.workspaces().await? {
            let size = self.store.integrate(ws).await?;
            if self.logs.heads(ws).fork_risk.is_none() {
                self.seal(ws, size).await?;
            }
        }
        Ok(())
    }

    /// Looks at every log as it was left: what does not continue its newest head is known before any work begins.
    pub(crate) async fn open_logs(&self) -> Result<()> {
        for ws in self.store.workspaces().await? {
            match self.seal(ws, 0).await {
                Ok(()) => {}
                Err(error) if self.logs.heads(ws).fork_risk.is_some() => {
                    tracing::error!(workspace.id = %ws, "{error}");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Has a head signed that covers at least the first `size` leaves, which are committed; one of all leaves that are.
    pub(crate) async fn seal(&self, ws: WorkspaceId, size: u64) -> Result<()> {
        let log = self.logs.of(ws);
        let is_there = |log: &Log| size > 0 && log.heads.borrow().sealed >= size;
        if is_there(&log) {
            return Ok(());
        }
        // Whoever comes while a head is signed waits here, and mostly finds that the next one covers them.
        let mut tree = log.tree.lock().await;
        if is_there(&log) {
            return Ok(());
        }
        if let Some(why) = &log.heads.borrow().fork_risk {
            return Err(fork_risk(why));
        }
        let sealed = self.sign_head(ws, &mut tree).await;
        match &sealed {
            Ok(size) => {
                log.heads.send_if_modified(|heads| std::mem::replace(&mut heads.sealed, *size) != *size);
                metrics::gauge!("actionplane_log_sealed", "workspace" => ws.to_string()).set(gauge(*size));
                if log.heads.borrow().fork_risk.is_none() {
                    metrics::gauge!("actionplane_log_fork_risk", "workspace" => ws.to_string()).set(0.0);
                }
            }
            Err(Unsigned::Fork(why)) => {
                log.halt(ws, why.clone());
            }
            Err(Unsigned::Failed(_)) => {}
        }
        sealed.map(|_| ()).map_err(Unsigned::into_error)
    }

    /// Brings the tree up to date, has its head signed, and keeps the head.
    async fn sign_head(
        &self,
        ws: WorkspaceId,
        tree: &mut Option<Frontier>,
    ) -> std::result::Result<u64, Unsigned> {
        let origin = self.control(ws).await?.settings.origin.clone();
        let size = self.store.integrate(ws).await?;
        let known = match tree {
            Some(known) => known,
            None => tree.insert(self.open_tree(ws, &origin, size).await?),
        };
        while known.size() < size {
            let limit = usize::try_from(size - known.size()).unwrap_or(usize::MAX).min(LOG_READ_MAX);
            let hashes = self.store.subtrees(ws, 0, known.size(), limit).await?;
            if hashes.is_empty() {
                return Err(Error::internal("the log has fewer leaves than it says").into());
            }
            for hash in hashes {
                known.append(hash);
            }
        }
        let head = Checkpoint { origin, size: known.size(), root: known.root() };
        let before = self.newest_head(ws, &head.origin).await?;
        if *before.checkpoint() == head && size > 0 && self.is_kept(ws, size).await? {
            return Ok(size);
        }
        let before = before.checkpoint().size;
        let proof = if before > size {
            // No proof leads back; the signer says so.
            Vec::new()
        } else {
            Nodes::new(&*self.store, ws, size).consistency(before).await?
        };
        let (signer, now) = (Arc::clone(&self.signer), self.clock.now());
        let signed = blocking(move || signer.sign(ws, &head, &proof, now)).await?;
        self.store.keep_checkpoint(ws, StoredCheckpoint { size, note: signed.to_string() }).await?;
        Ok(size)
    }

    /// The tree as the leaves make it, compared with the newest head in the store. The signer compares it with its own.
    async fn open_tree(
        &self,
        ws: WorkspaceId,
        origin: &str,
        size: u64,
    ) -> std::result::Result<Frontier, Unsigned> {
        let newest = self.newest_head(ws, origin).await?;
        if let Some(kept) = self.store.checkpoint(ws, None).await? {
            let fork =
                |what: &str| Unsigned::Fork(format!("the head of {} leaves in the store {what}", kept.size));
            let head = SignedCheckpoint::parse(kept.note.as_bytes()).map_err(|_| fork("is damaged"))?;
            let keys = self.keys_of(ws, origin).await?;
            if !head.verify(&keys).is_ok_and(|signed| !signed.is_empty()) {
                return Err(fork("has a signature that is not ours"));
            }
            if kept.size > newest.checkpoint().size {
                return Err(fork("is newer than the newest that was signed"));
            }
            if kept.size > size {
                return Err(fork("covers leaves that are not there"));
            }
            let root = Nodes::new(&*self.store, ws, kept.size).frontier().await?.root();
            if root != head.checkpoint().root {
                return Err(fork("is not that of the leaves"));
            }
        }
        Ok(Nodes::new(&*self.store, ws, size).frontier().await?)
    }

    /// Every key that ever signed the log's heads, newest first.
    pub async fn log_keys(&self, ws: WorkspaceId) -> Result<Vec<VerifierKey>> {
        let origin = self.control(ws).await?.settings.origin.clone();
        self.keys_of(ws, &origin).await.map_err(Unsigned::into_error)
    }

    async fn keys_of(
        &self,
        ws: WorkspaceId,
        origin: &str,
    ) -> std::result::Result<Vec<VerifierKey>, Unsigned> {
        let (signer, origin) = (Arc::clone(&self.signer), origin.to_owned());
        blocking(move || signer.keys(ws, &origin)).await
    }

    /// Makes another key; answers the one before it and the new one.
    pub(crate) async fn next_log_key(
        &self,
        ws: WorkspaceId,
        until: Timestamp,
    ) -> Result<(VerifierKey, VerifierKey)> {
        let origin = self.control(ws).await?.settings.origin.clone();
        let signer = Arc::clone(&self.signer);
        let rotated = blocking(move || {
            let old = signer.keys(ws, &origin)?.into_iter().next();
            let new = signer.rotate(ws, &origin, until)?;
            Ok(old.map(|old| (old, new)))
        });
        let rotated = rotated.await.map_err(Unsigned::into_error)?;
        rotated.ok_or_else(|| Error::internal("the log had no key"))
    }

    async fn newest_head(
        &self,
        ws: WorkspaceId,
        origin: &str,
    ) -> std::result::Result<SignedCheckpoint, Unsigned> {
        let (signer, origin) = (Arc::clone(&self.signer), origin.to_owned());
        blocking(move || signer.newest(ws, &origin)).await
    }

    async fn is_kept(&self, ws: WorkspaceId, size: u64) -> Result<bool> {
        let kept = self.store.checkpoint(ws, Some(size)).await?;
        Ok(kept.is_some_and(|kept| kept.size == size))
    }
}

/// A count as metrics have it.
#[expect(clippy::cast_precision_loss, reason = "a gauge need not be exact")]
fn gauge(size: u64) -> f64 {
    size as f64
}

/// Why a head was not signed.
enum Unsigned {
    /// It must not be: it does not continue the log, or nobody can tell.
    Fork(String),
    /// It could not be now.
    Failed(Error),
}

impl Unsigned {
    fn into_error(self) -> Error {
        match self {
            Self::Fork(why) => fork_risk(&why),
            Self::Failed(error) => error,
        }
    }
}

impl From<Error> for Unsigned {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<store::Error> for Unsigned {
    fn from(error: store::Error) -> Self {
        match &error {
            store::Error::Conflict(store::Conflict::Checkpoint { .. }) | store::Error::Corrupt { .. } => {
                Self::Fork(error.to_string())
            }
            store::Error::Conflict(_)
            | store::Error::Unavailable { .. }
            | store::Error::Refused { .. }
            | store::Error::TooLarge { .. }
            | store::Error::Malformed(_)
            | store::Error::Cursor
            | store::Error::Vault(_) => Self::Failed(error.into()),
        }
    }
}

impl From<SignFault> for Unsigned {
    fn from(fault: SignFault) -> Self {
        match fault {
            SignFault::Fork { .. } | SignFault::Missing(_) | SignFault::Damaged(_) => {
                Self::Fork(fault.to_string())
            }
            SignFault::File(..) | SignFault::Exhausted | SignFault::Note(_) | SignFault::Vault(_) => {
                Self::Failed(Error::internal("the log's signer failed").because(fault))
            }
        }
    }
}

/// Asks the signer, which may wait for a disk, away from the threads that serve tasks.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, SignFault> + Send + 'static,
) -> std::result::Result<T, Unsigned> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|fault| Error::internal("the log's signer stopped").because(fault))??)
}
