use proof::digest::sha256;
use proof::note::{KeyKind, SigningKey};

use super::*;

fn head(key: &SigningKey, size: u64) -> String {
    let head = Checkpoint { origin: "log/w".into(), size, root: sha256(&size.to_be_bytes()) };
    SignedCheckpoint::sign(&head, [key]).unwrap().to_string()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::new("log/w", KeyKind::Ed25519, &[seed; 32]).unwrap()
}

#[test]
fn the_largest_copy_that_the_log_signed_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let folder = of(dir.path(), "log:1/w");
    assert_eq!(folder, dir.path().join("log=1+w"));
    let (ours, other) = (key(1), key(2));
    let keys = [ours.verifier().clone()];
    assert_eq!(newest(&folder, &keys).unwrap(), None);
    let at = |ms: i64| Timestamp::from_millis(1_795_000_000_000 + ms);
    let written = write(&folder, 9, at(0), head(&ours, 9).as_bytes()).unwrap();
    assert_eq!(written, "000000000009-2026-11-18T11-06-40-000Z.checkpoint");
    write(&folder, 100, at(1), head(&ours, 100).as_bytes()).unwrap();
    write(&folder, 10_000, at(2), head(&other, 10_000).as_bytes()).unwrap();
    write(&folder, 20_000, at(3), b"x").unwrap();
    std::fs::write(folder.join("99999999999999.txt"), head(&ours, 5)).unwrap();
    assert_eq!(newest(&folder, &keys).unwrap().unwrap().size, 100);
}

#[test]
fn a_copy_is_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let at = Timestamp::from_millis(0);
    let name = write(dir.path(), 1, at, b"first").unwrap();
    let again = write(dir.path(), 1, at, b"second").unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(dir.path().join(name)).unwrap(), b"first");
}
