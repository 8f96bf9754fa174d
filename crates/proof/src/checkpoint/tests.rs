use super::*;
use crate::digest::sha256;
use crate::note::KeyKind;

const ROOT: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

fn check(text: &str, expect: Option<(&str, u64)>) {
    let expect = expect.map(|(origin, size)| Checkpoint { origin: origin.into(), size, root: sha256(b"") });
    let parsed = Checkpoint::parse(text);
    assert_eq!(parsed.clone().ok(), expect, "{text:?}");
    assert_eq!(parsed.map_or(text.into(), |checkpoint| checkpoint.to_string()), text);
}

#[test]
fn a_checkpoint_is_three_lines() {
    check(&format!("example.com/log\n0\n{ROOT}\n"), Some(("example.com/log", 0)));
    check(&format!("é\n{SIZE_MAX}\n{ROOT}\n"), Some(("é", SIZE_MAX)));
    let bad = [
        String::new(),
        "\n\n\n".into(),
        format!("x\n1\n{ROOT}"),
        format!("x\n1\n{ROOT}\nextension\n"),
        format!("x\n1\n{ROOT}\n\n"),
        format!("\n1\n{ROOT}\n"),
        format!("x y\n1\n{ROOT}\n"),
        format!("x+y\n1\n{ROOT}\n"),
        format!("x\n\n{ROOT}\n"),
        format!("x\n01\n{ROOT}\n"),
        format!("x\n+1\n{ROOT}\n"),
        format!("x\n-1\n{ROOT}\n"),
        format!("x\n 1\n{ROOT}\n"),
        format!("x\n{}\n{ROOT}\n", SIZE_MAX + 1),
        format!("x\n18446744073709551616\n{ROOT}\n"),
        "x\n1\n\n".into(),
        "x\n1\nAQID\n".into(),
        format!("x\n1\n{}\n", ROOT.trim_end_matches('=')),
        format!("x\n1\n{}\n", ROOT.replace('+', "-")),
        format!("x\r\n1\r\n{ROOT}\r\n"),
    ];
    for text in bad {
        check(&text, None);
    }
}

#[test]
fn a_log_signs_under_its_own_name() {
    let checkpoint = Checkpoint { origin: "log".into(), size: 3, root: sha256(b"") };
    let key = |name, kind| SigningKey::new(name, kind, &[1; 32]).unwrap();
    let sign =
        |keys: &[SigningKey]| SignedCheckpoint::sign(&checkpoint, keys).map(|head| head.checkpoint().clone());
    assert_eq!(sign(&[key("log", KeyKind::Ed25519)]), Ok(checkpoint.clone()));
    assert_eq!(sign(&[key("other", KeyKind::Ed25519)]), Err(NoteFault::KeyKind));
    assert_eq!(sign(&[key("log", KeyKind::CosignatureV1)]), Err(NoteFault::KeyKind));
    assert_eq!(sign(&[]), Err(NoteFault::NoteForm));

    let too_large = Checkpoint { size: SIZE_MAX + 1, ..checkpoint.clone() };
    let own = [key("log", KeyKind::Ed25519)];
    assert_eq!(SignedCheckpoint::sign(&too_large, &own), Err(NoteFault::CheckpointForm));
    let nameless = Checkpoint { origin: "l\nog".into(), ..checkpoint };
    assert_eq!(SignedCheckpoint::new(&nameless, Vec::new()), Err(NoteFault::CheckpointForm));
}

#[test]
fn a_verifier_learns_who_signed_and_when() {
    let checkpoint = Checkpoint { origin: "log".into(), size: 3, root: sha256(b"") };
    let log = SigningKey::new("log", KeyKind::Ed25519, &[1; 32]).unwrap();
    let witness = SigningKey::new("witness", KeyKind::CosignatureV1, &[2; 32]).unwrap();
    let mut head = SignedCheckpoint::sign(&checkpoint, [&log]).unwrap();
    let keys = [log.verifier(), witness.verifier()];
    let of_log = Signed { key: log.verifier(), time: None };
    assert_eq!(head.verify(keys), Ok(vec![of_log]));
    head.add(head.cosign(1_795_559_400, &witness).unwrap()).unwrap();
    let of_witness = Signed { key: witness.verifier(), time: Some(1_795_559_400) };
    assert_eq!(head.verify(keys), Ok(vec![of_log, of_witness]));
    assert_eq!(SignedCheckpoint::parse(head.to_string().as_bytes()), Ok(head));
}
