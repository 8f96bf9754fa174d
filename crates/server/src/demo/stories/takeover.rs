//! Story 6: one controller at a time. Whoever amends does not approve; whoever approves does not hold the run.

use std::time::Duration;

use serde_json::json;

use super::super::world::writes_to;
use super::super::{Result, cue};
use super::Scene;
use crate::cli::view::Run;

/// "Fjordline Energy renewal": 198,000 in negotiation.
const OPPORTUNITY: &str = "006Hp0000001207IAA";

pub async fn play(scene: Scene<'_>) -> Result {
    let Scene { world, cast, teller, .. } = scene;
    let mutation = |amount: &str| {
        json!({
            "connector": "crm-main", "object": "opportunity", "id": OPPORTUNITY, "kind": "update",
            "changes": { "Amount": amount }, "guard": ["StageName"],
        })
    };
    teller.act("renewal-agent", "proposes");
    let reason = "The customer compares us with a competitor who is 18 % cheaper.";
    let run = cue::propose(&cast.renewal, "renewals", reason, 6_400, mutation("162360.00")).await?;
    teller.plan(&run);
    teller.lineage(&cast.renewal, &run.id).await?;

    teller.act("Ines Duarte", "takes the run over: “Too much. I talk to them myself.”");
    let why = json!({ "rationale": "Too much. I talk to them myself." });
    let run = cue::command(&cast.ines, &run, "takeover", why).await?;
    teller.lineage(&cast.ines, &run.id).await?;
    let held = run.takeover.as_ref().is_some_and(|takeover| takeover.holder.name == "Ines Duarte");
    teller.check("she is the only controller", held);
    let refusal = cue::refused(&cast.renewal, &run, "cancel", json!({})).await?;
    teller.check("the agent's commands are refused meanwhile", refusal.as_deref() == Some("run_taken_over"));

    teller.act("Ines Duarte", "amends the plan: 12 % less instead of 18 %");
    let amended = json!({
        "plan_digest": run.plan_digest, "mutations": [mutation("174240.00")], "rationale": "12 % matches the offer.",
    });
    let run: Run = cast.ines.put(&["v1", "runs", &run.id, "plan"], amended).wait(5).read().await?;
    teller.plan(&run);
    teller.lineage(&cast.ines, &run.id).await?;
    teller.check(
        "the deal desk is asked about revision 2",
        run.revision == 2 && run.stage == "awaiting_approval",
    );

    teller.act("Maya Lindqvist", "approves the amended plan");
    let run = cue::approve(&cast.maya, &run, "deal-desk", "Fine at 12 %.").await?;
    teller.lineage(&cast.maya, &run.id).await?;
    teller.check("authorized, but only the holder executes", run.attempts.is_empty());

    teller.act("Ines Duarte", "executes");
    cue::command(&cast.ines, &run, "execute", json!({ "plan_digest": run.plan_digest })).await?;
    let run = cue::until(&cast.ines, &run.id, Duration::from_secs(15), "closed", Run::is_closed).await?;
    teller.lineage(&cast.ines, &run.id).await?;
    teller.check("the run is applied", run.stage == "applied");
    let writes = writes_to(&world.crm, OPPORTUNITY);
    teller.check("the CRM has exactly one write to the opportunity", writes.len() == 1);
    Ok(())
}
