//! Takeover, amendment, cancel and every kind of expiry.

use domain::attempt::Outcome;
use domain::command::{Command, TakeOver};
use domain::event::Event;
use domain::limits::{AUTHORIZATION_S, REVISIONS_MAX, TAKEOVER_S_MAX};
use domain::run::{Basis, DecisionWord, Stage};

use crate::world::{
    ANN, HOLDER, LEASE_S, LIFE_S, OBLIGATION_S, OTHER, World, agent, applied, ask, auto, cancel,
    close_remainder, decision, diverged, drift, finish, hand_back, human, person, plan, propose, settle,
    slug, start, take_over, text, unknown, void,
};

fn held() -> World {
    World::proposed(1).then(take_over(HOLDER))
}

/// Two mutations, the first applied.
fn half() -> World {
    World::proposed(2).previewed().then(auto()).in_flight().then(applied())
}

fn until(world: &World) -> domain::time::Timestamp {
    world.run().takeover.unwrap().until
}

#[test]
fn a_takeover_voids_what_was_decided_for_the_proposer() {
    let world = World::proposed(1).previewed().then(ask()).approved(ANN, &["sales"]).then(take_over(HOLDER));
    let run = world.run();
    assert_eq!(run.stage, Stage::TakenOver);
    assert!(run.approvals.is_empty() && run.request.is_none() && run.authorization.is_none());
    assert_eq!(run.judged(), human(HOLDER));
}

#[test]
fn a_renewal_changes_only_the_end_of_the_lease() {
    let world = held().previewed().then(auto()).wait_s(60);
    let mut renewed = world.clone().then(take_over(HOLDER));
    assert_eq!(until(&renewed), start().plus_s(60 + LEASE_S));
    let run = renewed.run.as_mut().unwrap();
    run.takeover = world.run().takeover;
    run.events = world.run().events;
    run.updated = world.run().updated;
    assert_eq!(run, world.run());
}

#[test]
fn a_second_person_waits_until_the_first_gave_back() {
    let mut world = held();
    assert_eq!(world.refused(take_over(OTHER)), "run_taken_over");
    let mut over = world.clone().wait_s(LEASE_S);
    assert_eq!(over.refused(take_over(OTHER)), "run_taken_over", "the lease is over, but nobody noticed yet");
    over.must(Command::ExpireTakeover);
    over.must(take_over(OTHER));
    assert_eq!(world.refused(hand_back(OTHER)), "run_taken_over");
    world.must(hand_back(HOLDER));
    world.must(take_over(OTHER));
}

#[test]
fn nobody_takes_over_or_gives_back_while_an_attempt_is_in_flight() {
    let mut world = World::proposed(1).previewed().then(auto()).in_flight();
    assert_eq!(world.refused(take_over(HOLDER)), "mutation_unsettled");
    let mut world = held().previewed().then(auto()).in_flight();
    assert_eq!(world.refused(hand_back(HOLDER)), "mutation_unsettled");
    let mut late = world.wait_s(LEASE_S);
    assert_eq!(late.must(Command::ExpireTakeover), []);
    late.must(unknown());
    late.must(Command::ExpireTakeover);
    assert_eq!((late.stage(), late.run().takeover), (Stage::NeedsAttention, None));
}

#[test]
fn a_lease_is_as_long_as_asked_up_to_its_limit_and_the_runs_deadline() {
    let check = |world: World, lease_s: u64, expect_s: u64| {
        let mut world = world;
        world.must(Command::TakeOver(TakeOver {
            person: person(HOLDER),
            lease_s,
            operator: text("Hal"),
            rationale: text("look"),
        }));
        assert_eq!(until(&world), start().plus_s(expect_s));
    };
    check(World::proposed(1), TAKEOVER_S_MAX, TAKEOVER_S_MAX);
    check(World::proposed(1), TAKEOVER_S_MAX + 1, TAKEOVER_S_MAX);
    check(World::proposed(1).wait_s(LIFE_S - 60), LEASE_S, LIFE_S);
}

#[test]
fn while_a_run_is_held_only_the_holder_commands_it() {
    let mut world = held().previewed().then(auto());
    for command in [
        cancel(agent()),
        cancel(human(OTHER)),
        world.attempt_of(0, None),
        world.attempt_of(0, Some(agent())),
        world.attempt_of(0, Some(human(OTHER))),
        world.amend(OTHER, 1),
        close_remainder(human(OTHER)),
        Command::ObserveChange { person: person(OTHER), n: 0, change: text("x") },
    ] {
        assert_eq!(world.refused(command), "run_taken_over");
    }
    world.must(world.attempt());
}

