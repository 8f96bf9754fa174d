//! Notes, checkpoints, trust policies and log proofs against the golden data.

use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::digest::Digest;
use proof::inclusion::ProofFault;
use proof::note::{KeyKind, Note, NoteFault, SignatureLine, SigningKey, VerifierKey};
use proof::tlog_proof::TlogProof;
use proof::trust::{Quorum, TrustFault, TrustPolicy, Verdict};
use serde_json::Value;

use crate::vectors::{hex, list, read, text};

const NOTES: &str = include_str!("../vectors/note.json");
const KEYS: &str = include_str!("../vectors/keys.json");

/// The leaves that the log proofs of the file are tried on, by their index.
const LEAVES: [(u64, &str); 2] = [
    (5, "e2c5cb453b1d10813197c4acf0034051925fde3f721c6fe7242ccdc1c504d7a0"),
    (6, "08220232bbe3f8e09fbd26e2fba623dce1279bcec21b9721244ad09e6b065b69"),
];

/// The text of a case: given, or made from that of another case.
fn input(cases: &[Value], case: &Value, name: &str) -> String {
    if let Some(text) = case[name].as_str() {
        return text.into();
    }
    let base = cases.iter().find(|other| other["name"] == case["base"]).expect("a base");
    let base = text(base, name);
    if let [from, to] = case["replace"].as_array().map_or(&[][..], Vec::as_slice) {
        return base.replace(from.as_str().expect("a text"), to.as_str().expect("a text"));
    }
    let [start, length, insert] = case["splice"].as_array().map_or(&[][..], Vec::as_slice) else {
        return base.into();
    };
    let count =
        |value: &Value| value.as_u64().and_then(|count| usize::try_from(count).ok()).expect("a count");
    let mut chars: Vec<_> = base.chars().collect();
    let start = count(start);
    chars.splice(start..start + count(length), insert.as_str().expect("a text").chars());
    chars.into_iter().collect()
}

/// What a trust policy makes of a note, as the file says it.
fn word(policy: &TrustPolicy, note: &[u8]) -> &'static str {
    match SignedCheckpoint::parse(note) {
        Err(fault) => fault.word(),
        Ok(head) => match policy.judge(&head) {
            Verdict::UnknownOrigin => "origin",
            Verdict::BadSignature => "bad_signature",
            Verdict::NoLogSignature => "no_log_signature",
            Verdict::Signed { .. } => "ok",
        },
    }
}

pub fn signing_key(usage: &str) -> SigningKey {
    let file = read(KEYS);
    let key = list(&file, "keys").iter().find(|key| key["use"] == usage).expect("a key");
    let kind = if key["type"] == 4 { KeyKind::CosignatureV1 } else { KeyKind::Ed25519 };
    let seed = hex(text(key, "seed_hex")).try_into().expect("a seed");
    SigningKey::new(text(key, "name"), kind, &seed).expect("a name")
}

/// The checkpoint note of the file with this name.
pub fn note(name: &str) -> String {
    let file = read(NOTES);
    let cases = list(&file, "checkpoints");
    input(cases, cases.iter().find(|case| case["name"] == name).expect("a case"), "note")
}

#[test]
fn every_checkpoint_is_judged_as_written() {
    let file = read(NOTES);
    let cases = list(&file, "checkpoints");
    for case in cases {
        let name = text(case, "name");
        let note = input(cases, case, "note");
        let policy = case["policy"].as_str().unwrap_or(text(&file, "policy"));
        let policy = TrustPolicy::parse(policy.as_bytes()).expect("a policy");
        assert_eq!(word(&policy, note.as_bytes()), text(case, "expect"), "{name}");
        if text(case, "expect") != "ok" {
            continue;
        }
        let head = SignedCheckpoint::parse(note.as_bytes()).expect("judged before");
        assert_eq!(head.to_string(), note);
        assert_eq!(Some(head.checkpoint().size), case["size"].as_u64(), "{name}");
        assert_eq!(head.checkpoint().root.to_string(), text(case, "root_hex"), "{name}");
        let Verdict::Signed { quorum, times } = policy.judge(&head) else { panic!("{name} is signed") };
        assert_eq!(Some(quorum != Quorum::NotMet), case["quorum"].as_bool(), "{name}");
        assert_eq!(serde_json::to_value(times).expect("times"), case["witnesses"], "{name}");
    }
}

