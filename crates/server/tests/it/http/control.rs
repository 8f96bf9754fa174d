//! Takeover, amendment, execution by hand, cancel, comments.

use serde_json::json;

use crate::world::{World, self_link, solve, tag, text};

#[tokio::test]
async fn a_person_takes_over_amends_and_executes() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    let path = self_link(&run);
    let (takeover, plan) = (format!("{path}/takeover"), format!("{path}/plan"));
    let take = |lease_s: u64| world.post(&world.tom.token, &takeover, json!({ "lease_s": lease_s }));
    take(0).await.refused("invalid_request");
    take(28_801).await.refused("invalid_request");
    let held = take(600).await.expect(200);
    assert_eq!(held["stage"], "taken_over");
    assert_eq!(held["takeover"]["holder"]["name"], "Tom Okafor");
    assert_eq!(held["next"]["owner"], "person");
    world.post(&world.olga.token, &format!("{path}/takeover"), json!({})).await.refused("run_taken_over");
    world.verdict(&world.maya, &run, "approve").await.refused("not_awaiting_approval");
    world.post(&world.agent, &format!("{path}/cancel"), json!({})).await.refused("run_taken_over");
    world.post(&world.agent, &format!("{path}/takeover"), json!({})).await.refused("forbidden");

    let amend = |digest: serde_json::Value| {
        let mutations = tag(&["by-hand"])["plan"]["mutations"].clone();
        world.put(&world.tom.token, &plan, json!({ "plan_digest": digest, "mutations": mutations }))
    };
    amend(json!("0".repeat(64))).await.refused("plan_digest_mismatch");
    let amended = amend(run["plan_digest"].clone()).await.expect(200);
    assert_ne!(amended["plan_digest"], run["plan_digest"]);
    assert_eq!(amended["revision"], 2);
    assert_eq!(amended["amenders"], json!([world.tom.id]));
    world.command(&world.tom.token, &run, "execute").await.refused("plan_digest_mismatch");
    let current = world.show(&run).await;
    world.command(&world.olga.token, &current, "execute").await.refused("run_taken_over");
    world.command(&world.tom.token, &current, "execute").await.expect(200);
    let done = world.waited(&run).await;
    assert_eq!(done["stage"], "applied", "{done:#}");
    assert_eq!(done["attempts"][0]["requested_by"]["name"], "Tom Okafor");
    world.command(&world.tom.token, &done, "execute").await.refused("run_closed");
}

#[tokio::test]
async fn what_was_done_by_hand_is_kept_as_observed() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    let path = self_link(&run);
    world.post(&world.tom.token, &format!("{path}/takeover"), json!({})).await.expect(200);
    let edit = simulators::Edit {
        object: "ticket".to_owned(),
        id: "48213".to_owned(),
        fields: json!({ "status": "solved" }).as_object().unwrap().clone(),
        author: None,
    };
    world.desk.edit(&edit).unwrap();
    let body = json!({ "rationale": "the customer was on the phone" });
    let done = world.post(&world.tom.token, &format!("{path}/done-by-hand"), body).await.expect(200);
    assert_eq!((&done["stage"], &done["closed"]["code"]), (&json!("cancelled"), &json!("done_by_hand")));
    let events = world.get(&world.tom.token, &format!("{path}/events")).await.expect(200);
    assert!(events["items"].as_array().unwrap().iter().any(|event| event["type"] == "change.observed"));
    assert!(done["attempts"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_run_is_commented_and_called_off() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    let path = self_link(&run);
    let comment = |token: &str, text: &str| {
        let token = token.to_owned();
        let (world, path) = (&world, format!("{path}/comments"));
        let body = json!({ "comment": text });
        async move { world.post(&token, &path, body).await }
    };
    comment(&world.maya.token, "Is this the right ticket?").await.expect(201);
    comment(&world.maya.token, " ").await.refused("invalid_request");
    comment(&world.maya.token, &"x".repeat(4_000)).await.expect(201);
    comment(&world.maya.token, &"x".repeat(4_001)).await.refused("invalid_request");
    comment(&world.agent, "hello").await.refused("forbidden");
    let events = world.get(&world.maya.token, &format!("{path}/events")).await.expect(200);
    let said =
        events["items"].as_array().unwrap().iter().find(|event| event["type"] == "run.commented").unwrap();
    assert_eq!(
        (&said["sealed"]["comment"], &said["by"]["name"]),
        (&json!("Is this the right ticket?"), &json!("Maya Lindqvist"))
    );

    world.post(&world.maya.token, &format!("{path}/cancel"), json!({})).await.refused("forbidden");
    let request = world.request(reqwest::Method::POST, &format!("{path}/cancel")).bearer_auth(&world.agent);
    let cancelled = world.send(request).await.expect(200);
    assert_eq!(
        (&cancelled["stage"], text(&cancelled["next"]["owner"]).as_str()),
        (&json!("cancelled"), "nobody")
    );
    comment(&world.maya.token, "too late").await.refused("run_closed");
}
