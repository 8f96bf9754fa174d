//! Verdicts: who may give one, on which plan, and what it leads to.

use serde_json::{Value, json};
use simulators::Kind;

use crate::world::{World, self_link, solve};

#[tokio::test]
async fn two_people_approve_an_amount_that_was_proposed_with_its_exact_digits() {
    let world = World::start().await;
    let crm = simulators::start(Kind::Salesforce, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let body = json!({
        "name": "crm-main", "system": "salesforce", "environment": "simulation", "base_url": crm.base_url(),
        "credentials": {
            "scheme": "client_credentials", "client_id": simulators::salesforce::CLIENT_ID,
            "client_secret": simulators::salesforce::CLIENT_SECRET,
        },
    });
    world.post(&world.admin, "/v1/connectors", body).await.expect(201);
    world.group("deal-desk", &[&world.maya, &world.tom]).await;
    // Written as text, because a JSON library in between would turn the number into a float.
    let body = format!(
        r#"{{"workflow":"triage","reason":"Renewal at list price","plan":{{"mutations":[{{"connector":"crm-main",
            "object":"opportunity","id":"{}","kind":"update","changes":{{"Amount":123456.70}}}}]}}}}"#,
        simulators::salesforce::ASTER_HEALTH_RENEWAL
    );
    let request = world.request(reqwest::Method::POST, "/v1/runs").bearer_auth(&world.agent);
    let run = world.send(request.header("content-type", "application/json").body(body)).await.expect(201);
    assert_eq!(run["stage"], "awaiting_approval", "{run:#}");
    assert_eq!(run["plan"]["mutations"][0]["changes"][0]["after"], "123456.7");
    assert_eq!(run["decision"]["obligations"][0]["quorum"], 2);
    assert_eq!(run["decision"]["rationale_required"], true);
    assert_eq!(run["next"]["owner"], "groups");
    let inbox = world.get(&world.maya.token, "/v1/inbox").await.expect(200);
    assert_eq!(inbox["items"][0]["id"], run["id"]);
    assert_eq!(inbox["items"][0]["group"], "deal-desk");
    assert_eq!((&inbox["items"][0]["needed"], &inbox["items"][0]["given"]), (&json!(2), &json!(0)));
    assert_eq!(inbox["items"][0]["can_decide"], true);
    assert!(!inbox["items"][0]["why"].as_array().unwrap().is_empty());

    let path = format!("{}/approvals", self_link(&run));
    let verdict = |digest: &Value, rationale: Value| json!({ "verdict": "approve", "plan_digest": digest, "rationale": rationale });
    let other = json!("0".repeat(64));
    world.post(&world.maya.token, &path, verdict(&other, json!("ok"))).await.refused("plan_digest_mismatch");
    world
        .post(&world.maya.token, &path, verdict(&run["plan_digest"], Value::Null))
        .await
        .refused("rationale_required");
    let first = world.verdict(&world.maya, &run, "approve").await.expect(201);
    assert_eq!(first["stage"], "awaiting_approval");
    assert_eq!(first["decision"]["obligations"][0]["given"], 1);
    world.verdict(&world.maya, &run, "approve").await.refused("already_approved");
    let second = world.verdict(&world.tom, &run, "approve").await.expect(201);
    assert_eq!(second["authorization"]["basis"], "approvals");
    let done = world.waited(&run).await;
    assert_eq!(done["stage"], "applied", "{done:#}");
    assert_eq!(done["approvals"].as_array().unwrap().len(), 2);
    assert_eq!(done["approvals"][0]["person"]["name"], "Maya Lindqvist");
    assert_eq!(done["approvals"][0]["rationale"], "I looked at it");
    let written = format!("{:?}", crm.writes().last().unwrap());
    assert!(written.contains("123456.7"), "{written}");
}

#[tokio::test]
async fn whoever_stands_behind_a_proposal_gives_no_verdict_on_it() {
    let world = World::start().await;
    let own = world.propose(&world.tom.token, solve()).await;
    world.verdict(&world.tom, &own, "approve").await.refused("separation_of_duties");
    world.verdict(&world.tom, &own, "reject").await.refused("separation_of_duties");

    let of_agent = world.propose(&world.agent, solve()).await;
    world.verdict(&world.olga, &of_agent, "approve").await.refused("separation_of_duties");

    let mut body = solve();
    body["on_behalf_of"] = world.maya.id.clone().into();
    let on_behalf = world.propose(&world.agent, body).await;
    assert_eq!(on_behalf["on_behalf_of"], world.maya.id);
    world.verdict(&world.maya, &on_behalf, "approve").await.refused("separation_of_duties");

    // A takeover changes nothing about it: whoever holds the run or amended its plan is behind it too.
    let path = self_link(&of_agent);
    world.post(&world.tom.token, &format!("{path}/takeover"), json!({})).await.expect(200);
    let amended = json!({
        "plan_digest": of_agent["plan_digest"],
        "mutations": [{ "connector": "help-desk", "object": "ticket", "id": "48213", "kind": "update",
            "changes": { "status": "solved", "priority": "low" } }],
    });
    world.put(&world.tom.token, &format!("{path}/plan"), amended).await.expect(200);
    let back = world.post(&world.tom.token, &format!("{path}/handback"), json!({})).await.expect(200);
    let back = world.waited(&back).await;
    assert_eq!(back["stage"], "awaiting_approval", "{back:#}");
    assert_eq!(back["amenders"], json!([world.tom.id]));
    world.verdict(&world.tom, &back, "approve").await.refused("separation_of_duties");
    world.verdict(&world.olga, &back, "approve").await.refused("separation_of_duties");

    let inbox = world.get(&world.tom.token, "/v1/inbox").await.expect(200);
    let own = inbox["items"].as_array().unwrap().iter().find(|item| item["id"] == own["id"]).unwrap();
    assert_eq!(own["can_decide"], false);
    world.verdict(&world.maya, &back, "approve").await.expect(201);
    assert_eq!(world.waited(&back).await["stage"], "applied");
}

#[tokio::test]
async fn agents_and_people_outside_the_group_approve_nothing() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    let path = format!("{}/approvals", self_link(&run));
    let body = json!({ "verdict": "approve", "plan_digest": run["plan_digest"] });
    world.post(&world.agent, &path, body.clone()).await.refused("agent_never_approves");
    world.post(&world.admin, &path, body.clone()).await.refused("not_an_approver");
    let mut of_group = body;
    of_group["group"] = json!("deal-desk");
    world.post(&world.maya.token, &path, of_group).await.refused("not_an_approver");
    // An administrator cannot get there alone either.
    let me = world.get(&world.admin, "/v1/me").await.expect(200);
    let enroll = format!("/v1/groups/support-leads/members/{}", me["id"].as_str().unwrap());
    world.put(&world.admin, &enroll, json!({})).await.refused("second_person_required");

    let rejected = world.verdict(&world.maya, &run, "reject").await.expect(201);
    assert_eq!(rejected["stage"], "rejected");
    assert_eq!(rejected["approvals"][0]["verdict"], "reject");
    world.verdict(&world.tom, &run, "approve").await.refused("run_closed");
    assert!(world.desk.writes().is_empty());
}
