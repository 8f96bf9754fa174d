use super::*;
use crate::digest::sha256;

fn leaf() -> Leaf {
    Leaf {
        sd: Vec::new(),
        by: By { id: "polset_00000007".into(), kind: ByKind::Policy },
        cause: Vec::new(),
        data: Object::new(),
        node: "node_00000001".into(),
        prev: None,
        run: None,
        seq: 0,
        time: "2026-11-23T22:00:00.822Z".into(),
        kind: "policy.decided".into(),
    }
}

fn sd_digest(seed: u8) -> SdDigest {
    SdDigest::of_disclosure(&char::from(seed).to_string())
}

fn check(leaf: &Leaf, expect: Result<(), Fault>) {
    assert_eq!(
        leaf.to_bytes().map(|bytes| assert_eq!(Leaf::parse(&bytes).as_ref(), Ok(leaf))),
        expect,
        "{leaf:?}"
    );
}

#[test]
fn a_leaf_is_read_back_as_it_was_written() {
    check(&leaf(), Ok(()));
    let mut sd = vec![sd_digest(1), sd_digest(2)];
    sd.sort();
    let full = Leaf {
        sd,
        cause: vec![sha256(b"b"), sha256(b"a")],
        data: Object::from([("n".into(), 1_u32.into())]),
        prev: Some(sha256(b"x")),
        run: Some("run_01kaq8v0000000000000000001".into()),
        seq: 1,
        ..leaf()
    };
    check(&full, Ok(()));
}

#[test]
fn sealed_digests_are_sorted_when_written() {
    let mut sd = vec![sd_digest(1), sd_digest(2), sd_digest(3)];
    sd.sort();
    sd.reverse();
    let bytes = Leaf { sd: sd.clone(), ..leaf() }.to_bytes().unwrap();
    sd.reverse();
    assert_eq!(Leaf::parse(&bytes).unwrap().sd, sd);
}

#[test]
fn a_broken_rule_is_not_written() {
    let cases = [
        (Leaf { by: By { id: "a@b.example".into(), kind: ByKind::Person }, ..leaf() }, Fault::By),
        (Leaf { cause: vec![sha256(b""), sha256(b"")], ..leaf() }, Fault::Cause),
        (Leaf { data: Object::from([("n".into(), Value::Null)]), ..leaf() }, Fault::Null),
        (Leaf { data: Object::from([("n".into(), i64::MAX.into())]), ..leaf() }, Fault::IntegerRange),
        (Leaf { data: Object::from([("n".into(), "é".into())]), ..leaf() }, Fault::NotPrintableAscii),
        (Leaf { data: Object::from([("N".into(), true.into())]), ..leaf() }, Fault::KeyForm),
        (Leaf { node: "node".into(), ..leaf() }, Fault::Node),
        (Leaf { prev: Some(sha256(b"")), ..leaf() }, Fault::Prev),
        (Leaf { seq: 1, ..leaf() }, Fault::Prev),
        (Leaf { seq: u64::MAX, ..leaf() }, Fault::Seq),
        (Leaf { run: Some("4711".into()), ..leaf() }, Fault::Run),
        (Leaf { time: "2026-02-29T00:00:00.000Z".into(), ..leaf() }, Fault::Time),
        (Leaf { kind: "PolicyDecided".into(), ..leaf() }, Fault::TypeOrData),
        (Leaf { sd: vec![sd_digest(1), sd_digest(1)], ..leaf() }, Fault::SdRepeat),
    ];
    for (leaf, fault) in cases {
        check(&leaf, Err(fault));
    }
}

#[test]
fn sizes_stop_at_their_limits() {
    let causes = |count: u8| (0..count).map(|seed| sha256(&[seed])).collect();
    let most = u8::try_from(CAUSES_MAX).unwrap();
    check(&Leaf { cause: causes(most), ..leaf() }, Ok(()));
    check(&Leaf { cause: causes(most + 1), ..leaf() }, Err(Fault::Cause));

    let sized =
        |bytes: usize| Leaf { data: Object::from([("s".into(), "x".repeat(bytes).into())]), ..leaf() };
    let frame = sized(0).to_bytes().unwrap().len();
    check(&sized(crate::strict::EVIDENCE_BYTES_MAX - frame), Ok(()));
    check(&sized(crate::strict::EVIDENCE_BYTES_MAX - frame + 1), Err(Fault::TooLarge));
}

