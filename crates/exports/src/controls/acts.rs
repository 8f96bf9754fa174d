//! What the acts of the workspace say: policy sets, groups, pauses, administration.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::PersonId;
use domain::name::Slug;
use domain::principal::{Actor, Principal};
use domain::workspace::WorkspaceEvent;
use proof::digest::Digest;

use super::{Controls, Decisions, Mention, Pause, PolicyUse, Told};
use crate::evidence::{Entry, WorkspaceEvidence};

/// The verdict of a log that is whole.
const VALID: &str = "valid";

pub(super) fn gather(workspace: &WorkspaceEvidence, controls: &mut Controls) {
    let until = controls.period.until;
    let mut published: BTreeMap<Digest, Mention> = BTreeMap::new();
    for entry in workspace.entries.iter().filter(|entry| entry.time < until) {
        let mention = Mention::of(entry, None);
        let is_in = controls.period.contains(entry.time);
        match &entry.event {
            WorkspaceEvent::PolicyPublished(act) => {
                if is_in {
                    administered(controls, "policy_published", act.policy.to_string(), &mention);
                }
                published.insert(act.policy, mention);
            }
            WorkspaceEvent::PolicyActivated(act) => {
                let published = published.get(&act.policy).cloned();
                if is_in {
                    let by_author = published.as_ref().is_some_and(|published| published.by == mention.by);
                    controls.duties.activations += 1;
                    controls.duties.by_authors += u64::from(by_author);
                    if by_author {
                        let detail = act.code.as_ref().map_or_else(String::new, ToString::to_string);
                        excepted(controls, "activated_by_author", detail, &mention);
                    }
                }
                activate(controls, act.policy, published, mention);
            }
            WorkspaceEvent::ApproverEnrolled(act) => {
                for group in &act.groups {
                    let used = controls.groups.entry(group.to_string()).or_default();
                    used.enrolled += u64::from(is_in);
                    used.members.retain(|member| *member != act.approver);
                    used.members.push(act.approver);
                }
            }
            WorkspaceEvent::ApproverRemoved(act) => {
                for group in &act.groups {
                    let used = controls.groups.entry(group.to_string()).or_default();
                    used.removed += u64::from(is_in);
                    used.members.retain(|member| *member != act.approver);
                }
            }
            WorkspaceEvent::PauseSet(act) => {
                let pause =
                    Pause { kind: act.kind.to_string(), id: act.id.clone(), set: mention, lifted: None };
                controls.pauses.push(pause);
            }
            WorkspaceEvent::PauseLifted(act) => {
                let is = |pause: &&mut Pause| {
                    pause.lifted.is_none() && pause.kind == act.kind.as_str() && pause.id == act.id
                };
                if let Some(pause) = controls.pauses.iter_mut().find(is) {
                    pause.lifted = Some(mention);
                }
            }
            WorkspaceEvent::ConnectorChanged(_)
            | WorkspaceEvent::LaneChanged(_)
            | WorkspaceEvent::AccessChanged(_)
            | WorkspaceEvent::LogOpened(_)
            | WorkspaceEvent::LogVerified(_)
            | WorkspaceEvent::KeyRotated(_)
            | WorkspaceEvent::WitnessChanged(_)
            | WorkspaceEvent::DisclosureErased(_)
            | WorkspaceEvent::ErasureRefused(_)
            | WorkspaceEvent::HoldPlaced(_)
            | WorkspaceEvent::HoldReleased(_)
            | WorkspaceEvent::ExportMade(_) => {
                if is_in {
                    other(controls, &entry.event, &mention);
                }
            }
        }
    }
    let from = controls.period.from;
    controls.policies.retain(|used| used.until.is_none_or(|until| until > from));
    controls.pauses.retain(|pause| pause.lifted.as_ref().is_none_or(|lifted| lifted.time >= from));
}

