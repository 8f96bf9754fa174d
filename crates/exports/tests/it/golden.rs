//! Each export of each story as a committed file, so that a changed projection shows as a diff.

use exports::RunEvidence;
use exports::aat::{TrailKey, TrailKeys};
use exports::{aat, attestation, cloudevents, controls, csv, jsonl, ocsf};
use proof::digest::sha256;
use proof::json::Value;
use proof::note::{KeyKind, SigningKey};

use crate::committed;
use crate::controls::gathered;
use crate::stories::{named, world};

/// Throw-away keys, made from a public label.
pub fn keys() -> TrailKeys {
    let key = |label: &[u8]| TrailKey::new(sha256(label).as_bytes()).unwrap();
    TrailKeys::new(key(b"agent"), key(b"recorder")).unwrap()
}

pub fn attestation_key() -> SigningKey {
    let name = format!("{}/attestation", crate::world::ORIGIN);
    SigningKey::new(&name, KeyKind::Ed25519, sha256(b"attestation").as_bytes()).unwrap()
}

fn check(file: &str, bytes: Vec<u8>) {
    committed::check(&format!("tests/golden/{file}"), std::str::from_utf8(&bytes).unwrap());
}

#[test]
fn each_run_is_the_committed_trail_and_statement() {
    let (world, keys, key) = (world(), keys(), attestation_key());
    check("aat.keys.json", keys.file());
    check("attestation.vkey", format!("{}\n", key.verifier()).into_bytes());
    for (run, story) in named() {
        let evidence = world.evidence(run);
        check(&format!("{story}.aat.jsonl"), aat::trail(&evidence, &keys));
        let events = world.events_file(run);
        let signed = attestation::sign(&evidence, sha256(&events), &key).unwrap();
        check(&format!("{story}.attestation.dsse.json"), signed.to_bytes().unwrap());
        check(&format!("{story}.events.jsonl"), events);
    }
}

#[test]
fn the_workspace_is_the_committed_lines_and_table() {
    let mut world = world();
    let (runs, workspace) = (world.all(), world.workspace());
    let lines = |run: fn(&RunEvidence) -> Vec<Value>, acts: Vec<Value>| {
        jsonl::to_bytes(&runs.iter().flat_map(run).chain(acts).collect::<Vec<_>>())
    };
    check("ocsf.jsonl", lines(ocsf::run, ocsf::workspace(&workspace)));
    check("cloudevents.jsonl", lines(cloudevents::run, cloudevents::workspace(&workspace)));
    check("events.csv", csv::events(&runs, Some(&workspace)));
    // For a recipient who sees neither names nor reasons.
    world.withheld = ["approver", "operator", "rationale", "reason"].into();
    check("withheld.csv", csv::events(&world.all(), None));
}

#[test]
fn the_control_evidence_is_the_committed_page_and_table() {
    let gathered = gathered(&world());
    check("controls.html", controls::html(&gathered, Some("https://ap.example/runs/")).into_bytes());
    check("controls.csv", controls::csv(&gathered));
}
