//! Erasures and holds over HTTP: what they take and answer, and that everything else still answers afterwards.

use proof::trust::TrustPolicy;
use reqwest::Method;
use serde_json::{Value, json};
use verifier::{Files, Question, Report, Verdict, verify};

use crate::world::{Reply, World, change, self_link, solve, tag, text};

fn record() -> Value {
    json!({ "record": { "connector": "help-desk", "object": "ticket", "id": "48213" } })
}

/// A request against which nothing but a hold stands.
fn erasure(subject: &Value) -> Value {
    json!({
        "subject": subject, "basis": "gdpr-17-1-b", "request_ref": "DSR-2026-17",
        "complete_by": "2099-01-31T00:00:00.000Z", "override_retention": true,
    })
}

async fn erase(world: &World, subject: &Value) -> Reply {
    world.post(&world.admin, "/v1/erasures", erasure(subject)).await
}

async fn bytes(world: &World, path: &str) -> Vec<u8> {
    let response = world.request(Method::GET, path).bearer_auth(&world.admin).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200, "{path}");
    response.bytes().await.unwrap().to_vec()
}

async fn judged(world: &World, run: &Value) -> Report {
    let zip = bytes(world, &format!("{}/bundle", self_link(run))).await;
    let mut files = Files::new();
    for (path, content) in proof::zip::read(&zip).unwrap() {
        files.insert(path, content.to_vec()).unwrap();
    }
    let trust = TrustPolicy::parse(&bytes(world, "/v1/log/trust").await).unwrap();
    verify(&files, &Question { trust: Some(&trust), ..Question::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_run_is_shown_verified_and_says_why() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    world.verdict(&world.maya, &run, "approve").await.expect(201);
    let run = world.waited(&run).await;
    let before = judged(&world, &run).await;
    assert_eq!((before.verdict, before.fields.erased), (Verdict::Unwitnessed, 0));

    let done = erase(&world, &record()).await.expect(201);
    assert_eq!((&done["basis"], &done["request_ref"]), (&json!("gdpr-17-1-b"), &json!("DSR-2026-17")));
    assert_eq!((&done["runs"], &done["run_count"]), (&json!([run["id"]]), &json!(1)));
    assert_eq!(done["authorized_by"]["name"], "Administrator");
    assert_eq!(done["complete_by"], "2099-01-31T00:00:00.000Z");
    let list = world.get(&world.admin, "/v1/erasures").await.expect(200);
    assert_eq!(list, json!({ "items": [done], "next": null }));

    let tombstone = json!({ "at": done["at"], "basis": "gdpr-17-1-b" });
    let shown = world.show(&run).await;
    assert_eq!((&shown["stage"], &shown["reason"]), (&json!("applied"), &Value::Null));
    let mutation = &shown["plan"]["mutations"][0];
    assert_eq!((&mutation["erased"], &mutation["record"]), (&json!(true), &Value::Null));
    let approval = &shown["approvals"][0];
    assert_eq!(approval["person"]["name"], "Maya Lindqvist");
    for part in [&shown, mutation, &shown["attempts"][0], approval, &shown["decision"]] {
        assert_eq!(part["erasure"], tombstone, "{part:#}");
    }
    let events = world.get(&world.tom.token, &format!("{}/events", self_link(&run))).await.expect(200);
    let proposed = &events["items"][0]["sealed"]["reason"];
    assert_eq!(proposed, &json!({ "erased": true, "at": done["at"], "basis": "gdpr-17-1-b" }));
    for path in [
        "/v1/runs?record=help-desk/ticket/48213",
        "/v1/runs?q=customer",
        "/v1/records/help-desk/ticket/48213/history",
        "/v1/inbox",
        "/v1/inbox?attention=true",
    ] {
        let page = world.get(&world.maya.token, path).await.expect(200);
        assert_eq!(page["items"], json!([]), "{path}");
    }
    assert_eq!(world.get(&world.maya.token, "/v1/runs").await.expect(200)["items"][0]["id"], run["id"]);

    // The proofs hold, a stranger sees what is erased, and the whole log is sound.
    let after = judged(&world, &run).await;
    assert_eq!(after.verdict, Verdict::Unwitnessed, "{}", after.to_text());
    assert!(after.fields.erased > 5 && after.fields.withheld == 0, "{:?}", after.fields);
    assert!(after.to_text().contains("gdpr-17-1-b"), "{}", after.to_text());
    let review = world.post(&world.admin, "/v1/log/verify", json!({})).await.expect(200);
    assert_eq!(review["findings"], json!([]), "{review:#}");
    let rollback = world.command(&world.tom.token, &run, "rollback").await;
    rollback.refused("value_erased");
    erase(&world, &record()).await.refused("not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_run_is_cancelled_and_another_one_can_be_proposed() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    erase(&world, &json!({ "run": run["id"] })).await.expect(201);
    let shown = world.show(&run).await;
    assert_eq!((&shown["stage"], &shown["closed"]["code"]), (&json!("cancelled"), &json!("erasure")));
    let next = world.waited(&world.propose(&world.agent, tag(&["vip"])).await).await;
    assert_eq!(next["stage"], "applied");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_be_kept_is_kept_and_the_refusal_is_recorded() {
    let world = World::start().await;
    let run = world.waited(&world.propose(&world.agent, tag(&["vip"])).await).await;
    let mut kept = erasure(&record());
    kept["override_retention"] = json!(false);
    let problem = world.post(&world.admin, "/v1/erasures", kept).await.refused("erasure_held");
    assert!(text(&problem["detail"]).contains("183 days"), "{problem:#}");

    for selector in [json!("everything"), record(), json!({ "run": run["id"] })] {
        let hold =
            json!({ "matter": "Case 12/26", "selector": selector, "until": "2099-01-31T00:00:00.000Z" });
        let hold = world.post(&world.admin, "/v1/holds", hold).await.expect(201);
        assert_eq!((&hold["matter"], &hold["selector"]), (&json!("Case 12/26"), &selector));
        assert_eq!(hold["by"]["name"], "Administrator");
        let list = world.get(&world.admin, "/v1/holds").await.expect(200);
        assert_eq!(list["items"], json!([hold]));
        erase(&world, &record()).await.refused("erasure_held");
        let path = format!("/v1/holds/{}", text(&hold["id"]));
        world.delete(&world.admin, &path).await.refused("rationale_required");
        let release = world.request(Method::DELETE, &path).bearer_auth(&world.admin);
        let release = || release.try_clone().unwrap().json(&json!({ "rationale": "settled" }));
        assert_eq!(world.send(release()).await.status.as_u16(), 204);
        world.send(release()).await.refused("not_found");
    }
    let acts = world.get(&world.admin, "/v1/audit/workspace?limit=200").await.expect(200);
    let refused = acts["items"].as_array().unwrap().iter().filter(|act| act["type"] == "erasure.refused");
    assert_eq!(refused.count(), 4);
    assert_eq!(world.show(&run).await["reason"], "The customer asked for it");
    let erased = erase(&world, &json!({ "run": run["id"] })).await.expect(201);
    let list = world.get(&world.admin, "/v1/erasures?limit=1").await.expect(200);
    assert_eq!((&list["items"], &list["next"]), (&json!([erased]), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_goes_with_their_account() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    world.verdict(&world.maya, &run, "approve").await.expect(201);
    let run = world.waited(&run).await;
    let subject = json!({ "person": world.maya.id });
    assert_eq!(erase(&world, &subject).await.refused("invalid_request")["pointer"], "/subject/person");
    let path = format!("/v1/principals/{}", world.maya.id);
    world.patch(&world.admin, &path, json!({ "disabled": true })).await.expect(200);
    let mut endless = erasure(&subject);
    endless.as_object_mut().unwrap().remove("complete_by");
    let problem = world.post(&world.admin, "/v1/erasures", endless).await.refused("invalid_request");
    assert_eq!(problem["pointer"], "/complete_by");
    erase(&world, &subject).await.expect(201);
    let shown = world.show(&run).await;
    assert_eq!(shown["approvals"][0]["person"]["name"], "Erased person");
    for path in ["/v1/principals", "/v1/groups/support-leads", "/v1/audit/workspace?limit=200", &path] {
        let answer = world.get(&world.admin, path).await.expect(200).to_string();
        assert!(!answer.contains("Lindqvist"), "{path}: {answer}");
    }
    let report = judged(&world, &run).await;
    assert_eq!(report.verdict, Verdict::Unwitnessed, "{}", report.to_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_erasure_and_no_hold_is_refused_with_its_place() {
    let world = World::start().await;
    world.waited(&world.propose(&world.agent, change("48213", json!({ "tags": ["vip"] }))).await).await;
    let with = |name: &str, value: Value| {
        let mut body = erasure(&record());
        body[name] = value;
        body
    };
    for (body, pointer) in [
        (with("subject", json!({})), "/subject"),
        (
            with("subject", json!({ "run": "run_01h455vb4pex5vsknk084sn02q", "person": world.maya.id })),
            "/subject",
        ),
        (with("subject", json!({ "run": "run_1" })), "/subject/run"),
        (
            with("subject", json!({ "record": { "connector": "help-desk", "object": "ticket" } })),
            "/subject/record",
        ),
        (with("basis", json!("GDPR 17")), "/basis"),
        (with("request_ref", json!("")), "/request_ref"),
        (with("complete_by", json!("soon")), "/complete_by"),
        (with("complete_by", json!("2020-01-31T00:00:00.000Z")), "/complete_by"),
    ] {
        let problem = world.post(&world.admin, "/v1/erasures", body.clone()).await.refused("invalid_request");
        assert_eq!(problem["pointer"], pointer, "{body:#}");
    }
    for selector in [json!("all"), json!({}), json!([]), json!({ "run": "run_1" }), json!({ "record": "x" })]
    {
        let body = json!({ "matter": "x", "selector": selector });
        let problem = world.post(&world.admin, "/v1/holds", body).await.refused("invalid_request");
        assert_eq!(problem["pointer"], "/selector", "{selector}");
    }
    world.get(&world.admin, "/v1/erasures?cursor=Erasure.x").await.refused("invalid_request");
    world.get(&world.admin, "/v1/erasures?limit=0").await.refused("invalid_request");
}
