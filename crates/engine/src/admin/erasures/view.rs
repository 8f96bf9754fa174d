//! Erasures as they are shown.

use domain::id::RunId;
use domain::name::Slug;
use domain::time::Timestamp;
use proof::leaf::Leaf;
use store::Chain;

use crate::access::{Caller, Operation};
use crate::control::Control;
use crate::queries::{Erased, Named, SealedMember, sealed_members};
use crate::{Engine, Error, Result};

/// An erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureView {
    /// The place of its first leaf in the workspace chain, by which it is known.
    pub id: u64,
    /// How many leaves name what was erased.
    pub leaves: u64,
    /// When.
    pub at: Timestamp,
    /// Who asked for it.
    pub by: Named,
    /// Why that was lawful.
    pub basis: Slug,
    /// How many sealed values.
    pub count: u64,
    /// When the last backup is gone that still holds them.
    pub complete_by: Option<Timestamp>,
    /// Who authorized it, as the event seals it.
    pub authorized_by: SealedMember,
    /// Where the request is filed.
    pub request_ref: SealedMember,
    /// The runs that lost values.
    pub runs: Vec<RunId>,
}

impl Engine {
    /// Erasures before one, newest first, at most `limit`.
    pub async fn list_erasures(
        &self,
        caller: &Caller,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<ErasureView>> {
        caller.may(Operation::ReadErasures)?;
        let control = self.control(caller.workspace).await?;
        let page: Vec<Erased> = {
            let known = self.erasures_of(caller.workspace).await?;
            let known = known.read();
            let older = known.all().iter().rev().filter(|one| before.is_none_or(|before| one.first < before));
            older.take(limit).cloned().collect()
        };
        let mut views = Vec::with_capacity(page.len());
        for erased in page {
            views.push(self.erasure_view(&control, erased).await?);
        }
        Ok(views)
    }

    /// One erasure, for whoever may erase.
    pub(super) async fn show_erasure(&self, caller: &Caller, id: u64) -> Result<ErasureView> {
        let control = self.control(caller.workspace).await?;
        let found = {
            let known = self.erasures_of(caller.workspace).await?;
            let known = known.read();
            known.all().iter().find(|one| one.first <= id && id <= one.last).cloned()
        };
        let found = found.ok_or_else(|| Error::not_found("erasure", &id.to_string()))?;
        self.erasure_view(&control, found).await
    }

    async fn erasure_view(&self, control: &Control, erased: Erased) -> Result<ErasureView> {
        let ws = control.workspace;
        let leaf = self.store.chain(ws, Chain::Workspace, erased.first, 1).await?;
        let leaf = leaf.first().and_then(|leaf| Leaf::parse(&leaf.bytes).ok());
        let leaf = leaf.ok_or_else(|| Error::internal("the workspace chain does not read"))?;
        let known = self.sealed(ws, Chain::Workspace, vec![erased.hash]).await?.remove(&erased.hash);
        let mut sealed = {
            let erasures = self.erasures_of(ws).await?;
            let names = ["authorized_by", "request_ref"];
            sealed_members(&names, &leaf.sd, known.unwrap_or_default(), &erasures.read())
        };
        let chains = self.store.erased_chains(ws, erased.first..=erased.last).await?;
        let mut member = |name: &str| sealed.remove(name).unwrap_or(SealedMember::Missing);
        Ok(ErasureView {
            id: erased.first,
            leaves: erased.last - erased.first + 1,
            at: erased.tombstone.at,
            by: control.named_actor(erased.by),
            basis: erased.tombstone.basis,
            count: erased.count,
            complete_by: erased.complete_by,
            authorized_by: member("authorized_by"),
            request_ref: member("request_ref"),
            runs: chains
                .into_iter()
                .filter_map(|erased| match erased.chain {
                    Chain::Workspace => None,
                    Chain::Run(run) => Some(run),
                })
                .collect(),
        })
    }
}
