//! Histories that no honest writer wrote: the fold refuses each for its own reason.

use std::collections::BTreeSet;

use domain::attempt::{EvidenceLevel, Outcome};
use domain::command::Command;
use domain::event::{Event, RunProposed};
use domain::limits::AUTHORIZATION_S;
use domain::mutation::Environment;
use domain::principal::Actor;
use domain::run::{Cause, DecisionWord, Envelope, Method, RecoveryKind, RecoveryOutcome, Run, Stage, apply};
use proof::digest::sha256;

use crate::golden;
use crate::history::{Try, tries};
use crate::world::{
    ANN, HOLDER, LEASE_S, LIFE_S, OBLIGATION_S, OTHER, OWNER, World, agent, applied, ask, ask_of, auto,
    child_id, decision, diverged, finish, human, node, obligation, person, plan, policy_set, propose, run_id,
    service, slug, start, take_over, text, unknown, void,
};

/// The next event of this name, as its author would write it.
fn next(run: &Run, name: &str) -> Try {
    let found = tries(run).into_iter().find(|attempt| attempt.name == name);
    found.unwrap_or_else(|| panic!("no event is called `{name}`"))
}

/// Refusals found by the tests of this file, to compare them with the rules that exist.
struct Forger {
    broken: BTreeSet<&'static str>,
}

impl Forger {
    /// An event that an edit made a lie of.
    fn edit(&mut self, world: &World, name: &str, edit: impl FnOnce(&mut Try), rule: &'static str) {
        self.read(world.run(), name, edit, rule);
    }

    fn read(&mut self, run: &Run, name: &str, edit: impl FnOnce(&mut Try), rule: &'static str) {
        let mut forged = next(run, name);
        edit(&mut forged);
        let refused = forged.read_after(run).map(|after| after.stage).map_err(|violation| violation.rule);
        assert_eq!(refused, Err(rule), "{name} {:?}", forged.event);
        self.broken.insert(rule);
    }

    /// An event that is true but comes at the wrong moment.
    fn early(&mut self, world: &World, name: &str, rule: &'static str) {
        self.edit(world, name, |_| (), rule);
    }
}

macro_rules! change {
    ($variant:ident, |$event:ident| $edit:expr) => {
        |forged: &mut Try| match &mut forged.event {
            Event::$variant($event) => $edit,
            other => panic!("{other:?}"),
        }
    };
}

mod people;
mod work;

fn no_cause(forged: &mut Try) {
    forged.at.cause.clear();
}

fn by(actor: Actor) -> impl FnOnce(&mut Try) {
    move |forged| forged.at.by = actor
}

fn anybody(n: u8) -> Actor {
    Actor::Principal(human(n))
}

/// The state inside a commit: after an event, before the one that answers it.
fn inside(world: &World, name: &str) -> Run {
    next(world.run(), name).read_after(world.run()).unwrap()
}

fn previewed() -> World {
    World::proposed(2).previewed()
}

fn asked() -> World {
    previewed().then(ask_of(vec![obligation("sales", 2)]))
}

fn authorized() -> World {
    previewed().then(auto())
}

fn held() -> World {
    World::proposed(2).then(take_over(HOLDER)).previewed().then(auto())
}

fn forge() -> Forger {
    let mut forger = Forger { broken: BTreeSet::new() };
    forge_the_chain(&mut forger);
    work::forge_plans(&mut forger);
    work::forge_decisions(&mut forger);
    people::forge_approvals(&mut forger);
    people::forge_authorizations(&mut forger);
    people::forge_takeovers(&mut forger);
    work::forge_attempts(&mut forger);
    work::forge_settlements(&mut forger);
    work::forge_recoveries(&mut forger);
    forge_endings(&mut forger);
    forger
}

fn forge_the_chain(forger: &mut Forger) {
    let world = World::proposed(1);
    forger.edit(&world, "run.commented", |f| f.at.run = child_id(), "an event belongs to its own run");
    forger.edit(&world, "run.commented", |f| f.at.seq = 2, "positions have no gap");
    forger.edit(&world, "run.commented", |f| f.at.seq = 0, "positions have no gap");
    let earlier = start().plus_ms(-1);
    forger.edit(&world, "run.commented", |f| f.at.time = earlier, "time does not run backwards");
    let again = world.drafts[0].event.clone();
    forger.edit(&world, "run.cancelled", |f| f.event = again, "a run is proposed once");
}

