use super::*;

const SEED: [u8; 32] = [7; 32];

fn key(name: &str, kind: KeyKind) -> SigningKey {
    SigningKey::new(name, kind, &SEED).unwrap()
}

fn signed(text: &str, names: &[&str]) -> Note {
    let line = |name: &&str| SignatureLine::sign(text, &key(name, KeyKind::Ed25519)).unwrap();
    Note::new(text, names.iter().map(line).collect()).unwrap()
}

fn check(note: &[u8], expect: Option<NoteFault>) {
    let parsed = Note::parse(note);
    assert_eq!(parsed.as_ref().err(), expect.as_ref(), "{}", String::from_utf8_lossy(note));
    if let Ok(parsed) = parsed {
        assert_eq!(parsed.to_string().as_bytes(), note);
    }
}

#[test]
fn a_note_is_a_text_a_blank_line_and_signature_lines() {
    let line = "\u{2014} x AQIDBAU=\n";
    let good = [
        "text\n\n",
        "\n\n",
        "a\n\nb\n\n",
        "a\n\n— x AQIDBAU=\n\n",
        "a\n\n\n\n",
        "— x AQIDBAU=\n\n",
        "é\u{7f}\n\n",
    ];
    for text in good {
        check(format!("{text}{line}").as_bytes(), None);
        check(format!("{text}{line}{line}").as_bytes(), None);
    }
    let bad = [
        String::new(),
        "\n".into(),
        line.into(),
        format!("\n{line}"),
        format!("text\n{line}"),
        "text\n\n".into(),
        format!("text\n\n{line}\n"),
        format!("text\n\n{line}x"),
        format!("te\txt\n\n{line}"),
        format!("te\rxt\n\n{line}"),
        "text\n\n\u{2014} x AQIDBAU=".into(),
        "text\n\n- x AQIDBAU=\n".into(),
        "text\n\n\u{2014}x AQIDBAU=\n".into(),
        "text\n\n\u{2014} AQIDBAU=\n".into(),
        "text\n\n\u{2014}  AQIDBAU=\n".into(),
        "text\n\n\u{2014} x+y AQIDBAU=\n".into(),
        "text\n\n\u{2014} x\u{a0}y AQIDBAU=\n".into(),
    ];
    for note in bad {
        check(note.as_bytes(), Some(NoteFault::NoteForm));
    }
    check(b"\xff\n\n", Some(NoteFault::NoteForm));
    // No padding, unused bits set, base64url, nothing after the key id, a second space.
    for signature in ["AQIDBAU", "AQIDBAV=", "AQIDBA-_", "AQIDBA==", "", " AQIDBAU=", "AQIDBAU= "] {
        check(format!("text\n\n\u{2014} x {signature}\n").as_bytes(), Some(NoteFault::Base64));
    }
}

#[test]
fn a_note_has_limits() {
    let line = "\u{2014} x AQIDBAU=\n";
    let lines = |count: usize| format!("text\n\n{}", line.repeat(count));
    check(lines(SIGNATURES_MAX).as_bytes(), None);
    check(lines(SIGNATURES_MAX + 1).as_bytes(), Some(NoteFault::TooLarge));
    let sized = |bytes: usize| format!("{}\n\n{line}", "x".repeat(bytes - 2 - line.len()));
    check(sized(NOTE_BYTES_MAX).as_bytes(), None);
    check(sized(NOTE_BYTES_MAX + 1).as_bytes(), Some(NoteFault::TooLarge));

    let mut full = Note::parse(lines(SIGNATURES_MAX).as_bytes()).unwrap();
    let before = full.clone();
    let more = SignatureLine::sign("text\n", &key("y", KeyKind::Ed25519)).unwrap();
    assert_eq!(full.add(more), Err(NoteFault::TooLarge));
    assert_eq!(full, before);
}

#[test]
fn a_text_that_would_read_differently_is_not_signed() {
    let lines = || signed("text\n", &["x"]).signatures().to_vec();
    assert_eq!(Note::new("text", lines()), Err(NoteFault::NoteForm));
    assert_eq!(Note::new("", lines()), Err(NoteFault::NoteForm));
    assert_eq!(Note::new("te\u{0}xt\n", lines()), Err(NoteFault::NoteForm));
    assert_eq!(Note::new("text\n", Vec::new()), Err(NoteFault::NoteForm));
}

#[test]
fn unknown_lines_are_ignored_and_a_bad_line_of_a_known_key_is_an_error() {
    let (ours, other) = (key("ours", KeyKind::Ed25519), key("other", KeyKind::Ed25519));
    let known = |note: &Note| note.verify([ours.verifier()]).map(|signed| signed.len());
    let note = signed("text\n", &["other", "ours", "third"]);
    assert_eq!(known(&note), Ok(1));
    assert_eq!(known(&signed("text\n", &["other"])), Ok(0));

    let bad = SignatureLine::sign("another text\n", &ours).unwrap();
    let good = SignatureLine::sign("text\n", &ours).unwrap();
    for lines in [vec![bad.clone()], vec![good.clone(), bad.clone()], vec![bad.clone(), good.clone()]] {
        assert_eq!(known(&Note::new("text\n", lines).unwrap()), Err(NoteFault::BadSignature));
    }
    assert_eq!(Note::new("text\n", vec![bad.clone()]).unwrap().verify([other.verifier()]), Ok(Vec::new()));
    // The same name with another id, or the same id with another name, is another key.
    let elsewhere = |name: &str, key_id| SignatureLine { name: name.into(), key_id, ..bad.clone() };
    let lines = vec![elsewhere("ours", KeyId([0; 4])), elsewhere("no", ours.verifier().id()), good];
    assert_eq!(known(&Note::new("text\n", lines).unwrap()), Ok(1));
    // A line of a known key is too short.
    let short = SignatureLine { signature: vec![1], ..bad };
    assert_eq!(known(&Note::new("text\n", vec![short]).unwrap()), Err(NoteFault::BadSignature));
}

