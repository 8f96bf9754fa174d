use axum::http::StatusCode;
use serde_json::{Value, json};

use super::limit::UPDATES_MAX;
use super::{BEARER_TOKEN, Desk, KEYS_MAX, VAT_TICKET, fields, people, routes};
use crate::exchange::{Answer, Call};
use crate::journal::WriteKind;
use crate::system::{Edit, EditError};

fn ask(desk: &mut Desk, line: &str, body: &Value) -> Answer {
    ask_with(desk, line, &[], body)
}

fn ask_with(desk: &mut Desk, line: &str, headers: &[(&'static str, &str)], body: &Value) -> Answer {
    let bearer = format!("Bearer {BEARER_TOKEN}");
    let mut all = vec![("authorization", bearer.as_str()), ("host", "desk.example")];
    all.extend(headers);
    routes::handle(desk, &Call::test(line, &all, &body.to_string()))
}

fn ticket(desk: &mut Desk, id: u64) -> Value {
    ask(desk, &format!("GET /api/v2/tickets/{id}.json"), &Value::Null).body()["ticket"].clone()
}

const VAT: &str = "/api/v2/tickets/48213.json";

#[test]
fn every_seeded_ticket_follows_the_rules() {
    let desk = Desk::seeded();
    assert_eq!(desk.tickets.len(), 12);
    for (id, ticket) in &desk.tickets {
        let mut again = ticket.fields.clone();
        let mut problems = super::errors::Details::default();
        fields::apply(&mut again, &ticket.fields, &mut problems);
        assert_eq!(problems.into_result(), Ok(()), "{id}");
        assert_eq!(again, ticket.fields, "{id}");
        assert_eq!((ticket.audits.len(), ticket.comments.len()), (1, 1), "{id}");
        assert!(people::user(ticket.fields["requester_id"].as_u64().unwrap()).is_some(), "{id}");
    }
}

#[test]
fn a_path_works_with_and_without_json_at_its_end() {
    let desk = &mut Desk::seeded();
    for path in ["/api/v2/tickets/48213.json", "/api/v2/tickets/48213"] {
        let answer = ask(desk, &format!("GET {path}"), &Value::Null);
        assert_eq!(answer.body()["ticket"]["url"], "http://desk.example/api/v2/tickets/48213.json");
        assert_eq!(answer.header("x-rate-limit"), Some("700"));
    }
}

#[test]
fn requests_that_name_nothing_are_told_apart() {
    let desk = &mut Desk::seeded();
    let cases = [
        ("GET /api/v2/tickets/1.json", StatusCode::NOT_FOUND, json!("RecordNotFound")),
        ("GET /api/v2/nothing.json", StatusCode::NOT_FOUND, json!("InvalidEndpoint")),
        ("PATCH /api/v2/tickets/48213.json", StatusCode::NOT_FOUND, json!("InvalidEndpoint")),
        ("GET /other", StatusCode::NOT_FOUND, json!("InvalidEndpoint")),
    ];
    for (line, status, error) in cases {
        let answer = ask(desk, line, &Value::Null);
        assert_eq!((answer.status, &answer.body()["error"]), (status, &error), "{line}");
    }
    for (line, body) in
        [("GET /api/v2/tickets/x.json", json!({})), (&format!("PUT {VAT}"), json!({ "status": 1 }))]
    {
        let answer = ask(desk, line, &body);
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{line}");
        assert_eq!(answer.body()["error"]["title"], "Invalid attribute", "{line}");
    }
}

#[test]
fn an_update_answers_with_the_ticket_and_its_audit() {
    let desk = &mut Desk::seeded();
    let asked = json!({ "ticket": {
        "priority": "normal", "assignee_id": 9002, "comment": { "body": "See <INV-3407>", "public": false },
        "metadata": { "run": "run_1" },
    } });
    let body = ask(desk, &format!("PUT {VAT}"), &asked).body();
    assert_eq!(body["ticket"]["updated_at"], "2026-11-23T22:00:01Z");
    assert_eq!(body["audit"]["metadata"]["custom"], json!({ "run": "run_1" }));
    let events = body["audit"]["events"].as_array().unwrap();
    let told: Vec<_> =
        events.iter().map(|e| (&e["type"], &e["field_name"], &e["previous_value"], &e["value"])).collect();
    assert_eq!(
        told,
        [
            (&json!("Comment"), &Value::Null, &Value::Null, &Value::Null),
            (&json!("Change"), &json!("assignee_id"), &json!("9001"), &json!("9002")),
            (&json!("Change"), &json!("priority"), &json!("high"), &json!("normal")),
        ]
    );
    assert_eq!(events[0]["html_body"], "<div class=\"zd-comment\"><p>See &lt;INV-3407&gt;</p></div>");
    let comments = ask(desk, "GET /api/v2/tickets/48213/comments.json", &Value::Null).body();
    assert_eq!((&comments["count"], &comments["comments"][1]["public"]), (&json!(2), &json!(false)));
}

#[test]
fn an_update_that_changes_nothing_writes_nothing() {
    let desk = &mut Desk::seeded();
    let before = ticket(desk, VAT_TICKET);
    let body = ask(desk, &format!("PUT {VAT}"), &json!({ "ticket": { "priority": "high" } })).body();
    assert_eq!((&body["ticket"], &body["audit"]), (&before, &Value::Null));
    assert_eq!(desk.journal.total(), 0);
}

#[test]
fn a_safe_update_needs_the_stamp_that_the_ticket_has() {
    let stamp = "2026-11-23T09:04:51Z";
    let cases = [
        (json!({ "safe_update": true, "updated_stamp": stamp }), StatusCode::OK),
        (json!({ "safe_update": "true", "updated_stamp": stamp }), StatusCode::OK),
        (json!({ "safe_update": true, "updated_stamp": "2026-11-23T09:04:50Z" }), StatusCode::CONFLICT),
        (json!({ "safe_update": true, "updated_stamp": "now" }), StatusCode::BAD_REQUEST),
        (json!({ "safe_update": true }), StatusCode::BAD_REQUEST),
        (json!({ "safe_update": false, "updated_stamp": "2026-11-23T09:04:50Z" }), StatusCode::OK),
    ];
    for (mut asked, status) in cases {
        let desk = &mut Desk::seeded();
        asked["priority"] = json!("low");
        assert_eq!(ask(desk, &format!("PUT {VAT}"), &json!({ "ticket": asked })).status, status, "{asked}");
        assert_eq!(desk.journal.total(), u64::from(status == StatusCode::OK), "{asked}");
    }
}

#[test]
fn a_closed_ticket_cannot_be_changed() {
    let desk = &mut Desk::seeded();
    let answer = ask(desk, "PUT /api/v2/tickets/48212.json", &json!({ "ticket": { "status": "open" } }));
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.body()["details"]["status"][0]["description"], "Status: closed prevents ticket update");
}

#[test]
fn creation_takes_the_next_number_and_needs_a_description() {
    let desk = &mut Desk::seeded();
    let post = "POST /api/v2/tickets.json";
    let answer = ask(desk, post, &json!({ "ticket": { "subject": "No text" } }));
    assert_eq!(answer.body()["details"]["description"][0]["description"], "Description: cannot be blank");
    let answer =
        ask(desk, post, &json!({ "ticket": { "subject": "Refund", "comment": { "body": "Please" } } }));
    assert_eq!(answer.status, StatusCode::CREATED);
    let body = answer.body();
    assert_eq!(body["ticket"]["id"], 48214);
    assert_eq!(
        (&body["ticket"]["status"], &body["ticket"]["description"]),
        (&json!("new"), &json!("Please"))
    );
    assert_eq!(answer.header("x-idempotency-lookup"), None);
    assert_eq!(answer.header("location"), Some("http://desk.example/api/v2/tickets/48214.json"));
}

#[test]
fn an_idempotency_key_stands_for_one_ticket() {
    let desk = &mut Desk::seeded();
    let create = |desk: &mut Desk, body: &str| {
        let asked = json!({ "ticket": { "comment": { "body": body } } });
        ask_with(desk, "POST /api/v2/tickets.json", &[("idempotency-key", "k1")], &asked)
    };
    let first = create(desk, "a");
    let again = create(desk, "a");
    assert_eq!(first.header("x-idempotency-lookup"), Some("miss"));
    assert_eq!(again.header("x-idempotency-lookup"), Some("hit"));
    assert_eq!((first.status, first.body()), (again.status, again.body()));
    let other = create(desk, "b");
    assert_eq!(
        (other.status, &other.body()["error"]),
        (StatusCode::BAD_REQUEST, &json!("IdempotentRequestError"))
    );
    assert_eq!(desk.journal.total(), 1);
    assert_eq!(desk.journal.writes().next().and_then(|w| w.idempotency_key.as_deref()), Some("k1"));
}

#[test]
fn the_oldest_idempotency_key_is_forgotten_one_past_the_limit() {
    let mut keys = super::Keys::default();
    for number in 0..=KEYS_MAX {
        keys.remember(number.to_string(), serde_json::Map::new(), Answer::empty(StatusCode::OK));
        assert_eq!(keys.answers.contains_key("0"), number < KEYS_MAX);
    }
    assert_eq!(keys.answers.len(), KEYS_MAX);
}

#[test]
fn a_deleted_ticket_is_gone_until_it_is_restored() {
    let desk = &mut Desk::seeded();
    let before = ticket(desk, VAT_TICKET);
    assert_eq!(ask(desk, &format!("DELETE {VAT}"), &Value::Null).status, StatusCode::NO_CONTENT);
    assert_eq!(ask(desk, &format!("GET {VAT}"), &Value::Null).status, StatusCode::NOT_FOUND);
    assert_eq!(ask(desk, &format!("PUT {VAT}"), &json!({ "ticket": {} })).status, StatusCode::NOT_FOUND);
    let deleted = ask(desk, "GET /api/v2/deleted_tickets.json", &Value::Null).body();
    assert_eq!(deleted["deleted_tickets"][0]["id"], VAT_TICKET);
    let restore = "PUT /api/v2/deleted_tickets/48213/restore.json";
    assert_eq!(ask(desk, restore, &Value::Null).status, StatusCode::OK);
    assert_eq!(ask(desk, restore, &Value::Null).status, StatusCode::NOT_FOUND);
    assert_eq!(ticket(desk, VAT_TICKET)["subject"], before["subject"]);
    let kinds: Vec<_> = desk.journal.writes().map(|write| write.kind).collect();
    assert_eq!(kinds, [WriteKind::Delete, WriteKind::Restore]);
}

#[test]
fn lists_come_in_pages_of_either_kind() {
    let desk = &mut Desk::seeded();
    let body = ask(desk, "GET /api/v2/tickets.json?page=2&per_page=5", &Value::Null).body();
    assert_eq!((&body["count"], body["tickets"].as_array().map(Vec::len)), (&json!(12), Some(5)));
    assert_eq!(body["next_page"], "http://desk.example/api/v2/tickets.json?page=3&per_page=5");
    let mut line = "GET /api/v2/tickets.json?page[size]=5".to_owned();
    let mut ids = Vec::new();
    loop {
        let body = ask(desk, &line, &Value::Null).body();
        ids.extend(body["tickets"].as_array().unwrap().iter().filter_map(|ticket| ticket["id"].as_u64()));
        let Some(next) = body["links"]["next"].as_str() else { break };
        line = format!("GET {}", next.trim_start_matches("http://desk.example"));
    }
    assert_eq!(ids, desk.tickets.keys().copied().collect::<Vec<_>>());
}

#[test]
fn a_page_holds_at_most_a_hundred_rows() {
    let desk = &mut Desk::seeded();
    for id in 1..=100_u64 {
        desk.seed("ticket", &id.to_string(), &serde_json::Map::new()).unwrap();
    }
    for (query, rows) in [("", 100), ("?per_page=100", 100), ("?per_page=101", 100), ("?page=2", 12)] {
        let body = ask(desk, &format!("GET /api/v2/tickets.json{query}"), &Value::Null).body();
        assert_eq!(body["tickets"].as_array().map(Vec::len), Some(rows), "{query}");
    }
}

#[test]
fn a_ticket_is_found_by_its_external_id() {
    let desk = &mut Desk::seeded();
    ask(desk, &format!("PUT {VAT}"), &json!({ "ticket": { "external_id": "erp-7" } }));
    let found = ask(desk, "GET /api/v2/tickets.json?external_id=erp-7", &Value::Null).body();
    assert_eq!((&found["count"], &found["tickets"][0]["id"]), (&json!(1), &json!(VAT_TICKET)));
}

#[test]
fn the_update_limit_counts_per_user_and_ticket_once_it_is_on() {
    let desk = &mut Desk::seeded();
    let update = |desk: &mut Desk, number: usize| {
        let asked = json!({ "ticket": { "subject": format!("{number}") } });
        ask(desk, &format!("PUT {VAT}"), &asked)
    };
    for number in 0..=UPDATES_MAX {
        assert_eq!(update(desk, number).status, StatusCode::OK);
    }
    desk.limit.on = true;
    for number in 0..UPDATES_MAX {
        assert_eq!(update(desk, number).status, StatusCode::OK);
    }
    let refused = update(desk, UPDATES_MAX);
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("retry-after"), Some("570"));
    let other = ask(desk, "PUT /api/v2/tickets/48211.json", &json!({ "ticket": { "subject": "x" } }));
    assert_eq!(other.status, StatusCode::OK);
    desk.clock.advance(569);
    assert_eq!(update(desk, UPDATES_MAX).status, StatusCode::OK);
}

