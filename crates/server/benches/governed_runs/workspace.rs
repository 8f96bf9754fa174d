//! The workspace under load, set up through the API as an administrator would: people, groups, agent, connector, rules.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use simulators::zendesk::BEARER_TOKEN;

use crate::client::{Connection, Request};

/// The password of everybody in this workspace.
pub const PASSWORD: &str = "correct horse battery staple";
/// The connector's name.
pub const CONNECTOR: &str = "help-desk";

/// What the starter rules allow one agent in an hour. A bench needs more; the counter is kept and read all the same.
const HOURLY_LIMIT: &str = "context.usage.agentHour > 200";
const NO_HOURLY_LIMIT: &str = "context.usage.agentHour > 1000000000";
/// One rule more, so that there is something that two people have to approve.
const TWO_PEOPLE: &str = r#"
@id("bench.ask.due")
@title("A due date moves")
@obligation("approval") @group("support-leads") @quorum("2") @expires("PT4H") @risk("medium")
forbid (principal, action == Action::"zendesk.ticket.update", resource)
when { context.changedFields.contains("due_at") }
unless { context.approved };
"#;

/// Who takes part in the load.
pub struct Workspace {
    /// Where the server listens.
    pub addr: SocketAddr,
    /// Who proposes.
    pub agents: Vec<Agent>,
    /// The people who approve, likewise.
    pub leads: [String; 2],
}

/// An agent with a workflow of its own.
pub struct Agent {
    /// Its key as an `authorization` header.
    pub authorization: String,
    /// Its workflow.
    pub workflow: String,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
struct Session {
    token: String,
}

#[derive(Deserialize)]
struct Key {
    secret: String,
}

#[derive(Deserialize)]
struct Policy {
    digest: String,
}

impl Workspace {
    /// Sets up an empty server, with the help desk that listens at `help_desk` and so many agents.
    ///
    /// In a `sandbox` each write waits until what allows it is under a signed head; in a `simulation` it does not.
    pub async fn set_up(
        addr: SocketAddr,
        help_desk: SocketAddr,
        agent_count: usize,
        environment: &str,
    ) -> Result<Self> {
        let admin = Api { addr, authorization: sign_in(addr, "admin").await? };
        let group = json!({ "name": "support-leads", "title": "Support leads" });
        admin.post::<Value>("/v1/groups", &group).await?;
        admin.post::<Value>("/v1/groups", &json!({ "name": "deal-desk", "title": "Deal desk" })).await?;
        let leads = [admin.add_lead("mei").await?, admin.add_lead("tomas").await?];
        admin.add_person("carla", "policy_author").await?;
        let desk = json!({
            "name": CONNECTOR, "system": "zendesk", "environment": environment,
            "base_url": format!("http://{help_desk}"),
            "credentials": { "scheme": "bearer", "token": BEARER_TOKEN },
        });
        // A connector to a sandbox needs rules that a second person has activated.
        admin.activate_rules().await?;
        admin.post::<Value>("/v1/connectors", &desk).await?;
        let mut agents = Vec::with_capacity(agent_count);
        for n in 1..=agent_count {
            agents.push(admin.add_agent(&format!("bench-{n}")).await?);
        }
        Ok(Self { addr, agents, leads })
    }
}

/// One person's calls.
struct Api {
    addr: SocketAddr,
    authorization: String,
}

impl Api {
    async fn call<T: DeserializeOwned>(&self, method: &str, path: &str, body: &Value) -> Result<T> {
        let request = Request::json(method, path, &self.authorization, body);
        let answer = Connection::open(self.addr).await?.send(&request).await?;
        answer.read().with_context(|| format!("{method} {path}"))
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        self.call("POST", path, body).await
    }

    async fn add_person(&self, username: &str, role: &str) -> Result<Id> {
        let person = json!({
            "kind": "person", "username": username, "name": username, "password": PASSWORD, "roles": [role],
        });
        self.post("/v1/principals", &person).await
    }

    /// Adds a person who may approve for the support leads, and signs them in.
    async fn add_lead(&self, username: &str) -> Result<String> {
        let person = self.add_person(username, "viewer").await?;
        let member = format!("/v1/groups/support-leads/members/{}", person.id);
        self.call::<Value>("PUT", &member, &json!({})).await?;
        sign_in(self.addr, username).await
    }

    /// Adds an agent with a key and a workflow of the same name.
    async fn add_agent(&self, name: &str) -> Result<Agent> {
        self.post::<Value>("/v1/workflows", &json!({ "name": name, "title": name })).await?;
        let agent = json!({ "kind": "agent", "name": name, "title": name, "teams": [] });
        let agent: Id = self.post("/v1/principals", &agent).await?;
        let key: Key = self.post("/v1/keys", &json!({ "principal": agent.id, "label": "bench" })).await?;
        Ok(Agent { authorization: bearer(&key.secret), workflow: name.to_owned() })
    }

    /// Publishes the rules as the administrator and puts them in force as somebody else.
    async fn activate_rules(&self) -> Result<()> {
        let starter = policy::starter();
        ensure!(starter.contains(HOURLY_LIMIT), "the starter rules no longer say `{HOURLY_LIMIT}`");
        let text = starter.replace(HOURLY_LIMIT, NO_HOURLY_LIMIT) + TWO_PEOPLE;
        let rules = json!({ "title": "Starter rules without the hourly limit", "text": text });
        let policy: Policy = self.post("/v1/policies", &rules).await?;
        let activate = format!("/v1/policies/{}/activate", policy.digest);
        let author = Self { addr: self.addr, authorization: sign_in(self.addr, "carla").await? };
        author.post::<Value>(&activate, &json!({})).await.map(|_| ())
    }
}

async fn sign_in(addr: SocketAddr, username: &str) -> Result<String> {
    let credentials = json!({ "username": username, "password": PASSWORD, "bearer": true });
    let request = Request::json("POST", "/v1/sessions", "", &credentials);
    let session: Session = Connection::open(addr).await?.send(&request).await?.read()?;
    Ok(bearer(&session.token))
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}\r\n")
}
