//! Who may approve what, for which group, how often and until when.

use std::collections::BTreeSet;

use domain::command::{Command, Verdict};
use domain::event::{Event, Obligation};
use domain::limits::{APPROVAL_S_MAX, APPROVERS_MAX, GROUPS_MAX};
use domain::run::{Basis, DecisionWord, Method, Stage};

use crate::world::{
    ANN, BEHALF, BOB, EVE, HOLDER, OBLIGATION_S, OWNER, World, agent, ask_of, auto, decision, hand_back,
    human, obligation, person, plan, propose, service, slug, start, take_over, text,
};

/// A run whose plan needs these approvals.
fn asked(obligations: Vec<Obligation>) -> World {
    World::proposed(1).previewed().then(ask_of(obligations))
}

fn edited(obligation: Obligation, edit: impl FnOnce(&mut Obligation)) -> Obligation {
    let mut obligation = obligation;
    edit(&mut obligation);
    obligation
}

fn approve(verdict: Verdict) -> Command {
    Command::Approve(Box::new(verdict))
}

fn reject(verdict: Verdict) -> Command {
    Command::Reject(Box::new(verdict))
}

/// What a verdict is answered with: the new stage, or the code of the refusal. Approve and reject alike.
fn check(world: &World, edit: impl Fn(&mut Verdict), expect: [&str; 2]) {
    let mut verdict = world.verdict(ANN, &["sales"]);
    edit(&mut verdict);
    let commands = [approve(verdict.clone()), reject(verdict.clone())];
    for (command, expect) in commands.into_iter().zip(expect) {
        let mut world = world.clone();
        let answer = world.give(command).map_or_else(|why| why.code(), |_| world.stage().word());
        assert_eq!(answer, expect, "{verdict:?}");
    }
}

#[test]
fn an_approver_completes_the_quorum_and_a_rejection_ends_the_run() {
    check(&asked(vec![obligation("sales", 1)]), |_| (), ["authorized", "rejected"]);
    check(&asked(vec![obligation("sales", 2)]), |_| (), ["awaiting_approval", "rejected"]);
}

#[test]
fn an_approval_of_another_digest_is_refused() {
    let world = asked(vec![obligation("sales", 1)]);
    check(&world, |v| v.plan_digest = plan(2), ["plan_digest_mismatch"; 2]);
}

#[test]
fn an_approval_of_an_older_revision_is_refused() {
    let first = asked(vec![obligation("sales", 1)]);
    let stale = first.approve(ANN, &["sales"]);
    let mut second = first.then(take_over(HOLDER)).then(hand_back(HOLDER)).previewed();
    second.must(ask_of(vec![obligation("sales", 1)]));
    assert_eq!(second.refused(stale), "plan_digest_mismatch");
}

#[test]
fn agents_and_services_never_approve() {
    let world = asked(vec![obligation("sales", 1)]);
    for by in [agent(), service()] {
        check(&world, |v| v.by = by, ["agent_never_approves"; 2]);
    }
}

#[test]
fn whoever_proposed_in_whatever_role_never_approves() {
    let by_agent = asked(vec![obligation("sales", 1)]);
    for proposer in [OWNER, BEHALF] {
        check(&by_agent, |v| v.by = human(proposer), ["separation_of_duties"; 2]);
    }
    let mut by_ann = propose(1);
    by_ann.by = human(ANN);
    let by_ann = World::proposing(by_ann).previewed().then(ask_of(vec![obligation("sales", 1)]));
    check(&by_ann, |_| (), ["separation_of_duties"; 2]);
}

#[test]
fn the_holder_never_approves_and_an_amender_never_does_even_after_handing_back() {
    let ask = || ask_of(vec![obligation("sales", 1)]);
    let held = World::proposed(1).then(take_over(ANN)).previewed().then(ask());
    check(&held, |_| (), ["separation_of_duties"; 2]);
    let only_held = held.then(hand_back(ANN)).previewed().then(ask());
    check(&only_held, |_| (), ["authorized", "rejected"]);
    let taken = World::proposed(1).then(take_over(ANN));
    let amend = taken.amend(ANN, 1);
    let amended = taken.then(amend).previewed().then(ask());
    check(&amended, |_| (), ["separation_of_duties"; 2]);
    let handed_back = amended.then(hand_back(ANN)).previewed().then(ask());
    check(&handed_back, |_| (), ["separation_of_duties"; 2]);
    check(&handed_back, |v| v.by = human(BOB), ["authorized", "rejected"]);
}