#[test]
fn a_line_replaces_that_of_the_same_key_only() {
    let witness = key("w", KeyKind::CosignatureV1);
    let mut note = signed("text\n", &["x"]);
    for time in [5, 9, 7] {
        note.add(SignatureLine::cosign("text\n", time, &witness).unwrap()).unwrap();
    }
    assert_eq!(note.signatures().len(), 2);
    assert_eq!(note.verify([witness.verifier()]).unwrap()[0].time, Some(7));
}

#[test]
fn of_two_cosignatures_the_later_counts_in_any_order() {
    let witness = key("w", KeyKind::CosignatureV1);
    for times in [[5, 9], [9, 5]] {
        let lines = times.map(|time| SignatureLine::cosign("text\n", time, &witness).unwrap());
        let note = Note::new("text\n", lines.into()).unwrap();
        assert_eq!(note.verify([witness.verifier()]).unwrap()[0].time, Some(9));
    }
}

#[test]
fn a_cosignature_ends_with_the_signed_63_bit_time() {
    let witness = key("w", KeyKind::CosignatureV1);
    let latest = SignatureLine::cosign("text\n", TIME_MAX, &witness).unwrap();
    let note = Note::new("text\n", vec![latest]).unwrap();
    assert_eq!(note.verify([witness.verifier()]).unwrap()[0].time, Some(TIME_MAX));
    assert_eq!(SignatureLine::cosign("text\n", TIME_MAX + 1, &witness), Err(NoteFault::KeyKind));
    // Signed all the same, by somebody else's program.
    let signature = witness.sign(cosigned_message("text\n", TIME_MAX + 1).as_bytes());
    let signature = [(TIME_MAX + 1).to_be_bytes().as_slice(), &signature].concat();
    let line = SignatureLine { name: "w".into(), key_id: witness.verifier().id(), signature };
    let note = Note::new("text\n", vec![line]).unwrap();
    assert_eq!(note.verify([witness.verifier()]), Err(NoteFault::BadSignature));
}

#[test]
fn a_key_signs_one_kind_of_text() {
    let (log, witness) = (key("x", KeyKind::Ed25519), key("x", KeyKind::CosignatureV1));
    assert_ne!(log.verifier().id(), witness.verifier().id());
    assert_eq!(SignatureLine::sign("text\n", &witness), Err(NoteFault::KeyKind));
    assert_eq!(SignatureLine::cosign("text\n", 0, &log), Err(NoteFault::KeyKind));
    // A signature that was made elsewhere gives the same line.
    let line = SignatureLine::signed(log.verifier(), &log.sign(b"text\n"));
    assert_eq!(line, SignatureLine::sign("text\n", &log));
    let signature = witness.sign(cosigned_message("text\n", 3).as_bytes());
    assert_eq!(
        SignatureLine::cosigned(witness.verifier(), 3, &signature),
        SignatureLine::cosign("text\n", 3, &witness)
    );
}

#[test]
fn a_vkey_has_one_form() {
    let vkey = key("example.com/log", KeyKind::Ed25519).verifier().to_string();
    assert_eq!(VerifierKey::parse(&vkey).unwrap().to_string(), vkey);
    let (name, rest) = vkey.split_once('+').unwrap();
    let (id, material) = rest.split_once('+').unwrap();
    let of_type = |kind: u8| {
        let mut bytes = STANDARD.decode(material).unwrap();
        bytes[0] = kind;
        STANDARD.encode(bytes)
    };
    let bad = [
        String::new(),
        name.into(),
        format!("{name}+{id}"),
        format!("+{id}+{material}"),
        format!("a b+{id}+{material}"),
        format!("{name}x+{id}+{material}"),
        format!("{name}+00000000+{material}"),
        format!("{name}+{}+{material}", id.to_uppercase()),
        format!("{name}+0{id}+{material}"),
        format!("{name}+{id}+"),
        format!("{name}+{id}+{material}="),
        format!("{name}+{id}+{}", of_type(4)),
        format!("{name}+{id}+{}", of_type(6)),
        format!(" {vkey}"),
        format!("{vkey}\n"),
    ];
    assert_ne!(id, id.to_uppercase());
    for vkey in bad {
        assert_eq!(VerifierKey::parse(&vkey), Err(NoteFault::Vkey), "{vkey}");
    }
}

#[test]
fn a_key_is_a_canonical_point_of_large_order() {
    let accepted = |public: [u8; 32]| VerifierKey::new("x", KeyKind::Ed25519, public).is_ok();
    let point = |low: u8, high: u8| {
        let mut public = [0xFF; 32];
        (public[0], public[31]) = (low, high);
        public
    };
    // y from 2^255 − 19 on, a second form of the smallest y: some are points of large order, and ordinary
    // decoding accepts them.
    assert!((0xED..=0xFF).any(|low| {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&point(low, 0x7F));
        key.is_ok_and(|key| !key.is_weak())
    }));
    for low in 0xED..=0xFF {
        assert!(!accepted(point(low, 0x7F)), "{low:x}");
        assert!(!accepted(point(low, 0xFF)), "{low:x}");
    }
    // Just below the prime, where a point exists.
    assert!((0xE0..0xED).any(|low| accepted(point(low, 0x7F))));
    let mut identity = [0; 32];
    assert!(!accepted(identity));
    identity[0] = 1;
    assert!(!accepted(identity));
}
