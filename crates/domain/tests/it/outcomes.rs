//! What follows an outcome, and how an unknown one is settled.

use domain::attempt::{EvidenceLevel, Guarantee, Outcome};
use domain::command::{Command, Reconcile, StartAttempt};
use domain::event::Event;
use domain::limits::{ATTEMPTS_MAX, SEND_WINDOW_MS};
use domain::mutation::Environment;
use domain::run::{DecisionWord, Stage};

use crate::world::{
    ANN, BEHALF, HOLDER, OTHER, OWNER, World, agent, applied, auto, decision, diverged, document, drift,
    finish, human, plan, propose, settle, start, take_over, text, unknown,
};

/// A run of `count` mutations of which the first `done` are applied and the next is in flight.
fn flying(count: u32, done: u32) -> World {
    let authorized = World::proposed(count).previewed().then(auto());
    (0..done).fold(authorized, |world, _| world.in_flight().then(applied())).in_flight()
}

/// Where a run stands after an outcome, by the rules as prose gives them.
fn expected(outcome: Outcome, code: &str, retryable: bool, done: u32, count: u32) -> (Stage, bool) {
    let ended = if done == 0 { Stage::Failed } else { Stage::PartlyApplied };
    match outcome {
        Outcome::Unknown | Outcome::Diverged => (Stage::NeedsAttention, false),
        Outcome::Applied if done + 1 == count => (Stage::Applied, true),
        Outcome::Applied => (Stage::Executing, false),
        Outcome::Rejected if code == "conflict" && done == 0 => (Stage::Proposed, false),
        Outcome::Rejected if code == "conflict" => (Stage::PartlyApplied, true),
        Outcome::Rejected | Outcome::NotSent if retryable => (Stage::NeedsAttention, false),
        Outcome::Rejected | Outcome::NotSent => (ended, true),
    }
}

