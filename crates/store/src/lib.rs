//! Durable state: one commit, one transaction.
//!
//! This room keeps leaves, documents, encrypted disclosures, query rows, entities, work items, leases, budgets and
//! idempotency records. It compares what the caller expects (sequence numbers, versions, fences, counters, epochs) and
//! saves everything or nothing. It knows no stage, command or rule: what a run may do is decided before it gets here.
//!
//! [`Store`] is the seam, [`contract`] says what every backend promises, [`sqlite`] is the embedded backend and
//! [`faults`] wraps any of them for tests.

pub mod commit;
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test suite that other rooms run")]
#[expect(clippy::missing_panics_doc, reason = "a test panics when a promise is broken")]
pub mod contract;
pub mod entity;
pub mod error;
pub mod evidence;
pub mod faults;
pub mod idempotency;
pub mod lease;
pub mod log;
pub mod page;
pub mod run;
pub mod sqlite;
pub mod usage;
pub mod vault;
pub mod work;

use std::ops::RangeInclusive;
use std::pin::Pin;

use domain::id::{NodeId, RunId, WorkspaceId};
use domain::name::Slug;
use domain::time::Timestamp;
use proof::digest::Digest;

pub use commit::{Commit, Committed, EpochRule};
pub use entity::{Entity, EntityKind, EntityWrite, Expect};
pub use error::{Conflict, Error, OpenError};
pub use evidence::{
    Chain, ChainAppend, ErasedChain, Erasure, FeedItem, NewDisclosure, NewDocument, OpenDisclosure, Scope,
    SealedField, StoredDocument, StoredLeaf, SubjectKey,
};
pub use faults::FaultyStore;
pub use idempotency::IdempotencyRecord;
pub use lease::{LeaseChange, LeaseHolder, LeaseState};
pub use log::{LogEntry, StoredCheckpoint};
pub use page::{Cursor, Page};
pub use run::{Extent, Projection, RunQuery, RunRow, Touch, Touched, Wait, Waiting};
pub use sqlite::SqliteStore;
pub use usage::{Reservation, UsageChange};
pub use vault::{Kek, Vault};
pub use work::{Claimed, WorkChange, WorkItem};

/// What an operation of the store will answer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Durable state behind one small trait, so that the engine does not know which database keeps it.
///
/// Every method is scoped to a workspace unless it says otherwise: what belongs to another workspace is not there.
/// An answer of [`Store::commit`] comes after the data is on stable storage.
pub trait Store: Send + Sync {
    /// Saves all of a commit or nothing of it.
    ///
    /// # Errors
    /// [`Error::Conflict`] when an expectation does not hold, looked at in this order: idempotency, fence, epoch,
    /// sequence, entities, leases, usage, work. [`Error::TooLarge`] and [`Error::Malformed`] before anything is tried.
    /// After [`Error::Unavailable`] the commit may have been saved all the same: ask before trying again.
    fn commit(&self, commit: Commit) -> Answer<'_, Committed>;

    /// The leaves of a chain from `from_seq` on, at most `limit` ≤ [`page::CHAIN_MAX`], each checked against its hash.
    fn chain(
        &self,
        ws: WorkspaceId,
        chain: Chain,
        from_seq: u64,
        limit: usize,
    ) -> Answer<'_, Vec<StoredLeaf>>;

    /// The runs that have a chain, by id from the one after `after` on, at most `limit` ≤ [`page::CHAIN_MAX`]:
    /// what a rebuild of the query rows walks over.
    fn chains(&self, ws: WorkspaceId, after: Option<RunId>, limit: usize) -> Answer<'_, Vec<RunId>>;

    /// The mutation documents of one revision of a run's plan, in order.
    fn documents(&self, ws: WorkspaceId, run: RunId, revision: u32) -> Answer<'_, Vec<StoredDocument>>;

    /// The sealed fields of these holders (leaf or mutation hashes) in one chain, decrypted. What is missing was
    /// erased, or never belonged to this chain.
    fn disclosures(
        &self,
        ws: WorkspaceId,
        chain: Chain,
        holders: Vec<Digest>,
    ) -> Answer<'_, Vec<OpenDisclosure>>;

    /// The sealed fields of a scope that can still be read, without their values: what the leaves of an [`Erasure`] must
    /// name.
    fn sealed_fields(&self, ws: WorkspaceId, scope: Scope) -> Answer<'_, Vec<SealedField>>;

    /// The chains that erasures took fields from, for those whose first leaf stands in this range of the workspace chain,
    /// in the order of the leaves.
    fn erased_chains(&self, ws: WorkspaceId, leaves: RangeInclusive<u64>) -> Answer<'_, Vec<ErasedChain>>;

    /// Committed leaves after a feed position in feed order, at most `limit` ≤ [`page::FEED_MAX`]. A reader that goes
    /// on from the last position it saw misses none.
    fn feed(&self, ws: WorkspaceId, after: u64, limit: usize) -> Answer<'_, Vec<FeedItem>>;

    /// Gives every committed leaf that has none its place in the log, each chain in its own order; answers how many leaves
    /// the log has. A backend may number leaves with their commit.
    fn integrate(&self, ws: WorkspaceId) -> Answer<'_, u64>;

