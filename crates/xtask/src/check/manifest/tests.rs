use super::findings;

fn check(dependencies: &str, expected: &[&str]) {
    let manifest = format!(
        "[workspace]\nmembers = [\"crates/*\"]\n\n[workspace.dependencies]\n{dependencies}\n[profile.dev]\ndebug = 1\n"
    );
    assert_eq!(findings(&manifest), expected);
}

#[test]
fn a_dependency_with_a_reason_passes() {
    check(
        "sha2 = \"0.11\" # the one hash\nserde = { version = \"1\", features = [\"derive\"] } # edge types",
        &[],
    );
}

#[test]
fn our_own_crates_and_headings_need_no_reason() {
    check("# a heading = with words\nproof = { path = \"crates/proof\" }", &[]);
}

#[test]
fn a_dependency_without_a_reason_is_found() {
    check("# hashing\nsha2 = \"0.11\"", &["Cargo.toml:6: `sha2` has no comment that says why"]);
}

#[test]
fn an_empty_comment_is_no_reason() {
    check("sha2 = \"0.11\" # ", &["Cargo.toml:5: `sha2` has no comment that says why"]);
}
