//! People, agents, groups, keys, workflows, pauses.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::{Call, Reply};
use super::failure::{Ending, Result};
use super::output::{ask_hidden, stdout};
use super::paint::{BOLD, CYAN, GREEN, Lines, YELLOW, paint, printable};
use super::view::Page;
use super::{Context, render, seen, words};

/// People, agents and services.
#[derive(Debug, Subcommand)]
pub enum Users {
    /// Everybody
    List,
    /// One of them
    Show {
        /// The id
        id: String,
    },
    /// A person with a password; it is asked for
    AddPerson {
        /// For sign-in
        username: String,
        /// As shown
        #[arg(long)]
        name: String,
        /// Where notices go
        #[arg(long)]
        email: Option<String>,
        /// viewer, auditor, operator, policy_author or admin; may be repeated
        #[arg(long = "role")]
        roles: Vec<String>,
    },
    /// An agent
    AddAgent(Program),
    /// A service
    AddService(Program),
    /// Close an account
    Disable {
        /// The id
        id: String,
    },
    /// Open it again
    Enable {
        /// The id
        id: String,
    },
}

/// A program that proposes.
#[derive(Debug, Args)]
pub struct Program {
    /// Its name, a slug
    name: String,
    /// As shown
    #[arg(long)]
    title: String,
    /// The person who answers for it, by id; you when left out
    #[arg(long)]
    owner: Option<String>,
    /// A team that policies know; may be repeated
    #[arg(long = "team")]
    teams: Vec<String>,
}

/// Groups of approvers.
#[derive(Debug, Subcommand)]
pub enum Groups {
    /// All groups
    List,
    /// One with its members
    Show {
        /// Its name
        name: String,
    },
    /// A new one
    Add {
        /// Its name, a slug
        name: String,
        /// As shown
        #[arg(long)]
        title: String,
    },
    /// Enroll a person
    Enroll {
        /// The group
        group: String,
        /// The person, by id
        person: String,
    },
    /// Take a person out
    Remove {
        /// The group
        group: String,
        /// The person, by id
        person: String,
    },
}

/// API keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// All keys, without their secrets
    List,
    /// A new one; its secret is shown once
    Issue {
        /// The agent or service, by id
        principal: String,
        /// What it is for
        #[arg(long)]
        label: String,
        /// Only for this workflow; may be repeated
        #[arg(long = "workflow")]
        workflows: Vec<String>,
        /// Only for this connector; may be repeated
        #[arg(long = "connector")]
        connectors: Vec<String>,
        /// Only for this action; may be repeated
        #[arg(long = "action")]
        actions: Vec<String>,
        /// How long it lives, in days
        #[arg(long)]
        days: Option<u32>,
    },
    /// End a key at once
    Revoke {
        /// Its id
        id: String,
    },
}

/// Registered workflows.
#[derive(Debug, Subcommand)]
pub enum Workflows {
    /// All of them
    List,
    /// A new one
    Add {
        /// Its name, a slug
        name: String,
        /// As shown
        #[arg(long)]
        title: String,
    },
}

/// What can be paused.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PauseKind {
    Workspace,
    Agent,
    Connector,
    Lane,
}

/// What is paused.
#[derive(Debug, Args)]
pub struct Pause {
    /// What kind of thing
    kind: PauseKind,
    /// Which one: a name or id
    id: String,
    /// Why
    #[arg(long, short = 'm')]
    rationale: Option<String>,
}

pub(super) async fn users(context: &Context, command: Users) -> Result {
    let client = &context.client;
    let all = ["v1", "principals"];
    match command {
        Users::List => {
            list(context, client.get(&all), &["kind", "id", "name", "username", "title", "disabled"]).await
        }
        Users::Show { id } => show(context, client.get(&["v1", "principals", &id])).await,
        Users::AddPerson { username, name, email, roles } => {
            let password = ask_hidden(&format!("Password for {username}"))?;
            let mut body = json!({ "kind": "person", "username": username, "name": name, "roles": roles });
            put(&mut body, "password", Some(password.into()));
            put(&mut body, "email", email.map(Value::from));
            made(context, client.post(&all, body)).await
        }
        Users::AddAgent(program) => made(context, client.post(&all, program.body("agent"))).await,
        Users::AddService(program) => made(context, client.post(&all, program.body("service"))).await,
        Users::Disable { id } => {
            show(context, client.patch(&["v1", "principals", &id], json!({ "disabled": true }))).await
        }
        Users::Enable { id } => {
            show(context, client.patch(&["v1", "principals", &id], json!({ "disabled": false }))).await
        }
    }
}

impl Program {
    fn body(self, kind: &str) -> Value {
        let mut body = json!({ "kind": kind, "name": self.name, "title": self.title, "teams": self.teams });
        put(&mut body, "owner", self.owner.map(Value::from));
        body
    }
}

pub(super) async fn groups(context: &Context, command: Groups) -> Result {
    let client = &context.client;
    match command {
        Groups::List => list(context, client.get(&["v1", "groups"]), &["name", "title", "members"]).await,
        Groups::Show { name } => show(context, client.get(&["v1", "groups", &name])).await,
        Groups::Add { name, title } => {
            made(context, client.post(&["v1", "groups"], json!({ "name": name, "title": title }))).await
        }
        Groups::Enroll { group, person } => {
            done(context, client.put(&["v1", "groups", &group, "members", &person], json!({})), "Enrolled.")
                .await
        }
        Groups::Remove { group, person } => {
            done(context, client.delete(&["v1", "groups", &group, "members", &person]), "Removed.").await
        }
    }
}

