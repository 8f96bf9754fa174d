//! The program itself: start, stop, and what a restart keeps.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::world::{World, self_link, solve};

#[tokio::test]
async fn a_restart_keeps_runs_sessions_and_keys() {
    let mut world = World::start().await;
    let run = world.propose(&world.agent, solve()).await;
    world.bare.restart().await;
    let shown = world.get(&world.agent, &self_link(&run)).await.expect(200);
    assert_eq!(shown, run);
    world.verdict(&world.maya, &run, "approve").await.expect(201);
    assert_eq!(world.waited(&run).await["stage"], "applied");
    assert_eq!(world.desk.writes().len(), 1);
}

#[test]
fn the_first_start_prints_a_password_once_and_a_signal_ends_it_in_good_order() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        let mut child = Command::new(env!("CARGO_BIN_EXE_actionplane"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir.path())
            .env_remove("ACTIONPLANE_ADMIN_PASSWORD")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            lines.push(line.unwrap());
            if lines.last().is_some_and(|line| line.starts_with("ActionPlane listens on ")) {
                break;
            }
        }
        (child, lines)
    };
    let stop = |mut child: std::process::Child| {
        let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert!(child.wait().unwrap().success());
    };
    let (child, lines) = start();
    let password = lines.iter().find_map(|line| line.strip_prefix("    ")).unwrap().to_owned();
    let base = lines.last().unwrap().rsplit(' ').next().unwrap().to_owned();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let signed_in = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let body = json!({ "username": "admin", "password": password });
        reqwest::Client::new().post(format!("{base}/v1/sessions")).json(&body).send().await.unwrap().status()
    });
    assert_eq!(signed_in, 201);
    stop(child);
    let (child, lines) = start();
    assert_eq!(lines.len(), 1, "{lines:?}");
    stop(child);
}

#[test]
fn a_second_server_on_the_same_data_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(crate::world::start(dir.path(), |_| {}));
    let mut second = Command::new(env!("CARGO_BIN_EXE_actionplane"));
    let second =
        second.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(dir.path()).output().unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("in use"), "{second:?}");
    runtime.block_on(server.stop());
}
