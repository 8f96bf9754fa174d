//! Lost answers: unknown blocks, a look settles, nothing is written twice.

use domain::attempt::Outcome;
use domain::run::Stage;
use engine::Code;
use engine::commands::Settlement;
use simulators::FaultKind;

use crate::world::{World, refused, tag};

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_after_the_commit_is_unknown_and_then_found_applied() {
    let world = World::start().await;
    world.fault("PUT", "/tickets/48213", FaultKind::TimeoutAfterCommit);
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    let view = world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    assert_eq!(view.attempts[0].outcome.as_deref(), Some("unknown"));
    let digest = view.run.plan_digest().unwrap();
    assert_eq!(refused(world.engine.retry(&world.tom, run, digest, None).await), Code::MutationUnsettled);
    // Another run on the same record waits.
    let other = world.propose(&world.agent, tag("48213", &["other"])).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let blocked = world.show(other).await;
    assert_eq!((blocked.run.stage, blocked.next.blocked.unwrap().run), (Stage::Authorized, Some(run)));
    world.clock.advance_s(120);
    let view = world.settled(run).await;
    assert_eq!(view.run.stage, Stage::Applied);
    assert!(view.attempts[0].reconciled);
    assert_eq!(view.attempts[0].code.as_deref(), Some("key_lookup"));
    assert_eq!(view.attempts.len(), 1, "it was not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_before_the_commit_is_settled_as_not_sent_and_tried_again() {
    let world = World::start().await;
    world.fault("PUT", "/tickets/48213", FaultKind::TimeoutBeforeCommit);
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    world.clock.advance_s(120);
    let view = world.until(run, |view| view.attempts[0].reconciled).await;
    assert_eq!(
        (view.attempts[0].outcome.as_deref(), view.attempts[0].code.as_deref()),
        (Some("not_sent"), Some("no_effect_found"))
    );
    let digest = view.run.plan_digest().unwrap();
    world.engine.retry(&world.tom, run, digest, None).await.unwrap();
    let view = world.settled(run).await;
    assert_eq!((view.run.stage, view.attempts.len(), world.writes("48213")), (Stage::Applied, 2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_rate_limit_is_tried_again_by_itself() {
    let world = World::start().await;
    world.fault("PUT", "/tickets/48213", FaultKind::RateLimited);
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    let view = world.until(run, |view| view.attempts.first().is_some_and(|a| a.outcome.is_some())).await;
    assert_eq!(
        (view.attempts[0].outcome.as_deref(), view.attempts[0].code.as_deref()),
        (Some("rejected"), Some("rate_limited"))
    );
    world.clock.advance_s(31);
    let view = world.settled(run).await;
    assert_eq!((view.run.stage, view.attempts.len(), world.writes("48213")), (Stage::Applied, 2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_write_is_diverged_and_waits_for_a_person() {
    let world = World::start().await;
    world.partial("/tickets/48213", &["tags"]);
    let mut proposal = tag("48213", &["vat"]);
    proposal.mutations[0].changes.insert("priority".to_owned(), "urgent".into());
    let run = world.propose(&world.agent, proposal).await.unwrap();
    let view = world.until(run, |view| view.run.open_divergence().is_some()).await;
    assert_eq!(view.attempts[0].outcome.as_deref(), Some("diverged"));
    let differs =
        view.attempts[0].read_back.as_ref().unwrap().get("differs").unwrap().as_array().unwrap().len();
    assert_eq!(differs, 1);
    let digest = view.run.plan_digest().unwrap();
    let why = Some("The tags do not matter".to_owned());
    world.engine.accept_divergence(&world.tom, run, digest, 0, why, None).await.unwrap();
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_settles_only_after_the_write_can_no_longer_land() {
    let world = World::start().await;
    world.fault("PUT", "/tickets/48213", FaultKind::TimeoutAfterCommit);
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    let view = world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    let settlement = Settlement {
        plan_digest: view.run.plan_digest().unwrap(),
        n: 0,
        outcome: Outcome::Applied,
        rationale: Some("I looked".to_owned()),
    };
    assert_eq!(
        refused(world.engine.settle(&world.tom, run, settlement, None).await),
        Code::MutationUnsettled
    );
}