#[test]
fn only_members_of_asked_groups_approve_and_the_excluded_do_not() {
    let world = asked(vec![obligation("sales", 1)]);
    check(&world, |v| v.member_of.clear(), ["not_an_approver"; 2]);
    check(&world, |v| v.member_of = [slug("legal")].into(), ["not_an_approver"; 2]);
    check(&world, |v| v.group = Some(slug("legal")), ["not_an_approver"; 2]);
    let excluding = asked(vec![edited(obligation("sales", 1), |o| o.exclude = vec![person(ANN)])]);
    check(&excluding, |_| (), ["excluded"; 2]);
    check(&excluding, |v| v.by = human(BOB), ["authorized", "rejected"]);
}

#[test]
fn every_group_must_reach_its_quorum() {
    let mut world = asked(vec![obligation("sales", 2), obligation("legal", 1)]);
    for (by, groups, stage) in [
        (ANN, ["sales"], Stage::AwaitingApproval),
        (BOB, ["sales"], Stage::AwaitingApproval),
        (EVE, ["legal"], Stage::Authorized),
    ] {
        let approve = world.approve(by, &groups);
        world.must(approve);
        assert_eq!(world.stage(), stage);
    }
    let leave = world.run().authorization.clone().unwrap();
    assert_eq!(leave.basis, Basis::Approvals);
}

#[test]
fn a_person_counts_once_across_all_groups() {
    let mut world = asked(vec![obligation("sales", 2), obligation("legal", 1)]).approved(ANN, &["sales"]);
    let again = world.approve(ANN, &["sales"]);
    assert_eq!(world.refused(again), "already_approved");
    let elsewhere = world.approve(ANN, &["legal"]);
    assert_eq!(world.refused(elsewhere), "already_approved");
}

#[test]
fn a_member_of_several_lacking_groups_says_for_which_they_speak() {
    let world = asked(vec![obligation("sales", 1), obligation("legal", 1)]);
    let both = |v: &mut Verdict| v.member_of = [slug("sales"), slug("legal")].into();
    check(&world, both, ["group_required", "rejected"]);
    let named = |v: &mut Verdict| {
        both(v);
        v.group = Some(slug("legal"));
    };
    check(&world, named, ["awaiting_approval", "rejected"]);
    // With one of the two complete there is nothing to choose.
    let sales_done = world.approved(BOB, &["sales"]);
    check(&sales_done, both, ["authorized", "rejected"]);
}

#[test]
fn a_complete_group_takes_no_more_approvals_but_its_members_may_still_reject() {
    let world = asked(vec![obligation("sales", 1), obligation("legal", 1)]).approved(BOB, &["sales"]);
    check(&world, |_| (), ["group_complete", "rejected"]);
    check(&world, |v| v.group = Some(slug("sales")), ["group_complete", "rejected"]);
}

#[test]
fn whoever_approved_may_still_reject() {
    let mut world = asked(vec![obligation("sales", 2)]).approved(ANN, &["sales"]);
    let reject = world.reject(ANN, &["sales"]);
    world.must(reject);
    assert_eq!(world.stage(), Stage::Rejected);
}

#[test]
fn a_passkey_is_required_where_the_obligation_says_so() {
    let passkey = |group: &str| edited(obligation(group, 1), |o| o.method = Method::Passkey);
    let world = asked(vec![passkey("sales")]);
    check(&world, |_| (), ["passkey_required"; 2]);
    check(&world, |v| v.method = Method::Passkey, ["authorized", "rejected"]);
    // A passkey serves where a sign-in is enough; a sign-in does not serve the stronger group.
    check(&asked(vec![obligation("sales", 1)]), |v| v.method = Method::Passkey, ["authorized", "rejected"]);
    let mixed = asked(vec![obligation("legal", 1), passkey("sales")]);
    let both = |v: &mut Verdict| v.member_of = [slug("sales"), slug("legal")].into();
    check(
        &mixed,
        |v| {
            both(v);
            v.group = Some(slug("sales"));
        },
        ["passkey_required"; 2],
    );
    check(&mixed, both, ["group_required", "rejected"]);
}

