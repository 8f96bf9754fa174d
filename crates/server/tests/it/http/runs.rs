//! Propose, show, list, lineage.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{World, self_link, solve, tag, text};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_run_that_policy_lets_through_is_applied_and_everything_about_it_can_be_read() {
    let world = World::start().await;
    let request =
        world.request(Method::POST, "/v1/runs").bearer_auth(&world.agent).json(&tag(&["vip", "vat"]));
    let reply = world.send(request.header("prefer", "wait=20").header("traceparent", TRACE)).await;
    let location = reply.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(reply.headers["preference-applied"], "wait=20");
    let run = reply.expect(201);
    assert_eq!(location, self_link(&run));
    assert_eq!(run["stage"], "applied", "{run:#}");
    assert_eq!(run["decision"]["decision"], "auto");
    assert_eq!(run["authorization"]["basis"], "auto");
    assert_eq!(run["proposer"], json!({ "id": world.agent_id, "kind": "agent", "name": "triage-agent" }));
    assert_eq!(run["agent_owner"], world.olga.id);
    assert_eq!(run["trace"], TRACE);
    assert_eq!(run["confidence_bp"], 9000);
    assert_eq!(run["workspace"], "main");
    assert_eq!(run["next"]["owner"], "nobody");
    assert!(run["closed"]["code"].is_string());
    assert!(run.get("on_behalf_of").is_none() && run.get("branched_from").is_none());
    let mutation = &run["plan"]["mutations"][0];
    assert_eq!(mutation["action_name"], "zendesk.ticket.update");
    assert_eq!(mutation["record"], "48213");
    assert_eq!(mutation["changes"][0]["field"], "tags");
    assert_eq!(mutation["changes"][0]["after"], json!(["vat", "vip"]));
    let attempt = &run["attempts"][0];
    assert_eq!(attempt["outcome"], "applied");
    assert_eq!(attempt["plan_digest"], run["plan_digest"]);
    let write = world.desk.writes().into_iter().rev().find(|write| write.id == "48213").unwrap();
    assert!(format!("{write:?}").contains("vip"));

    let events = world.get(&world.maya.token, &format!("{location}/events")).await.expect(200);
    let kinds: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|event| text(&event["type"])).collect();
    assert_eq!(kinds.first().unwrap(), "run.proposed");
    assert!(kinds.contains(&"attempt.started".to_owned()) && kinds.contains(&"run.closed".to_owned()));
    assert_eq!(events["items"][0]["sealed"]["reason"], "The customer asked for it");
    assert_eq!(events["items"][0]["prev"], json!(null));
    assert_eq!(events["items"][1]["prev"], events["items"][0]["hash"]);

    let history =
        world.get(&world.maya.token, "/v1/records/help-desk/ticket/48213/history").await.expect(200);
    assert_eq!(history["items"][0]["run"], run["id"]);
    assert_eq!(history["items"][0]["changes"][0]["field"], "tags");
    assert_eq!(history["next"], json!(null));
}