#[test]
fn every_trust_policy_is_judged_as_written() {
    let file = read(NOTES);
    for case in list(&file, "policies") {
        let name = text(case, "name");
        let parsed = TrustPolicy::parse(text(case, "policy").as_bytes());
        let word = match &parsed {
            Ok(_) => "ok",
            Err(TrustFault::Vkey(_)) => "vkey",
            Err(_) => "policy",
        };
        assert_eq!(word, text(case, "expect"), "{name}");
        if let Ok(policy) = parsed {
            assert_eq!(TrustPolicy::parse(policy.to_string().as_bytes()), Ok(policy), "{name}");
        }
    }
}

#[test]
fn every_log_proof_is_judged_as_written() {
    let file = read(NOTES);
    let cases = list(&file, "proofs");
    for case in cases {
        let proof = input(cases, case, "proof");
        let index = case["leaf_index_in_log_json"].as_u64();
        let leaf = LEAVES.iter().find(|(at, _)| Some(*at) == index).expect("a leaf");
        let leaf = Digest::parse(leaf.1).expect("a hash");
        let parsed = TlogProof::parse(proof.as_bytes());
        let word = match &parsed {
            Err(fault) => fault.word(),
            Ok(proof) => proof.verify(&leaf).map_or_else(ProofFault::word, |()| "ok"),
        };
        assert_eq!(word, text(case, "expect"), "{}", text(case, "name"));
        if let Ok(parsed) = parsed {
            assert_eq!(parsed.to_string(), proof);
        }
    }
}

#[test]
fn signatures_are_checked_by_the_strict_rule() {
    let file = read(NOTES);
    for case in list(&file, "ed25519") {
        let public = hex(text(case, "public_hex")).try_into().expect("a key");
        let signature = hex(text(case, "signature_hex")).try_into().expect("a signature");
        let verifies = VerifierKey::new("x", KeyKind::Ed25519, public)
            .is_ok_and(|key| key.verifies(&hex(text(case, "message_hex")), &signature));
        assert_eq!(Some(verifies), case["expect"].as_bool(), "{}", text(case, "name"));
    }
}

#[test]
fn keys_have_the_ids_and_vkeys_of_the_file() {
    for key in list(&read(KEYS), "keys") {
        let ours = signing_key(text(key, "use"));
        assert_eq!(ours.verifier().id().to_string(), text(key, "key_id_hex"));
        assert_eq!(ours.verifier().to_string(), text(key, "vkey"));
        assert_eq!(VerifierKey::parse(text(key, "vkey")).as_ref(), Ok(ours.verifier()));
    }
}

#[test]
fn a_head_is_signed_and_cosigned_as_in_the_file() {
    let note = note("quorum");
    let expect = SignedCheckpoint::parse(note.as_bytes()).expect("a checkpoint");
    let keys = ["log", "log_second"].map(signing_key);
    let mut head = SignedCheckpoint::sign(expect.checkpoint(), &keys).expect("keys of the log");
    for (usage, time) in
        [("witness0", 1_795_559_400), ("witness1", 1_795_559_401), ("witness2", 1_795_559_402)]
    {
        let line = head.cosign(time, &signing_key(usage)).expect("a witness");
        head.add(line).expect("room for it");
    }
    assert_eq!(head.to_string(), note);
    assert_eq!(head, expect);
}

#[test]
fn a_note_may_be_another_text() {
    let file = read(NOTES);
    let promise = &file["promise"];
    let note = Note::parse(text(promise, "note").as_bytes()).expect("a note");
    let key = VerifierKey::parse(text(promise, "vkey")).expect("a vkey");
    assert_eq!(note.verify([&key]).map(|signed| signed.len()), Ok(1));
    let line = SignatureLine::sign(note.text(), &signing_key("promise")).expect("a key for notes");
    assert_eq!(Note::new(note.text(), vec![line]).as_ref(), Ok(&note));
    assert_eq!(Checkpoint::parse(note.text()), Err(NoteFault::CheckpointForm));
}
