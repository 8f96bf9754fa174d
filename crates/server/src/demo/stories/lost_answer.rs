//! Story 5: the write landed, its answer did not. The outcome is `unknown` until somebody looks, and is never written twice.

use std::time::Duration;

use serde_json::json;
use simulators::{Fault as SimulatedFault, FaultKind};

use super::super::world::{arm, writes_to};
use super::super::{Result, cue};
use super::Scene;

/// "Delivery arrived with a cracked display": open, high.
const TICKET: &str = "48201";
/// Longer than the help desk's landing window, in which only a found effect can settle the outcome.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

pub async fn play(scene: Scene<'_>) -> Result {
    let Scene { world, cast, teller, .. } = scene;
    teller.aside(
        "The next answer to an update of the ticket will be lost, after the help desk has stored the update.",
    );
    let fault = SimulatedFault::new(FaultKind::TimeoutAfterCommit).on("PUT", TICKET);
    arm(&world.help_desk, fault)?;

    teller.act("triage-agent", "proposes");
    let reason = "The replacement display is on its way; the ticket waits for the customer.";
    let mutation = json!({
        "connector": "help-desk", "object": "ticket", "id": TICKET, "kind": "update",
        "changes": { "status": "pending", "tags": ["damage", "replacement-sent", "warranty"] },
    });
    let run = cue::propose(&cast.triage, "triage", reason, 9_400, mutation).await?;
    teller.plan(&run);
    let unknown = |run: &crate::cli::view::Run| run.stage == "needs_attention";
    let run = cue::until(&cast.triage, &run.id, Duration::from_secs(15), "unknown", unknown).await?;
    teller.lineage(&cast.triage, &run.id).await?;
    let outcome =
        |run: &crate::cli::view::Run| run.attempts.last().and_then(|attempt| attempt.outcome.clone());
    teller.check("the outcome is unknown, not failed", outcome(&run).as_deref() == Some("unknown"));

    teller.act("triage-agent", "wants to try again");
    let seen = json!({ "plan_digest": run.plan_digest });
    let refusal = cue::refused(&cast.triage, &run, "retry", seen.clone()).await?;
    teller.check("refused: unknown blocks", refusal.as_deref() == Some("mutation_unsettled"));

    teller.act("Ines Duarte", "has the server look, once the write can no longer land");
    cue::command(&cast.ines, &run, "reconcile", seen).await?;
    let run =
        cue::until(&cast.ines, &run.id, SETTLED_WITHIN, "closed", crate::cli::view::Run::is_closed).await?;
    teller.lineage(&cast.ines, &run.id).await?;
    let last = run.attempts.last();
    let found =
        last.is_some_and(|attempt| attempt.reconciled && attempt.code.as_deref() == Some("key_lookup"));
    teller.check("reconciled: the ticket's own audit holds our idempotency key", found);
    teller.check("the run is applied", run.stage == "applied");
    let writes = writes_to(&world.help_desk, TICKET);
    teller.check(
        "still exactly one write to the ticket, by one attempt",
        writes.len() == 1 && run.attempts.len() == 1,
    );
    Ok(())
}
