//! `actionplane demo`.

use std::process::ExitCode;

/// How the demo runs.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// End after the stories; the exit code says whether each ended as it must
    #[arg(long)]
    exit: bool,
    /// The port of the server; any free one when left out
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Plays the stories.
pub async fn run(arguments: Arguments) -> ExitCode {
    let _ = arguments;
    ExitCode::SUCCESS
}
