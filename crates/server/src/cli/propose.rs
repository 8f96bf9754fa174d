//! Propose a run, from flags for one mutation or from a file for any plan.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::failure::{Ending, Failure, Result};
use super::plan::{self, Target};
use super::view::Run;
use super::{Context, follow, render};

/// A proposal.
#[derive(Debug, Args)]
pub struct Propose {
    /// Read the whole proposal from a JSON or TOML file; `-` is standard input. Flags go on top of it
    #[arg(long, short)]
    file: Option<String>,
    /// The registered workflow
    #[arg(long)]
    workflow: Option<String>,
    /// Why this should happen
    #[arg(long, short = 'm')]
    reason: Option<String>,
    /// The connector
    #[arg(long)]
    connector: Option<String>,
    /// What kind of record
    #[arg(long)]
    object: Option<String>,
    /// The record's id; left out for a create
    #[arg(long)]
    id: Option<String>,
    /// `update`, `create`, `delete` or `invoke`; told from the rest when left out
    #[arg(long)]
    kind: Option<String>,
    /// A business action, such as `resolve`
    #[arg(long)]
    action: Option<String>,
    #[command(flatten)]
    target: Target,
    /// The agent's own estimate: `0.87` or `87%`
    #[arg(long, value_parser = confidence)]
    confidence: Option<u32>,
    /// What kind of caller this is
    #[arg(long)]
    source: Option<String>,
    /// Where it comes from, such as a conversation
    #[arg(long)]
    source_ref: Option<String>,
    /// The person for whom this is, by id
    #[arg(long)]
    on_behalf_of: Option<String>,
    /// The run whose remainder this takes up
    #[arg(long)]
    branched_from: Option<String>,
    /// The same key again does nothing and is answered like the first time
    #[arg(long)]
    idempotency_key: Option<String>,
    /// Wait until the run is closed; the exit code says whether it was done (0), refused (3), or ended otherwise (1)
    #[arg(long, short)]
    wait: bool,
}

/// Reads a confidence as basis points.
fn confidence(text: &str) -> std::result::Result<u32, String> {
    let fault = || format!("`{text}` is neither like 0.87 nor like 87%");
    let (digits, scale) = text.strip_suffix('%').map_or((text, 4), |digits| (digits, 2));
    let (whole, fraction) = digits.trim().split_once('.').unwrap_or((digits.trim(), ""));
    if whole.is_empty() || fraction.len() > scale || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault());
    }
    let basis_points: u32 = format!("{whole}{fraction:0<scale$}").parse().map_err(|_| fault())?;
    if basis_points <= 10_000 { Ok(basis_points) } else { Err(fault()) }
}

impl Propose {
    pub(super) async fn run(self, context: &Context) -> Result {
        let body = self.body()?;
        let call = context.client.post(&["v1", "runs"], body).idempotent(self.idempotency_key);
        let reply = call.wait(if self.wait { 1 } else { 10 }).send().await?;
        let run: Run = reply.read()?;
        if !self.wait || run.is_closed() {
            context.output.answer(&reply, || {
                let about = render::about(&run, context.output.columns, Timestamp::now());
                Ok(format!("{about}{}", render::next(&run, context.output.columns)))
            })?;
            return if self.wait { follow::proven(&run) } else { Ok(follow::ending(&run)) };
        }
        context.output.progress(&render::about(&run, context.output.columns, Timestamp::now()));
        let closed = follow::until_closed(&context.client, &run.id).await?;
        let reply = context.client.get(&["v1", "runs", &closed.id]).send().await?;
        let told: Result<Ending> = context.output.answer(&reply, || {
            Ok(format!("\n{}", render::brief(&closed, context.output.columns, Timestamp::now())))
        });
        told.and_then(|_| follow::proven(&closed))
    }

    fn body(&self) -> Result<Value> {
        let mut body = match &self.file {
            None => Map::new(),
            Some(file) => serde_json::from_value(plan::read(file)?)
                .map_err(|_| Failure::Usage(format!("`{file}` holds no proposal")))?,
        };
        let texts = [
            ("workflow", &self.workflow),
            ("reason", &self.reason),
            ("source", &self.source),
            ("source_ref", &self.source_ref),
            ("on_behalf_of", &self.on_behalf_of),
            ("branched_from", &self.branched_from),
        ];
        for (name, text) in texts {
            body.extend(text.as_ref().map(|text| (name.to_owned(), text.as_str().into())));
        }
        body.extend(self.confidence.map(|bp| ("confidence_bp".to_owned(), bp.into())));
        if let Some(mutation) = self.mutation()? {
            body.insert("plan".to_owned(), json!({ "mutations": [mutation] }));
        }
        for needed in ["workflow", "reason", "plan"] {
            if !body.contains_key(needed) {
                let flag = if needed == "plan" { "connector, --object and --set" } else { needed };
                return Err(Failure::Usage(format!("a proposal needs --{flag}, or a --file that has it")));
            }
        }
        Ok(Value::Object(body))
    }

    /// The one mutation of the flags, if they say one.
    fn mutation(&self) -> Result<Option<Value>> {
        let (connector, object) = match (&self.connector, &self.object) {
            (Some(connector), Some(object)) => (connector, object),
            (None, None) if self.id.is_none() && self.target.set.is_empty() => return Ok(None),
            _ => return Err(Failure::Usage("a mutation needs both --connector and --object".to_owned())),
        };
        let kind = match (&self.kind, &self.action, &self.id) {
            (Some(kind), _, _) => kind.as_str(),
            (None, Some(_), _) => "invoke",
            (None, None, Some(_)) => "update",
            (None, None, None) => "create",
        };
        let mut mutation = json!({ "connector": connector, "object": object, "kind": kind });
        if let Some(members) = mutation.as_object_mut() {
            members.extend(self.id.as_ref().map(|id| ("id".to_owned(), id.as_str().into())));
            members.extend(self.action.as_ref().map(|verb| ("action".to_owned(), verb.as_str().into())));
            for (name, given) in [("changes", &self.target.set), ("arguments", &self.target.arg)] {
                if !given.is_empty() {
                    members.insert(name.to_owned(), Value::Object(plan::members(given)?));
                }
            }
            if !self.target.guard.is_empty() {
                members.insert("guard".to_owned(), json!(self.target.guard));
            }
        }
        Ok(Some(mutation))
    }
}

#[cfg(test)]
mod tests;
