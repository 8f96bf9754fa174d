//! What each event is in an agent audit trail.
//!
//! Only clear members go in: a record says the same before and after an erasure, so two exports of one run compare. Where
//! the format wants a reason, the digests of the sealed members stand in its place.

use domain::attempt::Outcome;
use domain::event::Event;
use domain::principal::{Actor, Principal};
use domain::run::{DecisionWord, RecoveryOutcome, Stage};
use proof::digest::{Digest, sha256};
use proof::json::{Object, Value, object};
use proof::leaf::SdDigest;

use super::urn;
use crate::evidence::{Entry, RunEvidence, members, with};

/// The members of a record that depend on its event.
pub(super) struct Record {
    /// `action_type`.
    pub action: &'static str,
    /// `action_detail`, without the members that every record has.
    pub detail: Object,
    /// `outcome`.
    pub outcome: &'static str,
    /// `record_phase`.
    pub phase: &'static str,
}

const SUCCESS: &str = "success";
const FAILURE: &str = "failure";
const DENIED: &str = "denied";
const ESCALATED: &str = "escalated";
const TIMEOUT: &str = "timeout";

const BEFORE: &str = "pre_execution";
const AFTER: &str = "post_execution";
const DURING: &str = "concurrent";

/// A record of the type `decision`.
fn decision(kind: &str, phase: &'static str, outcome: &'static str, more: Object) -> Record {
    let detail = members([("decision_type", kind.into())]).into_iter().chain(more).collect();
    Record { action: "decision", detail, outcome, phase }
}

fn lifecycle(event: &str, phase: &'static str, outcome: &'static str, more: Object) -> Record {
    let detail = members([("event", event.into())]).into_iter().chain(more).collect();
    Record { action: "lifecycle", detail, outcome, phase }
}

/// The record of an event. `call` is the id of the record of an attempt's start, by mutation and attempt.
pub(super) fn of(
    evidence: &RunEvidence,
    entry: &Entry<Event>,
    call: impl Fn(Digest, u32) -> Option<String>,
) -> Record {
    let by_person = |original: Option<Digest>| human(entry, original);
    match &entry.event {
        Event::RunProposed(event) => {
            let confidence = event.confidence_bp.map(|bp| ("ap_confidence_bp", bp.into()));
            let version = event.agent_version.as_ref().map(|v| ("ap_agent_version", v.to_string().into()));
            let detail = members([
                ("ap_workflow", event.workflow.to_string().into()),
                ("recording_mode", "independent".into()),
            ]);
            lifecycle("session_start", DURING, SUCCESS, with(detail, confidence.into_iter().chain(version)))
        }
        Event::PlanPreviewed(event) => decision(
            "plan",
            BEFORE,
            SUCCESS,
            members([("ap_plan_digest", event.plan_digest.into()), ("ap_revision", event.revision.into())]),
        ),
        Event::PlanAmended(event) => decision("amendment", BEFORE, SUCCESS, by_person(event.replaces)),
        Event::PlanDrifted(event) => {
            decision("drift", BEFORE, FAILURE, members([("ap_plan_digest", event.plan_digest.into())]))
        }
        Event::PolicyDecided(event) => {
            let rules = event.rules.iter().map(|rule| rule.to_string().into()).collect::<Vec<Value>>();
            let detail = members([
                ("ap_plan_digest", event.plan_digest.into()),
                ("ap_risk", event.risk.word().into()),
                ("policy_ref", format!("sha256:{}", event.policy).into()),
            ]);
            let (outcome, name) = match event.decision {
                DecisionWord::Auto => (SUCCESS, "ap_rules"),
                DecisionWord::Approval => (ESCALATED, "ap_rules"),
                DecisionWord::Deny => (DENIED, "deny_reasons"),
            };
            decision("policy", BEFORE, outcome, with(detail, [(name, Value::Array(rules))]))
        }
        Event::ApprovalRequested(event) => {
            let groups = event.groups.iter().map(|asked| {
                object([("group", asked.group.to_string().into()), ("quorum", asked.quorum.into())])
            });
            let detail = members([
                ("ap_groups", Value::Array(groups.collect())),
                ("ap_plan_digest", event.plan_digest.into()),
                ("escalation_reason", "approval_required".into()),
            ]);
            Record { action: "escalation", detail, outcome: ESCALATED, phase: BEFORE }
        }
        Event::ApprovalGiven(event) => {
            let detail = by_person(Some(event.plan_digest));
            decision(
                "approval",
                BEFORE,
                SUCCESS,
                with(detail, [("ap_group", event.group.to_string().into())]),
            )
        }
        Event::ApprovalRejected(event) => {
            let detail = by_person(Some(event.plan_digest));
            decision("approval", BEFORE, DENIED, with(detail, [("ap_group", event.group.to_string().into())]))
        }
        Event::RunTakenOver(_) => decision("takeover", DURING, SUCCESS, by_person(None)),
        Event::RunHandedBack(event) => {
            let detail = with(by_person(None), [("ap_code", event.code.to_string().into())]);
            decision("hand_back", DURING, SUCCESS, detail)
        }
        Event::ChangeObserved(event) => {
            decision("observation", AFTER, SUCCESS, members([("ap_mutation_n", event.n.into())]))
        }
        Event::RunAuthorized(event) => decision(
            "authorization",
            BEFORE,
            SUCCESS,
            members([("ap_basis", event.basis.word().into()), ("ap_plan_digest", event.plan_digest.into())]),
        ),
        Event::AuthorizationVoided(event) => decision(
            "authorization",
            BEFORE,
            DENIED,
            members([
                ("ap_plan_digest", event.plan_digest.into()),
                ("deny_reasons", Value::Array(vec![event.code.to_string().into()])),
            ]),
        ),
        Event::AttemptStarted(event) => {
            let detail = members([
                ("ap_attempt", event.attempt.into()),
                ("ap_parameters", "commitment".into()),
                ("parameters_hash", event.mutation.into()),
                ("tool_name", evidence.tool(&event.mutation).into()),
            ]);
            Record { action: "tool_call", detail, outcome: SUCCESS, phase: BEFORE }
        }
        Event::AttemptFinished(event) => {
            let call = call(event.mutation, event.attempt);
            response(evidence, entry, event.outcome, event.code.as_str(), event.mutation, call)
        }
        Event::AttemptReconciled(event) => {
            let call = call(event.mutation, event.attempt);
            response(evidence, entry, event.outcome, event.code.as_str(), event.mutation, call)
        }
        Event::DivergenceAccepted(event) => {
            decision("divergence_accepted", AFTER, SUCCESS, by_person(Some(event.plan_digest)))
        }
        Event::RecoveryPlanned(event) => {
            let detail = members([
                ("ap_kind", event.kind.word().into()),
                ("ap_plan_digest", event.plan_digest.into()),
                ("ap_recovery_run", event.run.to_string().into()),
            ]);
            decision("recovery", AFTER, SUCCESS, detail)
        }
        Event::RecoveryFinished(event) => {
            let outcome = match event.outcome {
                RecoveryOutcome::Restored | RecoveryOutcome::Compensated => SUCCESS,
                RecoveryOutcome::PartlyRestored | RecoveryOutcome::Failed | RecoveryOutcome::Conflict => {
                    FAILURE
                }
                RecoveryOutcome::Abandoned => DENIED,
            };
            let detail = members([
                ("ap_kind", event.kind.word().into()),
                ("ap_outcome", event.outcome.word().into()),
                ("ap_recovery_run", event.run.to_string().into()),
            ]);
            decision("recovery_outcome", AFTER, outcome, detail)
        }
        Event::ArtifactAttached(_) => lifecycle("artifact_attached", DURING, SUCCESS, Object::new()),
        Event::RunCommented(_) => lifecycle("comment", DURING, SUCCESS, Object::new()),
        Event::RunCancelled(event) => {
            let detail = with(by_person(None), [("ap_code", event.code.to_string().into())]);
            decision("cancellation", DURING, DENIED, detail)
        }
        Event::RunExpired(event) => {
            decision("expiry", DURING, TIMEOUT, members([("ap_code", event.code.to_string().into())]))
        }
        Event::RunClosed(event) => {
            let detail = members([
                ("ap_code", event.code.to_string().into()),
                ("ap_stage", event.stage.word().into()),
            ]);
            lifecycle("session_end", AFTER, ending(event.stage), detail)
        }
    }
}

