//! A run's query rows, as a function of the run and its plan: clear members and keyed references, nothing else.

use std::collections::BTreeSet;

use domain::event::Event;
use domain::run::{Run, Stage};
use store::{Extent, Projection, RunRow, Touch, Wait};

use super::Entry;
use crate::control::Control;

/// Plans up to this size write all their rows each time; larger ones only what an event was about.
const WHOLE_MAX: usize = 16;

/// The rows after these events.
pub(super) fn project(control: &Control, entry: &Entry, events: &[Event]) -> Projection {
    let new_plan = events.iter().any(|event| matches!(event, Event::PlanPreviewed(_)));
    let extent = if new_plan || entry.plan.len() <= WHOLE_MAX { Extent::Whole } else { Extent::Changed };
    rows(control, entry, events, extent)
}

/// All rows of a run, as if none were there.
pub(crate) fn whole(control: &Control, entry: &Entry) -> Projection {
    rows(control, entry, &[], Extent::Whole)
}

fn rows(control: &Control, entry: &Entry, events: &[Event], extent: Extent) -> Projection {
    let (run, whole) = (entry.run(), extent == Extent::Whole);
    let about: BTreeSet<u32> = events.iter().filter_map(super::rows::mutation_of).collect();
    let recovered = events.iter().any(|event| matches!(event, Event::RecoveryFinished(_)));
    let mut touches = Vec::new();
    let mut record_tokens = Vec::new();
    for planned in entry.plan.iter() {
        let n = planned.document.n;
        let Some(mutation) = &planned.mutation else { continue };
        let Some(record) = mutation.record_ref() else { continue };
        let token = control.keys_of.record(&record.connector, &record.object, &record.id);
        if whole {
            record_tokens.push(token);
        }
        if (whole || recovered || about.contains(&n))
            && let Some((outcome, at)) = touched(run, n)
        {
            touches.push(Touch {
                record: token,
                n,
                connector: record.connector.to_string(),
                object: record.object.to_string(),
                action: mutation.verb().to_owned(),
                outcome,
                at,
            });
        }
    }
    for proposed in entry.proposed.iter() {
        let id = proposed.id.as_ref();
        record_tokens.extend(id.map(|id| control.keys_of.record(&proposed.connector, &proposed.object, id)));
    }
    record_tokens.sort_unstable();
    record_tokens.dedup();
    Projection { row: row(entry), waits: waits(run), touches, record_tokens, extent }
}

/// What became of a mutation, when it was tried.
fn touched(run: &Run, n: u32) -> Option<(String, domain::time::Timestamp)> {
    let progress = usize::try_from(n).ok().and_then(|n| run.progress.get(n))?;
    let last = progress.attempts.last()?;
    let Some(result) = &last.result else { return Some(("in_flight".to_owned(), last.started_at)) };
    let outcome =
        progress.recovered.map_or_else(|| result.outcome.to_string(), |kind| format!("recovered_by_{kind}"));
    Some((outcome, result.at))
}

fn row(entry: &Entry) -> RunRow {
    let run = entry.run();
    let target = entry.target();
    let decision = run.decision.as_ref();
    RunRow {
        id: run.id,
        stage: run.stage.to_string(),
        workflow: run.workflow.to_string(),
        source: run.source.to_string(),
        environment: run.environment.to_string(),
        connector: target.as_ref().map(|target| target.connector.to_string()).unwrap_or_default(),
        object: target.as_ref().map(|target| target.object.to_string()).unwrap_or_default(),
        action: target.map(|target| target.verb).unwrap_or_default(),
        proposer: run.proposer.to_string(),
        agent_owner: run.agent_owner,
        policy: decision.map(|decision| decision.policy),
        plan_digest: run.plan_digest(),
        decision: decision.map(|decision| decision.word.to_string()),
        risk: decision.map(|decision| decision.risk.to_string()),
        mutations: run.mutations,
        revision: run.revision,
        created: run.created,
        updated: run.updated,
        deadline: run.deadline,
        closed: run.closed.as_ref().map(|closed| closed.at),
        holder: run.takeover.map(|takeover| takeover.holder),
        recovers: run.recovers.map(|(parent, _)| parent),
        branched_from: run.branched_from,
        events: run.events,
    }
}

fn waits(run: &Run) -> Vec<Wait> {
    let (Stage::AwaitingApproval, Some(decision), Some(request)) = (run.stage, &run.decision, &run.request)
    else {
        return Vec::new();
    };
    let wait = |obligation: &domain::event::Obligation| Wait {
        group: obligation.group.clone(),
        needed: obligation.quorum,
        expires: request.expires,
    };
    // Also of groups that have given all they owe: an approval lapses when its giver leaves.
    let mut waits: Vec<Wait> = decision.obligations.iter().map(wait).collect();
    waits.sort();
    waits
}
