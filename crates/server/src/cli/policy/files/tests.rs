use std::fs;

use policy::fault::Problem;

use super::*;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("b.cedar", "permit (principal, action, resource);\n"),
        ("a.cedar", "// one\n// two\n"),
        ("a.cases.toml", "[[case]]\n"),
        ("notes.txt", "not a policy"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_folder_is_its_policies_in_order_and_its_cases() {
    let folder = folder();
    let sources = Sources::read(&[folder.path().to_owned()]).unwrap();
    assert_eq!(sources.text, "// one\n// two\n\npermit (principal, action, resource);\n");
    assert_eq!(sources.cases.len(), 1);
}

#[test]
fn a_fault_is_placed_in_the_file_of_its_author() {
    let folder = folder();
    let sources = Sources::read(&[folder.path().to_owned()]).unwrap();
    let placed = |line| {
        let fault = Fault { policy: None, place: Some(Place { line, column: 1 }), problem: Problem::NoId };
        let text = sources.place(&fault);
        text.rsplit('/').next().unwrap().split(" the").next().unwrap().to_owned()
    };
    assert_eq!(placed(2), "a.cedar:2:1:");
    assert_eq!(placed(4), "b.cedar:1:1:");
}

#[test]
fn files_without_a_policy_are_refused() {
    let folder = folder();
    let cases = folder.path().join("a.cases.toml");
    assert!(matches!(Sources::read(&[cases]), Err(Failure::Usage(_))));
    assert!(matches!(Sources::read(&[folder.path().join("gone.cedar")]), Err(Failure::File { .. })));
}

#[test]
fn the_starter_policies_pass_their_cases_with_the_built_in_connectors() {
    let set = policy::PolicySet::load(policy::starter(), &schema(None).unwrap()).unwrap();
    for (file, text) in policy::starter_cases() {
        let results = policy::run_cases(&set, text).unwrap();
        let failed: Vec<_> = results.iter().filter(|result| !result.passed()).collect();
        assert!(failed.is_empty(), "{file}: {failed:?}");
    }
}
