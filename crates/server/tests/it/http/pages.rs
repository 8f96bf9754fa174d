//! Pages and probes, open to everybody.

use std::process::{Command, Stdio};

use reqwest::Method;

use crate::world::{Bare, World, tag};

#[tokio::test]
async fn pages_and_probes_need_no_credentials_and_load_nothing() {
    let bare = Bare::start().await;
    for (path, kind, words) in [
        ("/", "text/html; charset=utf-8", "<h1>ActionPlane</h1>"),
        ("/docs", "text/html; charset=utf-8", "/v1/runs/{id}/approvals"),
        ("/docs", "text/html; charset=utf-8", "<td><code>client_secret</code></td>"),
        ("/errors/plan_digest_mismatch", "text/html; charset=utf-8", "<code>plan_digest_mismatch</code>"),
        ("/healthz", "text/plain; charset=utf-8", "ok"),
        ("/readyz", "text/plain; charset=utf-8", "ready"),
        ("/metrics", "text/plain; version=0.0.4", "actionplane_http_requests_total"),
    ] {
        let reply = bare.send(bare.request(Method::GET, path)).await;
        assert_eq!(reply.headers["content-type"], kind, "{path}");
        let body = reply.expect(200);
        let body = body.as_str().unwrap();
        assert!(body.contains(words), "{path}: {body}");
        for loaded in ["<script", "<img", "<link", " src=", "http://", "https://"] {
            assert!(kind != "text/html; charset=utf-8" || !body.contains(loaded), "{path} has {loaded}");
        }
    }
    let document = bare.send(bare.request(Method::GET, "/openapi.json")).await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    bare.send(bare.request(Method::GET, "/errors/nothing")).await.refused("not_found");
}

#[test]
fn whoever_reads_only_the_beginning_of_the_document_is_no_error_of_ours() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_actionplane"));
    let child = program.arg("openapi").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
}

#[tokio::test]
async fn metrics_count_what_happened_to_runs() {
    let world = World::start().await;
    let run = world.propose(&world.agent, tag(&["counted"])).await;
    assert_eq!(world.waited(&run).await["stage"], "applied");
    let counted = r#"actionplane_run_events_total{type="run.closed"} 1"#;
    for _ in 0..100 {
        let metrics = world.send(world.request(Method::GET, "/metrics")).await.expect(200);
        if metrics.as_str().unwrap().contains(counted) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the close of the run was not counted");
}

#[tokio::test]
async fn metrics_name_routes_and_no_ids() {
    let bare = Bare::start().await;
    bare.get(&bare.admin, "/v1/runs/run_01h455vb4pex5vsknk084sn02q").await.refused("not_found");
    bare.get(&bare.admin, "/v1/nothing-that-exists").await.refused("not_found");
    let metrics = bare.send(bare.request(Method::GET, "/metrics")).await.expect(200);
    let metrics = metrics.as_str().unwrap();
    assert!(metrics.contains(r#"route="/v1/runs/{id}""#), "{metrics}");
    assert!(metrics.contains("actionplane_http_request_duration_seconds_bucket"));
    assert!(!metrics.contains("run_01h") && !metrics.contains("nothing-that-exists"), "{metrics}");
}
