use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{ACCESS_TOKEN, ASTER_HEALTH_RENEWAL, LOCKED_OPPORTUNITY, OTHER_USER, Org, ids, routes, schema};
use crate::exchange::{Answer, Call};
use crate::journal::WriteKind;
use crate::system::Edit;

const DATA: &str = "/services/data/v61.0";

/// A request below `/services/data/v61.0`.
fn ask(org: &mut Org, line: &str, body: &Value) -> Answer {
    ask_with(org, line, &[], body)
}

fn ask_with(org: &mut Org, line: &str, headers: &[(&'static str, &str)], body: &Value) -> Answer {
    let (method, path) = line.split_once(' ').unwrap();
    let bearer = format!("Bearer {ACCESS_TOKEN}");
    let mut all = vec![("authorization", bearer.as_str()), ("host", "crm.example")];
    all.extend(headers);
    routes::handle(org, &Call::test(&format!("{method} {DATA}{path}"), &all, &body.to_string()))
}

fn deal() -> String {
    format!("/sobjects/Opportunity/{ASTER_HEALTH_RENEWAL}")
}

fn read(org: &mut Org, path: &str) -> Value {
    ask(org, &format!("GET {path}"), &Value::Null).body()
}

/// Status, error code and named fields of an error answer.
fn error(answer: &Answer) -> (u16, String, Value) {
    let error = answer.body()[0].clone();
    (
        answer.status.as_u16(),
        error["errorCode"].as_str().unwrap_or_default().to_owned(),
        error["fields"].clone(),
    )
}

#[test]
fn every_seeded_record_follows_the_rules() {
    let org = Org::seeded();
    let mut counts = std::collections::BTreeMap::<_, usize>::new();
    for (id, record) in &org.records {
        *counts.entry(record.object.name).or_default() += 1;
        let writable = record.object.fields.iter().filter(|field| field.writable);
        let asked =
            writable.map(|field| (field.name.to_owned(), record.fields[field.name].clone())).collect();
        assert_eq!(org.accept(record.object, &asked), Ok(asked.clone()), "{id}");
        let names: Vec<_> = record.fields.keys().filter(|name| record.object.field(name).is_none()).collect();
        assert_eq!(names, Vec::<&String>::new(), "{id}");
    }
    let expect = [("Account", 8), ("Case", 10), ("Opportunity", 12), ("User", 5)];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expect);
}

#[test]
fn a_record_is_shown_whole_or_by_its_named_fields() {
    let org = &mut Org::seeded();
    let whole = ask(org, &format!("GET {}", deal()), &Value::Null);
    assert_eq!(whole.header("last-modified"), Some("Fri, 20 Nov 2026 10:14:08 GMT"));
    assert_eq!(whole.header("sforce-limit-info"), Some("api-usage=1/5000000"));
    assert_eq!(whole.header("etag"), None);
    let whole = whole.body();
    assert_eq!(whole["Amount"].to_string(), "84000.0");
    assert_eq!(whole["LastModifiedDate"], "2026-11-20T10:14:08.000+0000");
    assert_eq!(whole["ExpectedRevenue"].to_string(), "50400.0");
    let url = format!("{DATA}{}", deal());
    assert_eq!(
        read(org, &format!("{}?fields=StageName,NextStep", deal())),
        json!({
            "attributes": { "type": "Opportunity", "url": url },
            "Id": ASTER_HEALTH_RENEWAL, "StageName": "Proposal", "NextStep": "Send revised quote",
        })
    );
    let short = deal().trim_end_matches("IAA").to_owned();
    assert_eq!(read(org, &short)["Id"], ASTER_HEALTH_RENEWAL);
}

#[test]
fn an_update_answers_nothing_and_is_seen_on_the_next_read() {
    let org = &mut Org::seeded();
    let asked =
        json!({ "StageName": "Negotiation", "Amount": 71400, "NextStep": "  Call  ", "Description": "" });
    let answer = ask(org, &format!("PATCH {}", deal()), &asked);
    assert_eq!((answer.status, answer.body()), (StatusCode::NO_CONTENT, Value::Null));
    let now = read(org, &deal());
    assert_eq!(now["Amount"].to_string(), "71400.0");
    assert_eq!((&now["NextStep"], &now["Description"]), (&json!("Call"), &Value::Null));
    assert_eq!((&now["Probability"], &now["ForecastCategoryName"]), (&json!(80.0), &json!("Commit")));
    assert_eq!(now["SystemModstamp"], "2026-11-23T22:00:01.000+0000");
    let write = org.journal.writes().next().cloned().unwrap();
    let mut names: Vec<_> = write.fields.keys().map(String::as_str).collect();
    names.sort_unstable();
    let expect = [
        "Amount",
        "Description",
        "ExpectedRevenue",
        "ForecastCategoryName",
        "NextStep",
        "Probability",
        "StageName",
    ];
    assert_eq!(names, expect);
    assert_eq!(write.author, super::INTEGRATION_USER);
}

#[test]
fn even_a_write_that_changes_nothing_gets_a_new_stamp() {
    let org = &mut Org::seeded();
    ask(org, &format!("PATCH {}", deal()), &json!({ "StageName": "Proposal" }));
    assert_eq!(read(org, &deal())["LastModifiedDate"], "2026-11-23T22:00:01.000+0000");
    assert!(org.history.is_empty());
}

#[test]
fn values_that_are_not_allowed_are_refused_with_their_code() {
    let long = "x".repeat(256);
    let cases = [
        (json!({ "Foo": 1 }), "INVALID_FIELD", Value::Null),
        (json!({ "Id": ASTER_HEALTH_RENEWAL }), "INVALID_FIELD", Value::Null),
        (json!({ "IsClosed": true }), "INVALID_FIELD_FOR_INSERT_UPDATE", json!(["IsClosed"])),
        (json!({ "StageName": "Proposed" }), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", json!(["StageName"])),
        (json!({ "StageName": null }), "REQUIRED_FIELD_MISSING", json!(["StageName"])),
        (json!({ "Name": "  " }), "REQUIRED_FIELD_MISSING", json!(["Name"])),
        (json!({ "NextStep": long }), "STRING_TOO_LONG", json!(["NextStep"])),
        (json!({ "NextStep": 7 }), "JSON_PARSER_ERROR", Value::Null),
        (json!({ "Amount": "lots" }), "JSON_PARSER_ERROR", Value::Null),
        (json!({ "Amount": 1e16 }), "NUMBER_OUTSIDE_VALID_RANGE", json!(["Amount"])),
        (json!({ "Amount": -1 }), "FIELD_CUSTOM_VALIDATION_EXCEPTION", json!(["Amount"])),
        (json!({ "CloseDate": "18.12.2026" }), "JSON_PARSER_ERROR", Value::Null),
        (json!({ "AccountId": "001Hp0000009999AAA" }), "INVALID_CROSS_REFERENCE_KEY", json!(["AccountId"])),
        (json!([]), "JSON_PARSER_ERROR", Value::Null),
    ];
    let org = &mut Org::seeded();
    for (asked, code, fields) in cases {
        let answer = ask(org, &format!("PATCH {}", deal()), &asked);
        assert_eq!(error(&answer), (400, code.to_owned(), fields), "{asked}");
    }
    assert_eq!(org.journal.total(), 0);
}

#[test]
fn values_at_the_limit_are_stored_as_the_crm_keeps_them() {
    let longest = "x".repeat(255);
    let cases = [
        ("Amount", json!("71400.005"), json!(71400.01)),
        ("Amount", json!(9_999_999_999_999.99), json!(9_999_999_999_999.99)),
        ("Discount__c", json!(12.345), json!(12.35)),
        ("NextStep", json!(longest), json!(longest)),
        ("CloseDate", json!("2027-01-01"), json!("2027-01-01")),
        ("AccountId", json!("001Hp0000000302"), json!("001Hp0000000302IAA")),
    ];
    let org = &mut Org::seeded();
    for (name, value, stored) in cases {
        assert_eq!(
            ask(org, &format!("PATCH {}", deal()), &json!({ name: value })).status,
            204,
            "{name}: {value}"
        );
        assert_eq!(read(org, &deal())[name], stored, "{name}: {value}");
    }
}

#[test]
fn records_that_cannot_be_written_say_why() {
    let org = &mut Org::seeded();
    let asked = json!({ "NextStep": "x" });
    let cases = [
        ("PATCH /sobjects/Opportunity/006Hp0000009999IAA".to_owned(), 404, "NOT_FOUND"),
        (format!("PATCH /sobjects/Account/{ASTER_HEALTH_RENEWAL}"), 404, "NOT_FOUND"),
        (format!("PATCH /sobjects/Opportunity/{LOCKED_OPPORTUNITY}"), 400, "ENTITY_IS_LOCKED"),
        ("PATCH /sobjects/User/005Hp0000000101IAA".to_owned(), 400, "INSUFFICIENT_ACCESS_OR_READONLY"),
        ("POST /sobjects/OpportunityFieldHistory".to_owned(), 400, "INSUFFICIENT_ACCESS_OR_READONLY"),
        ("PATCH /sobjects/Invoice/1".to_owned(), 404, "NOT_FOUND"),
        ("PUT /sobjects/Opportunity".to_owned(), 405, "METHOD_NOT_ALLOWED"),
        ("GET /nothing".to_owned(), 404, "NOT_FOUND"),
    ];
    for (line, status, code) in cases {
        assert_eq!(error(&ask(org, &line, &asked)), (status, code.to_owned(), Value::Null), "{line}");
    }
}

#[test]
fn a_deleted_record_is_gone_and_says_so_to_writers() {
    let org = &mut Org::seeded();
    assert_eq!(ask(org, &format!("DELETE {}", deal()), &Value::Null).status, StatusCode::NO_CONTENT);
    assert_eq!(error(&ask(org, &format!("GET {}", deal()), &Value::Null)).1, "NOT_FOUND");
    for method in ["PATCH", "DELETE"] {
        let answer = ask(org, &format!("{method} {}", deal()), &json!({}));
        assert_eq!((answer.status, error(&answer).1.as_str()), (StatusCode::NOT_FOUND, "ENTITY_IS_DELETED"));
    }
    assert_eq!(org.journal.writes().map(|write| write.kind).collect::<Vec<_>>(), [WriteKind::Delete]);
}

#[test]
fn a_write_can_be_made_conditional_on_the_date_everywhere() {
    let cases = [
        ("Fri, 20 Nov 2026 10:14:08 GMT", 204),
        ("Fri, 20 Nov 2026 10:14:09 GMT", 204),
        ("Fri, 20 Nov 2026 10:14:07 GMT", 412),
        ("2026-11-20T10:14:08Z", 400),
        ("yesterday", 400),
    ];
    for (date, status) in cases {
        let org = &mut Org::seeded();
        let headers = [("if-unmodified-since", date)];
        let answer = ask_with(org, &format!("PATCH {}", deal()), &headers, &json!({ "NextStep": "x" }));
        assert_eq!(answer.status.as_u16(), status, "{date}");
        assert_eq!(org.journal.total(), u64::from(status == 204), "{date}");
    }
}

#[test]
fn a_write_can_be_made_conditional_on_the_etag_on_accounts_only() {
    let account = "/sobjects/Account/001Hp0000000301IAA";
    let etag =
        |org: &mut Org| ask(org, &format!("GET {account}"), &Value::Null).header("etag").unwrap().to_owned();
    let org = &mut Org::seeded();
    let seen = etag(org);
    let write = |org: &mut Org, path: &str, tag: &str| {
        ask_with(org, &format!("PATCH {path}"), &[("if-match", tag)], &json!({ "Description": "x" }))
            .status
            .as_u16()
    };
    assert_eq!(write(org, account, &format!("\"other\", {seen}")), 204);
    assert_ne!(etag(org), seen);
    assert_eq!(write(org, account, &seen), 412);
    assert_eq!(write(org, account, "unquoted"), 400);
    assert_eq!(write(org, &deal(), &seen), 204);
}

#[test]
fn creation_asks_for_required_fields_and_fills_in_the_rest() {
    let org = &mut Org::seeded();
    let answer = ask(org, "POST /sobjects/Opportunity", &json!({ "Name": "New" }));
    assert_eq!(error(&answer), (400, "REQUIRED_FIELD_MISSING".to_owned(), json!(["StageName", "CloseDate"])));
    let answer = ask(org, "POST /sobjects/Case", &json!({ "Subject": "Refund INV-3391" }));
    assert_eq!(answer.status, StatusCode::CREATED);
    let id = ids::numbered("500", 2111);
    assert_eq!(answer.body(), json!({ "id": id, "success": true, "errors": [] }));
    let case = read(org, &format!("/sobjects/Case/{id}"));
    assert_eq!((&case["CaseNumber"], &case["Status"]), (&json!("00001051"), &json!("New")));
    assert_eq!((&case["IsClosed"], &case["Priority"]), (&json!(false), &json!("Medium")));
    assert_eq!(case["OwnerId"], ids::numbered("005", 101));
}

#[test]
fn closing_a_case_dates_it_and_opening_it_again_takes_the_date_away() {
    let org = &mut Org::seeded();
    let case = format!("/sobjects/Case/{}", super::DRIFTING_PROBE_CASE);
    ask(org, &format!("PATCH {case}"), &json!({ "Status": "Closed" }));
    let closed = read(org, &case);
    assert_eq!(
        (&closed["IsClosed"], &closed["ClosedDate"]),
        (&json!(true), &json!("2026-11-23T22:00:01.000+0000"))
    );
    ask(org, &format!("PATCH {case}"), &json!({ "Priority": "Low" }));
    assert_eq!(read(org, &case)["ClosedDate"], closed["ClosedDate"]);
    ask(org, &format!("PATCH {case}"), &json!({ "Status": "Working" }));
    let open = read(org, &case);
    assert_eq!((&open["IsClosed"], &open["ClosedDate"]), (&json!(false), &Value::Null));
}

#[test]
fn a_probability_that_is_sent_along_stays() {
    let org = &mut Org::seeded();
    ask(org, &format!("PATCH {}", deal()), &json!({ "StageName": "Negotiation", "Probability": 75 }));
    assert_eq!(read(org, &deal())["Probability"], 75.0);
    ask(org, &format!("PATCH {}", deal()), &json!({ "Amount": null }));
    let now = read(org, &deal());
    assert_eq!((&now["Probability"], &now["ExpectedRevenue"]), (&json!(75.0), &Value::Null));
}

#[test]
fn an_external_id_makes_a_write_repeatable() {
    let org = &mut Org::seeded();
    let path = "/sobjects/Case/External_Ref__c/run%2F7.json";
    let asked = json!({ "Subject": "From outside" });
    let first = ask(org, &format!("PATCH {path}"), &asked);
    let again = ask(org, &format!("PATCH {path}"), &asked);
    assert_eq!((first.status, &first.body()["created"]), (StatusCode::CREATED, &json!(true)));
    assert_eq!((again.status, &again.body()["created"]), (StatusCode::OK, &json!(false)));
    assert_eq!(first.body()["id"], again.body()["id"]);
    assert_eq!(read(org, path)["External_Ref__c"], "run/7.json");
    let answer = ask(org, "POST /sobjects/Case", &json!({ "External_Ref__c": "run/7.json" }));
    assert_eq!(error(&answer).1, "DUPLICATE_VALUE");
    let body = json!({ "External_Ref__c": "x" });
    assert_eq!(error(&ask(org, &format!("PATCH {path}"), &body)).1, "INVALID_FIELD");
    assert_eq!(error(&ask(org, "GET /sobjects/Case/Subject/x", &Value::Null)).1, "NOT_FOUND");
}

#[test]
fn field_history_tells_who_changed_what() {
    let org = &mut Org::seeded();
    ask(org, &format!("PATCH {}", deal()), &json!({ "Amount": 71400, "Description": "long" }));
    let fields = json!({ "StageName": "Closed Lost" });
    org.edit(&Edit {
        object: "Opportunity".to_owned(),
        id: ASTER_HEALTH_RENEWAL.to_owned(),
        fields: fields.as_object().cloned().unwrap(),
        author: None,
    })
    .unwrap();
    let query = format!(
        "SELECT Field, OldValue, NewValue, CreatedById FROM OpportunityFieldHistory WHERE OpportunityId = '{ASTER_HEALTH_RENEWAL}' AND CreatedDate > 2026-11-23T22:00:00Z"
    );
    let encoded = query.replace(' ', "+").replace('>', "%3E");
    let rows = read(org, &format!("/query?q={encoded}"))["records"].as_array().cloned().unwrap();
    let (robot, dana) = (ids::numbered("005", 101), org.user_id(OTHER_USER).unwrap().to_owned());
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["Field"].as_str().unwrap(),
                &row["OldValue"],
                &row["NewValue"],
                row["CreatedById"].as_str().unwrap(),
            )
        })
        .collect();
    let null = &Value::Null;
    let expect = [
        ("Amount", &json!(84000.0), &json!(71400.0), robot.as_str()),
        ("Description", null, null, &robot),
        ("StageName", &json!("Proposal"), &json!("Closed Lost"), &dana),
        ("Probability", &json!(60.0), &json!(0.0), &dana),
    ];
    assert_eq!(told, expect);
}

