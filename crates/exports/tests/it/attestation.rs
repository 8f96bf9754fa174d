//! A statement says what the events say, or it is refused.

use exports::attestation::{Differs, says, sign, statement};
use proof::canonical;
use proof::digest::sha256;
use proof::dsse::{Envelope, IN_TOTO};
use proof::note::{KeyKind, NoteFault, SigningKey};

use crate::golden::attestation_key;
use crate::stories::{named, world};
use crate::world::run_id;

#[test]
fn the_statement_of_each_story_says_what_its_events_say() {
    let (world, key) = (world(), attestation_key());
    for (run, story) in named() {
        let (evidence, events) = (world.evidence(run), sha256(&world.events_file(run)));
        let signed = sign(&evidence, events, &key).unwrap();
        assert_eq!(says(&signed, &evidence, events), Ok(()), "{story}");
        assert_eq!(signed.verify([key.verifier()]).map(|signed| signed.len()), Ok(1), "{story}");
    }
}

#[test]
fn a_statement_of_something_else_is_refused() {
    let (world, key) = (world(), attestation_key());
    let (evidence, events) = (world.evidence(run_id(1)), sha256(&world.events_file(run_id(1))));
    let good = sign(&evidence, events, &key).unwrap();
    let text = canonical::to_string(&statement(&evidence, events));
    let saying = |text: &str| Envelope::sign(IN_TOTO, text.as_bytes(), &key).unwrap();
    let cases = [
        (Envelope { payload_type: "text/plain".to_owned(), ..good.clone() }, Differs::Type),
        (saying(&format!(" {text}")), Differs::Form),
        (saying("[]"), Differs::Subject),
        (saying(&text.replace("\"stage\":\"applied\"", "\"stage\":\"denied\"")), Differs::Predicate),
        (saying(&text.replace("\"_type\":", "\"_kind\":")), Differs::Predicate),
        (sign(&evidence, sha256(b"another file"), &key).unwrap(), Differs::Subject),
        (sign(&world.evidence(run_id(14)), events, &key).unwrap(), Differs::Subject),
    ];
    for (envelope, expect) in cases {
        assert_eq!(says(&envelope, &evidence, events), Err(expect), "{envelope:?}");
    }
}

#[test]
fn a_witness_key_signs_no_statement() {
    let key = SigningKey::new("w", KeyKind::CosignatureV1, &[1; 32]).unwrap();
    let signed = sign(&world().evidence(run_id(1)), sha256(b""), &key);
    assert_eq!(signed, Err(NoteFault::KeyKind));
}

#[test]
fn a_run_without_a_plan_names_none() {
    let world = world();
    let has_plan = |run| {
        let said = statement(&world.evidence(run), sha256(b""));
        said.get("predicate").unwrap().get("plan_digest").is_some()
    };
    assert!(has_plan(run_id(1)));
    assert!(!has_plan(run_id(10)), "cancelled before a preview");
}
