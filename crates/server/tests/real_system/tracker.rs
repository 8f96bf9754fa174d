//! The tracker as people use it beside ActionPlane: over its own REST API as its administrator, and its own journal.

use std::path::PathBuf;
use std::process::Command;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const HOW_TO_RUN: &str = "this test needs a real tracker beside it: \
    run it as `cargo xtask roundup cargo nextest run -p server --test real_system`";

/// The tracker that the environment names.
pub struct Tracker {
    url: String,
    http: reqwest::Client,
    admin: (String, String),
    user: (String, String),
    home: PathBuf,
    bin: PathBuf,
}

impl Tracker {
    /// Finds it; without one the test fails, since it would prove nothing.
    pub fn find() -> Self {
        let told = |name: &str| {
            let name = format!("ACTIONPLANE_TEST_ROUNDUP_{name}");
            std::env::var(&name).unwrap_or_else(|_| panic!("`{name}` is not set: {HOW_TO_RUN}"))
        };
        // Another test of this process may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            url: told("URL"),
            http: reqwest::Client::new(),
            admin: (told("ADMIN_USER"), told("ADMIN_PASSWORD")),
            user: (told("USER"), told("PASSWORD")),
            home: told("HOME").into(),
            bin: told("BIN").into(),
        }
    }

    /// The connector `tracker` that signs in as the tracker's user.
    pub fn connector(&self) -> Value {
        let (user, password) = &self.user;
        json!({
            "name": "tracker", "system": "roundup", "environment": "sandbox", "base_url": self.url,
            "credentials": { "scheme": "basic", "user": user, "password": password },
        })
    }

    /// Opens an issue, assigned to the tracker's user, and answers its id.
    pub async fn open(&self, title: &str) -> String {
        let issue =
            json!({ "title": title, "priority": "urgent", "status": "unread", "assignedto": self.user.0 });
        let opened = self.send(self.request(Method::POST, "issue").json(&issue)).await;
        opened["data"]["id"].as_str().unwrap().to_owned()
    }

    /// What the tracker holds.
    pub async fn issue(&self, id: &str) -> Issue {
        let path = format!("issue/{id}?@verbose=2");
        let answer = self.send(self.request(Method::GET, &path)).await;
        let attributes = &answer["data"]["attributes"];
        Issue {
            title: attributes["title"].clone(),
            status: attributes["status"]["name"].clone(),
            priority: attributes["priority"]["name"].clone(),
            assigned_to: attributes["assignedto"]["username"].clone(),
            etag: answer["data"]["@etag"].as_str().unwrap().to_owned(),
        }
    }

    /// Changes an issue as the administrator, past ActionPlane.
    pub async fn edit(&self, id: &str, changes: &Value) {
        let etag = self.issue(id).await.etag;
        let path = format!("issue/{id}");
        self.send(self.request(Method::PATCH, &path).header("If-Match", etag).json(changes)).await;
    }

    /// How often the tracker's journal says that the connector's user changed an issue.
    pub fn writes(&self, id: &str) -> usize {
        let mut history = Command::new(self.bin.join("roundup-admin"));
        history.arg("-i").arg(&self.home).args(["history", &format!("issue{id}")]);
        let told = history.output().unwrap();
        assert!(told.status.success(), "{told:?}");
        let by_us = format!("{}(", self.user.0);
        let lines = String::from_utf8(told.stdout).unwrap();
        lines.lines().filter(|line| line.starts_with(&by_us) && line.contains(") set ")).count()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let origin = self.url.rsplit_once('/').map_or("", |(origin, _)| origin);
        self.http
            .request(method, format!("{}/rest/data/{path}", self.url))
            .basic_auth(&self.admin.0, Some(&self.admin.1))
            .header("X-Requested-With", "rest")
            .header("Origin", origin)
            .header("Referer", format!("{}/", self.url))
    }

    async fn send(&self, request: RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

/// An issue as its tracker shows it.
#[derive(Debug)]
pub struct Issue {
    pub title: Value,
    pub status: Value,
    pub priority: Value,
    pub assigned_to: Value,
    etag: String,
}
