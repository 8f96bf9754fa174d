use super::*;
use crate::checkpoint::Checkpoint;
use crate::note::{KeyKind, SigningKey};
use crate::tree::{leaf_hash, root};

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::new(name, KeyKind::Ed25519, &[seed; 32]).unwrap()
}

/// Leaf hashes of a log, or of its fork after five leaves.
fn leaves(size: u64, fork: bool) -> Vec<Digest> {
    (0..size)
        .map(|number| {
            leaf_hash(&[number.to_be_bytes(), u64::from(fork && number >= 5).to_be_bytes()].concat())
        })
        .collect()
}

fn seen(size: u64) -> Seen {
    Seen { size, root: root(&leaves(size, false)) }
}

/// Asks for the head of this size, with the proof from the old one.
fn request(old_size: u64, size: u64, fork: bool) -> AddCheckpoint {
    let leaves = leaves(size, fork);
    let node = |level: u32, index: u64| {
        let start = usize::try_from(index).ok()? << level;
        leaves.get(start..start + (1 << level)).map(root)
    };
    let checkpoint = Checkpoint { origin: "log".into(), size, root: root(&leaves) };
    AddCheckpoint {
        old_size,
        proof: consistency::build(old_size, size, node).unwrap_or_default(),
        checkpoint: SignedCheckpoint::sign(&checkpoint, [&key("log", 1)]).unwrap(),
    }
}

fn check(request: &AddCheckpoint, latest: Option<Seen>, expect: Result<Seen, Refusal>) {
    let log = key("log", 1);
    assert_eq!(judge(request, [log.verifier()], latest), expect, "{request}");
    assert_eq!(AddCheckpoint::parse(request.to_string().as_bytes()).as_ref(), Ok(request));
}

#[test]
fn a_head_that_continues_the_latest_one_is_taken() {
    check(&request(0, 0, false), None, Ok(seen(0)));
    check(&request(0, 6, false), None, Ok(seen(6)));
    check(&request(6, 13, false), Some(seen(6)), Ok(seen(13)));
    check(&request(8, 9, false), Some(seen(8)), Ok(seen(9)));
    // The same head again, for a fresh time.
    check(&request(13, 13, false), Some(seen(13)), Ok(seen(13)));
}

#[test]
fn another_size_than_the_latest_is_answered_with_the_latest() {
    check(&request(0, 13, false), Some(seen(6)), Err(Refusal::Conflict { size: 6 }));
    check(&request(5, 13, false), Some(seen(6)), Err(Refusal::Conflict { size: 6 }));
    check(&request(6, 13, false), None, Err(Refusal::Conflict { size: 0 }));
    check(&request(0, 6, false), Some(seen(13)), Err(Refusal::Conflict { size: 13 }));
    check(&request(7, 6, false), Some(seen(7)), Err(Refusal::OldSize));
}

#[test]
fn a_head_that_does_not_continue_the_latest_one_is_refused() {
    check(&request(6, 13, true), Some(seen(6)), Err(Refusal::Inconsistent));
    check(&request(13, 13, true), Some(seen(13)), Err(Refusal::Fork { size: 13 }));
    let emptied = |mut request: AddCheckpoint| {
        request.proof.clear();
        request
    };
    let longer = |mut request: AddCheckpoint| {
        request.proof.push(sha256(b"x"));
        request
    };
    check(&emptied(request(6, 13, false)), Some(seen(6)), Err(Refusal::Inconsistent));
    check(&longer(request(6, 13, false)), Some(seen(6)), Err(Refusal::Inconsistent));
    check(&longer(request(13, 13, false)), Some(seen(13)), Err(Refusal::Inconsistent));
    check(&longer(request(0, 13, false)), None, Err(Refusal::Inconsistent));
    let mut empty = request(0, 0, false);
    let checkpoint = Checkpoint { root: sha256(b"x"), ..empty.checkpoint.checkpoint().clone() };
    empty.checkpoint = SignedCheckpoint::sign(&checkpoint, [&key("log", 1)]).unwrap();
    check(&empty, None, Err(Refusal::Fork { size: 0 }));
}

#[test]
fn only_a_trusted_key_of_the_log_counts() {
    let judge =
        |keys: &[SigningKey]| judge(&request(0, 6, false), keys.iter().map(SigningKey::verifier), None);
    assert_eq!(judge(&[]), Err(Refusal::UnknownOrigin));
    assert_eq!(judge(&[key("other", 1)]), Err(Refusal::UnknownOrigin));
    assert_eq!(judge(&[key("log", 2)]), Err(Refusal::NotSigned));
    assert_eq!(judge(&[key("other", 1), key("log", 2), key("log", 1)]), Ok(seen(6)));

    let mut spoiled = request(0, 6, false);
    let line = request(0, 7, false).checkpoint.note().signatures()[0].clone();
    spoiled.checkpoint = SignedCheckpoint::new(spoiled.checkpoint.checkpoint(), vec![line]).unwrap();
    check(&spoiled, None, Err(Refusal::NotSigned));
}

#[test]
fn a_refusal_has_the_status_of_the_protocol() {
    let cases = [
        (Refusal::OldSize, 400, true),
        (Refusal::NotSigned, 403, false),
        (Refusal::UnknownOrigin, 404, false),
        (Refusal::Conflict { size: 1 }, 409, true),
        (Refusal::Fork { size: 1 }, 409, true),
        (Refusal::Inconsistent, 422, true),
    ];
    for (refusal, status, signed) in cases {
        assert_eq!((refusal.status(), refusal.is_signed()), (status, signed), "{refusal}");
    }
}

#[test]
fn a_request_has_one_form_and_limits() {
    let text = request(6, 13, false).to_string();
    for (from, to) in
        [("old 6", "old 06"), ("old 6", "old  6"), ("old 6", "6"), ("old 6\n", "old 6\r\n"), ("=\n\n", "=\n")]
    {
        let parsed = AddCheckpoint::parse(text.replacen(from, to, 1).as_bytes());
        assert_eq!(parsed, Err(NoteFault::RequestForm), "{to}");
    }
    let lines = |count: usize| AddCheckpoint { proof: vec![sha256(b"x"); count], ..request(6, 13, false) };
    let parsed = |count: usize| AddCheckpoint::parse(lines(count).to_string().as_bytes());
    assert_eq!(parsed(PROOF_MAX), Ok(lines(PROOF_MAX)));
    assert_eq!(parsed(PROOF_MAX + 1), Err(NoteFault::RequestForm));
    // The largest note with the longest proof fits; one byte past the limit is not looked at.
    assert!(REQUEST_BYTES_MAX - NOTE_BYTES_MAX > "old 9223372036854775807\n\n".len() + 45 * PROOF_MAX);
    let sized = |bytes: usize| AddCheckpoint::parse(&vec![b'x'; bytes]);
    assert_eq!(sized(REQUEST_BYTES_MAX), Err(NoteFault::RequestForm));
    assert_eq!(sized(REQUEST_BYTES_MAX + 1), Err(NoteFault::TooLarge));
}

#[test]
fn a_size_is_a_line() {
    for size in [0, 6, u64::MAX] {
        assert_eq!(parse_size(write_size(size).as_bytes()), Some(size));
    }
    for bad in ["", "\n", "6", "06\n", "6\n\n", " 6\n", "6\r\n", "18446744073709551616\n"] {
        assert_eq!(parse_size(bad.as_bytes()), None, "{bad:?}");
    }
}
