//! `actionplane demo`: seven short stories against two simulated systems of record, on an empty data directory.
//!
//! It plays an agent's owner, agents and people, and does everything through the public API, as any client would. Only the
//! simulators are touched directly: they are the outside world. Each story says what must come of it and checks that.

mod cast;
mod cue;
mod ending;
mod stories;
mod teller;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use crate::cli::Failure;
use cast::Cast;
use stories::Scene;
use teller::Teller;
use world::World;

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

/// Why the demo cannot go on.
#[derive(Debug, thiserror::Error)]
enum Fault {
    /// The server refused what a story needs, or did not answer.
    #[error(transparent)]
    Api(#[from] Failure),
    /// The server does not start.
    #[error(transparent)]
    Start(Box<crate::wiring::StartFault>),
    /// A simulator, or the data directory.
    #[error("{what}")]
    World {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A simulator refuses an edit or a fault.
    #[error("the simulator refuses: {0}")]
    Simulator(String),
    /// A story without which this one cannot be played did not get far enough.
    #[error("story {0} has no run that this one could go on with")]
    Missing(usize),
    /// A run that did not get where its story needs it in time.
    #[error("run {run} is still `{stage}`; the story needs it to be {wanted}")]
    Late {
        /// The run.
        run: String,
        /// Where it stands.
        stage: String,
        /// Where it should be.
        wanted: &'static str,
    },
}

type Result<T = ()> = std::result::Result<T, Fault>;

/// How one story went.
struct Played {
    title: &'static str,
    run: Option<String>,
    good: bool,
}

/// Plays the stories, then serves until it is told to stop, or ends.
pub async fn run(arguments: Arguments) -> ExitCode {
    let mut teller = Teller::new();
    match play(&arguments, &mut teller).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            teller::stopped(&fault);
            ExitCode::FAILURE
        }
    }
}

/// Whether every story ended as it must.
async fn play(arguments: &Arguments, teller: &mut Teller) -> Result<bool> {
    let began = Instant::now();
    let world = World::start(arguments.port).await?;
    teller.opening(&world);
    let cast = Cast::assemble(&world).await?;
    teller::cast(&cast);
    let mut played = Vec::new();
    for (index, story) in stories::all().iter().enumerate() {
        teller.chapter(index + 1, story);
        let scene = Scene { world: &world, cast: &cast, teller, played: &played };
        if let Err(fault) = story.play(scene).await {
            teller.failed(&fault);
        }
        let (run, good) = teller.close();
        played.push(Played { title: story.title, run, good });
    }
    let evidence = verified(&cast, &played).await;
    ending::tell(&world, &cast, &played, &evidence, began.elapsed(), arguments.exit);
    if !arguments.exit {
        crate::serve::stop_signal()
            .await
            .map_err(|source| Fault::World { what: "signals cannot be waited for", source })?;
    }
    world.stop().await;
    Ok(evidence.is_ok() && played.iter().all(|story| story.good))
}

/// Takes the evidence of every run away, as an auditor would; it is verified before it leaves. Answers how many events a
/// stranger can verify now, or why not all of it.
async fn verified(cast: &Cast, played: &[Played]) -> Result<u64> {
    for run in played.iter().filter_map(|story| story.run.as_deref()) {
        cast.tom.get(&["v1", "runs", run, "bundle"]).long().download("actionplane-verdict").await?;
    }
    let log: serde_json::Value = cast.tom.get(&["v1", "log"]).read().await?;
    Ok(log.get("sealed").and_then(serde_json::Value::as_u64).unwrap_or_default())
}

#[cfg(test)]
mod tests;