#[test]
fn every_object_describes_its_fields() {
    let org = &mut Org::seeded();
    for object in schema::OBJECTS {
        let told = read(org, &format!("/sobjects/{}/describe", object.name));
        assert_eq!(told["fields"].as_array().map(Vec::len), Some(object.fields.len()), "{}", object.name);
    }
    let told = read(org, "/sobjects/Opportunity/describe");
    let field =
        |name: &str| told["fields"].as_array().unwrap().iter().find(|f| f["name"] == name).cloned().unwrap();
    let stage = field("StageName");
    assert_eq!(
        (&stage["label"], &stage["type"], &stage["nillable"]),
        (&json!("Stage"), &json!("picklist"), &json!(false))
    );
    assert_eq!(stage["picklistValues"][2]["value"], "Proposal");
    assert_eq!((&field("Amount")["type"], &field("Amount")["scale"]), (&json!("currency"), &json!(2)));
    assert_eq!(field("IsClosed")["updateable"], false);
    assert_eq!(field("AccountId")["referenceTo"], json!(["Account"]));
}

#[test]
fn the_token_endpoint_gives_a_token_for_the_right_credentials_only() {
    let token = |form: &str| {
        let call = Call::test("POST /services/oauth2/token", &[("host", "crm.example")], form);
        routes::handle(&mut Org::seeded(), &call)
    };
    let app = "client_id=northwind-connected-app&client_secret=northwind-client-secret";
    let answer = token(&format!("grant_type=client_credentials&{app}"));
    assert_eq!(answer.status, StatusCode::OK);
    let body = answer.body();
    assert_eq!(
        (&body["access_token"], &body["instance_url"]),
        (&json!(ACCESS_TOKEN), &json!("http://crm.example"))
    );
    assert_eq!(body["issued_at"], "1795471200000");
    let refresh = |token: &str| format!("grant_type=refresh_token&{app}&refresh_token={token}");
    assert_eq!(token(&refresh("northwind-refresh-token")).status, StatusCode::OK);
    let cases = [
        (refresh("stale"), "invalid_grant"),
        (format!("grant_type=password&{app}"), "unsupported_grant_type"),
        (
            "grant_type=client_credentials&client_id=northwind-connected-app&client_secret=x".to_owned(),
            "invalid_client",
        ),
        ("grant_type=client_credentials&client_id=x&client_secret=x".to_owned(), "invalid_client_id"),
        ("grant_type=client_credentials".to_owned(), "invalid_client"),
    ];
    for (form, error) in cases {
        let answer = token(&form);
        assert_eq!(
            (answer.status, &answer.body()["error"]),
            (StatusCode::BAD_REQUEST, &json!(error)),
            "{form}"
        );
    }
}

