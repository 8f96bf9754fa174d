//! The seam over this backend: each method checks its limits and picks where it runs.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use domain::id::{NodeId, RunId, WorkspaceId};
use domain::name::Slug;
use domain::time::Timestamp;
use proof::digest::Digest;
use rusqlite::Connection;
use tokio::sync::watch;

use crate::commit::{Commit, Committed, ITEMS_MAX};
use crate::entity::{Entity, EntityKind};
use crate::error::Error;
use crate::evidence::{
    Chain, ErasedChain, FeedItem, OpenDisclosure, Scope, SealedField, StoredDocument, StoredLeaf,
};
use crate::idempotency::IdempotencyRecord;
use crate::lease::LeaseState;
use crate::log::{LOG_READ_MAX, LogEntry, NOTE_BYTES_MAX, StoredCheckpoint};
use crate::page::{self, Cursor, Page};
use crate::run::{Projection, RunQuery, RunRow, Touched, Waiting};
use crate::sqlite::readers::POINT_ROWS_MAX;
use crate::sqlite::{
    SqliteStore, column, entities, erasures, evidence, leases, log, projections, runs, usage, work,
};
use crate::vault::Vault;
use crate::work::{CLAIM_MAX, Claimed, WorkItem};
use crate::{Answer, Store};

/// Hashes that are read on the calling thread.
const TILE: usize = 256;

