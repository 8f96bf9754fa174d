use super::*;
use crate::json::object;

fn check(value: &Value, expect: &str) {
    assert_eq!(to_string(value), expect);
    assert_eq!(to_bytes(value), expect.as_bytes());
}

#[test]
fn members_are_sorted_and_nothing_stands_between_them() {
    check(
        &object([("b", Value::Null), ("a", true.into()), ("_", false.into())]),
        r#"{"_":false,"a":true,"b":null}"#,
    );
    check(
        &object([("list", vec![1_u32.into(), object([]), Vec::new().into()].into())]),
        r#"{"list":[1,{},[]]}"#,
    );
}

#[test]
fn integers_are_printed_in_full() {
    for (number, expect) in [(0_i64, "0"), (-1, "-1"), (9_007_199_254_740_991, "9007199254740991")] {
        check(&number.into(), expect);
    }
}

#[test]
fn only_quotes_backslashes_and_controls_are_escaped() {
    check(&"\u{0}\u{8}\t\n\u{b}\u{c}\r\u{1f}".into(), r#""\u0000\b\t\n\u000b\f\r\u001f""#);
    check(&r#"a"b\c/d"#.into(), r#""a\"b\\c/d""#);
    check(&"\u{7f}é€😀\u{2028}".into(), "\"\u{7f}é€😀\u{2028}\"");
}

/// The example of RFC 8785, section 3.2.3.
#[test]
fn names_sort_by_utf16_code_units() {
    let names = ["\u{20ac}", "\r", "\u{fb33}", "1", "\u{1f600}", "\u{80}", "\u{f6}"];
    let value = object(names.map(|name| (name, 0_u32.into())));
    let sorted = ["\\r", "1", "\u{80}", "\u{f6}", "\u{20ac}", "\u{1f600}", "\u{fb33}"];
    let members = sorted.map(|name| format!("\"{name}\":0"));
    check(&value, &format!("{{{}}}", members.join(",")));
}
