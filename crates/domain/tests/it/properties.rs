//! Whatever is commanded, by whomever, with whatever facts, at whatever time: the promises hold.

use std::collections::BTreeSet;

use domain::attempt::{EvidenceLevel, Guarantee, Outcome};
use domain::command::{Command, FinishAttempt, StartAttempt};
use domain::event::Obligation;
use domain::grant::{CommitReceipt, ExecutionGrant, GrantFault};
use domain::principal::Principal;
use domain::run::{
    Context, DecisionWord, Draft, Folded, Method, Owner, RecoveryKind, Run, Stage, Task, decide, owner,
};
use domain::wire;
use proof::digest::{Digest, sha256};
use proof::json::Value;
use proptest::prelude::*;

use crate::monitor::Monitor;
use crate::world::{
    ANN, BEHALF, BOB, EVE, HOLDER, OTHER, OWNER, World, agent, ask_of, auto, cancel, child_id,
    close_remainder, decision, deny, drift, finish, hand_back, human, node, obligation, person, plan,
    propose, recovery_ended, replay, run_id, service, settle, slug, take_over, text, void,
};

/// One step: a clock that moves on, and a command whose facts are drawn from `pick`.
#[derive(Debug, Clone)]
struct Step {
    wait: u8,
    what: u8,
    pick: u32,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<u8>(), any::<u8>(), any::<u32>());
    prop::collection::vec(step.prop_map(|(wait, what, pick)| Step { wait, what, pick }), 1..80)
}

/// Draws facts one after the other from the bits of a number.
struct Pick(u32);

impl Pick {
    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        let count = u32::try_from(choices.len()).unwrap();
        let chosen = self.0 % count;
        self.0 /= count;
        choices[usize::try_from(chosen).unwrap()].clone()
    }

    /// True once in `odds`.
    fn rarely(&mut self, odds: u32) -> bool {
        let hit = self.0 % odds == odds - 1;
        self.0 /= odds;
        hit
    }
}

/// Mostly no time passes, sometimes a lot.
fn wait_ms(step: &Step) -> i64 {
    match step.wait {
        0..=150 => 0,
        151..=200 => 1_000,
        201..=225 => 6_000,
        226..=240 => 31 * 60_000,
        241..=250 => 61 * 60_000,
        251..=254 => 121 * 60_000,
        255 => 25 * 3_600_000,
    }
}

fn command(world: &World, step: &Step) -> Command {
    let mut pick = Pick(step.pick);
    if step.what < 110 { natural(world, &mut pick) } else { anything(world, step.what, &mut pick) }
}

/// What the owner of the next step would do, so that a sequence gets somewhere.
fn natural(world: &World, pick: &mut Pick) -> Command {
    let run = world.run();
    let n = run.next_mutation().unwrap_or(0);
    match owner(run, world.now) {
        Owner::Worker { task: Task::Preview, .. } => world.preview(),
        Owner::Worker { task: Task::Decide, .. } => decided(pick),
        Owner::Worker { task: Task::Reconcile, .. } if run.in_flight().is_some() => outcome(pick),
        Owner::Worker { task: Task::Reconcile, .. } => settle(n, Outcome::Applied, "key_lookup", false),
        Owner::Worker { task: Task::Expire, .. } | Owner::Nobody => Command::Expire,
        Owner::Worker { task: Task::HandBack, .. } => Command::ExpireTakeover,
        Owner::Groups(groups) => {
            let mut verdict = world.verdict(pick.of(&[ANN, BOB, EVE]), &["sales", "legal"]);
            verdict.group = groups.first().cloned();
            let verdict = Box::new(verdict);
            if pick.rarely(12) { Command::Reject(verdict) } else { Command::Approve(verdict) }
        }
        Owner::Person(_) if run.stage == Stage::TakenOver => world.preview(),
        Owner::Person(_) if run.authorization.is_none() => auto(),
        Owner::Person(_) | Owner::Worker { task: Task::Execute, .. } => world.attempt(),
        Owner::Attention if run.open_divergence().is_some() => {
            if pick.rarely(2) {
                world.rollback()
            } else {
                world.accept(ANN, n)
            }
        }
        Owner::Attention => world.attempt_of(n, Some(human(OTHER))),
        Owner::Recovery(_) => ended(world, pick),
    }
}

