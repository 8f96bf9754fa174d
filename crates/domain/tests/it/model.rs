//! A search over the states that commands can reach from small plans: none is stuck, none is nobody's.
//!
//! Two states count as one when they differ only in identity: positions, exact times, revisions, and attempts before
//! the last two. Time moves from one deadline to the next.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;

use domain::attempt::Outcome;
use domain::command::Command;
use domain::run::{
    Attempt, Basis, DecisionWord, Owner, Progress, RecoveryKind, Run, Stage, Task, deadline, owner,
};
use domain::time::Timestamp;

use crate::decisions::commands;
use crate::world::{ANN, HOLDER, OTHER, World, applied, ask, auto, decision, human, propose, settle};

/// What distinguishes a state from another.
type Key = String;

/// Reachable states, and for each the states that one command or the passing of time leads to.
pub struct Reachable {
    pub worlds: Vec<World>,
    pub next: Vec<Vec<usize>>,
}

pub fn reachable() -> Reachable {
    let mut by_a_person = propose(1);
    by_a_person.by = human(HOLDER);
    by_a_person.agent_owner = None;
    let starts = [World::proposed(1), World::proposed(2), World::proposing(by_a_person)];
    let mut found: BTreeMap<Key, usize> = BTreeMap::new();
    let mut states = Reachable { worlds: Vec::new(), next: Vec::new() };
    let mut queue = VecDeque::new();
    for start in starts {
        queue.push_back(visit(&mut states, &mut found, start).0);
    }
    while let Some(here) = queue.pop_front() {
        for after in steps(&states.worlds[here].clone()) {
            let (there, new) = visit(&mut states, &mut found, after);
            states.next[here].push(there);
            if new {
                queue.push_back(there);
            }
        }
    }
    states
}

fn visit(states: &mut Reachable, found: &mut BTreeMap<Key, usize>, mut world: World) -> (usize, bool) {
    world.drafts.clear();
    let key = key(&world);
    if let Some(known) = found.get(&key) {
        return (*known, false);
    }
    let index = states.worlds.len();
    found.insert(key, index);
    states.worlds.push(world);
    states.next.push(Vec::new());
    (index, true)
}

/// Every state that one accepted command, or waiting for the next deadline, leads to.
fn steps(world: &World) -> Vec<World> {
    let mut after: Vec<World> = alphabet(world)
        .into_iter()
        .filter_map(|command| {
            let mut next = world.clone();
            next.give(command).is_ok_and(|events| !events.is_empty()).then_some(next)
        })
        .collect();
    let sent = world.run().in_flight().or_else(|| world.run().unknown()).map(|attempt| attempt.send_by);
    let times = deadline(world.run()).into_iter().chain(sent);
    after.extend(times.filter(|time| *time > world.now).map(|time| world.clone().wait_until(time)));
    after
}

fn alphabet(world: &World) -> Vec<Command> {
    // Two persons who may take over are as good as one, and what is only told moves nothing.
    let idle =
        ["attach", "comment", "observe", "take over by another", "hand back by another", "amend by another"];
    let mut all: Vec<Command> = commands(world)
        .into_iter()
        .filter(|(name, _)| !idle.iter().any(|idle| name.starts_with(idle)))
        .map(|(_, command)| command)
        .collect();
    all.push(decision(DecisionWord::Auto, |decided| decided.canary = Some(1)));
    // Not only everything that can be recovered, but each mutation for itself.
    for n in world.run().recoverable() {
        all.push(world.recover(RecoveryKind::Rollback, &[n]));
    }
    all
}

