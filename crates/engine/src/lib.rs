//! Load, decide, commit; and the workers.
//!
//! The engine is the only way to a run. Every surface calls the functions here; none of them holds a rule. What a run
//! may do is decided in `domain`, what policy says in `policy`; this room gathers the facts and saves the outcome.

pub mod access;
pub mod admin;
mod batch;
pub mod code;
pub mod commands;
pub mod control;
mod decision;
mod error;
mod ledger;
mod log;
mod preview;
pub mod queries;
pub mod seams;
#[cfg(any(test, feature = "test-support"))]
pub mod testing;
mod turns;
mod workers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use connectors::registry::Manifests;
use domain::id::{NodeId, RunId, WorkspaceId};
use store::Store;
use tokio::sync::Notify;

pub use code::Code;
pub use control::{BuildConnector, ConnectorSpec};
pub use error::{Error, Result};
pub use ledger::Entry;
pub use log::{
    Anchors, Heads, KeyFile, LogReview, LogView, Message, Method, Outside, Post, PutLocked, Reply, Trust,
};
pub use workers::Workers;

use control::Control;
use seams::{Clock, Entropy, Signer};

/// The engine of one process.
pub struct Engine {
    /// Itself, for work that must outlive the request that asked for it.
    me: Weak<Self>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    signer: Arc<dyn Signer>,
    /// Whose cosignatures count, if anybody's.
    trust: Option<Arc<Trust>>,
    /// Where heads are anchored.
    anchors: Anchors,
    /// Sends to witnesses and anchors.
    post: Post,
    build: BuildConnector,
    manifests: Manifests,
    node: NodeId,
    generation: u64,
    controls: Mutex<BTreeMap<WorkspaceId, Arc<Control>>>,
    /// Held while a view is loaded.
    loading: tokio::sync::Mutex<()>,
    admin: admin::State,
    cache: ledger::Cache,
    /// Held while a run is saved, and alone while values are erased.
    erasing: tokio::sync::RwLock<()>,
    /// What was erased, as the workspace chains say.
    tombstones: queries::Tombstones,
    /// How far the evidence has come.
    logs: log::Logs,
    /// Decisions about the same budgets, one after the other.
    turns: turns::Turns,
    /// Runs that somebody is about to steer.
    holds: commands::Holds,
    /// Requests that wait for a run.
    waiters: queries::Waiters,
    /// Runs on which this process is executing right now.
    live: Mutex<BTreeSet<RunId>>,
    /// Attempts that are not settled: which one, and when this process first saw it on the clock that never jumps.
    sightings: Mutex<BTreeMap<RunId, (u64, u64)>>,
    /// Requests with an idempotency key that are being handled right now.
    requests: Mutex<BTreeSet<(String, &'static str, String)>>,
    /// Runs that can go on at once, for the workers.
    ready: tokio::sync::mpsc::UnboundedSender<(WorkspaceId, RunId)>,
    /// Wakes the workers after each commit.
    wake: Notify,
}

/// What an engine is made of.
pub struct Parts {
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Signs the heads of the logs.
    pub signer: Arc<dyn Signer>,
    /// Who else sees those heads.
    pub outside: Outside,
    /// Builds connectors from their configuration.
    pub build: BuildConnector,
    /// What connectors may be made for.
    pub manifests: Manifests,
    /// The id of this node: the same for a data directory across restarts.
    pub node: NodeId,
}

/// Runs that can go on at once.
pub type Queue = tokio::sync::mpsc::UnboundedReceiver<(WorkspaceId, RunId)>;

impl Engine {
    /// Starts an engine on a store. Its process generation is durable before it acts. The queue is for [`Workers::start`].
    pub async fn start(parts: Parts) -> Result<(Arc<Self>, Queue)> {
        let generation = parts.store.generation(parts.node).await?;
        let (ready, queue) = tokio::sync::mpsc::unbounded_channel();
        let engine = Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            store: parts.store,
            clock: parts.clock,
            entropy: parts.entropy,
            signer: parts.signer,
            trust: parts.outside.trust.map(Arc::new),
            anchors: parts.outside.anchors,
            post: parts.outside.post,
            build: parts.build,
            manifests: parts.manifests,
            node: parts.node,
            generation,
            controls: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
            admin: admin::State::default(),
            cache: ledger::Cache::default(),
            erasing: tokio::sync::RwLock::default(),
            tombstones: queries::Tombstones::default(),
            logs: log::Logs::default(),
            turns: turns::Turns::default(),
            holds: commands::Holds::default(),
            waiters: queries::Waiters::default(),
            live: Mutex::default(),
            sightings: Mutex::default(),
            requests: Mutex::default(),
            ready,
            wake: Notify::new(),
        });
        engine.open_logs().await?;
        engine.check_trust().await?;
        engine.compare_anchors().await?;
        engine.replay_erasures().await?;
        Ok((engine, queue))
    }

    /// The store, for health checks and live streams.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The time.
    pub fn now(&self) -> domain::time::Timestamp {
        self.clock.now()
    }

    fn controls(&self) -> MutexGuard<'_, BTreeMap<WorkspaceId, Arc<Control>>> {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> MutexGuard<'_, BTreeSet<RunId>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sightings(&self) -> MutexGuard<'_, BTreeMap<RunId, (u64, u64)>> {
        self.sightings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn context(&self) -> domain::run::Context {
        domain::run::Context { now: self.clock.now(), node: self.node }
    }
}
