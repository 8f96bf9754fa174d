use std::collections::BTreeMap;

use domain::mutation::Kind;
use domain::name::Slug;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: Form<Slug>,
    kind: Option<Form<Kind>>,
    note: Option<String>,
    verdict: Option<Verdict>,
    #[serde(default)]
    changes: BTreeMap<String, Any>,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Yes,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    n: u32,
}

fn read(text: &str) -> Result<Body> {
    typed(&parse(text.as_bytes())?)
}

#[test]
fn numbers_keep_their_digits() {
    let body = read(r#"{"name":"a","changes":{"amount":71400.50,"big":9007199254740993,"exp":1e3,"n":-7}}"#)
        .unwrap();
    let values: Vec<_> = body.changes.into_values().map(|any| any.0).collect();
    assert_eq!(values, ["71400.50".into(), "9007199254740993".into(), "1000".into(), Value::Int(-7)]);
}

#[test]
fn null_empty_and_absent_are_three_things() {
    let body = read(r#"{"name":"a","changes":{"null":null,"empty":""}}"#).unwrap();
    assert_eq!(body.changes.get("null"), Some(&Any(Value::Null)));
    assert_eq!(body.changes.get("empty"), Some(&Any("".into())));
    assert_eq!(body.changes.get("absent"), None);
}

#[test]
fn what_does_not_fit_is_told_with_its_place() {
    for (text, pointer) in [
        (r#"{"name":"a","nmae":"b"}"#, Some("/nmae")),
        (r#"{"name":"a","parts":[{"n":1},{"n":1,"m":2}]}"#, Some("/parts/1/m")),
        (r#"{"name":"a","parts":[{"n":"one"}]}"#, Some("/parts/0/n")),
        (r#"{"name":"a","parts":[{"n":1.5}]}"#, Some("/parts/0/n")),
        (r#"{"name":"a","parts":[{"n":1},[1]]}"#, Some("/parts/1")),
        (r#"{"name":"a","parts":[[]]}"#, Some("/parts/0")),
        (r#"{"name":"a","changes":[["f",1]]}"#, Some("/changes")),
        (r#"{"name":"a","note":1}"#, Some("/note")),
        (r#"{"name":"a","note":1.5}"#, Some("/note")),
        (r#"{"name":"a","note":100000000000000000000}"#, Some("/note")),
        (r#"{"name":"a","note":true}"#, Some("/note")),
        (r#"{"name":1.5}"#, Some("/name")),
        (r#"{"name":"a","kind":1.5}"#, Some("/kind")),
        (r#"{"name":"a","verdict":{"yes":null}}"#, Some("/verdict")),
        (r#"{"name":"Not A Slug"}"#, Some("/name")),
        (r#"{"name":"a","kind":"destroy"}"#, Some("/kind")),
        (r#"{"kind":"update"}"#, None),
        (r#"["name"]"#, None),
        (r#"{"name":"a""#, None),
        (r#"{"name":"a","name":"b"}"#, None),
        (r#"{"name":"a"} {}"#, None),
        (r#"{"name":"\ud800"}"#, None),
    ] {
        let problem = read(text).unwrap_err();
        assert_eq!(problem.error().code, Code::InvalidRequest, "{text}");
        assert_eq!(problem.error().pointer.as_deref(), pointer, "{text}: {}", problem.error().message);
    }
}

#[test]
fn every_kind_of_member_is_read() {
    let body =
        read(r#"{"name":"a","kind":"update","note":"1.5","verdict":"yes","parts":[{"n":1}]}"#).unwrap();
    assert_eq!((body.note.as_deref(), body.verdict), (Some("1.5"), Some(Verdict::Yes)));
    assert_eq!((body.kind, body.parts), (Some(Form(Kind::Update)), vec![Part { n: 1 }]));
    assert_eq!(read(r#"{"name":"a","note":null,"kind":null}"#).unwrap().note, None);
}

#[test]
fn what_is_no_json_is_told_for_what_it_is() {
    for (text, why) in [
        (r#"{"name":"\ud800"}"#, "hex escape"),
        (r#"{"name":"a","name":"b"}"#, "twice"),
        (r#"{"name":"a""#, "EOF"),
    ] {
        let problem = read(text).unwrap_err();
        assert!(problem.error().message.contains(why), "{text}: {}", problem.error().message);
    }
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(parse(text.as_bytes()).unwrap_err().error().code, Code::InvalidRequest);
}

#[test]
fn media_types_are_compared_without_parameters_and_case() {
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;Charset=\"UTF-8\"",
        "application/json; profile=x",
        "Application/JSON",
    ] {
        assert!(is_json(kind), "{kind}");
    }
    for kind in [
        "text/plain",
        "application/jsonp",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=latin1",
        "",
    ] {
        assert!(!is_json(kind), "{kind}");
    }
}

#[test]
fn any_prints_what_it_read() {
    let text = r#"{"a":[1,"x",null,true],"b":{}}"#;
    let any: Any = typed(&parse(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(serde_json::to_string(&any).unwrap(), text);
}
