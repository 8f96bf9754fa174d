use super::*;

/// The help desk's manifest under another name.
fn own(system: &str) -> String {
    let (_, zendesk) =
        connectors::manifest::BUILT_IN.iter().find(|(file, _)| *file == "zendesk.toml").unwrap();
    zendesk.replacen(r#"system = "zendesk""#, &format!(r#"system = "{system}""#), 1)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn manifests_of_the_folder_stand_beside_those_of_the_program() {
    let folder = folder(&[("own-desk.toml", &own("own-desk")), ("notes.txt", "not a manifest")]);
    let known = load(Some(folder.path())).unwrap();
    let systems: Vec<&str> = known.keys().map(Slug::as_str).collect();
    assert_eq!(systems, ["own-desk", "roundup", "salesforce", "zendesk"]);
    assert_eq!(load(None).unwrap().len(), 3);
}

#[test]
fn what_does_not_load_is_told_with_its_file() {
    let told = |files: &[(&str, &str)]| load(Some(folder(files).path())).unwrap_err().to_string();
    let taken = told(&[("mine.toml", &own("zendesk"))]);
    assert!(taken.contains("mine.toml") && taken.contains("`zendesk`"), "{taken}");
    let broken = told(&[("mine.toml", "system = 1")]);
    assert!(broken.contains("mine.toml"), "{broken}");
    let missing = load(Some(Path::new("/nowhere/at/all"))).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/at/all"), "{missing}");
}
