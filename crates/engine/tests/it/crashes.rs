//! The process ends at any commit, and the next one goes on: nothing is lost and nothing is written twice.

use std::sync::Arc;
use std::time::Duration;

use domain::run::Stage;
use engine::commands::Answer;
use store::{FaultyStore, Store};

use crate::world::{World, solve};

/// Plays the approved story on a store that dies at its nth commit, restarts, and finishes it.
async fn crash_at(nth: u64, fault: store::faults::Fault) {
    let mut inner: Option<Arc<dyn Store>> = None;
    let mut faulty: Option<Arc<FaultyStore>> = None;
    let mut world = World::start_on(|store| {
        inner = Some(Arc::clone(&store));
        let wrapped = Arc::new(FaultyStore::new(store));
        faulty = Some(Arc::clone(&wrapped));
        wrapped
    })
    .await;
    let (inner, faulty) = (inner.unwrap(), faulty.unwrap());
    faulty.plan(faulty.commits() + nth, fault);
    // As far as it gets.
    let proposed = world.propose(&world.agent, solve("48213")).await;
    if let Ok(run) = proposed
        && let Ok(view) = world.engine.show_run(&world.tom, run).await
        && let Some(digest) = view.run.plan_digest()
    {
        let _ = world.verdict(&world.maya, run, Answer::Approve, digest).await;
    }
    tokio::time::sleep(Duration::from_millis(150)).await;
    faulty.crash();
    world.restart(inner).await;
    // The agent and the approver do again what got no answer; what was saved is found.
    let list = world.engine.list_runs(&world.tom, engine::queries::RunFilter::default()).await.unwrap();
    let run = match list.items.first() {
        Some(known) => known.row.id,
        None => world.propose(&world.agent, solve("48213")).await.unwrap(),
    };
    let view = world.until(run, |view| !matches!(view.run.stage, Stage::Proposed | Stage::Previewed)).await;
    if view.run.stage == Stage::AwaitingApproval {
        let digest = view.run.plan_digest().unwrap();
        world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    }
    // Time passes until the workers have settled what the crash left open.
    let mut view = world.show(run).await;
    for _ in 0..100 {
        let waits = view.run.unknown().is_none() && view.run.stage == Stage::NeedsAttention;
        if view.run.closed.is_some() || waits {
            break;
        }
        world.clock.advance_s(5);
        tokio::time::sleep(Duration::from_millis(50)).await;
        view = world.show(run).await;
    }
    if view.run.closed.is_none() {
        let digest = view.run.plan_digest().unwrap();
        world.engine.retry(&world.tom, run, digest, None).await.unwrap();
        view = world.settled(run).await;
    }
    assert_eq!(view.run.stage, Stage::Applied, "crash at commit {nth} with {fault:?}: {view:#?}");
    assert_eq!(world.writes("48213"), 1, "crash at commit {nth} with {fault:?}");
    assert_eq!(world.field("48213", "status").await, "solved".into());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_approved_story_survives_a_crash_before_every_commit() {
    for nth in 1..=4 {
        crash_at(nth, store::faults::Fault::CrashBefore).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_approved_story_survives_a_crash_after_every_commit() {
    for nth in 1..=4 {
        crash_at(nth, store::faults::Fault::CrashAfter).await;
    }
}