fn forge_endings(forger: &mut Forger) {
    let closed = "run.closed";
    let half = authorized().in_flight().then(applied());
    let count = change!(RunClosed, |e| e.events -= 1);
    forger.edit(&half, closed, count, "the close counts all events");
    let stage = change!(RunClosed, |e| e.stage = Stage::Applied);
    forger.edit(&half, closed, stage, "the close names the stage that the outcomes give");
    let why = "a run does not close from here without an event that says why";
    for world in [previewed(), asked(), authorized(), World::proposed(1).then(take_over(HOLDER))] {
        forger.early(&world, closed, why);
    }
    forger.early(&half.clone().in_flight(), closed, "an unsettled attempt is settled first");
    let open = "a divergence is accepted or recovered first";
    forger.early(&half.clone().in_flight().then(diverged()), closed, open);
    let denied = inside(&previewed(), "policy.decided deny");
    forger.read(&denied, "run.commented", |_| (), "a final stage is followed by the close");
    forger.read(&denied, "recovery.planned", |_| (), "a final stage is followed by the close");

    forger.early(&half, "run.expired", "a run expires only while nothing had an effect");
    let over = "a run expires at its deadline, or when its request for approval ends";
    let early = |f: &mut Try| f.at.time = start().plus_s(LIFE_S).plus_ms(-1);
    forger.edit(&previewed(), "run.expired", early, over);
    let request = change!(RunExpired, |e| e.code = slug("approval_expired"));
    forger.edit(&previewed(), "run.expired", request, over);
    let other = change!(RunExpired, |e| e.code = slug("boredom"));
    forger.edit(&previewed(), "run.expired", other, over);
    forger.edit(&held(), "run.cancelled", by(Actor::Principal(agent())), "only the holder does this");
}

#[test]
fn each_lie_is_refused_for_its_own_reason() {
    forge();
}

/// Rules that stand behind another one: whoever breaks them broke the other first.
const BEHIND: &[&str] = &[
    "an open recovery is finished first",
    "approvals answer a decision",
    "basis `approvals` needs an approval",
    "basis `auto` is decided for the proposer",
    "only a person accepts a divergence",
    "only a person approves",
    "only a person takes over",
];

/// Rules of the tests below.
const ELSEWHERE: &[&str] = &[
    "a person or a worker writes this",
    "a recovery names its parent and its kind",
    "a run starts at position 0",
    "a run starts with `run.proposed`",
    "a worker attaches, or whoever asks for it",
    "a worker closes a run, or whoever asks for it",
    "a worker writes this",
    "an agent, a person or a service asks for this",
    "only a person does this",
    "only an agent, a person or a service proposes",
    "policy decides",
    "the deadline lies in the future",
];

#[test]
fn every_rule_of_the_fold_is_broken_by_a_test() {
    let sources = [
        include_str!("../../src/run/evolve.rs"),
        include_str!("../../src/run/evolve/approval.rs"),
        include_str!("../../src/run/evolve/author.rs"),
        include_str!("../../src/run/evolve/control.rs"),
        include_str!("../../src/run/evolve/execution.rs"),
        include_str!("../../src/run/evolve/plan.rs"),
        include_str!("../../src/run/evolve/recovery.rs"),
    ];
    let code = sources.iter().flat_map(|source| source.lines()).filter(|line| !line.trim().starts_with("//"));
    let quoted = code.flat_map(|line| line.split('"').skip(1).step_by(2));
    let rules: BTreeSet<&str> = quoted.filter(|text| text.contains(' ')).collect();
    assert!(rules.len() > 100, "{rules:?}");
    let forger = forge();
    let tested: BTreeSet<&str> = forger.broken.iter().chain(BEHIND).chain(ELSEWHERE).copied().collect();
    assert_eq!(rules, tested);
}

