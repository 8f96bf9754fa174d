//! Server-sent events.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::world::{World, solve, tag, text};

/// Opens a stream; the answer's head has come.
async fn open(world: &World, token: &str, query: &str, last: Option<&str>) -> Response {
    let request = world.request(Method::GET, &format!("/v1/stream{query}")).bearer_auth(token);
    let request = if let Some(last) = last { request.header("last-event-id", last) } else { request };
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response
}

/// Reads messages until one is as asked; answers all of them.
async fn until(response: &mut Response, done: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut text = String::new();
    let mut messages = Vec::new();
    let read = async {
        loop {
            while let Some(end) = text.find("\n\n") {
                let message: String = text.drain(..end + 2).collect();
                let member = |name: &str| {
                    let line = message.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
                    line.map(str::to_owned)
                };
                if let Some(data) = member("data") {
                    assert_eq!(member("event").as_deref(), Some("run.event"));
                    let data: Value = serde_json::from_str(&data).unwrap();
                    assert_eq!(member("id"), Some(data["position"].to_string()));
                    messages.push(data);
                }
                if messages.last().is_some_and(&done) {
                    return;
                }
            }
            let chunk = response.chunk().await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read).await.unwrap();
    messages
}

#[tokio::test]
async fn people_follow_every_run_and_agents_their_own() {
    let world = World::start().await;
    let (_, other) = world.bare.agent("other", None).await;
    let mut of_person = open(&world, &world.maya.token, "", None).await;
    let mut of_other = open(&world, &other, "", None).await;
    let run = world.propose(&world.agent, solve()).await;
    let own = world.propose(&other, tag(&["one"])).await;
    let own = world.waited(&own).await;
    assert_eq!(own["stage"], "applied");
    let closed = |run: Value| move |message: &Value| message["run"] == run && message["type"] == "run.closed";

    let seen = until(&mut of_person, closed(own["id"].clone())).await;
    assert_eq!(seen[0]["run"], run["id"]);
    assert_eq!((&seen[0]["type"], &seen[0]["seq"]), (&json!("run.proposed"), &json!(0)));
    assert!(seen.iter().any(|message| message["run"] == own["id"]));
    let positions: Vec<_> = seen.iter().map(|message| message["position"].as_u64().unwrap()).collect();
    assert!(positions.is_sorted());

    let of_others_eyes = until(&mut of_other, closed(own["id"].clone())).await;
    assert!(of_others_eyes.iter().all(|message| message["run"] == own["id"]), "{of_others_eyes:#?}");
    assert_eq!(of_others_eyes[0]["type"], "run.proposed");

    // Whoever comes back goes on behind the last message, and misses none.
    let half = &seen[seen.len() / 2];
    let (position, rest) = (half["position"].to_string(), &seen[seen.len() / 2 + 1..]);
    for (query, last) in
        [(format!("?after={position}"), None), ("?after=0".to_owned(), Some(position.as_str()))]
    {
        let mut again = open(&world, &world.maya.token, &query, last).await;
        assert_eq!(until(&mut again, closed(own["id"].clone())).await, rest);
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_session_or_key_that_opened_it() {
    let world = World::start().await;
    let keys = world.get(&world.admin, "/v1/keys").await.expect(200);
    let key = format!("/v1/keys/{}", text(&keys["items"][0]["id"]));
    let (maya, leaving) = (&world.maya, world.sign_in("tom").await);
    let mut of_agent = open(&world, &world.agent, "?after=0", None).await;
    let mut of_maya = open(&world, &maya.token, "?after=0", None).await;
    let mut of_tom = open(&world, &leaving, "?after=0", None).await;
    let mut others = open(&world, &world.tom.token, "", None).await;
    let first = world.propose(&world.agent, solve()).await;
    for stream in [&mut of_agent, &mut of_maya, &mut of_tom] {
        until(stream, |message| message["run"] == first["id"]).await;
    }

    world.delete(&world.admin, &key).await.expect(204);
    world
        .patch(&world.admin, &format!("/v1/principals/{}", maya.id), json!({ "disabled": true }))
        .await
        .expect(200);
    world.delete(&leaving, "/v1/sessions/current").await.expect(204);
    let second = world.propose(&world.tom.token, solve()).await;
    until(&mut others, |message| message["run"] == second["id"]).await;
    for mut stream in [of_agent, of_maya, of_tom] {
        let mut left = String::new();
        let end = async {
            while let Some(chunk) = stream.chunk().await.unwrap() {
                left.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(Duration::from_secs(10), end).await.unwrap();
        assert!(!left.contains(&text(&second["id"])), "{left}");
    }
}

#[tokio::test]
async fn a_sign_out_ends_a_stream_on_which_nothing_happens() {
    let bare = crate::world::Bare::start().await;
    let request = bare.request(Method::GET, "/v1/stream").bearer_auth(&bare.admin);
    let mut stream = request.send().await.unwrap();
    bare.delete(&bare.admin, "/v1/sessions/current").await.expect(204);
    let end = async { while stream.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(Duration::from_secs(10), end).await.unwrap();
}

#[tokio::test]
async fn a_stream_begins_only_at_a_position_that_it_reached() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    let mut stream = open(&world, &world.tom.token, "?after=0", None).await;
    let seen = until(&mut stream, |message| message["run"] == run["id"]).await;
    let last = seen[0]["position"].to_string();
    open(&world, &world.tom.token, "", Some(&last)).await;
    for bad in ["abc", "-1", "", "99999999999999999999", "1000000"] {
        let request = world.request(Method::GET, "/v1/stream").bearer_auth(&world.tom.token);
        let problem = world.send(request.header("last-event-id", bad)).await.refused("invalid_request");
        assert!(text(&problem["detail"]).contains("`Last-Event-ID`"), "{problem:#}");
        world.get(&world.tom.token, &format!("/v1/stream?after={bad}")).await.refused("invalid_request");
    }
}

#[tokio::test]
async fn a_stream_needs_credentials_a_place_and_ends_with_the_server() {
    let bare = crate::world::Bare::start_with(|config| config.server.streams_max = 1).await;
    bare.send(bare.request(Method::GET, "/v1/stream")).await.refused("unauthenticated");
    bare.get(&bare.admin, "/v1/stream?after=x").await.refused("invalid_request");
    let mut bare = bare;
    let request = bare.request(Method::GET, "/v1/stream").bearer_auth(&bare.admin);
    let mut stream = request.send().await.unwrap();
    assert_eq!(stream.status(), 200);
    bare.get(&bare.admin, "/v1/stream").await.refused("unavailable");
    let server = bare.server.take().unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(20), server.stop());
    let (stopped, end) = tokio::join!(stopped, async { while let Ok(Some(_)) = stream.chunk().await {} });
    stopped.unwrap();
    let () = end;
    let token = text(&json!(bare.admin));
    assert!(bare.request(Method::GET, "/v1/me").bearer_auth(token).send().await.is_err());
}
