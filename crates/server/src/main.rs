//! The `actionplane` program: reads the command line and hands over.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use server::{cli, http, rows, serve, simulate, witness};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Governed runs between AI agents and systems of record.
#[derive(Parser)]
#[command(name = "actionplane", version, propagate_version = true)]
struct Arguments {
    #[command(flatten)]
    global: cli::Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::Arguments),
    /// Check or rebuild the rows that lists are read from, while no server runs.
    #[command(subcommand)]
    Rows(rows::Command),
    /// Run a simulated system of record with the records of an invented company.
    Simulate(simulate::Arguments),
    /// Cosign the heads of other people's evidence logs.
    Witness(witness::Arguments),
    /// Print the OpenAPI document.
    Openapi,
    #[command(flatten)]
    Client(cli::Command),
}

#[tokio::main]
async fn main() -> ExitCode {
    run().await.unwrap_or_else(|fault| {
        // The chain of causes is for the operator; where in the program it came from is not.
        eprintln!("error: {fault:#}");
        ExitCode::FAILURE
    })
}

async fn run() -> anyhow::Result<ExitCode> {
    let Arguments { global, command } = Arguments::parse();
    match command {
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Rows(command) => rows::run(command).await,
        Command::Simulate(arguments) => simulate::run(arguments).await,
        Command::Witness(arguments) => witness::run(arguments).await,
        Command::Openapi => {
            cli::say(&http::openapi::text()?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Client(command) => Ok(cli::run(global, command, Arguments::command()).await),
    }
}