fn key(world: &World) -> Key {
    let run = world.run();
    let over = |time: Timestamp| time <= world.now;
    let progress: Vec<_> = run.progress.iter().map(tried).collect();
    let recovery = run.recovery.as_ref().map(|open| (open.kind, open.mutations.as_slice()));
    let what = (run.stage, run.mutations, progress, recovery);
    if run.closed.is_some() {
        return format!("{what:?}");
    }
    let decision = run.decision.as_ref().map(|d| (d.word, d.canary, d.principal == run.proposer.to_string()));
    let leave = run.authorization.as_ref().map(|leave| (leave.basis, over(leave.expires)));
    let approvals: Vec<_> = run.approvals.iter().map(|given| (given.person, over(given.expires))).collect();
    let request = run.request.as_ref().map(|request| over(request.expires));
    let holder = run.takeover.map(|takeover| over(takeover.until));
    let sent = run.in_flight().or_else(|| run.unknown()).map(|attempt| over(attempt.send_by));
    let who = (run.proposer, run.amenders.len(), holder, run.plan.is_some());
    format!("{:?}", (what, who, decision, request, approvals, leave, sent, over(run.deadline)))
}

/// The last attempt of a mutation, whether there were others, and what came of them.
fn tried(progress: &Progress) -> impl Debug {
    let last = progress.attempts.last().map(|attempt| {
        let result = attempt.result.as_ref();
        result.map(|r| (r.outcome, r.retryable, r.accepted, r.code.as_str() == "conflict"))
    });
    (last, progress.attempts.len().min(2), progress.has_effect(), progress.recovered)
}

/// A step of the owner's that the run accepts.
fn owners_step(world: &World) -> Option<World> {
    let run = world.run();
    let mut after = world.clone();
    let n = run.next_mutation().unwrap_or(0);
    let recovering = run.recovery.as_ref().map_or_else(Vec::new, |open| open.mutations.clone());
    let candidates = match owner(run, world.now) {
        Owner::Nobody => vec![],
        Owner::Worker { due, task } => {
            after.now = due.max(world.now);
            match task {
                Task::Preview => vec![world.preview()],
                Task::Decide => vec![auto()],
                Task::Execute => vec![world.attempt()],
                Task::Reconcile if run.in_flight().is_some() => vec![applied()],
                Task::Reconcile => vec![settle(n, Outcome::Applied, "read_back", false)],
                Task::Expire => vec![Command::Expire],
                Task::HandBack => vec![Command::ExpireTakeover],
            }
        }
        Owner::Groups(groups) => {
            let groups: Vec<&str> = groups.iter().map(domain::name::Slug::as_str).collect();
            vec![world.approve(ANN, &groups)]
        }
        Owner::Person(holder) => {
            vec![Command::HandBack { person: holder, rationale: crate::world::text("") }]
        }
        Owner::Attention => vec![world.accept(ANN, n), world.attempt_of(n, Some(human(OTHER)))],
        Owner::Recovery(_) => vec![crate::world::recovery_ended(Stage::Applied, "done", &recovering)],
    };
    candidates.into_iter().find_map(|command| {
        let mut after = after.clone();
        after.give(command).is_ok_and(|events| !events.is_empty()).then_some(after)
    })
}

#[test]
fn every_open_state_has_an_owner_a_step_and_a_way_to_its_end() {
    let states = reachable();
    let open: Vec<bool> = states.worlds.iter().map(|world| world.run().closed.is_none()).collect();
    eprintln!("{} states {} edges", states.worlds.len(), states.next.iter().map(Vec::len).sum::<usize>());
    assert!(states.worlds.len() > 500, "only {} states: the search is blind", states.worlds.len());
    for stage in Stage::ALL {
        assert!(states.worlds.iter().any(|world| world.stage() == *stage), "{stage} is not reached");
    }
    for (world, _) in states.worlds.iter().zip(&open).filter(|(_, open)| **open) {
        let run = world.run();
        assert_ne!(owner(run, world.now), Owner::Nobody, "{run:?}");
        assert!(owners_step(world).is_some(), "{:?} cannot move {run:?}", owner(run, world.now));
    }
    for (world, _) in states.worlds.iter().zip(&open).filter(|(_, open)| !**open) {
        assert_eq!(owner(world.run(), world.now), Owner::Nobody);
    }
    let ends = ending(&states, &open);
    for (world, ends) in states.worlds.iter().zip(ends) {
        assert!(ends, "no way to an end from {:?}", world.run());
    }
}

