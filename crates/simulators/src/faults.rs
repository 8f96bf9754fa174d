//! The fault switchboard: which requests shall go wrong, in which way, how many times.
//!
//! It only keeps the list and picks the fault for a request; `server.rs` acts it out. A fault never looks into a
//! system's records.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest hold of an answer, in milliseconds.
pub const DELAY_MS_MAX: u64 = 60_000;
/// Most faults that can be armed at once, spent ones included.
pub const FAULTS_MAX: usize = 1_000;
/// Most times that one fault can fire.
pub const TIMES_MAX: u32 = 1_000_000;

/// How a request goes wrong. "No effect" means that the system of record did not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Nothing is answered for the delay, then 504 from a gateway. No effect.
    TimeoutBeforeCommit,
    /// The request is carried out, but its answer is held for the delay.
    TimeoutAfterCommit,
    /// The vendor's rate-limit answer. No effect. The delay, rounded up to seconds, is the `Retry-After` where the
    /// vendor sends one.
    RateLimited,
    /// The vendor's 5xx answer. No effect.
    ServerError,
    /// The request is carried out, yet the answer is the vendor's 5xx.
    ServerErrorAfterCommit,
    /// The vendor's answer to a conditional write that lost. No effect, and nobody else wrote either.
    Conflict,
    /// The vendor's answer when another transaction holds the record. No effect.
    RecordLocked,
    /// The vendor's answer to credentials that have expired. No effect.
    Unauthorized,
    /// The request is carried out only after the delay, even when the client has gone: the write lands late.
    Slow,
    /// Another person sets the fields in `set` on the addressed record just before the request is handled.
    Drift,
    /// Only some fields are stored, while the answer says success: those in `lose` are lost, or the later half by
    /// name when `lose` is empty (a single field is then lost).
    PartialWrite,
    /// The connection closes without an answer. No effect.
    DropConnection,
    /// The request is carried out, then the connection closes without an answer.
    DropConnectionAfterCommit,
    /// A proxy's HTML page with status 502. No effect.
    HtmlError,
}

impl FaultKind {
    fn default_delay(self) -> Duration {
        match self {
            Self::TimeoutBeforeCommit | Self::TimeoutAfterCommit | Self::RateLimited => {
                Duration::from_secs(30)
            }
            Self::Slow => Duration::from_secs(1),
            Self::ServerError
            | Self::ServerErrorAfterCommit
            | Self::Conflict
            | Self::RecordLocked
            | Self::Unauthorized
            | Self::Drift
            | Self::PartialWrite
            | Self::DropConnection
            | Self::DropConnectionAfterCommit
            | Self::HtmlError => Duration::ZERO,
        }
    }
}

/// Which requests a fault is for. An absent member matches every request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultMatch {
    /// The HTTP method, upper-case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A part of the path, without query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_contains: Option<String>,
}

impl FaultMatch {
    fn holds(&self, method: &Method, path: &str) -> bool {
        self.method.as_deref().is_none_or(|m| m == method.as_str())
            && self.path_contains.as_deref().is_none_or(|part| path.contains(part))
    }
}

/// A fault as it is armed, in code or as the body of `POST /__sim/faults`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which requests it is for.
    #[serde(rename = "match", default)]
    pub matching: FaultMatch,
    /// What happens.
    #[serde(rename = "fault")]
    pub kind: FaultKind,
    /// How many matching requests pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// How many requests it then hits, 1 to [`TIMES_MAX`].
    #[serde(default = "once")]
    pub times: u32,
    /// The delay where the kind has one, in milliseconds, at most [`DELAY_MS_MAX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// For `drift`: the fields that the other person sets.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub set: Map<String, Value>,
    /// For `partial_write`: the fields that are lost.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lose: BTreeSet<String>,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A fault that hits the next request, whatever it is.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            matching: FaultMatch::default(),
            kind,
            skip: 0,
            times: once(),
            delay_ms: None,
            set: Map::new(),
            lose: BTreeSet::new(),
        }
    }

    /// The same for requests with this method and this part in their path.
    pub fn on(mut self, method: &str, path_contains: &str) -> Self {
        self.matching =
            FaultMatch { method: Some(method.to_owned()), path_contains: Some(path_contains.to_owned()) };
        self
    }

    /// The delay to use: the given one, or the kind's own.
    pub(crate) fn delay(&self) -> Duration {
        self.delay_ms.map_or_else(|| self.kind.default_delay(), Duration::from_millis)
    }

    fn check(&self) -> Result<(), FaultRefused> {
        if let Some(delay) = self.delay_ms.filter(|delay| *delay > DELAY_MS_MAX) {
            return Err(FaultRefused::DelayTooLong(delay));
        }
        if !(1..=TIMES_MAX).contains(&self.times) {
            return Err(FaultRefused::Times(self.times));
        }
        if self.kind == FaultKind::Drift && self.set.is_empty() {
            return Err(FaultRefused::DriftOfNothing);
        }
        Ok(())
    }
}