#[test]
fn an_edit_is_another_persons_and_refuses_what_the_desk_does_not_know() {
    let desk = &mut Desk::seeded();
    let edit = |id: &str, fields: Value| Edit {
        object: "ticket".to_owned(),
        id: id.to_owned(),
        fields: fields.as_object().cloned().unwrap(),
        author: None,
    };
    desk.edit(&edit("48213", json!({ "priority": "low" }))).unwrap();
    let write = desk.journal.writes().next().cloned().unwrap();
    assert_eq!((write.author.as_str(), &write.fields["priority"]), (super::OTHER_AGENT, &json!("low")));
    let refused = |error: EditError| error.to_string();
    let cases = [
        (edit("48213", json!({ "statuss": "open" })), "`statuss` is not a field that can be set"),
        (edit("1", json!({ "status": "open" })), "there is no ticket `1`"),
        (edit("48213", json!({ "status": "x" })), "the system refuses: Status: is not included in the list"),
        (Edit { object: "user".to_owned(), ..edit("1", json!({})) }, "there is no object `user`"),
        (Edit { author: Some("x@y".to_owned()), ..edit("48213", json!({})) }, "there is no user `x@y`"),
    ];
    for (edit, expect) in cases {
        assert_eq!(desk.edit(&edit).map_err(refused), Err(expect.to_owned()));
    }
}

#[test]
fn a_seeded_state_is_taken_as_it_is_and_not_journaled() {
    let desk = &mut Desk::seeded();
    let fields = json!({ "status": "closed", "updated_at": "2026-01-02T03:04:05Z" });
    desk.seed("ticket", "50000", fields.as_object().unwrap()).unwrap();
    let seeded = ticket(desk, 50_000);
    assert_eq!(
        (&seeded["status"], &seeded["updated_at"]),
        (&json!("closed"), &json!("2026-01-02T03:04:05Z"))
    );
    assert_eq!((desk.journal.total(), desk.last_ticket), (0, 50_000));
    let unknown = json!({ "colour": "red" });
    assert!(desk.seed("ticket", "50000", unknown.as_object().unwrap()).is_err());
}