/// Which states have a way to a closed one: backwards from those that are closed.
fn ending(states: &Reachable, open: &[bool]) -> Vec<bool> {
    let mut before = vec![Vec::new(); states.worlds.len()];
    for (here, next) in states.next.iter().enumerate() {
        for there in next {
            before[*there].push(here);
        }
    }
    let mut ends: Vec<bool> = open.iter().map(|open| !open).collect();
    let mut queue: VecDeque<usize> = (0..open.len()).filter(|state| ends[*state]).collect();
    while let Some(there) = queue.pop_front() {
        for here in &before[there] {
            if !ends[*here] {
                ends[*here] = true;
                queue.push_back(*here);
            }
        }
    }
    ends
}

#[test]
fn when_everybody_is_silent_every_run_ends_unless_a_divergence_or_a_recovery_waits() {
    for world in reachable().worlds {
        let mut world = world;
        for _ in 0..40 {
            let run = world.run();
            if run.closed.is_some() || run.recovery.is_some() || run.open_divergence().is_some() {
                break;
            }
            world = match owner(run, world.now) {
                // Policy asks people, so that nothing is executed by itself any more.
                Owner::Worker { task: Task::Decide, .. } => world.clone().then(ask()),
                Owner::Worker { .. } => owners_step(&world).unwrap(),
                Owner::Groups(_) | Owner::Person(_) | Owner::Attention => {
                    let end = deadline(run).unwrap();
                    world.wait_until(end)
                }
                Owner::Recovery(_) | Owner::Nobody => break,
            };
        }
        let run = world.run();
        let ended = run.closed.is_some() || run.recovery.is_some() || run.open_divergence().is_some();
        assert!(ended, "still open: {run:?}");
    }
}

#[test]
fn the_deadline_of_every_state_is_when_silence_first_does_something() {
    for world in reachable().worlds {
        let run = world.run();
        let does = |time: Timestamp| {
            [Command::Expire, Command::ExpireTakeover].into_iter().any(|command| {
                let mut then = world.clone().wait_until(time);
                !then.must(command).is_empty()
            })
        };
        let far = run.deadline.plus_s(365 * 24 * 3600);
        match deadline(run) {
            None => assert!(!does(far), "{run:?}"),
            Some(due) => {
                assert!(does(due.max(world.now)), "nothing happens at {due} to {run:?}");
                let before = due.plus_ms(-1);
                assert!(before < world.now || !does(before), "something happens before {due} to {run:?}");
            }
        }
    }
}

#[test]
fn no_state_has_an_attempt_without_leave_or_two_effects() {
    for world in reachable().worlds {
        let run = world.run();
        assert!(run.progress.iter().filter(|progress| unsettled(progress)).count() <= 1, "{run:?}");
        for progress in &run.progress {
            let effects = progress.attempts.iter().filter(|attempt| effect(attempt)).count();
            assert!(effects <= 1, "{run:?}");
        }
        if run.in_flight().is_some() {
            assert!(leave_holds(run), "{run:?}");
        }
    }
}

fn unsettled(progress: &Progress) -> bool {
    let last = progress.attempts.last();
    last.is_some_and(|attempt| attempt.result.as_ref().is_none_or(|r| r.outcome == Outcome::Unknown))
}

fn effect(attempt: &Attempt) -> bool {
    attempt.result.as_ref().is_some_and(|result| result.outcome.is_effect())
}

fn leave_holds(run: &Run) -> bool {
    let (Some(leave), Some(decision)) = (&run.authorization, &run.decision) else { return false };
    match leave.basis {
        Basis::Auto => {
            decision.word == DecisionWord::Auto
                && run.takeover.is_none()
                && decision.principal == run.proposer.to_string()
        }
        Basis::Takeover => {
            decision.word == DecisionWord::Auto
                && run.takeover.is_some_and(|takeover| decision.principal == takeover.holder.to_string())
        }
        Basis::Approvals => {
            let proposers = run.proposers();
            !run.approvals.is_empty() && run.approvals.iter().all(|given| !proposers.contains(&given.person))
        }
    }
}
