//! What a request may cost, and what every answer carries.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{Bare, World, self_link, solve};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_without_being_read() {
    let world = World::start().await;
    let padded = |bytes: usize| {
        let mut body = solve();
        let rest = bytes - body.to_string().len();
        body["reason"] = ("The customer asked for it".to_owned() + &" ".repeat(rest)).into();
        body.to_string()
    };
    let send = |bytes: usize| {
        let request = world.request(Method::POST, "/v1/runs").bearer_auth(&world.agent);
        world.send(request.header("content-type", "application/json").body(padded(bytes)))
    };
    // At the limit the body is read, and found to be wrong for another reason.
    send(MIB).await.refused("invalid_request");
    send(MIB + 1).await.refused("body_too_large");
    send(10 * MIB).await.refused("body_too_large");

    // The answer comes on the announcement alone: not one byte of the body was sent.
    let mut socket = TcpStream::connect(world.base.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /v1/runs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        world.agent,
        10 * MIB
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("body_too_large"));

    // A body of unknown length is counted.
    let chunks = futures_util::stream::iter((0..32).map(|_| Ok::<_, std::io::Error>(vec![b' '; MIB / 8])));
    let request = world.request(Method::POST, "/v1/runs").bearer_auth(&world.agent);
    let request = request.header("content-type", "application/json").body(reqwest::Body::wrap_stream(chunks));
    world.send(request).await.refused("body_too_large");
}

#[tokio::test]
async fn a_file_may_be_larger_than_a_json_body_but_has_a_limit_too() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    let path = format!("{}/artifacts?name=large", self_link(&run));
    let send = |bytes: usize| {
        let request = world.request(Method::POST, &path).bearer_auth(&world.agent);
        world.send(request.header("content-type", "application/octet-stream").body(vec![7; bytes]))
    };
    send(engine::admin::ARTIFACT_BYTES_MAX).await.expect(201);
    send(engine::admin::ARTIFACT_BYTES_MAX + 1).await.refused("body_too_large");
}

#[tokio::test]
async fn heads_have_limits_and_framework_answers_are_problems() {
    let bare = Bare::start().await;
    let long = format!("/v1/runs?q={}", "x".repeat(9 * 1024));
    bare.get(&bare.admin, &long).await.refused("invalid_request");
    let request = bare.request(Method::GET, "/healthz").header("x-large", "x".repeat(64 * 1024));
    assert_eq!(request.send().await.unwrap().status(), 431);
    let many = (0..80)
        .fold(bare.request(Method::GET, "/healthz"), |request, n| request.header(format!("x-{n}"), "1"));
    assert_eq!(many.send().await.unwrap().status(), 431);

    bare.get(&bare.admin, "/v1/nothing").await.refused("not_found");
    bare.get(&bare.admin, "/v1/runs/").await.refused("not_found");
    let wrong = bare.delete(&bare.admin, "/v1/runs").await;
    assert_eq!(wrong.headers["allow"], "GET,HEAD,POST");
    wrong.refused("method_not_allowed");
    bare.get(&bare.admin, "/v1/connectors/%ff").await.refused("invalid_request");
}

#[tokio::test]
async fn every_answer_carries_its_request_id_and_tells_browsers_to_do_nothing_with_it() {
    let bare = Bare::start().await;
    for path in ["/v1/me", "/healthz", "/v1/nothing", "/docs"] {
        let reply = bare.get(&bare.admin, path).await;
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        assert_eq!(reply.headers["referrer-policy"], "no-referrer");
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert_eq!(reply.headers["cache-control"] == "no-store", path != "/docs");
        assert!(!reply.headers.contains_key("access-control-allow-origin"));
    }
    for (given, kept) in
        [("req-1.a_B", true), ("with space", false), (&"x".repeat(65), false), ("<script>", false)]
    {
        let request = bare.request(Method::GET, "/healthz").header("x-request-id", given);
        let reply = bare.send(request).await;
        assert_eq!(reply.headers["x-request-id"] == given, kept, "{given}");
    }
}

#[tokio::test]
async fn more_requests_than_fit_are_refused_and_told_to_come_back() {
    let bare = Bare::start_with(|config| config.server.requests_max = 1).await;
    let world = World::on(bare).await;
    let run = world.propose(&world.agent, solve()).await;
    // A client that sends its body slowly holds the only place.
    let mut socket = TcpStream::connect(world.base.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST {}/comments HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n",
        self_link(&run),
        world.tom.token
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut refused = None;
    for _ in 0..100 {
        let reply = world.get(&world.tom.token, "/v1/me").await;
        if reply.status == 503 {
            refused = Some(reply);
            break;
        }
        tokio::task::yield_now().await;
    }
    let refused = refused.unwrap();
    assert_eq!(refused.headers["retry-after"], "1");
    refused.refused("unavailable");
    drop(socket);
    for _ in 0..100 {
        if world.get(&world.tom.token, "/v1/me").await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the place stays taken: {}", json!(null));
}
