//! Proposal, preview, decision, amendment: how a plan comes to be.

use std::collections::BTreeSet;

use proof::digest::Digest;
use proof::json::Value;

use super::{Cause, Context, Draft, Next, begin, code, own, person};
use crate::command::{Drift, Propose, RecordDecision};
use crate::event::{
    ApprovalRequested, AuthorizationVoided, Event, GroupQuorum, PlanAmended, PlanDrifted, PlanPreviewed,
    PolicyDecided, RunAuthorized, RunProposed,
};
use crate::id::PersonId;
use crate::limits::{APPROVAL_S_MAX, AUTHORIZATION_S};
use crate::name::Slug;
use crate::principal::Actor;
use crate::run::{Basis, DecisionWord, Refusal, Stage};
use crate::time::Timestamp;

pub(super) fn propose(propose: Propose, context: &Context) -> Result<Vec<Draft>, Refusal> {
    let Propose { id, by, proposer, reason, source_ref, model, recovers, .. } = propose;
    let event = Event::RunProposed(RunProposed {
        agent_owner: propose.agent_owner,
        agent_version: propose.agent_version,
        branched_from: propose.branched_from,
        confidence_bp: propose.confidence_bp,
        deadline: propose.deadline,
        environment: propose.environment,
        mutations: propose.mutations,
        on_behalf_of: propose.on_behalf_of,
        recovery: recovers.map(|(_, kind)| kind),
        recovers: recovers.map(|(run, _)| run),
        source: propose.source,
        trace: propose.trace,
        workflow: propose.workflow,
    });
    begin(id, by, context.now, &event)?;
    let sealed =
        vec![("model", model), ("proposer", proposer), ("reason", reason), ("source_ref", source_ref)];
    Ok(vec![Draft { by: Actor::Principal(by), time: context.now, cause: Vec::new(), event, sealed }])
}