impl Store for SqliteStore {
    fn commit(&self, commit: Commit) -> Answer<'_, Committed> {
        Box::pin(self.save(commit))
    }

    fn chain(
        &self,
        ws: WorkspaceId,
        chain: Chain,
        from_seq: u64,
        limit: usize,
    ) -> Answer<'_, Vec<StoredLeaf>> {
        Box::pin(async move {
            page::limit(limit, page::CHAIN_MAX)?;
            let read = move |conn: &Connection, from, limit| evidence::chain(conn, ws, chain, from, limit);
            self.readers.series(from_seq, limit, |leaf| leaf.seq, read).await
        })
    }

    fn chains(&self, ws: WorkspaceId, after: Option<RunId>, limit: usize) -> Answer<'_, Vec<RunId>> {
        Box::pin(async move {
            let limit = page::limit(limit, page::CHAIN_MAX)?;
            self.readers.list(move |conn| evidence::chains(conn, ws, after, limit)).await
        })
    }

    fn documents(&self, ws: WorkspaceId, run: RunId, revision: u32) -> Answer<'_, Vec<StoredDocument>> {
        let read = move |conn: &Connection, from, limit| {
            evidence::read_documents(conn, ws, (run, revision), from, limit)
        };
        Box::pin(async move { self.readers.series(0, ITEMS_MAX, |document| document.n.into(), read).await })
    }

    fn disclosures(
        &self,
        ws: WorkspaceId,
        chain: Chain,
        holders: Vec<Digest>,
    ) -> Answer<'_, Vec<OpenDisclosure>> {
        Box::pin(async move {
            let holders: BTreeSet<_> = holders.into_iter().collect();
            let is_short = holders.len() <= POINT_ROWS_MAX;
            let read = move |conn: &Connection| evidence::read_disclosures(conn, ws, chain, &holders);
            let rows = if is_short { self.readers.point(read)? } else { self.readers.list(read).await? };
            self.keys.open_rows(rows)
        })
    }

    fn sealed_fields(&self, ws: WorkspaceId, scope: Scope) -> Answer<'_, Vec<SealedField>> {
        Box::pin(async move { self.readers.list(move |conn| erasures::fields(conn, ws, &scope)).await })
    }

    fn erased_chains(&self, ws: WorkspaceId, leaves: RangeInclusive<u64>) -> Answer<'_, Vec<ErasedChain>> {
        Box::pin(async move { self.readers.list(move |conn| erasures::chains(conn, ws, &leaves)).await })
    }

    fn feed(&self, ws: WorkspaceId, after: u64, limit: usize) -> Answer<'_, Vec<FeedItem>> {
        Box::pin(async move {
            page::limit(limit, page::FEED_MAX)?;
            let read = move |conn: &Connection, from, limit| evidence::feed(conn, ws, from, limit);
            self.readers.series(after.saturating_add(1), limit, |item| item.position, read).await
        })
    }

    fn integrate(&self, ws: WorkspaceId) -> Answer<'_, u64> {
        Box::pin(async move { self.readers.point(|conn| log::size_of(conn, ws)) })
    }

    fn subtrees(&self, ws: WorkspaceId, level: u8, from: u64, limit: usize) -> Answer<'_, Vec<Digest>> {
        Box::pin(async move {
            page::limit(limit, LOG_READ_MAX)?;
            // A tile of hashes is a few pages.
            if limit <= TILE {
                return self.readers.point(|conn| log::subtrees(conn, ws, level, from, limit));
            }
            self.readers.list(move |conn| log::subtrees(conn, ws, level, from, limit)).await
        })
    }

    fn entries(&self, ws: WorkspaceId, from: u64, limit: usize) -> Answer<'_, Vec<LogEntry>> {
        Box::pin(async move {
            page::limit(limit, LOG_READ_MAX)?;
            let read = move |conn: &Connection, from, limit| log::entries(conn, ws, from, limit);
            self.readers.series(from, limit, |entry| entry.index, read).await
        })
    }

    fn keep_checkpoint(&self, ws: WorkspaceId, head: StoredCheckpoint) -> Answer<'_, ()> {
        Box::pin(async move {
            if head.note.len() > NOTE_BYTES_MAX {
                let (size, max) = (head.note.len(), NOTE_BYTES_MAX);
                return Err(Error::TooLarge { what: "a signed head", size, max });
            }
            self.writer.run(move |conn| log::keep(conn, ws, &head)).await
        })
    }

    fn checkpoint(&self, ws: WorkspaceId, covering: Option<u64>) -> Answer<'_, Option<StoredCheckpoint>> {
        Box::pin(async move { self.readers.point(|conn| log::checkpoint(conn, ws, covering)) })
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.position.clone()
    }

    fn run_row(&self, ws: WorkspaceId, run: RunId) -> Answer<'_, Option<RunRow>> {
        Box::pin(async move { self.readers.point(|conn| runs::one(conn, ws, run)) })
    }

    fn projection(&self, ws: WorkspaceId, run: RunId) -> Answer<'_, Option<Projection>> {
        Box::pin(async move { self.readers.list(move |conn| projections::of_run(conn, ws, run)).await })
    }

    fn runs(&self, ws: WorkspaceId, query: RunQuery) -> Answer<'_, Page<RunRow>> {
        Box::pin(async move {
            let limit = page::limit(query.limit, page::PAGE_MAX)?;
            self.readers.list(move |conn| runs::list(conn, ws, &query, limit)).await
        })
    }

    fn waits(
        &self,
        ws: WorkspaceId,
        groups: Vec<Slug>,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Answer<'_, Page<Waiting>> {
        Box::pin(async move {
            let most = page::limit(limit, page::PAGE_MAX)?;
            let rows = self.readers.list(move |conn| runs::waits(conn, ws, &groups, cursor.as_ref(), most));
            Ok(Page::cut(rows.await?, limit))
        })
    }

    fn touches(
        &self,
        ws: WorkspaceId,
        record: [u8; 32],
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Answer<'_, Page<Touched>> {
        Box::pin(async move {
            let most = page::limit(limit, page::PAGE_MAX)?;
            let rows = self.readers.list(move |conn| runs::touches(conn, ws, record, cursor.as_ref(), most));
            Ok(Page::cut(rows.await?, limit))
        })
    }

    fn entity(&self, ws: WorkspaceId, kind: EntityKind, id: String) -> Answer<'_, Option<Entity>> {
        Box::pin(async move { self.readers.point(|conn| entities::by_id(conn, ws, kind, &id)) })
    }

    fn find(&self, ws: WorkspaceId, kind: EntityKind, lookup: String) -> Answer<'_, Option<Entity>> {
        Box::pin(async move { self.readers.point(|conn| entities::by_lookup(conn, ws, kind, &lookup)) })
    }

    fn entities(
        &self,
        ws: WorkspaceId,
        kind: EntityKind,
        owner: Option<String>,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Answer<'_, Page<Entity>> {
        Box::pin(async move {
            let most = page::limit(limit, page::PAGE_MAX)?;
            let rows = self
                .readers
                .list(move |conn| entities::list(conn, ws, kind, owner.as_deref(), cursor.as_ref(), most));
            Ok(Page::cut(rows.await?, limit))
        })
    }

    fn workspaces(&self) -> Answer<'_, Vec<WorkspaceId>> {
        Box::pin(async move { self.readers.point(column::workspaces) })
    }

    fn claim(
        &self,
        now: Timestamp,
        node: NodeId,
        lease_ms: u32,
        kinds: &[&str],
        limit: usize,
    ) -> Answer<'_, Vec<Claimed>> {
        let kinds = owned(kinds);
        Box::pin(async move {
            let limit = page::limit(limit, CLAIM_MAX)?;
            // Workers ask often; a look by a reader spares the writer the ones in vain.
            let next = self.readers.point(|conn| work::next_due(conn, &kinds))?;
            if next.is_none_or(|next| next > now) {
                return Ok(Vec::new());
            }
            let until = now.plus_ms(lease_ms.into());
            self.writer.run(move |conn| work::claim(conn, now, node, until, &kinds, limit)).await
        })
    }

    fn next_due(&self, kinds: &[&str]) -> Answer<'_, Option<Timestamp>> {
        let kinds = owned(kinds);
        Box::pin(async move { self.readers.point(|conn| work::next_due(conn, &kinds)) })
    }

    fn work_of(&self, ws: WorkspaceId, run: RunId) -> Answer<'_, Vec<WorkItem>> {
        Box::pin(async move { self.readers.point(|conn| work::of_run(conn, ws, run)) })
    }

    fn control(&self, ws: WorkspaceId) -> Answer<'_, u64> {
        Box::pin(async move { self.readers.point(|conn| leases::control(conn, ws)) })
    }

    fn lease(&self, ws: WorkspaceId, key: [u8; 32]) -> Answer<'_, LeaseState> {
        Box::pin(async move { self.readers.point(|conn| leases::lease(conn, ws, key)) })
    }

    fn usage(
        &self,
        ws: WorkspaceId,
        scope: String,
        since: Timestamp,
        besides: Option<RunId>,
    ) -> Answer<'_, u64> {
        Box::pin(async move { self.readers.point(|conn| usage::since(conn, ws, &scope, since, besides)) })
    }

    fn idempotent(
        &self,
        ws: WorkspaceId,
        principal: String,
        operation: String,
        key: String,
    ) -> Answer<'_, Option<IdempotencyRecord>> {
        let request = (principal, operation, key);
        Box::pin(async move { self.readers.point(|conn| entities::remembered(conn, ws, request)) })
    }

    fn generation(&self, node: NodeId) -> Answer<'_, u64> {
        Box::pin(self.raise_generation(node))
    }

    fn newest_generation(&self, node: NodeId) -> Answer<'_, Option<u64>> {
        Box::pin(async move { self.readers.point(|conn| leases::generation(conn, node)) })
    }

    fn check(&self) -> Answer<'_, Vec<String>> {
        Box::pin(async move {
            let found = self.readers.list(|conn| {
                column::rows(conn, "PRAGMA integrity_check(100)", (), |row| Ok(row.get::<_, String>(0)?))
            });
            // A structure that cannot even be walked is an answer too.
            match found.await {
                Ok(found) => Ok(found.into_iter().filter(|line| line != "ok").collect()),
                Err(Error::Corrupt { what, source }) => Ok(vec![Error::Corrupt { what, source }.to_string()]),
                Err(error) => Err(error),
            }
        })
    }

    fn purge(&self, now: Timestamp, limit: usize) -> Answer<'_, usize> {
        Box::pin(async move {
            self.finish_erasures().await?;
            let limit = page::limit(limit, page::CHAIN_MAX)?;
            let purge = move |conn: &Connection| {
                Ok::<_, Error>(entities::purge(conn, now, limit)? + usage::purge(conn, now, limit)?)
            };
            self.writer.run(purge).await
        })
    }

    fn vault(&self) -> &Vault {
        self.keys.vault()
    }
}

fn owned(kinds: &[&str]) -> Vec<String> {
    kinds.iter().map(|kind| (*kind).to_owned()).collect()
}