#[test]
fn a_holder_whose_lease_is_over_commands_nothing_but_may_renew_or_give_back() {
    let world = held().previewed().then(auto()).wait_s(LEASE_S);
    for command in [cancel(human(HOLDER)), world.attempt(), world.amend(HOLDER, 1)] {
        assert_eq!(world.clone().refused(command), "takeover_expired");
    }
    world.clone().then(take_over(HOLDER));
    world.then(hand_back(HOLDER));
}

#[test]
fn a_held_run_executes_on_a_decision_for_its_holder_and_not_beyond_the_lease() {
    let world = held().previewed().wait_s(LEASE_S - 120).then(auto());
    let leave = world.run().authorization.clone().unwrap();
    assert_eq!((leave.basis, leave.expires), (Basis::Takeover, until(&world)));
    assert_eq!(world.run().decision.as_ref().unwrap().principal, person(HOLDER).to_string());
    let world = world.wait_s(118);
    let send_by = world.clone().in_flight().run().in_flight().unwrap().send_by;
    assert_eq!(send_by, until(&world), "2 seconds, not 5");
}

#[test]
fn a_lease_that_its_holder_shortened_ends_the_send_window() {
    let shorter = Command::TakeOver(TakeOver {
        person: person(HOLDER),
        lease_s: 2,
        operator: text("Hal"),
        rationale: text("soon done"),
    });
    let world = held().previewed().then(auto()).then(shorter).in_flight();
    assert_eq!(world.run().in_flight().unwrap().send_by, start().plus_s(2));
}

#[test]
fn a_node_whose_clock_is_behind_writes_the_time_of_the_last_event() {
    let mut behind = World::proposed(1).wait_s(60).previewed();
    behind.now = start();
    behind.must(auto());
    assert_eq!(behind.run().updated, start().plus_s(60));
    assert_eq!(behind.run().authorization.as_ref().unwrap().expires, start().plus_s(60 + AUTHORIZATION_S));
}

#[test]
fn giving_back_while_clean_asks_policy_again_for_the_proposer() {
    for end in [hand_back(HOLDER), Command::ExpireTakeover] {
        let world = held().previewed().then(auto()).wait_s(LEASE_S).then(end);
        let run = world.run();
        assert_eq!((run.stage, run.takeover), (Stage::Proposed, None));
        assert!(run.plan.is_none() && run.decision.is_none() && run.authorization.is_none());
        let world = world.previewed().then(auto());
        assert_eq!(world.run().authorization.as_ref().unwrap().basis, Basis::Auto);
        assert_eq!(world.run().decision.as_ref().unwrap().principal, agent().to_string());
    }
}

#[test]
fn giving_back_after_an_effect_leaves_only_the_close() {
    for end in [hand_back(HOLDER), Command::ExpireTakeover] {
        let mut world = half().then(take_over(HOLDER)).then(auto()).wait_s(LEASE_S).then(end);
        assert_eq!(world.stage(), Stage::NeedsAttention);
        assert_eq!(world.refused(auto()), "stage_conflict", "nothing more is authorized");
        assert_eq!(world.refused(world.attempt_of(1, Some(human(OTHER)))), "not_authorized");
        world.must(Command::Expire);
        assert_eq!(world.stage(), Stage::PartlyApplied);
    }
}

#[test]
fn a_takeover_of_an_unknown_outcome_ends_clean_when_nothing_had_happened() {
    let world =
        World::proposed(1).previewed().then(auto()).in_flight().then(unknown()).then(take_over(HOLDER));
    assert_eq!(world.stage(), Stage::NeedsAttention);
    let mut world = world.then(settle(0, Outcome::NotSent, "no_effect_found", true));
    assert_eq!(world.must(Command::Expire), [], "the lease still runs");
    // The holder may try again on a decision of their own.
    let retried = world.clone().then(auto()).in_flight().then(applied());
    assert_eq!(retried.stage(), Stage::Applied);
    world.must(hand_back(HOLDER));
    assert_eq!(world.stage(), Stage::Proposed);
}

#[test]
fn an_amendment_is_the_holders_names_its_plan_and_voids_everything() {
    let mut world = World::proposed(2).previewed().then(take_over(HOLDER));
    assert_eq!(world.refused(world.amend(OTHER, 1)), "run_taken_over");
    assert_eq!(World::proposed(1).refused(world.amend(HOLDER, 1)), "not_holder");
    let stale = Command::Amend {
        person: person(HOLDER),
        plan_digest: Some(plan(9)),
        mutations: 1,
        rationale: text(""),
    };
    assert_eq!(world.refused(stale), "plan_digest_mismatch");
    world.must(world.amend(HOLDER, 1));
    let run = world.run();
    assert_eq!((run.stage, run.mutations, run.plan_digest()), (Stage::Proposed, 1, None));
    assert!(run.amenders.contains(&person(HOLDER)));
    let judged = run.all_judged();
    assert!(judged.contains(&agent()) && judged.contains(&human(HOLDER)) && judged.len() == 2, "{judged:?}");
    let world = world.previewed();
    assert_eq!(world.run().revision, 2);
}

