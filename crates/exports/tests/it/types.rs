//! Every type that the domain can write has a record in every format, and each record names its leaf.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use domain::event::Event;
use domain::wire;
use domain::workspace::WorkspaceEvent;
use exports::{Entry, Field, RunEvidence, WorkspaceEvidence, aat, cloudevents, csv, jsonl, ocsf};
use proof::json::Value;
use proof::leaf::Leaf;
use proof::strict::parse_open;

use crate::golden::keys;
use crate::stories::world;
use crate::world::run_id;

/// The leaves that the domain keeps as committed files, one or more of each type.
#[expect(clippy::disallowed_methods, reason = "the committed files are what the test is about")]
fn leaves() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/tests/golden");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut leaves: Vec<(String, Vec<u8>)> = files
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap().trim_ascii_end().to_vec())
        })
        .collect();
    leaves.sort();
    leaves
}

/// All sealed members, withheld.
fn withheld(names: &[&str]) -> BTreeMap<String, Field> {
    names.iter().map(|name| ((*name).to_owned(), Field::Withheld)).collect()
}

/// Each event of a run alone, as a run of its own.
fn runs() -> Vec<RunEvidence> {
    let of = world().evidence(run_id(1));
    let is_act = |name: &str| name.starts_with("workspace.");
    let runs = leaves().into_iter().filter(|(name, _)| !is_act(name)).map(|(_, bytes)| {
        let seq = Leaf::parse(&bytes).unwrap().seq;
        let read = wire::read(seq, &bytes).unwrap();
        let fields = withheld(read.event.sealed());
        RunEvidence { entries: vec![Entry::new(7, read, fields)], ..of.clone() }
    });
    runs.collect()
}

fn workspace() -> WorkspaceEvidence {
    let acts = leaves().into_iter().filter(|(name, _)| name.starts_with("workspace."));
    let entries = acts.map(|(_, bytes)| {
        let leaf = Leaf::parse(&bytes).unwrap();
        let act = WorkspaceEvent::read(&leaf.kind, leaf.data).unwrap();
        Entry::read(7, &bytes, withheld(act.sealed())).unwrap()
    });
    WorkspaceEvidence { entries: entries.collect(), ..world().workspace() }
}

/// The first member of this name, however deep.
fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => {
            members.get(name).or_else(|| members.values().find_map(|member| find(member, name)))
        }
        Value::Array(elements) => elements.iter().find_map(|element| find(element, name)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Str(_) => None,
    }
}

fn check<E>(origin: &str, entry: &Entry<E>, record: &Value) {
    for (name, expect) in entry.place(origin) {
        assert_eq!(find(record, name), Some(&expect), "{}: {name}", entry.leaf.kind);
    }
}

#[test]
fn the_committed_leaves_have_every_type() {
    let kinds = |entries: Vec<String>| entries.into_iter().collect::<BTreeSet<_>>();
    let events = kinds(runs().iter().map(|run| run.entries[0].leaf.kind.clone()).collect());
    assert_eq!(events, Event::KINDS.iter().map(|kind| (*kind).to_owned()).collect());
    let acts = kinds(workspace().entries.iter().map(|entry| entry.leaf.kind.clone()).collect());
    assert_eq!(acts, WorkspaceEvent::KINDS.iter().map(|kind| (*kind).to_owned()).collect());
}

#[test]
fn every_event_of_a_run_has_one_record_in_every_format_and_each_names_its_leaf() {
    let keys = keys();
    for run in runs() {
        let entry = &run.entries[0];
        let trail = aat::trail(&run, &keys);
        let trail: Vec<Value> =
            jsonl::lines(&trail).unwrap().into_iter().map(|line| parse_open(line).unwrap()).collect();
        for records in [trail, ocsf::run(&run), cloudevents::run(&run)] {
            assert_eq!(records.len(), 1, "{}", entry.leaf.kind);
            check(&run.origin, entry, &records[0]);
        }
        table(entry, &csv::events(std::slice::from_ref(&run), None));
    }
}

#[test]
fn every_act_of_a_workspace_has_one_record_in_every_format_and_each_names_its_leaf() {
    let workspace = workspace();
    for records in [ocsf::workspace(&workspace), cloudevents::workspace(&workspace)] {
        assert_eq!(records.len(), workspace.entries.len());
        for (entry, record) in workspace.entries.iter().zip(&records) {
            check(&workspace.origin, entry, record);
        }
    }
    for entry in &workspace.entries {
        let one = WorkspaceEvidence { entries: vec![entry.clone()], ..workspace.clone() };
        table(entry, &csv::events(&[], Some(&one)));
    }
}

/// A header and one row, which ends with the place of the leaf.
fn table<E>(entry: &Entry<E>, bytes: &[u8]) {
    let mut reader = ::csv::Reader::from_reader(bytes);
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), csv::COLUMNS);
    let rows: Vec<::csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 1);
    let hash = entry.hash.to_string();
    let place: Vec<&str> = rows[0].iter().rev().take(3).collect();
    assert_eq!(place, [hash.as_str(), "7", crate::world::ORIGIN]);
}

#[test]
fn sealed_values_stay_out_of_what_goes_to_machines() {
    let world = world();
    let (runs, workspace) = (world.all(), world.workspace());
    let lines: Vec<Value> = runs
        .iter()
        .flat_map(|run| [ocsf::run(run), cloudevents::run(run)].concat())
        .chain([ocsf::workspace(&workspace), cloudevents::workspace(&workspace)].concat())
        .collect();
    let trails: Vec<u8> = runs.iter().flat_map(|run| aat::trail(run, &keys())).collect();
    for text in [jsonl::to_bytes(&lines), trails] {
        let text = String::from_utf8(text).unwrap();
        for value in ["Renewal agent", "fits the contract", "Hal", "006A0", "training_ref\"", "71400"] {
            assert!(!text.contains(value), "{value}");
        }
    }
}
