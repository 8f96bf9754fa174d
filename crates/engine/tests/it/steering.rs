//! Who steers a run, and what they may not: own proposals, plans nobody saw, commands sent twice.

use std::time::Duration;

use domain::run::{RecoveryKind, Stage};
use engine::Code;
use engine::commands::{Answer, IdempotencyKey};
use serde_json::json;
use simulators::{Fault, FaultKind};

use crate::bulk::open_tickets;
use crate::world::{World, refused, solve, tag};

fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::new(name, proof::digest::sha256(name.as_bytes())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_their_own_proposal_past_its_approvals() {
    let world = World::start().await;
    // Olga answers for the agent, and Tom proposes himself.
    for (proposer, taker, ticket) in
        [(&world.agent, &world.owner, "48213"), (&world.tom, &world.tom, "48209")]
    {
        let run = world.propose(proposer, solve(ticket)).await.unwrap();
        world.engine.take_over(taker, run, None, None, None).await.unwrap();
        let digest = world.show(run).await.run.plan_digest().unwrap();
        world.engine.execute(taker, run, digest, None).await.unwrap();
        let view = world.show(run).await;
        assert_eq!((view.run.stage, view.attempts.len()), (Stage::AwaitingApproval, 0), "{}", taker.name);
        let digest = view.run.plan_digest().unwrap();
        let own = world.verdict(taker, run, Answer::Approve, digest).await;
        assert_eq!(refused(own), Code::SeparationOfDuties, "{}", taker.name);
        world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
        world.engine.execute(taker, run, digest, None).await.unwrap();
        assert_eq!(world.settled(run).await.run.stage, Stage::Applied, "{}", taker.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_executes_only_what_they_saw() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    world.engine.take_over(&world.tom, run, None, None, None).await.unwrap();
    let seen = world.show(run).await.run.plan_digest().unwrap();
    world.edit("48213", json!({"status": "hold"}));
    let writes = world.writes("48213");
    let answer = world.engine.execute(&world.tom, run, seen, None).await;
    assert_eq!(refused(answer), Code::PlanDigestMismatch);
    let view = world.show(run).await;
    assert_eq!((view.attempts.len(), world.writes("48213")), (0, writes));
    assert_eq!(view.mutations[0].changes[0].before, Some("hold".into()), "shown on the base as it is now");
    let digest = view.run.plan_digest().unwrap();
    world.engine.execute(&world.tom, run, digest, None).await.unwrap();
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_executes_after_an_unknown_was_settled_as_not_sent() {
    let world = World::start().await;
    world.fault("PUT", "/tickets/48213", FaultKind::TimeoutBeforeCommit);
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    world.engine.take_over(&world.tom, run, None, None, None).await.unwrap();
    world.clock.advance_s(120);
    let view = world.until(run, |view| view.attempts[0].reconciled).await;
    assert_eq!(view.attempts[0].outcome.as_deref(), Some("not_sent"));
    let digest = view.run.plan_digest().unwrap();
    world.engine.execute(&world.tom, run, digest, None).await.unwrap();
    assert_eq!((world.settled(run).await.run.stage, world.writes("48213")), (Stage::Applied, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amendment_that_cannot_be_previewed_is_refused_and_records_nothing() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    world.engine.take_over(&world.tom, run, None, None, None).await.unwrap();
    let before = world.show(run).await.run;
    let digest = before.plan_digest();
    let status = world.field("48213", "status").await;
    let unchanged = crate::world::change("48213", &[("status", status)]);
    for mutations in [solve("99999999").mutations, unchanged.mutations] {
        let answer = world.engine.amend(&world.tom, run, digest, mutations, None, None).await;
        assert_eq!(refused(answer), Code::InvalidPlan);
        assert_eq!(world.show(run).await.run.events, before.events);
    }
    // The same for a plan that has nothing left to change when it is executed.
    world.edit("48213", json!({"status": "solved"}));
    let answer = world.engine.execute(&world.tom, run, digest.unwrap(), None).await;
    assert_eq!(refused(answer), Code::InvalidPlan);
    let view = world.show(run).await;
    assert_eq!((view.run.stage, view.run.events), (Stage::TakenOver, before.events));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_sent_twice_is_one_retry() {
    let world = World::start().await;
    let fault = Fault { times: 5, ..Fault::new(FaultKind::RateLimited).on("PUT", "/tickets/48213") };
    world.desk.faults().arm(fault).unwrap();
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    let view = world.until(run, |view| view.attempts.first().is_some_and(|a| a.outcome.is_some())).await;
    let digest = view.run.plan_digest().unwrap();
    for _ in 0..2 {
        world.engine.retry(&world.tom, run, digest, Some(&key("again"))).await.unwrap();
        assert_eq!(world.show(run).await.attempts.len(), 2);
    }
    world.engine.retry(&world.tom, run, digest, Some(&key("once-more"))).await.unwrap();
    assert_eq!(world.show(run).await.attempts.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_sent_twice_is_answered_twice_and_done_once() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    world.engine.take_over(&world.tom, run, None, None, None).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    let first = world.engine.execute(&world.tom, run, digest, Some(&key("go"))).await.unwrap();
    assert_eq!(first.run().stage, Stage::Applied);
    let second = world.engine.execute(&world.tom, run, digest, Some(&key("go"))).await.unwrap();
    assert_eq!((second.run().events, world.writes("48213")), (first.run().events, 1));
    let other = world.engine.execute(&world.tom, run, digest, Some(&key("go-again"))).await;
    assert_eq!(refused(other), Code::RunClosed);
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_for_hours_survive_a_pause_of_an_hour() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.pause("help-desk").await;
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    for _ in 0..6 {
        world.clock.advance_s(600);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    let view = world.show(run).await;
    assert_eq!((view.run.revision, view.run.approvals.len(), view.attempts.len()), (1, 1, 0));
    world.resume("help-desk").await;
    let view = world.settled(run).await;
    assert_eq!((view.run.stage, view.run.revision), (Stage::Applied, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_whom_the_rules_exclude_by_now_does_not_count() {
    let world = World::start().await;
    // The company's clock says eleven; from noon on Maya does not decide.
    let late = format!(
        "{}\n@id(\"lunch\") @title(\"Maya is out\") @obligation(\"approval\") @group(\"support-leads\") \
         @quorum(\"1\") @expires(\"PT4H\") @risk(\"low\") @exclude(\"{}\")\n\
         forbid (principal, action == Action::\"zendesk.ticket.update\", resource)\n\
         when {{ context.localHour >= 12 }} unless {{ context.approved }};",
        policy::starter(),
        world.maya.principal,
    );
    world.put_in_force(&late).await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.pause("help-desk").await;
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    world.clock.advance_s(3_600);
    world.resume("help-desk").await;
    let view = world.until(run, |view| view.run.revision == 2 && view.run.decision.is_some()).await;
    assert_eq!((view.run.stage, view.attempts.len()), (Stage::AwaitingApproval, 0));
    let digest = view.run.plan_digest().unwrap();
    let excluded = world.verdict(&world.maya, run, Answer::Approve, digest).await;
    assert_eq!(refused(excluded), Code::Excluded);
    world.verdict(&world.tom, run, Answer::Approve, digest).await.unwrap();
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_excludes_nobody_known_permits_nothing() {
    let world = World::start().await;
    let title = "@title(\"An edit solves or closes a ticket\")";
    let excluding = policy::starter().replace(title, &format!("{title} @exclude(\"maya\")"));
    world.put_in_force(&excluding).await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    assert_eq!(world.show(run).await.run.stage, Stage::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_executing_is_stopped_between_two_writes() {
    let world = World::start().await;
    let slow = Fault { times: 100, delay_ms: Some(100), ..Fault::new(FaultKind::Slow) };
    world.desk.faults().arm(slow.on("POST", "/api/v2/tickets")).unwrap();
    for stop in ["cancel", "takeover"] {
        let before = world.desk.writes().len();
        let run = world.propose(&world.agent, open_tickets(20, stop)).await.unwrap();
        let digest = world.show(run).await.run.plan_digest().unwrap();
        world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
        world.until(run, |view| view.attempts.len() > 2).await;
        match stop {
            "cancel" => world.engine.cancel(&world.tom, run, None, None).await.map(|_| ()).unwrap(),
            _ => world.engine.take_over(&world.tom, run, None, None, None).await.map(|_| ()).unwrap(),
        }
        let view = world.show(run).await;
        let stage = if stop == "cancel" { Stage::PartlyApplied } else { Stage::NeedsAttention };
        assert_eq!(view.run.stage, stage);
        let written = view.attempts.len();
        assert!((3..20).contains(&written), "{written}");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(
            (world.show(run).await.attempts.len(), world.desk.writes().len() - before),
            (written, written)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_offered_can_be_done() {
    let world = World::start().await;
    let refuse = Fault { skip: 1, ..Fault::new(FaultKind::Unauthorized) };
    world.desk.faults().arm(refuse.on("POST", "/api/v2/tickets")).unwrap();
    let run = world.propose(&world.agent, open_tickets(2, "Invoice")).await.unwrap();
    let view = world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    let digest = view.run.plan_digest().unwrap();
    let rollback = || world.engine.recover(&world.tom, run, RecoveryKind::Compensation, digest, None, None);
    assert!(view.recovery.possible.is_empty());
    assert_eq!(refused(rollback().await), Code::StageConflict);
    assert!(view.next.detail.contains("retries, or cancels"), "{}", view.next.detail);
    world.engine.cancel(&world.tom, run, None, None).await.unwrap();
    let view = world.show(run).await;
    assert_eq!(
        (view.run.stage, view.recovery.possible),
        (Stage::PartlyApplied, vec![RecoveryKind::Compensation])
    );
    rollback().await.unwrap();
}
