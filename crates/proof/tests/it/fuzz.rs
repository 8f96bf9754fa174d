//! Mutations of everything that the vectors hold, at every parser: none breaks, and what is accepted is written again as
//! it came. A change of a few bytes stays close to what is valid, where noise is refused at the first byte.
//!
//! Longer: `ACTIONPLANE_TEST_FUZZ_ROUNDS=1000 cargo test -p proof --test it fuzz`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proof::disclosure::Disclosure;
use proof::witness::AddCheckpoint;
use proof::zip;
use serde_json::Value;

use crate::mutator::Mutator;
use crate::vectors::{list, read, text};
use crate::{parsers, properties};

/// As many as take some seconds without optimization.
const EXECUTIONS: u64 = 60_000;

fn member<'a>(file: &'a Value, name: &str) -> &'a Value {
    file.get(name).unwrap_or_else(|| panic!("`{name}` stands in {file}"))
}

/// Every text in a value.
fn texts(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) => found.push(text.clone().into_bytes()),
        Value::Array(elements) => elements.iter().for_each(|element| texts(element, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Good and bad inputs of every format.
fn seeds() -> Vec<Vec<u8>> {
    let note = read(include_str!("../vectors/note.json"));
    let bundle = read(include_str!("../vectors/bundle.json"));
    let dsse = read(include_str!("../vectors/dsse.json"));
    let plans = read(include_str!("../vectors/plans.json"));
    let mut seeds = Vec::new();
    for name in ["checkpoints", "policies", "proofs", "promise"] {
        texts(member(&note, name), &mut seeds);
    }
    texts(member(&bundle, "files"), &mut seeds);
    texts(&plans, &mut seeds);
    texts(member(&read(include_str!("../vectors/leaf.json")), "cases"), &mut seeds);
    texts(&read(include_str!("../vectors/keys.json")), &mut seeds);
    seeds.push(member(&dsse, "envelope").to_string().into_bytes());
    for plan in list(&plans, "plans") {
        seeds.push(member(plan, "header").to_string().into_bytes());
    }
    let files: BTreeMap<_, _> = member(&bundle, "files").as_object().into_iter().flatten().collect();
    let some = files.iter().take(4);
    let zip =
        zip::write(some.map(|(name, file)| (name.as_str(), file.as_str().unwrap_or_default().as_bytes())));
    seeds.push(zip.expect("names of a bundle"));
    seeds.push(b"\0\x03one\0\x03two\0\0".to_vec());
    seeds.push((0..96).collect());
    for path in ["tile/0/x001/067", "tile/entries/000.p/12", "tile/1/000.p/1"] {
        seeds.push(path.into());
    }
    let head = text(member(&bundle, "files"), "log/checkpoint").to_owned();
    let request = format!("old 0\n\n{head}");
    assert!(AddCheckpoint::parse(request.as_bytes()).is_ok(), "a good request is among the seeds");
    seeds.push(request.into_bytes());
    seeds
}

#[test]
fn no_mutation_of_a_known_input_breaks_a_parser() {
    Mutator::run(&seeds(), EXECUTIONS, |_, input| {
        properties::check_every_door(input);
        parsers::check_every_door(input);
    });
}

#[test]
fn no_mutation_of_a_disclosure_is_opened_as_another_than_it_is() {
    let file = read(include_str!("../vectors/disclosure.json"));
    let mut seeds: Vec<_> = list(&file, "cases").iter().map(|case| text(case, "disclosure").into()).collect();
    seeds.extend(list(&file, "cases").iter().filter_map(|case| case.get("json")?.as_str()).map(Vec::from));
    Mutator::run(&seeds, EXECUTIONS, |_, input| {
        for text in [String::from_utf8_lossy(input).into_owned(), URL_SAFE_NO_PAD.encode(input)] {
            if let Ok(opened) = Disclosure::open(&text) {
                let again =
                    Disclosure::seal(opened.salt, &opened.name, &opened.value).expect("opened before");
                assert_eq!((again.digest, again.text), (opened.digest, text));
            }
        }
    });
}
