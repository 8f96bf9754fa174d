//! Every event type as the leaf that is written for it, in `tests/golden/`: what is stored today must be read for ever.

pub mod samples;

use std::collections::BTreeSet;

use domain::event::{Event, Fault, RunCommented};
use domain::principal::{Actor, Principal};
use domain::run::{Cause, Draft};
use domain::wire;
use domain::workspace::{Head, WorkspaceEvent, seal_acts};
use proof::digest::{Digest, sha256};
use proof::json::{Object, Value};
use proof::leaf::Leaf;

use self::samples::{acts, at, by, events};
use crate::committed;
use crate::world::{ANN, node, person, run_id, text};

/// Every sealed member says its own name; the salts are counted.
fn said(sealed: &[&'static str]) -> Vec<(&'static str, Value)> {
    sealed.iter().map(|name| (*name, text(name))).collect()
}

fn salts() -> impl FnMut() -> [u8; 32] {
    let mut next = 0;
    move || {
        next += 1;
        [next; 32]
    }
}

fn line(bytes: Vec<u8>) -> String {
    format!("{}\n", String::from_utf8(bytes).unwrap())
}

/// The leaf of an event of a run, third in its chain; the proposal is the first.
fn leaf(by: Actor, event: &Event) -> Vec<u8> {
    let first = matches!(event, Event::RunProposed(_));
    let hashes: &[Digest] = if first { &[] } else { &[sha256(b"leaf 0"), sha256(b"leaf 1")] };
    let cause =
        if first { vec![] } else { vec![Cause::Own(0), Cause::Foreign(sha256(b"another run's leaf"))] };
    let sealed = said(event.sealed());
    let draft = Draft { by, time: at(1), cause, event: event.clone(), sealed };
    wire::seal_run(run_id(), hashes, node(), vec![draft], &mut salts()).unwrap().remove(0).bytes
}

fn act_leaf(event: &WorkspaceEvent) -> Vec<u8> {
    let head = Head { next: 2, prev: Some(sha256(b"leaf 1")), time: at(0) };
    let acts = vec![(event.clone(), said(event.sealed()))];
    let by = Actor::Principal(Principal::Person(person(ANN)));
    seal_acts(head, node(), by, at(1), acts, &mut salts()).unwrap().remove(0).bytes
}

#[test]
fn each_event_of_a_run_is_written_as_committed_and_reads_back() {
    for (name, by, event) in events() {
        assert!(name.starts_with(event.kind()), "{name}");
        let bytes = leaf(by, &event);
        let seq = if matches!(event, Event::RunProposed(_)) { 0 } else { 2 };
        let read = wire::read(seq, &bytes).unwrap();
        assert_eq!((&read.event, read.by, read.time), (&event, by, at(1)));
        committed::check(&format!("tests/golden/{name}.json"), &line(bytes));
    }
}

#[test]
fn each_act_of_a_workspace_is_written_as_committed_and_reads_back() {
    for (name, event) in acts() {
        assert!(name.starts_with(event.kind()), "{name}");
        let bytes = act_leaf(&event);
        let leaf = Leaf::parse(&bytes).unwrap();
        assert_eq!((leaf.run.as_deref(), leaf.sd.len()), (None, event.sealed().len()));
        assert_eq!(WorkspaceEvent::read(&leaf.kind, leaf.data).unwrap(), event);
        committed::check(&format!("tests/golden/workspace.{name}.json"), &line(bytes));
    }
}

#[test]
fn every_type_has_a_golden_file() {
    let told: BTreeSet<&str> = events().iter().map(|(_, _, event)| event.kind()).collect();
    assert_eq!(told, Event::KINDS.iter().copied().collect());
    let told: BTreeSet<&str> = acts().iter().map(|(_, event)| event.kind()).collect();
    assert_eq!(told, WorkspaceEvent::KINDS.iter().copied().collect());
}

#[test]
fn sealed_members_are_listed_in_order_and_take_no_name_of_a_leafs_own() {
    let own = ["by", "cause", "data", "node", "prev", "run", "seq", "time", "type", "v"];
    let of_runs = events().into_iter().map(|(_, _, event)| event.sealed());
    for sealed in of_runs.chain(acts().into_iter().map(|(_, event)| event.sealed())) {
        assert!(sealed.is_sorted(), "{sealed:?}");
        assert!(sealed.iter().all(|name| !own.contains(name)), "{sealed:?}");
    }
}

/// Members that may be absent, by type.
fn optional(kind: &str) -> &'static [&'static str] {
    match kind {
        "run.proposed" => &[
            "agent_owner",
            "agent_version",
            "branched_from",
            "confidence_bp",
            "on_behalf_of",
            "recovers",
            "recovery",
            "trace",
        ],
        "plan.amended" => &["replaces"],
        "policy.decided" => &["canary"],
        "policy.activated" => &["code"],
        "disclosure.erased" => &["complete_by"],
        "erasure.refused" => &["hold"],
        "hold.placed" => &["until"],
        _ => &[],
    }
}

