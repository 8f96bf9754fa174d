use super::*;

#[test]
fn a_value_is_read_only_as_what_it_is() {
    let values =
        [Value::Null, true.into(), 7_i64.into(), "x".into(), Vec::new().into(), Object::new().into()];
    for (place, value) in values.iter().enumerate() {
        assert_eq!(value.is_null(), place == 0);
        assert_eq!(value.as_bool(), (place == 1).then_some(true));
        assert_eq!(value.as_int(), (place == 2).then_some(7));
        assert_eq!(value.as_str(), (place == 3).then_some("x"));
        assert_eq!(value.as_array().is_some(), place == 4);
        assert_eq!(value.as_object().is_some(), place == 5);
    }
}

#[test]
fn a_member_is_found_by_name() {
    let value = object([("a", 1_u32.into()), ("b", String::from("x").into())]);
    assert_eq!(value.get("b").and_then(Value::as_str), Some("x"));
    assert_eq!(value.get("c"), None);
    assert_eq!(Value::from("a").get("a"), None);
}
