//! Rollback as a run of its own.

use domain::run::{RecoveryKind, Stage};
use engine::Code;
use engine::commands::{Answer, Proposal};
use serde_json::json;
use simulators::{Fault, FaultKind};

use crate::bulk::{open_tickets, tickets};
use crate::world::{World, refused, solve, tag};

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_restores_the_old_values_and_says_so_only_after_a_read_back() {
    let world = World::start().await;
    let before = world.field("48213", "tags").await;
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    let digest = world.settled(run).await.run.plan_digest().unwrap();
    let why = Some("Wrong customer".to_owned());
    let child =
        world.engine.recover(&world.tom, run, RecoveryKind::Rollback, digest, why, None).await.unwrap();
    let child = child.run().id;
    let view = world.show(child).await;
    assert_eq!(view.run.recovers, Some((run, RecoveryKind::Rollback)));
    assert_eq!(world.show(run).await.run.recovery.as_ref().map(|open| open.run), Some(child));
    if view.run.stage == Stage::AwaitingApproval {
        let digest = view.run.plan_digest().unwrap();
        world.verdict(&world.maya, child, Answer::Approve, digest).await.unwrap();
    }
    assert_eq!(world.settled(child).await.run.stage, Stage::Applied);
    let parent = world.until(run, |view| view.run.closed.is_some()).await;
    assert_eq!(parent.run.stage, Stage::RolledBack);
    assert_eq!(parent.recovery.runs[0].2.as_deref(), Some("restored"));
    assert_eq!(world.field("48213", "tags").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_somebody_else_moved_is_shown_and_not_overwritten() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    let digest = world.settled(run).await.run.plan_digest().unwrap();
    world.edit("48213", json!({"tags": ["escalated"]}));
    let writes = world.writes("48213");
    let child =
        world.engine.recover(&world.tom, run, RecoveryKind::Rollback, digest, None, None).await.unwrap();
    let view = world.settled(child.run().id).await;
    assert_eq!(
        (view.run.stage, view.run.closed.as_ref().unwrap().code.as_str()),
        (Stage::Failed, "conflict")
    );
    let conflicts = view.recovery.conflicts.unwrap();
    let field = conflicts.as_array().unwrap()[0].get("fields").unwrap().as_array().unwrap()[0].clone();
    assert_eq!(field.get("now").unwrap().as_array().unwrap(), ["escalated".into()]);
    assert_eq!(world.writes("48213"), writes);
    let parent = world.until(run, |view| view.run.closed.is_some()).await;
    assert_eq!((parent.run.stage, parent.recovery.runs[0].2.as_deref()), (Stage::Applied, Some("conflict")));
    // It can be tried again once the conflict is gone.
    world.edit("48213", json!({"tags": ["vat"]}));
    let again =
        world.engine.recover(&world.tom, run, RecoveryKind::Rollback, digest, None, None).await.unwrap();
    assert_ne!(again.run().id, child.run().id);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_rolled_back_twice_and_not_without_an_effect() {
    let world = World::start().await;
    let waiting = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(waiting).await.run.plan_digest().unwrap();
    let refusal = world.engine.recover(&world.tom, waiting, RecoveryKind::Rollback, digest, None, None).await;
    assert_eq!(refused(refusal), Code::NothingToRecover);
    let run = world.propose(&world.agent, tag("48209", &["vat"])).await.unwrap();
    let digest = world.settled(run).await.run.plan_digest().unwrap();
    let other = proof::digest::sha256(b"another plan");
    let refusal = world.engine.recover(&world.tom, run, RecoveryKind::Rollback, other, None, None).await;
    assert_eq!(refused(refusal), Code::PlanDigestMismatch);
    let refusal = world.engine.recover(&world.tom, run, RecoveryKind::Compensation, digest, None, None).await;
    assert_eq!(refused(refusal), Code::Irreversible);
    let refusal = world.engine.recover(&world.agent, run, RecoveryKind::Rollback, digest, None, None).await;
    assert_eq!(refused(refusal), Code::Forbidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_takes_up_the_rest_and_never_repeats_what_was_written() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
    let branch = |ticket: &str| Proposal { branched_from: Some(run), ..tag(ticket, &["again"]) };
    let repeated = world.propose(&world.agent, branch("48213")).await;
    assert_eq!(refused(repeated), Code::PlanHasEffect);
    // The same ticket under another spelling of its number.
    let child = world.propose(&world.agent, branch("048213")).await.unwrap();
    let view = world.settled(child).await;
    assert_eq!((view.run.stage, view.run.closed.unwrap().code.as_str()), (Stage::Failed, "branch_repeats"));
    let rest = world.propose(&world.agent, branch("48209")).await.unwrap();
    let view = world.settled(rest).await;
    assert_eq!((view.run.stage, view.run.branched_from), (Stage::Applied, Some(run)));
    assert_eq!((world.writes("48213"), world.writes("48209")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_waits_until_its_parent_is_over_and_makes_only_what_was_not_made() {
    let world = World::start().await;
    let refuse = Fault { skip: 1, ..Fault::new(FaultKind::Unauthorized) };
    world.desk.faults().arm(refuse.on("POST", "/api/v2/tickets")).unwrap();
    let run = world.propose(&world.agent, open_tickets(2, "Invoice")).await.unwrap();
    world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    let branch = |plan: Vec<_>| Proposal { branched_from: Some(run), mutations: plan, ..tag("48213", &[]) };
    let rest = || vec![tickets(2, "Invoice").remove(1)];
    assert_eq!(refused(world.propose(&world.agent, branch(rest())).await), Code::StageConflict);
    world.engine.cancel(&world.tom, run, None, None).await.unwrap();
    let again = world.propose(&world.agent, branch(tickets(2, "Invoice"))).await.unwrap();
    assert_eq!(world.settled(again).await.run.closed.unwrap().code.as_str(), "branch_repeats");
    let rest = world.propose(&world.agent, branch(rest())).await.unwrap();
    assert_eq!(world.settled(rest).await.run.stage, Stage::Applied);
    assert_eq!(world.desk.writes().len(), 2);
}
