//! Story 2: quorum of two, on one plan digest; an agent never approves.

use serde_json::json;
use simulators::salesforce::ASTER_HEALTH_RENEWAL;

use super::super::world::writes_to;
use super::super::{Result, cue};
use super::Scene;

pub async fn play(scene: Scene<'_>) -> Result {
    let Scene { world, cast, teller, .. } = scene;
    teller.act("renewal-agent", "proposes");
    let reason = "Aster Health signs for three years if the yearly price drops by a quarter.";
    let mutation = json!({
        "connector": "crm-main", "object": "opportunity", "id": ASTER_HEALTH_RENEWAL, "kind": "update",
        "changes": { "StageName": "Negotiation", "Amount": "63000.00", "NextStep": "Send the three-year contract" },
    });
    let run = cue::propose(&cast.renewal, "renewals", reason, 8_700, mutation).await?;
    teller.plan(&run);
    teller.lineage(&cast.renewal, &run.id).await?;

    teller.act("renewal-agent", "tries to approve its own plan");
    let verdict = json!({ "verdict": "approve", "plan_digest": run.plan_digest });
    let refusal = cue::refused(&cast.renewal, &run, "approvals", verdict).await?;
    teller.check("refused: an agent never approves", refusal.as_deref() == Some("agent_never_approves"));

    teller.act("Maya Lindqvist", "approves for the deal desk: “Three years are worth it.”");
    let run = cue::approve(&cast.maya, &run, "deal-desk", "Three years are worth it.").await?;
    teller.lineage(&cast.maya, &run.id).await?;
    teller.check("one of two: nothing runs yet", run.stage == "awaiting_approval" && run.attempts.is_empty());

    teller.act("Tom Okafor", "approves for the deal desk: “Margin holds at 63 k.”");
    cue::approve(&cast.tom, &run, "deal-desk", "Margin holds at 63 k.").await?;
    let run = cue::closed(&cast.tom, &run.id).await?;
    teller.lineage(&cast.tom, &run.id).await?;
    let one_digest = run.approvals.iter().all(|one| Some(&one.plan_digest) == run.plan_digest.as_ref());
    teller.check("both approved the same plan digest", run.approvals.len() == 2 && one_digest);
    teller.check("the run is applied", run.stage == "applied");
    let writes = writes_to(&world.crm, ASTER_HEALTH_RENEWAL);
    teller.check("the CRM has exactly one write to the opportunity", writes.len() == 1);
    Ok(())
}
