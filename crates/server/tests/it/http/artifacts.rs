//! Files of runs.

use reqwest::Method;
use serde_json::json;

use crate::world::{Reply, World, self_link, solve, text};

async fn attach(
    world: &World,
    token: &str,
    path: &str,
    kind: &str,
    bytes: &'static [u8],
    key: Option<&str>,
) -> Reply {
    let request =
        world.request(Method::POST, path).bearer_auth(token).header("content-type", kind).body(bytes);
    world.send(if let Some(key) = key { request.header("idempotency-key", key) } else { request }).await
}

#[tokio::test]
async fn a_file_is_kept_with_its_run_and_comes_back_as_a_download() {
    let world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    let path = format!("{}/artifacts?name=order.html", self_link(&run));
    let page = b"<script>alert(1)</script>";
    let made = attach(&world, &world.agent, &path, "text/html", page, Some("a")).await.expect(201);
    assert_eq!(
        (&made["bytes"], &made["media_type"], &made["run"]),
        (&json!(25), &json!("text/html"), &run["id"])
    );
    let again = attach(&world, &world.agent, &path, "text/html", page, Some("a")).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.expect(201), made);
    attach(&world, &world.agent, &path, "text/html", b"other", Some("a"))
        .await
        .refused("idempotency_key_reused");

    let fetch = format!("/v1/artifacts/{}", text(&made["digest"]));
    let file = world.get(&world.maya.token, &fetch).await;
    assert_eq!(file.headers["content-disposition"], "attachment");
    assert_eq!(file.headers["content-type"], "text/html");
    assert_eq!(file.headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(file.expect(200), json!("<script>alert(1)</script>"));
    world.get(&world.agent, &fetch).await.expect(200);
    let (_, stranger) = world.bare.agent("stranger", None).await;
    world.get(&stranger, &fetch).await.refused("not_found");
    attach(&world, &stranger, &path, "text/plain", b"x", None).await.refused("not_found");
    attach(&world, &world.maya.token, &path, "text/plain", b"x", None).await.refused("forbidden");
    for (path, kind, code) in [
        (path.replace("?name=order.html", ""), "text/plain", "invalid_request"),
        (path.replace("order.html", "%0a"), "text/plain", "invalid_request"),
        (path.clone(), "nonsense", "unsupported_media_type"),
    ] {
        attach(&world, &world.agent, &path, kind, b"x", None).await.refused(code);
    }
    world.get(&world.maya.token, "/v1/artifacts/nothing").await.refused("not_found");
    let run = world.get(&world.maya.token, &format!("{}/events", self_link(&run))).await.expect(200);
    let event =
        run["items"].as_array().unwrap().iter().find(|event| event["type"] == "artifact.attached").unwrap();
    assert_eq!(event["sealed"]["artifact"]["name"], "order.html");
}