#[test]
fn a_rationale_is_required_where_the_decision_says_so() {
    let world = World::proposed(1).previewed().then(decision(DecisionWord::Approval, |d| d.rationale = true));
    for empty in [text(""), text("  \n"), proof::json::Value::Null, proof::json::Value::Int(1)] {
        check(&world, |v| v.rationale = empty.clone(), ["rationale_required"; 2]);
    }
    check(&world, |_| (), ["authorized", "rejected"]);
    let silent = asked(vec![obligation("sales", 1)]);
    check(&silent, |v| v.rationale = text(""), ["authorized", "rejected"]);
}

#[test]
fn a_verdict_comes_before_the_request_ends() {
    let world = asked(vec![obligation("sales", 1)]);
    let last = world.clone().wait_until(start().plus_s(OBLIGATION_S).plus_ms(-1));
    check(&last, |_| (), ["authorized", "rejected"]);
    let over = world.wait_s(OBLIGATION_S);
    check(&over, |_| (), ["request_expired"; 2]);
}

/// When the approval that was given last expires.
fn expires(world: &World) -> domain::time::Timestamp {
    world.run().approvals.last().unwrap().expires
}

#[test]
fn an_approval_lives_as_long_as_the_shortest_of_its_limits() {
    let give = |expires_s: u64, lifetime_s: u64| {
        let mut world = asked(vec![edited(obligation("sales", 2), |o| o.expires_s = expires_s)]);
        let mut verdict = world.verdict(ANN, &["sales"]);
        verdict.lifetime_s = lifetime_s;
        world.must(approve(verdict));
        expires(&world)
    };
    assert_eq!(give(600, 1200), start().plus_s(600), "the obligation");
    assert_eq!(give(1200, 600), start().plus_s(600), "the workspace");
    assert_eq!(give(APPROVAL_S_MAX, APPROVAL_S_MAX), start().plus_s(crate::world::LIFE_S), "the run");
}

#[test]
fn an_expired_approval_counts_no_more_and_may_be_given_again() {
    let mut world = asked(vec![obligation("sales", 2)]);
    let mut short = world.verdict(ANN, &["sales"]);
    short.lifetime_s = 60;
    world.must(approve(short));
    let mut world = world.wait_s(60).approved(BOB, &["sales"]);
    assert_eq!(world.stage(), Stage::AwaitingApproval, "the first approval ran out");
    let again = world.approve(ANN, &["sales"]);
    world.must(again);
    assert_eq!(world.stage(), Stage::Authorized);
    assert_eq!(world.run().approvals.len(), 2, "one per person");
}

#[test]
fn an_approval_of_somebody_who_lost_their_seat_counts_no_more() {
    let first = asked(vec![obligation("sales", 2)]).approved(ANN, &["sales"]);
    let lapsed: BTreeSet<u64> = first.run().approvals.iter().map(|given| given.seq).collect();
    let of = |world: &World, by, lapsed: &BTreeSet<u64>| {
        approve(Verdict { lapsed: lapsed.clone(), ..world.verdict(by, &["sales"]) })
    };
    let mut second = first.clone();
    second.must(of(&first, BOB, &lapsed));
    assert_eq!(second.stage(), Stage::AwaitingApproval, "the first of the two counts no more");
    assert_eq!(second.refused(of(&second, BOB, &lapsed)), "already_approved");
    // Enrolled again, she approves anew; her earlier approval is not named.
    second.must(of(&second, ANN, &lapsed));
    assert_eq!(second.stage(), Stage::Authorized);
    let counted = second.run().authorization.as_ref().unwrap().approvals.clone();
    assert!(counted.len() == 2 && counted.is_disjoint(&lapsed));
    // A renewal counts them the same way.
    let Command::RecordDecision(mut repeated) = ask_of(vec![obligation("sales", 2)]) else { unreachable!() };
    repeated.lapsed = counted.into_iter().take(1).collect();
    assert_eq!(second.wait_s(60).refused(Command::RecordDecision(repeated)), "stage_conflict");
}

#[test]
fn an_authorization_ends_with_the_first_of_its_approvals() {
    let mut world = asked(vec![obligation("sales", 1)]);
    let mut short = world.verdict(ANN, &["sales"]);
    short.lifetime_s = 30;
    world.must(approve(short));
    let leave = world.run().authorization.clone().unwrap();
    assert_eq!(leave.expires, start().plus_s(30));
    let world = world.wait_s(29);
    let attempt = world.attempt();
    assert_eq!(world.clone().then(attempt.clone()).run().in_flight().unwrap().send_by, start().plus_s(30));
    assert_eq!(world.wait_s(1).refused(attempt), "authorization_expired");
}

