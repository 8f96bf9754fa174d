//! Connectors: what they can do, whether they are ready, and pauses.

use serde_json::{Value, json};

use crate::world::{World, solve, tag, text};

#[tokio::test]
async fn a_connector_says_what_it_can_do_and_its_credentials_are_never_shown() {
    let world = World::start().await;
    let list = world.get(&world.agent, "/v1/connectors").await.expect(200);
    assert_eq!(list["items"][0]["name"], "help-desk");
    assert!(list["items"][0].get("objects").is_none());
    let desk = world.get(&world.maya.token, "/v1/connectors/help-desk").await.expect(200);
    assert_eq!(
        (&desk["system"], &desk["environment"], &desk["paused"]),
        (&json!("zendesk"), &json!("simulation"), &json!(false))
    );
    let ticket = &desk["objects"]["ticket"];
    assert_eq!(ticket["actions"]["update"]["name"], "zendesk.ticket.update");
    assert_eq!(ticket["fields"]["priority"]["type"], "enum");
    assert!(
        ticket["fields"]["priority"]["values"].as_array().unwrap().iter().any(|one| one["value"] == "high")
    );
    assert!(!desk.to_string().contains(simulators::zendesk::API_TOKEN));

    let configure = |body: Value| world.put(&world.admin, "/v1/connectors/help-desk", body);
    let same = json!({ "system": "zendesk", "environment": "simulation", "base_url": world.desk.base_url() });
    configure(same.clone()).await.expect(200);
    let run = world.propose(&world.agent, tag(&["still"])).await;
    assert_eq!(world.waited(&run).await["stage"], "applied", "the credentials stay when none are given");
    for (member, value) in [
        ("system", json!("salesforce")),
        ("environment", json!("sandbox")),
        ("base_url", json!("http://elsewhere.example")),
    ] {
        let mut other = same.clone();
        other[member] = value;
        configure(other).await.refused("invalid_connector");
    }
    let mut broken = same.clone();
    broken["credentials"] = json!({ "scheme": "bearer", "token": "a\u{0}b" });
    let problem = configure(broken).await.refused("invalid_request");
    assert_eq!(problem["pointer"], "/credentials");
    let add = |body: Value| world.post(&world.admin, "/v1/connectors", body);
    for (body, code) in [
        (
            json!({ "name": "x", "system": "zendesk", "environment": "moon", "credentials": {} }),
            "invalid_request",
        ),
        (
            json!({ "name": "x", "system": "unheard-of", "environment": "simulation", "credentials": {} }),
            "invalid_connector",
        ),
        (
            json!({ "name": "x", "system": "zendesk", "environment": "simulation", "base_url": "http://127.0.0.1:1", "credentials": { "scheme": "none" } }),
            "invalid_connector",
        ),
        (
            json!({ "name": "x", "system": "zendesk", "environment": "simulation", "base_url": "http://127.0.0.1:1", "credentials": { "scheme": "bearer", "token": "a\nb" } }),
            "invalid_request",
        ),
        (json!({ "name": "x", "system": "zendesk", "environment": "simulation" }), "invalid_request"),
    ] {
        add(body).await.refused(code);
    }
    world.get(&world.admin, "/v1/connectors/nothing").await.refused("not_found");
}

