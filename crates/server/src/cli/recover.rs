//! After an attempt: settle an unknown outcome, accept a divergence, undo.

use clap::Args;

use super::Context;
use super::failure::{Ending, Failure, Result};
use super::seen::{self, Bind};
use super::view::Run;

/// Settle an unknown outcome.
#[derive(Debug, Args)]
pub struct Reconcile {
    /// The run
    run: String,
    /// What you found yourself: `applied`, `not_sent` or `diverged`; without it the server looks again
    #[arg(long, requires = "rationale")]
    outcome: Option<String>,
    /// Why you are sure
    #[arg(long, short = 'm')]
    rationale: Option<String>,
    #[command(flatten)]
    bind: Bind,
}

/// Accept a divergence.
#[derive(Debug, Args)]
pub struct Accept {
    /// The run
    run: String,
    /// Why what is there now is good enough
    #[arg(long, short = 'm')]
    rationale: String,
    #[command(flatten)]
    bind: Bind,
}

/// Undo what a run did.
#[derive(Debug, Args)]
pub struct Recover {
    /// The run
    run: String,
    /// Why
    #[arg(long, short = 'm')]
    rationale: Option<String>,
    #[command(flatten)]
    bind: Bind,
}

impl Reconcile {
    pub(super) async fn run(self, context: &Context) -> Result {
        let question = match &self.outcome {
            None => "Look again at what became of it?".to_owned(),
            Some(outcome) => format!("Settle the unknown outcome as `{outcome}`?"),
        };
        let Some(seen) = seen::show(context, &self.run, &self.bind, &question).await? else {
            return Ok(Ending::Refused);
        };
        let n = match &self.outcome {
            None => None,
            Some(_) => Some(mutation_with(&seen.run, "unknown")?),
        };
        let body = seen::body([
            ("plan_digest", Some(seen.digest.into())),
            ("n", n.map(Into::into)),
            ("outcome", self.outcome.map(Into::into)),
            ("rationale", self.rationale.filter(|_| n.is_some()).map(Into::into)),
        ]);
        seen::command(context, &self.run, "reconcile", body).await?;
        Ok(Ending::Done)
    }
}

impl Accept {
    pub(super) async fn run(self, context: &Context) -> Result {
        let question = "Accept what the record holds now, instead of the plan?";
        let Some(seen) = seen::show(context, &self.run, &self.bind, question).await? else {
            return Ok(Ending::Refused);
        };
        let n = mutation_with(&seen.run, "diverged")?;
        let body = seen::body([
            ("plan_digest", Some(seen.digest.into())),
            ("n", Some(n.into())),
            ("rationale", Some(self.rationale.into())),
        ]);
        seen::command(context, &self.run, "accept", body).await?;
        Ok(Ending::Done)
    }
}

impl Recover {
    pub(super) async fn run(self, context: &Context, path: &str) -> Result {
        let question = match path {
            "rollback" => "Restore what this run changed?",
            _ => "Counter what this run did?",
        };
        let Some(seen) = seen::show(context, &self.run, &self.bind, question).await? else {
            return Ok(Ending::Refused);
        };
        let body = seen::body([
            ("plan_digest", Some(seen.digest.into())),
            ("rationale", self.rationale.map(Into::into)),
        ]);
        seen::command(context, &self.run, path, body).await?;
        Ok(Ending::Done)
    }
}

/// The last mutation that has this outcome.
fn mutation_with(run: &Run, outcome: &str) -> Result<u32> {
    let last = run.attempts.iter().rev().find(|attempt| attempt.outcome.as_deref() == Some(outcome));
    last.map(|attempt| attempt.n)
        .ok_or_else(|| Failure::other(format!("no mutation of this run is {outcome}")))
}
