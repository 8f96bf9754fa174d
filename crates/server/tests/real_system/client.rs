//! One caller of the REST API. It knows nothing but what the documentation says.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// How long a run may take to become as a test needs it. Longer than any landing window of a simulated system.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(50);

/// Where the server is now; a restart moves it, and everybody follows.
#[derive(Clone, Default)]
pub struct Door(Arc<RwLock<String>>);

impl Door {
    /// Everybody asks there from now on.
    pub fn lead_to(&self, url: &str) {
        url.clone_into(&mut self.0.write().unwrap());
    }

    fn to(&self, path: &str) -> String {
        format!("{}{path}", self.0.read().unwrap())
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Whether an earlier request with the same key did the work.
    pub replayed: bool,
    /// The body; `null` when there is none.
    pub body: Value,
}

impl Answer {
    async fn read(response: Response) -> reqwest::Result<Self> {
        let status = response.status().as_u16();
        let replayed = response.headers().get("idempotent-replayed").is_some_and(|value| value == "true");
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Self { status, replayed, body })
    }

    /// The body of an answer that must be a success.
    pub fn done(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:#?}");
        self.body
    }

    /// Status and code of an answer that must be a problem.
    pub fn refused(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_else(|| panic!("no problem: {self:#?}")))
    }
}

/// Somebody with a key or a session.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    door: Door,
    token: String,
}

impl Client {
    /// A caller who is not signed in yet.
    pub fn new(door: &Door) -> Self {
        // Another test of this process may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { http: reqwest::Client::new(), door: door.clone(), token: String::new() }
    }

    /// The same, with a key or session token.
    pub fn with_token(&self, token: &Value) -> Self {
        Self { token: token.as_str().unwrap().to_owned(), ..self.clone() }
    }

    /// Any request; with `key`, one that may be repeated. An error is no answer.
    pub async fn ask(&self, method: Method, path: &str, body: &Value, key: &str) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, self.door.to(path));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        Answer::read(request.send().await?).await
    }

    /// Reads what must be there.
    pub async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, &Value::Null, "").await.unwrap().done()
    }

    /// Posts, and takes any answer.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, body, "").await.unwrap()
    }

    /// Puts what must be accepted.
    pub async fn put(&self, path: &str, body: &Value) -> Value {
        self.ask(Method::PUT, path, body, "").await.unwrap().done()
    }

    /// Deletes what must be there.
    pub async fn delete(&self, path: &str) {
        self.ask(Method::DELETE, path, &Value::Null, "").await.unwrap().done();
    }

    /// A run.
    pub async fn run(&self, id: &Value) -> Value {
        self.get(&format!("/v1/runs/{}", id.as_str().unwrap())).await
    }

    /// A command on a run, with any answer.
    pub async fn command(&self, run: &Value, command: &str, body: &Value) -> Answer {
        self.post(&format!("/v1/runs/{}/{command}", run["id"].as_str().unwrap()), body).await
    }

    /// Waits until a run is as asked; the test ends when it never is.
    pub async fn until(&self, id: &Value, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let run = self.run(id).await;
            if is(&run) {
                return run;
            }
            assert!(Instant::now() < end, "the run is not {what}: {run:#}");
            sleep(POLL).await;
        }
    }
}
