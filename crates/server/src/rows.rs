//! `actionplane rows`: query rows against the leaves of a data directory that no server has open.

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;

use crate::serve;
use crate::wiring::Opened;

/// What lists, inbox and record history are read from.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare the rows of every run with what its leaves say; no row is written
    Check(serve::Arguments),
    /// Write those that differ anew
    Rebuild(serve::Arguments),
}

/// Reviews every workspace. Ends with a failure when rows differ and stay so, or a run's leaves do not read.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let (arguments, rebuild) = match command {
        Command::Check(arguments) => (arguments, false),
        Command::Rebuild(arguments) => (arguments, true),
    };
    let config = arguments.config()?;
    if !config.data.join("actionplane.db").exists() {
        bail!("there is no database in `{}`", config.data.display());
    }
    let opened = Opened::new(&config).await?;
    let mut sound = true;
    for ws in opened.engine.store().workspaces().await? {
        let told = |runs| eprintln!("{ws}: {runs} runs read");
        let review = opened.engine.review_rows(ws, rebuild, told).await?;
        for run in &review.differing {
            println!("{run}: {}", if rebuild { "written anew" } else { "differs" });
        }
        for (run, why) in &review.damaged {
            println!("{run}: its leaves do not read: {why}");
        }
        println!(
            "{ws}: {} runs, {} with other rows than their leaves say, {} damaged",
            review.runs,
            review.differing.len(),
            review.damaged.len()
        );
        sound &= review.damaged.is_empty() && (rebuild || review.differing.is_empty());
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