/// A policy set comes into force, and the one before it ends.
fn activate(controls: &mut Controls, policy: Digest, published: Option<Mention>, activated: Mention) {
    if let Some(before) = controls.policies.last_mut() {
        before.until = Some(activated.time);
    }
    let decisions = Decisions::default();
    controls.policies.push(PolicyUse { policy, published, activated, until: None, decisions });
}

fn administered(controls: &mut Controls, kind: &'static str, detail: String, mention: &Mention) {
    controls.administration.push(Told { kind, detail, mention: mention.clone() });
}

fn excepted(controls: &mut Controls, kind: &'static str, detail: String, mention: &Mention) {
    controls.exceptions.push(Told { kind, detail, mention: mention.clone() });
}

/// Acts that only stand in the list.
fn other(controls: &mut Controls, event: &WorkspaceEvent, mention: &Mention) {
    let (kind, detail) = match event {
        WorkspaceEvent::ConnectorChanged(act) => {
            ("connector_changed", format!("{} ({})", act.connector, act.environment))
        }
        WorkspaceEvent::LaneChanged(act) => {
            let facts: Vec<String> = act.readiness.iter().map(Slug::to_string).collect();
            ("lane_changed", format!("{}: {}", act.lane, facts.join(", ")))
        }
        WorkspaceEvent::AccessChanged(act) => ("access_changed", format!("{} {}", act.code, act.principal)),
        WorkspaceEvent::LogOpened(act) => ("log_opened", act.scope.to_string()),
        WorkspaceEvent::LogVerified(act) => {
            let detail = format!("{} over {} leaves", act.verdict, act.size);
            if act.verdict.as_str() != VALID {
                excepted(controls, "log_not_valid", detail.clone(), mention);
            }
            ("log_verified", detail)
        }
        WorkspaceEvent::KeyRotated(act) => ("key_rotated", format!("from size {}", act.from_size)),
        WorkspaceEvent::WitnessChanged(act) => {
            ("witness_changed", format!("{} joined, {} left", act.added.len(), act.removed.len()))
        }
        WorkspaceEvent::DisclosureErased(act) => {
            ("disclosure_erased", format!("{} values, {}", act.count, act.basis))
        }
        WorkspaceEvent::ErasureRefused(act) => {
            excepted(controls, "erasure_refused", act.basis.to_string(), mention);
            ("erasure_refused", format!("{} values, {}", act.count, act.basis))
        }
        WorkspaceEvent::HoldPlaced(act) => ("hold_placed", act.hold.to_string()),
        WorkspaceEvent::HoldReleased(act) => ("hold_released", act.hold.to_string()),
        WorkspaceEvent::ExportMade(act) => ("export_made", format!("{} runs, {}", act.runs, act.scope)),
        // What has a place of its own.
        WorkspaceEvent::PolicyPublished(_)
        | WorkspaceEvent::PolicyActivated(_)
        | WorkspaceEvent::ApproverEnrolled(_)
        | WorkspaceEvent::ApproverRemoved(_)
        | WorkspaceEvent::PauseSet(_)
        | WorkspaceEvent::PauseLifted(_) => return,
    };
    administered(controls, kind, detail, mention);
}

/// Who was enrolled in a group before a place of the log.
pub(super) fn enrolled(workspace: &WorkspaceEvidence, group: &Slug, index: u64) -> BTreeSet<PersonId> {
    let mut members = BTreeSet::new();
    for entry in workspace.entries.iter().take_while(|entry| entry.index < index) {
        if let WorkspaceEvent::ApproverEnrolled(act) = &entry.event
            && act.groups.contains(group)
        {
            members.insert(act.approver);
        }
        if let WorkspaceEvent::ApproverRemoved(act) = &entry.event
            && act.groups.contains(group)
        {
            members.remove(&act.approver);
        }
    }
    members
}

/// The person who wrote an event, when it was one.
pub(super) fn person<E>(entry: &Entry<E>) -> Option<PersonId> {
    match entry.by {
        Actor::Principal(Principal::Person(person)) => Some(person),
        Actor::Principal(Principal::Agent(_) | Principal::Service(_))
        | Actor::Policy(_)
        | Actor::System(_) => None,
    }
}
