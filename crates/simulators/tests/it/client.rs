//! A client of a simulated system, for the tests.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use simulators::{Fault, Kind, Simulator, salesforce, start, zendesk};

/// A running simulator and a client that is signed in.
pub struct Desk {
    pub simulator: Simulator,
    http: Client,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Reply {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Desk {
    pub async fn start(kind: Kind) -> Self {
        let simulator = start(kind, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        // The client wants a provider for TLS even when it only speaks HTTP. A second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().build().unwrap();
        Self { simulator, http }
    }

    /// A request without credentials.
    pub fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, format!("{}{path}", self.simulator.base_url()))
    }

    /// A request with the kind's bearer token.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let token = match self.simulator.kind() {
            Kind::Zendesk => zendesk::BEARER_TOKEN,
            Kind::Salesforce => salesforce::ACCESS_TOKEN,
        };
        self.bare(method, path).bearer_auth(token)
    }

    pub async fn get(&self, path: &str) -> Reply {
        send(self.request("GET", path)).await.unwrap()
    }

    pub async fn ask(&self, method: &str, path: &str, body: Value) -> Reply {
        send(self.request(method, path).json(&body)).await.unwrap()
    }

    /// The same, but gives up after the time.
    pub async fn ask_within(
        &self,
        wait: Duration,
        method: &str,
        path: &str,
        body: Value,
    ) -> Result<Reply, reqwest::Error> {
        send(self.request(method, path).json(&body).timeout(wait)).await
    }

    pub fn arm(&self, fault: Fault) {
        self.simulator.faults().arm(fault).unwrap();
    }
}

pub async fn send(request: RequestBuilder) -> Result<Reply, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Reply { status, headers, text: response.text().await? })
}
