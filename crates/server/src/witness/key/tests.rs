use super::*;

const NAME: &str = "witness.example/w";

#[test]
fn a_key_is_made_once_and_read_back_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let made = open(&path, NAME, true).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let id = made.verifier().id();
    assert!(text.starts_with(&format!("PRIVATE+KEY+{NAME}+{id}+")) && text.ends_with('\n'), "{id}");
    let read = open(&path, NAME, false).unwrap();
    assert_eq!(read.verifier(), made.verifier());
    assert_eq!(made.verifier().kind(), KeyKind::CosignatureV1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn another_name_a_missing_and_a_damaged_key_stop_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    assert!(matches!(open(&path, NAME, false), Err(StartFault::KeyMissing(_))));
    assert!(matches!(open(&path, "two words", true), Err(StartFault::Name(_))));
    open(&path, NAME, true).unwrap();
    assert!(matches!(open(&path, "other", false), Err(StartFault::OtherName { name, .. }) if name == NAME));
    let good = std::fs::read_to_string(&path).unwrap();
    let damaged = [good.replacen(NAME, "witness.example/x", 1), good.replacen("+B", "+A", 1), String::new()];
    for text in damaged {
        std::fs::write(&path, &text).unwrap();
        assert!(matches!(open(&path, NAME, true), Err(StartFault::Damaged(_))), "{}", text.len());
    }
}
