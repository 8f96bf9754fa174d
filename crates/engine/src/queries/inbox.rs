//! What waits for a person: approvals of their groups, and runs that only a person can settle.

use domain::id::PersonId;
use domain::name::Slug;
use domain::run::Stage;
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
    pub expires: domain::time::Timestamp,
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
        let groups: Vec<Slug> = control.approver_groups(person).into_iter().collect();
        let page =
            self.store.waits(caller.workspace, groups, cursor.map(Cursor::new), limit(page_size)?).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for waiting in page.items {
            let id = waiting.row.id;
            let entry = self.load(caller.workspace, id).await?;
            items.push(InboxItem {
                run: super::list::summary(&control, waiting.row),
                group: waiting.wait.group,
                needed: waiting.wait.needed,
                given: waiting.wait.given,
                expires: waiting.wait.expires,
                can_decide: can_decide(entry.run(), person),
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

fn can_decide(run: &domain::run::Run, person: PersonId) -> bool {
    let given = run.approvals.iter().any(|approval| approval.person == person);
    !given && !run.proposers().contains(&person)
}
