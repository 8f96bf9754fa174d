//! Governed runs per second, beside what the same machine can do at best.
//!
//! A client outside the program, like any other: it speaks the REST contract over keep-alive connections in a closed
//! loop, and counts a run only when it is `applied`. Everything is live and durable: the records are read, written
//! conditionally and read back over HTTP, and every commit is flushed. Figures are printed, never asserted.
//! `docs/performance.md` says how to read them.

mod client;
mod closed_loop;
mod governed;
mod limits;
mod machine;
mod micro;
mod processes;
mod report;
mod roles;
mod workspace;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use serde::Deserialize;

use crate::client::{Connection, Request};
use crate::closed_loop::Bounds;
use crate::governed::{Kind, Tickets};
use crate::machine::Machine;
use crate::processes::Process;
use crate::report::{Figure, Footprint, Report};
use crate::workspace::{PASSWORD, Workspace};

/// Governed runs per second, beside what the same machine can do at best.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Options {
    /// Measures each figure for a short time: good enough to see whether it works.
    #[arg(long)]
    quick: bool,
    /// Also writes the figures to `bench/governed_runs.json` in the target directory.
    #[arg(long)]
    json: bool,
    /// Measures the pure parts alone instead: decisions, leaves, folds.
    #[arg(long)]
    micro: bool,
    /// How many runs are in flight at one time.
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [1, 8, 32])]
    in_flight: Vec<usize>,
    /// How many agents share the runs, each with a workflow of its own.
    #[arg(long, value_name = "N", default_value_t = 1)]
    agents: usize,
    /// Where the runs write to: in a `sandbox` each write waits for sealed evidence, in a `simulation` for none.
    #[arg(long, default_value = "simulation", value_parser = ["simulation", "sandbox"])]
    environment: String,
    /// Only governed runs whose name, such as `approved at 8`, holds one of these.
    filter: Vec<String>,
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
    /// Plays a part for another process of this program.
    #[arg(long, hide = true)]
    role: Option<String>,
}

/// How long each figure is measured.
#[derive(Clone, Copy)]
struct Times {
    runs: Bounds,
    limits: Bounds,
    micro: Duration,
}

impl Options {
    fn times(&self) -> Times {
        let bounds = |warm_up, measured| Bounds {
            warm_up: Duration::from_millis(warm_up),
            measured: Duration::from_millis(measured),
            repetitions_max: 500_000,
        };
        if self.quick {
            Times { runs: bounds(500, 2_000), limits: bounds(100, 700), micro: Duration::from_millis(300) }
        } else {
            Times { runs: bounds(2_000, 8_000), limits: bounds(500, 2_000), micro: Duration::from_secs(2) }
        }
    }

    /// Which kinds are measured with so many in flight.
    fn kinds(&self, in_flight: usize) -> Vec<Kind> {
        let wanted = |kind: &Kind| {
            let name = format!("{} at {in_flight}", kind.word());
            self.filter.is_empty() || self.filter.iter().any(|part| name.contains(part.as_str()))
        };
        Kind::ALL.into_iter().filter(wanted).collect()
    }
}

