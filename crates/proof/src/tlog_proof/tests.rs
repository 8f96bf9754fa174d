use super::*;
use crate::checkpoint::Checkpoint;
use crate::digest::sha256;
use crate::note::{KeyKind, SigningKey};

fn proof(path: usize) -> TlogProof {
    let key = SigningKey::new("log", KeyKind::Ed25519, &[1; 32]).unwrap();
    let checkpoint = Checkpoint { origin: "log".into(), size: 9, root: sha256(b"") };
    TlogProof {
        extra: None,
        index: 3,
        path: vec![sha256(b"x"); path],
        checkpoint: SignedCheckpoint::sign(&checkpoint, [&key]).unwrap(),
    }
}

fn check(text: &str, expect: Option<NoteFault>) {
    let parsed = TlogProof::parse(text.as_bytes());
    assert_eq!(parsed.as_ref().err(), expect.as_ref(), "{text}");
    if let Ok(parsed) = parsed {
        assert_eq!(parsed.to_string(), text);
    }
}

#[test]
fn a_proof_is_read_as_it_was_written() {
    for path in [0, 1, PATH_MAX] {
        check(&proof(path).to_string(), None);
    }
    check(&proof(PATH_MAX + 1).to_string(), Some(NoteFault::ProofForm));
    check(&TlogProof { extra: Some(vec![1]), ..proof(2) }.to_string(), None);
}

#[test]
fn a_proof_has_one_form() {
    let good = proof(2).to_string();
    let edits = [
        ("index 3\n", ""),
        ("index 3\n", "index 03\n"),
        ("index 3\n", "index  3\n"),
        ("index 3\n", "index 3\r\n"),
        ("index 3\n", "index 18446744073709551616\n"),
        ("index 3\n", "extra \nindex 3\n"),
        ("index 3\n", "extra AQ\nindex 3\n"),
        ("index 3\n", "extra AQ==\nextra AQ==\nindex 3\n"),
        ("index 3\n", "index 3\nextra AQ==\n"),
        ("\n\nlog", "\nlog"),
        ("@v1\n", "@v1"),
        ("c2sp", "C2SP"),
    ];
    for (from, to) in edits {
        check(&good.replacen(from, to, 1), Some(NoteFault::ProofForm));
    }
    check(&good.replacen("\n\nlog", "\n\n\nlog", 1), Some(NoteFault::CheckpointForm));
    check(good.trim_end(), Some(NoteFault::NoteForm));
}

#[test]
fn a_proof_has_a_largest_size() {
    let sized = |extra| TlogProof { extra: Some(vec![0; extra]), ..proof(0) }.to_string();
    let frame = sized(3).len() - 4;
    // Base64 comes in groups of four.
    let most = (TLOG_PROOF_BYTES_MAX - frame) / 4 * 3;
    check(&sized(most), None);
    check(&sized(most + 1), Some(NoteFault::TooLarge));
}
