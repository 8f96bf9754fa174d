//! The parent's side of a recovery run.

use proof::digest::Digest;
use proof::json::Value;

use super::{Cause, Next, code};
use crate::attempt::CODE_CONFLICT;
use crate::event::{Event, RecoveryFinished, RecoveryPlanned};
use crate::id::RunId;
use crate::name::Slug;
use crate::principal::{Actor, Principal};
use crate::run::{RecoveryKind, RecoveryOutcome, Refusal, Stage};

impl Next<'_> {
    pub(super) fn plan_recovery(
        &mut self,
        by: Principal,
        seen: Digest,
        kind: RecoveryKind,
        mutations: Vec<u32>,
        child: RunId,
        rationale: Value,
    ) -> Result<(), Refusal> {
        self.check_controller(by)?;
        self.check_digest(seen)?;
        if let Some(open) = &self.run.recovery {
            return Err(Refusal::RecoveryOpen(open.run));
        }
        self.check_known()?;
        if mutations.is_empty() || self.run.recoverable().is_empty() {
            return Err(Refusal::NothingToRecover);
        }
        let event =
            RecoveryPlanned { kind, mutations, plan_digest: seen, requested_by: by.to_string(), run: child };
        let sealed = vec![("rationale", rationale)];
        self.emit(Actor::Principal(by), Vec::new(), Event::RecoveryPlanned(event), sealed)?;
        Ok(())
    }

    pub(super) fn finish_recovery(
        &mut self,
        child: RunId,
        stage: Stage,
        why: &Slug,
        close: Digest,
        recovered: Vec<u32>,
    ) -> Result<(), Refusal> {
        let Some(open) = self.run.recovery.clone().filter(|open| open.run == child) else {
            return Err(Refusal::NothingToRecover);
        };
        let complete = open.mutations.iter().all(|n| recovered.contains(n));
        let outcome = match (stage, open.kind) {
            (Stage::Denied | Stage::Rejected | Stage::Expired | Stage::Cancelled, _) => {
                RecoveryOutcome::Abandoned
            }
            (Stage::Failed, _) if conflicted(why) => RecoveryOutcome::Conflict,
            (Stage::Failed, _) => RecoveryOutcome::Failed,
            (
                Stage::Applied
                | Stage::PartlyApplied
                | Stage::RolledBack
                | Stage::PartlyRolledBack
                | Stage::Compensated,
                kind,
            ) => match (complete, kind) {
                (true, RecoveryKind::Rollback) => RecoveryOutcome::Restored,
                (true, RecoveryKind::Compensation) => RecoveryOutcome::Compensated,
                (false, _) if recovered.is_empty() => RecoveryOutcome::Failed,
                (false, _) => RecoveryOutcome::PartlyRestored,
            },
            (
                Stage::Proposed
                | Stage::Previewed
                | Stage::AwaitingApproval
                | Stage::Authorized
                | Stage::Executing
                | Stage::NeedsAttention
                | Stage::TakenOver,
                _,
            ) => {
                return Err(Refusal::Stage { stage: self.run.stage, rule: "the recovery run is still open" });
            }
        };
        let event = RecoveryFinished { kind: open.kind, outcome, recovered, run: child };
        self.emit(self.system(), vec![Cause::Foreign(close)], Event::RecoveryFinished(event), Vec::new())?;
        let why = match outcome {
            RecoveryOutcome::Restored => code("restored"),
            RecoveryOutcome::Compensated => code("compensated"),
            RecoveryOutcome::PartlyRestored => code("partly_restored"),
            RecoveryOutcome::Abandoned => code("recovery_abandoned"),
            RecoveryOutcome::Failed => code("recovery_failed"),
            RecoveryOutcome::Conflict => code(CODE_CONFLICT),
        };
        self.close_when_final(why)
    }
}

fn conflicted(why: &Slug) -> bool {
    matches!(why.as_str(), CODE_CONFLICT | "drifted")
}