impl Next<'_> {
    pub(super) fn record_preview(&mut self, preview: PlanPreviewed) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_clean()?;
        if self.now >= self.run.deadline {
            return Err(Refusal::DeadlinePassed(self.run.deadline));
        }
        let revision = self.run.revision + 1;
        let event = PlanPreviewed { revision, ..preview };
        self.emit(self.system(), Vec::new(), Event::PlanPreviewed(event), Vec::new())?;
        Ok(())
    }

    pub(super) fn fail_preview(&mut self, code: Slug) -> Result<(), Refusal> {
        self.check_open()?;
        if self.run.stage != Stage::Proposed {
            return Err(Refusal::Stage { stage: self.run.stage, rule: "no preview is due" });
        }
        self.close(code, Stage::Failed)
    }

    pub(super) fn record_decision(&mut self, decision: RecordDecision) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_settled()?;
        let Some(plan) = self.run.plan.clone() else { return Err(Refusal::mismatch(None)) };
        if decision.decided.decision == DecisionWord::Approval && decision.decided.obligations.is_empty() {
            return Err(Refusal::NoGroups);
        }
        if self.run.deadline <= self.now {
            return Err(Refusal::DeadlinePassed(self.run.deadline));
        }
        let renewed = self.run.stage != Stage::Previewed;
        let event = PolicyDecided {
            plan_digest: plan.digest,
            principal: self.run.judged().to_string(),
            evidence: decision.decided.evidence.max(self.run.evidence_minimum()),
            ..decision.decided
        };
        let sealed = vec![("input", decision.input), ("rationale", decision.rationale)];
        let (word, groups) = (event.decision, event.obligations.clone());
        let by = Actor::Policy(decision.set);
        let decided = self.emit(by, own(plan.seq), Event::PolicyDecided(event), sealed)?;
        match word {
            DecisionWord::Deny => self.close_when_final(code("denied")),
            DecisionWord::Auto => {
                let basis = if self.run.takeover.is_some() { Basis::Takeover } else { Basis::Auto };
                self.authorize(basis, own(decided), self.authorization_end(None))
            }
            DecisionWord::Approval if renewed => {
                self.authorize_by_approvals(&decision.lapsed)?;
                if self.run.authorization.is_some() {
                    return Ok(());
                }
                let rule = "the repeated decision asks for more than was approved: void as `tightened`";
                Err(Refusal::Stage { stage: self.run.stage, rule })
            }
            DecisionWord::Approval => {
                let shortest = groups.iter().map(|group| group.expires_s).min().unwrap_or(APPROVAL_S_MAX);
                let request = ApprovalRequested {
                    expires: self.now.plus_s(shortest.min(APPROVAL_S_MAX)).min(self.run.deadline),
                    groups: groups
                        .into_iter()
                        .map(|o| GroupQuorum { group: o.group, quorum: o.quorum })
                        .collect(),
                    plan_digest: plan.digest,
                };
                self.emit(self.system(), own(decided), Event::ApprovalRequested(request), Vec::new())?;
                Ok(())
            }
        }
    }

    /// When an authorization that is given now ends.
    fn authorization_end(&self, approvals: Option<Timestamp>) -> Timestamp {
        let mut end = self.now.plus_s(AUTHORIZATION_S).min(self.run.deadline);
        end = approvals.map_or(end, |until| end.min(until));
        self.run.takeover.map_or(end, |takeover| end.min(takeover.until))
    }

    fn authorize(&mut self, basis: Basis, cause: Vec<Cause>, expires: Timestamp) -> Result<(), Refusal> {
        let plan_digest = self.run.plan_digest().ok_or_else(|| Refusal::mismatch(None))?;
        let event = RunAuthorized { basis, expires, plan_digest, revision: self.run.revision };
        self.emit(self.system(), cause, Event::RunAuthorized(event), Vec::new())?;
        Ok(())
    }

    /// Authorizes when every group has its quorum; leaves the run as it is otherwise.
    pub(super) fn authorize_by_approvals(&mut self, lapsed: &BTreeSet<u64>) -> Result<(), Refusal> {
        if self.run.lacking(self.now, lapsed).next().is_some() {
            return Ok(());
        }
        let decided = self.run.decision.as_ref().map_or(0, |decision| decision.seq);
        let counted: Vec<_> = self.run.counted(self.now, lapsed).collect();
        let until = counted.iter().map(|approval| approval.expires).min();
        let mut cause = own(decided);
        cause.extend(counted.iter().map(|approval| Cause::Own(approval.seq)));
        self.authorize(Basis::Approvals, cause, self.authorization_end(until))
    }

    pub(super) fn amend(
        &mut self,
        by: PersonId,
        seen: Option<Digest>,
        mutations: u32,
        rationale: Value,
    ) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_holder(by)?;
        self.check_clean()?;
        if seen != self.run.plan_digest() {
            return Err(Refusal::mismatch(self.run.plan_digest()));
        }
        let event = PlanAmended { mutations, replaces: seen, revision: self.run.revision + 1 };
        self.emit(person(by), Vec::new(), Event::PlanAmended(event), vec![("rationale", rationale)])?;
        Ok(())
    }

    pub(super) fn record_drift(&mut self, drift: Drift) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_settled()?;
        if !self.run.is_clean() {
            return self.close(code("drifted"), self.run.by_outcomes());
        }
        let plan_digest = self.run.plan_digest().ok_or_else(|| Refusal::mismatch(None))?;
        let event = Event::PlanDrifted(PlanDrifted { n: drift.n, plan_digest });
        self.emit(self.system(), Vec::new(), event, vec![("view", drift.view)])?;
        Ok(())
    }

    pub(super) fn void_authorization(&mut self, code: Slug, detail: Value) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_settled()?;
        if !self.run.is_clean() {
            return self.close(code, self.run.by_outcomes());
        }
        let plan_digest = self.run.plan_digest().ok_or_else(|| Refusal::mismatch(None))?;
        let event = Event::AuthorizationVoided(AuthorizationVoided { code, plan_digest });
        self.emit(self.system(), Vec::new(), event, vec![("detail", detail)])?;
        Ok(())
    }
}
