//! Story 1: propose → preview → `auto` → applied, proven by a fresh read.

use serde_json::json;

use super::super::world::writes_to;
use super::super::{Result, cue};
use super::Scene;

/// "New delivery address for order 20466": new, normal.
pub const TICKET: &str = "48206";

pub async fn play(scene: Scene<'_>) -> Result {
    let Scene { world, cast, teller, .. } = scene;
    teller.act("triage-agent", "proposes");
    let reason = "Order 20466 ships tomorrow, and the customer says that the address is wrong.";
    let mutation = json!({
        "connector": "help-desk", "object": "ticket", "id": TICKET, "kind": "update",
        "changes": { "priority": "high", "tags": ["address", "order-20466"] },
    });
    let run = cue::propose(&cast.triage, "triage", reason, 9_200, mutation).await?;
    teller.plan(&run);
    let run = cue::closed(&cast.triage, &run.id).await?;
    teller.lineage(&cast.triage, &run.id).await?;
    teller.check("nobody was asked: policy decided auto", run.approvals.is_empty());
    teller.check("the run is applied", run.stage == "applied");
    let writes = writes_to(&world.help_desk, TICKET);
    teller.check("the help desk has exactly one write to the ticket", writes.len() == 1);
    Ok(())
}
