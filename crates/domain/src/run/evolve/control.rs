//! Takeover, and how a run ends.

use super::{Envelope, Violation, ensure, person_of};
use crate::event::{ChangeObserved, RunClosed, RunExpired, RunHandedBack, RunTakenOver};
use crate::id::PersonId;
use crate::run::{Closed, Run, Stage, Takeover};

impl Run {
    pub(super) fn check_settled(&self) -> Result<(), Violation> {
        ensure(!self.is_unsettled(), "an unsettled attempt is settled first")?;
        ensure(self.open_divergence().is_none(), "a divergence is accepted or recovered first")?;
        ensure(self.recovery.is_none(), "an open recovery is finished first")
    }

    pub(super) fn taken_over(&mut self, at: &Envelope, event: &RunTakenOver) -> Result<(), Violation> {
        let person = person_of(at, "only a person takes over")?;
        ensure(
            self.stage.is_open() && self.in_flight().is_none(),
            "a run is taken over with nothing in flight",
        )?;
        ensure(event.until > at.time, "a lease ends in the future")?;
        match self.takeover {
            Some(takeover) if takeover.holder == person => {
                self.takeover = Some(Takeover { holder: person, until: event.until });
                return Ok(());
            }
            Some(_) => return Err(Violation { rule: "one person holds a run at a time" }),
            None => self.takeover = Some(Takeover { holder: person, until: event.until }),
        }
        // What was decided and approved was decided and approved for the proposer.
        self.request = None;
        self.approvals.clear();
        self.authorization = None;
        self.stage = if self.is_clean() { Stage::TakenOver } else { Stage::NeedsAttention };
        Ok(())
    }

    pub(super) fn handed_back(&mut self, at: &Envelope, event: &RunHandedBack) -> Result<(), Violation> {
        let takeover = self.takeover.ok_or(Violation { rule: "only a taken-over run is handed back" })?;
        match event.code.as_str() {
            "by_holder" => drop(self.check_holder(at)?),
            "lease_expired" => ensure(at.time >= takeover.until, "a lease expires at its end")?,
            _ => {
                return Err(Violation { rule: "a run is handed back by its holder, or when the lease ends" });
            }
        }
        ensure(
            self.stage.is_open() && self.in_flight().is_none(),
            "a run is handed back with nothing in flight",
        )?;
        self.takeover = None;
        if self.is_clean() {
            self.void();
        } else {
            // Without a decision nothing more is authorized: what is left is reconciled, accepted, recovered or closed.
            self.decision = None;
            self.approvals.clear();
            self.authorization = None;
            self.stage = Stage::NeedsAttention;
        }
        Ok(())
    }

    /// The author holds the run.
    pub(super) fn check_holder(&self, at: &Envelope) -> Result<PersonId, Violation> {
        let rule = "only the holder does this";
        let person = person_of(at, rule)?;
        ensure(self.takeover.is_some_and(|takeover| takeover.holder == person), rule)?;
        Ok(person)
    }

    pub(super) fn observed(&mut self, at: &Envelope, event: &ChangeObserved) -> Result<(), Violation> {
        self.check_holder(at)?;
        ensure(event.n < self.mutations, "a mutation stands in the plan")
    }

    pub(super) fn cancelled(&mut self, at: &Envelope) -> Result<(), Violation> {
        if self.takeover.is_some() {
            self.check_holder(at)?;
        }
        self.check_settled()?;
        self.stage = if self.has_effect() { self.by_outcomes() } else { Stage::Cancelled };
        Ok(())
    }

    pub(super) fn expired(&mut self, at: &Envelope, event: &RunExpired) -> Result<(), Violation> {
        ensure(self.is_clean(), "a run expires only while nothing had an effect")?;
        let request = self.request.as_ref().filter(|_| self.stage == Stage::AwaitingApproval);
        let over = match event.code.as_str() {
            "deadline" => self.deadline <= at.time,
            "approval_expired" => request.is_some_and(|request| request.expires <= at.time),
            _ => false,
        };
        ensure(over, "a run expires at its deadline, or when its request for approval ends")?;
        self.stage = Stage::Expired;
        Ok(())
    }

    pub(super) fn close(&mut self, at: &Envelope, event: &RunClosed) -> Result<(), Violation> {
        if self.stage.is_open() {
            self.check_settled()?;
            self.stage = match self.stage {
                Stage::Proposed => Stage::Failed,
                Stage::Executing | Stage::NeedsAttention => self.by_outcomes(),
                Stage::Previewed | Stage::AwaitingApproval | Stage::Authorized | Stage::TakenOver => {
                    return Err(Violation {
                        rule: "a run does not close from here without an event that says why",
                    });
                }
                Stage::Denied
                | Stage::Rejected
                | Stage::Expired
                | Stage::Cancelled
                | Stage::Failed
                | Stage::Applied
                | Stage::PartlyApplied
                | Stage::RolledBack
                | Stage::PartlyRolledBack
                | Stage::Compensated => self.stage,
            };
        }
        ensure(event.stage == self.stage, "the close names the stage that the outcomes give")?;
        ensure(event.events == at.seq + 1, "the close counts all events")?;
        self.takeover = None;
        self.closed = Some(Closed { at: at.time, code: event.code.clone(), seq: at.seq });
        Ok(())
    }
}