/// How a run ended, in the words of the format. An open stage does not stand in a close.
fn ending(stage: Stage) -> &'static str {
    match stage {
        Stage::Applied | Stage::RolledBack | Stage::Compensated => SUCCESS,
        Stage::Denied | Stage::Rejected | Stage::Cancelled => DENIED,
        Stage::Expired => TIMEOUT,
        Stage::Failed
        | Stage::PartlyApplied
        | Stage::PartlyRolledBack
        | Stage::Proposed
        | Stage::Previewed
        | Stage::AwaitingApproval
        | Stage::Authorized
        | Stage::Executing
        | Stage::NeedsAttention
        | Stage::TakenOver => FAILURE,
    }
}

/// What a person did where the agent would have gone on. An act of ours has no such member.
fn human(entry: &Entry<Event>, original: Option<Digest>) -> Object {
    match entry.by {
        Actor::Principal(Principal::Person(_)) => {}
        Actor::Principal(Principal::Agent(_) | Principal::Service(_))
        | Actor::Policy(_)
        | Actor::System(_) => {
            return Object::new();
        }
    }
    let original = original.map_or_else(|| "".into(), Value::from);
    let act = object([
        ("operator_id", urn("principal", &entry.leaf.by.id).into()),
        ("original_action", original),
        ("reason", sealed(entry).into()),
    ]);
    members([("human_override", act)])
}

/// The digests of an event's sealed members. Which is the reason only its disclosure tells.
fn sealed(entry: &Entry<Event>) -> String {
    let mut digests: Vec<&str> = entry.leaf.sd.iter().map(SdDigest::as_str).collect();
    digests.sort_unstable();
    format!("sealed:{}", digests.join(","))
}

fn response(
    evidence: &RunEvidence,
    entry: &Entry<Event>,
    outcome: Outcome,
    code: &str,
    mutation: Digest,
    call: Option<String>,
) -> Record {
    let (action, word) = match outcome {
        Outcome::Applied => ("tool_response", SUCCESS),
        Outcome::Diverged | Outcome::Rejected | Outcome::NotSent => ("tool_response", FAILURE),
        Outcome::Unknown => ("error", TIMEOUT),
    };
    let detail = members([
        ("ap_code", code.into()),
        ("ap_outcome", outcome.word().into()),
        ("ap_response", "commitment".into()),
        ("response_hash", sha256(sealed(entry).as_bytes()).into()),
        ("tool_name", evidence.tool(&mutation).into()),
    ]);
    let call = call.map(|call| ("parent_call_id", call.into()));
    Record { action, detail: with(detail, call), outcome: word, phase: AFTER }
}