/// What a reader says to clear members with one too many, one too few, and one of another form.
fn check_members(kind: &'static str, data: &Object, read: impl Fn(Object) -> Result<(), Fault>) {
    assert_eq!(read(data.clone()), Ok(()), "{kind}");
    let mut more = data.clone();
    more.insert("surprise".to_owned(), Value::Int(1));
    assert_eq!(read(more), Err(Fault::Unknown("surprise".to_owned())), "{kind}");
    for name in data.keys() {
        let mut less = data.clone();
        less.remove(name);
        let answer = read(less);
        if optional(kind).contains(&name.as_str()) {
            assert_eq!(answer, Ok(()), "{kind}.{name}");
        } else {
            assert!(matches!(answer, Err(Fault::Missing(missing)) if missing == name), "{kind}.{name}");
        }
        let mut other = data.clone();
        other.insert(name.clone(), Value::Array(vec![Value::Null]));
        assert!(matches!(read(other), Err(Fault::Malformed(bad)) if bad == name), "{kind}.{name}");
    }
}

#[test]
fn a_member_too_many_too_few_or_of_another_form_is_refused() {
    for (_, _, event) in events() {
        let read = |data| Event::read(event.kind(), data).map(|_| ());
        check_members(event.kind(), &event.data(), read);
    }
    for (_, event) in acts() {
        let read = |data| WorkspaceEvent::read(event.kind(), data).map(|_| ());
        check_members(event.kind(), &event.data(), read);
    }
}

#[test]
fn a_type_that_is_not_on_the_list_cannot_be_judged() {
    for kind in ["run.paused", "approval.refused", "", "Run.Closed", "policy.published"] {
        assert_eq!(Event::read(kind, Object::new()), Err(Fault::Kind(kind.to_owned())));
    }
    assert_eq!(WorkspaceEvent::read("run.closed", Object::new()), Err(Fault::Kind("run.closed".to_owned())));
}

#[test]
fn what_a_writer_seals_is_exactly_what_the_type_has() {
    let event = Event::RunCommented(RunCommented {});
    let write = |sealed: Vec<(&'static str, Value)>| {
        let draft = Draft { by: by(ANN), time: at(1), cause: vec![], event: event.clone(), sealed };
        wire::seal_run(run_id(), &[sha256(b"leaf 0")], node(), vec![draft], &mut salts())
    };
    assert!(write(said(&["comment"])).is_ok());
    assert!(write(said(&[])).is_err());
    assert!(write(said(&["comment", "comment"])).is_err());
    assert!(write(said(&["reason"])).is_err());
    assert!(write(said(&["comment", "reason"])).is_err());
}

#[test]
fn a_cause_that_does_not_exist_is_not_written() {
    let event = Event::RunCommented(RunCommented {});
    let sealed = said(event.sealed());
    let draft = Draft { by: by(ANN), time: at(1), cause: vec![Cause::Own(1)], event, sealed };
    let written = wire::seal_run(run_id(), &[sha256(b"leaf 0")], node(), vec![draft], &mut salts());
    assert_eq!(written, Err(wire::SealFault::Cause(1)));
}
