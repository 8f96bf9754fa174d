//! Story 4: drift is caught at dispatch. The approval was for a plan that no longer holds, so it is void.

use std::time::Duration;

use serde_json::json;

use super::super::teller as narrate;
use super::super::world::{edit, writes_to};
use super::super::{Result, cue};
use super::Scene;

/// "Invoice shows the wrong VAT number": open, high.
const TICKET: &str = "48213";

pub async fn play(scene: Scene<'_>) -> Result {
    let Scene { world, cast, teller, .. } = scene;
    teller.act("triage-agent", "proposes");
    let reason = "The corrected invoice INV-3407 went out this morning.";
    let mutation = json!({
        "connector": "help-desk", "object": "ticket", "id": TICKET, "kind": "update",
        "changes": { "status": "solved", "priority": "normal" },
    });
    let first = cue::propose(&cast.triage, "triage", reason, 7_900, mutation).await?;
    teller.plan(&first);
    teller.lineage(&cast.triage, &first.id).await?;

    teller.aside("Priya Raman, in the help desk itself, sets the priority to urgent.");
    edit(&world.help_desk, "ticket", TICKET, json!({ "priority": "urgent" }))?;

    teller.act("Maya Lindqvist", "approves what she saw before");
    cue::approve(&cast.maya, &first, "support-leads", "The invoice is out.").await?;
    let again = |run: &crate::cli::view::Run| run.revision == 2 && run.stage == "awaiting_approval";
    let wait = Duration::from_secs(15);
    let second = cue::until(&cast.maya, &first.id, wait, "previewed again", again).await?;
    teller.lineage(&cast.maya, &second.id).await?;
    narrate::drift(&second);
    let ours = |simulated: &[simulators::Write]| {
        simulated.iter().filter(|write| write.author == simulators::zendesk::AGENT_EMAIL).count()
    };
    teller.check("drift was caught before the write", second.drift.len() == 1 && second.attempts.is_empty());
    teller.check("nothing of ours was written", ours(&writes_to(&world.help_desk, TICKET)) == 0);
    let given =
        second.decision.iter().flat_map(|decision| &decision.obligations).map(|one| one.given).sum::<u32>();
    teller.check("her approval is void: the new plan has none", given == 0);

    teller.act("Maya Lindqvist", "looks at the old plan and approves it once more");
    let verdict = json!({ "verdict": "approve", "plan_digest": first.plan_digest, "group": "support-leads" });
    let refusal = cue::refused(&cast.maya, &second, "approvals", verdict).await?;
    teller
        .check("refused: that is not the plan any more", refusal.as_deref() == Some("plan_digest_mismatch"));

    teller.act("Maya Lindqvist", "reads the new plan and approves that one");
    teller.plan(&second);
    cue::approve(&cast.maya, &second, "support-leads", "Urgent was a mistake, I asked Priya.").await?;
    let run = cue::closed(&cast.maya, &second.id).await?;
    teller.lineage(&cast.maya, &run.id).await?;
    teller.check("the run is applied", run.stage == "applied");
    teller.check("with exactly one write of ours", ours(&writes_to(&world.help_desk, TICKET)) == 1);
    Ok(())
}
