//! One byte changed anywhere: the verdict never gets better, and nothing panics.

use proof::zip;
use std::collections::BTreeMap;

use proof::bundle::{Manifest, Scope, list};
use proptest::prelude::*;
use proptest::sample::Index;
use verifier::{Question, Verdict, verify_zip};

use crate::corpus::Case;
use crate::{forgeries, stories};

/// As many as a test may take. Every run draws others.
const FLIPS: u32 = 64;

thread_local! {
    static GOOD: Vec<Case> = some(&["rolled_back", "erased", "full_continued", "projected"]);
    static ALL: Vec<Case> = some(&[
        "rolled_back",
        "erased",
        "open",
        "full_continued",
        "one_witness",
        "quorum_short",
        "removed_before_the_write",
        "written_under_a_pause",
    ]);
}

fn some(names: &[&str]) -> Vec<Case> {
    let all = stories::cases().into_iter().chain(forgeries::cases());
    all.filter(|case| names.contains(&case.name)).collect()
}

/// A case with one bit changed in some file, and where that was.
fn flip(cases: &[Case], which: Index, file: Index, at: Index, bit: u8) -> (Case, String) {
    let mut case = which.get(cases).clone();
    let mut files: Vec<_> = case.files.iter_mut().filter(|(_, bytes)| !bytes.is_empty()).collect();
    let place = file.index(files.len());
    let (path, bytes) = &mut files[place];
    let at = at.index(bytes.len());
    bytes[at] ^= 1 << bit;
    let told = format!("{path} bit {bit} of byte {at}");
    (case, told)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: FLIPS, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_byte_of_a_good_bundle_never_passes(
        which in any::<Index>(),
        file in any::<Index>(),
        at in any::<Index>(),
        bit in 0u8..8,
    ) {
        let (case, told) = GOOD.with(|good| flip(good, which, file, at, bit));
        let verdict = case.verify().verdict;
        // The table of contents has members that nothing else tells, such as when the bundle was made.
        let untold = told.starts_with("manifest.json") && verdict == case.expect;
        prop_assert!(verdict > case.expect || untold, "{} {told}: {verdict}", case.name);
    }

    #[test]
    fn a_changed_byte_under_a_new_table_of_contents_never_gets_a_better_verdict(
        which in any::<Index>(),
        file in any::<Index>(),
        at in any::<Index>(),
        bit in 0u8..8,
    ) {
        let (case, told) = ALL.with(|all| flip(all, which, file, at, bit));
        prop_assume!(!told.starts_with("manifest.json"));
        let expect = case.expect;
        // Damaged evidence of a broken rule is no longer evidence of it, and must not become evidence of a kept one.
        let floor = expect.min(Verdict::Untrusted);
        let verdict = case.relisted().verify().verdict;
        prop_assert!(verdict >= floor, "{told}: {verdict} instead of {expect}");
    }
}

/// Files that a reader looks into.
fn read_files() -> Vec<String> {
    let run = crate::lab::run_id(1);
    let of_run = [
        "events.jsonl",
        "disclosures.jsonl",
        "plans/1.jsonl",
        "proofs/0.tlog-proof",
        "aat.jsonl",
        "attestation.dsse.json",
    ];
    let digest = "0".repeat(64);
    let others = [
        "log/checkpoint",
        "log/tile/0/000.p/1",
        "log/tile/entries/000.p/1",
        "workspace/events.jsonl",
        "trust.tlog-policy",
        "anchors/a.tsr",
    ];
    let mut all: Vec<String> = of_run.iter().map(|name| format!("runs/{run}/{name}")).collect();
    all.extend(others.map(str::to_owned));
    all.extend([
        format!("policies/{digest}.json"),
        format!("manifests/{digest}.toml"),
        format!("artifacts/{digest}"),
    ]);
    all
}

/// Noise that looks like what is expected.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        r#"(\{"(index|leaf|digest|disclosure|doc|n)":("[A-Za-z0-9+/=]{0,12}"|[0-9]{1,3})(,"(leaf|n|disclosure)":"[A-Za-z0-9+/=]{0,16}")?\}\n){0,3}"#
            .prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_no_evidence(contents in prop::collection::vec(noise(), 15)) {
        let mut case = Case::new("noise", BTreeMap::new(), Verdict::Incomplete);
        case.files = read_files().into_iter().zip(contents).collect();
        prop_assert!(case.verify().verdict >= Verdict::Incomplete);
        let listed = Manifest {
            created: "2026-11-24T08:00:00.000Z".to_owned(),
            files: list(&case.files),
            origin: crate::lab::ORIGIN.to_owned(),
            scope: Scope::Full,
            size: 1,
            retention: None,
        };
        case.files.insert("manifest.json".to_owned(), listed.to_bytes().unwrap());
        prop_assert!(case.verify().verdict >= Verdict::Incomplete);
    }
}

#[test]
fn a_changed_byte_of_an_archive_never_passes() {
    let case = stories::cases().swap_remove(0);
    let files = case.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    let archive = zip::write(files).unwrap();
    let question = Question::default();
    assert_eq!(verify_zip(&archive, &question).verdict, Verdict::Untrusted);
    for at in (0..archive.len()).step_by(397) {
        let mut changed = archive.clone();
        changed[at] ^= 0x10;
        assert!(verify_zip(&changed, &question).verdict > Verdict::Untrusted, "{at}");
        assert!(verify_zip(&archive[..at], &question).verdict > Verdict::Untrusted, "{at}");
    }
}
