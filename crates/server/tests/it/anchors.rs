//! Anchors over real sockets: a time-stamp authority made of openssl, a bucket, and a folder.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::PASSWORD;

const CONFIG: &str = "
[req]
distinguished_name = dn
[dn]
[tsa]
extendedKeyUsage = critical,timeStamping
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[own]
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.pem
signer_key = ./tsa.key
certs = ./ca.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[root]
default_tsa = own
";

/// Runs openssl in a folder; says whether it was content.
fn openssl(folder: &Path, arguments: &str) -> (bool, String) {
    let mut command = Command::new("openssl");
    let done = command.args(arguments.split(' ')).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    (done.status.success(), String::from_utf8_lossy(&done.stderr).into_owned())
}

/// A folder with a certificate authority and a time-stamp authority under it.
fn authority() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("tsa.cnf"), CONFIG).unwrap();
    std::fs::write(dir.path().join("serial"), "01\n").unwrap();
    for step in [
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=root -days 30 -config tsa.cnf -extensions ca",
        "req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=tsa -config tsa.cnf",
        "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem -days 30 -extfile tsa.cnf -extensions tsa",
    ] {
        let (done, told) = openssl(dir.path(), step);
        assert!(done, "{step}: {told}");
    }
    dir
}

/// Something that was put into the bucket.
#[derive(Clone, Debug)]
struct Put {
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Clone)]
struct Places {
    authority: PathBuf,
    puts: Arc<Mutex<Vec<Put>>>,
}

async fn stamp(State(places): State<Places>, headers: HeaderMap, body: Bytes) -> Result<Vec<u8>, StatusCode> {
    assert_eq!(headers["content-type"], "application/timestamp-query");
    std::fs::write(places.authority.join("query"), body).unwrap();
    let asked = "ts -reply -config tsa.cnf -section own -queryfile query -out reply";
    let (done, told) = openssl(&places.authority, asked);
    assert!(done, "{told}");
    Ok(std::fs::read(places.authority.join("reply")).unwrap())
}

async fn keep(State(places): State<Places>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) {
    assert_eq!(method, Method::PUT);
    places.puts.lock().unwrap().push(Put { uri, headers, body });
}

async fn listen(places: Places) -> SocketAddr {
    let router = Router::new().route("/tsa", post(stamp)).fallback(keep).with_state(places);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    addr
}

/// A server in a process of its own, since the credentials stand in its environment.
struct Program(Child, String);

impl Program {
    fn start(config: &Path, data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_actionplane"))
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(config)
            .arg("--data")
            .arg(data)
            .env("ACTIONPLANE_ADMIN_PASSWORD", PASSWORD)
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env_remove("AWS_SESSION_TOKEN")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let base = lines.filter_map(|line| line.split_once("listens on ").map(|(_, base)| base.to_owned()));
        let base = base.take(1).next().unwrap();
        Self(child, base)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_stamped_locked_away_and_copied_and_openssl_agrees() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = authority();
    let places = Places { authority: authority.path().to_owned(), puts: Arc::default() };
    let addr = listen(places.clone()).await;
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("settings.toml");
    let copies = dir.path().join("copies");
    let settings = format!(
        "[evidence.anchors]\ndirectory = {copies:?}\ntsa = \"http://{addr}/tsa\"\n[evidence.anchors.s3]\n\
         bucket = \"heads\"\nprefix = \"a/\"\nregion = \"eu-central-1\"\nendpoint = \"http://{addr}\"\n\
         retention_days = 3650\n"
    );
    std::fs::write(&config, settings).unwrap();
    let program = Program::start(&config, &dir.path().join("data"));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({ "username": "admin", "password": PASSWORD, "bearer": true });
    let session = client.post(format!("{}/v1/sessions", program.1)).json(&body).send().await.unwrap();
    let token = session.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();
    let exported = client.get(format!("{}/v1/bundles", program.1)).bearer_auth(&token).send().await.unwrap();
    let status = exported.status().as_u16();
    let zip = exported.bytes().await.unwrap();
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&zip));
    let files: BTreeMap<_, _> = proof::zip::read(&zip).unwrap().into_iter().collect();
    let (path, token) = files.iter().find(|(path, _)| path.starts_with("anchors/")).unwrap();
    let head = files.iter().find(|(path, _)| **path == "log/checkpoint").unwrap().1;
    assert!(path.strip_suffix(".tsr").is_some(), "{path}");

    let folder = authority.path();
    std::fs::write(folder.join("head"), head).unwrap();
    std::fs::write(folder.join("head.tsr"), token).unwrap();
    let verify = "ts -verify -data head -in head.tsr -CAfile ca.pem";
    let (done, told) = openssl(folder, verify);
    assert!(done, "{told}");
    std::fs::write(folder.join("head"), [head, b"x".as_slice()].concat()).unwrap();
    assert!(!openssl(folder, verify).0, "another head is not what was stamped");

    for _ in 0..200 {
        if places.puts.lock().unwrap().iter().any(|put| put.body == *head) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let puts = places.puts.lock().unwrap().clone();
    let put = puts.iter().find(|put| put.body == *head).unwrap();
    assert!(put.uri.path().starts_with("/heads/a/localhost%2Bw%2Bmain/"), "{}", put.uri);
    assert!(put.uri.query().unwrap().contains("X-Amz-Algorithm=AWS4-HMAC-SHA256"), "{}", put.uri);
    assert_eq!(put.headers["x-amz-object-lock-mode"], "COMPLIANCE");
    let until = put.headers["x-amz-object-lock-retain-until-date"].to_str().unwrap();
    assert!(until.starts_with("203"), "{until}");
    let copied = std::fs::read_dir(copies.join("localhost+w+main")).unwrap();
    let copied = copied.map(|copy| std::fs::read(copy.unwrap().path()).unwrap());
    assert!(copied.into_iter().any(|copy| copy == *head));
}
