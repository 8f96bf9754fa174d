//! A configured connector with what its vendor bears: how many runs write there at once, and when it asked to be left alone.
//!
//! Each connector has places of its own, so that a system of record that does not answer keeps no run of another one
//! waiting. What a vendor asked for with `Retry-After` holds for everything that is sent there by itself; nothing is
//! remembered across a restart, where the first refusal says it again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use connectors::connector::{Applied, Connector, Effect, EffectQuery, Read, ReadFault, UndoPlan, Write};
use connectors::description::Description;
use domain::grant::ExecutionGrant;
use domain::mutation::{Mutation, RecordRef};
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::seams::Clock;

/// Runs that one process works on at once for one connector.
const PLACES: usize = 64;
/// Runs that wait for a place; further ones come back when they are due again.
const WAITING_MAX: usize = 256;
/// The longest rest that a vendor can ask for: milliseconds. A longer one would be forgotten rather than kept.
const REST_MS_MAX: u64 = 600_000;

/// The running instance of a configured connector.
pub struct Vendor {
    inner: Arc<dyn Connector>,
    clock: Arc<dyn Clock>,
    places: Semaphore,
    /// Those that work and those that wait.
    line: Semaphore,
    /// On the clock that never jumps.
    rests_until_ms: AtomicU64,
}

/// A place at a vendor, given up when dropped.
pub(crate) struct Place<'a> {
    _place: SemaphorePermit<'a>,
    _line: SemaphorePermit<'a>,
}

impl Vendor {
    pub(super) fn new(inner: Arc<dyn Connector>, clock: Arc<dyn Clock>) -> Self {
        let (places, line) = (Semaphore::new(PLACES), Semaphore::new(PLACES + WAITING_MAX));
        Self { inner, clock, places, line, rests_until_ms: AtomicU64::new(0) }
    }

    /// Waits for a place; `None` when too many wait already.
    pub(crate) async fn place(&self) -> Option<Place<'_>> {
        let line = self.line.try_acquire().ok()?;
        let place = self.places.acquire().await.ok()?;
        Some(Place { _place: place, _line: line })
    }

    /// How long it still wants to be left alone: milliseconds.
    pub(crate) fn rest_ms(&self) -> u64 {
        self.rests_until_ms.load(Ordering::Relaxed).saturating_sub(self.clock.boot_ms())
    }

    fn heed(&self, retry_after_ms: Option<u64>) {
        if let Some(rest) = retry_after_ms {
            let until = self.clock.boot_ms().saturating_add(rest.min(REST_MS_MAX));
            self.rests_until_ms.fetch_max(until, Ordering::Relaxed);
        }
    }

    fn heed_fault<T>(&self, answer: Result<T, ReadFault>) -> Result<T, ReadFault> {
        if let Err(ReadFault::Refused { retry_after_ms, .. }) = &answer {
            self.heed(*retry_after_ms);
        }
        answer
    }
}

impl Connector for Vendor {
    fn describe(&self) -> &Description {
        self.inner.describe()
    }

    fn snapshot<'a>(&'a self, record: &'a RecordRef) -> BoxFuture<'a, Result<Read, ReadFault>> {
        Box::pin(async move { self.heed_fault(self.inner.snapshot(record).await) })
    }

    fn apply<'a>(&'a self, grant: ExecutionGrant, write: &'a Write<'a>) -> BoxFuture<'a, Applied> {
        Box::pin(async move {
            let applied = self.inner.apply(grant, write).await;
            self.heed(applied.retry_after_ms);
            applied
        })
    }

    fn find_effect<'a>(&'a self, query: &'a EffectQuery<'a>) -> BoxFuture<'a, Result<Effect, ReadFault>> {
        Box::pin(async move { self.heed_fault(self.inner.find_effect(query).await) })
    }

    fn undo(&self, mutation: &Mutation, handle: Option<&str>) -> UndoPlan {
        self.inner.undo(mutation, handle)
    }
}

#[cfg(test)]
mod tests;