#[tokio::test]
async fn a_check_reads_and_writes_nothing() {
    let world = World::start().await;
    let check = |body: Value| world.post(&world.admin, "/v1/connectors/help-desk/check", body);
    let known = check(json!({ "record": { "object": "ticket", "id": "48213" } })).await.expect(200);
    let facts = &known["readiness"];
    assert_eq!(
        (&facts["auth"]["ok"], &facts["read"]["ok"], &facts["loads"]["ok"]),
        (&json!(true), &json!(true), &json!(true)),
        "{facts:#}"
    );
    let missing = check(json!({ "record": { "object": "ticket", "id": "1" } })).await.expect(200);
    assert_eq!(
        (&missing["readiness"]["auth"]["ok"], &missing["readiness"]["read"]["ok"]),
        (&json!(true), &json!(false))
    );
    let shown = world.get(&world.maya.token, "/v1/connectors/help-desk").await.expect(200);
    assert_eq!(shown["readiness"], missing["readiness"]);
    let names: Vec<_> = known["missing"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["dry-run", "live-write", "rollback-proven", "unknown-drill"]);
    check(json!({ "record": { "object": "ticket" } })).await.refused("invalid_request");
    check(json!({})).await.expect(200);
    assert!(world.desk.writes().is_empty());

    let body = json!({ "system": "zendesk", "environment": "simulation", "base_url": world.desk.base_url(),
        "credentials": { "scheme": "bearer", "token": "wrong" } });
    world.put(&world.admin, "/v1/connectors/help-desk", body).await.expect(200);
    let known = check(json!({ "record": { "object": "ticket", "id": "48213" } })).await.expect(200);
    assert_eq!(known["readiness"]["auth"]["ok"], false, "{known:#}");
}

#[tokio::test]
async fn what_a_run_proved_is_no_longer_missing() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag(&["vat"])).await;
    assert_eq!(world.waited(&run).await["stage"], "applied");
    let mut known = Value::Null;
    for _ in 0..400 {
        known = world.get(&world.maya.token, "/v1/connectors/help-desk").await.expect(200);
        if known["readiness"].get("live-write").is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let fact = &known["readiness"]["live-write"];
    assert_eq!(fact["ok"], true, "{known:#}");
    assert!(text(&fact["detail"]).contains(&text(&run["id"])), "{fact}");
    let checked = world.post(&world.admin, "/v1/connectors/help-desk/check", json!({})).await.expect(200);
    let missing: Vec<_> = checked["missing"].as_object().unwrap().keys().collect();
    assert_eq!(missing, ["rollback-proven", "unknown-drill"]);
}

#[tokio::test]
async fn what_is_paused_starts_no_attempt_until_the_pause_is_lifted() {
    let world = World::start().await;
    let pause = |kind: &str, id: &str| {
        world.post(&world.tom.token, "/v1/pauses", json!({ "kind": kind, "id": id, "rationale": "incident" }))
    };
    let run = world.propose(&world.agent, solve()).await;
    let set = pause("connector", "help-desk").await.expect(201);
    assert_eq!(
        (&set["kind"], &set["id"], &set["by"]["name"]),
        (&json!("connector"), &json!("help-desk"), &json!("Tom Okafor"))
    );
    assert_eq!(world.get(&world.maya.token, "/v1/connectors/help-desk").await.expect(200)["paused"], true);
    world.verdict(&world.maya, &run, "approve").await.expect(201);
    let list = world.get(&world.maya.token, "/v1/pauses").await.expect(200);
    assert_eq!(list["items"], json!([set]));
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(world.show(&run).await["stage"], "authorized");
    assert!(world.desk.writes().is_empty());
    world.delete(&world.tom.token, "/v1/pauses/connector/help-desk").await.expect(204);
    assert_eq!(world.waited(&run).await["stage"], "applied");
    world.delete(&world.tom.token, "/v1/pauses/connector/help-desk").await.refused("not_found");
    world.delete(&world.tom.token, "/v1/pauses/everything/x").await.refused("not_found");

    let me = world.get(&world.tom.token, "/v1/me").await.expect(200);
    let workspace = text(&me["workspace_id"]);
    for (kind, id, code) in [
        ("agent", world.agent_id.as_str(), ""),
        ("workspace", workspace.as_str(), ""),
        ("lane", "triage/help-desk/zendesk.ticket.update", ""),
        ("lane", "triage/help-desk/nothing", "unknown_target"),
        ("connector", "nothing", "unknown_target"),
        ("galaxy", "x", "invalid_request"),
    ] {
        let reply = pause(kind, id).await;
        if code.is_empty() {
            reply.expect(201);
            let path = format!("/v1/pauses/{kind}/{}", id.replace('/', "%2F"));
            world.delete(&world.tom.token, &path).await.expect(204);
        } else {
            reply.refused(code);
        }
    }
}
