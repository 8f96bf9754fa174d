//! `cargo xtask test`: the steps that a change has to pass, cheapest first; the first failure ends the run.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::process::{cargo, program, run, works};
use crate::{check, deny, evidence, generate, install, roundup};

/// How a step ended that did not fail.
pub enum Verdict {
    /// What the step asks for holds.
    Passed,
    /// There was nothing to look at, for this reason.
    Skipped(&'static str),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => write!(f, "passed"),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
        }
    }
}

type Step = fn() -> Result<Verdict>;

const STEPS: &[(&str, Step)] = &[
    ("format", || passes(run(&mut cargo(["fmt", "--all", "--check"])))),
    ("checks of our own", || passes(check::run())),
    ("dependencies", || passes(deny::run())),
    ("clippy", || {
        run(&mut cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
        // `--all-targets` leaves out targets that are not tested by default.
        let more = ["--test", "real_system", "--test", "interop", "--", "-D", "warnings"];
        passes(run(cargo(["clippy", "--workspace"]).args(more)))
    }),
    ("examples in the documentation", || passes(run(&mut cargo(["test", "--workspace", "--doc"])))),
    ("tests", || {
        // A time-stamp authority is made of it.
        install::packages(&["openssl"], || works(program("openssl", ["version"])))?;
        passes(run(runner().arg("--tests")))
    }),
    ("generated files", generate::check),
    ("evidence in JavaScript and Python", || passes(evidence::other_languages())),
    ("verifiers of others", || passes(evidence::strangers())),
    ("a real ticket system", real_system),
];

/// Runs every step.
pub fn everything() -> Result<()> {
    let (total, started) = (STEPS.len(), Instant::now());
    let mut skipped = 0;
    for (index, (name, step)) in STEPS.iter().enumerate() {
        let title = format!("{}/{total} {name}", index + 1);
        println!("\n── {title} {}", "─".repeat(70_usize.saturating_sub(title.chars().count())));
        let step_started = Instant::now();
        let verdict = step()
            .with_context(|| format!("step {title} failed after {}", elapsed(step_started.elapsed())))?;
        skipped += usize::from(matches!(verdict, Verdict::Skipped(_)));
        println!("   {verdict} ({})", elapsed(step_started.elapsed()));
    }
    let note = if skipped == 0 { String::new() } else { format!(", {skipped} of them skipped with a note") };
    println!("\nxtask test: all {total} steps passed{note} ({})", elapsed(started.elapsed()));
    Ok(())
}

/// Runs only the tests whose names match.
pub fn matching(filter: &[&str]) -> Result<()> {
    run(runner().args(filter))
}

/// What runs the workspace's tests: cargo-nextest, side by side, where it is installed.
fn runner() -> Command {
    if works(cargo(["nextest", "--version"])) {
        return cargo([
            "nextest",
            "run",
            "--config-file",
            ".ci/nextest.toml",
            "--workspace",
            "--no-fail-fast",
        ]);
    }
    println!("   cargo-nextest is not installed: `cargo test` runs the tests instead");
    cargo(["test", "--workspace", "--no-fail-fast"])
}

/// The governed run against a system that we did not write.
fn real_system() -> Result<Verdict> {
    let sources = ["crates/server/tests/real_system.rs", "crates/server/tests/real_system/main.rs"];
    if !sources.iter().any(|path| Path::new(path).exists()) {
        return Ok(Verdict::Skipped("there is no such test yet"));
    }
    passes(roundup::beside(runner().args(["--test", "real_system"])))
}

fn passes(result: Result<()>) -> Result<Verdict> {
    result.map(|()| Verdict::Passed)
}

fn elapsed(time: Duration) -> String {
    match time.as_secs() {
        0..100 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
