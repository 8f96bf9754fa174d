//! What waits for a person: approvals of their groups, and runs that only a person can settle.

use std::collections::BTreeSet;

use domain::id::PersonId;
use domain::name::Slug;
use domain::run::{Approval, Stage};
use domain::time::Timestamp;
use proof::json::Value;
use store::Cursor;

use super::list::{RunFilter, limit};
use super::{RunPage, RunSummary};
use crate::access::{Caller, Operation};
use crate::{Engine, Result};

/// A run that waits for a group of the person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxItem {
    /// The run.
    pub run: RunSummary,
    /// The group that is asked.
    pub group: Slug,
    /// How many approvals it owes.
    pub needed: u32,
    /// How many it has given.
    pub given: u32,
    /// Silence until then ends the run.
    pub expires: Timestamp,
    /// Whether this person may give a verdict: not on their own proposals.
    pub can_decide: bool,
    /// Why it came here, in plain words.
    pub why: Vec<String>,
}

impl Engine {
    /// What waits for the caller's groups, soonest expiry first.
    pub async fn inbox(
        &self,
        caller: &Caller,
        cursor: Option<String>,
        page_size: Option<usize>,
    ) -> Result<(Vec<InboxItem>, Option<String>)> {
        caller.may(Operation::ReadInbox)?;
        let person = caller.person("have an inbox")?;
        let control = self.control(caller.workspace).await?;
        let groups = control.approver_groups(person);
        let asked = groups.iter().cloned().collect();
        let page =
            self.store.waits(caller.workspace, asked, cursor.map(Cursor::new), limit(page_size)?).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for waiting in page.items {
            let id = waiting.row.id;
            let entry = self.load(caller.workspace, id).await?;
            let (run, lapsed) = (entry.run(), control.lapsed(entry.run()));
            // Which of the caller's groups still owes approvals; none when all have given theirs.
            let asked = run.lacking(self.now(), &lapsed).find(|asked| groups.contains(&asked.group)).cloned();
            let Some(asked) = asked else { continue };
            items.push(InboxItem {
                run: super::list::summary(&control, waiting.row),
                given: run.given(&asked.group, self.now(), &lapsed),
                needed: asked.quorum,
                group: asked.group,
                expires: waiting.wait.expires,
                can_decide: can_decide(run, person, self.now(), &lapsed),
                why: self.why(caller.workspace, &entry).await?,
            });
        }
        Ok((items, page.next.map(|cursor| cursor.as_str().to_owned())))
    }

    /// Runs that need a person: unknown outcomes, divergences, what waits to be tried again.
    pub async fn attention(
        &self,
        caller: &Caller,
        cursor: Option<String>,
        limit: Option<usize>,
    ) -> Result<RunPage> {
        caller.may(Operation::ReadInbox)?;
        self.list_runs(
            caller,
            RunFilter { stages: vec![Stage::NeedsAttention], cursor, limit, ..RunFilter::default() },
        )
        .await
    }

    /// The policy's explanation of the newest decision, as far as it was not erased.
    pub(crate) async fn why(&self, ws: domain::id::WorkspaceId, entry: &crate::Entry) -> Result<Vec<String>> {
        let Some(decision) = &entry.run().decision else { return Ok(Vec::new()) };
        let rationale = self.sealed_value(ws, entry, decision.seq, "rationale").await?;
        let sentences = rationale.as_ref().and_then(Value::as_array).unwrap_or_default();
        Ok(sentences.iter().filter_map(|sentence| sentence.as_str().map(str::to_owned)).collect())
    }
}

fn can_decide(run: &domain::run::Run, person: PersonId, now: Timestamp, lapsed: &BTreeSet<u64>) -> bool {
    let stands = |given: &Approval| given.expires > now && !lapsed.contains(&given.seq);
    let given = run.approvals.iter().any(|given| given.person == person && stands(given));
    !given && !run.proposers().contains(&person)
}
