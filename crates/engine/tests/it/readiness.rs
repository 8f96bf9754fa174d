//! What governed runs prove about their connector: once a day, by themselves, and without disturbing a run.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::attempt::Outcome;
use domain::run::{RecoveryKind, Stage};
use engine::commands::{Answer, Settlement};
use engine::control::ReadinessFact;
use simulators::FaultKind;

use crate::bulk::open_tickets;
use crate::safety::blind;
use crate::world::{World, slug, solve, tag};

const DAY_S: u64 = 24 * 3600;

type Facts = BTreeMap<String, ReadinessFact>;

async fn facts(world: &World) -> Facts {
    world.engine.show_connector(&world.admin, &slug("help-desk")).await.unwrap().readiness
}

/// Waits until these facts are known; the test ends when they never are.
async fn until(world: &World, done: impl Fn(&Facts) -> bool) -> Facts {
    for _ in 0..400 {
        let known = facts(world).await;
        if done(&known) {
            return known;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the facts stay {:#?}", facts(world).await);
}

fn names(facts: &Facts) -> Vec<&str> {
    facts.keys().map(String::as_str).collect()
}

/// Who wrote how many facts down.
async fn recorded(world: &World) -> usize {
    let acts = world.engine.audit(&world.admin, None, 500).await.unwrap();
    let lanes = acts.iter().filter(|act| act.kind == "lane.changed");
    lanes.inspect(|act| assert_eq!(act.by.kind, "system", "{act:?}")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_a_dry_run_and_an_applied_write_a_live_write() {
    let world = World::start().await;
    let waiting = world.propose(&world.agent, solve("48209")).await.unwrap();
    let known = until(&world, |facts| !facts.is_empty()).await;
    assert_eq!(names(&known), ["dry-run"]);
    assert!(known["dry-run"].ok && known["dry-run"].detail.contains(&waiting.to_string()), "{known:?}");
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
    let known = until(&world, |facts| facts.contains_key("live-write")).await;
    assert_eq!(names(&known), ["dry-run", "live-write"]);
    assert!(known["live-write"].detail.contains(&run.to_string()), "{known:?}");
    // What waits for people is not disturbed by a control epoch that moves on.
    let digest = world.show(waiting).await.run.plan_digest().unwrap();
    world.verdict(&world.maya, waiting, Answer::Approve, digest).await.unwrap();
    assert_eq!(world.settled(waiting).await.run.stage, Stage::Applied);
}

/// Starts many runs while the first facts are recorded: each loses its dispatch to the epoch at most for a moment.
#[tokio::test(flavor = "multi_thread")]
async fn runs_that_are_about_to_write_while_a_fact_is_recorded_write_once_and_lose_nothing() {
    let world = World::start().await;
    let mut runs = Vec::new();
    for n in 0..12 {
        runs.push(world.propose(&world.agent, open_tickets(1, &format!("Invoice {n}"))).await.unwrap());
    }
    for run in runs {
        assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
        let events = world.engine.lineage(&world.tom, run).await.unwrap();
        assert!(events.iter().all(|event| event.kind != "authorization.voided"), "{events:#?}");
    }
    assert_eq!(world.desk.writes().len(), 12);
    until(&world, |facts| facts.contains_key("live-write")).await;
    assert_eq!(recorded(&world).await, 1, "both facts at once, and once for all runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_is_recorded_once_a_day_however_many_runs_prove_it() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag("48213", &["first"])).await.unwrap();
    world.settled(run).await;
    let first = until(&world, |facts| facts.contains_key("live-write")).await;
    let count = recorded(&world).await;
    for n in 0..5 {
        let tags = format!("again-{n}");
        world.settled(world.propose(&world.agent, tag("48213", &[&tags])).await.unwrap()).await;
    }
    world.clock.advance_s(DAY_S - 1);
    world.settled(world.propose(&world.agent, tag("48213", &["last"])).await.unwrap()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        (facts(&world).await["live-write"].at.clone(), recorded(&world).await),
        (first["live-write"].at.clone(), count)
    );
    world.clock.advance_s(1);
    let run = world.propose(&world.agent, tag("48213", &["tomorrow"])).await.unwrap();
    world.settled(run).await;
    let next = until(&world, |facts| facts["live-write"].at > first["live-write"].at).await;
    assert!(next["live-write"].detail.contains(&run.to_string()), "{next:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_restored_everything_proves_rollbacks() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    let digest = world.settled(run).await.run.plan_digest().unwrap();
    // A rollback that finds a conflict proves nothing.
    world.edit("48213", serde_json::json!({"tags": ["escalated"]}));
    let recover = || world.engine.recover(&world.tom, run, RecoveryKind::Rollback, digest, None, None);
    let failed = recover().await.unwrap().run().id;
    assert_eq!(world.settled(failed).await.run.stage, Stage::Failed);
    until(&world, |facts| facts.contains_key("live-write")).await;
    world.edit("48213", serde_json::json!({"tags": ["vat"]}));
    let child = recover().await.unwrap().run().id;
    let view = world.show(child).await;
    if view.run.stage == Stage::AwaitingApproval {
        world.verdict(&world.maya, child, Answer::Approve, view.run.plan_digest().unwrap()).await.unwrap();
    }
    assert_eq!(world.settled(child).await.run.stage, Stage::Applied);
    let known = until(&world, |facts| facts.contains_key("rollback-proven")).await;
    assert!(known["rollback-proven"].detail.contains(&child.to_string()), "{known:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_that_a_look_settled_is_a_drill_and_one_that_a_person_settled_is_none() {
    let world = World::start().await;
    blind(&world);
    let run = world.propose(&world.agent, open_tickets(1, "Invoice")).await.unwrap();
    let view = world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    world.clock.advance_s(120);
    let settlement = Settlement {
        plan_digest: view.run.plan_digest().unwrap(),
        n: 0,
        outcome: Outcome::Applied,
        rationale: Some("Seen in the help desk".to_owned()),
    };
    world.engine.settle(&world.tom, run, settlement, None).await.unwrap();
    world.settled(run).await;
    world.desk.faults().clear();
    world.fault("PUT", "/tickets/48213", FaultKind::TimeoutAfterCommit);
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    until(&world, |facts| facts.contains_key("dry-run")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(names(&facts(&world).await), ["dry-run"], "a person's word proves nothing");
    world.clock.advance_s(120);
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
    let known = until(&world, |facts| facts.contains_key("unknown-drill")).await;
    assert_eq!(names(&known), ["dry-run", "live-write", "unknown-drill"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_see_what_runs_proved_until_it_expires() {
    let world = World::start().await;
    let careful = r#"
        @id("test.ask.widen")
        @title("Nothing is solved before a write was seen to work")
        @risk("medium")
        forbid (principal, action == Action::"zendesk.ticket.update", resource)
        when { context.changedFields.contains("status") }
        unless { context.lane.readiness.contains("live-write") };
    "#;
    world.put_in_force(&format!("{}\n{careful}", policy::starter())).await;
    let early = world.propose(&world.agent, solve("48209")).await.unwrap();
    assert_eq!(world.settled(early).await.run.stage, Stage::Denied);
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    world.settled(run).await;
    until(&world, |facts| facts.contains_key("live-write")).await;
    let later = world.propose(&world.agent, solve("48209")).await.unwrap();
    assert_eq!(world.show(later).await.run.stage, Stage::AwaitingApproval);
    world.clock.advance_s(30 * DAY_S);
    let late = world.propose(&world.agent, solve("48209")).await.unwrap();
    assert_eq!(world.settled(late).await.run.stage, Stage::Denied);
}