#[test]
fn versions_and_resources_can_be_discovered() {
    let org = &mut Org::seeded();
    let versions = routes::handle(org, &Call::test("GET /services/data/", &[], "")).body();
    assert!(versions.as_array().unwrap().iter().any(|version| version["url"] == DATA));
    assert_eq!(read(org, "")["query"], format!("{DATA}/query"));
    assert_eq!(read(org, "/limits")["DailyApiRequests"]["Remaining"], 4_999_998);
    assert_eq!(read(org, "/sobjects")["sobjects"].as_array().map(Vec::len), Some(schema::OBJECTS.len()));
    let bearer = format!("Bearer {ACCESS_TOKEN}");
    let call = Call::test("GET /services/data/v1.0/limits", &[("authorization", &bearer)], "");
    assert_eq!(routes::handle(org, &call).status, StatusCode::NOT_FOUND);
}

#[test]
fn a_seeded_state_is_taken_as_it_is_and_not_journaled() {
    let org = &mut Org::seeded();
    let fields = json!({ "StageName": "Negotiation", "Amount": 1.0, "External_Ref__c": "x-1" });
    let id = ids::numbered("006", 5000);
    org.seed("Opportunity", &id, fields.as_object().unwrap()).unwrap();
    assert_eq!(read(org, "/sobjects/Opportunity/External_Ref__c/x-1")["Id"], id);
    assert_eq!(org.journal.total(), 0);
    let asked = json!({ "Name": "Next", "StageName": "Proposal", "CloseDate": "2027-01-01" });
    assert_eq!(ask(org, "POST /sobjects/Opportunity", &asked).body()["id"], ids::numbered("006", 5001));
    let unknown = json!({ "Colour": "red" });
    assert!(org.seed("Opportunity", &id, unknown.as_object().unwrap()).is_err());
    assert!(org.seed("Case", &id, fields.as_object().unwrap()).is_err());
}