#[test]
fn only_its_author_writes_an_event() {
    let authors = [
        ("agent", Actor::Principal(agent())),
        ("service", Actor::Principal(service())),
        ("person", anybody(ANN)),
        ("policy", Actor::Policy(policy_set())),
        ("worker", Actor::System(node())),
    ];
    let rules = [
        "a person or a worker writes this",
        "a worker attaches, or whoever asks for it",
        "a worker closes a run, or whoever asks for it",
        "a worker writes this",
        "an agent, a person or a service asks for this",
        "only a person does this",
        "policy decides",
        "only an agent, a person or a service proposes",
    ];
    let world = World::proposed(1);
    let mut table = BTreeSet::new();
    for (_, _, event) in golden::samples::events() {
        let first = matches!(event, Event::RunProposed(_));
        let may: Vec<&str> = authors
            .iter()
            .filter(|(_, by)| {
                let run = (!first).then(|| world.run().clone());
                let seq = u64::from(!first);
                let at = Envelope { run: run_id(), seq, time: start(), by: *by, cause: vec![] };
                apply(run, &at, &event).err().is_none_or(|violation| !rules.contains(&violation.rule))
            })
            .map(|(name, _)| *name)
            .collect();
        table.insert(format!("{}: {}", event.kind(), may.join(", ")));
    }
    let table: Vec<String> = table.into_iter().collect();
    assert_eq!(table.join("\n"), AUTHORS.trim());
}

const AUTHORS: &str = "
approval.given: person
approval.rejected: person
approval.requested: worker
artifact.attached: agent, service, person, worker
attempt.finished: worker
attempt.reconciled: person, worker
attempt.started: worker
authorization.voided: worker
change.observed: person
divergence.accepted: person
plan.amended: person
plan.drifted: worker
plan.previewed: worker
policy.decided: policy
recovery.finished: worker
recovery.planned: agent, service, person
run.authorized: worker
run.cancelled: agent, service, person
run.closed: agent, service, person, worker
run.commented: person
run.expired: worker
run.handed_back: person, worker
run.proposed: agent, service, person
run.taken_over: person
";

#[test]
fn a_run_begins_with_a_sound_proposal() {
    let proposed = World::proposed(1).drafts[0].event.clone();
    let Event::RunProposed(sound) = proposed else { panic!("{proposed:?}") };
    let begin = |seq: u64, edit: &dyn Fn(&mut RunProposed)| {
        let mut proposed = sound.clone();
        edit(&mut proposed);
        let at = Envelope { run: run_id(), seq, time: start(), by: Actor::Principal(agent()), cause: vec![] };
        apply(None, &at, &Event::RunProposed(proposed)).map(|_| ()).map_err(|violation| violation.rule)
    };
    assert_eq!(begin(0, &|_| ()), Ok(()));
    assert_eq!(begin(1, &|_| ()), Err("a run starts at position 0"));
    let count = "a plan has at least one mutation, and at most the limit";
    assert_eq!(begin(0, &|e| e.mutations = 0), Err(count));
    assert_eq!(begin(0, &|e| e.mutations = 1_000), Ok(()));
    assert_eq!(begin(0, &|e| e.mutations = 1_001), Err(count));
    assert_eq!(begin(0, &|e| e.deadline = start()), Err("the deadline lies in the future"));
    let parent = "a recovery names its parent and its kind";
    assert_eq!(begin(0, &|e| e.recovers = Some(child_id())), Err(parent));
    assert_eq!(begin(0, &|e| e.recovery = Some(RecoveryKind::Rollback)), Err(parent));
    let at = Envelope { run: run_id(), seq: 0, time: start(), by: anybody(ANN), cause: vec![] };
    let comment = Event::RunCommented(domain::event::RunCommented {});
    assert_eq!(apply(None, &at, &comment).unwrap_err().rule, "a run starts with `run.proposed`");
}

#[test]
fn what_decide_wrote_with_a_cause_left_out_is_not_read() {
    let told =
        World::proposed(1).previewed().then(ask()).approved(ANN, &["sales"]).in_flight().then(unknown());
    let told = told.then(crate::world::settle(0, Outcome::Applied, "read_back", false));
    for (left_out, draft) in told.drafts.iter().enumerate().filter(|(_, draft)| !draft.cause.is_empty()) {
        for skipped in 0..draft.cause.len() {
            let mut forged = told.drafts.clone();
            forged[left_out].cause.remove(skipped);
            let mut run = None;
            let read = forged.iter().enumerate().try_for_each(|(seq, draft)| {
                let cause = draft.cause.iter().filter_map(|cause| match cause {
                    Cause::Own(seq) => Some(*seq),
                    Cause::Foreign(_) => None,
                });
                let seq = u64::try_from(seq).unwrap();
                let at =
                    Envelope { run: run_id(), seq, time: draft.time, by: draft.by, cause: cause.collect() };
                run = Some(apply(run.take(), &at, &draft.event)?);
                Ok::<_, domain::run::Violation>(())
            });
            assert!(read.is_err(), "{} without its cause {skipped}", draft.event.kind());
        }
    }
}
