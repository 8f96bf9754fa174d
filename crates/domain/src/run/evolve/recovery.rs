//! The parent's side of a recovery run.

use super::{Envelope, Violation, ensure};
use crate::event::{RecoveryFinished, RecoveryPlanned};
use crate::run::{OpenRecovery, RecoveryOutcome, Run, Stage};

impl Run {
    pub(super) fn recovery_planned(
        &mut self,
        at: &Envelope,
        event: &RecoveryPlanned,
    ) -> Result<(), Violation> {
        ensure(self.recovery.is_none(), "one recovery at a time")?;
        self.is_current(event.plan_digest)?;
        ensure(
            self.may_recover(),
            "a recovery follows the end of a run or a divergence, with nothing unsettled",
        )?;
        let recoverable = self.recoverable();
        ensure(
            !event.mutations.is_empty() && event.mutations.iter().all(|n| recoverable.contains(n)),
            "a recovery names mutations that had an effect",
        )?;
        ensure(
            event.mutations.is_sorted_by(|earlier, later| earlier > later),
            "a recovery undoes the last mutation first, and each once",
        )?;
        let mutations = event.mutations.clone();
        self.recovery = Some(OpenRecovery { seq: at.seq, run: event.run, kind: event.kind, mutations });
        self.closed = None;
        Ok(())
    }

    pub(super) fn recovery_finished(&mut self, event: &RecoveryFinished) -> Result<(), Violation> {
        let open = self.recovery.take().ok_or(Violation { rule: "a finished recovery was planned" })?;
        ensure(open.run == event.run && open.kind == event.kind, "a finished recovery is the planned one")?;
        ensure(
            event.recovered.iter().all(|n| open.mutations.contains(n)),
            "a recovery recovers what it planned",
        )?;
        let complete = open.mutations.iter().all(|n| event.recovered.contains(n));
        let told = match event.outcome {
            RecoveryOutcome::Restored | RecoveryOutcome::Compensated => complete,
            RecoveryOutcome::PartlyRestored => !complete && !event.recovered.is_empty(),
            RecoveryOutcome::Abandoned | RecoveryOutcome::Failed | RecoveryOutcome::Conflict => {
                event.recovered.is_empty()
            }
        };
        ensure(told, "a recovery's outcome agrees with what it recovered")?;
        for n in &event.recovered {
            if let Some(progress) = usize::try_from(*n).ok().and_then(|n| self.progress.get_mut(n)) {
                progress.recovered = Some(event.kind);
            }
        }
        if !event.recovered.is_empty() {
            let waits = self.open_divergence().is_some();
            self.stage = if waits { Stage::NeedsAttention } else { self.by_outcomes() };
        }
        Ok(())
    }
}
