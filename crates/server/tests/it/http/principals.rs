//! People, agents and services; groups.

use serde_json::{Value, json};

use crate::world::{Bare, PASSWORD, World, text};

#[tokio::test]
async fn each_kind_of_principal_takes_its_own_members() {
    let bare = Bare::start().await;
    let person = json!({ "kind": "person", "username": "Maya", "name": "Maya", "password": PASSWORD, "roles": ["viewer"], "email": "maya@northwind.example" });
    let made = bare.post(&bare.admin, "/v1/principals", person.clone()).await.expect(201);
    assert_eq!(
        (&made["kind"], &made["username"], &made["roles"]),
        (&json!("person"), &json!("maya"), &json!(["viewer"]))
    );
    assert!(
        made.get("teams").is_none() && made.get("owner").is_none() && !made.to_string().contains(PASSWORD)
    );
    let agent = json!({ "kind": "agent", "name": "bot", "title": "The bot", "owner": made["id"], "teams": ["crm-agents"] });
    let bot = bare.post(&bare.admin, "/v1/principals", agent).await.expect(201);
    assert_eq!(
        (&bot["name"], &bot["title"], &bot["owner"]["name"]),
        (&json!("bot"), &json!("The bot"), &json!("Maya"))
    );
    assert!(bot.get("roles").is_none());
    let service =
        bare.post(&bare.admin, "/v1/principals", json!({ "kind": "service", "name": "nightly" })).await;
    assert_eq!(service.expect(201)["title"], "nightly");

    bare.post(&bare.admin, "/v1/principals", person.clone()).await.refused("already_exists");
    let with = |name: &str, value: Value| {
        let mut body = person.clone();
        body["username"] = json!("other");
        body[name] = value;
        body
    };
    for (body, code, pointer) in [
        (with("teams", json!([])), "invalid_request", "/teams"),
        (with("kind", json!("robot")), "invalid_request", "/kind"),
        (with("roles", json!(["root"])), "invalid_request", "/roles/0"),
        (with("password", json!("short")), "weak_password", "/password"),
        (with("email", json!("nobody")), "invalid_request", "/email"),
        (with("name", json!(" ")), "invalid_request", "/name"),
        (json!({ "kind": "person", "name": "x", "password": PASSWORD }), "invalid_request", "/username"),
        (json!({ "kind": "agent", "name": "Not A Slug" }), "invalid_request", "/name"),
        (json!({ "kind": "agent", "name": "x", "password": PASSWORD }), "invalid_request", "/password"),
    ] {
        let problem = bare.post(&bare.admin, "/v1/principals", body.clone()).await.refused(code);
        assert_eq!(problem["pointer"], pointer, "{body}");
    }
    let page = bare.get(&bare.admin, "/v1/principals?limit=2").await.expect(200);
    let rest = bare
        .get(&bare.admin, &format!("/v1/principals?limit=50&cursor={}", text(&page["next"])))
        .await
        .expect(200);
    let count = |page: &Value| page["items"].as_array().unwrap().len();
    assert_eq!((count(&page), count(&rest)), (2, 2));
    bare.get(&bare.admin, "/v1/principals/person_01h455vb4pex5vsknk084sn02q").await.refused("not_found");
    bare.get(&bare.admin, "/v1/principals/anything").await.refused("not_found");
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_nobody_changes_their_own_roles() {
    let world = World::start().await;
    let at = |id: &str| format!("/v1/principals/{id}");
    let me = text(&world.get(&world.admin, "/v1/me").await.expect(200)["id"]);
    world
        .patch(&world.admin, &at(&me), json!({ "roles": ["viewer"] }))
        .await
        .refused("second_person_required");
    world.patch(&world.admin, &at(&me), json!({ "disabled": true })).await.refused("last_admin");
    world
        .patch(&world.tom.token, &at(&world.tom.id), json!({ "roles": ["admin"] }))
        .await
        .refused("forbidden");

    let changed = world
        .patch(&world.admin, &at(&world.maya.id), json!({ "roles": ["auditor"], "name": "Maya L." }))
        .await;
    let changed = changed.expect(200);
    assert_eq!((&changed["roles"], &changed["name"]), (&json!(["auditor"]), &json!("Maya L.")));
    world.get(&world.maya.token, "/v1/audit/workspace").await.expect(200);
    world.patch(&world.admin, &at(&world.maya.id), json!({ "disabled": true })).await.expect(200);
    world.get(&world.maya.token, "/v1/me").await.refused("unauthenticated");

    world.patch(&world.admin, &at(&world.agent_id), json!({ "name": "x" })).await.refused("invalid_request");
    world
        .patch(&world.admin, &at(&world.agent_id), json!({ "title": "Triage", "teams": ["a"] }))
        .await
        .expect(200);
    world.get(&world.agent, "/v1/me").await.expect(200);
    // An agent whose owner is gone answers to nobody.
    world.patch(&world.admin, &at(&world.olga.id), json!({ "disabled": true })).await.expect(200);
    world.get(&world.agent, "/v1/me").await.refused("unauthenticated");
}

#[tokio::test]
async fn groups_are_filled_by_somebody_else() {
    let world = World::start().await;
    let group = world.get(&world.maya.token, "/v1/groups/support-leads").await.expect(200);
    let members = group["members"].as_array().unwrap();
    assert_eq!(members.len(), 3);
    assert!(members.iter().all(|member| member["by"]["name"] == "Administrator"));
    world
        .post(&world.admin, "/v1/groups", json!({ "name": "support-leads", "title": "x" }))
        .await
        .refused("already_exists");
    let member = format!("/v1/groups/support-leads/members/{}", world.maya.id);
    world.delete(&world.admin, &member).await.expect(204);
    world.delete(&world.admin, &member).await.refused("not_found");
    assert_eq!(world.get(&world.maya.token, "/v1/me").await.expect(200)["groups"], json!([]));
    world.put(&world.admin, &member, json!({ "training_ref": "course 7" })).await.expect(200);
    assert_eq!(world.get(&world.maya.token, "/v1/me").await.expect(200)["groups"], json!(["support-leads"]));
    for path in ["/v1/groups/nothing", "/v1/groups/Not%20A%20Slug"] {
        world.get(&world.admin, path).await.refused("not_found");
    }

    // Everything of this stands in the workspace chain.
    let chain = world.get(&world.admin, "/v1/audit/workspace?limit=200").await.expect(200);
    let kinds: Vec<_> = chain["items"].as_array().unwrap().iter().map(|event| text(&event["type"])).collect();
    assert!(
        kinds.contains(&"approver.removed".to_owned()) && kinds.contains(&"approver.enrolled".to_owned())
    );
    assert!(kinds.contains(&"policy.activated".to_owned()));
    let after = chain["items"][2]["seq"].to_string();
    let rest =
        world.get(&world.admin, &format!("/v1/audit/workspace?after={after}&limit=1")).await.expect(200);
    assert_eq!(rest["items"][0], chain["items"][3]);
}
