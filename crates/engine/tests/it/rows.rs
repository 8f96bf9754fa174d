//! Lists, inbox and record history are what the leaves say, and can be made anew from them.

use domain::run::{RecoveryKind, Stage};
use engine::commands::Answer;
use simulators::FaultKind;
use store::{Commit, Extent, Projection};

use crate::bulk::open_tickets;
use crate::world::{World, solve, tag};

/// Runs in many stages: applied, rolled back, failed, denied, waiting, unknown, in bulk, amended.
async fn company(world: &World) {
    let applied = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    let digest = world.settled(applied).await.run.plan_digest().unwrap();
    let recover = world.engine.recover(&world.tom, applied, RecoveryKind::Rollback, digest, None, None);
    let child = recover.await.unwrap().run().id;
    let view = world.show(child).await;
    if view.run.stage == Stage::AwaitingApproval {
        let digest = view.run.plan_digest().unwrap();
        world.verdict(&world.maya, child, Answer::Approve, digest).await.unwrap();
    }
    world.settled(child).await;
    world.propose(&world.agent, tag("999999", &["x"])).await.unwrap();
    world.propose(&world.agent, open_tickets(300, "Too many")).await.unwrap();
    world.propose(&world.agent, solve("48209")).await.unwrap();
    let bulk = world.propose(&world.agent, open_tickets(30, "Invoice")).await.unwrap();
    let digest = world.show(bulk).await.run.plan_digest().unwrap();
    world.verdict(&world.maya, bulk, Answer::Approve, digest).await.unwrap();
    world.settled(bulk).await;
    let amended = world.propose(&world.agent, solve("48213")).await.unwrap();
    world.engine.take_over(&world.tom, amended, None, None, None).await.unwrap();
    let digest = world.show(amended).await.run.plan_digest();
    let plan = tag("48213", &["urgent"]).mutations;
    world.engine.amend(&world.tom, amended, digest, plan, None, None).await.unwrap();
    world.fault("PUT", "/tickets/48201", FaultKind::TimeoutAfterCommit);
    let unknown = world.propose(&world.agent, tag("48201", &["vat"])).await.unwrap();
    world.until(unknown, |view| view.run.stage == Stage::NeedsAttention).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_are_what_the_leaves_say_and_are_made_anew_when_they_are_not() {
    let world = World::start().await;
    company(&world).await;
    let review = async |rebuild| world.engine.review_rows(world.ws, rebuild, |_| ()).await.unwrap();
    let sound = review(false).await;
    assert!(sound.runs >= 8 && sound.damaged.is_empty(), "{sound:?}");
    assert_eq!(sound.differing, []);
    // Somebody changes rows past us: the stage of one run, the records of another.
    let list = world.engine.list_runs(&world.tom, engine::queries::RunFilter::default()).await.unwrap();
    let mut commit = Commit::new(world.ws, domain::time::Timestamp::from_millis(0));
    let mut changed = Vec::new();
    for (item, stage) in list.items.iter().zip(["applied", "denied"]) {
        let mut row = item.row.clone();
        changed.push(row.id);
        stage.clone_into(&mut row.stage);
        row.risk = Some("critical".to_owned());
        commit.projections.push(Projection {
            row,
            waits: Vec::new(),
            touches: Vec::new(),
            record_tokens: vec![[9; 32]],
            extent: Extent::Whole,
        });
    }
    world.engine.store().commit(commit).await.unwrap();
    changed.sort();
    assert_eq!(review(false).await.differing, changed);
    assert_eq!(review(true).await.differing, changed);
    assert_eq!(review(false).await.differing, []);
    let again = world.engine.list_runs(&world.tom, engine::queries::RunFilter::default()).await.unwrap();
    assert_eq!(again, list);
}