#[tokio::test]
async fn runs_are_found_by_what_is_known_of_them() {
    let world = World::start().await;
    let tagged = world.propose(&world.agent, tag(&["one"])).await;
    let tagged = world.waited(&tagged).await;
    let solved = world.propose(&world.agent, solve()).await;
    let ids = |page: Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|run| text(&run["id"])).collect()
    };
    let (tagged, solved) = (text(&tagged["id"]), text(&solved["id"]));
    for (query, found) in [
        (String::new(), vec![&solved, &tagged]),
        ("stage=awaiting_approval".to_owned(), vec![&solved]),
        ("stage=applied,failed".to_owned(), vec![&tagged]),
        ("decision=auto".to_owned(), vec![&tagged]),
        ("connector=help-desk&object=ticket&environment=simulation".to_owned(), vec![&solved, &tagged]),
        ("record=help-desk/ticket/48213".to_owned(), vec![&solved, &tagged]),
        ("record=help-desk/ticket/1".to_owned(), vec![]),
        ("agent=triage-agent".to_owned(), vec![&solved, &tagged]),
        (format!("agent={}", world.tom.id), vec![]),
        ("workflow=other".to_owned(), vec![]),
        (format!("q={tagged}"), vec![&tagged]),
        ("q=run_01h455vb4pex5vsknk084sn02q".to_owned(), vec![]),
        ("q=help-desk/ticket/48213".to_owned(), vec![&solved, &tagged]),
        ("q=triage".to_owned(), vec![&solved, &tagged]),
        ("q=48213%20applied".to_owned(), vec![&tagged]),
        ("q=nothing%20of%20the%20kind".to_owned(), vec![]),
        ("q=a/b/c".to_owned(), vec![]),
    ] {
        let page = world.get(&world.maya.token, &format!("/v1/runs?{query}")).await.expect(200);
        assert_eq!(ids(page), found.into_iter().cloned().collect::<Vec<_>>(), "{query}");
    }
    let first = world.get(&world.maya.token, "/v1/runs?limit=1").await.expect(200);
    let next = format!("/v1/runs?limit=1&cursor={}", text(&first["next"]));
    let second = world.get(&world.maya.token, &next).await.expect(200);
    assert_eq!((ids(first), ids(second.clone())), (vec![solved], vec![tagged]));
    assert_eq!(second["next"], json!(null));
    assert!(second.get("scanned").is_none());
    let searched = world.get(&world.maya.token, "/v1/runs?q=applied&limit=1").await.expect(200);
    assert_eq!((&searched["scanned"], &searched["next"]), (&json!(2), &json!(null)));
    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "stage=done",
        "cursor=x",
        "agent=nobody",
        "record=a/b",
        "colour=red",
    ] {
        world.get(&world.maya.token, &format!("/v1/runs?{query}")).await.refused("invalid_request");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_told_by_the_name_of_its_parameter() {
    let world = World::start().await;
    world.propose(&world.agent, solve()).await;
    world.propose(&world.agent, tag(&["one"])).await;
    let next = |page: Value| text(&page["next"]);
    let runs = next(world.get(&world.admin, "/v1/runs?limit=1").await.expect(200));
    let people = next(world.get(&world.admin, "/v1/principals?limit=1").await.expect(200));
    for (query, name) in [
        (format!("runs?q={}", "x".repeat(201)), "q"),
        ("runs?q=a%20b%20c%20d%20e%20f%20g%20h%20i".to_owned(), "q"),
        ("runs?workflow=Not%20A%20Slug".to_owned(), "workflow"),
        ("runs?record=a/b".to_owned(), "record"),
        ("runs?cursor=-1".to_owned(), "cursor"),
        (format!("runs?cursor={people}"), "cursor"),
        (format!("principals?cursor={runs}"), "cursor"),
        (format!("groups?cursor={people}"), "cursor"),
        ("principals?cursor=-1".to_owned(), "cursor"),
        ("policies?cursor=-1".to_owned(), "cursor"),
        (format!("inbox?cursor={runs}"), "cursor"),
        ("inbox?attention=true&cursor=-1".to_owned(), "cursor"),
        (format!("records/help-desk/ticket/48213/history?cursor={runs}"), "cursor"),
    ] {
        let problem = world.get(&world.admin, &format!("/v1/{query}")).await.refused("invalid_request");
        assert_eq!(problem["pointer"], format!("/{name}"), "{query} {problem:#}");
        assert!(text(&problem["detail"]).contains(&format!("`{name}`")), "{query} {problem:#}");
    }
    for query in [format!("runs?cursor={runs}"), format!("principals?cursor={people}")] {
        let page = world.get(&world.admin, &format!("/v1/{query}")).await.expect(200);
        assert!(!page["items"].as_array().unwrap().is_empty(), "{query}");
    }
}

#[tokio::test]
async fn only_a_record_of_a_known_kind_has_a_history() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag(&["one"])).await;
    assert_eq!(world.waited(&run).await["stage"], "applied");
    for (record, found) in [("help-desk/ticket/48213", 1), ("help-desk/ticket/1", 0)] {
        let page = world.get(&world.maya.token, &format!("/v1/records/{record}/history")).await.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), found, "{record}");
    }
    for record in ["nothing/ticket/48213", "help-desk/nothing/48213"] {
        let path = format!("/v1/records/{record}/history");
        let problem = world.get(&world.maya.token, &path).await.refused("not_found");
        assert!(text(&problem["detail"]).contains("`nothing`"), "{problem:#}");
    }
}

#[tokio::test]
async fn an_agent_sees_its_own_runs_and_the_existence_of_others_is_secret() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    let (_, stranger) = world.bare.agent("stranger", None).await;
    let path = self_link(&run);
    world.get(&world.agent, &path).await.expect(200);
    for (token, path) in [
        (&stranger, path.clone()),
        (&stranger, format!("{path}/events")),
        (&world.maya.token, "/v1/runs/run_01h455vb4pex5vsknk084sn02q".to_owned()),
        (&world.maya.token, "/v1/runs/anything".to_owned()),
        (&world.maya.token, "/v1/runs/run_01h455vb4pex5vsknk084sn02q/events".to_owned()),
        (&world.maya.token, "/v1/records/Help%20Desk/ticket/1/history".to_owned()),
    ] {
        world.get(token, &path).await.refused("not_found");
    }
    world.post(&stranger, &format!("{path}/cancel"), json!({})).await.refused("not_found");
    assert_eq!(world.get(&stranger, "/v1/runs").await.expect(200)["items"], json!([]));
    let page = world.get(&world.agent, "/v1/runs").await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
}
