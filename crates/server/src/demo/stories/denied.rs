//! Story 3: two walls. What the connector does not list cannot even be proposed; what a rule forbids no approval cures.

use serde_json::json;

use super::super::world::writes_to;
use super::super::{Fault, Result, cue};
use super::Scene;

/// "Ember & Oak starter kit".
const OPPORTUNITY: &str = "006Hp0000001211IAA";
/// Another account executive.
const OTHER_OWNER: &str = "005Hp0000000104IAA";

pub async fn play(scene: Scene<'_>) -> Result {
    let Scene { world, cast, teller, .. } = scene;
    let mutation = |kind: &str| json!({ "connector": "crm-main", "object": "opportunity", "id": OPPORTUNITY, "kind": kind });

    teller.act("renewal-agent", "proposes to reassign the owner");
    let mut reassign = mutation("update");
    if let Some(members) = reassign.as_object_mut() {
        members.insert("changes".to_owned(), json!({ "OwnerId": OTHER_OWNER }));
    }
    let reason = "Looks like a duplicate of Lena's deal.";
    let code = match cue::propose(&cast.renewal, "renewals", reason, 9_900, reassign).await {
        Ok(_) => None,
        Err(Fault::Api(failure)) => {
            teller.aside(&failure.report());
            failure.code().map(str::to_owned)
        }
        Err(fault) => return Err(fault),
    };
    teller.check(
        "refused at the door: the owner is on no list of writable fields",
        code.as_deref() == Some("unknown_target"),
    );

    teller.act("renewal-agent", "proposes to delete it instead");
    let run = cue::propose(&cast.renewal, "renewals", reason, 9_900, mutation("delete")).await?;
    teller.plan(&run);
    let run = teller.lineage(&cast.renewal, &run.id).await?;
    teller.check("the run is denied and closed", run.stage == "denied" && run.is_closed());
    let rules = run.decision.map(|decision| decision.rules).unwrap_or_default();
    teller.check("the rule that forbids it is named", rules.iter().any(|rule| rule == "crm.deny.delete"));
    teller.check("the CRM has no write to it", writes_to(&world.crm, OPPORTUNITY).is_empty());
    Ok(())
}
