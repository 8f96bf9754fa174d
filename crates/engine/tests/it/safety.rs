//! Nothing is written, settled or undone on a mistaken belief: about the record, the connector, the plan or the time.

use std::sync::Arc;
use std::time::Duration;

use domain::attempt::Outcome;
use domain::id::RunId;
use domain::mutation::{Environment, Fields, Kind};
use domain::run::{RecoveryKind, Stage};
use engine::Code;
use engine::admin::ConnectorSettings;
use engine::commands::{Answer, Settlement};
use proof::json::Value;
use serde_json::json;
use simulators::{Fault, FaultKind, Simulator};
use store::{Commit, NewDocument, Store};

use crate::bulk::open_tickets;
use crate::world::{World, credentials, refused, slug, solve, tag};

/// Lets every read of a ticket fail until the faults are cleared.
pub fn blind(world: &World) {
    let fault = Fault { times: 500, ..Fault::new(FaultKind::ServerError).on("GET", "/api/v2/tickets/") };
    world.desk.faults().arm(fault).unwrap();
}

/// Another help desk of the same kind.
async fn another_desk() -> Simulator {
    simulators::start(simulators::Kind::Zendesk, "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

/// Lets the connector point at this desk.
async fn point_at(world: &World, desk: &Simulator) {
    let settings = ConnectorSettings {
        system: slug("zendesk"),
        environment: Environment::Simulation,
        base_url: Some(desk.base_url()),
        credentials: Some(credentials()),
    };
    world.engine.change_connector(&world.admin, &slug("help-desk"), settings).await.unwrap();
}

/// Plans a recovery, which has to be possible, and lets a lead approve it if they are asked.
async fn recover(world: &World, run: RunId, kind: RecoveryKind) -> RunId {
    let digest = world.show(run).await.run.plan_digest().unwrap();
    let child = world.engine.recover(&world.tom, run, kind, digest, None, None).await.unwrap().run().id;
    let view = world.show(child).await;
    if view.run.stage == Stage::AwaitingApproval {
        let digest = view.run.plan_digest().unwrap();
        world.verdict(&world.maya, child, Answer::Approve, digest).await.unwrap();
    }
    child
}

/// What a person found when they looked at the record.
fn found(outcome: Outcome, plan_digest: proof::digest::Digest) -> Settlement {
    Settlement { plan_digest, n: 0, outcome, rationale: Some("I looked".to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_record_whose_read_back_failed_is_found_later() {
    let world = World::start().await;
    blind(&world);
    let run = world.propose(&world.agent, open_tickets(1, "Invoice")).await.unwrap();
    world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    world.desk.faults().clear();
    world.clock.advance_s(120);
    let view = world.settled(run).await;
    assert_eq!((view.run.stage, view.attempts.len()), (Stage::Applied, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_record_that_a_person_settled_can_be_taken_back() {
    let world = World::start().await;
    blind(&world);
    let run = world.propose(&world.agent, open_tickets(1, "Invoice")).await.unwrap();
    let view = world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    world.clock.advance_s(120);
    let settlement = found(Outcome::Applied, view.run.plan_digest().unwrap());
    world.engine.settle(&world.tom, run, settlement, None).await.unwrap();
    world.desk.faults().clear();
    let child = recover(&world, run, RecoveryKind::Compensation).await;
    assert_eq!(world.settled(child).await.run.stage, Stage::Applied);
    world.until(run, |view| view.run.recovery.is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_others_edited_since_is_not_deleted_unseen() {
    let world = World::start().await;
    let run = world.propose(&world.agent, open_tickets(1, "Invoice")).await.unwrap();
    let view = world.settled(run).await;
    let ticket = view.attempts[0].read_back.as_ref().and_then(|seen| seen.get("handle")?.as_str());
    let ticket = ticket.unwrap().to_owned();
    let digest = view.run.plan_digest().unwrap();
    let compensation = RecoveryKind::Compensation;
    let child = world.engine.recover(&world.tom, run, compensation, digest, None, None).await.unwrap();
    let child = child.run().id;
    let digest = world.show(child).await.run.plan_digest().unwrap();
    // After the approver looked at it, somebody makes something else of it.
    world.edit(&ticket, json!({"subject": "Escalated by the CEO", "priority": "urgent"}));
    world.verdict(&world.maya, child, Answer::Approve, digest).await.unwrap();
    let view = world.until(child, |view| view.run.revision == 2).await;
    assert_eq!((view.attempts.len(), view.drift.len()), (0, 1));
    assert_eq!(world.field(&ticket, "subject").await, "Escalated by the CEO".into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_not_sent_to_a_ticket_that_others_edited_since() {
    let world = World::start().await;
    let mut proposal = tag("48213", &[]);
    let reply = &mut proposal.mutations[0];
    reply.kind = Kind::Invoke;
    reply.action = Some(slug("reply"));
    reply.changes = Fields::new();
    reply.arguments = Fields::from([("body".to_owned(), "We corrected your invoice".into())]);
    let run = world.propose(&world.agent, proposal).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.edit("48213", json!({"subject": "Please do not answer, we sue"}));
    let writes = world.writes("48213");
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    let view = world.until(run, |view| view.run.revision == 2).await;
    assert_eq!((view.attempts.len(), world.writes("48213")), (0, writes));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_plan_does_not_run_on_another_base_url() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    let other = another_desk().await;
    point_at(&world, &other).await;
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    let view = world.until(run, |view| view.run.revision == 2 && view.run.decision.is_some()).await;
    assert_eq!((view.run.stage, view.attempts.len()), (Stage::AwaitingApproval, 0));
    assert_eq!((world.writes("48213"), other.writes().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_of_a_connector_that_changed_is_settled_by_a_person_and_frees_the_record() {
    let world = World::start().await;
    world.fault("PUT", "/tickets/48213", FaultKind::TimeoutBeforeCommit);
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    let view = world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    point_at(&world, &another_desk().await).await;
    world.clock.advance_s(120);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(world.show(run).await.run.unknown().is_some(), "the other desk is not asked");
    let settlement = found(Outcome::NotSent, view.run.plan_digest().unwrap());
    world.engine.settle(&world.tom, run, settlement, None).await.unwrap();
    assert_eq!(world.show(run).await.attempts[0].outcome.as_deref(), Some("not_sent"));
    point_at(&world, &world.desk).await;
    let next = world.propose(&world.agent, tag("48213", &["paid"])).await.unwrap();
    assert_eq!(world.settled(next).await.run.stage, Stage::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_the_journal_does_not_know_was_not_sent_whatever_the_record_holds() {
    let world = World::start().await;
    world.fault("PUT", "/tickets/48213", FaultKind::TimeoutBeforeCommit);
    let mut proposal = tag("48213", &[]);
    let resolve = &mut proposal.mutations[0];
    resolve.kind = Kind::Invoke;
    resolve.action = Some(slug("resolve"));
    resolve.changes = Fields::new();
    resolve.arguments = Fields::from([("note".to_owned(), "The refund is booked".into())]);
    let run = world.propose(&world.agent, proposal).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    // Somebody else solves the ticket, without the note.
    world.edit("48213", json!({"status": "solved"}));
    world.clock.advance_s(120);
    let view = world.until(run, |view| view.attempts[0].reconciled).await;
    assert_eq!(view.attempts[0].outcome.as_deref(), Some("not_sent"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_process_waits_on_its_own_clock_until_a_write_can_no_longer_land() {
    let mut kept: Option<Arc<dyn Store>> = None;
    let mut world = World::start_on(|store| {
        kept = Some(Arc::clone(&store));
        store
    })
    .await;
    world.fault("PUT", "/tickets/48213", FaultKind::TimeoutBeforeCommit);
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    world.until(run, |view| view.run.stage == Stage::NeedsAttention).await;
    // The wall clock says that much time passed; the new process saw none of it.
    world.clock.advance_s(120);
    world.restart(kept.unwrap()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(world.show(run).await.run.unknown().is_some());
    // It counts from its first look, whenever that was.
    let mut view = world.show(run).await;
    for _ in 0..100 {
        if view.attempts[0].reconciled {
            break;
        }
        world.clock.advance_s(30);
        tokio::time::sleep(Duration::from_millis(50)).await;
        view = world.show(run).await;
    }
    assert_eq!(view.attempts[0].code.as_deref(), Some("no_effect_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_that_always_answers_conflict_is_asked_ever_more_seldom() {
    let world = World::start().await;
    let fault = Fault { times: 500, ..Fault::new(FaultKind::Conflict).on("PUT", "/tickets/48213") };
    world.desk.faults().arm(fault).unwrap();
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    for _ in 0..15 {
        world.clock.advance_s(4);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let view = world.show(run).await;
    assert!(view.run.revision > 3, "it was tried again: {}", view.run.revision);
    assert!(view.attempts.len() < 12, "{} write requests in one minute", view.attempts.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_documents_that_were_not_approved_are_not_taken_for_the_plan() {
    let mut kept: Option<Arc<dyn Store>> = None;
    let mut world = World::start_on(|store| {
        kept = Some(Arc::clone(&store));
        store
    })
    .await;
    let store = kept.unwrap();
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    // Somebody who can write to the database slips another mutation under the plan.
    let other = world.propose(&world.agent, solve("48209")).await.unwrap();
    let bytes = store.documents(world.ws, other, 1).await.unwrap().remove(0).bytes;
    let mut commit = Commit::new(world.ws, domain::time::Timestamp::from_millis(1_795_000_001_000));
    commit.documents.push(NewDocument { run, revision: 1, n: 1, bytes });
    store.commit(commit).await.unwrap();
    world.restart(store).await;
    assert_eq!(refused(world.verdict(&world.maya, run, Answer::Approve, digest).await), Code::Internal);
    assert_eq!((world.writes("48213"), world.writes("48209")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_of_a_recovery_ends_all_three_runs() {
    let world = World::start().await;
    let mut proposal = tag("48213", &["vat"]);
    proposal.mutations[0].changes.insert("priority".to_owned(), "urgent".into());
    let top = world.propose(&world.agent, proposal).await.unwrap();
    world.settled(top).await;
    world.partial("/tickets/48213", &["tags"]);
    let middle = recover(&world, top, RecoveryKind::Rollback).await;
    world.until(middle, |view| view.run.open_divergence().is_some()).await;
    let low = recover(&world, middle, RecoveryKind::Rollback).await;
    assert_eq!(world.settled(low).await.run.stage, Stage::Applied);
    world.until(middle, |view| view.run.recovery.is_none() && view.run.closed.is_some()).await;
    let view = world.until(top, |view| view.run.recovery.is_none()).await;
    assert_eq!(view.run.stage, Stage::Applied, "what was undone is in force again");
    // So it can be undone once more.
    let again = recover(&world, top, RecoveryKind::Rollback).await;
    assert_eq!(world.settled(again).await.run.stage, Stage::Applied);
    world.until(top, |view| view.run.stage == Stage::RolledBack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_diverged_is_rolled_back_from_what_was_read_back() {
    let world = World::start().await;
    let before = world.field("48213", "tags").await;
    // An automation of the help desk adds a tag between our write and our read.
    let mut fault = Fault::new(FaultKind::Drift).on("GET", "/api/v2/tickets/48213");
    fault.skip = 2;
    fault.set = json!({"tags": ["vat", "trigger"]}).as_object().unwrap().clone();
    world.desk.faults().arm(fault).unwrap();
    let run = world.propose(&world.agent, tag("48213", &["vat"])).await.unwrap();
    world.until(run, |view| view.run.open_divergence().is_some()).await;
    let child = recover(&world, run, RecoveryKind::Rollback).await;
    assert_eq!(world.settled(child).await.run.stage, Stage::Applied);
    assert_eq!(world.field("48213", "tags").await, before);
    world.until(run, |view| view.run.stage == Stage::RolledBack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_rollback_leaves_out_what_somebody_restored_by_hand() {
    let world = World::start().await;
    let before = (world.field("48213", "tags").await, world.field("48209", "tags").await);
    let mut proposal = tag("48213", &["vat"]);
    proposal.mutations.extend(tag("48209", &["vat"]).mutations);
    let run = world.propose(&world.agent, proposal).await.unwrap();
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
    let tags: Vec<_> = before.1.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    world.edit("48209", json!({"tags": tags}));
    let writes = world.writes("48209");
    let child = recover(&world, run, RecoveryKind::Rollback).await;
    let view = world.settled(child).await;
    assert_eq!((view.run.stage, view.run.mutations, world.writes("48209")), (Stage::Applied, 1, writes));
    assert_eq!((world.field("48213", "tags").await, world.field("48209", "tags").await), before);
}
