use super::*;
use proptest::prelude::*;

fn check(text: &str, expect: Option<Value>) {
    assert_eq!(Json::parse(text).ok().map(|json| json.value()), expect, "{text}");
}

fn s(text: &str) -> Value {
    Value::from(text)
}

#[test]
fn whole_numbers_within_two_to_the_fifty_third_stay_numbers() {
    check("0", Some(Value::Int(0)));
    check("-0", Some(Value::Int(0)));
    check("71400", Some(Value::Int(71400)));
    check("9007199254740991", Some(Value::Int(INTEGER_MAX)));
    check("9007199254740992", Some(s("9007199254740992")));
    check("-9007199254740992", Some(s("-9007199254740992")));
    check("123456789012345678901234567890", Some(s("123456789012345678901234567890")));
}

#[test]
fn every_other_number_becomes_its_exact_digits() {
    check("71400.00", Some(s("71400.00")));
    check("0.1", Some(s("0.1")));
    check("-12.50", Some(s("-12.50")));
    check("0.30000000000000000001", Some(s("0.30000000000000000001")));
    check("7.14E4", Some(s("71400")));
    check("7.14e+6", Some(s("7140000")));
    check("-7.145e1", Some(s("-71.45")));
    check("5e-3", Some(s("0.005")));
    check("1e999", Some(s("1e999")));
    check("1e-999", Some(s("1e-999")));
}

#[test]
fn text_that_is_no_json_or_names_a_member_twice_is_refused() {
    for bad in [
        "",
        "{",
        "[1,]",
        "nul",
        "1.",
        "01",
        "{\"a\":1,\"a\":2}",
        "{\"o\":{\"a\":1,\"a\":1}}",
        "\"\u{1}\"",
        "1 2",
    ] {
        check(bad, None);
    }
    check(
        r#"{"a":{"a":1},"b":[{"a":2},{"a":3}]}"#,
        Some(Json::parse(r#"{"a":{"a":1},"b":[{"a":2},{"a":3}]}"#).unwrap().value()),
    );
}

#[test]
fn nesting_at_the_limit_is_read_and_one_level_more_is_not() {
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    assert!(Json::parse(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(Json::parse(&nested(DEPTH_MAX + 1)), Err(JsonFault::Depth));
}

#[test]
fn a_pointer_finds_members_and_elements_and_reads_null_below_null() {
    let json = Json::parse(r#"{"ticket":{"id":42,"tags":["a","b"],"org":null,"a/b":true}}"#).unwrap();
    for (pointer, expect) in [
        ("", Some(json.clone())),
        ("/ticket/id", Some(Json::Number("42".into()))),
        ("/ticket/tags/1", Some(Json::Str("b".into()))),
        ("/ticket/tags/2", None),
        ("/ticket/org/name", Some(Json::Null)),
        ("/ticket/a~1b", Some(Json::Bool(true))),
        ("/ticket/id/x", None),
        ("/none", None),
    ] {
        let parsed = Pointer::parse(pointer).unwrap();
        assert_eq!(json.at(&parsed).cloned(), expect, "{pointer}");
        assert_eq!(parsed.to_string(), pointer);
    }
    assert_eq!(Pointer::parse("ticket"), None);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_alike(text in ".{0,40}", whole in any::<i64>(), fraction in "[0-9]{1,30}", name in ".{0,10}") {
        let json = Json::Object(BTreeMap::from([(
            name,
            Json::Array(vec![Json::Str(text), Json::Number(format!("{whole}.{fraction}")), Json::Null, Json::Bool(true)]),
        )]));
        prop_assert_eq!(Json::parse(&json.write()), Ok(json));
    }

    #[test]
    fn no_text_makes_the_reader_fail_otherwise_than_with_a_fault(text in ".{0,60}") {
        let _ = Json::parse(&text);
    }

    #[test]
    fn an_exponent_changes_the_spelling_and_not_the_number(mantissa in 1i64..999_999, exponent in 0u32..6) {
        let power = 10i64.pow(exponent);
        prop_assert_eq!(Json::Number(format!("{mantissa}e{exponent}")).value(), Value::Str((mantissa * power).to_string()));
    }
}