#[test]
fn a_plan_with_an_effect_or_an_open_question_is_not_amended() {
    let effect = half().then(take_over(HOLDER));
    assert_eq!(effect.clone().refused(effect.amend(HOLDER, 1)), "plan_has_effect");
    let open =
        World::proposed(1).previewed().then(auto()).in_flight().then(unknown()).then(take_over(HOLDER));
    assert_eq!(open.clone().refused(open.amend(HOLDER, 1)), "mutation_unsettled");
}

#[test]
fn a_proposer_who_takes_their_own_run_over_executes_as_its_holder() {
    let mut mine = propose(1);
    mine.by = human(HOLDER);
    let world = World::proposing(mine).then(take_over(HOLDER)).previewed().then(auto());
    assert_eq!(world.run().authorization.as_ref().unwrap().basis, Basis::Takeover);
}

#[test]
fn cancelling_ends_as_the_outcomes_say() {
    let check = |world: World, expect: &str| {
        let mut world = world;
        let answer = world.give(cancel(agent())).map_or_else(|why| why.code(), |_| world.stage().word());
        assert_eq!(answer, expect);
    };
    let authorized = || World::proposed(2).previewed().then(auto());
    check(World::proposed(1), "cancelled");
    check(authorized(), "cancelled");
    check(authorized().in_flight(), "mutation_unsettled");
    check(authorized().in_flight().then(unknown()), "mutation_unsettled");
    check(authorized().in_flight().then(diverged()), "divergence_open");
    check(authorized().in_flight().then(finish(Outcome::NotSent, "never_left", true)), "cancelled");
    check(half(), "partly_applied");
    check(half().then(cancel(agent())), "run_closed");
    check(held(), "run_taken_over");
}

#[test]
fn work_done_by_hand_is_observed_under_a_takeover_and_the_run_called_off() {
    let observe = Command::ObserveChange { person: person(HOLDER), n: 0, change: text("Amount 71400") };
    let mut world = World::proposed(1);
    assert_eq!(world.refused(observe.clone()), "not_holder");
    let done = Command::Cancel { by: human(HOLDER), code: slug("done_by_hand"), rationale: text("by phone") };
    let world = world.then(take_over(HOLDER)).then(observe).then(done);
    let closed = world.run().closed.clone().unwrap();
    assert_eq!((world.stage(), closed.code.as_str()), (Stage::Cancelled, "done_by_hand"));
    let beyond = Command::ObserveChange { person: person(HOLDER), n: 1, change: text("x") };
    assert_eq!(held().refused(beyond), "stage_conflict");
}

/// What `Expire` does one millisecond before a time, and at it.
fn check_expiry(world: &World, end_s: u64, expect: &[&str], stage: Stage) {
    let end = start().plus_s(end_s);
    let mut before = world.clone().wait_until(end.plus_ms(-1));
    assert_eq!(before.must(Command::Expire), [], "before");
    let mut at = world.clone().wait_until(end);
    let kinds: Vec<&str> = at.must(Command::Expire).iter().map(Event::kind).collect();
    assert_eq!((kinds.as_slice(), at.stage()), (expect, stage));
}

#[test]
fn silence_ends_a_run_at_its_deadline() {
    let expired = ["run.expired", "run.closed"];
    check_expiry(&World::proposed(1), LIFE_S, &expired, Stage::Expired);
    check_expiry(&World::proposed(1).previewed(), LIFE_S, &expired, Stage::Expired);
}

#[test]
fn silence_ends_a_request_for_approval() {
    let asked = World::proposed(1).previewed().then(ask());
    check_expiry(&asked, OBLIGATION_S, &["run.expired", "run.closed"], Stage::Expired);
    let code = asked.wait_s(OBLIGATION_S).then(Command::Expire).run().closed.clone().unwrap().code;
    assert_eq!(code.as_str(), "approval_expired");
}

#[test]
fn an_authorization_that_ends_while_clean_is_voided_and_otherwise_closes_what_is_left() {
    let authorized = World::proposed(2).previewed().then(auto());
    check_expiry(&authorized, AUTHORIZATION_S, &["authorization.voided"], Stage::Proposed);
    let waiting = authorized.in_flight().then(finish(Outcome::NotSent, "never_left", true));
    check_expiry(&waiting, AUTHORIZATION_S, &["authorization.voided"], Stage::Proposed);
    check_expiry(&half(), AUTHORIZATION_S, &["run.closed"], Stage::PartlyApplied);
}

