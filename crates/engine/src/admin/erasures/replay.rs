//! After a restore: what the chains name as erased is erased again, before anything is served.
//!
//! Rows under a destroyed key go when the store opens. What is left to look at is where a key stayed, and every chain when
//! an erasure left no note of what it touched: then tables of different age stand beside each other.

use std::collections::BTreeSet;

use domain::id::WorkspaceId;
use store::{Chain, Commit, Erasure, Scope};

use crate::ledger::whole_projection;
use crate::queries::Look;
use crate::{Engine, Result};

impl Engine {
    /// Erases again, in every workspace, what is named as erased and can be read.
    pub(crate) async fn replay_erasures(&self) -> Result<()> {
        for ws in self.store.workspaces().await? {
            if self.evidence_heads(ws).fork_risk.is_some() {
                tracing::warn!(
                    workspace.id = %ws,
                    "this database is older than its log: erasures that were made since are not in it and have to be \
                     made again"
                );
            }
            let known = self.erasures_of(ws).await?;
            let chains = self.suspects(ws, &known).await?;
            for chain in chains {
                self.erase_again(ws, chain, &known).await?;
            }
        }
        Ok(())
    }

    /// Chains in which something named as erased could be readable.
    async fn suspects(&self, ws: WorkspaceId, known: &Look) -> Result<BTreeSet<Chain>> {
        if known.read().all().is_empty() {
            return Ok(BTreeSet::new());
        }
        let notes = self.store.erased_chains(ws, 0..=u64::MAX).await?;
        let noted: BTreeSet<u64> = notes.iter().map(|note| note.leaf).collect();
        let all_noted = {
            let known = known.read();
            let is_noted = |first, last| noted.range(first..=last).next().is_some();
            known.all().iter().all(|one| one.count == 0 || is_noted(one.first, one.last))
        };
        if all_noted {
            return Ok(notes.iter().filter(|note| note.keys_left).map(|note| note.chain).collect());
        }
        let mut chains = BTreeSet::from([Chain::Workspace]);
        let mut after = None;
        loop {
            let page = self.store.chains(ws, after, store::page::CHAIN_MAX).await?;
            after = page.last().copied();
            chains.extend(page.into_iter().map(Chain::Run));
            if after.is_none() {
                return Ok(chains);
            }
        }
    }

    async fn erase_again(&self, ws: WorkspaceId, chain: Chain, known: &Look) -> Result<()> {
        let fields = self.store.sealed_fields(ws, Scope::Chain(chain)).await?;
        let digests: BTreeSet<_> = {
            let known = known.read();
            fields.into_iter().map(|field| field.digest).filter(|digest| known.of(digest).is_some()).collect()
        };
        if digests.is_empty() {
            return Ok(());
        }
        let count = digests.len();
        let mut commit = Commit::new(ws, self.clock.now());
        let scope = Scope::Named { chain, digests };
        commit.erasures.push(Erasure { scope, count, may_leave_keys: true, leaf: None, id: None });
        self.store.commit(commit).await?;
        tracing::warn!(workspace.id = %ws, "{count} values that were erased could be read again and were erased again");
        let Chain::Run(run) = chain else { return Ok(()) };
        match self.read_run(ws, run).await {
            Ok(entry) => {
                let control = self.control(ws).await?;
                self.write_rows(ws, whole_projection(&control, &entry)).await
            }
            // Its rows are for `rows check`; its values are gone.
            Err(error) => {
                tracing::warn!(run.id = %run, code = error.code.word(), "the run does not read: {error}");
                Ok(())
            }
        }
    }
}
