//! Commands that lead to an effect carry the digest of the plan that the person saw: show the run, ask, and send that one.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::client::Reply;
use super::failure::{Failure, Result};
use super::output::confirm;
use super::view::Run;
use super::{Context, render};

/// How long a command waits for what it sets going: seconds.
const WAIT_S: u64 = 15;

/// What the person saw, and whether to ask them.
#[derive(Debug, Clone, Args)]
pub struct Bind {
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Bind to this plan instead of the one that is shown; another plan is refused
    #[arg(long, value_name = "DIGEST")]
    plan_digest: Option<String>,
}

/// A run that was shown, and the digest that goes with it.
pub struct Seen {
    pub run: Run,
    pub digest: String,
}

/// Reads a run.
pub async fn read(context: &Context, id: &str) -> Result<Run> {
    context.client.get(&["v1", "runs", id]).read().await
}

/// Shows what a run is about and asks. `None` when the person says no.
pub async fn show(context: &Context, id: &str, bind: &Bind, question: &str) -> Result<Option<Seen>> {
    let run = read(context, id).await?;
    let digest = bind.plan_digest.clone().or_else(|| run.plan_digest.clone());
    let digest = digest.ok_or_else(|| Failure::Other {
        what: "the run has no plan yet that a command could bind to".to_owned(),
        hint: Some(format!("see `actionplane runs show {id}`")),
    })?;
    context.output.beside(&render::about(&run, context.output.columns, Timestamp::now()));
    let sure = bind.yes || confirm(question)?;
    Ok(sure.then_some(Seen { run, digest }))
}

/// Sends a command on a run and tells how it stands then.
pub async fn command(context: &Context, id: &str, path: &str, body: Map<String, Value>) -> Result<Run> {
    let call = context.client.post(&["v1", "runs", id, path], Value::Object(body)).wait(WAIT_S);
    told(context, &call.send().await?)
}

/// Tells how a run stands after a command.
pub fn told(context: &Context, reply: &Reply) -> Result<Run> {
    let run: Run = reply.read()?;
    context.output.answer(reply, || {
        Ok(format!("\n{}", render::brief(&run, context.output.columns, Timestamp::now())))
    })?;
    Ok(run)
}

/// A body of the members that are there.
pub fn body<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
