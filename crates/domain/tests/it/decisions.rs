//! Every command against every place where a run can stand: `tests/decisions.txt`.

use std::collections::BTreeMap;
use std::fmt::Write;

use domain::attempt::Outcome;
use domain::command::Command;
use domain::event::Event;
use domain::run::{RecoveryKind, Stage, owner};

use crate::committed;
use crate::places::everywhere;
use crate::world::{
    ANN, HOLDER, OTHER, OWNER, World, agent, applied, ask, auto, cancel, close_remainder, deny, diverged,
    drift, finish, hand_back, human, person, recovery_ended, settle, slug, take_over, text, unknown, void,
};

/// Every command, by who gives it, as it makes sense for a run.
pub fn commands(world: &World) -> Vec<(&'static str, Command)> {
    let n = world.run().next_mutation().unwrap_or(0);
    let attempt = |by| world.attempt_of(n, by);
    let observe = |by| Command::ObserveChange { person: by, n: 0, change: text("change") };
    vec![
        ("preview", world.preview()),
        ("preview impossible", Command::FailPreview { code: slug("record_gone") }),
        ("decide auto", auto()),
        ("decide approval", ask()),
        ("decide deny", deny()),
        ("approve by an approver", world.approve(ANN, &["sales"])),
        ("approve by the agent's owner", world.approve(OWNER, &["sales"])),
        ("approve by the holder", world.approve(HOLDER, &["sales"])),
        ("reject by an approver", world.reject(ANN, &["sales"])),
        ("take over by the holder", take_over(HOLDER)),
        ("take over by another", take_over(OTHER)),
        ("hand back by the holder", hand_back(HOLDER)),
        ("hand back by another", hand_back(OTHER)),
        ("amend by the holder", world.amend(HOLDER, 1)),
        ("amend by another", world.amend(OTHER, 1)),
        ("void policy_changed", void("policy_changed")),
        ("drift", drift(0)),
        ("attempt by a worker", attempt(None)),
        ("attempt by the holder", attempt(Some(human(HOLDER)))),
        ("attempt by another", attempt(Some(human(OTHER)))),
        ("attempt by the agent", attempt(Some(agent()))),
        ("finish applied", applied()),
        ("finish diverged", diverged()),
        ("finish unknown", unknown()),
        ("finish not_sent", finish(Outcome::NotSent, "never_left", true)),
        ("finish rejected for now", finish(Outcome::Rejected, "rate_limited", true)),
        ("finish rejected for good", finish(Outcome::Rejected, "invalid_value", false)),
        ("finish rejected, conflict", finish(Outcome::Rejected, "conflict", false)),
        ("reconcile applied", settle(n, Outcome::Applied, "read_back", false)),
        ("reconcile diverged", settle(n, Outcome::Diverged, "read_back", false)),
        ("reconcile not_sent", settle(n, Outcome::NotSent, "no_effect_found", true)),
        ("settle applied by another", person_settles(world, n, Outcome::Applied)),
        ("settle not_sent by another", person_settles(world, n, Outcome::NotSent)),
        ("accept divergence by an approver", world.accept(ANN, n)),
        ("accept divergence by the agent's owner", world.accept(OWNER, n)),
        ("cancel by the agent", cancel(agent())),
        ("cancel by the holder", cancel(human(HOLDER))),
        ("close the remainder by another", close_remainder(human(OTHER))),
        ("close the remainder by the holder", close_remainder(human(HOLDER))),
        ("roll back by another", world.rollback()),
        ("compensate by another", world.recover(RecoveryKind::Compensation, &world.run().recoverable())),
        ("recovery restored all", recovery_ended(Stage::Applied, "done", &recovering(world))),
        ("recovery denied", recovery_ended(Stage::Denied, "denied", &[])),
        ("observe work by hand by the holder", observe(person(HOLDER))),
        ("observe work by hand by another", observe(person(OTHER))),
        (
            "attach",
            Command::Attach {
                by: Some(agent()),
                bytes: 10,
                media_type: "text/plain".to_owned(),
                artifact: text("artifact"),
            },
        ),
        ("comment", Command::Comment { person: person(OTHER), comment: text("hm") }),
        ("expire", Command::Expire),
        ("expire takeover", Command::ExpireTakeover),
    ]
}

fn person_settles(world: &World, n: u32, outcome: Outcome) -> Command {
    Command::Reconcile(Box::new(world.settle_by(OTHER, n, outcome)))
}

fn recovering(world: &World) -> Vec<u32> {
    world.run().recovery.as_ref().map_or_else(Vec::new, |open| open.mutations.clone())
}

/// What became of a command: events and stage, nothing, or the refusal's code.
enum Answer {
    Events(String),
    Nothing,
    Refused(&'static str),
}

fn answer(world: &World, command: Command) -> Answer {
    let mut world = world.clone();
    match world.give(command) {
        Err(refusal) => Answer::Refused(refusal.code()),
        Ok(events) if events.is_empty() => Answer::Nothing,
        Ok(events) => {
            let kinds: Vec<_> = events.iter().map(Event::kind).collect();
            let close = world.run().closed.as_ref().map(|closed| format!(" ({})", closed.code));
            let stage = world.stage();
            Answer::Events(format!("{} → {stage}{}", kinds.join(", "), close.unwrap_or_default()))
        }
    }
}

fn section(name: &str, world: &World) -> String {
    let mut accepted = String::new();
    let mut nothing = Vec::new();
    let mut refused: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (what, command) in commands(world) {
        match answer(world, command) {
            Answer::Events(told) => writeln!(accepted, "  {what}: {told}").unwrap(),
            Answer::Nothing => nothing.push(what),
            Answer::Refused(code) => refused.entry(code).or_default().push(what),
        }
    }
    let mut out = format!("# {name}\n  owner: {:?}\n", owner(world.run(), world.now));
    out.push_str(&accepted);
    if !nothing.is_empty() {
        writeln!(out, "  without effect: {}", nothing.join("; ")).unwrap();
    }
    for (code, what) in refused {
        writeln!(out, "  {code}: {}", what.join("; ")).unwrap();
    }
    out
}

#[test]
fn every_command_meets_every_place_as_committed() {
    let sections: Vec<String> = everywhere().iter().map(|(name, world)| section(name, world)).collect();
    let head = "What each command does where a run can stand: the events and the new stage, or the code of the refusal.\n\
                Made from the code: `ACCEPT=1 cargo nextest run -p domain`.\n";
    committed::check("tests/decisions.txt", &format!("{head}\n{}", sections.join("\n")));
}

#[test]
fn the_places_cover_every_stage_and_bear_its_name() {
    let places = everywhere();
    for (name, world) in &places {
        let stage = world.stage().word();
        assert!(name.starts_with(stage), "`{name}` stands at {stage}");
    }
    for stage in Stage::ALL {
        assert!(places.iter().any(|(_, world)| world.stage() == *stage), "{stage} is missing");
    }
}

#[test]
fn a_run_is_proposed_once_and_before_anything_else() {
    let again = Command::Propose(Box::new(crate::world::propose(1)));
    assert_eq!(World::proposed(1).refused(again), "already_proposed");
    let mut nowhere = World { run: None, now: crate::world::start(), drafts: Vec::new() };
    assert_eq!(nowhere.refused(Command::Expire), "already_proposed");
}
