//! A server on a fresh data directory, and a small company on it: a simulated help desk, an agent and four people.

use std::path::Path;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use server::config::Config;
use server::wiring::Server;
use simulators::{Kind, Simulator};

pub const PASSWORD: &str = "correct horse battery staple";

/// A server with nothing but its first person.
pub struct Bare {
    pub server: Option<Server>,
    pub client: Client,
    pub base: String,
    /// The session token of `admin`.
    pub admin: String,
    pub dir: tempfile::TempDir,
}

/// The company.
pub struct World {
    pub bare: Bare,
    pub desk: Simulator,
    /// Answers for the agent; an operator and a support lead.
    pub olga: Person,
    /// A viewer and support lead.
    pub maya: Person,
    /// An operator and support lead.
    pub tom: Person,
    /// The key of the agent.
    pub agent: String,
    pub agent_id: String,
}

/// A person with their session.
#[derive(Clone)]
pub struct Person {
    pub id: String,
    pub token: String,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Reply {
    /// The body of an answer with this status; the test ends at any other.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        self.body
    }

    /// Checks that the answer is the problem with this code, as the error index has it.
    #[track_caller]
    pub fn refused(self, code: &str) -> Value {
        assert_eq!(self.body["code"], code, "{} {:#}", self.status, self.body);
        let known = engine::Code::parse(code).unwrap();
        assert_eq!(self.status.as_u16(), known.status());
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["type"], format!("/errors/{code}"));
        assert_eq!(self.body["request_id"], self.headers["x-request-id"].to_str().unwrap());
        self.body
    }
}

pub async fn start(data: &Path, change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config { data: data.to_owned(), ..Config::default() };
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    change(&mut config);
    Server::start(config, Some(PASSWORD.to_owned())).await.unwrap()
}

impl Bare {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = start(dir.path(), change).await;
        let base = format!("http://{}", server.addr());
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(40)).build().unwrap();
        let mut bare = Self { server: Some(server), client, base, admin: String::new(), dir };
        bare.admin = bare.sign_in("admin").await;
        bare
    }

    /// Stops the server and starts another one on the same data.
    pub async fn restart(&mut self) {
        self.restart_with(|_| {}).await;
    }

    /// Does so with other settings.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Config)) {
        self.server.take().unwrap().stop().await;
        let server = start(self.dir.path(), change).await;
        self.base = format!("http://{}", server.addr());
        self.server = Some(server);
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Reply { status, headers, body }
    }

    pub async fn get(&self, token: &str, path: &str) -> Reply {
        self.send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    pub async fn post(&self, token: &str, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::POST, path).bearer_auth(token).json(&body)).await
    }

    pub async fn put(&self, token: &str, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::PUT, path).bearer_auth(token).json(&body)).await
    }

    pub async fn patch(&self, token: &str, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::PATCH, path).bearer_auth(token).json(&body)).await
    }

    pub async fn delete(&self, token: &str, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path).bearer_auth(token)).await
    }

    /// A session token.
    pub async fn sign_in(&self, username: &str) -> String {
        let body = json!({ "username": username, "password": PASSWORD, "bearer": true });
        let reply = self.send(self.request(Method::POST, "/v1/sessions").json(&body)).await;
        reply.expect(201)["token"].as_str().unwrap().to_owned()
    }

    pub async fn person(&self, username: &str, name: &str, roles: &[&str]) -> Person {
        let body = json!({
            "kind": "person", "username": username, "name": name, "password": PASSWORD, "roles": roles,
        });
        let made = self.post(&self.admin, "/v1/principals", body).await.expect(201);
        Person { id: text(&made["id"]), token: self.sign_in(username).await }
    }

    /// The id of a new agent, and its key.
    pub async fn agent(&self, name: &str, owner: Option<&Person>) -> (String, String) {
        let mut body = json!({ "kind": "agent", "name": name, "title": name });
        if let Some(owner) = owner {
            body["owner"] = owner.id.clone().into();
        }
        let id = text(&self.post(&self.admin, "/v1/principals", body).await.expect(201)["id"]);
        let body = json!({ "principal": id, "label": "test" });
        let secret = text(&self.post(&self.admin, "/v1/keys", body).await.expect(201)["secret"]);
        (id, secret)
    }

    pub async fn add_help_desk(&self, name: &str, desk: &Simulator) {
        let body = json!({
            "name": name, "system": "zendesk", "environment": "simulation", "base_url": desk.base_url(),
            "credentials": {
                "scheme": "email_token", "email": simulators::zendesk::AGENT_EMAIL,
                "token": simulators::zendesk::API_TOKEN,
            },
        });
        self.post(&self.admin, "/v1/connectors", body).await.expect(201);
    }

    pub async fn activate_starter(&self) -> String {
        let body = json!({ "title": "Starter", "text": policy::starter() });
        let digest = text(&self.post(&self.admin, "/v1/policies", body).await.expect(201)["digest"]);
        self.post(&self.admin, &format!("/v1/policies/{digest}/activate"), json!({})).await.expect(200);
        digest
    }
}

