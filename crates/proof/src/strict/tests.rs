use super::*;
use crate::json::{INTEGER_MAX, object};

type Parse = fn(&[u8]) -> Result<Value, Fault>;

fn check(parse: Parse, input: &str, expect: &Result<Value, Fault>) {
    assert_eq!(&parse(input.as_bytes()), expect, "{input}");
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn clients_may_lay_out_json_as_they_like() {
    let cases = [
        (" \t\r\n{ \"b\" : [ 1 , 2 ] , \"a\" : null } ", r#"{"a":null,"b":[1,2]}"#),
        (r#""\u0041\/\b\f\n\r\t\"\\\u00e9\ud83d\uDE00""#, "\"A/\\b\\f\\n\\r\\t\\\"\\\\é😀\""),
        ("[true,false,-7,0,{}]", "[true,false,-7,0,{}]"),
        (r#"{"":1,"Ä":2}"#, r#"{"":1,"Ä":2}"#),
    ];
    for (input, expect) in cases {
        let value = parse_lenient(input.as_bytes()).unwrap();
        assert_eq!(canonical::to_string(&value), expect);
        check(parse_open, expect, &Ok(value));
    }
}

#[test]
fn what_cannot_be_hashed_without_loss_is_refused_from_clients_too() {
    let cases = [
        (r#"{"a":1,"a":1}"#, Fault::DuplicateKey),
        (r#"{"a":1,"\u0061":2}"#, Fault::DuplicateKey),
        ("1.0", Fault::Number),
        ("0.5", Fault::Number),
        ("1E3", Fault::Number),
        ("-0", Fault::Number),
        ("-0.0", Fault::Number),
        ("NaN", Fault::Number),
        ("Infinity", Fault::Number),
        ("-Infinity", Fault::Number),
        ("9007199254740992", Fault::IntegerRange),
        ("-9007199254740992", Fault::IntegerRange),
        ("99999999999999999999999999999999", Fault::IntegerRange),
        (r#""\ud800""#, Fault::LoneSurrogate),
        (r#""\ud800x""#, Fault::LoneSurrogate),
        (r#""\ud800\n""#, Fault::LoneSurrogate),
        (r#""\ud800\ud800""#, Fault::LoneSurrogate),
        (r#""\ud800\u0041""#, Fault::LoneSurrogate),
        (r#""\udc00""#, Fault::LoneSurrogate),
        (r#"{"\udc00":1}"#, Fault::LoneSurrogate),
    ];
    for (input, fault) in cases {
        check(parse_lenient, input, &Err(fault));
        check(parse_open, input, &Err(fault));
    }
}

#[test]
fn what_is_not_json_is_refused() {
    let cases = [
        "",
        " ",
        "tru",
        "nul",
        "truex",
        "01",
        "-",
        "-x",
        "+1",
        "--1",
        ".5",
        "1 2",
        "'a'",
        "\"",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u+123\"",
        "\"\\ud83d\\u12\"",
        "\"\n\"",
        "\"\t\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1}",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "{,}",
        "[]]",
        "\u{feff}1",
        "\u{a0}1",
        "1\u{b}",
        "{\"a\":1}/**/",
        "\"a\u{0}\"",
    ];
    for input in cases {
        check(parse_lenient, input, &Err(Fault::Syntax));
    }
    for bytes in [&b"\"\xff\""[..], b"\"\xc0\xaf\"", b"\"\xed\xa0\x80\""] {
        assert_eq!(parse_lenient(bytes), Err(Fault::Utf8));
        assert_eq!(parse_open(bytes), Err(Fault::Utf8));
    }
}

#[test]
fn another_layout_of_a_disclosure_is_refused() {
    for input in [" 1", "1\n", "[1, 2]", r#"{"b":1,"a":2}"#, r#""\u0041""#, r#""\u00E9""#, r#""\u001F""#] {
        check(parse_open, input, &Err(Fault::NotCanonical));
    }
}

#[test]
fn integers_go_to_the_edge_of_exactness() {
    for number in [INTEGER_MAX, -INTEGER_MAX] {
        check(parse_open, &number.to_string(), &Ok(number.into()));
        let beyond = (number + number.signum()).to_string();
        check(parse_open, &beyond, &Err(Fault::IntegerRange));
    }
}

#[test]
fn nesting_stops_at_the_limit() {
    for parse in [parse_open as Parse, parse_lenient] {
        assert!(parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(parse(nested(DEPTH_MAX + 1).as_bytes()), Err(Fault::Depth));
        assert_eq!(parse("[{\"a\":".repeat(1_000_000).as_bytes()), Err(Fault::Depth));
    }
    // Brackets in strings do not nest, and closed ones count no more.
    assert!(parse_open(format!("[{:?}]", nested(100)).as_bytes()).is_ok());
    assert!(parse_open(format!("[{}]", ["[\"\\\"[[\"]"; 100].join(",")).as_bytes()).is_ok());
}

#[test]
fn evidence_has_a_size_limit() {
    let sized = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    let (at_limit, beyond) = (sized(EVIDENCE_BYTES_MAX), sized(EVIDENCE_BYTES_MAX + 1));
    assert_eq!(at_limit.len(), EVIDENCE_BYTES_MAX);
    assert!(parse_evidence(at_limit.as_bytes()).is_ok());
    assert_eq!(parse_evidence(beyond.as_bytes()), Err(Fault::TooLarge));
    assert!(parse_evidence_max(beyond.as_bytes(), EVIDENCE_BYTES_MAX + 1).is_ok());
}

#[test]
fn names_in_evidence_are_short_lower_case_identifiers() {
    for good in ["_sd", "a", "a0_", &"x".repeat(64)] {
        check(parse_evidence, &canonical_object(good), &Ok(object([(good, 1_u32.into())])));
    }
    for bad in ["", "A", "0a", "a-b", "a.b", "...", "a b", &"x".repeat(65)] {
        check(parse_evidence, &canonical_object(bad), &Err(Fault::KeyForm));
    }
}

fn canonical_object(name: &str) -> String {
    format!("{{\"{name}\":1}}")
}

#[test]
fn evidence_is_an_object_of_printable_ascii_without_null() {
    let cases = [
        ("[]", Fault::NotAnObject),
        ("1", Fault::NotAnObject),
        (r#"{"a":[null]}"#, Fault::Null),
        ("{\"a\":\"\u{7f}\"}", Fault::NotPrintableAscii),
        ("{\"a\":\t1}", Fault::NotPrintableAscii),
        (r#"{"a":"\u007f"}"#, Fault::NotPrintableAscii),
        (r#"{"a":"\t"}"#, Fault::NotPrintableAscii),
        (r#"{"a": 1}"#, Fault::NotCanonical),
    ];
    for (input, fault) in cases {
        check(parse_evidence, input, &Err(fault));
    }
}

#[test]
fn every_fault_has_a_word_of_its_own_and_a_message_without_a_stop() {
    let faults = [
        Fault::TooLarge,
        Fault::Utf8,
        Fault::NotPrintableAscii,
        Fault::Depth,
        Fault::Syntax,
        Fault::Number,
        Fault::IntegerRange,
        Fault::DuplicateKey,
        Fault::KeyForm,
        Fault::LoneSurrogate,
        Fault::Null,
        Fault::NotCanonical,
        Fault::NotAnObject,
        Fault::UnknownMember,
        Fault::MissingMember,
        Fault::Version,
        Fault::By,
        Fault::Cause,
        Fault::TypeOrData,
        Fault::Node,
        Fault::Prev,
        Fault::Run,
        Fault::Seq,
        Fault::Time,
        Fault::SdForm,
        Fault::SdRepeat,
        Fault::SdAlg,
        Fault::Base64url,
        Fault::DisclosureForm,
        Fault::DocumentForm,
        Fault::ManifestForm,
        Fault::EnvelopeForm,
    ];
    let words: std::collections::BTreeSet<_> = faults.iter().map(|fault| fault.word()).collect();
    assert_eq!(words.len(), faults.len());
    assert!(faults.iter().all(|fault| !fault.to_string().ends_with('.')));
}
