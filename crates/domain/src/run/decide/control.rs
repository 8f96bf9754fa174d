//! Takeover, cancel, expiry, comments: who steers a run and how it ends early.

use proof::json::Value;

use super::{Next, code, person};
use crate::command::TakeOver;
use crate::event::{
    ArtifactAttached, ChangeObserved, Event, RunCancelled, RunCommented, RunExpired, RunHandedBack,
    RunTakenOver,
};
use crate::id::PersonId;
use crate::limits::TAKEOVER_S_MAX;
use crate::name::Slug;
use crate::principal::{Actor, Principal};
use crate::run::owner::{expiry, lease_end};
use crate::run::{Refusal, Stage};

impl Next<'_> {
    pub(super) fn take_over(&mut self, takeover: TakeOver) -> Result<(), Refusal> {
        self.check_open()?;
        if let Some(current) = self.run.takeover.filter(|current| current.holder != takeover.person) {
            return Err(Refusal::RunTakenOver { holder: current.holder, until: current.until });
        }
        self.check_landed()?;
        let until = self.now.plus_s(takeover.lease_s.min(TAKEOVER_S_MAX)).min(self.run.deadline);
        let sealed = vec![("operator", takeover.operator), ("rationale", takeover.rationale)];
        self.emit(person(takeover.person), Vec::new(), Event::RunTakenOver(RunTakenOver { until }), sealed)?;
        Ok(())
    }

    pub(super) fn hand_back(&mut self, by: PersonId, rationale: Value) -> Result<(), Refusal> {
        self.check_open()?;
        match self.run.takeover {
            Some(takeover) if takeover.holder == by => {}
            Some(takeover) => {
                return Err(Refusal::RunTakenOver { holder: takeover.holder, until: takeover.until });
            }
            None => return Err(Refusal::NotHolder),
        }
        self.check_landed()?;
        let event = Event::RunHandedBack(RunHandedBack { code: code("by_holder") });
        self.emit(person(by), Vec::new(), event, vec![("rationale", rationale)])?;
        Ok(())
    }

    /// Nothing happens while the lease runs.
    pub(super) fn expire_takeover(&mut self) -> Result<(), Refusal> {
        if lease_end(&self.run).is_none_or(|end| end > self.now) {
            return Ok(());
        }
        let event = Event::RunHandedBack(RunHandedBack { code: code("lease_expired") });
        self.emit(self.system(), Vec::new(), event, vec![("rationale", Value::Null)])?;
        Ok(())
    }

    pub(super) fn cancel(&mut self, by: Principal, code: Slug, rationale: Value) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_controller(by)?;
        self.check_settled()?;
        let event = Event::RunCancelled(RunCancelled { code: code.clone() });
        self.emit(Actor::Principal(by), Vec::new(), event, vec![("rationale", rationale)])?;
        self.close_when_final(code)
    }

    /// Ends what a deadline ended. Nothing happens when none has passed.
    pub(super) fn expire(&mut self) -> Result<(), Refusal> {
        if expiry(&self.run).is_none_or(|due| due > self.now) {
            return Ok(());
        }
        let late = self.run.deadline <= self.now;
        if self.run.is_clean() && (late || self.run.stage == Stage::AwaitingApproval) {
            let code = if late { code("deadline") } else { code("approval_expired") };
            let event = Event::RunExpired(RunExpired { code: code.clone() });
            self.emit(self.system(), Vec::new(), event, Vec::new())?;
            return self.close_when_final(code);
        }
        self.void_authorization(code("expired"), Value::Null)
    }

    pub(super) fn close_remainder(&mut self, by: Principal, code: Slug) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_controller(by)?;
        self.check_settled()?;
        if self.run.is_clean() {
            return Err(Refusal::Stage {
                stage: self.run.stage,
                rule: "nothing had an effect yet: cancel the run instead",
            });
        }
        self.close_by(Actor::Principal(by), code, self.run.by_outcomes())
    }

    pub(super) fn observe_change(&mut self, by: PersonId, n: u32, change: Value) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_holder(by)?;
        let event = Event::ChangeObserved(ChangeObserved { n });
        self.emit(person(by), Vec::new(), event, vec![("change", change)])?;
        Ok(())
    }

    pub(super) fn attach(
        &mut self,
        by: Option<Principal>,
        bytes: u64,
        media_type: String,
        artifact: Value,
    ) -> Result<(), Refusal> {
        self.check_open()?;
        let event = Event::ArtifactAttached(ArtifactAttached { bytes, media_type });
        let by = by.map_or_else(|| self.system(), Actor::Principal);
        self.emit(by, Vec::new(), event, vec![("artifact", artifact)])?;
        Ok(())
    }

    pub(super) fn comment(&mut self, by: PersonId, comment: Value) -> Result<(), Refusal> {
        self.check_open()?;
        self.emit(person(by), Vec::new(), Event::RunCommented(RunCommented {}), vec![("comment", comment)])?;
        Ok(())
    }
}
