//! Golden data that verifiers in other languages read too. The files stay as they are; what a file holds beyond
//! the reach of this crate is left aside here.

use proof::digest::Digest;
use proof::disclosure::{Disclosure, Opened};
use proof::document::{MutationDocument, PlanHeader, idempotency_key};
use proof::leaf::Leaf;
use proof::strict::Fault;
use proof::tree::{leaf_hash, root};
use serde_json::Value;

pub fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("a vector file is JSON")
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("`{name}` is a string in {value}"))
}

pub fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("`{name}` is an array in {value}"))
}

pub fn hex(digits: &str) -> Vec<u8> {
    let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex digits")).collect()
}

fn word<T>(result: &Result<T, Fault>) -> &'static str {
    result.as_ref().map_or_else(|fault| fault.word(), |_| "ok")
}

/// The bytes of a leaf case: given as text, as hex, or as the base with other data.
fn leaf_input(base: &str, case: &Value) -> Vec<u8> {
    if let Some(input) = case["input"].as_str() {
        return input.into();
    }
    if let Some(hex) = case["input_hex"].as_str() {
        return self::hex(hex);
    }
    let too_large = format!("{{\"s\":\"{}\"}}", "a".repeat(16_384));
    base.replace("{data}", case["data"].as_str().unwrap_or(&too_large)).into()
}

#[test]
fn every_leaf_is_judged_as_written() {
    let file = read(include_str!("../vectors/leaf.json"));
    for case in list(&file, "cases") {
        let input = leaf_input(text(&file, "base"), case);
        let parsed = Leaf::parse(&input);
        assert_eq!(word(&parsed), text(case, "expect"), "{}", text(case, "name"));
        if let Ok(leaf) = parsed {
            assert_eq!(leaf_hash(&input).to_string(), text(case, "leaf_hash"));
            assert_eq!(leaf.to_bytes(), Ok(input));
        }
    }
}

#[test]
fn every_disclosure_is_judged_as_written() {
    let file = read(include_str!("../vectors/disclosure.json"));
    for case in list(&file, "cases") {
        let (disclosure, expect) = (text(case, "disclosure"), text(case, "expect"));
        let opened = Disclosure::open(disclosure);
        // Whether a digest stands anywhere is known to the holder of the digests, not to this crate.
        let verdict = match &opened {
            Ok(opened) if opened.digest.as_str() != text(case, "digest") => "digest",
            other => word(other),
        };
        assert_eq!(verdict, expect, "{}", text(case, "name"));
        if let Ok(Opened { digest, salt, name, value }) = opened {
            let sealed = Disclosure::seal(salt, &name, &value);
            assert_eq!(sealed, Ok(Disclosure { digest, text: disclosure.into() }));
        }
    }
}

#[test]
fn plans_have_the_digests_of_the_file() {
    let file = read(include_str!("../vectors/plans.json"));
    for plan in list(&file, "plans") {
        let header = PlanHeader::parse(plan["header"].to_string().as_bytes()).expect("a header");
        let hashes: Vec<_> = list(plan, "documents").iter().map(mutation_hash).collect();
        let texts: Vec<_> = hashes.iter().map(Digest::to_string).collect();
        assert_eq!(texts, list(plan, "mutation_hashes").iter().filter_map(Value::as_str).collect::<Vec<_>>());
        assert_eq!(root(&hashes), header.root);
        assert_eq!(u32::try_from(hashes.len()), Ok(header.count));

        let plan_digest = header.digest().expect("parsed before");
        assert_eq!(plan_digest.to_string(), text(plan, "plan_digest"));
        for attempt in list(plan, "keys") {
            let n = attempt["n"].as_u64().and_then(|n| n.try_into().ok()).expect("a place in the plan");
            assert_eq!(idempotency_key(&header.run, &plan_digest, n).to_string(), text(attempt, "key"));
        }
    }
}

fn mutation_hash(document: &Value) -> Digest {
    let document = document.as_str().expect("a document is a text");
    let parsed = MutationDocument::parse(document.as_bytes()).expect("a document");
    assert_eq!(parsed.to_bytes().as_deref(), Ok(document.as_bytes()));
    parsed.hash().expect("parsed before")
}
