//! The history of one record: who changed which field, under which run, allowed by whom.

use domain::id::RunId;
use domain::mutation::RecordRef;
use domain::time::Timestamp;
use store::Cursor;

use super::list::limit;
use super::{ApprovalView, ChangeView, Named};
use crate::access::{Caller, Operation};
use crate::{Engine, Result};

/// What one run did to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordTouch {
    /// The run.
    pub run: RunId,
    /// The mutation.
    pub n: u32,
    /// The action.
    pub action: String,
    /// How it ended, or how far it is.
    pub outcome: String,
    /// When.
    pub at: Timestamp,
    /// Who proposed it.
    pub proposer: Named,
    /// Policy's decision.
    pub decision: Option<String>,
    /// Who allowed it.
    pub approvals: Vec<ApprovalView>,
    /// Which fields.
    pub changes: Vec<ChangeView>,
}

impl Engine {
    /// The history of a record, newest first.
    pub async fn record_history(
        &self,
        caller: &Caller,
        record: &RecordRef,
        cursor: Option<String>,
        page_size: Option<usize>,
    ) -> Result<(Vec<RecordTouch>, Option<String>)> {
        caller.may(Operation::ReadRuns)?;
        let control = self.control(caller.workspace).await?;
        let token = control.keys_of.record(&record.connector, &record.object, &record.id);
        let page =
            self.store.touches(caller.workspace, token, cursor.map(Cursor::new), limit(page_size)?).await?;
        let mut touches = Vec::with_capacity(page.items.len());
        for touched in page.items {
            let own = touched.row.proposer == caller.principal.to_string();
            if caller.principal.person().is_none() && !own {
                continue;
            }
            let entry = self.load(caller.workspace, touched.row.id).await?;
            let view = self.view_of(caller.workspace, &entry).await?;
            let mutation = view.mutations.iter().find(|mutation| mutation.n == touched.touch.n);
            touches.push(RecordTouch {
                run: touched.row.id,
                n: touched.touch.n,
                action: touched.touch.action,
                outcome: touched.touch.outcome,
                at: touched.touch.at,
                proposer: control.named_text(&touched.row.proposer),
                decision: touched.row.decision,
                changes: mutation.map(|mutation| mutation.changes.clone()).unwrap_or_default(),
                approvals: view.approvals,
            });
        }
        Ok((touches, page.next.map(|cursor| cursor.as_str().to_owned())))
    }
}
