//! A run from what is stored: its leaves folded, its newest plan, and sealed values of either.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::event::Event;
use domain::id::{RunId, WorkspaceId};
use domain::mutation::ProposedMutation;
use domain::plan::PlannedMutation;
use domain::run::Run;
use domain::{sealed, wire};
use proof::digest::Digest;
use proof::disclosure::{Disclosure, Opened};
use proof::json::Value;
use proof::tree;
use store::{Chain, StoredLeaf};

use super::{Entry, proposed};
use crate::{Code, Engine, Error, Result};

impl Engine {
    /// Loads a run of a workspace, with its newest plan.
    pub(crate) async fn load(&self, ws: WorkspaceId, id: RunId) -> Result<Entry> {
        let row = self.store.run_row(ws, id).await?;
        let row = row.ok_or_else(|| Error::not_found("run", &id.to_string()))?;
        if let Some(entry) = self.cache.get(ws, id).filter(|entry| entry.run().events == row.events) {
            return Ok(entry);
        }
        let entry = self.read_run(ws, id).await?;
        self.cache.put(ws, id, entry.clone());
        Ok(entry)
    }

    /// A run from its leaves alone, whatever its query rows say.
    pub(crate) async fn read_run(&self, ws: WorkspaceId, id: RunId) -> Result<Entry> {
        let as_of = self.cache.as_of();
        let leaves = self.leaves(ws, id).await?;
        let folded = wire::fold(id, leaves.iter().map(|leaf| leaf.bytes.as_slice()))?;
        let plan =
            if folded.run.revision == 0 { Vec::new() } else { self.read_plan(ws, &folded.run).await? };
        let proposed =
            if plan.is_empty() { self.read_proposed(ws, &folded.run, &leaves).await? } else { None };
        let proposed = Arc::new(proposed.unwrap_or_default());
        Ok(Entry { folded: Arc::new(folded), plan: Arc::new(plan), proposed, as_of })
    }

    /// Every leaf of a run.
    pub(crate) async fn leaves(&self, ws: WorkspaceId, id: RunId) -> Result<Vec<StoredLeaf>> {
        let mut leaves = Vec::new();
        loop {
            let from = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
            let mut page = self.store.chain(ws, Chain::Run(id), from, store::page::CHAIN_MAX).await?;
            let last = page.len() < store::page::CHAIN_MAX;
            leaves.append(&mut page);
            if last {
                return Ok(leaves);
            }
        }
    }

    async fn read_plan(&self, ws: WorkspaceId, run: &Run) -> Result<Vec<PlannedMutation>> {
        let documents = self.store.documents(ws, run.id, run.revision).await?;
        let holders = documents.iter().map(|document| document.hash).collect();
        let mut opened = self.sealed(ws, Chain::Run(run.id), holders).await?;
        let root = tree::root(&documents.iter().map(|document| document.hash).collect::<Vec<_>>());
        if run.plan.as_ref().is_some_and(|plan| plan.root != root) {
            return Err(Error::internal("the stored mutation documents are not those of the approved plan"));
        }
        let mut plan = Vec::with_capacity(documents.len());
        for document in documents {
            let own = opened.remove(&document.hash).unwrap_or_default();
            let planned = domain::plan::open(&document.bytes, &own)
                .map_err(|fault| Error::internal("a mutation document is malformed").because(fault))?;
            plan.push(planned);
        }
        Ok(plan)
    }

    /// The mutations as they were last proposed or amended.
    pub(crate) async fn proposed(&self, ws: WorkspaceId, entry: &Entry) -> Result<Vec<ProposedMutation>> {
        let leaves = self.leaves(ws, entry.run().id).await?;
        let proposed = self.read_proposed(ws, entry.run(), &leaves).await?;
        proposed.ok_or_else(|| Error::new(Code::ValueErased, "the proposed values were erased"))
    }

    async fn read_proposed(
        &self,
        ws: WorkspaceId,
        run: &Run,
        leaves: &[StoredLeaf],
    ) -> Result<Option<Vec<ProposedMutation>>> {
        let mut holder = None;
        for leaf in leaves {
            let event = wire::read(leaf.seq, &leaf.bytes)?.event;
            if matches!(event, Event::RunProposed(_) | Event::PlanAmended(_)) {
                holder = Some(leaf.hash);
            }
        }
        let holder = holder.ok_or(wire::Corrupt::Empty)?;
        let values = self.sealed(ws, Chain::Run(run.id), vec![holder]).await?;
        let kept = values.values().flatten().filter(|opened| opened.name == proposed::NAME);
        let count = usize::try_from(run.mutations).unwrap_or(usize::MAX);
        let proposed = proposed::read(kept.map(|opened| &opened.value));
        Ok(proposed.filter(|mutations| mutations.len() == count))
    }

    /// A sealed value of the event at a place of a run; `None` when it was erased.
    pub(crate) async fn sealed_value(
        &self,
        ws: WorkspaceId,
        entry: &Entry,
        seq: u64,
        name: &str,
    ) -> Result<Option<Value>> {
        let Some(holder) = entry.folded.hash(seq) else { return Ok(None) };
        let values = self.sealed(ws, Chain::Run(entry.run().id), vec![holder]).await?;
        let named = values.into_values().flatten().find(|opened| opened.name == name);
        Ok(named.map(|opened| opened.value))
    }

    /// The sealed values of events and mutation documents of a chain, by holder. What is missing was erased.
    pub(crate) async fn sealed(
        &self,
        ws: WorkspaceId,
        chain: Chain,
        holders: Vec<Digest>,
    ) -> Result<BTreeMap<Digest, Vec<Opened>>> {
        let mut values: BTreeMap<Digest, Vec<Opened>> = BTreeMap::new();
        for value in self.store.disclosures(ws, chain, holders).await? {
            let opened = Disclosure::open(&value.disclosure.text);
            let opened =
                opened.map_err(|fault| Error::internal("a sealed value does not read").because(fault))?;
            values.entry(value.holder).or_default().push(opened);
        }
        Ok(values.into_iter().map(|(holder, opened)| (holder, sealed::whole(opened))).collect())
    }
}
