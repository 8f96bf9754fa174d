//! Acts about the evidence itself: another key for the log, and what left the system.

use domain::workspace::{ExportMade, KeyRotated, WorkspaceEvent};

use super::chain::{Act, Asked, Change};
use crate::access::{Caller, Operation};
use crate::commands::IdempotencyKey;
use crate::ledger::slug;
use crate::{Code, Engine, Error, LogReview, LogView, Result};

/// How long an old key goes on signing beside the new one, unless said otherwise: days.
pub const KEY_OVERLAP_DAYS: u32 = 90;
/// The longest overlap: days.
pub const KEY_OVERLAP_DAYS_MAX: u32 = 730;

impl Engine {
    /// Makes another key for the log. The one before it signs too for `overlap_days`, so that auditors have time to learn the
    /// new one.
    ///
    /// # Errors
    /// [`Code::InvalidRequest`] beyond [`KEY_OVERLAP_DAYS_MAX`].
    pub async fn rotate_log_key(
        &self,
        caller: &Caller,
        overlap_days: u32,
        key: Option<&IdempotencyKey>,
    ) -> Result<LogView> {
        caller.may(Operation::ManageLog)?;
        if overlap_days > KEY_OVERLAP_DAYS_MAX {
            let told = format!("keys overlap for at most {KEY_OVERLAP_DAYS_MAX} days");
            return Err(Error::new(Code::InvalidRequest, told).at("/overlap_days"));
        }
        let ws = caller.workspace;
        let asked = Asked { caller, operation: "rotate_log_key", key };
        if self.made_before(asked).await?.is_some() {
            return self.show_log(caller).await;
        }
        let until = self.now().plus_s(u64::from(overlap_days) * 24 * 3600);
        let (old, new) = self.next_log_key(ws, until).await?;
        // Whatever head is signed from here on carries the new signature.
        let from_size = self.store.integrate(ws).await? + 1;
        let event = KeyRotated { from_size, new_vkey: new.to_string(), old_vkey: old.to_string() };
        self.make(asked, &new.id().to_string(), |_| {
            let act = Act::new(WorkspaceEvent::KeyRotated(event.clone()), ws, Vec::new());
            Ok(Change { acts: vec![act], ..Change::default() })
        })
        .await?;
        self.seal(ws, self.store.integrate(ws).await?).await?;
        self.show_log(caller).await
    }

    /// Computes the whole log anew and records what came out.
    pub async fn verify_log(&self, caller: &Caller) -> Result<LogReview> {
        caller.may(Operation::ReadAudit)?;
        let review = self.review_log(caller.workspace, |_| {}).await?;
        for finding in &review.findings {
            tracing::error!(workspace.id = %caller.workspace, "the evidence log does not verify: {finding}");
        }
        if let Some(event) = crate::log::verified(&review) {
            self.act(caller, |_| {
                let act = Act::new(event.clone(), caller.workspace, Vec::new());
                Ok(Change { acts: vec![act], ..Change::default() })
            })
            .await?;
        }
        Ok(review)
    }

    /// Records that evidence left the system, and to whom.
    pub async fn record_export(&self, caller: &Caller, scope: &str, runs: usize) -> Result<()> {
        let event = ExportMade { runs: u64::try_from(runs).unwrap_or(u64::MAX), scope: slug(scope) };
        self.act(caller, |control| {
            let recipient = control.name_of(caller.principal);
            let sealed = vec![("recipient", recipient.into())];
            let act = Act::new(WorkspaceEvent::ExportMade(event.clone()), caller.principal, sealed);
            Ok(Change { acts: vec![act], ..Change::default() })
        })
        .await
    }
}
