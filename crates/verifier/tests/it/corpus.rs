//! The corpus: bundles as files, with the verdict that every verifier must come to.
//!
//! `ACCEPT=1 cargo nextest run -p verifier corpus` writes `tests/corpus/` anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::time::Timestamp;
use proof::bundle::{Manifest, list};
use proof::canonical;
use proof::checkpoint::SignedCheckpoint;
use proof::json::{Object, Value};
use proof::trust::TrustPolicy;
use proof::zip;
use verifier::{Check, Files, Question, Report, Verdict, verify};

use crate::export::{Bundle, trust};
use crate::{forgeries, stories};

/// A bundle with what the auditor brings, and what comes out.
#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub files: Bundle,
    pub trust: Option<String>,
    pub known: Vec<String>,
    pub now: Option<Timestamp>,
    pub max_age_s: Option<u64>,
    pub expect: Verdict,
    /// The checks that find something.
    pub found_by: Vec<Check>,
}

impl Case {
    pub fn new(name: &'static str, files: Bundle, expect: Verdict) -> Self {
        let trust = Some(trust());
        Self { name, files, trust, known: vec![], now: None, max_age_s: None, expect, found_by: vec![] }
    }

    pub fn found_by(mut self, check: Check) -> Self {
        self.found_by = vec![check];
        self
    }

    /// With a table of contents of its files as they are now.
    pub fn relisted(mut self) -> Self {
        let manifest = Manifest::parse(&self.files.remove("manifest.json").unwrap()).unwrap();
        let manifest = Manifest { files: list(&self.files), ..manifest };
        self.files.insert("manifest.json".to_owned(), manifest.to_bytes().unwrap());
        self
    }

    pub fn verify(&self) -> Report {
        self.verify_files(&files(&self.files))
    }

    pub fn verify_files(&self, files: &Files) -> Report {
        let trust = self.trust.as_ref().map(|text| TrustPolicy::parse(text.as_bytes()).unwrap());
        let known: Vec<_> =
            self.known.iter().map(|text| SignedCheckpoint::parse(text.as_bytes()).unwrap()).collect();
        let question =
            Question { trust: trust.as_ref(), known: &known, now: self.now, max_age_s: self.max_age_s };
        verify(files, &question)
    }
}

/// The bundle as the library takes it.
pub fn files(bundle: &Bundle) -> Files {
    let mut files = Files::new();
    for (path, bytes) in bundle {
        files.insert(path.as_str(), bytes.clone()).unwrap();
    }
    files
}

fn told(report: &Report) -> String {
    let lines = report.findings().map(|f| format!("{} {} {}: {}", f.check, f.verdict, f.place, f.sentence));
    lines.collect::<Vec<_>>().join("\n")
}

fn failing(report: &Report) -> Vec<Check> {
    let failing: BTreeSet<Check> = report.findings().map(|finding| finding.check).collect();
    failing.into_iter().collect()
}

/// Every case that does not come out as expected, with what was found.
fn wrong(cases: &[Case]) -> String {
    let wrong = cases.iter().filter_map(|case| {
        let report = case.verify();
        let right = report.verdict == case.expect && failing(&report).starts_with(&case.found_by);
        let only = case.found_by.is_empty() || failing(&report) == case.found_by;
        let told =
            || format!("{}: {} by {:?}\n{}\n", case.name, report.verdict, failing(&report), told(&report));
        (!right || !only).then(told)
    });
    wrong.collect()
}

#[test]
fn good_bundles_get_their_verdicts() {
    let cases = stories::cases();
    assert_eq!(wrong(&cases), "");
    for case in cases {
        assert!(case.verify().runs.iter().all(|run| run.stage.is_some()), "{} was not replayed", case.name);
    }
}

#[test]
fn each_forgery_is_found_by_its_check_and_by_no_other_and_each_check_finds_some() {
    let cases = forgeries::cases();
    assert_eq!(wrong(&cases), "");
    let caught: BTreeSet<Check> = cases.iter().flat_map(|case| case.found_by.iter().copied()).collect();
    let idle: Vec<_> = Check::ALL.iter().filter(|check| !caught.contains(check)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}

fn all() -> Vec<(&'static str, Case)> {
    let good = stories::cases().into_iter().map(|case| ("good", case));
    good.chain(forgeries::cases().into_iter().map(|case| ("tampered", case))).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn packed(bundle: &Bundle) -> Vec<u8> {
    zip::write(bundle.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))).unwrap()
}

fn entry(folder: &str, case: &Case) -> Value {
    let found = case.verify();
    let mut entry = Object::from([
        ("checks".to_owned(), Value::Array(failing(&found).iter().map(|check| check.id().into()).collect())),
        ("exit_code".to_owned(), u32::from(case.expect.exit_code()).into()),
        ("file".to_owned(), format!("{folder}/{}.apev", case.name).into()),
        ("name".to_owned(), case.name.into()),
        ("verdict".to_owned(), case.expect.word().into()),
    ]);
    if case.trust.as_ref() != Some(&trust()) {
        let own = case.trust.as_ref().map_or(Value::Null, |text| text.as_str().into());
        entry.insert("trust".to_owned(), own);
    }
    entry.extend(case.now.map(|now| ("now".to_owned(), now.to_string().into())));
    entry.extend(case.max_age_s.map(|age| ("max_age_s".to_owned(), Value::Int(i64::try_from(age).unwrap()))));
    if !case.known.is_empty() {
        let known = case.known.iter().map(|text| text.as_str().into()).collect();
        entry.insert("known".to_owned(), Value::Array(known));
    }
    Value::Object(entry)
}

/// One entry a line, so that a change shows as a diff. The trust policy of most cases stands once, before them.
fn expected(cases: &[(&'static str, Case)]) -> String {
    let lines: Vec<String> =
        cases.iter().map(|(folder, case)| canonical::to_string(&entry(folder, case))).collect();
    let trust = canonical::to_string(&trust().into());
    format!("{{\"trust\":{trust},\"cases\":[\n{}\n]}}\n", lines.join(",\n"))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the committed files are what the test is about")]
fn the_committed_corpus_is_what_the_code_makes() {
    let cases = all();
    let names: BTreeSet<&str> = cases.iter().map(|(_, case)| case.name).collect();
    assert_eq!(names.len(), cases.len(), "a name stands twice");
    let index = expected(&cases);
    if option_env!("ACCEPT").is_some() {
        for folder in ["good", "tampered"] {
            let _ = std::fs::remove_dir_all(root().join(folder));
            std::fs::create_dir_all(root().join(folder)).unwrap();
        }
        for (folder, case) in &cases {
            let file = root().join(folder).join(format!("{}.apev", case.name));
            std::fs::write(file, packed(&case.files)).unwrap();
        }
        std::fs::write(root().join("expected.json"), &index).unwrap();
        return;
    }
    assert_eq!(std::fs::read_to_string(root().join("expected.json")).unwrap(), index);
    for (folder, case) in &cases {
        let file = root().join(folder).join(format!("{}.apev", case.name));
        assert!(std::fs::read(&file).unwrap() == packed(&case.files), "{} differs", file.display());
    }
}
