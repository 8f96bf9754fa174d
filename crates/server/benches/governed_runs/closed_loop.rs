//! The load: lanes that each repeat one thing, the next as soon as the last is done, for a bounded time and count.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;

use crate::processes::{Process, Usage};

/// How long and how often something is repeated by all lanes together.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// The time before anything counts.
    pub warm_up: Duration,
    /// The time that counts.
    pub measured: Duration,
    /// Repetitions after which either time ends early.
    pub repetitions_max: usize,
}

/// What was counted.
pub struct Measured {
    /// From the first start to the last end.
    pub elapsed: Duration,
    /// One entry for each repetition, sorted.
    pub latencies: Vec<Duration>,
    /// What the observed process used meanwhile.
    pub usage: Usage,
    /// Repetitions that did not count, because the time had not begun.
    pub warmed_up: usize,
}

impl Measured {
    /// How many repetitions counted.
    #[expect(clippy::cast_precision_loss, reason = "a bench counts far less than 2^52")]
    pub fn count(&self) -> f64 {
        self.latencies.len() as f64
    }

    /// Repetitions per second.
    pub fn per_second(&self) -> f64 {
        self.count() / self.elapsed.as_secs_f64()
    }

    /// The milliseconds within which `percent` of the repetitions ended.
    pub fn percentile_ms(&self, percent: usize) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let latency = self.latencies.get(last * percent / 100).copied().unwrap_or_default();
        latency.as_secs_f64() * 1000.0
    }
}

/// Runs all lanes side by side, first to warm up and then to measure. The first failure ends everything.
pub async fn run<L: AsyncFnMut() -> Result<()>>(
    mut lanes: Vec<L>,
    bounds: Bounds,
    observed: &Process,
) -> Result<Measured> {
    let warmed_up = repeat(&mut lanes, bounds.warm_up, bounds.repetitions_max).await?.len();
    let before = observed.usage()?;
    let started = Instant::now();
    let mut latencies = repeat(&mut lanes, bounds.measured, bounds.repetitions_max).await?;
    let elapsed = started.elapsed();
    let usage = observed.usage()?.since(before);
    ensure!(!latencies.is_empty(), "there is nothing to count");
    latencies.sort_unstable();
    Ok(Measured { elapsed, latencies, usage, warmed_up })
}

async fn repeat<L: AsyncFnMut() -> Result<()>>(
    lanes: &mut [L],
    time: Duration,
    repetitions_max: usize,
) -> Result<Vec<Duration>> {
    let until = Instant::now() + time;
    let left = Cell::new(repetitions_max);
    let left = &left;
    let lanes = lanes.iter_mut().map(|lane| async move {
        let mut latencies = Vec::new();
        let mut now = Instant::now();
        while now < until && left.get() > 0 {
            left.set(left.get() - 1);
            lane().await?;
            let ended = Instant::now();
            latencies.push(ended - now);
            now = ended;
        }
        anyhow::Ok(latencies)
    });
    Ok(try_join_all(lanes).await?.concat())
}
