//! A store that fails on purpose, around any other: each write fails in two ways, and a crash ends everything.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::id::{NodeId, RunId, WorkspaceId};
use domain::name::Slug;
use domain::time::Timestamp;
use proof::digest::Digest;
use tokio::sync::watch;

use crate::commit::{Commit, Committed};
use crate::entity::{Entity, EntityKind};
use crate::error::Error;
use crate::evidence::{
    Chain, ErasedChain, FeedItem, OpenDisclosure, Scope, SealedField, StoredDocument, StoredLeaf,
};
use crate::idempotency::IdempotencyRecord;
use crate::lease::LeaseState;
use crate::log::{LogEntry, StoredCheckpoint};
use crate::page::{Cursor, Page};
use crate::run::{Projection, RunQuery, RunRow, Touched, Waiting};
use crate::vault::Vault;
use crate::work::{Claimed, WorkItem};
use crate::{Answer, Store};

#[cfg(test)]
mod tests;

/// What happens to one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and nothing is saved.
    NotSaved,
    /// It fails although it was saved: the answer is lost.
    Saved,
    /// It is made late.
    Delayed(Duration),
    /// The process dies before it is saved: this and every later call fails.
    CrashBefore,
    /// The process dies after it was saved: this and every later call fails.
    CrashAfter,
}

/// A store whose commits fail as planned.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    commits: u64,
    plan: BTreeMap<u64, Fault>,
    has_crashed: bool,
}

impl FaultyStore {
    /// Wraps a store; without a plan it behaves like it.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, state: Mutex::default() }
    }

    /// Plans what happens to a commit; the first one ever made through this wrapper is number 1.
    pub fn plan(&self, commit: u64, fault: Fault) {
        self.state().plan.insert(commit, fault);
    }

    /// Dies now: every later call fails.
    pub fn crash(&self) {
        self.state().has_crashed = true;
    }

    /// How many commits were tried.
    pub fn commits(&self) -> u64 {
        self.state().commits
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The wrapped store, while the process lives.
    fn alive(&self) -> Result<&dyn Store, Error> {
        if self.state().has_crashed { Err(failed()) } else { Ok(&*self.inner) }
    }

    async fn faulty(&self, commit: Commit) -> Result<Committed, Error> {
        let store = self.alive()?;
        let fault = {
            let mut state = self.state();
            state.commits += 1;
            let number = state.commits;
            state.plan.remove(&number)
        };
        match fault {
            None => store.commit(commit).await,
            Some(Fault::Delayed(by)) => {
                tokio::time::sleep(by).await;
                self.alive()?.commit(commit).await
            }
            Some(Fault::NotSaved) => Err(failed()),
            Some(Fault::Saved) => store.commit(commit).await.and(Err(failed())),
            Some(Fault::CrashBefore) => {
                self.crash();
                Err(failed())
            }
            Some(Fault::CrashAfter) => {
                let done = store.commit(commit).await;
                self.crash();
                done.and(Err(failed()))
            }
        }
    }
}

fn failed() -> Error {
    Error::gone("a planned fault")
}

/// Each read is the wrapped store's, until the crash.
macro_rules! while_alive {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> Answer<'_, $answer> {
            match self.alive() {
                Ok(store) => store.$name($($argument),*),
                Err(error) => Box::pin(async { Err(error) }),
            }
        })*
    };
}

impl Store for FaultyStore {
    fn commit(&self, commit: Commit) -> Answer<'_, Committed> {
        Box::pin(self.faulty(commit))
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.inner.watch()
    }

    fn vault(&self) -> &Vault {
        self.inner.vault()
    }

    while_alive! {
        chain(ws: WorkspaceId, chain: Chain, from_seq: u64, limit: usize) -> Vec<StoredLeaf>;
        chains(ws: WorkspaceId, after: Option<RunId>, limit: usize) -> Vec<RunId>;
        documents(ws: WorkspaceId, run: RunId, revision: u32) -> Vec<StoredDocument>;
        disclosures(ws: WorkspaceId, chain: Chain, holders: Vec<Digest>) -> Vec<OpenDisclosure>;
        sealed_fields(ws: WorkspaceId, scope: Scope) -> Vec<SealedField>;
        erased_chains(ws: WorkspaceId, leaves: RangeInclusive<u64>) -> Vec<ErasedChain>;
        integrate(ws: WorkspaceId) -> u64;
        subtrees(ws: WorkspaceId, level: u8, from: u64, limit: usize) -> Vec<Digest>;
        entries(ws: WorkspaceId, from: u64, limit: usize) -> Vec<LogEntry>;
        keep_checkpoint(ws: WorkspaceId, head: StoredCheckpoint) -> ();
        checkpoint(ws: WorkspaceId, covering: Option<u64>) -> Option<StoredCheckpoint>;
        feed(ws: WorkspaceId, after: u64, limit: usize) -> Vec<FeedItem>;
        run_row(ws: WorkspaceId, run: RunId) -> Option<RunRow>;
        projection(ws: WorkspaceId, run: RunId) -> Option<Projection>;
        runs(ws: WorkspaceId, query: RunQuery) -> Page<RunRow>;
        waits(ws: WorkspaceId, groups: Vec<Slug>, cursor: Option<Cursor>, limit: usize) -> Page<Waiting>;
        touches(ws: WorkspaceId, record: [u8; 32], cursor: Option<Cursor>, limit: usize) -> Page<Touched>;
        entity(ws: WorkspaceId, kind: EntityKind, id: String) -> Option<Entity>;
        find(ws: WorkspaceId, kind: EntityKind, lookup: String) -> Option<Entity>;
        entities(
            ws: WorkspaceId,
            kind: EntityKind,
            owner: Option<String>,
            cursor: Option<Cursor>,
            limit: usize
        ) -> Page<Entity>;
        workspaces() -> Vec<WorkspaceId>;
        claim(now: Timestamp, node: NodeId, lease_ms: u32, kinds: &[&str], limit: usize) -> Vec<Claimed>;
        next_due(kinds: &[&str]) -> Option<Timestamp>;
        work_of(ws: WorkspaceId, run: RunId) -> Vec<WorkItem>;
        control(ws: WorkspaceId) -> u64;
        lease(ws: WorkspaceId, key: [u8; 32]) -> LeaseState;
        usage(ws: WorkspaceId, scope: String, since: Timestamp, besides: Option<RunId>) -> u64;
        idempotent(ws: WorkspaceId, principal: String, operation: String, key: String) -> Option<IdempotencyRecord>;
        generation(node: NodeId) -> u64;
        newest_generation(node: NodeId) -> Option<u64>;
        check() -> Vec<String>;
        purge(now: Timestamp, limit: usize) -> usize;
    }
}
