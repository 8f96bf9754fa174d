//! What waits for a person, and their verdict on it.

use clap::Args;
use jiff::Timestamp;

use super::failure::{Ending, Result};
use super::render::Waiting;
use super::seen::{self, Bind};
use super::view::Page;
use super::{Context, render};

/// What waits.
#[derive(Debug, Args)]
pub struct Inbox {
    /// Runs that only a person can settle, instead of requests for approval
    #[arg(long)]
    attention: bool,
}

/// A verdict on one plan.
#[derive(Debug, Args)]
pub struct Verdict {
    /// The run
    run: String,
    /// For which of your groups, when you are in several that are asked
    #[arg(long)]
    group: Option<String>,
    /// Why
    #[arg(long, short = 'm')]
    rationale: Option<String>,
    #[command(flatten)]
    bind: Bind,
}

impl Inbox {
    pub(super) async fn run(self, context: &Context) -> Result {
        let call = context.client.get(&["v1", "inbox"]);
        let call = if self.attention { call.query("attention", "true") } else { call };
        let reply = call.send().await?;
        let page: Page<Waiting> = reply.read()?;
        context
            .output
            .answer(&reply, || Ok(render::inbox(&page.items, context.output.columns, Timestamp::now())))
    }
}

impl Verdict {
    pub(super) async fn run(self, context: &Context, verdict: &str) -> Result {
        let question = match verdict {
            "approve" => "Approve this plan?",
            _ => "Reject this plan? That ends the run.",
        };
        let Some(seen) = seen::show(context, &self.run, &self.bind, question).await? else {
            return Ok(Ending::Refused);
        };
        let body = seen::body([
            ("verdict", Some(verdict.into())),
            ("plan_digest", Some(seen.digest.into())),
            ("group", self.group.map(Into::into)),
            ("rationale", self.rationale.map(Into::into)),
        ]);
        seen::command(context, &self.run, "approvals", body).await?;
        Ok(Ending::Done)
    }
}
