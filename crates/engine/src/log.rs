//! The log of each workspace: heads are signed here, and whoever needs sealed evidence waits here.
//!
//! The store numbers the leaves; this room computes the tree over them and has its heads signed. A head is signed only when
//! the leaves under it are committed, and only when it continues the newest head that the signer knows. What does not
//! continue it is a fork: nothing more is signed, and no attempt starts, until an operator has seen to it.

mod anchors;
mod key_file;
mod nodes;
mod outside;
mod review;
mod sequencer;
mod show;
mod witnesses;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::attempt::EvidenceLevel;
use domain::id::WorkspaceId;
use proof::tree::Frontier;
use tokio::sync::watch;

pub(crate) use anchors::{Anchored, anchor};
pub use key_file::KeyFile;
pub use nodes::Nodes;
pub use outside::{Anchors, Message, Method, Outside, Post, PutLocked, Reply, Trust};
pub use review::LogReview;
pub(crate) use review::verified;
pub(crate) use sequencer::sequence;
pub use show::LogView;
pub(crate) use witnesses::witness;

use crate::{Code, Engine, Error, Result};

/// How long an attempt waits for its evidence before it lets others go first.
const REACH_MAX: Duration = Duration::from_secs(5);

/// The logs of a process, by workspace.
#[derive(Default)]
pub(crate) struct Logs(Mutex<BTreeMap<WorkspaceId, Arc<Log>>>);

/// One log, as far as this process knows it.
#[derive(Default)]
struct Log {
    heads: watch::Sender<Heads>,
    /// The tree under the newest head; none before it was read. Held while a head is signed.
    tree: tokio::sync::Mutex<Option<Frontier>>,
    /// Held while cosignatures are added to a head in the store.
    notes: tokio::sync::Mutex<()>,
    /// Held while a head is anchored.
    anchoring: tokio::sync::Mutex<()>,
}

/// How far the evidence of a workspace has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heads {
    /// Leaves under a signed head.
    pub sealed: u64,
    /// Leaves under a head that a quorum of witnesses cosigned.
    pub witnessed: u64,
    /// Why nothing is signed any more.
    pub fork_risk: Option<String>,
}

impl Heads {
    /// The level that the first `size` leaves have reached.
    fn level(&self, size: u64) -> EvidenceLevel {
        if self.witnessed >= size {
            EvidenceLevel::Witnessed
        } else if self.sealed >= size {
            EvidenceLevel::Sealed
        } else {
            EvidenceLevel::Recorded
        }
    }
}

impl Log {
    /// Stops signing, and with it every attempt: what is here does not continue what was seen before.
    fn halt(&self, ws: WorkspaceId, why: String) {
        tracing::error!(workspace.id = %ws, "the evidence log is not signed any more: {why}");
        metrics::gauge!("actionplane_log_fork_risk", "workspace" => ws.to_string()).set(1.0);
        self.heads.send_modify(|heads| heads.fork_risk = Some(why));
    }
}

impl Logs {
    fn of(&self, ws: WorkspaceId) -> Arc<Log> {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(logs.entry(ws).or_default())
    }

    /// How far the evidence of a workspace has come.
    pub fn heads(&self, ws: WorkspaceId) -> Heads {
        self.of(ws).heads.borrow().clone()
    }
}

impl Engine {
    /// Waits until every leaf that is committed now has reached a level; answers the level reached, which may be lower when
    /// it takes too long, or higher.
    ///
    /// # Errors
    /// [`Code::ForkRisk`] while nothing is signed: then no attempt starts at any level.
    pub(crate) async fn reach(&self, ws: WorkspaceId, level: EvidenceLevel) -> Result<EvidenceLevel> {
        let log = self.logs.of(ws);
        let size = self.store.integrate(ws).await?;
        if level > EvidenceLevel::Recorded {
            self.seal(ws, size).await?;
        }
        if level > EvidenceLevel::Sealed {
            let mut heads = log.heads.subscribe();
            let reached = heads.wait_for(|heads| heads.level(size) >= level || heads.fork_risk.is_some());
            // Too late is no fault: the level that was reached says so.
            let _ = tokio::time::timeout(REACH_MAX, reached).await;
        }
        let heads = log.heads.borrow();
        match &heads.fork_risk {
            Some(why) => Err(fork_risk(why)),
            None => Ok(heads.level(size)),
        }
    }

    /// The nodes of a log's tree at a size.
    pub fn nodes(&self, ws: WorkspaceId, size: u64) -> Nodes<'_> {
        Nodes::new(&*self.store, ws, size)
    }

    /// How far the evidence of a workspace has come.
    pub fn evidence_heads(&self, ws: WorkspaceId) -> Heads {
        self.logs.heads(ws)
    }
}

fn fork_risk(why: &str) -> Error {
    Error::new(Code::ForkRisk, format!("the evidence log does not continue what was signed before: {why}"))
        .hint(
            "put the newest copy of the database back; nothing is signed and nothing is executed until then",
        )
}
