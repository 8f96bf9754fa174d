use super::{File, LINES_HINT, findings, hint};

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

/// Whether the line is refused in that file. `~` splits the forbidden strings, so that they do not stand here.
fn check(path: &str, line: &str, refused: bool) {
    let line = line.replace('~', "");
    assert_eq!(!findings(&file(path, &line)).is_empty(), refused, "`{line}` in {path}");
}

#[test]
fn paths_of_a_machine_are_refused_everywhere() {
    for path in ["README.md", "crates/proof/src/leaf.rs", "Cargo.lock"] {
        check(path, "see /wo~rk/main/x", true);
        check(path, "(/ro~ot/.cargo)", true);
        check(path, "\"/ho~me/somebody/x\"", true);
        check(path, "/Us~ers/somebody", true);
        check(path, "../sh~ared/design", true);
    }
}

#[test]
fn the_same_words_inside_urls_and_relative_paths_pass() {
    check("README.md", "https://example.test/wo~rk/1", false);
    check("README.md", "./wo~rk/1 and $HOME/wo~rk/1 and {base}/ho~me/", false);
}

#[test]
fn registry_hosts_are_refused_outside_lock_files() {
    for host in
        ["crates~.io", "pypi~.org", "files.python~hosted.org", "registry.npmjs~.org", "deb.debian~.org"]
    {
        check("deny.toml", host, true);
        check("Cargo.lock", host, false);
        check("console/package-lock.json", host, false);
    }
}

#[test]
fn stubs_and_hidden_tests_are_refused_in_rust_and_may_be_spoken_of_in_prose() {
    for text in [
        "todo~!()",
        "unimpl~emented!(\"x\")",
        "#[ig~nore]",
        "#[ig~nore = \"x\"]",
        "#[should~_panic(expected)]",
    ] {
        check("crates/proof/src/leaf.rs", text, true);
        check("CONTRIBUTING.md", text, false);
    }
}

#[test]
fn a_reminder_needs_an_issue() {
    check("a.rs", "// TO~DO: later", true);
    check("a.rs", "// TO~DO(me) later", true);
    check("a.rs", "// TO~DO(#) later", true);
    check("a.sql", "-- FIX~ME later", true);
    check("a.rs", "// TO~DO(#12) later", false);
    check("a.rs", "MY_TO~DO_LIST", false);
    check("STYLE.md", "no bare TO~DO", false);
}

#[test]
fn only_the_store_and_the_tests_of_domain_make_commit_receipts() {
    let line = "let receipt = CommitReceipt~::committed(run, version);";
    check("crates/engine/src/workers/executor.rs", line, true);
    check("crates/domain/src/grant.rs", line, true);
    check("crates/engine/src/workers/tests.rs", line, true);
    check("crates/store/src/sqlite/writer.rs", line, false);
    check("crates/domain/src/grant/tests.rs", line, false);
    check("crates/domain/tests/it/main.rs", line, false);
}

#[test]
fn a_finding_names_file_line_string_and_reason() {
    let text = "fn f() {\n    todo~!()\n}\n".replace('~', "");
    let expected = "a.rs:2: `todo~!(`: unfinished code".replace('~', "");
    assert_eq!(findings(&file("a.rs", &text)), [expected]);
}

#[test]
fn a_file_past_the_limit_gets_a_hint_and_one_at_the_limit_does_not() {
    let lines = |count| "x\n".repeat(count);
    assert_eq!(hint(&file("a.rs", &lines(LINES_HINT))), None);
    assert_eq!(
        hint(&file("a.rs", &lines(LINES_HINT + 1))).as_deref(),
        Some("a.rs has 501 lines: look for a seam")
    );
    assert_eq!(hint(&file("schema.gen.ts", &lines(LINES_HINT + 1))), None);
    assert_eq!(hint(&file("README.md", &lines(LINES_HINT + 1))), None);
}
