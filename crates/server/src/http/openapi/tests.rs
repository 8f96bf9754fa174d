use std::collections::BTreeSet;

use connectors::manifest::Scheme::{ApiKey, Basic, Bearer, ClientCredentials, EmailToken, RefreshToken};
use serde_json::Value;

use super::*;

fn json() -> Value {
    serde_json::to_value(document()).unwrap()
}

fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(elements) => elements.iter().for_each(|element| references(element, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_committed_document_is_what_the_code_says() {
    let committed = include_str!("../../../../../api/openapi.json");
    assert!(text().unwrap() == committed, "run `cargo xtask generate`, look at the diff, commit it");
}

#[test]
fn every_reference_leads_to_a_schema() {
    let document = json();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_says_what_it_is_and_how_it_fails() {
    let document = json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{what}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{what}");
            let success =
                operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2'));
            assert!(success, "{what}");
            if path.starts_with("/v1/") {
                let problem = &operation["responses"]["default"]["content"][MEDIA_TYPE]["schema"]["$ref"];
                assert_eq!(problem, "#/components/schemas/Problem", "{what}");
                assert_eq!(operation.get("security").is_none(), what == "post /v1/sessions", "{what}");
            }
            for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                let parameters = operation["parameters"].as_array().unwrap();
                assert!(
                    parameters.iter().any(|one| one["name"] == name && one["in"] == "path"),
                    "{what} {name}"
                );
            }
        }
    }
}

#[test]
fn bodies_of_requests_refuse_what_they_do_not_know() {
    let document = json();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let Some(reference) = schema.as_str() else { continue };
            let schema = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
            assert_eq!(schema["additionalProperties"], false, "{method} {path}");
        }
    }
}

#[test]
fn every_way_to_sign_in_to_a_system_has_an_example_that_is_one() {
    let document = json();
    let mut schemes = BTreeSet::new();
    for form in document["components"]["schemas"]["Credentials"]["oneOf"].as_array().unwrap() {
        let [example] = form["examples"].as_array().unwrap().as_slice() else { panic!("{form:#}") };
        let read = connectors::http::Credentials::parse(example.to_string().as_bytes()).unwrap();
        schemes.insert(read.scheme());
        let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(example), names(&form["properties"]));
    }
    let six = [Basic, EmailToken, Bearer, ApiKey, ClientCredentials, RefreshToken];
    assert_eq!(schemes, BTreeSet::from(six));
}

#[test]
fn what_is_said_is_what_happens() {
    let document = json();
    let told = |pointer: &str| document.pointer(pointer).unwrap().as_str().unwrap().replace(',', "");
    let file = told("/paths/~1v1~1runs~1{id}~1artifacts/post/description");
    assert!(file.contains(&engine::admin::ARTIFACT_BYTES_MAX.to_string()), "{file}");
    for method in ["get", "delete"] {
        let session = told(&format!("/paths/~1v1~1sessions~1current/{method}/description"));
        assert!(session.contains("an API key has no session"), "{session}");
    }
    let missing = document.pointer("/paths/~1errors~1{code}/get/responses/404/content").unwrap();
    assert_eq!(missing[MEDIA_TYPE]["schema"]["$ref"], "#/components/schemas/Problem");
}
