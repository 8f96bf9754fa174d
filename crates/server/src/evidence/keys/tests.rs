use std::os::unix::fs::PermissionsExt as _;

use domain::time::Timestamp;
use engine::seams::SystemEntropy;
use store::{Kek, SqliteStore};

use super::*;

fn keys(folder: &std::path::Path, kek: u8) -> ExportKeys {
    let data = folder.join(format!("data-{kek}"));
    let store = SqliteStore::open(&data, Kek::new(Zeroizing::new([kek; 32]))).unwrap();
    ExportKeys::new(folder.join("exports"), Arc::new(store), Arc::new(SystemEntropy))
}

fn names(keys: &SigningKeys) -> (String, Vec<u8>) {
    (keys.attestation.verifier().to_string(), keys.trail.file())
}

#[tokio::test]
async fn keys_are_made_once_for_their_owner_and_open_only_where_they_were_made() {
    let dir = tempfile::tempdir().unwrap();
    let ws = [1, 2].map(|n| WorkspaceId::new(Timestamp::from_millis(1), [n; 10]));
    let first = keys(dir.path(), 1);
    let made = names(&first.of(ws[0], "ap.example/w/one").unwrap());
    assert!(made.0.starts_with("ap.example/w/one/attestation+"), "{}", made.0);
    let path = dir.path().join(format!("exports/{}.keys", ws[0]));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names(&first.of(ws[0], "ap.example/w/one").unwrap()), made);
    assert_ne!(names(&first.of(ws[1], "ap.example/w/one").unwrap()), made);
    drop(first);
    let later = keys(dir.path(), 1);
    assert_eq!(names(&later.of(ws[0], "ap.example/w/one").unwrap()), made);
    drop(later);
    let foreign = keys(dir.path(), 2).of(ws[0], "ap.example/w/one").err();
    assert!(matches!(foreign, Some(KeysFault::Damaged(_))), "{foreign:?}");
}

#[tokio::test]
async fn a_key_of_another_use_or_workspace_is_refused_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let ws = [1, 2].map(|n| WorkspaceId::new(Timestamp::from_millis(1), [n; 10]));
    keys(dir.path(), 1).of(ws[0], "ap.example/w/one").unwrap();
    let path = |ws: WorkspaceId| dir.path().join(format!("exports/{ws}.keys"));
    let good = std::fs::read_to_string(path(ws[0])).unwrap();
    let mut swapped: Sealed = serde_json::from_str(&good).unwrap();
    std::mem::swap(&mut swapped.aat_agent, &mut swapped.aat_recorder);
    let swapped = serde_json::to_string(&swapped).unwrap();
    for (ws, text) in [(ws[0], swapped.as_str()), (ws[0], "{}"), (ws[1], good.as_str())] {
        std::fs::write(path(ws), text).unwrap();
        let fault = keys(dir.path(), 1).of(ws, "ap.example/w/one").err();
        assert!(matches!(fault, Some(KeysFault::Damaged(_))), "{fault:?}");
        assert_eq!(std::fs::read_to_string(path(ws)).unwrap(), text);
    }
}
