use super::*;

fn key(name: &str) -> SigningKey {
    SigningKey::new(name, KeyKind::Ed25519, &[3; 32]).unwrap()
}

fn envelope() -> Envelope {
    Envelope::sign(IN_TOTO, b"{}", &key("x")).unwrap()
}

fn check(text: &str, expect: Result<Envelope, Fault>) {
    assert_eq!(Envelope::parse(text.as_bytes()), expect, "{text}");
}

#[test]
fn lengths_keep_type_and_payload_apart() {
    // The example of the specification.
    assert_eq!(
        pae("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    assert_ne!(pae("a 1 b", b"c"), pae("a", b"b 1 c"));
}

#[test]
fn an_envelope_has_one_form() {
    let text = String::from_utf8(envelope().to_bytes().unwrap()).unwrap();
    check(&text, Ok(envelope()));
    let cases = [
        ("{\"payload\"", "{ \"payload\"", Fault::NotCanonical),
        ("\"payload\":", "\"Payload\":", Fault::MissingMember),
        ("\"payload\":\"e30=\"", "\"payload\":\"e30\"", Fault::EnvelopeForm),
        ("\"payload\":\"e30=\"", "\"payload\":{}", Fault::EnvelopeForm),
        (IN_TOTO, "", Fault::EnvelopeForm),
        ("\"signatures\":[", "\"signatures\":[{\"keyid\":\"\"},", Fault::EnvelopeForm),
        (
            "\"signatures\":[",
            "\"signatures\":[{\"cert\":\"\",\"keyid\":\"\",\"sig\":\"\"},",
            Fault::EnvelopeForm,
        ),
        ("]}", "],\"z\":1}", Fault::UnknownMember),
    ];
    for (from, to, fault) in cases {
        check(&text.replacen(from, to, 1), Err(fault));
    }
    check("[]", Err(Fault::NotAnObject));
    check("{\"payload\":\"\",\"payloadType\":\"x\",\"signatures\":[]}", Err(Fault::EnvelopeForm));
}

#[test]
fn an_envelope_has_limits() {
    let signed = |count: usize| {
        let signature = EnvelopeSignature { key_id: String::new(), signature: Vec::new() };
        Envelope { signatures: vec![signature; count], ..envelope() }.to_bytes().map(|_| ())
    };
    assert_eq!(signed(SIGNATURES_MAX), Ok(()));
    assert_eq!(signed(SIGNATURES_MAX + 1), Err(Fault::EnvelopeForm));

    let sized = |payload_type: usize| {
        Envelope { payload_type: "x".repeat(payload_type), ..envelope() }.to_bytes().map(|bytes| bytes.len())
    };
    let frame = sized(1).unwrap() - 1;
    assert_eq!(sized(ENVELOPE_BYTES_MAX - frame), Ok(ENVELOPE_BYTES_MAX));
    assert_eq!(sized(ENVELOPE_BYTES_MAX - frame + 1), Err(Fault::TooLarge));
}

#[test]
fn a_signature_covers_payload_and_type() {
    let (ours, other) = (key("x"), key("y"));
    let verify =
        |envelope: &Envelope, key: &SigningKey| envelope.verify([key.verifier()]).map(|signed| signed.len());
    assert_eq!(verify(&envelope(), &ours), Ok(1));
    assert_eq!(verify(&envelope(), &other), Ok(0));
    let changed = [
        Envelope { payload: b"[]".to_vec(), ..envelope() },
        Envelope { payload_type: "text/plain".into(), ..envelope() },
    ];
    for envelope in changed {
        assert_eq!(verify(&envelope, &ours), Err(NoteFault::BadSignature));
    }
    // A bad signature of a known key is an error beside a good one too, and so is one of another length.
    let mut two = envelope();
    let signature = EnvelopeSignature { signature: vec![0; 63], ..two.signatures[0].clone() };
    two.signatures.push(signature);
    assert_eq!(verify(&two, &ours), Err(NoteFault::BadSignature));
    assert_eq!(verify(&two, &other), Ok(0));
}

#[test]
fn a_witness_signs_no_envelopes() {
    let witness = SigningKey::new("x", KeyKind::CosignatureV1, &[3; 32]).unwrap();
    assert_eq!(Envelope::sign(IN_TOTO, b"{}", &witness), Err(NoteFault::KeyKind));
    assert_eq!(envelope().verify([witness.verifier()]), Err(NoteFault::KeyKind));
}