    /// The hashes of complete subtrees of 256^`level` leaves, from the `from`th on, at most `limit` ≤
    /// [`log::LOG_READ_MAX`]: at level 0 the leaf hashes in the order of the log.
    fn subtrees(&self, ws: WorkspaceId, level: u8, from: u64, limit: usize) -> Answer<'_, Vec<Digest>>;

    /// The leaves of the log from place `from` on, at most `limit` ≤ [`log::LOG_READ_MAX`], each checked against its hash.
    fn entries(&self, ws: WorkspaceId, from: u64, limit: usize) -> Answer<'_, Vec<LogEntry>>;

    /// Keeps a signed head; the same head again replaces its signatures.
    ///
    /// # Errors
    /// [`Conflict::Checkpoint`] when there is another head of that size.
    fn keep_checkpoint(&self, ws: WorkspaceId, head: StoredCheckpoint) -> Answer<'_, ()>;

    /// The newest signed head, or the smallest that covers so many leaves.
    fn checkpoint(&self, ws: WorkspaceId, covering: Option<u64>) -> Answer<'_, Option<StoredCheckpoint>>;

    /// Wakes after each commit, with a feed position that covers it. Not scoped to a workspace.
    fn watch(&self) -> tokio::sync::watch::Receiver<u64>;

    /// The query row of a run.
    fn run_row(&self, ws: WorkspaceId, run: RunId) -> Answer<'_, Option<RunRow>>;

    /// All query rows of a run: waits by group, touches by place, record tokens in order.
    fn projection(&self, ws: WorkspaceId, run: RunId) -> Answer<'_, Option<Projection>>;

    /// Runs that answer a query, newest first.
    fn runs(&self, ws: WorkspaceId, query: RunQuery) -> Answer<'_, Page<RunRow>>;

    /// What waits for any of these groups, soonest expiry first; a run stands once, under its first wait.
    fn waits(
        &self,
        ws: WorkspaceId,
        groups: Vec<Slug>,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Answer<'_, Page<Waiting>>;

    /// What runs did to a record, newest first.
    fn touches(
        &self,
        ws: WorkspaceId,
        record: [u8; 32],
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Answer<'_, Page<Touched>>;

    /// One entity. It is answered until it is purged: whether it has expired is for the caller to see.
    fn entity(&self, ws: WorkspaceId, kind: EntityKind, id: String) -> Answer<'_, Option<Entity>>;

    /// The entity of this kind with this lookup text.
    fn find(&self, ws: WorkspaceId, kind: EntityKind, lookup: String) -> Answer<'_, Option<Entity>>;

    /// Entities of a kind by id, optionally only those of one owner.
    fn entities(
        &self,
        ws: WorkspaceId,
        kind: EntityKind,
        owner: Option<String>,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Answer<'_, Page<Entity>>;

    /// Every workspace that has committed anything, by id.
    fn workspaces(&self) -> Answer<'_, Vec<WorkspaceId>>;

    /// Claims due work of all workspaces for `lease_ms`, soonest due first, at most `limit` ≤ [`work::CLAIM_MAX`].
    /// Each claim raises the item's fencing number; an item whose claim ran out is claimable again.
    fn claim(
        &self,
        now: Timestamp,
        node: NodeId,
        lease_ms: u32,
        kinds: &[&str],
        limit: usize,
    ) -> Answer<'_, Vec<Claimed>>;

    /// When the next item of these kinds becomes claimable, over all workspaces.
    fn next_due(&self, kinds: &[&str]) -> Answer<'_, Option<Timestamp>>;

    /// The work items of a run, soonest due first.
    fn work_of(&self, ws: WorkspaceId, run: RunId) -> Answer<'_, Vec<WorkItem>>;

    /// The control epoch; 0 before it was raised.
    fn control(&self, ws: WorkspaceId) -> Answer<'_, u64>;

    /// The lease of a record; counter 0 and no holder before it was taken.
    fn lease(&self, ws: WorkspaceId, key: [u8; 32]) -> Answer<'_, LeaseState>;

    /// What a budget scope used or reserved since a time, without what the run `besides` holds reserved in it: what others
    /// used. Times fall into slots of [`usage::SLOT_MS`] and the slot of
    /// `since` counts whole, so the answer is never too low.
    fn usage(
        &self,
        ws: WorkspaceId,
        scope: String,
        since: Timestamp,
        besides: Option<RunId>,
    ) -> Answer<'_, u64>;

    /// The stored answer to a request, expired or not.
    fn idempotent(
        &self,
        ws: WorkspaceId,
        principal: String,
        operation: String,
        key: String,
    ) -> Answer<'_, Option<IdempotencyRecord>>;

    /// Raises a node's process generation durably, once per opened store, and answers it. Called before the node acts.
    fn generation(&self, node: NodeId) -> Answer<'_, u64>;

    /// The newest generation of any node: a higher one than seen before proves that the older process ended.
    fn newest_generation(&self, node: NodeId) -> Answer<'_, Option<u64>>;

    /// What the database itself finds wrong with its own structure, in words; nothing when it is sound. It reads everything.
    fn check(&self) -> Answer<'_, Vec<String>>;

    /// Removes expired entities, expired idempotency records and budget slots outside every window, at most `limit` of
    /// each, in all workspaces; answers how many.
    fn purge(&self, now: Timestamp, limit: usize) -> Answer<'_, usize>;

    /// Envelope encryption for secrets that the caller keeps as entities.
    fn vault(&self) -> &Vault;
}