#[test]
fn nothing_expires_while_an_outcome_is_open() {
    let authorized = || World::proposed(1).previewed().then(auto()).in_flight();
    for open in [authorized(), authorized().then(unknown()), authorized().then(diverged())] {
        let mut late = open.wait_s(2 * LIFE_S);
        assert_eq!(late.must(Command::Expire), []);
    }
}

#[test]
fn nothing_is_decided_approved_or_attempted_after_the_deadline() {
    let mut late = World::proposed(1).previewed().wait_s(LIFE_S);
    assert_eq!(late.refused(auto()), "deadline_passed");
    let mut late = World::proposed(1).wait_s(LIFE_S);
    assert_eq!(late.refused(late.preview()), "deadline_passed");
    assert_eq!(late.refused(take_over(HOLDER)), "stage_conflict");
    let mut late = World::proposed(1).previewed().wait_s(LIFE_S - 60).then(auto()).wait_s(60);
    assert_eq!(late.refused(late.attempt()), "authorization_expired");
}

#[test]
fn a_check_that_fails_at_dispatch_voids_while_clean_and_closes_otherwise() {
    for code in ["policy_changed", "role_lost", "connector_changed", "tightened", "store_restored"] {
        let clean = World::proposed(2).previewed().then(auto()).then(void(code));
        assert_eq!(clean.stage(), Stage::Proposed);
        let unclean = half().then(void(code));
        let closed = unclean.run().closed.clone().unwrap();
        assert_eq!((unclean.stage(), closed.code.as_str()), (Stage::PartlyApplied, code));
    }
    assert_eq!(World::proposed(1).previewed().then(auto()).refused(void("expired")), "stage_conflict");
}

#[test]
fn a_close_counts_all_events_and_names_who_asked_for_it() {
    let world = half().then(close_remainder(human(OTHER)));
    let last = world.drafts.last().unwrap();
    let Event::RunClosed(closed) = &last.event else { panic!("{last:?}") };
    assert_eq!(closed.events, u64::try_from(world.drafts.len()).unwrap());
    assert_eq!(closed.stage, Stage::PartlyApplied);
    assert_eq!(last.by, domain::principal::Actor::Principal(human(OTHER)));
}

#[test]
fn a_plan_is_revised_only_so_often() {
    let mut world = World::proposed(1);
    for revision in 1..=REVISIONS_MAX {
        assert_eq!(world.stage(), Stage::Proposed);
        world = world.previewed();
        assert_eq!(world.run().revision, revision);
        world.must(auto());
        let last = world.clone().then(take_over(HOLDER));
        assert_eq!(last.clone().give(last.preview()).is_ok(), revision < REVISIONS_MAX);
        world.must(drift(0));
    }
    let closed = world.run().closed.clone().unwrap();
    assert_eq!((world.stage(), closed.code.as_str()), (Stage::Failed, "too_many_revisions"));
}

#[test]
fn a_preview_that_is_not_possible_ends_the_run_as_failed() {
    let gone = Command::FailPreview { code: slug("record_gone") };
    let failed = World::proposed(1).then(gone.clone());
    assert_eq!(failed.run().closed.clone().unwrap().code.as_str(), "record_gone");
    assert_eq!(failed.stage(), Stage::Failed);
    // A retry waits: that is no preview.
    let mut waiting = World::proposed(1).previewed().then(auto()).in_flight().then(finish(
        Outcome::NotSent,
        "never_left",
        true,
    ));
    assert_eq!(waiting.refused(gone), "stage_conflict");
}

#[test]
fn after_the_canary_a_person_says_go_on() {
    let canary = |n| decision(DecisionWord::Auto, move |d| d.canary = Some(n));
    let world = World::proposed(3).previewed().then(canary(1)).in_flight().then(applied());
    assert_eq!(world.stage(), Stage::NeedsAttention);
    for by in [None, Some(agent())] {
        assert_eq!(world.clone().refused(world.attempt_of(1, by)), "stage_conflict");
    }
    let attempt = world.attempt_of(1, Some(human(OTHER)));
    let world = world.then(attempt).then(applied());
    assert_eq!(world.stage(), Stage::Executing, "the rest goes on by itself");
    assert_eq!(world.in_flight().then(applied()).stage(), Stage::Applied);
    let whole = World::proposed(1).previewed().then(canary(1)).in_flight().then(applied());
    assert_eq!(whole.stage(), Stage::Applied, "nothing is left to wait for");
    assert_eq!(World::proposed(1).previewed().refused(canary(0)), "stage_conflict");
}
