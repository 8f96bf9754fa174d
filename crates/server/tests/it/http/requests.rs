//! What every POST has in common: strict bodies, and keys that make it repeatable.

use reqwest::Method;
use serde_json::{Value, json};
use simulators::{Fault, FaultKind};

use crate::world::{World, change, solve, tag, text};

#[tokio::test]
async fn a_body_that_does_not_fit_is_refused_with_its_place() {
    let world = World::start().await;
    let with = |pointer: &str, value: Value| {
        let mut body = tag(&["one"]);
        if let Some(member) = body.pointer_mut(pointer) {
            *member = value;
        } else {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            body.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
        }
        body
    };
    let mutation = "/plan/mutations/0";
    for (pointer, value, code) in [
        ("/colour", json!("red"), "invalid_request"),
        ("/plan/colour", json!("red"), "invalid_request"),
        (&format!("{mutation}/colour"), json!("red"), "invalid_request"),
        ("/recovers", json!("run_01h455vb4pex5vsknk084sn02q"), "invalid_request"),
        ("/workflow", json!("Not A Slug"), "invalid_request"),
        ("/workflow", json!("unregistered"), "unknown_workflow"),
        ("/workflow", json!(null), "invalid_request"),
        ("/reason", json!(""), "invalid_request"),
        ("/reason", json!(7), "invalid_request"),
        ("/confidence_bp", json!(10_001), "invalid_request"),
        ("/confidence_bp", json!(0.9), "invalid_request"),
        ("/confidence_bp", json!(-1), "invalid_request"),
        ("/on_behalf_of", json!("somebody"), "invalid_request"),
        ("/plan/mutations", json!([]), "invalid_plan"),
        ("/plan/mutations", json!({}), "invalid_request"),
        (&format!("{mutation}/kind"), json!("destroy"), "invalid_request"),
        (&format!("{mutation}/id"), json!(48213), "invalid_request"),
        (&format!("{mutation}/guard"), json!("assignee_id"), "invalid_request"),
        ("/plan", json!([tag(&["one"])["plan"]["mutations"]]), "invalid_request"),
        (
            mutation,
            json!(["help-desk", "ticket", "48213", "update", null, { "priority": "low" }, {}, []]),
            "invalid_request",
        ),
        (&format!("{mutation}/changes"), json!([["priority", "low"]]), "invalid_request"),
        ("/reason", json!(1.5), "invalid_request"),
        ("/source", json!(1.5), "invalid_request"),
        ("/source_ref", json!(1.5), "invalid_request"),
        ("/agent_version", json!(1.5), "invalid_request"),
        (&format!("{mutation}/id"), json!(1.5), "invalid_request"),
        (&format!("{mutation}/id"), json!(1e20), "invalid_request"),
        (&format!("{mutation}/changes/nothing"), json!("x"), "unknown_target"),
        (&format!("{mutation}/changes/priority"), json!("hgih"), "invalid_value"),
    ] {
        let reply = world.post(&world.agent, "/v1/runs", with(pointer, value.clone())).await;
        let problem = reply.refused(code);
        assert_eq!(problem["pointer"], pointer, "{value} {problem:#}");
    }
    for (text, kind, code) in [
        ("{", "application/json", "invalid_request"),
        ("[]", "application/json", "invalid_request"),
        (
            r#"["triage","why",null,null,null,null,null,null,null,{"mutations":[]}]"#,
            "application/json",
            "invalid_request",
        ),
        ("", "application/json", "invalid_request"),
        ("\u{feff}{}", "application/json", "invalid_request"),
        (r#"{"workflow":"a","workflow":"a"}"#, "application/json", "invalid_request"),
        ("{}", "text/plain", "unsupported_media_type"),
        ("workflow=triage", "application/x-www-form-urlencoded", "unsupported_media_type"),
    ] {
        let request = world.request(Method::POST, "/v1/runs").bearer_auth(&world.agent);
        world.send(request.header("content-type", kind).body(text)).await.refused(code);
    }
    let request = world.request(Method::POST, "/v1/runs").bearer_auth(&world.agent);
    world
        .send(request.header("content-type", "application/json").body(vec![0xff, 0xfe]))
        .await
        .refused("invalid_request");
    assert_eq!(world.get(&world.agent, "/v1/runs").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_repeated_request_is_done_once_and_answered_again() {
    let world = World::start().await;
    let send = |path: &'static str, key: &'static str, body: Value| {
        let request = world.request(Method::POST, path).bearer_auth(&world.agent).json(&body);
        world.send(request.header("idempotency-key", key))
    };
    let first = send("/v1/runs", "a", solve()).await;
    assert!(!first.headers.contains_key("idempotent-replayed"));
    let first = first.expect(201);
    let again = send("/v1/runs", "a", solve()).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.expect(201)["id"], first["id"]);
    send("/v1/runs", "a", tag(&["other"])).await.refused("idempotency_key_reused");
    let other = send("/v1/runs", "b", solve()).await.expect(201);
    assert_ne!(other["id"], first["id"]);
    send("/v1/runs", "two words", solve()).await.refused("idempotency_key_invalid");

    // The key is the caller's own: the same words of another one mean something else.
    let request = world.request(Method::POST, "/v1/runs").bearer_auth(&world.tom.token).json(&solve());
    let of_tom = world.send(request.header("idempotency-key", "a")).await.expect(201);
    assert_ne!(of_tom["id"], first["id"]);

    let cancel = format!("/v1/runs/{}/cancel", text(&first["id"]));
    for replayed in [false, true] {
        let request = world.request(Method::POST, &cancel).bearer_auth(&world.agent).json(&json!({}));
        let reply = world.send(request.header("idempotency-key", "c")).await;
        assert_eq!(reply.headers.contains_key("idempotent-replayed"), replayed);
        assert_eq!(reply.expect(200)["stage"], "cancelled");
    }
    // Without the key the second cancel is a new request, and the run is closed.
    world.post(&world.agent, &cancel, json!({})).await.refused("run_closed");
}

#[tokio::test]
async fn the_twin_of_a_request_that_is_being_handled_is_refused() {
    let world = World::start().await;
    let mut slow = Fault::new(FaultKind::Slow).on("GET", "/tickets/48213");
    slow.delay_ms = Some(1_000);
    world.desk.faults().arm(slow).unwrap();
    let send = || {
        let request = world.request(Method::POST, "/v1/runs").bearer_auth(&world.agent).json(&solve());
        world.send(request.header("idempotency-key", "twin"))
    };
    let (one, other) = tokio::join!(send(), send());
    let (done, refused) = if one.status == 201 { (one, other) } else { (other, one) };
    assert_eq!(refused.headers["retry-after"], "1");
    refused.refused("idempotency_in_flight");
    let run = done.expect(201);
    assert_eq!(send().await.expect(201)["id"], run["id"]);
}

#[tokio::test]
async fn what_is_made_by_an_administrator_is_made_once_too() {
    let world = World::start().await;
    let send = |path: &'static str, body: Value| {
        let request = world.request(Method::POST, path).bearer_auth(&world.admin).json(&body);
        world.send(request.header("idempotency-key", "same"))
    };
    for (path, body) in [
        ("/v1/principals", json!({ "kind": "agent", "name": "other", "title": "Other" })),
        ("/v1/groups", json!({ "name": "deal-desk", "title": "Deal desk" })),
        ("/v1/workflows", json!({ "name": "renewals", "title": "Renewals" })),
        ("/v1/pauses", json!({ "kind": "connector", "id": "help-desk" })),
    ] {
        let first = send(path, body.clone()).await.expect(201);
        let again = send(path, body).await.expect(201);
        assert_eq!(first, again, "{path}");
    }
    let key = json!({ "principal": world.agent_id, "label": "second" });
    send("/v1/keys", key.clone()).await.expect(201);
    // The secret is gone, so there is nothing to answer again.
    send("/v1/keys", key).await.refused("idempotency_key_reused");
}

#[tokio::test]
async fn null_and_absent_reach_the_preview_as_two_things() {
    let world = World::start().await;
    let run = world.propose(&world.agent, change("48213", json!({ "type": null, "priority": "low" }))).await;
    let changes = run["plan"]["mutations"][0]["changes"].as_array().unwrap();
    let change = |field: &str| changes.iter().find(|change| change["field"] == field);
    assert_eq!(change("type").unwrap()["after"], json!(null), "{changes:#?}");
    assert!(change("subject").is_none());
}
