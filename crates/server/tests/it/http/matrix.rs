//! The authorization matrix over the socket: every route × every kind of caller.

use engine::access::Role;
use reqwest::Method;
use serde_json::{Value, json};
use server::surface::{Asks, ROUTES, Route};

use crate::world::{World, tag};

/// A path whose ids have the right form and name nothing.
fn path(route: &Route) -> String {
    let ids = [
        ("{connector}/{object}/{id}", "help-desk/ticket/1"),
        ("/runs/{id}", "/runs/run_01h455vb4pex5vsknk084sn02q"),
        ("/holds/{id}", "/holds/hold_01h455vb4pex5vsknk084sn02q"),
        ("/keys/{id}", "/keys/key_01h455vb4pex5vsknk084sn02q"),
        ("/principals/{id}", "/principals/person_01h455vb4pex5vsknk084sn02q"),
        ("{person}", "person_01h455vb4pex5vsknk084sn02q"),
        ("{kind}/{id}", "connector/nothing"),
        ("{name}", "nothing"),
        ("{digest}", &"0".repeat(64)),
        ("{index}", "0"),
        ("{tile}", "0/000.p/1"),
    ];
    let path = ids.iter().fold(route.path.to_owned(), |path, (mark, id)| path.replace(mark, id));
    match route.path {
        "/v1/exports" => path + "?format=csv",
        "/v1/controls" => path + "?from=2026-01-01T00:00:00Z",
        _ if route.path.ends_with("/artifacts") => path + "?name=a.txt",
        _ => path,
    }
}

/// A body of the right shape.
fn body(route: &Route) -> Value {
    let digest = "0".repeat(64);
    match (route.method, route.path) {
        ("post", "/v1/runs") => tag(&["one"]),
        ("post", "/v1/runs/{id}/approvals") => json!({ "verdict": "approve", "plan_digest": digest }),
        ("put", "/v1/runs/{id}/plan") => {
            json!({ "plan_digest": digest, "mutations": tag(&["one"])["plan"]["mutations"] })
        }
        ("post", "/v1/runs/{id}/accept") => json!({ "plan_digest": digest, "n": 0, "rationale": "fine" }),
        ("post", "/v1/runs/{id}/comments") => json!({ "comment": "hello" }),
        (
            _,
            "/v1/runs/{id}/execute"
            | "/v1/runs/{id}/retry"
            | "/v1/runs/{id}/reconcile"
            | "/v1/runs/{id}/rollback"
            | "/v1/runs/{id}/compensate",
        ) => json!({ "plan_digest": digest }),
        ("put", "/v1/me/password") => json!({ "current": "wrong password", "new": "wrong password" }),
        ("post", "/v1/connectors") => {
            json!({ "name": "x", "system": "nothing", "environment": "simulation", "credentials": {} })
        }
        ("put", "/v1/connectors/{name}") => json!({ "system": "nothing", "environment": "simulation" }),
        ("post", "/v1/pauses") => json!({ "kind": "connector", "id": "nothing" }),
        ("post", "/v1/policies") => json!({ "title": "x", "text": "nonsense" }),
        ("post", "/v1/policies/validate") => json!({ "text": "nonsense" }),
        ("post", "/v1/policies/{digest}/explain") => json!({ "request": {} }),
        ("post", "/v1/principals") => {
            json!({ "kind": "person", "name": "", "username": "x", "password": "x" })
        }
        ("post", "/v1/groups" | "/v1/workflows") => json!({ "name": "x", "title": "" }),
        ("post", "/v1/erasures") => json!({
            "subject": { "run": "run_01h455vb4pex5vsknk084sn02q" }, "basis": "gdpr-17-1-b", "request_ref": "x",
        }),
        ("post", "/v1/holds") => {
            json!({ "matter": "x", "selector": { "run": "run_01h455vb4pex5vsknk084sn02q" } })
        }
        ("post", "/v1/keys") => json!({ "principal": "agent_01h455vb4pex5vsknk084sn02q", "label": "x" }),
        _ => json!({}),
    }
}

/// The status and the code, without reading a stream to its end.
async fn ask(world: &World, route: &Route, token: Option<&str>) -> (u16, String) {
    let method = Method::from_bytes(route.method.to_uppercase().as_bytes()).unwrap();
    let request = world.request(method.clone(), &path(route));
    let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
    let request = if route.path.ends_with("/artifacts") {
        request.header("content-type", "text/plain").body("content")
    } else if [Method::GET, Method::DELETE].contains(&method) {
        request
    } else {
        request.json(&body(route))
    };
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    if response.status().is_success() {
        return (status, String::new());
    }
    let problem: Value = response.json().await.unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn every_route_is_open_to_exactly_those_whom_the_matrix_names() {
    let world = World::start().await;
    let mut people = Vec::new();
    for role in Role::ALL {
        let person = world.bare.person(&format!("only-{}", role.word()), role.word(), &[role.word()]).await;
        people.push((*role, person));
    }
    let (_, agent) = world.bare.agent("matrix", None).await;
    for route in ROUTES {
        let what = format!("{} {}", route.method, route.path);
        match route.asks {
            Asks::Of(operation) => {
                let (status, code) = ask(&world, route, None).await;
                assert_eq!((status, code.as_str()), (401, "unauthenticated"), "{what}");
                for (role, person) in &people {
                    let allowed = operation.roles().is_empty() || operation.roles().contains(role);
                    let (status, code) = ask(&world, route, Some(&person.token)).await;
                    assert_eq!(code != "forbidden", allowed, "{what} as {}: {status} {code}", role.word());
                    assert_ne!(status, 500, "{what}");
                }
                let (status, code) = ask(&world, route, Some(&agent)).await;
                let refused = ["forbidden", "agent_never_approves"].contains(&code.as_str());
                assert_eq!(!refused, operation.is_for_agents(), "{what} as an agent: {status} {code}");
            }
            Asks::Caller => {
                assert_eq!(ask(&world, route, None).await.0, 401, "{what}");
            }
            Asks::Nobody => {
                assert_ne!(ask(&world, route, None).await.1, "unauthenticated", "{what}");
            }
        }
    }
}
