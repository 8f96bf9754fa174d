//! Plans and what policy says of them.

use std::collections::BTreeSet;

use proof::digest::Digest;

use super::{Envelope, Violation, check_count, ensure};
use crate::event::{AuthorizationVoided, PlanAmended, PlanDrifted, PlanPreviewed, PolicyDecided};
use crate::limits::{APPROVERS_MAX, GROUPS_MAX, REVISIONS_MAX};
use crate::name::Slug;
use crate::run::{Decision, DecisionWord, PlanRef, Progress, Run, Stage};

impl Run {
    pub(super) fn is_current(&self, digest: Digest) -> Result<(), Violation> {
        ensure(self.plan_digest() == Some(digest), "an event names the newest plan")
    }

    pub(super) fn previewed(&mut self, at: &Envelope, event: &PlanPreviewed) -> Result<(), Violation> {
        let from = matches!(self.stage, Stage::Proposed | Stage::TakenOver);
        ensure(from && self.is_clean(), "a preview comes after the proposal, while nothing had an effect")?;
        ensure(event.revision == self.revision + 1, "revisions have no gap")?;
        ensure(event.revision <= REVISIONS_MAX, "a plan is revised only so often")?;
        check_count(event.count)?;
        self.void();
        self.stage = Stage::Previewed;
        self.revision = event.revision;
        self.mutations = event.count;
        self.progress = (0..event.count).map(|_| Progress::default()).collect();
        self.plan = Some(PlanRef {
            seq: at.seq,
            digest: event.plan_digest,
            policy: event.policy,
            root: event.root,
            undo: event.undo.clone(),
        });
        Ok(())
    }

    pub(super) fn amended(&mut self, at: &Envelope, event: &PlanAmended) -> Result<(), Violation> {
        let person = self.check_holder(at)?;
        ensure(
            self.stage == Stage::TakenOver && self.is_clean(),
            "a plan is amended while nothing had an effect",
        )?;
        ensure(event.revision == self.revision + 1, "revisions have no gap")?;
        ensure(event.replaces == self.plan_digest(), "an amendment names the plan that it replaces")?;
        check_count(event.mutations)?;
        self.void();
        self.mutations = event.mutations;
        self.amenders.insert(person);
        Ok(())
    }

    pub(super) fn drifted(&mut self, event: &PlanDrifted) -> Result<(), Violation> {
        let from = matches!(self.stage, Stage::Authorized | Stage::Executing | Stage::NeedsAttention);
        ensure(from && self.is_clean(), "drift revises a plan only while nothing had an effect")?;
        self.is_current(event.plan_digest)?;
        ensure(event.n < self.mutations, "a mutation stands in the plan")?;
        self.void();
        Ok(())
    }

    pub(super) fn decided(&mut self, at: &Envelope, event: &PolicyDecided) -> Result<(), Violation> {
        self.is_current(event.plan_digest)?;
        let plan = self.plan.as_ref().ok_or(Violation { rule: "a decision follows a preview" })?;
        ensure(at.cause.contains(&plan.seq), "a decision names the preview")?;
        ensure(event.policy == plan.policy, "a decision is made by the policy set of its plan")?;
        let again = matches!(self.stage, Stage::Authorized | Stage::Executing | Stage::NeedsAttention);
        ensure(again || self.stage == Stage::Previewed, "a decision follows a preview")?;
        ensure(event.principal == self.judged().to_string(), "policy judges the proposer, or the holder")?;
        check_obligations(event)?;
        if again {
            ensure(!self.is_unsettled(), "an unsettled attempt is settled first")?;
            let renews = self.decision.is_some() && event.decision != DecisionWord::Deny;
            ensure(renews, "a repeated decision only renews")?;
            // What rested on the older decision rests on nothing now: a new authorization follows, or none.
            self.authorization = None;
        } else {
            self.stage = match event.decision {
                DecisionWord::Auto => Stage::Previewed,
                DecisionWord::Approval => Stage::AwaitingApproval,
                DecisionWord::Deny => Stage::Denied,
            };
        }
        self.decision = Some(Decision {
            seq: at.seq,
            word: event.decision,
            policy: event.policy,
            principal: event.principal.clone(),
            obligations: event.obligations.clone(),
            rationale: event.rationale,
            evidence: event.evidence,
            risk: event.risk,
            rules: event.rules.clone(),
            canary: event.canary,
        });
        Ok(())
    }

    pub(super) fn decision_named(&self, at: &Envelope, rule: &'static str) -> Result<&Decision, Violation> {
        let decision = self.decision.as_ref().ok_or(Violation { rule })?;
        ensure(at.cause.contains(&decision.seq), rule)?;
        Ok(decision)
    }

    pub(super) fn voided(&mut self, at: &Envelope, event: &AuthorizationVoided) -> Result<(), Violation> {
        let from = matches!(self.stage, Stage::Authorized | Stage::Executing | Stage::NeedsAttention);
        ensure(from && self.is_clean(), "an authorization is voided only while nothing had an effect")?;
        self.is_current(event.plan_digest)?;
        let over = self.authorization.as_ref().is_none_or(|leave| leave.expires <= at.time);
        ensure(over || event.code.as_str() != "expired", "an authorization expires at its end")?;
        self.void();
        Ok(())
    }

    /// A new revision is due: everything that was decided about the old one is void.
    pub(super) fn void(&mut self) {
        self.stage = Stage::Proposed;
        self.plan = None;
        self.decision = None;
        self.request = None;
        self.approvals.clear();
        self.authorization = None;
        self.progress.clear();
    }
}

/// What a decision asks of whom must be possible to meet and to check.
fn check_obligations(event: &PolicyDecided) -> Result<(), Violation> {
    let asked = &event.obligations;
    ensure(
        (event.decision == DecisionWord::Approval) != asked.is_empty(),
        "exactly the decision `approval` asks somebody",
    )?;
    ensure(asked.len() <= GROUPS_MAX, "a decision asks at most so many groups")?;
    ensure(asked.iter().all(|o| o.quorum > 0), "a quorum is at least one")?;
    let approvers: u64 = asked.iter().map(|o| u64::from(o.quorum)).sum();
    ensure(approvers <= APPROVERS_MAX, "a decision asks at most so many approvers")?;
    ensure(asked.iter().all(|o| o.expires_s > 0), "an obligation has time to be met")?;
    let groups: BTreeSet<&Slug> = asked.iter().map(|o| &o.group).collect();
    ensure(groups.len() == asked.len(), "a decision asks each group once")?;
    ensure(event.canary != Some(0), "a canary is at least one mutation")
}