fn decided(pick: &mut Pick) -> Command {
    match pick.of(&[0, 0, 1, 1, 1, 2, 3]) {
        0 => auto(),
        1 => ask_of(vec![demanding(pick, "sales")]),
        2 => ask_of(vec![demanding(pick, "sales"), demanding(pick, "legal")]),
        _ => decision(DecisionWord::Auto, |decided| decided.canary = Some(1)),
    }
}

fn demanding(pick: &mut Pick, group: &str) -> Obligation {
    let mut asked = obligation(group, pick.of(&[1, 1, 1, 2]));
    if pick.rarely(8) {
        asked.method = Method::Passkey;
    }
    if pick.rarely(8) {
        asked.exclude = vec![person(ANN)];
    }
    asked
}

fn outcome(pick: &mut Pick) -> Command {
    let outcome = pick
        .of(&[Outcome::Applied, Outcome::Applied, Outcome::Unknown, Outcome::Diverged])
        .min(pick.of(&[Outcome::Unknown, Outcome::Unknown, Outcome::Rejected, Outcome::NotSent]));
    finish(outcome, pick.of(&["read_back", "rate_limited", "conflict"]), pick.of(&[true, false]))
}

fn ended(world: &World, pick: &mut Pick) -> Command {
    let all = world.run().recovery.as_ref().map_or_else(Vec::new, |open| open.mutations.clone());
    let stage =
        pick.of(&[Stage::Applied, Stage::Applied, Stage::PartlyApplied, Stage::Failed, Stage::Denied]);
    let recovered = if pick.rarely(3) { Vec::new() } else { all };
    recovery_ended(stage, pick.of(&["done", "conflict"]), &recovered)
}

/// Any command by anybody about any plan.
fn anything(world: &World, what: u8, pick: &mut Pick) -> Command {
    let anybody = pick.of(&[HOLDER, OTHER, ANN, BOB, EVE, OWNER, BEHALF]);
    let by = pick.of(&[human(anybody), human(anybody), agent(), service()]);
    let n = pick.of(&[world.run().next_mutation().unwrap_or(0), 0, 1, 7]);
    let seen = if pick.rarely(6) { plan(9) } else { world.digest() };
    match what % 25 {
        0 => world.preview(),
        1 => Command::FailPreview { code: slug("record_gone") },
        2 => decided(pick),
        3 => deny(),
        4 | 5 => verdict(world, by, seen, pick),
        6 => take_over(anybody),
        7 => hand_back(anybody),
        8 => Command::ExpireTakeover,
        9 => world.amend(anybody, pick.of(&[1, 2, 0])),
        10 => void(pick.of(&["policy_changed", "expired", "role_lost"])),
        11 => drift(n),
        12 | 13 => attempt(n, seen, by, pick),
        14 => outcome(pick),
        15 => conflict(pick),
        16 => settle(
            n,
            pick.of(Outcome::ALL),
            pick.of(&["read_back", "no_effect_found", "person"]),
            pick.of(&[true, false]),
        ),
        17 => Command::Reconcile(Box::new(world.settle_by(anybody, n, pick.of(Outcome::ALL)))),
        18 => world.accept(anybody, n),
        19 => cancel(by),
        20 => Command::Expire,
        21 => close_remainder(by),
        22 => recover(world, by, seen, pick),
        23 => ended(world, pick),
        _ => told(anybody, by, n, pick),
    }
}

fn verdict(world: &World, by: Principal, seen: Digest, pick: &mut Pick) -> Command {
    let groups = pick.of(&[vec!["sales"], vec!["legal"], vec!["sales", "legal"], vec![]]);
    let mut verdict = world.verdict(ANN, &groups);
    verdict.by = by;
    verdict.plan_digest = seen;
    verdict.method = pick.of(&[Method::Signin, Method::Passkey]);
    verdict.group = pick.of(&[None, Some(slug("sales")), Some(slug("legal"))]);
    verdict.lifetime_s = pick.of(&[60, 3_600, u64::MAX]);
    let reject = pick.rarely(4);
    let verdict = Box::new(verdict);
    if reject { Command::Reject(verdict) } else { Command::Approve(verdict) }
}

