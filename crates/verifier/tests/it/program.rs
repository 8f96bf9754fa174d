//! The program itself, over the committed corpus: arguments, output, exit codes.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "runs the program on files")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proof::json::Value;
use proof::strict::parse_open;

use crate::corpus::Case;
use crate::export::trust;
use crate::stories;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_actionplane-verify")).args(arguments).output().unwrap()
}

fn corpus(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name).display().to_string()
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn case(name: &str) -> Case {
    stories::cases().into_iter().find(|case| case.name == name).unwrap()
}

#[test]
fn exit_codes_are_those_of_the_verdicts() {
    let folder = folder("codes");
    let trust = write(&folder, "mine.tlog-policy", trust().as_bytes());
    for (file, code) in [
        ("good/approved.apev", 0),
        ("good/erased.apev", 0),
        ("good/open.apev", 3),
        ("good/one_witness.apev", 3),
        ("good/foreign_key.apev", 4),
        ("tampered/proof_missing.apev", 5),
        ("tampered/event_rewritten.apev", 6),
        ("tampered/quorum_short.apev", 7),
        ("tampered/type_unknown.apev", 1),
    ] {
        let output = run(&[&corpus(file), "--trust", &trust]);
        assert_eq!(output.status.code(), Some(code), "{file}\n{}", out(&output));
    }
}

#[test]
fn wrong_use_is_2_and_unreadable_files_are_1() {
    let folder = folder("use");
    let broken = write(&folder, "broken.tlog-policy", b"log nobody");
    let good = corpus("good/auto.apev");
    for (arguments, code) in [
        (vec![], 2),
        (vec![good.as_str(), "--max-age", "soon"], 2),
        (vec![good.as_str(), "--at", "yesterday"], 2),
        (vec![good.as_str(), "--trust", broken.as_str()], 2),
        (vec!["/nowhere/x.apev"], 1),
        (vec![good.as_str(), "--trust", "/nowhere"], 1),
        (vec!["extract", good.as_str()], 1),
    ] {
        assert_eq!(run(&arguments).status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn a_directory_a_page_and_an_archive_say_the_same() {
    let folder = folder("forms");
    let trust = write(&folder, "mine.tlog-policy", trust().as_bytes());
    let bundle = folder.join("bundle");
    for (path, bytes) in &case("rolled_back").files {
        write(&bundle, path, bytes);
    }
    let archive = corpus("good/rolled_back.apev");
    let bytes = std::fs::read(&archive).unwrap();
    let page = format!(
        "<!doctype html><script type=\"application/octet-stream\" id=\"bundle\">{}</script><p>",
        STANDARD.encode(&bytes)
    );
    let page = write(&folder, "report.html", page.as_bytes());
    let taken = folder.join("taken.apev").display().to_string();
    let archived = out(&run(&[&archive, "--trust", &trust, "--json"]));
    assert_eq!(out(&run(&[&bundle.display().to_string(), "--trust", &trust, "--json"])), archived);
    assert_eq!(out(&run(&["extract", &page, "--out", &taken, "--trust", &trust, "--json"])), archived);
    assert_eq!(std::fs::read(taken).unwrap(), bytes);
    let told = run(&["extract", &page, "--trust", &trust]);
    assert!(out(&told).starts_with("Page without bundle and summary: SHA-256 "), "{}", out(&told));
    assert!(out(&told).contains("not the page of this release"), "{}", out(&told));
    assert_eq!(told.status.code(), Some(0));

    write(&bundle, ".hidden", b"x");
    assert_eq!(run(&[&bundle.display().to_string(), "--trust", &trust]).status.code(), Some(6));
}

#[test]
fn kept_heads_and_ages_are_judged() {
    let folder = folder("kept");
    let trust = write(&folder, "mine.tlog-policy", trust().as_bytes());
    let kept = write(&folder, "kept", case("continued").known[0].as_bytes());
    let later = corpus("good/continued.apev");
    assert_eq!(run(&[&later, "--trust", &trust, "--known", &kept]).status.code(), Some(0));
    assert_eq!(
        run(&[&corpus("good/approved.apev"), "--trust", &trust, "--known", &kept]).status.code(),
        Some(5)
    );
    let age = |at: &str| run(&[&later, "--trust", &trust, "--max-age", "2h", "--at", at]).status.code();
    assert_eq!(age("2026-11-24T10:00:00.000Z"), Some(0));
    assert_eq!(age("2026-11-24T11:00:00.000Z"), Some(3));
    assert_eq!(run(&[&later, "--trust", &trust, "--max-age", "2h"]).status.code(), Some(3));
}

#[test]
fn json_is_one_object_in_the_documented_form() {
    let output = run(&[&corpus("good/erased.apev"), "--json"]);
    let text = out(&output);
    let report = parse_open(text.trim_end().as_bytes()).unwrap();
    let member = |name: &str| report.get(name).unwrap_or_else(|| panic!("no {name}")).clone();
    assert_eq!(member("v"), Value::from("actionplane.report/1"));
    assert_eq!(member("verdict"), Value::from("UNTRUSTED"));
    assert_eq!(member("exit_code"), Value::Int(4));
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(member("checks").as_array().unwrap().len(), verifier::Check::ALL.len());
    let names: Vec<String> = report.as_object().unwrap().keys().cloned().collect();
    let all =
        ["bundle", "checks", "closing", "exit_code", "fields", "head", "meaning", "runs", "v", "verdict"];
    assert_eq!(names, all);
}

#[test]
fn the_report_for_people_is_as_committed() {
    let folder = folder("text");
    let trust = write(&folder, "mine.tlog-policy", trust().as_bytes());
    for name in ["rolled_back", "erased", "open"] {
        let text = out(&run(&[&corpus(&format!("good/{name}.apev")), "--trust", &trust]));
        assert!(text.trim_end().ends_with(verifier::CLOSING));
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../reports" }, {
            insta::assert_snapshot!(name, text);
        });
    }
}
