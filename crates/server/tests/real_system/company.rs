//! The people, the agent and the rules around one connector, set up through the API as an administrator would.

use serde_json::{Value, json};

use crate::client::{Client, Door};

/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery staple";
/// The workflow in which the agent works.
pub const WORKFLOW: &str = "triage";

/// Who takes part.
pub struct Company {
    /// Proposes.
    pub agent: Client,
    /// Answers for the agent; pauses, tries again, rolls back.
    pub operator: Client,
    /// Approves, as the one support lead.
    pub lead: Client,
}

impl Company {
    /// Fills an empty workspace. `connector` is the body of `POST /v1/connectors`, `rules` a policy set in Cedar.
    pub async fn found(door: &Door, connector: &Value, rules: &str) -> Self {
        let admin = sign_in(door, "admin").await;
        let lead = add_person(&admin, "mei", "viewer").await;
        let operator = add_person(&admin, "omar", "operator").await;
        add_person(&admin, "carla", "policy_author").await;
        made(&admin, "/v1/groups", json!({ "name": "support-leads", "title": "Support leads" })).await;
        let member = format!("/v1/groups/support-leads/members/{}", lead.as_str().unwrap());
        admin.put(&member, &json!({})).await;
        made(&admin, "/v1/workflows", json!({ "name": WORKFLOW, "title": "Triage" })).await;
        made(&admin, "/v1/connectors", connector.clone()).await;
        // One person publishes, another one brings it into force.
        let rules = made(&admin, "/v1/policies", json!({ "title": "Rules", "text": rules })).await;
        let activate = format!("/v1/policies/{}/activate", rules["digest"].as_str().unwrap());
        sign_in(door, "carla").await.post(&activate, &json!({})).await.done();
        let agent =
            json!({ "kind": "agent", "name": "triage-agent", "title": "Triage agent", "owner": operator });
        let agent = made(&admin, "/v1/principals", agent).await;
        let key = json!({ "principal": agent["id"], "label": "test", "workflows": [WORKFLOW] });
        let key = made(&admin, "/v1/keys", key).await;
        Self {
            agent: Client::new(door).with_token(&key["secret"]),
            operator: sign_in(door, "omar").await,
            lead: sign_in(door, "mei").await,
        }
    }

    /// The lead's approval of the plan that `run` shows; it must be taken.
    pub async fn approve(&self, run: &Value) -> Value {
        let verdict =
            json!({ "verdict": "approve", "plan_digest": run["plan_digest"], "rationale": "I checked it" });
        self.lead.command(run, "approvals", &verdict).await.done()
    }

    /// The operator stops every new write of a connector.
    pub async fn pause(&self, connector: &str) {
        self.operator.post("/v1/pauses", &json!({ "kind": "connector", "id": connector })).await.done();
    }

    /// The operator lets a connector write again.
    pub async fn resume(&self, connector: &str) {
        self.operator.delete(&format!("/v1/pauses/connector/{connector}")).await;
    }
}

/// A proposal of these mutations.
pub fn proposal(mutations: Vec<Value>) -> Value {
    json!({
        "workflow": WORKFLOW, "reason": "The customer asked for it", "confidence_bp": 9_000,
        "plan": { "mutations": mutations },
    })
}

async fn sign_in(door: &Door, username: &str) -> Client {
    let client = Client::new(door);
    let credentials = json!({ "username": username, "password": PASSWORD, "bearer": true });
    let session = made(&client, "/v1/sessions", credentials).await;
    client.with_token(&session["token"])
}

async fn add_person(admin: &Client, username: &str, role: &str) -> Value {
    let person = json!({
        "kind": "person", "username": username, "name": username, "password": PASSWORD, "roles": [role],
    });
    made(admin, "/v1/principals", person).await["id"].clone()
}

async fn made(client: &Client, path: &str, body: Value) -> Value {
    client.post(path, &body).await.done()
}