#[test]
fn data_may_hold_sealed_digests_of_its_own() {
    let sealed = |digests: &[SdDigest]| {
        let list: Vec<_> = digests.iter().cloned().map(Value::from).collect();
        vec![object([("_sd", list.into())])].into()
    };
    let mut two = [sd_digest(1), sd_digest(2)];
    two.sort();
    let [first, second] = two.clone();
    let with = |sd: &[SdDigest], nested: Value| Leaf {
        sd: sd.to_vec(),
        data: Object::from([("x".into(), nested)]),
        ..leaf()
    };
    check(&with(&[], sealed(&two)), Ok(()));
    check(&with(&[sd_digest(3)], sealed(&two)), Ok(()));
    check(&with(std::slice::from_ref(&first), sealed(std::slice::from_ref(&first))), Err(Fault::SdRepeat));
    check(
        &with(&[], vec![sealed(std::slice::from_ref(&first)), sealed(std::slice::from_ref(&first))].into()),
        Err(Fault::SdRepeat),
    );
    check(&with(&[], sealed(&[second, first])), Err(Fault::SdForm));
    check(&with(&[], sealed(&[])), Err(Fault::SdForm));
    check(&with(&[], object([("_sd", "x".into())])), Err(Fault::SdForm));
    check(&with(&[], object([("_sd", vec![1_u32.into()].into())])), Err(Fault::SdForm));
}

#[test]
fn principals_have_five_kinds() {
    for word in ["agent", "person", "service", "policy", "system"] {
        assert_eq!(ByKind::parse(word).map(ByKind::as_str), Some(word));
    }
    assert_eq!(ByKind::parse("human"), None);
}

fn check_form(form: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
    for text in good {
        assert!(form(text), "{text} is good");
    }
    for text in bad {
        assert!(!form(text), "{text} is bad");
    }
}

#[test]
fn an_id_is_a_short_prefix_and_an_opaque_body() {
    let (longest, too_long) =
        (format!("a{}_{}", "b".repeat(11), "Z".repeat(40)), format!("ab_{}", "0".repeat(41)));
    let bad_prefix = format!("a{}_01234567", "b".repeat(12));
    check_form(
        id_form,
        &["run_01234567", "a0_-AZaz-09", &longest],
        &[
            "",
            "run",
            "run_",
            "_01234567",
            "r_01234567",
            "run_0123456",
            &too_long,
            &bad_prefix,
            "Run_01234567",
            "0un_01234567",
            "run_0123_567",
            "run_0123456é",
            "run_0123456.",
            "ru-n_01234567",
        ],
    );
}

#[test]
fn a_slug_is_lower_case_and_starts_with_a_letter_or_digit() {
    check_form(
        slug_form,
        &["a", "0", "crm-main", "zendesk.ticket.resolve", "a_b", &"x".repeat(64)],
        &["", "-a", ".a", "_a", "A", "a b", "aé", "a/b", &"x".repeat(65)],
    );
}

#[test]
fn a_wire_name_is_two_words() {
    check_form(
        form::kind_form,
        &["run.proposed", "run.taken_over", "a._"],
        &["", "run", "run.", ".proposed", "Run.proposed", "run.Proposed", "take_over.done", "a.b.c", "a.b1"],
    );
}

#[test]
fn a_time_is_in_the_calendar() {
    check_form(
        time_form,
        &[
            "2026-11-23T22:00:00.000Z",
            "0001-01-01T00:00:00.000Z",
            "9999-12-31T23:59:59.999Z",
            "2024-02-29T00:00:00.000Z",
            "2000-02-29T00:00:00.000Z",
            "2026-04-30T00:00:00.000Z",
        ],
        &[
            "",
            "2026-11-23T22:00:00Z",
            "2026-11-23T22:00:00.0Z",
            "2026-11-23T22:00:00.0000Z",
            "2026-11-23 22:00:00.000Z",
            "2026-11-23t22:00:00.000z",
            "2026-11-23T22:00:00.000+00:00",
            "0000-01-01T00:00:00.000Z",
            "1900-02-29T00:00:00.000Z",
            "2026-02-29T00:00:00.000Z",
            "2026-00-10T00:00:00.000Z",
            "2026-13-10T00:00:00.000Z",
            "2026-01-00T00:00:00.000Z",
            "2026-01-32T00:00:00.000Z",
            "2026-04-31T00:00:00.000Z",
            "2026-01-01T24:00:00.000Z",
            "2026-01-01T00:60:00.000Z",
            "2026-06-30T23:59:60.000Z",
            "+026-01-01T00:00:00.000Z",
            "2026-01-01T00:00:00.00éZ",
            "２26-01-01T00:00:00.000Z",
        ],
    );
}
