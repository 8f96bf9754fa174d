//! What agents and people do in the stories, one request each.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Fault, Result};
use crate::cli::client::{Client, WAIT_S_MAX};
use crate::cli::view::Run;
use crate::cli::{Progress, words};

/// Proposes a plan of one mutation: the answer holds its preview and decision.
pub async fn propose(agent: &Client, workflow: &str, reason: &str, bp: u32, mutation: Value) -> Result<Run> {
    let body = json!({
        "workflow": workflow, "reason": reason, "confidence_bp": bp, "plan": { "mutations": [mutation] },
    });
    Ok(agent.post(&["v1", "runs"], body).read().await?)
}

/// Approves the plan that `run` shows.
pub async fn approve(person: &Client, run: &Run, group: &str, why: &str) -> Result<Run> {
    let body =
        json!({ "verdict": "approve", "plan_digest": run.plan_digest, "group": group, "rationale": why });
    command(person, run, "approvals", body).await
}

/// Any command on a run.
pub async fn command(client: &Client, run: &Run, path: &str, body: Value) -> Result<Run> {
    Ok(client.post(&["v1", "runs", &run.id, path], body).wait(WAIT_S_MAX).read().await?)
}

/// The code with which the server refuses a command; `None` when it does not refuse.
pub async fn refused(client: &Client, run: &Run, path: &str, body: Value) -> Result<Option<String>> {
    match command(client, run, path, body).await {
        Ok(_) => Ok(None),
        Err(Fault::Api(failure)) if failure.code().is_some() => Ok(failure.code().map(str::to_owned)),
        Err(fault) => Err(fault),
    }
}

/// Reads a run.
pub async fn read(client: &Client, id: &str) -> Result<Run> {
    Ok(client.get(&["v1", "runs", id]).read().await?)
}

/// Waits until a run is as the story needs it.
pub async fn until(
    client: &Client,
    id: &str,
    at_most: Duration,
    wanted: &'static str,
    is: impl Fn(&Run) -> bool,
) -> Result<Run> {
    let end = tokio::time::Instant::now() + at_most;
    let mut progress = Progress::default();
    loop {
        let run = read(client, id).await?;
        if is(&run) {
            return Ok(run);
        }
        if tokio::time::Instant::now() > end {
            return Err(Fault::Late { run: run.id, stage: run.stage, wanted });
        }
        progress.show(&format!("{}, until it is {wanted}", words::stage(&run.stage)));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until a run is closed.
pub async fn closed(client: &Client, id: &str) -> Result<Run> {
    until(client, id, Duration::from_secs(15), "closed", Run::is_closed).await
}