/// Why a fault was not armed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultRefused {
    /// The delay is over [`DELAY_MS_MAX`].
    #[error("`delay_ms` is {0}, but at most {DELAY_MS_MAX} is allowed")]
    DelayTooLong(u64),
    /// It would fire never or too often.
    #[error("`times` is {0}, but must be from 1 to {TIMES_MAX}")]
    Times(u32),
    /// A drift without fields.
    #[error("a drift needs the fields to change in `set`")]
    DriftOfNothing,
    /// The list is full.
    #[error("{FAULTS_MAX} faults are armed already; clear them first")]
    TooMany,
}

/// An armed fault and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmedFault {
    /// Its number on this switchboard, from 1.
    pub id: u64,
    /// The fault as it was armed.
    #[serde(flatten)]
    pub fault: Fault,
    /// How many requests it has hit.
    pub fired: u32,
    /// How many it has let pass first.
    pub skipped: u32,
}

impl ArmedFault {
    fn spent(&self) -> bool {
        self.fired == self.fault.times
    }
}

/// The handle to a simulator's faults; clones share the list.
#[derive(Clone, Debug, Default)]
pub struct FaultSwitchboard {
    board: Arc<Board>,
}

#[derive(Debug, Default)]
struct Board {
    /// How many faults can still fire: a request looks at the list only when there are any.
    live: AtomicUsize,
    armed: Mutex<Armed>,
}

#[derive(Debug, Default)]
struct Armed {
    faults: Vec<ArmedFault>,
    last_id: u64,
}

impl FaultSwitchboard {
    /// Arms a fault and returns its number. When several match a request, the one armed first is taken.
    pub fn arm(&self, fault: Fault) -> Result<u64, FaultRefused> {
        fault.check()?;
        let mut armed = self.lock();
        if armed.faults.len() >= FAULTS_MAX {
            return Err(FaultRefused::TooMany);
        }
        armed.last_id = armed.last_id.saturating_add(1);
        let id = armed.last_id;
        armed.faults.push(ArmedFault { id, fault, fired: 0, skipped: 0 });
        self.board.live.fetch_add(1, Ordering::SeqCst);
        Ok(id)
    }

    /// Every fault since the last clearing, with its counters.
    pub fn armed(&self) -> Vec<ArmedFault> {
        self.lock().faults.clone()
    }

    /// Forgets all faults.
    pub fn clear(&self) {
        let mut armed = self.lock();
        armed.faults.clear();
        self.board.live.store(0, Ordering::SeqCst);
    }

    /// The fault for this request, counted as fired.
    pub(crate) fn take(&self, method: &Method, path: &str) -> Option<Fault> {
        if self.board.live.load(Ordering::SeqCst) == 0 {
            return None;
        }
        let mut armed = self.lock();
        let live = armed.faults.iter_mut().filter(|f| !f.spent());
        for armed in live.filter(|f| f.fault.matching.holds(method, path)) {
            if armed.skipped < armed.fault.skip {
                armed.skipped = armed.skipped.saturating_add(1);
                continue;
            }
            armed.fired = armed.fired.saturating_add(1);
            if armed.spent() {
                self.board.live.fetch_sub(1, Ordering::SeqCst);
            }
            return Some(armed.fault.clone());
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Armed> {
        self.board.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
