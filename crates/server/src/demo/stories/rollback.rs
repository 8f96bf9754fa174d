//! Story 7: recovery is a run of its own. It never overwrites what somebody else did since, and says `rolled_back` only
//! after a fresh read.

use serde_json::json;
use simulators::salesforce::ASTER_HEALTH_RENEWAL;

use super::super::teller as narrate;
use super::super::world::{edit, writes_to};
use super::super::{Fault, Played, Result, cue};
use super::routine::TICKET;
use super::{Scene, Teller};
use crate::cli::client::Client;
use crate::cli::view::Run;

pub async fn play(scene: Scene<'_>) -> Result {
    let Scene { world, cast, teller, played } = scene;
    let renewal = earlier(&cast.ines, played, 1).await?;
    teller.aside("Dana Whitlock, in the CRM itself, changes the next step.");
    edit(&world.crm, "Opportunity", ASTER_HEALTH_RENEWAL, json!({ "NextStep": "Contract signed, book it" }))?;
    let before = writes_to(&world.crm, ASTER_HEALTH_RENEWAL).len();

    teller.act("Ines Duarte", "rolls back the renewal of story 2");
    let child = roll_back(&cast.ines, &renewal, "The customer went back on it.").await?;
    let child = cue::closed(&cast.ines, &child.id).await?;
    teller.lineage(&cast.ines, &child.id).await?;
    narrate::conflicts(&child);
    teller.check("the conflict is shown with all three values", !child.conflicts.is_empty());
    let code = child.closed.as_ref().and_then(|closed| closed.code.as_deref());
    teller.check(
        "the rollback ended without effect, as a conflict",
        child.stage == "failed" && code == Some("conflict"),
    );
    let after = writes_to(&world.crm, ASTER_HEALTH_RENEWAL).len();
    teller.check("nothing of Dana's was overwritten", after == before);
    let parent = cue::read(&cast.ines, &renewal.id).await?;
    teller.check("the renewal is still applied, not “rolled back”", parent.stage == "applied");

    clean(&cast.ines, &cast.maya, teller, &earlier(&cast.ines, played, 0).await?).await?;
    let writes = writes_to(&world.help_desk, TICKET).len();
    teller.check("two writes to the ticket: the change and its undo", writes == 2);
    Ok(())
}

/// The undo of story 1, which nobody stands in the way of.
async fn clean(operator: &Client, lead: &Client, teller: &mut Teller, ticket: &Run) -> Result {
    teller.act("Ines Duarte", "rolls back the ticket of story 1");
    let child = roll_back(operator, ticket, "The address was right after all.").await?;
    teller.plan(&child);
    teller.lineage(operator, &child.id).await?;
    teller.act("Maya Lindqvist", "approves the undo, which is governed like any other change");
    cue::approve(lead, &child, "support-leads", "Right, undo it.").await?;
    let child = cue::closed(lead, &child.id).await?;
    teller.lineage(lead, &child.id).await?;
    teller.check("the undo is applied", child.stage == "applied");
    let parent = cue::read(lead, &ticket.id).await?;
    teller.check("the first run is rolled back, proven by a fresh read", parent.stage == "rolled_back");
    Ok(())
}

async fn roll_back(operator: &Client, run: &Run, why: &str) -> Result<Run> {
    let body = json!({ "plan_digest": run.plan_digest, "rationale": why });
    cue::command(operator, run, "rollback", body).await
}

/// The run of an earlier story.
async fn earlier(client: &Client, played: &[Played], story: usize) -> Result<Run> {
    let run = played.get(story).and_then(|story| story.run.as_deref());
    let run = run.ok_or(Fault::Missing(story + 1))?;
    cue::read(client, run).await
}
