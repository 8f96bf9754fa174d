//! A trail says what the events say, or it is refused.

use std::sync::LazyLock;

use exports::RunEvidence;
use exports::aat::{Differs, SameKey, TrailKey, TrailKeys, says, trail};
use exports::jsonl;
use proof::digest::sha256;
use proof::json::Value;
use proof::strict::parse_open;
use proptest::prelude::*;

use crate::golden::keys;
use crate::stories::{named, world};
use crate::world::run_id;

/// The records of a trail.
fn records(trail: &[u8]) -> Vec<Value> {
    jsonl::lines(trail).unwrap().into_iter().map(|line| parse_open(line).unwrap()).collect()
}

fn check(edit: impl FnOnce(&mut Vec<Value>), expect: Result<(), Differs>) {
    let (evidence, keys) = (world().evidence(run_id(2)), keys());
    let mut edited = records(&trail(&evidence, &keys));
    edit(&mut edited);
    assert_eq!(says(&jsonl::to_bytes(&edited), &keys.file(), &evidence), expect);
}

fn set(record: &mut Value, name: &str, value: Value) {
    let Value::Object(members) = record else { panic!("a record is an object") };
    members.insert(name.to_owned(), value);
}

#[test]
fn the_trail_of_each_story_says_what_its_events_say() {
    let (world, keys) = (world(), keys());
    for (run, story) in named() {
        let evidence = world.evidence(run);
        let trail = trail(&evidence, &keys);
        assert_eq!(says(&trail, &keys.file(), &evidence), Ok(()), "{story}");
        assert_eq!(records(&trail).len(), evidence.entries.len(), "{story}: one leaf, one record");
    }
}

#[test]
fn an_edited_trail_is_refused_by_what_is_wrong_with_it() {
    check(|_| (), Ok(()));
    check(|records| drop(records.pop()), Err(Differs::Count));
    check(|records| records.swap(1, 2), Err(Differs::Chain(1)));
    check(|records| set(&mut records[3], "outcome", "denied".into()), Err(Differs::Signature(3)));
    check(|records| set(&mut records[3], "prev_hash", Value::Null), Err(Differs::Chain(3)));
    check(|records| set(&mut records[3], "signature", "AAAA".into()), Err(Differs::Signature(3)));
    check(|records| set(&mut records[3], "sig_alg", "none".into()), Err(Differs::Signature(3)));
    check(|records| set(&mut records[3], "signer_kid", "nobody".into()), Err(Differs::Signer(3)));
    check(|records| set(&mut records[4], "batch", Value::Null), Err(Differs::Batch(4)));
    check(
        |records| {
            let agent = records[0].get("signer_kid").unwrap().clone();
            set(&mut records[1], "signer_kid", agent);
        },
        Err(Differs::Signer(1)),
    );
}

#[test]
fn a_trail_that_is_signed_well_but_of_other_events_is_refused() {
    let (world, keys) = (world(), keys());
    let (auto, erased) = (world.evidence(run_id(1)), world.evidence(run_id(14)));
    assert_eq!(says(&trail(&auto, &keys), &keys.file(), &erased), Err(Differs::Count));
    let mut other = auto.clone();
    other.entries[2].index += 1;
    assert_eq!(says(&trail(&other, &keys), &keys.file(), &auto), Err(Differs::Record(2)));
}

#[test]
fn a_cut_or_foreign_file_is_refused() {
    let (evidence, keys) = (world().evidence(run_id(1)), keys());
    let trail = trail(&evidence, &keys);
    let cut = trail.strip_suffix(b"\n").unwrap();
    assert_eq!(says(cut, &keys.file(), &evidence), Err(Differs::Cut));
    assert_eq!(says(&trail, b"{}", &evidence), Err(Differs::Signer(0)));
    assert_eq!(says(&trail, b"[]", &evidence), Err(Differs::Keys));
    let spaced = [b" ".as_slice(), &trail].concat();
    assert_eq!(says(&spaced, &keys.file(), &evidence), Err(Differs::Form(0)));
    // A key under a thumbprint that is not its own.
    let file = String::from_utf8(keys.file()).unwrap();
    let kid = file.split('"').nth(1).unwrap();
    let misnamed = file.replacen(kid, "AAAA", 1);
    assert_eq!(says(&trail, misnamed.as_bytes(), &evidence), Err(Differs::Keys));
}

#[test]
fn one_key_for_both_parts_is_refused() {
    let key = || TrailKey::new(sha256(b"one").as_bytes()).unwrap();
    assert!(matches!(TrailKeys::new(key(), key()), Err(SameKey)));
    assert!(TrailKey::new(&[0; 32]).is_err());
    assert!(TrailKey::new(&[0xff; 32]).is_err());
}

#[test]
fn a_trail_says_the_same_before_and_after_an_erasure() {
    let (mut world, keys) = (world(), keys());
    let before = trail(&world.evidence(run_id(1)), &keys);
    world.erase(run_id(1));
    assert_eq!(trail(&world.evidence(run_id(1)), &keys), before);
}

/// The evidence of one run, its trail and its keys file.
static GOOD: LazyLock<(RunEvidence, Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let (evidence, keys) = (world().evidence(run_id(1)), keys());
    let trail = trail(&evidence, &keys);
    (evidence, trail, keys.file())
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_flipped_bit_of_a_trail_passes(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let (evidence, trail, keys_file) = &*GOOD;
        let mut flipped = trail.clone();
        flipped[at.index(trail.len())] ^= 1 << bit;
        prop_assert!(says(&flipped, keys_file, evidence).is_err());
    }
}
