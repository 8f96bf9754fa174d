use std::os::unix::fs::PermissionsExt;

use super::*;

const URL: &str = "http://127.0.0.1:7380";

fn session(token: &str) -> Stored {
    Stored { url: URL.to_owned(), token: token.to_owned() }
}

#[test]
fn a_session_is_kept_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("actionplane").join("token");
    store(&path, &session("aps_1")).unwrap();
    // An older file that others could read does not lend its mode to the new one.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    store(&path, &session("aps_2")).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(stored_at(&path, URL).unwrap().as_deref(), Some("aps_2"));
}

#[test]
fn a_session_goes_to_no_other_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    store(&path, &session("aps_1")).unwrap();
    for other in ["http://127.0.0.1:7381", "https://127.0.0.1:7380", "http://127.0.0.1:7380.example.com"] {
        assert_eq!(stored_at(&path, other).unwrap(), None, "{other}");
    }
    assert!(stored_at(&path, "http://127.0.0.1:7380/").unwrap().is_some());
}

#[test]
fn no_session_is_no_error_and_a_broken_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    assert_eq!(stored_at(&path, URL).unwrap(), None);
    fs::write(&path, "aps_1").unwrap();
    assert!(matches!(stored_at(&path, URL), Err(Failure::Other { .. })));
}
