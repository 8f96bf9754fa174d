//! Leave to act. No connector writes without an [`ExecutionGrant`], and only this module makes one.

use proof::digest::Digest;

use crate::id::RunId;
use crate::run::{Folded, Stage};
use crate::time::Timestamp;

/// The store's word that one leaf of a run is durable. Only the store makes it, after its commit; the workspace check
/// `cargo xtask check` holds that.
#[derive(Debug, PartialEq, Eq)]
pub struct CommitReceipt {
    run: RunId,
    seq: u64,
    leaf: Digest,
    fence: u64,
}

impl CommitReceipt {
    /// Called by a store backend for a leaf that its commit made durable; `fence` is the record lease's counter.
    pub fn committed(run: RunId, seq: u64, leaf: Digest, fence: u64) -> Self {
        Self { run, seq, leaf, fence }
    }
}

/// Leave to send one write request of one attempt. It is neither `Clone` nor `Copy` and is handed over by value: one
/// grant is one request, without a retry.
#[derive(Debug)]
pub struct ExecutionGrant {
    run: RunId,
    plan_digest: Digest,
    n: u32,
    attempt: u32,
    key: Digest,
    fence: u64,
    send_by: Timestamp,
    send_by_boot_ms: u64,
}

/// Why there is no grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantFault {
    /// The receipt is about another run or leaf than the attempt in flight.
    #[error("the receipt does not prove the attempt in flight")]
    Receipt,
    /// Nothing is in flight.
    #[error("no attempt is in flight")]
    NothingInFlight,
}

impl ExecutionGrant {
    /// Issues the grant for the attempt in flight, from the receipt of its committed `attempt.started`.
    ///
    /// `send_by_boot_ms` is the end of the send window on a clock that runs through suspend, counted from before the
    /// commit.
    pub fn issue(folded: &Folded, receipt: CommitReceipt, send_by_boot_ms: u64) -> Result<Self, GrantFault> {
        let flight = folded.run.in_flight().ok_or(GrantFault::NothingInFlight)?;
        let CommitReceipt { run, seq, leaf, fence } = receipt;
        let proven = folded.run.id == run
            && folded.run.stage == Stage::Executing
            && flight.started == seq
            && folded.hash(seq) == Some(leaf);
        if !proven {
            return Err(GrantFault::Receipt);
        }
        Ok(Self {
            run,
            plan_digest: flight.plan_digest,
            n: flight.n,
            attempt: flight.attempt,
            key: flight.key,
            fence,
            send_by: flight.send_by,
            send_by_boot_ms,
        })
    }

    /// The run.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// The plan that was authorized.
    pub fn plan_digest(&self) -> Digest {
        self.plan_digest
    }

    /// The mutation's position in the plan.
    pub fn n(&self) -> u32 {
        self.n
    }

    /// The attempt's number, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The idempotency key, derived from run, plan digest and mutation: the same after a restart.
    pub fn key(&self) -> Digest {
        self.key
    }

    /// The record lease's counter, for systems that can check a fencing number.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// The first byte must leave before this time.
    pub fn send_by(&self) -> Timestamp {
        self.send_by
    }

    /// The same limit on the clock that runs through suspend, in milliseconds.
    pub fn send_by_boot_ms(&self) -> u64 {
        self.send_by_boot_ms
    }
}
