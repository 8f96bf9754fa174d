use std::os::unix::fs::PermissionsExt;

use engine::seams::SystemEntropy;

use super::*;

fn config(data: &Path) -> Config {
    Config { data: data.to_owned(), ..Config::default() }
}

#[test]
fn the_first_start_makes_a_key_for_its_owner_only_and_later_starts_keep_it() {
    let data = tempfile::tempdir().unwrap();
    kek(&config(data.path())).unwrap();
    let path = data.path().join("keys/kek");
    let made = std::fs::read(&path).unwrap();
    assert_eq!(made.len(), KEK_LEN);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    kek(&config(data.path())).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), made);
}

#[test]
fn a_database_whose_key_is_gone_gets_no_new_key() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("actionplane.db"), "").unwrap();
    assert!(matches!(kek(&config(data.path())), Err(StartFault::KeyMissing(_))));
    assert!(!data.path().join("keys/kek").exists());
}

#[test]
fn an_operators_key_file_holds_32_bytes_and_is_never_made() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("my.key");
    let config = || {
        let mut config = config(data.path());
        config.keys.kek_file = Some(file.clone());
        config
    };
    assert!(matches!(kek(&config()), Err(StartFault::File(..))));
    for (len, good) in [(31, false), (32, true), (33, false)] {
        std::fs::write(&file, vec![7; len]).unwrap();
        assert_eq!(kek(&config()).is_ok(), good, "{len}");
    }
}

#[test]
fn a_node_keeps_its_id_and_a_foreign_file_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let now = Timestamp::from_millis(1);
    let id = node(data.path(), &SystemEntropy, now).unwrap();
    assert_eq!(node(data.path(), &SystemEntropy, now).unwrap(), id);
    std::fs::write(data.path().join("node"), "something else").unwrap();
    assert!(matches!(node(data.path(), &SystemEntropy, now), Err(StartFault::Node(_))));
}

#[test]
fn generated_passwords_are_long_and_differ() {
    let one = password(&SystemEntropy);
    assert_eq!(one.len(), 23);
    assert_ne!(one, password(&SystemEntropy));
}
