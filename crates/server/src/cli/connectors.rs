//! Connectors: which there are, what they may do, whether they are ready.

use std::path::{Path, PathBuf};

use ::policy::ActionShape;
use clap::{Args, Subcommand};
use connectors::manifest::Manifest;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Context;
use super::admin;
use super::failure::{Ending, Failure, Result};
use super::output::stdout;
use super::paint::{BOLD, DIM, GREEN, Lines, RED, YELLOW, paint, printable};
use super::plan;
use super::render;

/// Connectors.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// All of them
    List,
    /// What one may read and do
    Show {
        /// Its name
        name: String,
    },
    /// Ask the system of record whether it would work
    Check {
        /// Its name
        name: String,
    },
    /// Make a connector, or change one
    Configure(Configure),
    /// Check a manifest file of your own, without a server
    Validate {
        /// The file
        manifest: PathBuf,
    },
}

/// A connector and where it points.
#[derive(Debug, Args)]
pub struct Configure {
    /// Its name, a slug
    name: String,
    /// The kind of software, such as `zendesk`
    #[arg(long)]
    system: String,
    /// simulation, sandbox or production
    #[arg(long)]
    environment: String,
    /// The base URL
    #[arg(long)]
    base_url: String,
    /// Read the credentials from a JSON file; `-` is standard input. Left out, the stored ones stay
    #[arg(long)]
    credentials: Option<String>,
    /// Change the connector of that name
    #[arg(long)]
    replace: bool,
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    let client = &context.client;
    match command {
        Command::List => {
            let columns = ["name", "system", "environment", "base_url", "paused"];
            admin::list(context, client.get(&["v1", "connectors"]), &columns).await
        }
        Command::Show { name } => {
            let reply = client.get(&["v1", "connectors", &name]).send().await?;
            let value: Value = reply.read()?;
            context.output.answer(&reply, || Ok(described(&value, Timestamp::now())))
        }
        Command::Check { name } => {
            let reply = client.post(&["v1", "connectors", &name, "check"], json!({})).send().await?;
            let value: Value = reply.read()?;
            context.output.answer(&reply, || Ok(readiness(&value, Timestamp::now())))
        }
        Command::Configure(configure) => configure.run(context).await,
        Command::Validate { manifest } => validate(context, &manifest),
    }
}

/// Reads a manifest as a server would, and says which actions it gives.
fn validate(context: &Context, path: &Path) -> Result {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|fault| Failure::Usage(format!("cannot read `{file}`: {fault}")))?;
    let manifest = Manifest::parse(&file, &text)
        .map_err(|faults| Failure::other(format!("the manifest does not load:\n{faults}")))?;
    let actions: Vec<String> = manifest.policy_shapes().iter().map(ActionShape::id).collect();
    if context.output.is_json() {
        let told = json!({
            "system": manifest.system.as_str(), "digest": manifest.digest.to_string(), "actions": actions,
        });
        stdout(&format!("{told}\n"));
        return Ok(Ending::Done);
    }
    let digest = paint(DIM, &manifest.digest.to_string());
    stdout(&format!("{} `{}` loads · digest {digest}\n", paint(GREEN, "✓"), manifest.system));
    for action in actions {
        stdout(&format!("  {action}\n"));
    }
    Ok(Ending::Done)
}

impl Configure {
    async fn run(self, context: &Context) -> Result {
        let mut body =
            json!({ "system": self.system, "environment": self.environment, "base_url": self.base_url });
        if let Some(members) = body.as_object_mut() {
            if let Some(file) = &self.credentials {
                members.insert("credentials".to_owned(), plan::read(file)?);
            }
            if !self.replace {
                members.insert("name".to_owned(), self.name.clone().into());
            }
        }
        let call = if self.replace {
            context.client.put(&["v1", "connectors", &self.name], body)
        } else {
            context.client.post(&["v1", "connectors"], body)
        };
        admin::done(context, call, &format!("Connector `{}` is configured.", printable(&self.name))).await
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Members of an object, or items of a list with their names.
fn named<'a>(value: &'a Value, member: &str) -> Vec<(String, &'a Value)> {
    match value.get(member) {
        Some(Value::Object(members)) => members.iter().map(|(name, one)| (name.clone(), one)).collect(),
        Some(Value::Array(list)) => list.iter().map(|one| (text(one, "name").to_owned(), one)).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => Vec::new(),
    }
}

fn described(value: &Value, now: Timestamp) -> String {
    let mut shown = format!(
        "{}  {} · {} · {}\n",
        paint(BOLD, &printable(text(value, "name"))),
        printable(text(value, "system")),
        printable(text(value, "environment")),
        paint(DIM, &printable(text(value, "base_url")))
    );
    let paused =
        value.get("paused").is_some_and(|paused| !matches!(paused, Value::Null | Value::Bool(false)));
    if paused {
        shown.line(paint(YELLOW, "paused: no new attempt starts"));
    }
    shown.push_str(&readiness(value, now));
    for (name, object) in named(value, "objects") {
        shown.line(format!(
            "\n{}  {}",
            paint(BOLD, &printable(text(object, "label"))),
            paint(DIM, &printable(&name))
        ));
        let field = |(name, field): &(String, &Value)| {
            let writable = field.get("writable").and_then(Value::as_bool).unwrap_or_default();
            vec![
                printable(name),
                printable(text(field, "label")),
                field.get("type").map(admin::plain).unwrap_or_default(),
                if writable { paint(GREEN, "writable") } else { paint(DIM, "read") },
                printable(text(field, "sensitivity")),
            ]
        };
        let rows: Vec<_> = named(object, "fields").iter().map(field).collect();
        shown.push_str(&render::table(&["field", "label", "type", "access", "sensitivity"], &rows, 2));
        let action = |(name, action): &(String, &Value)| {
            let undo = action
                .get("undo")
                .map(|undo| undo.get("kind").map_or_else(|| admin::plain(undo), admin::plain));
            vec![
                printable(name),
                printable(text(action, "label")),
                printable(text(action, "guarantee")),
                undo.unwrap_or_default(),
            ]
        };
        let rows: Vec<_> = named(object, "actions").iter().map(action).collect();
        shown.push_str(&render::table(&["action", "label", "guarantee", "undo"], &rows, 2));
    }
    shown
}

/// Facts with their dates: what was found, whether that is good, and what to do for what is missing.
fn readiness(value: &Value, now: Timestamp) -> String {
    let mut shown = String::new();
    for (name, fact) in named(value, "readiness") {
        let ok = fact.get("ok").and_then(Value::as_bool).unwrap_or_default();
        let (detail, at, expires) = (text(fact, "detail"), text(fact, "at"), text(fact, "expires"));
        let expired = expires.parse::<Timestamp>().is_ok_and(|expires| expires <= now);
        let mark = match (ok, expired) {
            (true, false) => paint(GREEN, "✓"),
            (true, true) => paint(YELLOW, "✗"),
            (false, _) => paint(RED, "✗"),
        };
        let dates =
            if expired { format!("{at}, expired {expires}") } else { format!("{at}, expires {expires}") };
        let dates = paint(DIM, &printable(&dates));
        shown.line(format!("  {mark} {}  {} {dates}", printable(&name), printable(detail)));
    }
    let missing = named(value, "missing");
    for (name, how) in &missing {
        let how = how.as_str().unwrap_or_default();
        shown.line(format!("  {} {}: {}", paint(YELLOW, "·"), printable(name), printable(how)));
    }
    if !missing.is_empty() {
        shown.line(paint(DIM, "Runs prove what is missing: see docs/how-to/configure-a-connector.md"));
    }
    shown
}

#[cfg(test)]
mod tests;