fn attempt(n: u32, seen: Digest, by: Principal, pick: &mut Pick) -> Command {
    Command::StartAttempt(Box::new(StartAttempt {
        n,
        mutation: crate::world::document(pick.of(&[n, n, n, 0])),
        plan_digest: seen,
        evidence: EvidenceLevel::Recorded,
        guarantee: Guarantee::Observed,
        requested_by: pick.of(&[None, Some(by)]),
        window_ms: pick.of(&[5_000, 1, i64::MAX, i64::MIN]),
        observed: Value::Null,
        request: text("PATCH"),
    }))
}

fn conflict(pick: &mut Pick) -> Command {
    Command::FinishAttempt(Box::new(FinishAttempt {
        outcome: Outcome::Rejected,
        code: slug("conflict"),
        retryable: pick.of(&[true, false]),
        read_back: text("theirs"),
        response: text("412"),
        conflict: Some(text("base, now, proposed")),
    }))
}

fn recover(world: &World, by: Principal, seen: Digest, pick: &mut Pick) -> Command {
    let all = world.run().recoverable();
    Command::PlanRecovery {
        by,
        plan_digest: seen,
        kind: pick.of(RecoveryKind::ALL),
        mutations: pick.of(&[all.clone(), all, vec![0], vec![0, 1], vec![]]),
        child: child_id(),
        rationale: text("undo"),
    }
}

fn told(anybody: u8, by: Principal, n: u32, pick: &mut Pick) -> Command {
    match pick.of(&[0, 1, 2]) {
        0 => Command::Comment { person: person(anybody), comment: text("Привет") },
        1 => Command::ObserveChange { person: person(anybody), n, change: text("Amount") },
        _ => Command::Attach {
            by: Some(by),
            bytes: 7,
            media_type: "text/plain".to_owned(),
            artifact: Value::Null,
        },
    }
}

/// Runs the steps; the world after them, with every promise checked on the way.
fn play(world: World, steps: &[Step]) -> Result<World, TestCaseError> {
    let mut world = world;
    let mut monitor = Monitor::default();
    for draft in &world.drafts {
        monitor.see(draft).map_err(TestCaseError::fail)?;
    }
    for step in steps {
        // Sometimes another node's clock is behind: time in the run does not go back with it.
        let now = world.now.plus_ms(wait_ms(step));
        let context =
            Context { now: if step.pick % 16 == 0 { now.plus_ms(-3_000) } else { now }, node: node() };
        world.now = now;
        let command = command(&world, step);
        let decided = decide(world.run.as_ref(), command.clone(), &context);
        prop_assert_eq!(&decided, &decide(world.run.as_ref(), command, &context), "decide is deterministic");
        let Ok(drafts) = decided else { continue };
        for draft in &drafts {
            monitor.see(draft).map_err(|broken| TestCaseError::fail(format!("{broken}: {draft:?}")))?;
        }
        world.run = Some(replay(world.run.take(), &drafts));
        world.drafts.extend(drafts);
    }
    Ok(world)
}

/// Seals the events as a writer does, leaf after leaf.
pub fn leaves(drafts: &[Draft], salt: u8) -> Vec<Vec<u8>> {
    let mut next = u64::from(salt) << 32;
    let mut salt = || {
        next += 1;
        <[u8; 32]>::try_from(sha256(&next.to_be_bytes()).as_bytes().as_slice()).unwrap()
    };
    let sealed = wire::seal_run(run_id(), &[], node(), drafts.to_vec(), &mut salt).unwrap();
    sealed.into_iter().map(|event| event.bytes).collect()
}

fn fold(leaves: &[Vec<u8>]) -> Folded {
    wire::fold(run_id(), leaves.iter().map(Vec::as_slice)).unwrap()
}

/// The same events with nothing said in their sealed members.
fn erased(drafts: &[Draft]) -> Vec<Draft> {
    let mut drafts = drafts.to_vec();
    for (_, value) in drafts.iter_mut().flat_map(|draft| &mut draft.sealed) {
        *value = Value::Null;
    }
    drafts
}

