//! Policy sets: files are checked, tested and explained here, without a server; publishing and activating is the server's.

mod files;
mod offline;
mod online;

use std::path::PathBuf;

use ::policy::Schema;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::failure::{Ending, Failure, Result};
use super::output::Output;
use super::paint::{Lines, printable};
use super::{Global, plan, words};
use files::Sources;

/// Policy sets.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check policy files against the actions of the systems of record that there are manifests for
    Check(Check),
    /// Run the cases beside the policies: request → expected decision
    Test(Test),
    /// Decide one request and say why, in plain words
    Explain(Explain),
    /// Published sets, and which is in force
    List,
    /// One published set
    Show {
        /// Its digest
        digest: String,
    },
    /// Publish a set from files; it is not in force before somebody else activates it
    Publish(Publish),
    /// Bring a published set into force
    Activate {
        /// Its digest
        digest: String,
    },
}

/// Files, or folders with `*.cedar` and `*.cases.toml`.
#[derive(Debug, Args)]
pub struct Files {
    /// Files or folders; all policies together are one set
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

/// What files are checked against without a server.
#[derive(Debug, Args)]
pub struct Systems {
    /// A folder of manifests for systems of record beside the built-in ones
    #[arg(long, env = "ACTIONPLANE_MANIFESTS")]
    manifests: Option<PathBuf>,
}

/// Run cases.
#[derive(Debug, Args)]
pub struct Test {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    systems: Systems,
}

/// Check files.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    systems: Systems,
    /// Let the server check, against the connectors that it has
    #[arg(long)]
    server: bool,
}

/// Explain what would be decided, and why.
#[derive(Debug, Args)]
pub struct Explain {
    /// Files or folders; left out, the set in force on the server decides
    paths: Vec<PathBuf>,
    /// A JSON file with the facts of one mutation, or a list of them for a plan; `-` is standard input
    #[arg(long, required_unless_present = "run")]
    request: Option<String>,
    /// The facts on which the newest decision of this run rests
    #[arg(long, conflicts_with = "request")]
    run: Option<String>,
    #[command(flatten)]
    systems: Systems,
}

/// Publish files.
#[derive(Debug, Args)]
pub struct Publish {
    #[command(flatten)]
    files: Files,
    /// What the set is called
    #[arg(long)]
    title: String,
}

impl Systems {
    fn schema(&self) -> Result<Schema> {
        files::schema(self.manifests.as_deref())
    }
}

pub(super) async fn run(global: &Global, output: &Output, command: Command) -> Result {
    let online = || super::context(global, output.clone());
    match command {
        Command::Check(Check { files, systems, server: false }) => {
            offline::check(output, &Sources::read(&files.paths)?, &systems.schema()?)
        }
        Command::Check(Check { files, server: true, .. }) => {
            online::check(&online()?, &Sources::read(&files.paths)?).await
        }
        Command::Test(Test { files, systems }) => {
            offline::test(output, &Sources::read(&files.paths)?, &systems.schema()?)
        }
        Command::Explain(explain) => {
            let facts = match (&explain.request, &explain.run) {
                (Some(file), _) => plan::read(file)?,
                (None, run) => online::facts_of(&online()?, run.as_deref().unwrap_or_default()).await?,
            };
            let requests = if let Value::Array(list) = facts { list } else { vec![facts] };
            if explain.paths.is_empty() {
                online::explain(&online()?, requests).await
            } else {
                let schema = explain.systems.schema()?;
                offline::explain(output, &Sources::read(&explain.paths)?, &schema, &requests)
            }
        }
        Command::List => online::list(&online()?).await,
        Command::Show { digest } => online::show(&online()?, &digest).await,
        Command::Publish(Publish { files, title }) => {
            online::publish(&online()?, &Sources::read(&files.paths)?, &title).await
        }
        Command::Activate { digest } => online::activate(&online()?, &digest).await,
    }
}

/// A decision with its sentences.
fn told(decision: &str, risk: &str, sentences: &[String]) -> String {
    let mut text = format!("{} · {}\n", words::decision(decision), words::risk(risk));
    for sentence in sentences {
        text.line(format!("  {}", printable(sentence)));
    }
    text
}

/// A denial is a no.
fn ending(decision: &str) -> Ending {
    if decision == "deny" { Ending::Refused } else { Ending::Done }
}

/// A number of bad findings as the end of the command.
fn verdict(bad: usize, noun: &str) -> Result {
    match bad {
        0 => Ok(Ending::Done),
        1 => Err(Failure::other(format!("1 {noun}"))),
        many => Err(Failure::other(format!("{many} {noun}s"))),
    }
}
