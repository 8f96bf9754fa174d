//! What the tests of several modules need: a stepped clock, a raw server, a connector at a URL, mutations.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::mutation::{Change, Environment, Fields, Kind, Mutation, UndoKind};
use domain::name::Slug;
use domain::time::Timestamp;
use proof::digest::{Digest, sha256};
use proof::json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::http::{Credentials, HttpConnector};
use crate::manifest::Manifest;
use crate::outbound::{Clock, Outbound};
use crate::registry::{Config, connect};
use crate::secret::Secret;

pub fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

pub fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

/// A clock that stands still; `boot_ms` moves by `step` with each look.
pub fn clock(boot_ms: u64, step: u64) -> Clock {
    let boot = Arc::new(AtomicU64::new(boot_ms));
    Clock {
        now: Arc::new(|| Timestamp::parse("2026-11-24T10:00:00.000Z").unwrap()),
        boot_ms: Arc::new(move || boot.fetch_add(step, Ordering::SeqCst)),
    }
}

pub fn outbound() -> Arc<Outbound> {
    Arc::new(Outbound::new(clock(0, 0), vec!["127.0.0.1".to_owned()]).unwrap())
}

/// A manifest of a small, made-up ticket system, with one thing replaced.
pub fn manifest(replace: &str, with: &str) -> Arc<Manifest> {
    Arc::new(
        Manifest::parse("test.toml", &manifest_text(replace, with))
            .unwrap_or_else(|faults| panic!("{faults}")),
    )
}

pub fn manifest_text(replace: &str, with: &str) -> String {
    let text = include_str!("testing.toml");
    assert!(text.contains(replace), "`{replace}` is in the test manifest");
    text.replacen(replace, with, 1)
}

pub fn connector(base_url: &str, manifest: &Arc<Manifest>) -> Arc<HttpConnector> {
    let credentials = Credentials::Bearer { token: secret("bearer-canary") };
    connector_as(base_url, manifest, credentials)
}

pub fn connector_as(
    base_url: &str,
    manifest: &Arc<Manifest>,
    credentials: Credentials,
) -> Arc<HttpConnector> {
    let config = Config {
        name: slug("desk"),
        environment: Environment::Simulation,
        base_url: Some(base_url.to_owned()),
        credentials,
    };
    connect(&outbound(), manifest, config).unwrap()
}

pub fn key() -> Digest {
    sha256(b"the key of this mutation")
}

pub fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A mutation of record 7 of the given object.
pub fn mutation(
    manifest: &Manifest,
    object: &str,
    verb: &str,
    changes: &[(&str, Value, Value)],
    arguments: Fields,
) -> Mutation {
    let kind = Kind::parse(verb).unwrap_or(Kind::Invoke);
    Mutation {
        n: 0,
        connector: slug("desk"),
        environment: Environment::Simulation,
        manifest: manifest.digest,
        object: slug(object),
        kind,
        action: (kind == Kind::Invoke).then(|| slug(verb)),
        record: (kind != Kind::Create).then(|| "7".to_owned()),
        version: Some("2026-11-24T09:00:00Z".to_owned()),
        changes: changes
            .iter()
            .map(|(field, before, after)| Change {
                field: (*field).to_owned(),
                before: Some(before.clone()),
                after: Some(after.clone()),
            })
            .collect(),
        guard: BTreeMap::new(),
        arguments,
        undo: UndoKind::Rollback,
    }
}

/// What a raw server does with one connection after it has read a whole request.
#[derive(Clone)]
pub enum Does {
    /// Sends these bytes and closes.
    Answers(String),
    /// Closes without a byte.
    HangsUp,
    /// Says nothing, and keeps the connection open.
    Waits,
}

/// A server that records every byte and answers by script; the last step repeats.
pub struct Raw {
    pub base_url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Raw {
    pub async fn start(script: Vec<Does>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        tokio::spawn(async move {
            let mut step = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let does = script.get(step).or(script.last()).cloned().unwrap();
                step += 1;
                let seen = seen.clone();
                tokio::spawn(serve(stream, does, seen));
            }
        });
        Self { base_url, requests }
    }

    pub async fn json(status: u16, body: &str) -> Self {
        Self::start(vec![Does::Answers(answer(status, "content-type: application/json\r\n", body))]).await
    }

    /// What arrived, one text for each connection on which anything did.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub fn answer(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

async fn serve(mut stream: TcpStream, does: Does, seen: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !whole(&request) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
    if !request.is_empty() {
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(String::from_utf8(request).unwrap());
    }
    match does {
        Does::Answers(bytes) => {
            let _ = stream.write_all(bytes.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Does::HangsUp => {}
        Does::Waits => {
            let _ = stream.read(&mut buffer).await;
        }
    }
}

/// Whether head and body of a request are there.
fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}