#[test]
fn every_outcome_at_every_position_leads_where_the_rules_say() {
    for count in 1..=3 {
        for done in 0..count {
            for outcome in Outcome::ALL.iter().copied() {
                for code in ["conflict", "rate_limited"] {
                    for retryable in [false, true] {
                        let world = flying(count, done).then(finish(outcome, code, retryable));
                        let run = world.run();
                        let told = format!("{outcome} {code} {retryable} {done}/{count}");
                        let stands = (run.stage, run.closed.is_some());
                        assert_eq!(stands, expected(outcome, code, retryable, done, count), "{told}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_settled_outcome_leads_where_the_outcome_itself_would_have_led() {
    for count in 1..=3 {
        for done in 0..count {
            for (outcome, code, retryable) in [
                (Outcome::Applied, "read_back", false),
                (Outcome::Diverged, "read_back", false),
                (Outcome::NotSent, "no_effect_found", true),
                (Outcome::NotSent, "no_effect_found", false),
                (Outcome::Rejected, "conflict", false),
                (Outcome::Rejected, "invalid_value", false),
            ] {
                let world = flying(count, done).then(unknown()).then(settle(done, outcome, code, retryable));
                let run = world.run();
                let stands = (run.stage, run.closed.is_some());
                assert_eq!(
                    stands,
                    expected(outcome, code, retryable, done, count),
                    "{outcome} {done}/{count}"
                );
            }
        }
    }
}

#[test]
fn a_conflict_drifts_while_clean_and_closes_what_is_left_otherwise() {
    let conflict = || finish(Outcome::Rejected, "conflict", false);
    let clean = flying(2, 0).then(conflict());
    assert_eq!(clean.drafts.last().unwrap().event.kind(), "plan.drifted");
    let again = clean.previewed();
    assert_eq!((again.run().revision, again.stage()), (2, Stage::Previewed));
    let unclean = flying(2, 1).then(conflict());
    assert_eq!(unclean.run().closed.clone().unwrap().code.as_str(), "conflict");
    let seen_before = World::proposed(2).previewed().then(auto()).then(drift(1));
    assert_eq!(seen_before.stage(), Stage::Proposed);
    let seen_later = flying(2, 1).then(applied());
    assert_eq!(seen_later.clone().refused(drift(1)), "run_closed");
}

#[test]
fn an_attempt_repeats_up_to_its_limit_with_the_same_key() {
    let refused = || finish(Outcome::Rejected, "rate_limited", true);
    let mut world = World::proposed(1).previewed().then(auto());
    for attempt in 1..=ATTEMPTS_MAX {
        world = world.in_flight();
        assert_eq!(world.run().in_flight().unwrap().attempt, attempt);
        world.must(refused());
        let open = attempt < ATTEMPTS_MAX;
        assert_eq!(world.stage(), if open { Stage::NeedsAttention } else { Stage::Failed });
    }
    let attempts = &world.run().progress[0].attempts;
    assert!(attempts.iter().all(|attempt| attempt.key == attempts[0].key));
}

#[test]
fn what_may_not_be_repeated_is_refused() {
    let mut unknown_one = flying(1, 0).then(unknown());
    assert_eq!(unknown_one.refused(unknown_one.attempt()), "mutation_unsettled");
    let mut diverged_one = flying(1, 0).then(diverged());
    assert_eq!(diverged_one.refused(diverged_one.attempt()), "divergence_open");
    let mut half = flying(2, 1).then(finish(Outcome::NotSent, "never_left", true));
    assert_eq!(half.refused(half.attempt_of(0, None)), "not_retryable");
    assert_eq!(half.refused(half.attempt_of(2, None)), "stage_conflict");
    let mut first = World::proposed(2).previewed().then(auto());
    assert_eq!(first.refused(first.attempt_of(1, None)), "stage_conflict", "mutations run in order");
}

fn attempt_with(world: &World, edit: impl FnOnce(&mut StartAttempt)) -> Command {
    let mut start = StartAttempt {
        n: 0,
        mutation: document(0),
        plan_digest: world.digest(),
        evidence: EvidenceLevel::Recorded,
        guarantee: Guarantee::Exact,
        requested_by: None,
        window_ms: 5_000,
        observed: text("etag"),
        request: text("PATCH"),
    };
    edit(&mut start);
    Command::StartAttempt(Box::new(start))
}

#[test]
fn an_attempt_is_bound_to_its_plan_digest_and_mutation() {
    let mut world = World::proposed(1).previewed().then(auto());
    let stale = attempt_with(&world, |start| start.plan_digest = plan(7));
    assert_eq!(world.refused(stale), "plan_digest_mismatch");
    world = world.in_flight().then(finish(Outcome::NotSent, "never_left", true));
    let other = attempt_with(&world, |start| start.mutation = document(1));
    assert_eq!(world.refused(other), "stage_conflict");
}

#[test]
fn a_send_window_is_short_and_never_empty() {
    let window = |ms: i64| {
        let world = World::proposed(1).previewed().then(auto());
        let attempt = attempt_with(&world, |start| start.window_ms = ms);
        world.then(attempt).run().in_flight().unwrap().send_by
    };
    assert_eq!(window(SEND_WINDOW_MS), start().plus_ms(SEND_WINDOW_MS));
    assert_eq!(window(SEND_WINDOW_MS + 1), start().plus_ms(SEND_WINDOW_MS));
    assert_eq!(window(0), start().plus_ms(1));
    assert_eq!(window(-1), start().plus_ms(1));
}

#[test]
fn an_attempt_waits_for_the_evidence_of_its_environment_and_its_decision() {
    let levels = [EvidenceLevel::Recorded, EvidenceLevel::Sealed, EvidenceLevel::Witnessed];
    for (environment, minimum) in [
        (Environment::Simulation, EvidenceLevel::Recorded),
        (Environment::Sandbox, EvidenceLevel::Sealed),
        (Environment::Production, EvidenceLevel::Sealed),
    ] {
        for asked in levels {
            for reached in levels {
                let mut proposal = propose(1);
                proposal.environment = environment;
                let decided = decision(DecisionWord::Auto, |d| d.evidence = asked);
                let mut world = World::proposing(proposal).previewed().then(decided);
                let attempt = attempt_with(&world, |start| start.evidence = reached);
                let told = format!("{environment} {asked} {reached}");
                assert_eq!(world.give(attempt).is_ok(), reached >= asked && reached >= minimum, "{told}");
            }
        }
    }
}

#[test]
fn an_outcome_answers_what_is_in_flight_and_once() {
    let mut world = World::proposed(1).previewed().then(auto());
    assert_eq!(world.refused(applied()), "stage_conflict");
    world = world.in_flight().then(unknown());
    assert_eq!(world.refused(applied()), "stage_conflict");
    world.must(settle(0, Outcome::Applied, "key_lookup", false));
    assert_eq!(world.refused(settle(0, Outcome::Applied, "key_lookup", false)), "not_unknown");
}

#[test]
fn a_worker_settles_on_a_named_basis_and_never_as_unknown() {
    let check = |outcome: Outcome, code: &str, accepted: bool| {
        let mut world = flying(1, 0).then(unknown());
        assert_eq!(world.give(settle(0, outcome, code, false)).is_ok(), accepted, "{outcome} {code}");
    };
    for basis in ["key_lookup", "journal", "proof_query", "read_back", "equals_after_unattributed", "reply"] {
        check(Outcome::Applied, basis, true);
        check(Outcome::NotSent, basis, false);
    }
    for basis in ["never_left", "no_effect_found"] {
        check(Outcome::NotSent, basis, true);
        check(Outcome::Applied, basis, false);
    }
    for outcome in [Outcome::Applied, Outcome::NotSent] {
        check(outcome, "person", false);
        check(outcome, "because", false);
    }
    check(Outcome::Unknown, "reply", false);
    check(Outcome::Rejected, "invalid_value", true);
    check(Outcome::Diverged, "read_back", true);
}

/// What a person's settlement is answered with.
fn settled(world: &World, edit: impl FnOnce(&mut Reconcile)) -> &'static str {
    let mut world = world.clone();
    let mut reconcile = world.settle_by(OTHER, 0, Outcome::Applied);
    edit(&mut reconcile);
    let answer = world.give(Command::Reconcile(Box::new(reconcile)));
    answer.map_or_else(|why| why.code(), |_| world.stage().word())
}

#[test]
fn a_person_settles_an_unknown_after_the_window_with_a_reason_and_for_good() {
    let sent = flying(1, 0).then(unknown());
    assert_eq!(settled(&sent, |_| ()), "stage_conflict", "the write may still leave");
    let world = sent.wait_s(5);
    assert_eq!(settled(&world, |_| ()), "applied");
    assert_eq!(settled(&world, |r| r.rationale = text(" ")), "rationale_required");
    assert_eq!(settled(&world, |r| r.plan_digest = Some(plan(4))), "plan_digest_mismatch");
    assert_eq!(settled(&world, |r| r.plan_digest = None), "plan_digest_mismatch");
    assert_eq!(settled(&world, |r| r.outcome = Outcome::Diverged), "needs_attention");
    assert_eq!(settled(&world, |r| r.outcome = Outcome::Rejected), "stage_conflict");
    assert_eq!(settled(&world, |r| r.outcome = Outcome::Unknown), "stage_conflict");
    let never_again = |r: &mut Reconcile| {
        r.outcome = Outcome::NotSent;
        r.retryable = true;
    };
    assert_eq!(settled(&world, never_again), "failed");
    let world = world.then(Command::Reconcile(Box::new(flying(1, 0).settle_by(OTHER, 0, Outcome::Diverged))));
    let result = world.run().progress[0].attempts[0].result.clone().unwrap();
    assert_eq!(result.code.as_str(), "undetermined");
}

#[test]
fn in_production_no_proposer_settles_their_own_unknown() {
    let unknown_in = |environment: Environment| {
        let mut proposal = propose(1);
        proposal.environment = environment;
        let world = World::proposing(proposal).previewed().then(auto());
        let attempt = attempt_with(&world, |start| start.evidence = EvidenceLevel::Sealed);
        world.then(attempt).then(unknown()).wait_s(5)
    };
    for by in [OWNER, BEHALF] {
        let own = |r: &mut Reconcile| r.person = Some(crate::world::person(by));
        assert_eq!(settled(&unknown_in(Environment::Production), own), "separation_of_duties");
        assert_eq!(settled(&unknown_in(Environment::Sandbox), own), "applied");
    }
    assert_eq!(settled(&unknown_in(Environment::Production), |_| ()), "applied");
}

#[test]
fn while_held_only_the_holder_or_the_reconciler_settles() {
    let world = flying(1, 0).then(unknown()).then(take_over(HOLDER)).wait_s(5);
    assert_eq!(settled(&world, |_| ()), "run_taken_over");
    assert_eq!(settled(&world, |r| r.person = Some(crate::world::person(HOLDER))), "applied");
    assert_eq!(settled(&world, |r| r.person = None), "stage_conflict", "`person` is no basis of a worker's");
    let settled = world.then(settle(0, Outcome::Applied, "read_back", false));
    assert_eq!(settled.stage(), Stage::Applied);
}

#[test]
fn a_divergence_is_accepted_by_somebody_else_with_a_reason_and_counts_as_applied() {
    let world = flying(1, 0).then(diverged());
    for by in [OWNER, BEHALF] {
        assert_eq!(world.clone().refused(world.accept(by, 0)), "separation_of_duties");
    }
    assert_eq!(world.clone().refused(world.accept(ANN, 1)), "stage_conflict");
    let silent = Command::AcceptDivergence {
        person: crate::world::person(ANN),
        plan_digest: world.digest(),
        n: 0,
        approver: text("Ann"),
        rationale: text(""),
    };
    assert_eq!(world.clone().refused(silent), "rationale_required");
    let mut accepted = world.clone();
    accepted.must(world.accept(ANN, 0));
    assert_eq!(accepted.stage(), Stage::Applied);
    let mut more = flying(2, 0).then(diverged());
    more.must(more.accept(ANN, 0));
    assert_eq!(more.stage(), Stage::Executing);
    assert_eq!(more.refused(more.accept(ANN, 0)), "stage_conflict", "once");
    assert_eq!(more.in_flight().then(applied()).stage(), Stage::Applied);
    let held = flying(1, 0).then(diverged()).then(take_over(HOLDER));
    assert_eq!(held.clone().refused(held.accept(HOLDER, 0)), "separation_of_duties");
}

#[test]
fn an_attempt_says_who_caused_it_and_what_it_could_promise() {
    let by = [(None, crate::world::node().to_string()), (Some(agent()), agent().to_string())];
    for (requested_by, told) in by.into_iter().chain([(Some(human(OTHER)), human(OTHER).to_string())]) {
        let world = World::proposed(1).previewed().then(auto());
        let attempt = attempt_with(&world, |start| start.requested_by = requested_by);
        let world = world.then(attempt);
        let Event::AttemptStarted(started) = &world.drafts.last().unwrap().event else { panic!() };
        assert_eq!((started.requested_by.as_str(), started.guarantee), (told.as_str(), Guarantee::Exact));
    }
}
