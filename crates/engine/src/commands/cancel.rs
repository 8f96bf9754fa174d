//! Cancel: call a run off, or close what is left of it.

use domain::command::Command;
use domain::id::RunId;

use super::IdempotencyKey;
use super::verdict::check_text;
use crate::access::{Caller, Operation};
use crate::batch::sealed_text;
use crate::ledger::{Entry, slug};
use crate::{Engine, Result};

impl Engine {
    /// Calls a run off. When something had an effect already, the rest of the plan is closed instead.
    pub async fn cancel(
        &self,
        caller: &Caller,
        id: RunId,
        rationale: Option<String>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        caller.may(Operation::CancelRun)?;
        check_text(rationale.as_deref(), "/rationale")?;
        self.steer(caller, id, key, "cancel", |_, _| {
            let rationale = sealed_text(rationale.clone());
            Ok(Command::Cancel { by: caller.principal, code: slug("by_request"), rationale })
        })
        .await
    }

    /// Calls a run off because the values that it is about are to be erased. Who may ask for that is checked before.
    pub(crate) async fn cancel_for_erasure(&self, caller: &Caller, id: RunId) -> Result<Entry> {
        self.steer(caller, id, None, "erase", |_, _| {
            Ok(Command::Cancel { by: caller.principal, code: slug("erasure"), rationale: sealed_text(None) })
        })
        .await
    }
}
