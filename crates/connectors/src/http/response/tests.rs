use super::*;
use crate::testing::{manifest, slug};

fn read(body: &str) -> Result<Snapshot, ReadFault> {
    let manifest = manifest("Test desk", "Test desk");
    snapshot(&manifest.objects[&slug("ticket")], &Json::parse(body).unwrap(), &HeaderMap::new())
}

fn fault(body: &str) -> String {
    read(body).unwrap_err().to_string()
}

#[test]
fn a_record_is_read_with_its_own_id_and_version_and_normalized_values() {
    let body = r#"{"ticket":{"id":7,"updated_at":"2026-11-24T09:00:00Z","status":"open","amount":71400.00,"assignee":{"id":42},"more":[1.5]}}"#;
    let snapshot = read(body).unwrap();
    assert_eq!((snapshot.id.as_str(), snapshot.version.as_deref()), ("7", Some("2026-11-24T09:00:00Z")));
    let expect = [("amount", Value::from("71400")), ("assignee", "42".into()), ("status", "open".into())];
    assert_eq!(snapshot.fields, expect.map(|(name, value)| (name.to_owned(), value)).into());
}

#[test]
fn null_empty_and_absent_are_three_things() {
    let record = |members: &str| format!(r#"{{"ticket":{{"id":"7","updated_at":"v"{members}}}}}"#);
    let fields = |members: &str| read(&record(members)).unwrap().fields;
    assert_eq!(fields(""), BTreeMap::new());
    assert_eq!(
        fields(r#","assignee":null,"amount":null"#).values().collect::<Vec<_>>(),
        [&Value::Null, &Value::Null]
    );
    assert_eq!(fields(r#","assignee":{"id":""}"#).get("assignee"), Some(&Value::from("")));
    assert_eq!(fields(r#","assignee":{}"#).get("assignee"), None);
}

#[test]
fn an_answer_that_differs_from_the_manifest_is_a_fault_that_quotes_nothing() {
    let differs = "the answer differs from the manifest at ";
    for (body, expect) in [
        ("{}", "/ticket: it is not there"),
        (r#"{"ticket":null}"#, "/ticket: it is not there"),
        (r#"{"ticket":{"updated_at":"v"}}"#, "/id: it is not there"),
        (r#"{"ticket":{"id":7}}"#, "/updated_at: it is not there"),
        (
            r#"{"ticket":{"id":7,"updated_at":"v","status":3}}"#,
            "/status: it has another type than the manifest says",
        ),
        (r#"{"ticket":{"id":7,"updated_at":"v","amount":"canary"}}"#, "/amount: it is no decimal number"),
        (
            r#"{"ticket":{"id":7,"updated_at":"v","amount":1.234}}"#,
            "/amount: it has more digits after the point than the manifest says",
        ),
    ] {
        assert_eq!(fault(body), format!("{differs}{expect}"), "{body}");
    }
}

#[test]
fn an_answer_at_the_deepest_level_is_kept_as_json_and_one_level_more_as_text() {
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    assert!(matches!(kept_body(&nested(KEPT_DEPTH_MAX)), Some(Value::Array(_))));
    assert_eq!(kept_body(&nested(KEPT_DEPTH_MAX + 1)), Some(nested(KEPT_DEPTH_MAX + 1).into()));
    let exchange = Exchange {
        method: "PUT".to_owned(),
        url: String::new(),
        request_headers: BTreeMap::new(),
        request_body: None,
        status: Some(200),
        response_headers: BTreeMap::new(),
        response_body: kept_body(&nested(KEPT_DEPTH_MAX)),
        started: domain::time::Timestamp::from_millis(0),
        ended: domain::time::Timestamp::from_millis(0),
    };
    assert!(proof::disclosure::Disclosure::seal([7; 32], "response", &exchange.value()).is_ok());
}

#[test]
fn a_long_answer_is_kept_as_text_and_cut_at_the_limit() {
    let json = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    assert!(matches!(kept_body(&json(KEPT_BYTES_MAX)), Some(Value::Object(_))));
    let Some(Value::Str(text)) = kept_body(&json(KEPT_BYTES_MAX + 1)) else { panic!() };
    assert_eq!(text.len(), KEPT_BYTES_MAX);
    assert_eq!(kept_body(""), None);
    let accents = "é".repeat(KEPT_BYTES_MAX);
    assert!(cut(&accents[..KEPT_BYTES_MAX + 2]).len() <= KEPT_BYTES_MAX);
    assert!(cut(&format!("a{accents}")).len() < KEPT_BYTES_MAX);
}
