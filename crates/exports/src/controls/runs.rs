//! What the events of a run say: decisions, verdicts, overrides, outcomes, and how long they took.

use std::collections::{BTreeMap, BTreeSet};

use domain::attempt::Outcome;
use domain::event::{Event, PolicyDecided, RunProposed};
use domain::id::PersonId;
use domain::name::Slug;
use domain::run::{Basis, DecisionWord};
use domain::time::Timestamp;

use super::acts::{enrolled, person};
use super::{Controls, Decisions, Mention, Told};
use crate::evidence::{Entry, RunEvidence, WorkspaceEvidence};

/// What is known of the run on the way through its events.
#[derive(Default)]
struct Way {
    /// Who proposed or amended so far.
    proposers: BTreeSet<PersonId>,
    /// Who holds it.
    holder: Option<PersonId>,
    /// Since when people are asked.
    asked: Option<Timestamp>,
    /// Since when an outcome is unknown, by mutation.
    unknown: BTreeMap<u32, Timestamp>,
}

pub(super) fn gather(run: &RunEvidence, workspace: &WorkspaceEvidence, controls: &mut Controls) {
    let mut way = Way::default();
    let until = controls.period.until;
    let mut is_counted = false;
    for entry in run.entries.iter().take_while(|entry| entry.time < until) {
        let is_in = controls.period.contains(entry.time);
        if is_in {
            controls.population.runs += u64::from(!std::mem::replace(&mut is_counted, true));
            controls.population.events += 1;
            look(run, entry, &way, workspace, controls);
        }
        go(entry, is_in, &mut way, controls);
    }
    // Waits that began in the period and were not over at its end.
    let is_in = |time: &Timestamp| controls.period.contains(*time);
    controls.verdicts.open += u64::from(way.asked.as_ref().is_some_and(is_in));
    let open = way.unknown.values().filter(|time| is_in(time)).count();
    controls.settlements.open += u64::try_from(open).unwrap_or(u64::MAX);
}

/// Carries on what later events need to know, and ends waits. A wait counts in the period in which it ends.
fn go(entry: &Entry<Event>, is_in: bool, way: &mut Way, controls: &mut Controls) {
    match &entry.event {
        Event::RunProposed(event) => {
            let RunProposed { agent_owner, on_behalf_of, .. } = event;
            way.proposers.extend(agent_owner.iter().chain(on_behalf_of).copied().chain(person(entry)));
        }
        Event::PlanAmended(_) => {
            way.proposers.extend(person(entry));
            unanswered(is_in, way, controls);
        }
        Event::RunTakenOver(_) => way.holder = person(entry),
        Event::RunHandedBack(_) => way.holder = None,
        Event::ApprovalRequested(_) => way.asked = Some(entry.time),
        Event::RunAuthorized(event) => match event.basis {
            Basis::Approvals => answered(entry, is_in, way, controls),
            Basis::Auto | Basis::Takeover => unanswered(is_in, way, controls),
        },
        Event::ApprovalRejected(_) => answered(entry, is_in, way, controls),
        Event::RunCancelled(_) | Event::RunExpired(_) | Event::PlanDrifted(_) => {
            unanswered(is_in, way, controls);
        }
        Event::AttemptFinished(event) if event.outcome == Outcome::Unknown => {
            way.unknown.insert(event.n, entry.time);
        }
        Event::AttemptReconciled(event) => {
            if let Some(since) = way.unknown.remove(&event.n).filter(|_| is_in) {
                controls.settlements.ended_ms.push(entry.time.millis() - since.millis());
            }
        }
        Event::AttemptFinished(_)
        | Event::PlanPreviewed(_)
        | Event::PolicyDecided(_)
        | Event::ApprovalGiven(_)
        | Event::ChangeObserved(_)
        | Event::AuthorizationVoided(_)
        | Event::AttemptStarted(_)
        | Event::DivergenceAccepted(_)
        | Event::RecoveryPlanned(_)
        | Event::RecoveryFinished(_)
        | Event::ArtifactAttached(_)
        | Event::RunCommented(_)
        | Event::RunClosed(_) => {}
    }
}

/// The people who were asked answered.
fn answered(entry: &Entry<Event>, is_in: bool, way: &mut Way, controls: &mut Controls) {
    if let Some(asked) = way.asked.take().filter(|_| is_in) {
        controls.verdicts.ended_ms.push(entry.time.millis() - asked.millis());
    }
}

/// The run went on or ended without their answer.
fn unanswered(is_in: bool, way: &mut Way, controls: &mut Controls) {
    controls.verdicts.open += u64::from(way.asked.take().is_some() && is_in);
}