fn main() -> ExitCode {
    match bench(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn bench(options: &Options) -> Result<()> {
    if let Some(role) = &options.role {
        return roles::play(role);
    }
    let most = usize::try_from(roles::IN_FLIGHT_MAX)?;
    ensure!(options.in_flight.iter().all(|n| (1..=most).contains(n)), "in flight can be 1 to {most}");
    let dir = tempfile::Builder::new().prefix("governed-runs-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    ensure!((1..=most).contains(&options.agents), "there can be 1 to {most} agents");
    let machine = Machine::here(dir.path());
    println!("{machine}\n");
    let mut report = Report {
        machine,
        flushes_per_second: None,
        commits_per_second: None,
        figures: Vec::new(),
        seal_lag_ms: None,
        footprint: None,
        micro: Vec::new(),
    };
    if options.micro {
        report.micro = micro::measure(options.times().micro)?;
        for rate in &report.micro {
            println!("{rate}");
        }
    } else {
        // One thread: the client takes as little as it can from the processes that it measures.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(governed_runs(options, dir.path(), &mut report))?;
    }
    if options.json {
        let path = write(&report)?;
        println!("\nwritten to {}", path.display());
    }
    Ok(())
}

async fn governed_runs(options: &Options, dir: &Path, report: &mut Report) -> Result<()> {
    let Times { runs, limits, .. } = options.times();
    let selected: Vec<(usize, Vec<Kind>)> = options
        .in_flight
        .iter()
        .map(|n| (*n, options.kinds(*n)))
        .filter(|(_, kinds)| !kinds.is_empty())
        .collect();
    ensure!(!selected.is_empty(), "no run is called like that; names are such as `approved at 8`");

    let flushes = limits::flushes_per_second(dir, limits.measured)?;
    let commits = limits::commits_per_second(dir, limits.measured)?;
    println!(
        "{flushes:.0} appends/s with fdatasync, {commits:.0} SQLite commits/s of one row\n\n{}",
        Figure::HEADER
    );
    (report.flushes_per_second, report.commits_per_second) = (Some(flushes), Some(commits));

    let bare = Process::role("bare", &dir.join("bare.log"))?;
    let simulator = Process::role("simulator", &dir.join("simulator.log"))?;
    let data = dir.join("data");
    let server = serve(&data, &dir.join("server.log"))?;
    let workspace = Workspace::set_up(server.addr, simulator.addr, options.agents, &options.environment)
        .await
        .with_context(|| complaints(dir))?;
    let empty = bytes(&data)?;
    let (mut tickets, mut total) = (Tickets::new(), 0);
    for (n, kinds) in selected {
        let mut add = |what: &str, measured: &closed_loop::Measured, exchanges| {
            let figure = Figure::new(what, n, measured, exchanges);
            println!("{figure}");
            report.figures.push(figure);
        };
        add("limit: GET", &limits::requests(&bare, false, n, limits).await?, None);
        add("limit: POST JSON", &limits::requests(&bare, true, n, limits).await?, None);
        let exchanges = limits::exchanges(&simulator, n, limits).await?;
        add("limit: GET, GET, PUT, GET, GET", &exchanges, None);
        for kind in kinds {
            let written = writes(&simulator).await?;
            let measured = governed::measure(&workspace, &server, &mut tickets, kind, n, runs).await;
            let (measured, repeated) = measured.with_context(|| complaints(dir))?;
            let (count, written) =
                (measured.latencies.len() + measured.warmed_up, writes(&simulator).await? - written);
            ensure!(
                u64::try_from(count)? == written,
                "{count} runs were applied, the help desk saw {written} writes"
            );
            total += count;
            add(&format!("governed: {}", kind.word()), &measured, Some(exchanges.per_second()));
            if repeated > 0 {
                println!("    {repeated} proposals were refused with 409 and sent again");
            }
        }
    }
    let lag = sealed(&workspace).await?;
    println!("\nthe newest head covered everything {lag:.1} ms after the last run");
    report.seal_lag_ms = Some(lag);
    let memory = server.memory()?;
    server.end()?;
    let footprint = Footprint::new(total, bytes(&data)?.saturating_sub(empty), memory);
    println!("\n{footprint}");
    report.footprint = Some(footprint);
    Ok(())
}

/// The program as anybody starts it, on an empty data directory.
fn serve(data: &Path, log: &Path) -> Result<Process> {
    // The simulated help desk stands in for a sandbox, which may not be on loopback unless the operator allows it.
    let config = data.with_extension("toml");
    fs::write(&config, "[outbound]\nhosts = [\"127.0.0.1\"]\n")?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_actionplane"));
    command.env_clear().env("ACTIONPLANE_ADMIN_PASSWORD", PASSWORD);
    command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(config);
    Process::start(command.arg("--data").arg(data), log)
}

/// How long it takes until everything is under a signed head: milliseconds.
async fn sealed(workspace: &Workspace) -> Result<f64> {
    #[derive(Deserialize)]
    struct Log {
        size: u64,
        sealed: u64,
    }
    let started = Instant::now();
    let mut connection = Connection::open(workspace.addr).await?;
    loop {
        let log: Log =
            connection.send(&Request::bare("GET", "/v1/log", &workspace.leads[0])).await?.read()?;
        if log.sealed >= log.size {
            return Ok(started.elapsed().as_secs_f64() * 1_000.0);
        }
    }
}

/// How many writes the help desk has ever committed.
async fn writes(simulator: &Process) -> Result<u64> {
    #[derive(Deserialize)]
    struct Writes {
        total: u64,
    }
    let request = Request::bare("GET", &format!("/__sim/writes?after={}", u64::MAX), "");
    let writes: Writes = Connection::open(simulator.addr).await?.send(&request).await?.read()?;
    Ok(writes.total)
}

/// The end of what the server logged.
fn complaints(dir: &Path) -> String {
    let log = fs::read_to_string(dir.join("server.log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    let end = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default();
    format!("the server logged at last:\n{}", end.join("\n"))
}

/// The size of all files below a directory.
fn bytes(dir: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let about = entry.metadata()?;
        sum += if about.is_dir() { bytes(&entry.path())? } else { about.len() };
    }
    Ok(sum)
}

fn write(report: &Report) -> Result<PathBuf> {
    let Some(target) = Path::new(env!("CARGO_TARGET_TMPDIR")).parent() else {
        bail!("the target directory has no parent");
    };
    let path = target.join("bench/governed_runs.json");
    fs::create_dir_all(target.join("bench"))?;
    fs::write(&path, serde_json::to_string_pretty(report)?)?;
    Ok(path)
}
