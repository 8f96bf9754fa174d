use super::*;
use proptest::prelude::*;

fn check(kind: FieldType, value: Value, expect: Option<Value>) {
    assert_eq!(normalize(kind, &value).ok(), expect, "{kind:?} {value:?}");
}

fn s(text: &str) -> Value {
    Value::from(text)
}

#[test]
fn vendors_spellings_of_one_value_get_one_form() {
    let money = FieldType::Money { scale: 2 };
    for spelling in ["71400", "71400.0", "71400.00", "071400.00"] {
        check(money, s(spelling), Some(s("71400")));
    }
    check(money, Value::Int(71400), Some(s("71400")));
    check(money, s("-0.00"), Some(s("0")));
    check(money, s("-12.50"), Some(s("-12.5")));
    check(FieldType::Decimal, s("0.000000000000000001"), Some(s("0.000000000000000001")));
    check(FieldType::Integer, s("42"), Some(Value::Int(42)));
    check(FieldType::Reference, Value::Int(9001), Some(s("9001")));
    check(FieldType::LongText, s("a\r\nb\rc"), Some(s("a\nb\nc")));
    check(FieldType::DateTime, s("2026-11-23T22:00:00.000+0000"), Some(s("2026-11-23T22:00:00.000Z")));
    check(FieldType::DateTime, s("2026-11-23T23:30:00+01:30"), Some(s("2026-11-23T22:00:00.000Z")));
    check(FieldType::Date, s("2026-02-28"), Some(s("2026-02-28")));
    check(
        FieldType::Set,
        Value::Array(vec![s("vip"), s("billing"), s("vip")]),
        Some(Value::Array(vec![s("billing"), s("vip")])),
    );
}

#[test]
fn null_stays_null_and_empty_stays_empty() {
    for kind in [
        FieldType::Text,
        FieldType::Enum,
        FieldType::Integer,
        FieldType::Date,
        FieldType::Set,
        FieldType::Boolean,
    ] {
        check(kind, Value::Null, Some(Value::Null));
    }
    check(FieldType::Text, s(""), Some(s("")));
    check(FieldType::Set, Value::Array(vec![]), Some(Value::Array(vec![])));
}

#[test]
fn what_does_not_fit_is_refused() {
    let money = FieldType::Money { scale: 2 };
    for bad in ["", "-", ".", "1.", ".5", "1e3", "1,000", "abc", "0x10", "NaN", "1.234", "--1"] {
        check(money, s(bad), None);
    }
    check(FieldType::Integer, s("042"), None);
    check(FieldType::Integer, s("4.0"), None);
    check(FieldType::Boolean, s("true"), None);
    check(FieldType::Date, s("2026-02-30"), None);
    check(FieldType::Date, s("20260228"), None);
    check(FieldType::DateTime, s("yesterday"), None);
    check(FieldType::Set, Value::Array(vec![Value::Int(1)]), None);
    check(FieldType::Text, Value::Int(1), None);
}

#[test]
fn a_value_at_the_limit_fits_and_one_byte_more_does_not() {
    let quotes = 2;
    let fits = s(&"a".repeat(VALUE_BYTES_MAX - quotes));
    assert_eq!(normalize_new(FieldType::Text, &fits), Ok(fits));
    let large = s(&"a".repeat(VALUE_BYTES_MAX - quotes + 1));
    assert_eq!(normalize_new(FieldType::Text, &large), Err(ValueFault::TooLarge(VALUE_BYTES_MAX + 1)));
    assert_eq!(normalize(FieldType::Text, &large), Ok(large), "a record may hold more than a plan writes");
}

proptest! {
    #[test]
    fn the_normal_form_is_a_fixed_point(whole in -1_000_000_000i64..1_000_000_000, fraction in 0u32..100, text in ".{0,40}") {
        for (kind, value) in [
            (FieldType::Money { scale: 2 }, s(&format!("{whole}.{fraction:02}"))),
            (FieldType::Text, s(&text)),
            (FieldType::LongText, s(&text)),
        ] {
            let once = normalize(kind, &value).unwrap();
            prop_assert_eq!(normalize(kind, &once).unwrap(), once);
        }
    }
}