#[test]
fn an_authorization_names_the_decision_and_each_approval_that_it_counts() {
    let world = asked(vec![obligation("sales", 2)]).approved(ANN, &["sales"]).approved(BOB, &["sales"]);
    let authorized = world.drafts.iter().find(|d| matches!(d.event, Event::RunAuthorized(_))).unwrap();
    let kinds: Vec<&str> = authorized
        .cause
        .iter()
        .map(|cause| match cause {
            domain::run::Cause::Own(seq) => world.drafts[usize::try_from(*seq).unwrap()].event.kind(),
            domain::run::Cause::Foreign(_) => "foreign",
        })
        .collect();
    assert_eq!(kinds, ["policy.decided", "approval.given", "approval.given"]);
}

#[test]
fn a_decision_for_approval_must_be_possible_to_meet() {
    let check = |obligations: Vec<Obligation>, expect: &str| {
        let mut world = World::proposed(1).previewed();
        let told = format!("{obligations:?}");
        let answer = world.give(ask_of(obligations)).map_or_else(|why| why.code(), |_| "accepted");
        assert_eq!(answer, expect, "{told}");
    };
    let groups = |count: usize, quorum| (0..count).map(|n| obligation(&format!("g{n}"), quorum)).collect();
    check(vec![], "policy_names_no_group");
    check(vec![obligation("sales", 0)], "stage_conflict");
    check(vec![edited(obligation("sales", 1), |o| o.expires_s = 0)], "stage_conflict");
    check(vec![obligation("sales", 1), obligation("sales", 1)], "stage_conflict");
    check(groups(GROUPS_MAX, 1), "accepted");
    check(groups(GROUPS_MAX + 1, 1), "stage_conflict");
    let most = u32::try_from(APPROVERS_MAX).unwrap();
    check(vec![obligation("sales", most)], "accepted");
    check(vec![obligation("sales", most), obligation("legal", 1)], "stage_conflict");
    let mut world = World::proposed(1).previewed();
    let auto_that_asks = decision(DecisionWord::Auto, |d| d.obligations = vec![obligation("sales", 1)]);
    assert_eq!(world.refused(auto_that_asks), "stage_conflict");
}

#[test]
fn a_decision_by_another_policy_set_than_the_plans_is_refused() {
    let mut world = World::proposed(1).previewed();
    let other = decision(DecisionWord::Auto, |d| d.policy = proof::digest::sha256(b"another set"));
    assert_eq!(world.refused(other.clone()), "stage_conflict");
    world.must(auto());
    assert_eq!(world.refused(other), "stage_conflict");
}

#[test]
fn a_repeated_decision_renews_and_never_loosens_what_approvals_must_meet() {
    let mut world = asked(vec![obligation("sales", 1)]).approved(ANN, &["sales"]).wait_s(60);
    let first = world.run().authorization.clone().unwrap();
    world.must(ask_of(vec![obligation("sales", 1)]));
    let renewed = world.run().authorization.clone().unwrap();
    assert!(renewed.expires > first.expires);
    for more in [
        vec![obligation("sales", 2)],
        vec![obligation("sales", 1), obligation("legal", 1)],
        vec![edited(obligation("sales", 1), |o| o.exclude = vec![person(ANN)])],
        vec![edited(obligation("sales", 1), |o| o.method = Method::Passkey)],
    ] {
        assert_eq!(world.refused(ask_of(more)), "stage_conflict");
    }
    assert_eq!(world.run().authorization, Some(renewed), "a refused renewal changes nothing");
    assert_eq!(world.refused(crate::world::deny()), "stage_conflict");
}

#[test]
fn a_verdict_needs_a_stage_in_which_it_is_asked_for() {
    let not_asked = World::proposed(1).previewed().then(auto());
    check(&not_asked, |_| (), ["not_awaiting_approval"; 2]);
    let over = asked(vec![obligation("sales", 1)]).then(crate::world::cancel(agent()));
    check(&over, |v| v.plan_digest = plan(1), ["run_closed"; 2]);
}
