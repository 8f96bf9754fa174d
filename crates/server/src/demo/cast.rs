//! The people, agents, groups, connectors and rules of the stories, set up through the public API.

use serde::Deserialize;
use serde_json::{Value, json};
use simulators::{salesforce, zendesk};

use super::Result;
use super::world::{ADMIN_PASSWORD, World};
use crate::cli::client::Client;

/// The password of everybody but the administrator.
pub const PASSWORD: &str = "northwind people demo";

/// Who plays.
pub struct Cast {
    /// Lead of the help desk, and of the deal desk.
    pub maya: Client,
    /// The same.
    pub tom: Client,
    /// Operator: answers for the agents, takes over, undoes.
    pub ines: Client,
    /// Looks after tickets.
    pub triage: Client,
    /// Looks after renewals.
    pub renewal: Client,
    /// The key of the triage agent, for the examples at the end.
    pub triage_key: String,
    /// Everybody who can sign in: user name, name, what they are.
    pub people: [(&'static str, &'static str, &'static str); 4],
    /// Digest of the policy set in force.
    pub policy: String,
}

#[derive(Deserialize)]
struct Session {
    token: String,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Key {
    secret: String,
}

#[derive(Deserialize)]
struct Published {
    digest: String,
}

const MAYA: &str = "maya";
const TOM: &str = "tom";
const INES: &str = "ines";

impl Cast {
    /// Makes everybody and everything that the stories need.
    pub async fn assemble(world: &World) -> Result<Self> {
        let client = Client::new(&world.url(), None)?;
        let admin = sign_in(&client, "admin", ADMIN_PASSWORD).await?;
        let maya_id = person(&admin, MAYA, "Maya Lindqvist", &["viewer"]).await?;
        let tom_id = person(&admin, TOM, "Tom Okafor", &["viewer"]).await?;
        let ines_id = person(&admin, INES, "Ines Duarte", &["operator"]).await?;
        for (group, title) in [("support-leads", "Support leads"), ("deal-desk", "Deal desk")] {
            admin.post(&["v1", "groups"], json!({ "name": group, "title": title })).send().await?;
            for id in [&maya_id, &tom_id] {
                admin.put(&["v1", "groups", group, "members", id], json!({})).send().await?;
            }
        }
        for (name, title) in [("triage", "Ticket triage"), ("renewals", "Contract renewals")] {
            admin.post(&["v1", "workflows"], json!({ "name": name, "title": title })).send().await?;
        }
        connect(&admin, world).await?;
        let policy = rules(&admin).await?;
        let triage_key =
            agent(&admin, &ines_id, "triage-agent", "support-agents", "triage", "help-desk").await?;
        let renewal_key =
            agent(&admin, &ines_id, "renewal-agent", "sales-agents", "renewals", "crm-main").await?;
        Ok(Self {
            maya: sign_in(&client, MAYA, PASSWORD).await?,
            tom: sign_in(&client, TOM, PASSWORD).await?,
            ines: sign_in(&client, INES, PASSWORD).await?,
            triage: client.with_token(triage_key.clone()),
            renewal: client.with_token(renewal_key),
            triage_key,
            people: [
                ("admin", "Administrator", "sets everything up, approves nothing"),
                (MAYA, "Maya Lindqvist", "in support-leads and deal-desk"),
                (TOM, "Tom Okafor", "in support-leads and deal-desk"),
                (INES, "Ines Duarte", "operator, answers for both agents"),
            ],
            policy,
        })
    }
}

async fn sign_in(client: &Client, username: &str, password: &str) -> Result<Client> {
    let body = json!({ "username": username, "password": password, "bearer": true });
    let session: Session = client.post(&["v1", "sessions"], body).read().await?;
    Ok(client.with_token(session.token))
}

async fn person(admin: &Client, username: &str, name: &str, roles: &[&str]) -> Result<String> {
    let body =
        json!({ "kind": "person", "username": username, "name": name, "password": PASSWORD, "roles": roles });
    let made: Made = admin.post(&["v1", "principals"], body).read().await?;
    Ok(made.id)
}

/// An agent with a key that is bound to one workflow and one connector.
async fn agent(
    admin: &Client,
    owner: &str,
    name: &str,
    team: &str,
    workflow: &str,
    connector: &str,
) -> Result<String> {
    let body = json!({ "kind": "agent", "name": name, "title": name, "owner": owner, "teams": [team] });
    let made: Made = admin.post(&["v1", "principals"], body).read().await?;
    let body = json!({
        "principal": made.id, "label": "demo", "workflows": [workflow], "connectors": [connector], "actions": [],
    });
    let key: Key = admin.post(&["v1", "keys"], body).read().await?;
    Ok(key.secret)
}

async fn connect(admin: &Client, world: &World) -> Result {
    let connectors = [
        (
            "help-desk",
            "zendesk",
            world.help_desk.base_url(),
            json!({ "scheme": "email_token", "email": zendesk::AGENT_EMAIL, "token": zendesk::API_TOKEN }),
        ),
        (
            "crm-main",
            "salesforce",
            world.crm.base_url(),
            json!({
                "scheme": "client_credentials",
                "client_id": salesforce::CLIENT_ID, "client_secret": salesforce::CLIENT_SECRET,
            }),
        ),
    ];
    for (name, system, base_url, credentials) in connectors {
        let body = json!({
            "name": name, "system": system, "environment": "simulation",
            "base_url": base_url, "credentials": credentials,
        });
        admin.post(&["v1", "connectors"], body).send().await?;
    }
    Ok(())
}

/// Publishes the starter set with its cases and brings it into force: the one case in which nobody else must look.
async fn rules(admin: &Client) -> Result<String> {
    let cases: Vec<&str> = policy::starter_cases().into_iter().map(|(_, text)| text).collect();
    let body = json!({ "title": "Starter rules", "text": policy::starter(), "cases": cases });
    let published: Published = admin.post(&["v1", "policies"], body).read().await?;
    admin
        .post(&["v1", "policies", &published.digest, "activate"], Value::Object(serde_json::Map::new()))
        .send()
        .await?;
    Ok(published.digest)
}
