//! Control of one run: take over, amend, execute, hand back, cancel, retry.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::failure::{Ending, Result};
use super::output::confirm;
use super::plan::{self, Target};
use super::seen::{self, Bind};
use super::view::Run;
use super::{Context, render};

/// A lease on a run.
#[derive(Debug, Args)]
pub struct Takeover {
    /// The run
    run: String,
    /// How long, in seconds
    #[arg(long)]
    lease_s: Option<u64>,
    /// Why
    #[arg(long, short = 'm')]
    rationale: Option<String>,
}

/// A command that changes nothing in a system of record.
#[derive(Debug, Args)]
pub struct Plain {
    /// The run
    run: String,
    /// Why
    #[arg(long, short = 'm')]
    rationale: Option<String>,
}

/// Words about a run.
#[derive(Debug, Args)]
pub struct Comment {
    /// The run
    run: String,
    /// The words
    comment: String,
}

/// A command that is bound to the plan that was seen.
#[derive(Debug, Args)]
pub struct Bound {
    /// The run
    run: String,
    #[command(flatten)]
    bind: Bind,
}

/// Another plan for a run that was taken over.
#[derive(Debug, Args)]
pub struct Amend {
    /// The run
    run: String,
    /// Which mutation the flags are about, from 1
    #[arg(long, default_value_t = 1)]
    mutation: u32,
    /// Leave this field as it is; may be repeated
    #[arg(long, value_name = "FIELD")]
    unset: Vec<String>,
    #[command(flatten)]
    target: Target,
    /// Read the mutations from a JSON or TOML file; `-` is standard input
    #[arg(long, conflicts_with_all = ["set", "unset", "arg", "guard", "mutation"])]
    file: Option<String>,
    /// Why
    #[arg(long, short = 'm')]
    rationale: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Takeover {
    pub(super) async fn run(self, context: &Context) -> Result {
        let body = seen::body([
            ("lease_s", self.lease_s.map(Into::into)),
            ("rationale", self.rationale.map(Into::into)),
        ]);
        seen::command(context, &self.run, "takeover", body).await?;
        Ok(Ending::Done)
    }
}

impl Plain {
    pub(super) async fn run(self, context: &Context, path: &str) -> Result {
        let body = seen::body([("rationale", self.rationale.map(Into::into))]);
        seen::command(context, &self.run, path, body).await?;
        Ok(Ending::Done)
    }
}

impl Comment {
    pub(super) async fn run(self, context: &Context) -> Result {
        let body = seen::body([("comment", Some(self.comment.into()))]);
        seen::command(context, &self.run, "comments", body).await?;
        Ok(Ending::Done)
    }
}

impl Bound {
    pub(super) async fn run(self, context: &Context, path: &str) -> Result {
        let question = match path {
            "execute" => "Execute this plan now?",
            _ => "Try this plan again?",
        };
        let Some(seen) = seen::show(context, &self.run, &self.bind, question).await? else {
            return Ok(Ending::Refused);
        };
        let body = seen::body([("plan_digest", Some(seen.digest.into()))]);
        seen::command(context, &self.run, path, body).await?;
        Ok(Ending::Done)
    }
}

impl Amend {
    pub(super) async fn run(self, context: &Context) -> Result {
        let run = seen::read(context, &self.run).await?;
        let mutations = match &self.file {
            Some(file) => plan::mutations_of(plan::read(file)?)?,
            None => plan::amended(&run, self.mutation, &self.target, &self.unset)?,
        };
        context.output.beside(&plan::listed(&mutations));
        if !self.yes && !confirm("Make this the plan of the run?")? {
            return Ok(Ending::Refused);
        }
        let digest = run.plan_digest.map_or(Value::Null, Value::String);
        let mut body = json!({ "plan_digest": digest, "mutations": mutations });
        if let (Some(why), Some(members)) = (self.rationale, body.as_object_mut()) {
            members.insert("rationale".to_owned(), why.into());
        }
        let reply = context.client.put(&["v1", "runs", &self.run, "plan"], body).send().await?;
        let run: Run = reply.read()?;
        context.output.answer(&reply, || {
            Ok(format!("\n{}", render::about(&run, context.output.columns, Timestamp::now())))
        })
    }
}
