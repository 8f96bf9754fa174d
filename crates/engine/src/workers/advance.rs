//! Preview and decide a run that was proposed, revised, or given back.

use connectors::connector::ReadFault;
use domain::attempt::Outcome;
use domain::command::Command;
use domain::drift::{conflicts, view};
use domain::id::{RunId, WorkspaceId};
use domain::mutation::Mutation;
use domain::run::Stage;
use proof::json::{Object, Value};

use crate::batch::Batch;
use crate::control::Control;
use crate::ledger::{Entry, slug};
use crate::preview::resolve;
use crate::{Code, Engine, Result};

/// How long a preview is tried before the run fails: milliseconds.
const PREVIEW_MS_MAX: i64 = 15 * 60 * 1000;

impl Engine {
    /// Previews and decides. A system that does not answer leaves the run as it is, until the preview deadline.
    pub(crate) async fn advance(&self, ws: WorkspaceId, id: RunId) -> Result<()> {
        let control = self.control(ws).await?;
        let entry = self.load(ws, id).await?;
        let run = entry.run();
        let mut batch = Batch::on(self, &control, &entry);
        if run.stage == Stage::Previewed {
            let mutations: Vec<&Mutation> =
                entry.plan.iter().filter_map(|planned| planned.mutation.as_ref()).collect();
            let decided = self.decide_plan(&control, run, &mutations).await?;
            batch.command(Command::RecordDecision(Box::new(decided.record)))?;
            batch.effects.usage = decided.usage;
            batch.effects.turns = decided.turns;
            batch.commit().await?;
            return Ok(());
        }
        if run.stage != Stage::Proposed {
            return Ok(());
        }
        let mutations = self.proposed(ws, &entry).await?;
        let resolved = match resolve(&control, None, mutations) {
            Ok((_, resolved)) => resolved,
            Err(error) => {
                // What could be written when it was proposed no longer can: the connector or its manifest changed.
                tracing::info!(run.id = %id, code = error.code.word(), "the plan can no longer be previewed");
                batch.command(Command::FailPreview { code: slug("connector_changed") })?;
                batch.commit().await?;
                return Ok(());
            }
        };
        if let Some(conflict) = self.recovery_conflict(&control, &entry).await? {
            let Conflict::Found(shown) = conflict else { return self.preview_late(batch, run.updated).await };
            batch.command(Command::Attach {
                by: None,
                bytes: u64::try_from(proof::canonical::to_string(&shown).len()).unwrap_or(u64::MAX),
                media_type: "application/json".to_owned(),
                artifact: shown,
            })?;
            batch.command(Command::FailPreview { code: slug("conflict") })?;
            batch.commit().await?;
            return Ok(());
        }
        let looked = match batch.preview_or_fail(&resolved).await {
            // A proposal of this size would have been refused; the records have grown since, and trying again is no use.
            Err(error) if error.code == Code::InvalidPlan => {
                tracing::info!(run.id = %id, "the plan can no longer be previewed: {}", error.message);
                batch.command(Command::FailPreview { code: slug("plan_too_large") })?;
                None
            }
            looked => looked?,
        };
        match looked {
            None => {
                batch.commit().await?;
                Ok(())
            }
            Some(why) => {
                tracing::info!(run.id = %id, "the preview waits: {why}");
                self.preview_late(batch, run.updated).await
            }
        }
    }

    async fn preview_late(&self, mut batch: Batch<'_>, since: domain::time::Timestamp) -> Result<()> {
        if since.plus_ms(PREVIEW_MS_MAX) > self.clock.now() {
            return Ok(());
        }
        batch.command(Command::FailPreview { code: slug("preview_timeout") })?;
        batch.commit().await?;
        Ok(())
    }

    /// A mutation with the values that its run left in the record: of a diverged one, those of the last read-back.
    async fn as_left(&self, control: &Control, entry: &Entry, n: u32) -> Result<Mutation> {
        let mut mutation = entry.mutation(n)?.clone();
        let progress = usize::try_from(n).ok().and_then(|n| entry.run().progress.get(n));
        let last = progress
            .and_then(|progress| progress.attempts.last())
            .and_then(|attempt| attempt.result.as_ref());
        let Some(result) = last.filter(|result| result.outcome == Outcome::Diverged) else {
            return Ok(mutation);
        };
        let read_back = self.sealed_value(control.workspace, entry, result.seq, "read_back").await?;
        if let Some(now) = read_back.as_ref().and_then(|seen| seen.get("now")).and_then(Value::as_object) {
            for change in &mut mutation.changes {
                change.after = now.get(&change.field).cloned();
            }
        }
        Ok(mutation)
    }

    /// Fields that somebody else moved since the parent wrote them: shown, never overwritten.
    async fn recovery_conflict(&self, control: &Control, entry: &Entry) -> Result<Option<Conflict>> {
        let run = entry.run();
        let Some((parent, _)) = run.recovers.filter(|_| run.amenders.is_empty()) else { return Ok(None) };
        let parent = self.load(control.workspace, parent).await?;
        let Some(open) = &parent.run().recovery else { return Ok(None) };
        let mut shown = Vec::new();
        for n in &open.mutations {
            let applied = &self.as_left(control, &parent, *n).await?;
            let Some(record) = applied.record_ref() else { continue };
            let connector = control.connector(&applied.connector)?;
            let now = match connector.snapshot(&record).await {
                Ok(read) => read.snapshot.fields,
                Err(ReadFault::Unreachable { .. } | ReadFault::Refused { retryable: true, .. }) => {
                    return Ok(Some(Conflict::Unreachable));
                }
                // The preview meets the same fault and says so in its own words.
                Err(
                    ReadFault::NotFound
                    | ReadFault::Refused { .. }
                    | ReadFault::Answer { .. }
                    | ReadFault::Undescribed(_),
                ) => {
                    return Ok(None);
                }
            };
            let moved = conflicts(applied, &now);
            if !moved.is_empty() {
                shown.push(Value::Object(Object::from([
                    ("mutation".to_owned(), Value::from(*n)),
                    ("fields".to_owned(), view(&moved)),
                ])));
            }
        }
        if shown.is_empty() {
            return Ok(None);
        }
        Ok(Some(Conflict::Found(Value::Object(Object::from([
            ("name".to_owned(), "recovery-conflict".into()),
            ("conflicts".to_owned(), Value::Array(shown)),
        ])))))
    }
}

/// What stands against a recovery.
enum Conflict {
    /// These values.
    Found(Value),
    /// Nobody knows: the system of record does not answer.
    Unreachable,
}
