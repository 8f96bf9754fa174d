//! Auto, approval, denial, and who may approve what.

use domain::attempt::Outcome;
use domain::mutation::RecordRef;
use domain::run::{Risk, Stage};
use engine::Code;
use engine::admin::PrincipalChange;
use engine::commands::Answer;
use engine::queries::RunFilter;
use proof::json::Value;

use crate::world::{World, refused, slug, solve, tag};

#[tokio::test(flavor = "multi_thread")]
async fn a_small_edit_runs_by_itself_and_is_proven_by_read_back() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag("48213", &["billing", "vat"])).await.unwrap();
    let view = world.settled(run).await;
    assert_eq!(view.run.stage, Stage::Applied);
    let attempt = view.run.progress[0].attempts[0].result.clone().unwrap();
    assert_eq!((attempt.outcome, attempt.code.as_str()), (Outcome::Applied, "read_back"));
    assert_eq!(world.field("48213", "tags").await, Value::Array(vec!["billing".into(), "vat".into()]));
    assert_eq!(world.writes("48213"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn solving_a_ticket_waits_for_the_leads_and_runs_once_they_agree() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let view = world.show(run).await;
    assert_eq!(view.run.stage, Stage::AwaitingApproval);
    assert_eq!(view.run.decision.as_ref().unwrap().risk, Risk::Medium);
    assert_eq!(world.writes("48213"), 0, "nothing is written before the approval");
    let digest = view.run.plan_digest().unwrap();
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    let view = world.settled(run).await;
    assert_eq!(view.run.stage, Stage::Applied);
    assert_eq!(view.approvals[0].person.name, "Maya Lindqvist");
    assert_eq!(world.field("48213", "status").await, "solved".into());
    assert_eq!(world.writes("48213"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_digest_is_refused_and_nothing_is_recorded() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let before = world.show(run).await.run.events;
    let other = proof::digest::sha256(b"another plan");
    let refusal = world.verdict(&world.maya, run, Answer::Approve, other).await;
    assert_eq!(refused(refusal), Code::PlanDigestMismatch);
    assert_eq!(world.show(run).await.run.events, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_their_own_proposal_on_any_path() {
    let world = World::start().await;
    // The agent, and the person who answers for it.
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    assert_eq!(
        refused(world.verdict(&world.agent, run, Answer::Approve, digest).await),
        Code::AgentNeverApproves
    );
    assert_eq!(
        refused(world.verdict(&world.owner, run, Answer::Approve, digest).await),
        Code::SeparationOfDuties
    );
    // A person outside the group.
    assert_eq!(refused(world.verdict(&world.admin, run, Answer::Approve, digest).await), Code::NotAnApprover);
    // The person who proposed, though a member of the group.
    let own = world.propose(&world.tom, solve("48209")).await.unwrap();
    let digest = world.show(own).await.run.plan_digest().unwrap();
    assert_eq!(
        refused(world.verdict(&world.tom, own, Answer::Approve, digest).await),
        Code::SeparationOfDuties
    );
    assert_eq!(
        refused(world.verdict(&world.tom, own, Answer::Reject, digest).await),
        Code::SeparationOfDuties
    );
    // The person for whom the agent acts.
    let mut proposal = solve("48201");
    proposal.on_behalf_of = world.maya.principal.person();
    let behalf = world.propose(&world.agent, proposal).await.unwrap();
    let digest = world.show(behalf).await.run.plan_digest().unwrap();
    assert_eq!(
        refused(world.verdict(&world.maya, behalf, Answer::Approve, digest).await),
        Code::SeparationOfDuties
    );
    assert_eq!(world.writes("48213") + world.writes("48209") + world.writes("48201"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rejection_ends_the_run() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.verdict(&world.maya, run, Answer::Reject, digest).await.unwrap();
    let view = world.settled(run).await;
    assert_eq!(view.run.stage, Stage::Rejected);
    assert_eq!(refused(world.verdict(&world.tom, run, Answer::Approve, digest).await), Code::RunClosed);
    assert_eq!(world.writes("48213"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_request_expires_and_never_executes() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    world.clock.advance_s(4 * 3600 + 1);
    let view = world.settled(run).await;
    assert_eq!(
        (view.run.stage, view.run.closed.unwrap().code.as_str()),
        (Stage::Expired, "approval_expired")
    );
    assert_eq!(world.writes("48213"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_refused_with_the_place_and_a_hint() {
    let world = World::start().await;
    let check = async |edit: fn(&mut engine::commands::Proposal), code: Code, pointer: &str| {
        let mut proposal = tag("48213", &["x"]);
        edit(&mut proposal);
        let error = world.engine.propose(&world.agent, proposal, None).await.unwrap_err();
        assert_eq!((error.code, error.pointer.as_deref().unwrap_or_default()), (code, pointer), "{error}");
    };
    check(
        |p| p.mutations[0].changes = [("colour".to_owned(), "red".into())].into(),
        Code::UnknownTarget,
        "/plan/mutations/0/changes/colour",
    )
    .await;
    check(
        |p| p.mutations[0].changes = [("priority".to_owned(), "huge".into())].into(),
        Code::InvalidValue,
        "/plan/mutations/0/changes/priority",
    )
    .await;
    check(
        |p| p.mutations[0].changes = [("subject".to_owned(), Value::Int(7))].into(),
        Code::InvalidValue,
        "/plan/mutations/0/changes/subject",
    )
    .await;
    check(
        |p| p.mutations[0].object = domain::name::Slug::parse("invoice").unwrap(),
        Code::UnknownTarget,
        "/plan/mutations/0/object",
    )
    .await;
    check(
        |p| p.mutations[0].connector = domain::name::Slug::parse("nowhere").unwrap(),
        Code::UnknownTarget,
        "/plan/mutations/0/connector",
    )
    .await;
    check(|p| p.workflow = domain::name::Slug::parse("unknown").unwrap(), Code::UnknownWorkflow, "/workflow")
        .await;
    check(|p| p.mutations.push(p.mutations[0].clone()), Code::InvalidPlan, "/plan/mutations/1").await;
    check(|p| p.mutations.clear(), Code::InvalidPlan, "/plan/mutations").await;
    check(|p| p.reason = " ".to_owned(), Code::InvalidRequest, "/reason").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_gone_fails_the_run_and_says_so() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag("999999", &["x"])).await.unwrap();
    let view = world.settled(run).await;
    assert_eq!((view.run.stage, view.run.closed.unwrap().code.as_str()), (Stage::Failed, "record_not_found"));
    // Lists still show what it was about, and the record's name finds it.
    let record = RecordRef { connector: slug("help-desk"), object: slug("ticket"), id: "999999".to_owned() };
    let found = RunFilter { record: Some(record), ..RunFilter::default() };
    let listed = world.engine.list_runs(&world.tom, found).await.unwrap().items;
    assert_eq!(listed.len(), 1);
    let row = &listed[0].row;
    assert_eq!(
        (row.connector.as_str(), row.object.as_str(), row.action.as_str()),
        ("help-desk", "ticket", "update")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_commits_first_wins() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.pause("help-desk").await;
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let view = world.show(run).await;
    assert_eq!((view.run.stage, world.writes("48213")), (Stage::Authorized, 0));
    assert_eq!(view.next.blocked.unwrap().code, "paused");
    world.resume("help-desk").await;
    world.clock.advance_s(5);
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_who_left_the_group_before_dispatch_does_not_count() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.pause("help-desk").await;
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    world.leave("support-leads", &world.maya).await;
    world.resume("help-desk").await;
    world.clock.advance_s(5);
    let view = world.until(run, |view| view.run.revision == 2).await;
    assert_eq!(view.run.stage, Stage::AwaitingApproval);
    assert_eq!(world.writes("48213"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_the_group_and_came_back_approves_anew() {
    let world = World::start().await;
    world.put_in_force(&policy::starter().replace(r#"@quorum("1")"#, r#"@quorum("2")"#)).await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    let given = async || world.show(run).await.obligations[0].given;
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    world.clock.advance_s(1);
    world.leave("support-leads", &world.maya).await;
    assert_eq!(given().await, 0, "what she approved counts no more");
    let maya = world.maya.principal.person().unwrap();
    world.engine.enrol(&world.admin, &slug("support-leads"), maya, None).await.unwrap();
    assert_eq!(given().await, 0, "nor does it when she is back");
    world.verdict(&world.tom, run, Answer::Approve, digest).await.unwrap();
    let view = world.show(run).await;
    assert_eq!(
        (view.run.stage, view.run.revision, view.obligations[0].given),
        (Stage::AwaitingApproval, 1, 1)
    );
    let (inbox, _) = world.engine.inbox(&world.maya, None, None).await.unwrap();
    assert_eq!((inbox[0].given, inbox[0].can_decide), (1, true));
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    assert_eq!(world.settled(run).await.run.stage, Stage::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_approved_before_their_account_was_closed_counts_no_more() {
    let world = World::start().await;
    world.put_in_force(&policy::starter().replace(r#"@quorum("1")"#, r#"@quorum("2")"#)).await;
    let run = world.propose(&world.agent, solve("48213")).await.unwrap();
    let digest = world.show(run).await.run.plan_digest().unwrap();
    world.verdict(&world.maya, run, Answer::Approve, digest).await.unwrap();
    for disabled in [true, false] {
        world.clock.advance_s(1);
        let change = PrincipalChange { disabled: Some(disabled), ..PrincipalChange::default() };
        world.engine.change_principal(&world.admin, world.maya.principal, change).await.unwrap();
        assert_eq!(world.show(run).await.obligations[0].given, 0, "disabled: {disabled}");
    }
    world.verdict(&world.tom, run, Answer::Approve, digest).await.unwrap();
    assert_eq!(world.show(run).await.run.stage, Stage::AwaitingApproval);
}