fn starting(kind: u8) -> World {
    let mut proposal = propose(u32::from(kind % 3) + 1);
    if kind.is_multiple_of(5) {
        proposal.by = human(HOLDER);
        proposal.agent_owner = None;
    }
    World::proposing(proposal)
}

/// A grant comes from the receipt of the attempt in flight, and from nothing else.
fn check_grant(folded: &Folded) -> Result<(), TestCaseError> {
    let run = &folded.run;
    let receipt = |run, seq: u64, leaf| CommitReceipt::committed(run, seq, leaf, 3);
    let Some(flight) = run.in_flight() else {
        let last = folded.hash(run.events - 1).unwrap();
        let grant = ExecutionGrant::issue(folded, receipt(run.id, run.events - 1, last), 9);
        prop_assert_eq!(grant.err(), Some(GrantFault::NothingInFlight));
        return Ok(());
    };
    let leaf = folded.hash(flight.started).unwrap();
    let other = folded.hash(flight.started - 1).unwrap();
    for wrong in [
        receipt(child_id(), flight.started, leaf),
        receipt(run.id, flight.started - 1, other),
        receipt(run.id, flight.started, other),
        receipt(run.id, flight.started + 1, leaf),
    ] {
        prop_assert_eq!(ExecutionGrant::issue(folded, wrong, 9).err(), Some(GrantFault::Receipt));
    }
    let grant = ExecutionGrant::issue(folded, receipt(run.id, flight.started, leaf), 9).unwrap();
    let told = (grant.run(), grant.plan_digest(), grant.n(), grant.attempt(), grant.key(), grant.send_by());
    let flight = (run.id, flight.plan_digest, flight.n, flight.attempt, flight.key, flight.send_by);
    prop_assert_eq!(told, flight);
    prop_assert_eq!((grant.fence(), grant.send_by_boot_ms()), (3, 9));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_commands_keep_every_promise_and_replay_to_the_same_run(kind: u8, steps in steps()) {
        let world = play(starting(kind), &steps)?;
        let written = leaves(&world.drafts, 1);
        let folded = fold(&written);
        prop_assert_eq!(&folded.run, world.run());
        check_grant(&folded)?;
        // Without any sealed value, and with other salts, the run is the same: it survives every erasure.
        let other = fold(&leaves(&erased(&world.drafts), 2));
        prop_assert_eq!(&other.run, world.run());
        prop_assert_ne!(other.hashes, folded.hashes);
    }

    #[test]
    fn a_history_with_a_leaf_left_out_swapped_or_repeated_is_corrupt(kind: u8, steps in steps(), at: prop::sample::Index) {
        let world = play(starting(kind), &steps)?;
        let written = leaves(&world.drafts, 1);
        prop_assume!(written.len() > 2);
        let at = at.index(written.len() - 1);
        let mut gap = written.clone();
        gap.remove(at);
        let mut swapped = written.clone();
        swapped.swap(at, at + 1);
        let mut twice = written.clone();
        twice.insert(at, written[at].clone());
        for broken in [gap, swapped, twice] {
            prop_assert!(wire::fold(run_id(), broken.iter().map(Vec::as_slice)).is_err());
        }
        prop_assert!(wire::fold(child_id(), written.iter().map(Vec::as_slice)).is_err());
    }
}

#[test]
fn the_sequences_reach_every_stage_so_the_promises_are_put_to_the_test() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    for kind in 0..=255 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let mut world = starting(kind);
        for step in &steps {
            world.now = world.now.plus_ms(wait_ms(step));
            let command = command(&world, step);
            let _ = world.give(command);
            reached.insert(world.stage());
        }
    }
    let missing: Vec<_> = Stage::ALL.iter().filter(|stage| !reached.contains(stage)).collect();
    assert!(missing.is_empty(), "{missing:?} are never reached");
}

#[test]
fn a_folded_run_says_what_it_needs_to_say() {
    let world = World::proposed(1).previewed().then(auto()).in_flight();
    let folded = fold(&leaves(&world.drafts, 1));
    let run: &Run = &folded.run;
    assert_eq!(folded.hash(run.events), None);
    assert_eq!(u64::try_from(folded.hashes.len()).unwrap(), run.events);
}