pub(super) async fn keys(context: &Context, command: Keys) -> Result {
    let client = &context.client;
    match command {
        Keys::List => {
            let columns = ["id", "principal", "label", "workflows", "connectors", "expires", "revoked"];
            list(context, client.get(&["v1", "keys"]), &columns).await
        }
        Keys::Issue { principal, label, workflows, connectors, actions, days } => {
            let mut body = json!({
                "principal": principal, "label": label,
                "workflows": workflows, "connectors": connectors, "actions": actions,
            });
            put(&mut body, "expires_in_s", days.map(|days| (u64::from(days) * 86_400).into()));
            let reply = client.post(&["v1", "keys"], body).send().await?;
            let value: Value = reply.read()?;
            let text =
                |name: &str| value.get(name).and_then(Value::as_str).map(printable).unwrap_or_default();
            context.output.answer(&reply, || {
                Ok(format!(
                    "{}  {}\n{}\n",
                    paint(CYAN, &text("id")),
                    paint(BOLD, &text("secret")),
                    paint(YELLOW, "This secret is shown once. Keep it where the agent finds it.")
                ))
            })
        }
        Keys::Revoke { id } => done(context, client.delete(&["v1", "keys", &id]), "Revoked.").await,
    }
}

pub(super) async fn workflows(context: &Context, command: Workflows) -> Result {
    let client = &context.client;
    match command {
        Workflows::List => {
            list(context, client.get(&["v1", "workflows"]), &["name", "title", "created"]).await
        }
        Workflows::Add { name, title } => {
            made(context, client.post(&["v1", "workflows"], json!({ "name": name, "title": title }))).await
        }
    }
}

impl Pause {
    pub(super) async fn set(self, context: &Context) -> Result {
        let mut body = seen::body([("rationale", self.rationale.as_deref().map(Value::from))]);
        body.insert("kind".to_owned(), self.word().into());
        body.insert("id".to_owned(), self.id.clone().into());
        let told = format!("Paused: no new attempt of {} `{}` starts.", self.word(), printable(&self.id));
        done(context, context.client.post(&["v1", "pauses"], Value::Object(body)), &told).await
    }

    pub(super) async fn lift(self, context: &Context) -> Result {
        let call = context.client.delete(&["v1", "pauses", self.word(), &self.id]);
        let told = format!("Resumed: {} `{}` goes on.", self.word(), printable(&self.id));
        done(context, call, &told).await
    }

    fn word(&self) -> &'static str {
        match self.kind {
            PauseKind::Workspace => "workspace",
            PauseKind::Agent => "agent",
            PauseKind::Connector => "connector",
            PauseKind::Lane => "lane",
        }
    }
}

fn put(body: &mut Value, name: &str, value: Option<Value>) {
    if let Some(members) = body.as_object_mut() {
        members.extend(value.map(|value| (name.to_owned(), value)));
    }
}

/// A list as a table of some of its members.
pub(super) async fn list(context: &Context, call: Call<'_>, columns: &[&str]) -> Result {
    let reply = call.query("limit", "200").send().await?;
    let page: Page<Value> = reply.read()?;
    context.output.answer(&reply, || {
        let cell = |item: &Value, name: &str| item.get(name).map(plain).unwrap_or_default();
        let rows: Vec<Vec<String>> =
            page.items.iter().map(|item| columns.iter().map(|name| cell(item, name)).collect()).collect();
        Ok(render::table(columns, &rows, 0))
    })
}

/// One document, member by member.
pub(super) async fn show(context: &Context, call: Call<'_>) -> Result {
    let reply = call.send().await?;
    told(context, &reply, "")
}

async fn made(context: &Context, call: Call<'_>) -> Result {
    let reply = call.send().await?;
    told(context, &reply, "Made.")
}

/// A command whose answer says nothing that its success does not.
pub(super) async fn done(context: &Context, call: Call<'_>, told: &str) -> Result {
    let reply = call.send().await?;
    if context.output.is_json() {
        return context.output.answer(&reply, || Ok(String::new()));
    }
    stdout(&format!("{} {told}\n", paint(GREEN, "✓")));
    Ok(Ending::Done)
}

fn told(context: &Context, reply: &Reply, head: &str) -> Result {
    let value: Value = reply.read()?;
    context.output.answer(reply, || {
        let mut text =
            if head.is_empty() { String::new() } else { format!("{} {head}\n", paint(GREEN, "✓")) };
        for (name, value) in value.as_object().into_iter().flatten() {
            text.line(format!("  {}: {}", printable(name), plain(value)));
        }
        Ok(text)
    })
}

/// A value in a line; objects by the name that they go by.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(truth) => if *truth { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.parse::<Timestamp>().is_ok() => words::moment(text),
        Value::String(text) => printable(text),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let name = ["name", "title", "person", "id"].iter().find_map(|name| members.get(*name));
            name.map_or_else(|| printable(&value.to_string()), plain)
        }
    }
}
