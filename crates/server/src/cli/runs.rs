//! List runs, show one with its lineage, watch one while it happens.

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::failure::{Ending, Result};
use super::output::stderr;
use super::paint::{DIM, paint};
use super::view::{Event, Page, Run, Summary, Touch};
use super::{Context, follow, render};

/// Runs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The newest runs
    List(Box<List>),
    /// One run: what it changes, why, who allowed it, what happened
    Show(One),
    /// The events of a run as they happen, until it is closed
    Watch(One),
}

/// Which runs.
#[derive(Debug, Args)]
pub struct List {
    /// Only in this stage, such as `awaiting_approval`
    #[arg(long)]
    stage: Option<String>,
    /// Only on this connector
    #[arg(long)]
    connector: Option<String>,
    /// Only on this kind of record
    #[arg(long)]
    object: Option<String>,
    /// Only on this record: `connector/object/id`
    #[arg(long)]
    record: Option<String>,
    /// Only by this agent, by its id
    #[arg(long)]
    agent: Option<String>,
    /// Only of this workflow
    #[arg(long)]
    workflow: Option<String>,
    /// Only with this decision: `auto`, `approval` or `deny`
    #[arg(long)]
    decision: Option<String>,
    /// Only recoveries of this run
    #[arg(long)]
    recovers: Option<String>,
    /// Only runs that every word of this fits: their id, names, reason, workflow, a record's id
    #[arg(long, short)]
    search: Option<String>,
    /// How many, at most 200
    #[arg(long, default_value_t = 30)]
    limit: u32,
    /// Where to go on
    #[arg(long)]
    cursor: Option<String>,
}

/// One run.
#[derive(Debug, Args)]
pub struct One {
    /// The run
    run: String,
}

/// A record.
#[derive(Debug, Args)]
pub struct History {
    /// The connector
    connector: String,
    /// What kind of record
    object: String,
    /// Its id
    id: String,
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    match command {
        Command::List(list) => list.run(context).await,
        Command::Show(one) => show(context, &one.run).await,
        Command::Watch(one) => {
            let closed = follow::watch(context, &one.run).await?;
            Ok(follow::ending(&closed))
        }
    }
}

impl List {
    async fn run(self, context: &Context) -> Result {
        let call = context.client.get(&["v1", "runs"]).query("limit", &self.limit.to_string());
        let filters = [
            ("stage", &self.stage),
            ("connector", &self.connector),
            ("object", &self.object),
            ("record", &self.record),
            ("agent", &self.agent),
            ("workflow", &self.workflow),
            ("decision", &self.decision),
            ("recovers", &self.recovers),
            ("q", &self.search),
            ("cursor", &self.cursor),
        ];
        let call = filters.iter().fold(call, |call, (name, value)| call.query_if(name, value.as_deref()));
        let reply = call.send().await?;
        let page: Page<Summary> = reply.read()?;
        let ended = context.output.answer(&reply, || Ok(render::runs(&page.items)))?;
        if let (Some(next), false) = (&page.next, context.output.is_json()) {
            let more = match page.scanned {
                Some(scanned) => format!("{scanned} runs were searched, there are more: --cursor {next}"),
                None => format!("there are more: --cursor {next}"),
            };
            stderr(&format!("{}\n", paint(DIM, &more)));
        }
        Ok(ended)
    }
}

impl History {
    pub(super) async fn run(self, context: &Context) -> Result {
        let path = ["v1", "records", &self.connector, &self.object, &self.id, "history"];
        let reply = context.client.get(&path).send().await?;
        let page: Page<Touch> = reply.read()?;
        context.output.answer(&reply, || Ok(render::history(&page.items, context.output.columns)))
    }
}

async fn show(context: &Context, id: &str) -> Result {
    let reply = context.client.get(&["v1", "runs", id]).send().await?;
    if context.output.is_json() {
        return context.output.answer(&reply, || Ok(String::new()));
    }
    let run: Run = reply.read()?;
    let events: Page<Event> = context.client.get(&["v1", "runs", id, "events"]).read().await?;
    super::output::stdout(&render::lineage(&run, &events.items, context.output.columns, Timestamp::now()));
    Ok(Ending::Done)
}
