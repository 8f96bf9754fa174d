//! Lists of runs from the query rows.

use domain::id::RunId;
use domain::mutation::RecordRef;
use domain::name::Slug;
use domain::principal::Principal;
use domain::run::Stage;

use store::{Cursor, RunQuery, RunRow};

use super::Named;
use crate::access::{Caller, Operation};
use crate::control::Control;
use crate::{Code, Engine, Error, Result};

/// Rows of a page unless asked otherwise.
pub const LIMIT: usize = 50;

/// Which runs.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Any of these stages.
    pub stages: Vec<Stage>,
    /// The connector.
    pub connector: Option<Slug>,
    /// The kind of record.
    pub object: Option<Slug>,
    /// A record.
    pub record: Option<RecordRef>,
    /// The proposer.
    pub proposer: Option<Principal>,
    /// The workflow.
    pub workflow: Option<Slug>,
    /// `auto`, `approval` or `deny`.
    pub decision: Option<String>,
    /// `simulation`, `sandbox` or `production`.
    pub environment: Option<String>,
    /// Recoveries of this run.
    pub recovers: Option<RunId>,
    /// Free text: every term of it must match.
    pub search: Option<String>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// How many.
    pub limit: Option<usize>,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// The stored row: clear members.
    pub row: RunRow,
    /// Who proposed it.
    pub proposer: Named,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPage {
    /// The runs.
    pub items: Vec<RunSummary>,
    /// Where the next page starts. A search may go on although this page is not full.
    pub next: Option<String>,
    /// How many runs a search has looked at for this page.
    pub scanned: Option<usize>,
}

impl Engine {
    /// Runs of the workspace, newest first. Agents and services see their own.
    pub async fn list_runs(&self, caller: &Caller, filter: RunFilter) -> Result<RunPage> {
        caller.may(Operation::ReadRuns)?;
        let control = self.control(caller.workspace).await?;
        let record = filter.record.as_ref().map(|r| control.keys_of.record(&r.connector, &r.object, &r.id));
        let proposer = match caller.principal {
            Principal::Person(_) => filter.proposer,
            Principal::Agent(_) | Principal::Service(_) => Some(caller.principal),
        };
        let query = RunQuery {
            stages: filter.stages.iter().map(ToString::to_string).collect(),
            connector: filter.connector.map(|name| name.to_string()),
            object: filter.object.map(|name| name.to_string()),
            record,
            proposer: proposer.map(|principal| principal.to_string()),
            workflow: filter.workflow.map(|name| name.to_string()),
            decision: filter.decision,
            environment: filter.environment,
            waits_for: Vec::new(),
            recovers: filter.recovers,
            cursor: filter.cursor.map(Cursor::new),
            limit: limit(filter.limit)?,
        };
        if let Some(text) = filter.search.filter(|text| !text.trim().is_empty()) {
            return self.search(&control, query, &text).await;
        }
        let page = self.store.runs(caller.workspace, query).await?;
        let items = page.items.into_iter().map(|row| summary(&control, row)).collect();
        Ok(RunPage { items, next: page.next.map(|cursor| cursor.as_str().to_owned()), scanned: None })
    }
}

pub(super) fn summary(control: &Control, row: RunRow) -> RunSummary {
    let proposer = control.named_text(&row.proposer);
    RunSummary { row, proposer }
}

/// A page size within the limit.
pub(super) fn limit(asked: Option<usize>) -> Result<usize> {
    match asked {
        None => Ok(LIMIT),
        Some(limit) if (1..=store::page::PAGE_MAX).contains(&limit) => Ok(limit),
        Some(_) => {
            Err(Error::new(Code::InvalidRequest, format!("`limit` is 1 to {}", store::page::PAGE_MAX))
                .at("/limit"))
        }
    }
}
