//! What was approved is what runs: a record that moved stops the write.

use domain::run::Stage;
use engine::Code;
use engine::commands::Answer;
use serde_json::json;

use crate::world::{World, refused, solve};

#[tokio::test(flavor = "multi_thread")]
async fn a_touched_field_that_moved_stops_the_write_and_asks_again() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.edit("48213", json!({"status": "hold"}));
    let writes = world.writes("48213");
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    let view = world.until(run, |view| view.run.revision == 2).await;
    assert_eq!(view.run.stage, Stage::AwaitingApproval, "approvals are void and the leads are asked again");
    assert_eq!(world.writes("48213"), writes, "nothing was written");
    assert!(view.run.approvals.is_empty());
    let moved = view.drift[0].view.as_ref().unwrap().as_array().unwrap()[0].clone();
    let word = |name: &str| moved.get(name).and_then(|value| value.as_str()).unwrap().to_owned();
    assert_eq!(
        (word("field"), word("base"), word("now"), word("proposed")),
        ("status".into(), "open".into(), "hold".into(), "solved".into())
    );
    // The old digest is worth nothing any more.
    assert_eq!(
        refused(world.verdict(&world.maya, run, Answer::Approve, digest).await),
        Code::PlanDigestMismatch
    );
    let digest = view.run.plan_digest().unwrap();
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
    assert_eq!(world.field("48213", "status").await, "solved".into());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unrelated_field_that_moved_is_recorded_and_does_not_stop_the_write() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.edit("48213", json!({"subject": "Invoice shows another VAT number"}));
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    let view = world.settled(run).await;
    assert_eq!(view.run.stage, Stage::Applied);
    let observed = view.attempts[0].observed.as_ref().unwrap();
    assert_eq!(observed.get("unrelated").unwrap().as_array().unwrap(), ["subject".into()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guarded_field_that_moved_stops_the_write() {
    let world = World::start().await;
    let mut proposal = solve("48213");
    proposal.mutations[0].guard.insert("priority".to_owned());
    let run = world.propose(&world.agent, proposal).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.edit("48213", json!({"priority": "low"}));
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    let view = world.until(run, |view| view.run.revision == 2).await;
    assert_eq!(view.drift.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_between_our_read_and_our_write_is_drift_too() {
    let world = World::start().await;
    world.fault("PUT", "/tickets/48213", simulators::FaultKind::Conflict);
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    let view = world.until(run, |view| view.run.revision == 2).await;
    assert_eq!(view.run.stage, Stage::AwaitingApproval);
    assert_eq!(view.attempts[0].code.as_deref(), Some("conflict"));
    assert_eq!(world.writes("48213"), 0);
}
