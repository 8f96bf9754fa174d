//! Everything that is checked at dispatch and needs no read of the record.

use connectors::connector::Connector;
use domain::event::PolicyDecided;
use domain::mutation::Mutation;
use domain::principal::Principal;
use domain::run::{Approval, Decision, DecisionWord, Run};

use crate::control::Control;
use crate::decision::lane_of;
use crate::ledger::Entry;
use crate::{Engine, Result};

/// What the checks said.
pub(super) enum Check {
    /// The write may start.
    Go,
    /// Not now: something is paused.
    Wait,
    /// The authorization no longer holds: why, in a word and in words.
    Void(&'static str, String),
}

impl Engine {
    /// Pauses, connectors, policy set, roles, and the policy itself with fresh facts.
    pub(super) async fn check(&self, control: &Control, entry: &Entry, n: u32) -> Result<Check> {
        let run = entry.run();
        let mutations: Vec<&Mutation> =
            entry.plan.iter().filter_map(|planned| planned.mutation.as_ref()).collect();
        if mutations.len() != entry.plan.len() {
            return Ok(Check::Void("store_restored", "a value of the plan was erased".to_owned()));
        }
        let mutation = entry.mutation(n)?;
        if paused(control, run, mutation, &lane_of(control, run, mutation)) {
            return Ok(Check::Wait);
        }
        if !is_as_previewed(control, entry, n) {
            let detail = format!("the connector `{}` changed", mutation.connector);
            return Ok(Check::Void("connector_changed", detail));
        }
        let decided = run.decision.as_ref().map(|decision| decision.policy);
        if control.policy.as_ref().map(|policy| policy.digest) != decided {
            return Ok(Check::Void("policy_changed", "another policy set is in force".to_owned()));
        }
        if !control.is_active(run.judged()) {
            return Ok(Check::Void("role_lost", "the proposer may no longer act".to_owned()));
        }
        let (counted, lapsed) = (counted(run), control.lapsed(run));
        if let Some(approval) = counted.iter().find(|approval| lapsed.contains(&approval.seq)) {
            let detail = format!("{} lost the seat in `{}`", approval.person, approval.group);
            return Ok(Check::Void("role_lost", detail));
        }
        let again = self.decide_one(control, run, &mutations, n).await?.record.decided;
        if !run.decision.as_ref().is_some_and(|before| still_allows(before, &counted, &again)) {
            let rules = again.rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Ok(Check::Void("tightened", format!("policy now says {}: {rules}", again.decision)));
        }
        Ok(Check::Go)
    }
}

/// Whether the proposer, the holder, the connector or the lane of a mutation is paused.
fn paused(control: &Control, run: &Run, mutation: &Mutation, lane: &str) -> bool {
    let whom: [Principal; 2] = [run.proposer, run.judged()];
    whom.into_iter().any(|principal| control.paused(principal, &mutation.connector, lane).is_some())
}

/// Whether the connector still is what the preview read from: the same manifest, environment, address and user.
pub(crate) fn is_as_previewed(control: &Control, entry: &Entry, n: u32) -> bool {
    let planned = usize::try_from(n).ok().and_then(|n| entry.plan.get(n));
    let Some((planned, mutation)) = planned.and_then(|planned| Some((planned, planned.mutation.as_ref()?)))
    else {
        return false;
    };
    let connector = control.connector(&mutation.connector).ok().map(Connector::describe);
    connector.is_some_and(|connector| Some(connector.configuration) == planned.configuration)
}

/// Approvals on which the authorization rests.
fn counted(run: &Run) -> Vec<&Approval> {
    let named = run.authorization.as_ref().map(|leave| &leave.approvals);
    run.approvals.iter().filter(|given| named.is_some_and(|named| named.contains(&given.seq))).collect()
}

/// Whether what was decided and approved still satisfies what the same policy set says now. It may only tighten.
fn still_allows(before: &Decision, approvals: &[&Approval], now: &PolicyDecided) -> bool {
    let canary = match (before.canary, now.canary) {
        (_, None) => true,
        (Some(before), Some(now)) => before <= now,
        (None, Some(_)) => false,
    };
    if !canary || now.evidence > before.evidence {
        return false;
    }
    match (before.word, now.decision) {
        (_, DecisionWord::Deny) | (DecisionWord::Auto, DecisionWord::Approval) | (DecisionWord::Deny, _) => {
            false
        }
        (DecisionWord::Auto | DecisionWord::Approval, DecisionWord::Auto) => true,
        (DecisionWord::Approval, DecisionWord::Approval) => {
            let met = |asked: &domain::event::Obligation| {
                let given = approvals.iter().filter(|approval| {
                    approval.group == asked.group
                        && approval.method >= asked.method
                        && !asked.exclude.contains(&approval.person)
                });
                given.count() >= usize::try_from(asked.quorum).unwrap_or(usize::MAX)
            };
            (before.rationale || !now.rationale) && now.obligations.iter().all(met)
        }
    }
}
