//! Messages byte by byte: what libraries would never send, or not so slowly.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{Bare, PASSWORD, World, self_link, solve};

async fn connect(bare: &Bare) -> TcpStream {
    TcpStream::connect(bare.base.trim_start_matches("http://")).await.unwrap()
}

/// Sends a message and reads to the end of the connection.
async fn told(bare: &Bare, message: &str) -> String {
    let mut socket = connect(bare).await;
    socket.write_all(message.as_bytes()).await.unwrap();
    rest(&mut socket).await
}

async fn rest(socket: &mut TcpStream) -> String {
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_secs(20), socket.read_to_string(&mut answer));
    read.await.unwrap().unwrap();
    answer
}

/// Lets time pass at once.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_request_names_its_host_and_its_credentials_once() {
    let bare = Bare::start().await;
    let own = format!("authorization: Bearer {}\r\n", bare.admin);
    let other = "authorization: Bearer aps_other\r\n";
    for (version, headers, status) in [
        ("1.1", format!("host: x\r\n{own}"), "200"),
        ("1.0", own.clone(), "200"),
        ("1.1", own.clone(), "400"),
        ("1.1", format!("host: x\r\nhost: y\r\n{own}"), "400"),
        ("1.1", format!("host: x\r\n{own}{other}"), "400"),
        ("1.1", format!("host: x\r\n{other}{own}"), "400"),
        ("1.1", format!("host: x\r\n{own}{own}"), "400"),
    ] {
        let message = format!("GET /v1/me HTTP/{version}\r\n{headers}connection: close\r\n\r\n");
        let answer = told(&bare, &message).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{message}{answer}");
        assert_eq!(answer.contains("application/problem+json"), status == "400", "{answer}");
    }
}

#[tokio::test]
async fn a_body_in_another_coding_or_character_set_is_refused() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    let comments = format!("{}/comments", self_link(&run));
    let files = format!("{}/artifacts?name=a.txt", self_link(&run));
    let json = json!({ "comment": "hello" }).to_string();
    for (path, kind, coding, status) in [
        (&comments, "application/json", "identity", 201),
        (&comments, "application/json; charset=utf-8", "Identity", 201),
        (&comments, "application/json", "gzip", 415),
        (&comments, "application/json", "identity, br", 415),
        (&comments, "application/json; charset=utf-16", "identity", 415),
        (&files, "text/plain", "identity", 201),
        (&files, "text/plain", "gzip", 415),
    ] {
        let request = world.request(Method::POST, path).bearer_auth(&world.tom.token);
        let request = request.header("content-type", kind).header("content-encoding", coding);
        let reply = world.send(request.body(json.clone())).await;
        assert_eq!(reply.status, status, "{path} {kind} {coding} {:#}", reply.body);
        if status == 415 {
            reply.refused("unsupported_media_type");
        }
    }
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_the_fault_of_its_client() {
    let bare = Bare::start().await;
    let body = json!({ "username": "admin", "password": PASSWORD }).to_string();
    // Whoever is too slow is cut off, whatever they asked for.
    for (wait, after, status) in [(24, "close", "201"), (26, "keep-alive", "408")] {
        let head = format!(
            "POST /v1/sessions HTTP/1.1\r\nhost: x\r\nconnection: {after}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let mut socket = connect(&bare).await;
        let (first, last) = body.split_at(10);
        socket.write_all(format!("{head}{first}").as_bytes()).await.unwrap();
        // The server must have begun to read before time passes.
        bare.get(&bare.admin, "/v1/me").await.expect(200);
        pass(Duration::from_secs(wait)).await;
        if status == "201" {
            socket.write_all(last.as_bytes()).await.unwrap();
        }
        let answer = rest(&mut socket).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
        if status == "408" {
            let problem: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
            assert_eq!((&problem["status"], &problem["code"]), (&json!(408), &json!("request_timeout")));
        }
    }
}

#[tokio::test]
async fn a_connection_rests_as_long_as_it_is_told() {
    let bare = Bare::start().await;
    let ask = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut socket = connect(&bare).await;
    let mut answer = [0; 4096];
    for wait in [0, 74, 76] {
        pass(Duration::from_secs(wait)).await;
        // A connection that is over is seen to be over, or takes the message and answers nothing.
        let _ = socket.write_all(ask.as_bytes()).await;
        let read = socket.read(&mut answer).await.unwrap_or(0);
        assert_eq!(read > 0, wait < 75, "after {wait} s");
        let text = String::from_utf8_lossy(&answer[..read]);
        assert!(read == 0 || text.contains("keep-alive: timeout=75\r\n"), "{text}");
    }
}