/// Counts an event of the period.
fn look(
    run: &RunEvidence,
    entry: &Entry<Event>,
    way: &Way,
    workspace: &WorkspaceEvidence,
    controls: &mut Controls,
) {
    let mention = Mention::of(entry, Some(run.run.id));
    let told =
        |kind, detail: &dyn ToString| Told { kind, detail: detail.to_string(), mention: mention.clone() };
    let population = &mut controls.population;
    match &entry.event {
        Event::RunProposed(event) => *population.proposed.entry(event.environment).or_default() += 1,
        Event::PolicyDecided(event) => {
            decided(event, entry, controls);
            if event.decision == DecisionWord::Deny {
                controls.exceptions.push(told("denied", &joined(&event.rules)));
            }
        }
        Event::ApprovalRequested(event) => {
            for asked in &event.groups {
                controls.groups.entry(asked.group.to_string()).or_default().asked += 1;
            }
        }
        Event::ApprovalGiven(event) => {
            controls.groups.entry(event.group.to_string()).or_default().given += 1;
            judged(entry, Some(&event.group), way, workspace, &mention, controls);
        }
        Event::ApprovalRejected(event) => {
            controls.groups.entry(event.group.to_string()).or_default().rejected += 1;
            controls.exceptions.push(told("rejected", &event.group));
            judged(entry, Some(&event.group), way, workspace, &mention, controls);
        }
        Event::DivergenceAccepted(_) => {
            controls.overrides.push(told("divergence_accepted", &""));
            judged(entry, None, way, workspace, &mention, controls);
        }
        Event::RunTakenOver(event) => {
            controls.overrides.push(told("taken_over", &format!("until {}", event.until)));
        }
        Event::RunHandedBack(event) => controls.overrides.push(told("handed_back", &event.code)),
        Event::PlanAmended(event) => {
            controls.overrides.push(told("plan_amended", &format!("revision {}", event.revision)));
        }
        Event::ChangeObserved(_) => controls.overrides.push(told("change_by_hand", &"")),
        Event::RunCancelled(event) => controls.overrides.push(told("cancelled", &event.code)),
        Event::RecoveryPlanned(event) => {
            controls.overrides.push(told("recovery", &format!("{} by {}", event.kind, event.run)));
        }
        Event::PlanDrifted(_) => controls.exceptions.push(told("drifted", &"")),
        Event::AuthorizationVoided(event) => {
            controls.exceptions.push(told("authorization_voided", &event.code));
        }
        Event::RunExpired(event) => controls.exceptions.push(told("expired", &event.code)),
        Event::AttemptStarted(_) => population.attempts += 1,
        Event::AttemptFinished(event) => {
            *population.outcomes.entry(event.outcome.word()).or_default() += 1;
            let kind = match event.outcome {
                Outcome::Unknown => Some("outcome_unknown"),
                Outcome::Diverged => Some("outcome_diverged"),
                Outcome::Rejected => Some("refused_by_system"),
                Outcome::Applied | Outcome::NotSent => None,
            };
            controls.exceptions.extend(kind.map(|kind| told(kind, &event.code)));
        }
        Event::AttemptReconciled(event) if person(entry).is_some() => {
            controls.overrides.push(told("settled_by_person", &event.outcome));
        }
        Event::RecoveryFinished(event) => {
            *population.recoveries.entry(event.outcome.word()).or_default() += 1;
        }
        Event::RunClosed(event) => *population.closed.entry(event.stage.word()).or_default() += 1,
        Event::AttemptReconciled(_)
        | Event::PlanPreviewed(_)
        | Event::RunAuthorized(_)
        | Event::ArtifactAttached(_)
        | Event::RunCommented(_) => {}
    }
}

fn decided(event: &PolicyDecided, entry: &Entry<Event>, controls: &mut Controls) {
    let add = |decisions: &mut Decisions| match event.decision {
        DecisionWord::Auto => decisions.auto += 1,
        DecisionWord::Approval => decisions.approval += 1,
        DecisionWord::Deny => decisions.deny += 1,
    };
    for rule in &event.rules {
        add(controls.rules.entry(rule.to_string()).or_default());
    }
    let in_force =
        |used: &&mut super::PolicyUse| used.policy == event.policy && used.activated.index < entry.index;
    if let Some(used) = controls.policies.iter_mut().rev().find(in_force) {
        add(&mut used.decisions);
    }
}

/// Looks whether the person behind a verdict was free to give it.
fn judged(
    entry: &Entry<Event>,
    group: Option<&Slug>,
    way: &Way,
    workspace: &WorkspaceEvidence,
    mention: &Mention,
    controls: &mut Controls,
) {
    controls.duties.verdicts += 1;
    let Some(person) = person(entry) else { return };
    let mut found = |kind, count: fn(&mut super::Duties) -> &mut u64| {
        *count(&mut controls.duties) += 1;
        controls.exceptions.push(Told { kind, detail: person.to_string(), mention: mention.clone() });
    };
    if way.proposers.contains(&person) || way.holder == Some(person) {
        found("verdict_by_proposer", |duties| &mut duties.by_proposers);
    }
    if group.is_some_and(|group| !enrolled(workspace, group, entry.index).contains(&person)) {
        found("verdict_not_enrolled", |duties| &mut duties.not_enrolled);
    }
}

fn joined(rules: &[Slug]) -> String {
    rules.iter().map(Slug::to_string).collect::<Vec<_>>().join(", ")
}
