//! The REST client: one request, one answer. It knows paths and problems, and nothing of what they mean.

use std::time::Duration;

use reqwest::{Method, Url, redirect};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::{Failure, Problem, Result};

/// Longest time for an answer, the longest wait that can be asked for included.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Longest time for what goes through a whole log while the client waits.
const LONG_TIMEOUT: Duration = Duration::from_mins(10);
/// The longest `Prefer: wait` that the server grants: seconds.
pub const WAIT_S_MAX: u64 = 25;

/// A server, and who asks.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
}

/// A request in the making.
pub struct Call<'a> {
    client: &'a Client,
    method: Method,
    url: Url,
    body: Option<Value>,
    wait_s: Option<u64>,
    timeout: Duration,
    key: Option<String>,
}

/// A good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The body, verbatim.
    pub text: String,
    url: String,
}

impl Client {
    /// A client for the server at a base URL. The token stays with this server: no redirect is followed.
    pub fn new(base: &str, token: Option<String>) -> Result<Self> {
        // Somebody else in this process may have set the provider already; it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let no_url = || Failure::Usage(format!("`{base}` is no URL such as http://127.0.0.1:7380"));
        let parsed = Url::parse(base).map_err(|_| no_url())?;
        if parsed.cannot_be_a_base() || !matches!(parsed.scheme(), "http" | "https") {
            return Err(no_url());
        }
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy().build();
        let http = http.map_err(|source| Failure::Unreachable { url: base.to_owned(), source })?;
        Ok(Self { http, base: parsed, token })
    }

    /// The same server for somebody else.
    pub fn with_token(&self, token: String) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    /// The base URL without a slash at the end.
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// A GET of a path, given by its segments.
    pub fn get(&self, path: &[&str]) -> Call<'_> {
        self.call(Method::GET, path)
    }

    /// A POST.
    pub fn post(&self, path: &[&str], body: Value) -> Call<'_> {
        Call { body: Some(body), ..self.call(Method::POST, path) }
    }

    /// A PUT.
    pub fn put(&self, path: &[&str], body: Value) -> Call<'_> {
        Call { body: Some(body), ..self.call(Method::PUT, path) }
    }

    /// A PATCH.
    pub fn patch(&self, path: &[&str], body: Value) -> Call<'_> {
        Call { body: Some(body), ..self.call(Method::PATCH, path) }
    }

    /// A DELETE.
    pub fn delete(&self, path: &[&str]) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    /// A DELETE that says why.
    pub fn delete_because(&self, path: &[&str], rationale: &str) -> Call<'_> {
        let body = serde_json::json!({ "rationale": rationale });
        Call { body: Some(body), ..self.call(Method::DELETE, path) }
    }

    fn call(&self, method: Method, path: &[&str]) -> Call<'_> {
        let mut url = self.base.clone();
        // `new` excluded URLs that cannot have a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        Call { client: self, method, url, body: None, wait_s: None, timeout: TIMEOUT, key: None }
    }

    /// The stream of events after a position, as server-sent events.
    pub async fn stream(&self, after: Option<u64>) -> Result<reqwest::Response> {
        let mut call = self.get(&["v1", "stream"]);
        if let Some(after) = after {
            call = call.query("after", &after.to_string());
        }
        let request = call.request().header("accept", "text/event-stream");
        let response = request.send().await.map_err(|source| self.unreachable(source))?;
        if response.status().is_success() { Ok(response) } else { Err(self.refused(response).await) }
    }

    pub(super) fn unreachable(&self, source: reqwest::Error) -> Failure {
        Failure::Unreachable { url: self.base().to_owned(), source: source.without_url() }
    }

    async fn refused(&self, response: reqwest::Response) -> Failure {
        let status = response.status();
        let body = match response.text().await {
            Ok(body) => body,
            Err(source) => return self.unreachable(source),
        };
        match serde_json::from_str::<Problem>(&body).ok().filter(|problem| !problem.code.is_empty()) {
            Some(problem) => Failure::Problem { problem: Box::new(problem), body, status: status.as_u16() },
            None => Failure::Answer { url: self.base().to_owned(), what: format!("status {status}") },
        }
    }
}

impl Call<'_> {
    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Adds a query parameter if there is a value.
    pub fn query_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Waits on the server's side until the run needs somebody or is closed, at most so many seconds.
    pub fn wait(mut self, seconds: u64) -> Self {
        self.wait_s = Some(seconds.min(WAIT_S_MAX));
        self
    }

    /// Waits as long as the server may need to go through a whole log.
    pub fn long(self) -> Self {
        Self { timeout: LONG_TIMEOUT, ..self }
    }

    /// The same key again is answered like the first time, and does nothing.
    pub fn idempotent(mut self, key: Option<String>) -> Self {
        self.key = key;
        self
    }

    fn request(self) -> reqwest::RequestBuilder {
        let mut request = self.client.http.request(self.method, self.url);
        if let Some(token) = &self.client.token {
            request = request.bearer_auth(token);
        }
        if let Some(seconds) = self.wait_s {
            request = request.header("prefer", format!("wait={seconds}"));
        }
        if let Some(key) = &self.key {
            request = request.header("idempotency-key", key);
        }
        match &self.body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    /// Sends it.
    pub async fn send(self) -> Result<Reply> {
        let client = self.client;
        let timeout = self.timeout;
        let response = self.request().timeout(timeout).send().await;
        let response = response.map_err(|source| client.unreachable(source))?;
        if !response.status().is_success() {
            return Err(client.refused(response).await);
        }
        let text = response.text().await.map_err(|source| client.unreachable(source))?;
        Ok(Reply { text, url: client.base().to_owned() })
    }

    /// Fetches a file, with the value of one header of the answer.
    pub async fn download(self, header: &str) -> Result<(Vec<u8>, Option<String>)> {
        let client = self.client;
        let timeout = self.timeout;
        let response = self.request().timeout(timeout).send().await;
        let response = response.map_err(|source| client.unreachable(source))?;
        if !response.status().is_success() {
            return Err(client.refused(response).await);
        }
        let value = response.headers().get(header).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let bytes = response.bytes().await.map_err(|source| client.unreachable(source))?;
        Ok((bytes.to_vec(), value))
    }

    /// Sends it and reads the answer.
    pub async fn read<T: DeserializeOwned>(self) -> Result<T> {
        self.send().await?.read()
    }
}

impl Reply {
    /// The body as a type of ours.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.text)
            .map_err(|fault| Failure::Answer { url: self.url.clone(), what: fault.to_string() })
    }
}
