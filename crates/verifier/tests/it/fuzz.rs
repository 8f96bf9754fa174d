//! Mutations of the files of good bundles, under a table of contents made anew, so that each gets past the first check to
//! the reader that it is for: nothing panics, and no verdict gets better.
//!
//! Longer: `ACTIONPLANE_TEST_FUZZ_ROUNDS=100 cargo test -p verifier --test it fuzz`.

use proof::zip;
use verifier::{Question, Verdict, verify_zip};

use crate::corpus::Case;
use crate::mutator::Mutator;
use crate::stories;

/// As many as take some seconds; each is the judgment of a whole bundle.
const EXECUTIONS: u64 = 150;

#[test]
fn no_mutation_of_a_file_of_a_bundle_makes_its_verdict_better() {
    let cases = stories::cases();
    let places: Vec<(&Case, &String)> =
        cases.iter().flat_map(|case| case.files.keys().map(move |path| (case, path))).collect();
    let seeds: Vec<_> = places.iter().map(|(case, path)| case.files[*path].clone()).collect();
    Mutator::run(&seeds, EXECUTIONS, |which, input| {
        let (case, path) = places[which];
        let mut changed = case.clone();
        changed.files.insert(path.clone(), input.to_vec());
        let listed = path != "manifest.json";
        let changed = if listed { changed.relisted() } else { changed };
        let verdict = changed.verify().verdict;
        assert!(verdict >= case.expect, "{} {path}: {verdict} instead of {}", case.name, case.expect);
    });
}

#[test]
fn no_mutation_of_an_archive_is_another_archive() {
    let seeds: Vec<_> = stories::cases()
        .iter()
        .map(|case| {
            zip::write(case.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))).unwrap()
        })
        .collect();
    Mutator::run(&seeds, EXECUTIONS, |which, input| {
        let verdict = verify_zip(input, &Question::default()).verdict;
        assert!(verdict > Verdict::Untrusted || input == seeds[which], "{verdict}");
    });
}
