//! Requests, verdicts, and the leave to execute that they give.

use std::collections::BTreeSet;

use proof::digest::Digest;

use super::{Envelope, Violation, ensure, person_of};
use crate::event::{
    ApprovalGiven, ApprovalRejected, ApprovalRequested, GroupQuorum, Obligation, RunAuthorized,
};
use crate::id::PersonId;
use crate::name::Slug;
use crate::principal::Principal;
use crate::run::{Approval, Authorization, Basis, DecisionWord, Request, Run, Stage};
use crate::time::Timestamp;

impl Run {
    pub(super) fn requested(&mut self, at: &Envelope, event: &ApprovalRequested) -> Result<(), Violation> {
        ensure(
            self.stage == Stage::AwaitingApproval && self.request.is_none(),
            "approval is asked for once",
        )?;
        self.is_current(event.plan_digest)?;
        let decision = self.decision_named(at, "a request names the decision")?;
        let asked =
            decision.obligations.iter().map(|o| GroupQuorum { group: o.group.clone(), quorum: o.quorum });
        ensure(asked.eq(event.groups.iter().cloned()), "a request asks whom the decision asks")?;
        ensure(event.expires > at.time, "a request ends in the future")?;
        self.request = Some(Request { seq: at.seq, expires: event.expires });
        Ok(())
    }

    /// Common to both verdicts: a person, not one of the proposers, asked by the decision that they name, in time.
    /// Returns who, and what their group is asked for.
    fn verdict(
        &self,
        at: &Envelope,
        digest: Digest,
        group: &Slug,
    ) -> Result<(PersonId, &Obligation), Violation> {
        let person = person_of(at, "only a person approves")?;
        let request = self.request.as_ref().filter(|_| self.stage == Stage::AwaitingApproval);
        let request = request.ok_or(Violation { rule: "a verdict answers a request" })?;
        ensure(at.time < request.expires, "a verdict is given before the request ends")?;
        self.is_current(digest)?;
        let decision = self.decision_named(at, "a verdict names the decision")?;
        ensure(!self.proposers().contains(&person), "nobody approves their own proposal or amendment")?;
        let asked = decision.obligations.iter().find(|obligation| obligation.group == *group);
        let asked = asked.ok_or(Violation { rule: "a verdict is given for a group that was asked" })?;
        ensure(!asked.exclude.contains(&person), "an excluded person gives no verdict")?;
        Ok((person, asked))
    }

    pub(super) fn approved(&mut self, at: &Envelope, event: &ApprovalGiven) -> Result<(), Violation> {
        let (person, asked) = self.verdict(at, event.plan_digest, &event.group)?;
        ensure(event.revision == self.revision, "an approval names the newest revision")?;
        ensure(event.method.meets(asked.method), "a passkey was asked for")?;
        ensure(
            event.expires > at.time && event.expires <= at.time.plus_s(asked.expires_s),
            "an approval ends in the future, and no later than its obligation says",
        )?;
        // A person counts once, with their newest approval: who lost their seat and has it again approves anew.
        self.approvals.retain(|given| given.person != person);
        self.approvals.push(Approval {
            seq: at.seq,
            person,
            group: event.group.clone(),
            method: event.method,
            expires: event.expires,
            at: at.time,
        });
        Ok(())
    }

    pub(super) fn rejected(&mut self, at: &Envelope, event: &ApprovalRejected) -> Result<(), Violation> {
        self.verdict(at, event.plan_digest, &event.group)?;
        ensure(event.revision == self.revision, "a rejection names the newest revision")?;
        self.stage = Stage::Rejected;
        Ok(())
    }

    pub(super) fn authorized(&mut self, at: &Envelope, event: &RunAuthorized) -> Result<(), Violation> {
        self.is_current(event.plan_digest)?;
        ensure(event.revision == self.revision, "an authorization names the newest revision")?;
        let from = matches!(
            self.stage,
            Stage::Previewed
                | Stage::AwaitingApproval
                | Stage::Authorized
                | Stage::Executing
                | Stage::NeedsAttention
        );
        ensure(from && !self.is_unsettled(), "an authorization follows a decision or the last approval")?;
        ensure(self.authorization.is_none(), "a decision is authorized once")?;
        let decision = self.decision_named(at, "an authorization names the decision")?;
        ensure(
            event.expires > at.time && event.expires <= self.deadline,
            "an authorization ends in the future, and with the run",
        )?;
        let approvals_until = match event.basis {
            Basis::Auto => {
                ensure(decision.word == DecisionWord::Auto, "basis `auto` needs decision `auto`")?;
                ensure(self.takeover.is_none(), "a taken-over run is authorized for its holder")?;
                ensure(
                    decision.principal == self.proposer.to_string(),
                    "basis `auto` is decided for the proposer",
                )?;
                None
            }
            Basis::Takeover => {
                ensure(decision.word == DecisionWord::Auto, "basis `takeover` needs decision `auto`")?;
                let holder = self.takeover.filter(|takeover| takeover.until > at.time);
                let decided_for = holder.map(|takeover| Principal::Person(takeover.holder).to_string());
                ensure(
                    decided_for.is_some_and(|holder| holder == decision.principal),
                    "basis `takeover` needs a running takeover and a decision for its holder",
                )?;
                None
            }
            Basis::Approvals => Some(self.counted_until(at)?),
        };
        ensure(
            approvals_until.is_none_or(|until| event.expires <= until),
            "no authorization outlives its approvals",
        )?;
        if matches!(self.stage, Stage::Previewed | Stage::AwaitingApproval) {
            self.stage = Stage::Authorized;
        }
        let named = self.approvals.iter().map(|given| given.seq).filter(|seq| at.cause.contains(seq));
        let approvals = if event.basis == Basis::Approvals { named.collect() } else { BTreeSet::new() };
        self.authorization = Some(Authorization {
            seq: at.seq,
            basis: event.basis,
            expires: event.expires,
            approvals_until,
            approvals,
        });
        Ok(())
    }

    /// The end of the approvals that an authorization names, which must complete every quorum.
    pub(super) fn counted_until(&self, at: &Envelope) -> Result<Timestamp, Violation> {
        let decision = self.decision.as_ref().ok_or(Violation { rule: "approvals answer a decision" })?;
        ensure(decision.word == DecisionWord::Approval, "basis `approvals` needs decision `approval`")?;
        let named = self.approvals.iter().filter(|given| at.cause.contains(&given.seq));
        let mut until = None;
        for obligation in &decision.obligations {
            let counted: Vec<&Approval> =
                named.clone().filter(|given| given.counts_for(obligation, at.time)).collect();
            let quorum = usize::try_from(obligation.quorum).unwrap_or(usize::MAX);
            ensure(
                counted.len() >= quorum,
                "every group reaches its quorum with approvals that are named and unexpired",
            )?;
            until = until.into_iter().chain(counted.iter().map(|given| given.expires)).min();
        }
        until.ok_or(Violation { rule: "basis `approvals` needs an approval" })
    }
}
