//! Policy sets: validate, publish, test, activate, explain.

use serde_json::{Value, json};

use crate::world::{World, solve, text};

const TITLE: &str = "Starter with a stricter rule";

#[tokio::test]
async fn a_set_goes_from_its_author_to_a_second_person_and_decides_from_then_on() {
    let world = World::start().await;
    let ada = world.bare.person("ada", "Ada Brandt", &["policy_author"]).await;
    let strict = r#"
@id("helpdesk.deny.all") @title("Nothing is solved today") @risk("high")
forbid (principal, action == Action::"zendesk.ticket.update", resource)
when { context.after has status };
"#;
    let set = format!("{}\n{strict}", policy::starter());
    let found = world.post(&ada.token, "/v1/policies/validate", json!({ "text": set })).await.expect(200);
    assert_eq!((&found["ok"], &found["faults"]), (&json!(true), &json!([])));
    assert_eq!(found["empty_groups"], json!(["deal-desk"]));
    let broken =
        world.post(&ada.token, "/v1/policies/validate", json!({ "text": "permit (" })).await.expect(200);
    assert_eq!((&broken["ok"], &broken["digest"]), (&json!(false), &json!(null)));
    assert!(broken["faults"][0]["message"].is_string());
    world
        .post(&ada.token, "/v1/policies", json!({ "title": "x", "text": "permit (" }))
        .await
        .refused("invalid_policy");

    let made =
        world.post(&ada.token, "/v1/policies", json!({ "title": TITLE, "text": set, "cases": null })).await;
    let made = made.expect(201);
    assert_eq!(
        (&made["digest"], &made["active"], &made["author"]["name"]),
        (&found["digest"], &json!(false), &json!("Ada Brandt"))
    );
    let path = format!("/v1/policies/{}", text(&made["digest"]));
    world.post(&ada.token, &format!("{path}/activate"), json!({})).await.refused("second_person_required");
    world.post(&world.tom.token, &format!("{path}/activate"), json!({})).await.refused("forbidden");
    let active = world.post(&world.admin, &format!("{path}/activate"), json!({})).await.expect(200);
    assert_eq!((&active["active"], &active["activated_by"]["name"]), (&json!(true), &json!("Administrator")));

    let run = world.propose(&world.agent, solve()).await;
    assert_eq!(run["stage"], "denied");
    assert_eq!(run["decision"]["rules"], json!(["helpdesk.deny.all"]));
    assert_eq!(run["policy"], made["digest"]);

    let list = world.get(&world.maya.token, "/v1/policies").await.expect(200);
    assert_eq!(list["items"][0]["digest"], made["digest"]);
    assert!(list["items"][0].get("text").is_none());
    let first = world.get(&world.maya.token, "/v1/policies?limit=1").await.expect(200);
    let next = format!("/v1/policies?limit=1&cursor={}", text(&first["next"]));
    assert_eq!(world.get(&world.maya.token, &next).await.expect(200)["items"][0]["title"], "Starter");
    assert_eq!(world.get(&world.maya.token, &path).await.expect(200)["text"], set);
    for path in ["/v1/policies/nothing".to_owned(), format!("/v1/policies/{}", "0".repeat(64))] {
        world.get(&world.maya.token, &path).await.refused("not_found");
    }

    // What was decided can be asked again, with the very facts that were recorded.
    let events =
        world.get(&world.maya.token, &format!("/v1/runs/{}/events", text(&run["id"]))).await.expect(200);
    let decided =
        events["items"].as_array().unwrap().iter().find(|event| event["type"] == "policy.decided").unwrap();
    let request = json!({ "request": decided["sealed"]["input"][0] });
    let explained = world.post(&world.maya.token, "/v1/policies/active/explain", request).await.expect(200);
    assert_eq!((&explained["decision"], &explained["policy"]), (&json!("deny"), &made["digest"]));
    assert_eq!(explained["rules"], json!(["helpdesk.deny.all"]));
    assert!(!explained["explanation"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn cases_are_run_and_told_one_by_one() {
    let world = World::start().await;
    let cases = include_str!("../../../../../policies/starter/helpdesk.cases.toml");
    let results = world
        .post(&world.maya.token, "/v1/policies/active/test", json!({ "cases": cases }))
        .await
        .expect(200);
    assert_eq!(results["passed"], true, "{results:#}");
    assert!(results["items"].as_array().unwrap().len() > 5);
    let several =
        world.post(&world.maya.token, "/v1/policies/active/test", json!({ "cases": [cases, cases] })).await;
    let count = |results: &Value| results["items"].as_array().unwrap().len();
    assert_eq!(count(&several.expect(200)), 2 * count(&results));
    let none = world.post(&world.maya.token, "/v1/policies/active/test", json!({})).await.expect(200);
    assert_eq!(none["items"], json!([]));
    world
        .post(&world.maya.token, "/v1/policies/active/test", json!({ "cases": "nonsense" }))
        .await
        .refused("invalid_policy");
    world
        .post(&world.maya.token, "/v1/policies/active/test", json!({ "cases": 7 }))
        .await
        .refused("invalid_request");
    world
        .post(&world.maya.token, "/v1/policies/active/explain", json!({ "request": {} }))
        .await
        .refused("invalid_request");
}