impl World {
    pub async fn start() -> Self {
        Self::on(Bare::start().await).await
    }

    pub async fn on(bare: Bare) -> Self {
        let desk = simulators::start(Kind::Zendesk, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        bare.add_help_desk("help-desk", &desk).await;
        bare.activate_starter().await;
        bare.post(&bare.admin, "/v1/workflows", json!({ "name": "triage", "title": "Triage" }))
            .await
            .expect(201);
        let olga = bare.person("olga", "Olga Petrova", &["operator"]).await;
        let maya = bare.person("maya", "Maya Lindqvist", &["viewer"]).await;
        let tom = bare.person("tom", "Tom Okafor", &["operator"]).await;
        let (agent_id, agent) = bare.agent("triage-agent", Some(&olga)).await;
        let world = Self { bare, desk, olga, maya, tom, agent, agent_id };
        world.group("support-leads", &[&world.olga, &world.maya, &world.tom]).await;
        world
    }

    /// A group with members.
    pub async fn group(&self, name: &str, members: &[&Person]) {
        let admin = &self.admin;
        self.post(admin, "/v1/groups", json!({ "name": name, "title": name })).await.expect(201);
        for person in members {
            let path = format!("/v1/groups/{name}/members/{}", person.id);
            self.put(admin, &path, json!({})).await.expect(200);
        }
    }

    /// Proposes and answers the run, which must have been made.
    pub async fn propose(&self, token: &str, body: Value) -> Value {
        self.post(token, "/v1/runs", body).await.expect(201)
    }

    pub async fn show(&self, run: &Value) -> Value {
        self.get(&self.tom.token, &self_link(run)).await.expect(200)
    }

    /// The run once it is closed or needs a person.
    pub async fn waited(&self, run: &Value) -> Value {
        let request = self.request(Method::GET, &self_link(run)).bearer_auth(&self.tom.token);
        self.send(request.header("prefer", "wait=20")).await.expect(200)
    }

    pub async fn verdict(&self, person: &Person, run: &Value, verdict: &str) -> Reply {
        let body = json!({
            "verdict": verdict, "plan_digest": run["plan_digest"], "rationale": "I looked at it",
        });
        self.post(&person.token, &format!("{}/approvals", self_link(run)), body).await
    }

    /// A command on a run that names the plan.
    pub async fn command(&self, token: &str, run: &Value, command: &str) -> Reply {
        let body = json!({ "plan_digest": run["plan_digest"] });
        self.post(token, &format!("{}/{command}", self_link(run)), body).await
    }
}

impl std::ops::Deref for World {
    type Target = Bare;

    fn deref(&self) -> &Bare {
        &self.bare
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

pub fn self_link(run: &Value) -> String {
    text(&run["links"]["self"])
}

/// A proposal to change a ticket.
pub fn change(ticket: &str, changes: Value) -> Value {
    json!({
        "workflow": "triage", "reason": "The customer asked for it", "confidence_bp": 9000,
        "plan": { "mutations": [{
            "connector": "help-desk", "object": "ticket", "id": ticket, "kind": "update", "changes": changes,
        }]},
    })
}

/// An everyday edit, which the starter policies let run by itself.
pub fn tag(tags: &[&str]) -> Value {
    change("48213", json!({ "tags": tags }))
}

/// Solving a ticket, which a support lead must approve.
pub fn solve() -> Value {
    change("48213", json!({ "status": "solved" }))
}
