//! Who steers a run, and what they may not: own proposals, plans nobody saw, commands sent twice.

use std::time::Duration;

use domain::run::Stage;
use engine::Code;
use engine::access::Role;
use engine::admin::NewPerson;
use engine::commands::{Answer, IdempotencyKey};
use serde_json::json;
use simulators::{Fault, FaultKind};

use crate::world::{World, refused, solve, tag};

fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::new(name, proof::digest::sha256(name.as_bytes())).unwrap()
}

/// Puts a changed starter set in force. Another person than its author has to activate it.
async fn activate(world: &World, text: &str) {
    const PASSWORD: &str = "another horse battery staple";
    let author = NewPerson {
        username: "ana".to_owned(),
        name: "Ana Silva".to_owned(),
        email: None,
        password: PASSWORD.to_owned(),
        roles: [Role::PolicyAuthor].into(),
    };
    world.engine.add_person(&world.admin, author, None).await.unwrap();
    let author = world.engine.sign_in(None, "ana", PASSWORD).await.unwrap().caller;
    let set = world.engine.publish_policy(&author, "Changed", text, &[], None).await.unwrap();
    world.engine.activate_policy(&world.admin, set.summary.digest).await.unwrap();
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
    activate(&world, &late).await;
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
    activate(&world, &excluding).await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    assert_eq!(world.show(run).await.run.stage, Stage::Denied);
}
