//! Takeover: one controller at a time, amendment, execution by the holder.

use domain::run::Stage;
use engine::Code;
use engine::commands::Answer;

use crate::world::{World, refused, solve, tag};

#[tokio::test(flavor = "multi_thread")]
async fn the_holder_amends_and_others_approve_and_the_holder_executes() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    world
        .engine
        .take_over(&world.tom, run, None, Some("I know this customer".to_owned()), None)
        .await
        .unwrap();
    let view = world.show(run).await;
    assert_eq!((view.run.stage, view.holder.unwrap().0.name.as_str()), (Stage::TakenOver, "Tom Okafor"));
    // The agent and everybody else are out.
    assert_eq!(refused(world.engine.cancel(&world.agent, run, None, None).await), Code::RunTakenOver);
    assert_eq!(
        refused(world.engine.take_over(&world.admin, run, None, None, None).await),
        Code::RunTakenOver
    );
    let seen = view.run.plan_digest();
    let mut mutations = solve("48213").mutations;
    mutations[0].changes.insert("priority".to_owned(), "low".into());
    let amended = world
        .engine
        .amend(&world.tom, run, seen, mutations, Some("Lower it too".to_owned()), None)
        .await
        .unwrap();
    assert_eq!((amended.run().revision, amended.run().amenders.len()), (2, 1));
    let view = world.show(run).await;
    let digest = view.run.plan_digest().unwrap();
    if view.run.stage == Stage::AwaitingApproval {
        assert_eq!(
            refused(world.verdict(&world.tom, run, Answer::Approve, digest).await),
            Code::SeparationOfDuties
        );
        world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    }
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(world.writes("48213"), 0, "the holder says when");
    world.engine.execute(&world.tom, run, digest, None).await.unwrap();
    let view = world.settled(run).await;
    assert_eq!(view.run.stage, Stage::Applied);
    assert_eq!(
        (world.field("48213", "priority").await.as_str(), world.field("48213", "status").await.as_str()),
        (Some("low"), Some("solved"))
    );
    assert_eq!(view.attempts[0].requested_by.name, "Tom Okafor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ends_in_silence_gives_the_run_back() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    world.engine.take_over(&world.tom, run, Some(60), None, None).await.unwrap();
    world.clock.advance_s(61);
    let view = world
        .until(run, |view| view.run.takeover.is_none() && view.run.stage == Stage::AwaitingApproval)
        .await;
    assert_eq!(view.run.revision, 2, "previewed and decided again for the proposer");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_done_by_hand_is_observed_and_not_authorized() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    world.engine.take_over(&world.tom, run, None, None, None).await.unwrap();
    world.edit("48213", serde_json::json!({"status": "solved"}));
    world
        .engine
        .done_by_hand(&world.tom, run, Some("Solved in the help desk".to_owned()), None)
        .await
        .unwrap();
    let view = world.settled(run).await;
    assert_eq!((view.run.stage, view.run.closed.unwrap().code.as_str()), (Stage::Cancelled, "done_by_hand"));
    let lineage = world.engine.lineage(&world.tom, run).await.unwrap();
    let observed = lineage.iter().find(|event| event.kind == "change.observed").unwrap();
    let change = observed.value("change").unwrap().as_array().unwrap()[0].clone();
    assert_eq!(change.get("now").unwrap().as_str(), Some("solved"));
}

#[tokio::test(flavor = "multi_thread")]
async fn executing_another_plan_than_the_one_seen_is_refused() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    world.settled(run).await;
    let open = world.propose(&world.agent, solve("48213")).await.unwrap();
    let other = proof::digest::sha256(b"another");
    world.engine.take_over(&world.tom, open, None, None, None).await.unwrap();
    assert_eq!(refused(world.engine.execute(&world.tom, open, other, None).await), Code::PlanDigestMismatch);
    assert_eq!(refused(world.engine.execute(&world.admin, open, other, None).await), Code::RunTakenOver);
}
