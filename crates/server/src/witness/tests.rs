use std::fs;

use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::consistency;
use proof::digest::{Digest, sha256};
use proof::note::SigningKey;
use proof::tree::{leaf_hash, root};
use proof::witness::{AddCheckpoint, Refusal};

use super::kept::REFUSED_MAX;
use super::*;

const NAME: &str = "witness.example/w";
const TIME: u64 = 1_795_000_000;

fn log(origin: &str, seed: u8) -> SigningKey {
    SigningKey::new(origin, KeyKind::Ed25519, &[seed; 32]).unwrap()
}

fn witness(folder: &Path) -> Witness {
    Witness::open(NAME, folder, vec![log("log", 1).verifier().clone()]).unwrap()
}

/// Leaf hashes of a log, or of another history of it after five leaves.
fn leaves(size: u64, history: u64) -> Vec<Digest> {
    let leaf = |n: u64| leaf_hash(format!("{n}/{}", if n < 5 { 0 } else { history }).as_bytes());
    (0..size).map(leaf).collect()
}

fn head(key: &SigningKey, size: u64, history: u64) -> SignedCheckpoint {
    let root = root(&leaves(size, history));
    let head = Checkpoint { origin: key.verifier().name().to_owned(), size, root };
    SignedCheckpoint::sign(&head, [key]).unwrap()
}

/// The request for a head, with the proof from the old size.
fn request(key: &SigningKey, old_size: u64, size: u64, history: u64) -> AddCheckpoint {
    let leaves = leaves(size, history);
    let node = |level: u32, index: u64| {
        let start = usize::try_from(index).ok()? << level;
        leaves.get(start..start + (1 << level)).map(root)
    };
    let proof = consistency::build(old_size, size, node).unwrap_or_default();
    AddCheckpoint { old_size, proof, checkpoint: head(key, size, history) }
}

#[track_caller]
fn refused(witness: &Witness, request: &AddCheckpoint) -> Refusal {
    let answer = witness.add_checkpoint(request.to_string().as_bytes(), TIME);
    let Answer::Refused(refusal) = answer else { panic!("{answer:?}") };
    refusal
}

#[track_caller]
fn cosigned(witness: &Witness, request: &AddCheckpoint) {
    let Answer::Cosigned(line) = witness.add_checkpoint(request.to_string().as_bytes(), TIME) else {
        panic!("not cosigned: {request}");
    };
    let mut head = request.checkpoint.clone();
    head.add(line).unwrap();
    assert_eq!(head.verify([witness.vkey()]).unwrap()[0].time, Some(TIME));
}

/// The names of what is kept of the log, in order.
fn kept(folder: &Path) -> Vec<String> {
    let folder = folder.join("refused").join(sha256(b"log").to_string());
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_head_that_was_cosigned_is_remembered_by_the_next_process() {
    let dir = tempfile::tempdir().unwrap();
    let key = log("log", 1);
    let first = witness(dir.path());
    cosigned(&first, &request(&key, 0, 6, 0));
    let vkey = first.vkey().clone();
    drop(first);
    let second = witness(dir.path());
    assert_eq!(*second.vkey(), vkey);
    assert_eq!(refused(&second, &request(&key, 0, 13, 0)), Refusal::Conflict { size: 6 });
    cosigned(&second, &request(&key, 6, 13, 0));
    // The answer was lost: the same head again is the same cosignature with a new time.
    cosigned(&second, &request(&key, 13, 13, 0));
    let file = dir.path().join("heads").join(format!("{}.checkpoint", sha256(b"log")));
    let held = SignedCheckpoint::parse(&fs::read(file).unwrap()).unwrap();
    assert_eq!(held.verify([key.verifier(), second.vkey()]).unwrap().len(), 2);
    assert_eq!(held.checkpoint().size, 13);
}

#[test]
fn a_file_that_a_killed_process_left_half_written_is_not_the_head() {
    let dir = tempfile::tempdir().unwrap();
    let key = log("log", 1);
    let first = witness(dir.path());
    cosigned(&first, &request(&key, 0, 6, 0));
    drop(first);
    let file = dir.path().join("heads").join(format!("{}.checkpoint.new", sha256(b"log")));
    fs::write(&file, head(&key, 13, 0).to_string().get(..40).unwrap()).unwrap();
    let second = witness(dir.path());
    assert_eq!(refused(&second, &request(&key, 0, 13, 0)), Refusal::Conflict { size: 6 });
    cosigned(&second, &request(&key, 6, 13, 0));
    assert!(!file.exists());
}

#[test]
fn a_head_that_cannot_be_kept_is_not_cosigned() {
    let dir = tempfile::tempdir().unwrap();
    let key = log("log", 1);
    let witness = witness(dir.path());
    let file = dir.path().join("heads").join(format!("{}.checkpoint", sha256(b"log")));
    // A folder in the place of the file fails for root too.
    fs::create_dir_all(file.join("x")).unwrap();
    let body = request(&key, 0, 6, 0).to_string();
    assert!(matches!(witness.add_checkpoint(body.as_bytes(), TIME), Answer::Failed));
    fs::remove_dir_all(&file).unwrap();
    // What was not cosigned is not remembered either: another history may still become the one.
    cosigned(&witness, &request(&key, 0, 13, 1));
}

#[test]
fn logs_are_known_by_origin_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let keys = [log("log", 1), log("log", 2), log("other", 3)];
    let trusted = keys.iter().map(|key| key.verifier().clone()).collect();
    let witness = Witness::open(NAME, dir.path(), trusted).unwrap();
    cosigned(&witness, &request(&keys[0], 0, 6, 0));
    // Another log has a memory of its own; a rotated key goes on with the same one.
    cosigned(&witness, &request(&keys[2], 0, 3, 0));
    cosigned(&witness, &request(&keys[1], 6, 13, 0));
    assert_eq!(refused(&witness, &request(&log("log", 9), 13, 13, 0)), Refusal::NotSigned);
    assert_eq!(refused(&witness, &request(&log("else", 1), 0, 6, 0)), Refusal::UnknownOrigin);
    assert_eq!(kept(dir.path()), Vec::<String>::new(), "what no log signed is not kept");
}

