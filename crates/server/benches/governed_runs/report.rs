//! What was measured, as a table while it is measured and as JSON afterwards.

use std::fmt;

use serde::Serialize;

use crate::closed_loop::Measured;
use crate::machine::Machine;
use crate::micro::Rate;
use crate::processes::Memory;

/// Everything that one call of the bench found out.
#[derive(Serialize)]
pub struct Report {
    /// Where.
    pub machine: Machine,
    /// Appends per second, each flushed with `fdatasync`.
    pub flushes_per_second: Option<f64>,
    /// Durable commits of one row per second.
    pub commits_per_second: Option<f64>,
    /// The limits over HTTP and the governed runs.
    pub figures: Vec<Figure>,
    /// How long after the last run a signed head covered everything, in milliseconds.
    pub seal_lag_ms: Option<f64>,
    /// What the governed runs left behind.
    pub footprint: Option<Footprint>,
    /// The pure parts alone.
    pub micro: Vec<Rate>,
}

/// One line of the table.
#[derive(Serialize)]
pub struct Figure {
    /// What was repeated.
    pub what: String,
    /// How many of it at one time.
    pub in_flight: usize,
    /// How many counted.
    pub count: usize,
    /// How many ended per second.
    pub per_second: f64,
    /// The median from start to end, in milliseconds.
    pub p50_ms: f64,
    /// The 99th percentile, in milliseconds.
    pub p99_ms: f64,
    /// Processor time of the process that was asked, in milliseconds each.
    pub cpu_ms: f64,
    /// Bytes that it had the disk write, each.
    pub written: f64,
    /// The rate as a part of that of the bare exchanges with the system of record at the same number in flight.
    pub of_exchanges: Option<f64>,
}

/// What the governed runs left behind.
#[derive(Serialize)]
pub struct Footprint {
    /// How many runs there were, those of the warm-ups included.
    pub runs: usize,
    /// Bytes by which the data directory grew per run, after the server ended.
    pub stored_per_run: f64,
    /// Memory of the server after the last run, in bytes.
    pub resident: u64,
    /// The most that it held.
    pub peak: u64,
}

impl Figure {
    /// A line; `exchanges` is the rate of the bare exchanges, where it is a fair limit.
    pub fn new(what: &str, in_flight: usize, measured: &Measured, exchanges: Option<f64>) -> Self {
        let per_second = measured.per_second();
        Self {
            what: what.to_owned(),
            in_flight,
            count: measured.latencies.len(),
            per_second,
            p50_ms: measured.percentile_ms(50),
            p99_ms: measured.percentile_ms(99),
            cpu_ms: measured.usage.cpu_ms / measured.count(),
            written: measured.usage.written / measured.count(),
            of_exchanges: exchanges.map(|exchanges| per_second / exchanges),
        }
    }

    /// The names of the columns.
    pub const HEADER: &str = "                              in flight       /s   p50 ms   p99 ms  CPU ms  written KiB  of exchanges";
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, in_flight, per_second, p50_ms, p99_ms, cpu_ms, written, .. } = self;
        let kib = written / 1024.0;
        write!(
            f,
            "{what:30}{in_flight:>9} {per_second:>8.0} {p50_ms:>8.2} {p99_ms:>8.2} {cpu_ms:>7.3} {kib:>12.1}"
        )?;
        match self.of_exchanges {
            Some(part) => write!(f, " {part:>13.2}"),
            None => Ok(()),
        }
    }
}

impl Footprint {
    /// From the growth of the data directory and the server's memory.
    #[expect(clippy::cast_precision_loss, reason = "a bench stores far less than 2^52 bytes")]
    pub fn new(runs: usize, grown: u64, memory: Memory) -> Self {
        Self {
            runs,
            stored_per_run: grown as f64 / runs as f64,
            resident: memory.resident,
            peak: memory.peak,
        }
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} runs; {:.1} KiB stored per run; {} MiB resident, {} MiB at most",
            self.runs,
            self.stored_per_run / 1024.0,
            self.resident >> 20,
            self.peak >> 20
        )
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:70} {:>12.0}", self.what, self.per_second)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, memory_gib, kernel, disk, commit, load_before } = self;
        write!(
            f,
            "{cores} cores of {processor}, {memory_gib} GiB, Linux {kernel}, {disk}; commit {commit}; load before {load_before}"
        )
    }
}
