use super::*;

fn scope() -> Scope {
    Scope {
        id: Some("7".to_owned()),
        key: Some("k1".to_owned()),
        arguments: BTreeMap::from([("body".to_owned(), Json::Str("a/b?c#d é".to_owned()))]),
        change_members: BTreeMap::from([("amount".to_owned(), Json::Number("12.50".to_owned()))]),
        ..Scope::default()
    }
}

fn body(toml: &str, expect: Option<&str>) {
    let table: toml::Table = toml.parse().unwrap();
    let filled = Template::parse(&table["b"]).unwrap().fill(&scope()).map(|json| json.write());
    assert_eq!(filled.as_deref(), expect, "{toml}");
}

#[test]
fn a_body_is_filled_with_exact_values_and_leaves_out_what_is_not_there() {
    body("b = { \"${changes}\" = true, id = \"${id}\" }", Some(r#"{"amount":12.50,"id":"7"}"#));
    body(
        "b = { n = 3, t = true, l = [1, \"${key}\", \"${version}\"] }",
        Some(r#"{"l":[1,"k1"],"n":3,"t":true}"#),
    );
    body("b = { id = \"${id}\", version = \"${version}\" }", Some(r#"{"id":"7"}"#));
    body("b = { x = 1, c = { body = \"${arguments.none}\", public = false } }", Some(r#"{"x":1}"#));
    body(
        "b = { x = 1, c = { body = \"${arguments.body}\", public = false } }",
        Some(r#"{"c":{"body":"a/b?c#d é","public":false},"x":1}"#),
    );
    body("b = \"${version}\"", None);
}

#[test]
fn a_body_that_names_nothing_known_is_refused() {
    for (toml, what) in [
        ("b = \"${nothing}\"", "`${nothing}` is not known"),
        ("b = \"${id} and more\"", "`${id} and more` has more than the one name that a value can be"),
        ("b = 1.5", "a float is not exact"),
        ("b = 2026-11-24", "a TOML date is no JSON"),
    ] {
        let table: toml::Table = toml.parse().unwrap();
        assert_eq!(Template::parse(&table["b"]), Err(what.to_owned()));
    }
}

#[test]
fn a_value_cannot_leave_its_place_in_a_path() {
    let fill = |text: &str, scope: &Scope| Text::parse(text).unwrap().fill_path(scope);
    assert_eq!(
        fill("/t/{id}?q={arguments.body}", &scope()).as_deref(),
        Some("/t/7?q=a%2Fb%3Fc%23d%20%C3%A9")
    );
    for dots in [".", ".."] {
        assert_eq!(fill("/t/{id}/x", &Scope { id: Some(dots.to_owned()), ..Scope::default() }), None);
    }
    assert_eq!(fill("/t/{version}", &scope()), None);
    assert_eq!(Text::parse("/t/{id").map(|_| ()), Err("{".to_owned()));
    assert_eq!(Text::parse("/t/{nothing}").map(|_| ()), Err("nothing".to_owned()));
}

#[test]
fn bodies_merge_level_by_level() {
    let json = |text: &str| Json::parse(text).unwrap();
    let both = merged(json(r#"{"t":{"a":1,"m":{"x":1}},"z":1}"#), json(r#"{"t":{"b":2,"m":{"y":2}},"z":2}"#));
    assert_eq!(both.write(), r#"{"t":{"a":1,"b":2,"m":{"x":1,"y":2}},"z":2}"#);
}
