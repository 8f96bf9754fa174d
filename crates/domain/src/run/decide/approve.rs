//! Verdicts: who may give one, for which group, on which plan.

use super::{Next, code, own, person, says_something};
use crate::command::Verdict;
use crate::event::{ApprovalGiven, ApprovalRejected, Event, Obligation, SealedValues};
use crate::id::PersonId;
use crate::limits::APPROVAL_S_MAX;
use crate::name::Slug;
use crate::principal::Principal;
use crate::run::{Approval, Refusal, Stage};

impl Next<'_> {
    pub(super) fn approve(&mut self, verdict: Verdict) -> Result<(), Refusal> {
        let (by, asked) = self.admit(&verdict)?;
        let stands = |given: &Approval| given.expires > self.now && !verdict.lapsed.contains(&given.seq);
        if self.run.approvals.iter().any(|given| given.person == by && stands(given)) {
            return Err(Refusal::AlreadyApproved);
        }
        let group = self.choose_group(&verdict, &asked)?;
        let expires_s = asked.iter().find(|o| o.group == group).map_or(APPROVAL_S_MAX, |o| o.expires_s);
        let expires =
            self.now.plus_s(expires_s.min(verdict.lifetime_s).min(APPROVAL_S_MAX)).min(self.run.deadline);
        let event = ApprovalGiven {
            expires,
            group,
            method: verdict.method,
            plan_digest: verdict.plan_digest,
            revision: self.run.revision,
        };
        let decided = self.run.decision.as_ref().map_or(0, |decision| decision.seq);
        let lapsed = verdict.lapsed.clone();
        self.emit(person(by), own(decided), Event::ApprovalGiven(event), sealed(verdict))?;
        self.authorize_by_approvals(&lapsed)
    }

    pub(super) fn reject(&mut self, verdict: Verdict) -> Result<(), Refusal> {
        let (by, asked) = self.admit(&verdict)?;
        // Any of the person's groups will do, complete or not: one rejection ends the run.
        let spoken = match &verdict.group {
            Some(group) => asked.iter().find(|o| o.group == *group),
            None => asked.iter().find(|o| verdict.method.meets(o.method)),
        };
        let Some(spoken) = spoken else {
            return Err(Refusal::NotAnApprover(list(asked.iter().map(|o| &o.group))));
        };
        if !verdict.method.meets(spoken.method) {
            return Err(Refusal::PasskeyRequired);
        }
        let group = spoken.group.clone();
        let event = ApprovalRejected {
            group,
            method: verdict.method,
            plan_digest: verdict.plan_digest,
            revision: self.run.revision,
        };
        let decided = self.run.decision.as_ref().map_or(0, |decision| decision.seq);
        self.emit(person(by), own(decided), Event::ApprovalRejected(event), sealed(verdict))?;
        self.close_when_final(code("rejected"))
    }

    /// Whether this person may give a verdict at all; with the obligations that they may answer.
    fn admit(&self, verdict: &Verdict) -> Result<(PersonId, Vec<Obligation>), Refusal> {
        let Principal::Person(by) = verdict.by else { return Err(Refusal::AgentNeverApproves) };
        self.check_open()?;
        if self.run.proposers().contains(&by) {
            return Err(Refusal::SeparationOfDuties);
        }
        if self.run.stage != Stage::AwaitingApproval {
            return Err(Refusal::NotAwaitingApproval(self.run.stage));
        }
        self.check_digest(verdict.plan_digest)?;
        if let Some(request) = self.run.request.as_ref().filter(|request| request.expires <= self.now) {
            return Err(Refusal::RequestExpired(request.expires));
        }
        let Some(decision) = &self.run.decision else { return Err(Refusal::NoGroups) };
        let mine: Vec<_> =
            decision.obligations.iter().filter(|o| verdict.member_of.contains(&o.group)).collect();
        if mine.is_empty() {
            return Err(Refusal::NotAnApprover(list(decision.obligations.iter().map(|o| &o.group))));
        }
        let allowed: Vec<Obligation> =
            mine.into_iter().filter(|o| !o.exclude.contains(&by)).cloned().collect();
        if allowed.is_empty() {
            return Err(Refusal::Excluded);
        }
        if decision.rationale && !says_something(&verdict.rationale) {
            return Err(Refusal::RationaleRequired);
        }
        if !allowed.iter().any(|o| verdict.method.meets(o.method)) {
            return Err(Refusal::PasskeyRequired);
        }
        Ok((by, allowed))
    }

    fn choose_group(&self, verdict: &Verdict, asked: &[Obligation]) -> Result<Slug, Refusal> {
        let lacking: Vec<&Obligation> =
            asked.iter().filter(|o| self.run.given(&o.group, self.now, &verdict.lapsed) < o.quorum).collect();
        let chosen = match &verdict.group {
            Some(group) => {
                let obligation = asked.iter().find(|o| o.group == *group);
                let obligation =
                    obligation.ok_or_else(|| Refusal::NotAnApprover(list(asked.iter().map(|o| &o.group))))?;
                if !lacking.iter().any(|o| o.group == *group) {
                    return Err(Refusal::GroupComplete(group.clone()));
                }
                obligation
            }
            None => match lacking.as_slice() {
                [] => {
                    let first = asked.first().ok_or(Refusal::NoGroups)?;
                    return Err(Refusal::GroupComplete(first.group.clone()));
                }
                [one] => one,
                several => return Err(Refusal::GroupRequired(list(several.iter().map(|o| &o.group)))),
            },
        };
        if !verdict.method.meets(chosen.method) {
            return Err(Refusal::PasskeyRequired);
        }
        Ok(chosen.group.clone())
    }
}

fn sealed(verdict: Verdict) -> SealedValues {
    vec![
        ("approver", verdict.approver),
        ("assertion", verdict.assertion),
        ("rationale", verdict.rationale),
        ("shown", verdict.shown),
    ]
}

fn list<'a>(groups: impl Iterator<Item = &'a Slug>) -> String {
    groups.map(|group| format!("`{group}`")).collect::<Vec<_>>().join(", ")
}
