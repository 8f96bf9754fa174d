use serde_json::json;

use super::{Crate, ROOMS, findings, workspace};

/// The workspace that the table describes.
fn as_the_table_says() -> Vec<Crate> {
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let described = |room: &super::Room| Crate {
        name: room.name.to_owned(),
        knows: owned(room.knows),
        tests_know: owned(room.tests_know),
        uses: owned(&["serde"]),
    };
    ROOMS.iter().map(described).collect()
}

fn check(change: impl FnOnce(&mut Vec<Crate>), expected: &[&str]) {
    let mut crates = as_the_table_says();
    change(&mut crates);
    assert_eq!(findings(&crates), expected);
}

fn named<'a>(crates: &'a mut [Crate], name: &str) -> &'a mut Crate {
    crates.iter_mut().find(|real| real.name == name).unwrap()
}

#[test]
fn a_workspace_like_the_table_has_no_findings() {
    check(|_| {}, &[]);
}

#[test]
fn a_new_edge_is_found() {
    check(
        |crates| named(crates, "proof").knows.extend(["domain".to_owned()]),
        &["`proof` uses `domain`, an edge that check/architecture.rs does not allow"],
    );
}

#[test]
fn an_edge_of_tests_is_found_on_its_own() {
    check(
        |crates| named(crates, "store").tests_know.extend(["engine".to_owned()]),
        &["`store` uses in tests `engine`, an edge that check/architecture.rs does not allow"],
    );
}

#[test]
fn an_edge_that_is_gone_is_found() {
    check(
        |crates| named(crates, "policy").knows.clear(),
        &["`policy` no longer uses `proof`: remove it from check/architecture.rs"],
    );
}

#[test]
fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
    check(
        |crates| named(crates, "simulators").name = "fakes".into(),
        &[
            "crate `fakes` has no row in check/architecture.rs",
            "check/architecture.rs has a row for `simulators`, which is no crate",
        ],
    );
}

#[test]
fn a_database_driver_outside_the_store_is_found() {
    check(
        |crates| named(crates, "server").uses.extend(["rusqlite".to_owned()]),
        &["`server` uses `rusqlite`, which belongs to `store`"],
    );
}

#[test]
fn the_table_is_sorted_out_of_cargo_metadata() {
    let package = json!({"name": "engine", "dependencies": [
        {"name": "domain", "kind": null, "path": "crates/domain"},
        {"name": "simulators", "kind": "dev", "path": "crates/simulators"},
        {"name": "store", "kind": "build", "path": "crates/store"},
        {"name": "tokio", "kind": null},
        {"name": "tempfile", "kind": "dev"},
    ]});
    let expected = Crate {
        name: "engine".into(),
        knows: ["domain".into(), "store".into()].into(),
        tests_know: ["simulators".into()].into(),
        uses: ["tokio".into()].into(),
    };
    assert_eq!(workspace(&[package]).unwrap(), [expected]);
}
