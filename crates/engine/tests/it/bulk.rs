//! Plans of many records: their size, their budget, and the lane of each of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::mutation::{Fields, Kind, ProposedMutation};
use domain::run::Stage;
use engine::commands::{Answer, Proposal};
use engine::control::PauseKind;
use simulators::{Fault, FaultKind};

use crate::world::{World, slug, solve, tag};

/// New tickets, each with a subject of its own.
pub fn tickets(count: usize, subject: &str) -> Vec<ProposedMutation> {
    let ticket = |n| ProposedMutation {
        connector: slug("help-desk"),
        object: slug("ticket"),
        id: None,
        kind: Kind::Create,
        action: None,
        changes: Fields::from([
            ("subject".to_owned(), format!("{subject} {n}").as_str().into()),
            ("description".to_owned(), "Please send the invoice again".into()),
        ]),
        arguments: Fields::new(),
        guard: BTreeSet::new(),
    };
    (0..count).map(ticket).collect()
}

/// A proposal to open that many tickets.
pub fn open_tickets(count: usize, subject: &str) -> Proposal {
    Proposal { mutations: tickets(count, subject), ..tag("48213", &[]) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_a_thousand_records_is_kept_and_denied_by_the_budget() {
    let world = World::start().await;
    let run = world.propose(&world.agent, open_tickets(1_000, "Invoice")).await.unwrap();
    let view = world.show(run).await;
    assert_eq!((view.run.stage, view.run.mutations), (Stage::Denied, 1_000));
    let rules: Vec<_> = view.run.decision.unwrap().rules.iter().map(ToString::to_string).collect();
    assert_eq!(rules, ["helpdesk.deny.usage"]);
    // What was denied uses nothing.
    let small = world.propose(&world.agent, open_tickets(1, "Reminder")).await.unwrap();
    assert_eq!(world.settled(small).await.run.stage, Stage::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_approval_lets_thirty_records_be_written_once_each() {
    let world = World::start().await;
    let run = world.propose(&world.agent, open_tickets(30, "Invoice")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    let view = world.settled(run).await;
    assert_eq!((view.run.stage, view.attempts.len()), (Stage::Applied, 30));
    assert_eq!(world.desk.writes().len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_many_kilobytes_is_written_and_read_back() {
    let world = World::start().await;
    let mut proposal = open_tickets(1, "Long letter");
    let letter = "x".repeat(32_000);
    proposal.mutations[0].changes.insert("description".to_owned(), letter.as_str().into());
    let run = world.propose(&world.agent, proposal).await.unwrap();
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_hundreds_of_kilobytes_is_previewed_drifts_and_is_written() {
    let world = World::start().await;
    let tags = |count| (0..count).map(|n| format!("imported-from-the-old-desk-{n:06}")).collect::<Vec<_>>();
    world.edit("48213", serde_json::json!({ "tags": tags(6_000) }));
    let mut proposal = solve("48213");
    proposal.mutations[0].guard.insert("tags".to_owned());
    let run = world.propose(&world.agent, proposal).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.edit("48213", serde_json::json!({ "tags": tags(6_001) }));
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    let view = world.until(run, |view| view.run.revision == 2).await;
    let moved = view.drift[0].view.as_ref().unwrap().as_array().unwrap()[0].clone();
    let count = |side: &str| moved.get(side).unwrap().as_array().unwrap().len();
    assert_eq!((count("base"), count("now")), (6_000, 6_001));
    let digest = view.run.plan_digest().unwrap();
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_of_one_agent_at_once_are_all_answered() {
    let world = Arc::new(World::start().await);
    let mut proposals = tokio::task::JoinSet::new();
    for n in 0..40 {
        let world = Arc::clone(&world);
        proposals.spawn(async move {
            world.propose(&world.agent, open_tickets(8, &format!("Invoice {n}"))).await
        });
    }
    let runs: BTreeSet<_> = proposals.join_all().await.into_iter().map(Result::unwrap).collect();
    assert_eq!(runs.len(), 40);
    let mut denied = 0;
    for run in runs {
        denied += usize::from(world.show(run).await.run.stage == Stage::Denied);
    }
    assert_eq!(denied, 15, "200 records an hour are 25 plans of 8, in whatever order they came");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_decision_does_not_count_the_run_against_itself() {
    let world = World::start().await;
    let run = world.propose(&world.agent, open_tickets(120, "Invoice")).await.unwrap();
    assert_eq!(world.show(run).await.run.stage, Stage::AwaitingApproval);
    world.engine.take_over(&world.tom, run, None, None, None).await.unwrap();
    world.engine.hand_back(&world.tom, run, None, None).await.unwrap();
    let view = world.until(run, |view| view.run.revision == 2 && view.run.decision.is_some()).await;
    assert_eq!(view.run.stage, Stage::AwaitingApproval, "120 of 200 an hour: {:?}", view.explanation);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amended_plan_does_not_take_the_budget_of_other_runs() {
    let world = World::start().await;
    world.propose(&world.agent, open_tickets(150, "Invoice")).await.unwrap();
    let mut proposal = solve("48213");
    proposal.mutations[0].changes.insert("priority".to_owned(), "low".into());
    let run = world.propose(&world.agent, proposal).await.unwrap();
    world.engine.take_over(&world.tom, run, None, None, None).await.unwrap();
    let digest = world.show(run).await.run.plan_digest();
    world.engine.amend(&world.tom, run, digest, tickets(150, "Reminder"), None, None).await.unwrap();
    let view = world.show(run).await;
    assert_eq!(view.run.stage, Stage::Denied, "300 of 200 an hour: {:?}", view.explanation);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_lane_stops_the_mutation_in_it_wherever_it_stands_in_the_plan() {
    let world = World::start().await;
    let mut proposal = tag("48213", &["vat"]);
    proposal.mutations.push(ProposedMutation {
        id: Some("48209".to_owned()),
        kind: Kind::Invoke,
        action: Some(slug("resolve")),
        changes: Fields::new(),
        ..proposal.mutations[0].clone()
    });
    let run = world.propose(&world.agent, proposal).await.unwrap();
    let lane = "triage/help-desk/zendesk.ticket.resolve";
    world.engine.set_pause(&world.tom, PauseKind::Lane, lane, None, None).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    world.until(run, |view| view.attempts.iter().any(|attempt| attempt.outcome.is_some())).await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!((world.writes("48213"), world.writes("48209")), (1, 0));
    world.engine.lift_pause(&world.tom, PauseKind::Lane, lane, None).await.unwrap();
    world.clock.advance_s(5);
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
    assert_eq!(world.writes("48209"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ended_without_effect_gives_its_budget_back() {
    let world = World::start().await;
    let fault = Fault { times: 5, ..Fault::new(FaultKind::RateLimited).on("POST", "/tickets") };
    world.desk.faults().arm(fault).unwrap();
    let run = world.propose(&world.agent, open_tickets(150, "Invoice")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    world.until(run, |view| view.attempts.first().is_some_and(|a| a.outcome.is_some())).await;
    world.engine.cancel(&world.tom, run, None, None).await.unwrap();
    assert!(world.settled(run).await.run.is_clean());
    let next = world.propose(&world.agent, open_tickets(150, "Reminder")).await.unwrap();
    let view = world.show(next).await;
    assert_eq!(view.run.stage, Stage::AwaitingApproval, "150 of 200 an hour: {:?}", view.explanation);
}