#[test]
fn two_histories_of_one_log_are_kept_with_the_head_that_they_contradict() {
    let dir = tempfile::tempdir().unwrap();
    let key = log("log", 1);
    let witness = witness(dir.path());
    cosigned(&witness, &request(&key, 0, 9, 0));
    // An ordinary question for our size is nothing to keep.
    assert_eq!(refused(&witness, &request(&key, 0, 13, 0)), Refusal::Conflict { size: 9 });
    assert_eq!(kept(dir.path()), Vec::<String>::new());
    assert_eq!(refused(&witness, &request(&key, 9, 13, 1)), Refusal::Inconsistent);
    assert_eq!(refused(&witness, &request(&key, 9, 9, 1)), Refusal::Fork { size: 9 });
    // Told the wrong old size, it is a fork all the same.
    assert_eq!(refused(&witness, &request(&key, 0, 9, 2)), Refusal::Conflict { size: 9 });
    assert_eq!(refused(&witness, &request(&key, 0, 7, 1)), Refusal::Conflict { size: 9 });
    let names = kept(dir.path());
    let kinds: Vec<_> = names.iter().map(|name| name.rsplitn(2, '-').last().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "behind-7",
            "behind-7",
            "fork-9",
            "fork-9",
            "fork-9",
            "fork-9",
            "inconsistent-13",
            "inconsistent-13"
        ]
    );
    // The pair convicts the log: two heads of one size, both signed by it.
    let folder = dir.path().join("refused").join(sha256(b"log").to_string());
    let fork = names.iter().find(|name| name.starts_with("fork") && name.ends_with(".request")).unwrap();
    let asked = AddCheckpoint::parse(&fs::read(folder.join(fork)).unwrap()).unwrap().checkpoint;
    let held = fs::read(folder.join(fork.replace(".request", ".held"))).unwrap();
    let held = SignedCheckpoint::parse(&held).unwrap();
    for head in [&asked, &held] {
        assert_eq!(head.verify([key.verifier()]).unwrap().len(), 1);
        assert_eq!(head.checkpoint().size, 9);
    }
    assert_ne!(asked.checkpoint().root, held.checkpoint().root);
    // Once per head.
    assert_eq!(refused(&witness, &request(&key, 9, 13, 1)), Refusal::Inconsistent);
    assert_eq!(kept(dir.path()), names);
}

#[test]
fn what_is_kept_is_bounded_and_what_came_first_stays() {
    let dir = tempfile::tempdir().unwrap();
    let key = log("log", 1);
    let witness = witness(dir.path());
    cosigned(&witness, &request(&key, 0, 9, 0));
    let histories = u64::try_from(REFUSED_MAX).unwrap();
    for history in 1..histories {
        refused(&witness, &request(&key, 9, 9, history));
    }
    refused(&witness, &request(&key, 9, 9, histories));
    let full = kept(dir.path());
    assert_eq!(full.len(), 2 * REFUSED_MAX);
    assert_eq!(refused(&witness, &request(&key, 9, 9, histories + 1)), Refusal::Fork { size: 9 });
    assert_eq!(kept(dir.path()), full);
    // One kind does not crowd out another.
    refused(&witness, &request(&key, 9, 13, 1));
    assert_eq!(kept(dir.path()).len(), full.len() + 2);
}

#[test]
fn a_damaged_head_and_a_second_process_stop_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let key = log("log", 1);
    let first = witness(dir.path());
    cosigned(&first, &request(&key, 0, 6, 0));
    let logs = || vec![key.verifier().clone()];
    assert!(matches!(Witness::open(NAME, dir.path(), logs()), Err(StartFault::InUse(_))));
    drop(first);
    let file = dir.path().join("heads").join(format!("{}.checkpoint", sha256(b"log")));
    // A head without our cosignature is none of ours.
    for text in ["x".to_owned(), head(&key, 6, 0).to_string()] {
        fs::write(&file, text).unwrap();
        assert!(matches!(Witness::open(NAME, dir.path(), logs()), Err(StartFault::Damaged(_))));
    }
    fs::remove_file(dir.path().join("key")).unwrap();
    assert!(matches!(Witness::open(NAME, dir.path(), logs()), Err(StartFault::KeyMissing(_))));
}

#[test]
fn keys_of_logs_are_listed_one_a_line_and_are_keys_of_logs() {
    let key = log("log", 1).verifier().to_string();
    let text = format!("# ours\n{key}\n\n  {key} # again\n");
    let listed: Vec<_> = listed(&text).collect();
    assert_eq!(listed, [key.clone(), key.clone()]);
    assert_eq!(parse_logs(&listed).unwrap().len(), 2);
    let witness = SigningKey::new(NAME, KeyKind::CosignatureV1, &[1; 32]).unwrap();
    for vkey in [witness.verifier().to_string(), "log".to_owned()] {
        assert!(matches!(parse_logs(&[vkey]), Err(StartFault::LogKey(..))));
    }
    assert_eq!(parse_logs(&vec![key.clone(); LOG_KEYS_MAX]).unwrap().len(), LOG_KEYS_MAX);
    assert!(matches!(parse_logs(&vec![key; LOG_KEYS_MAX + 1]), Err(StartFault::TooMany)));
}
