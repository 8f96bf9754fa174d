//! API keys: what they cover and how they end.

use serde_json::json;

use crate::world::{World, solve, tag, text};

#[tokio::test]
async fn a_key_covers_what_it_names_and_nothing_else() {
    let world = World::start().await;
    world
        .post(&world.admin, "/v1/workflows", json!({ "name": "renewals", "title": "Renewals" }))
        .await
        .expect(201);
    world.bare.add_help_desk("other-desk", &world.desk).await;
    let issue = |limits: serde_json::Value| {
        let mut body = json!({ "principal": world.agent_id, "label": "narrow" });
        body.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
        world.post(&world.admin, "/v1/keys", body)
    };
    for (limits, code) in [
        (json!({ "workflows": ["renewals"] }), "unknown_workflow"),
        (json!({ "connectors": ["other-desk"] }), "forbidden"),
        (json!({ "actions": ["zendesk.ticket.reply"] }), "forbidden"),
    ] {
        let key = issue(limits.clone()).await.expect(201);
        let secret = text(&key["secret"]);
        assert!(secret.starts_with("apk_"));
        world.post(&secret, "/v1/runs", tag(&["one"])).await.refused(code);
        let me = world.get(&secret, "/v1/me").await.expect(200);
        let (name, value) = limits.as_object().unwrap().iter().next().unwrap();
        assert_eq!(&me["key"][name], value);
    }
    for (limits, code) in [
        (json!({ "workflows": ["nothing"] }), "unknown_workflow"),
        (json!({ "connectors": ["nothing"] }), "unknown_target"),
        (json!({ "actions": ["anything"] }), "invalid_request"),
        (json!({ "expires_in_s": 0 }), "invalid_request"),
        (json!({ "expires_in_s": 366 * 24 * 3600 }), "invalid_request"),
        (json!({ "principal": world.tom.id }), "invalid_request"),
        (json!({ "principal": "nobody" }), "invalid_request"),
    ] {
        issue(limits.clone()).await.refused(code);
    }
    assert!(world.desk.writes().is_empty());
}

#[tokio::test]
async fn a_revoked_key_is_out_at_once_and_secrets_are_shown_once() {
    let world = World::start().await;
    let keys = world.get(&world.admin, "/v1/keys").await.expect(200);
    assert!(!keys.to_string().contains("apk_"), "a list shows no secrets");
    let key = &keys["items"][0];
    assert_eq!(
        (&key["principal"]["id"], &key["owner"]["name"], &key["revoked"]),
        (&json!(world.agent_id), &json!("Olga Petrova"), &json!(null))
    );
    world.propose(&world.agent, solve()).await;
    let path = format!("/v1/keys/{}", text(&key["id"]));
    world.delete(&world.admin, &path).await.expect(204);
    world.post(&world.agent, "/v1/runs", solve()).await.refused("unauthenticated");
    world.delete(&world.admin, &path).await.expect(204);
    let again = world.get(&world.admin, "/v1/keys").await.expect(200);
    assert!(again["items"][0]["revoked"].is_string());
    world.delete(&world.admin, "/v1/keys/anything").await.refused("not_found");
}
