//! What each event of a run is in the schema.

use domain::attempt::Outcome;
use domain::event::Event;
use domain::run::{DecisionWord, RecoveryOutcome, Stage};
use proof::digest::Digest;
use proof::json::{Object, Value, object};

use super::{
    ACTIVATE, Activity, CREATE, Class, DEACTIVATE, DELETE, OTHER, RESUME, SUSPEND, Severity, Status, Told,
    UPDATE, entity,
};
use crate::evidence::{Entry, RunEvidence, members};

/// The event in the schema.
pub(super) fn of(evidence: &RunEvidence, entry: &Entry<Event>) -> Told {
    let run = |activity: Activity, severity: Severity, status: Status| Told {
        class: Class::EntityManagement,
        activity,
        severity,
        status,
        code: None,
        more: entity("run", evidence.run.id.to_string()),
    };
    let coded = |told: Told, code: &dyn ToString| Told { code: Some(code.to_string()), ..told };
    match &entry.event {
        Event::RunProposed(_) => run(CREATE, Severity::Informational, Status::Success),
        Event::PlanPreviewed(_)
        | Event::ApprovalRequested(_)
        | Event::ApprovalGiven(_)
        | Event::RecoveryPlanned(_)
        | Event::ArtifactAttached(_)
        | Event::RunCommented(_) => run(UPDATE, Severity::Informational, Status::Success),
        Event::PlanAmended(_) => run(UPDATE, Severity::Low, Status::Success),
        Event::PlanDrifted(_) | Event::ApprovalRejected(_) => run(UPDATE, Severity::Low, Status::Failure),
        Event::PolicyDecided(event) => {
            let (severity, status) = match event.decision {
                DecisionWord::Auto => (Severity::Informational, Status::Success),
                DecisionWord::Approval => (Severity::Informational, Status::Other("Escalated")),
                DecisionWord::Deny => (Severity::Low, Status::Failure),
            };
            coded(run(UPDATE, severity, status), &event.decision)
        }
        Event::RunTakenOver(_) => run(SUSPEND, Severity::Medium, Status::Success),
        Event::RunHandedBack(event) => coded(run(RESUME, Severity::Low, Status::Success), &event.code),
        Event::ChangeObserved(_) => run(UPDATE, Severity::Medium, Status::Other("Observed")),
        Event::RunAuthorized(event) => {
            coded(run(ACTIVATE, Severity::Informational, Status::Success), &event.basis)
        }
        Event::AuthorizationVoided(event) => {
            coded(run(DEACTIVATE, Severity::Low, Status::Success), &event.code)
        }
        Event::AttemptStarted(event) => call(
            evidence,
            entry,
            event.mutation,
            event.attempt,
            Severity::Informational,
            Status::Other("Started"),
        ),
        Event::AttemptFinished(event) => {
            let (severity, status) = ended(event.outcome);
            let told = call(evidence, entry, event.mutation, event.attempt, severity, status);
            answered(told, event.outcome, event.code.as_str())
        }
        Event::AttemptReconciled(event) => {
            let (severity, status) = ended(event.outcome);
            let told = call(evidence, entry, event.mutation, event.attempt, severity, status);
            answered(told, event.outcome, event.code.as_str())
        }
        Event::DivergenceAccepted(_) => run(UPDATE, Severity::Medium, Status::Success),
        Event::RecoveryFinished(event) => {
            let (severity, status) = match event.outcome {
                RecoveryOutcome::Restored | RecoveryOutcome::Compensated => (Severity::Low, Status::Success),
                RecoveryOutcome::PartlyRestored
                | RecoveryOutcome::Abandoned
                | RecoveryOutcome::Failed
                | RecoveryOutcome::Conflict => (Severity::Medium, Status::Failure),
            };
            coded(run(UPDATE, severity, status), &event.outcome)
        }
        Event::RunCancelled(event) => coded(run(DEACTIVATE, Severity::Low, Status::Success), &event.code),
        Event::RunExpired(event) => coded(run(DEACTIVATE, Severity::Low, Status::Failure), &event.code),
        Event::RunClosed(event) => {
            let (severity, status) = closed(event.stage);
            coded(run(DEACTIVATE, severity, status), &event.stage)
        }
    }
}

fn ended(outcome: Outcome) -> (Severity, Status) {
    match outcome {
        Outcome::Applied => (Severity::Informational, Status::Success),
        Outcome::Diverged => (Severity::High, Status::Failure),
        Outcome::Rejected | Outcome::NotSent => (Severity::Low, Status::Failure),
        Outcome::Unknown => (Severity::High, Status::Other("Unknown outcome")),
    }
}

/// An open stage does not stand in a close.
fn closed(stage: Stage) -> (Severity, Status) {
    match stage {
        Stage::Applied | Stage::RolledBack | Stage::Compensated => (Severity::Informational, Status::Success),
        Stage::Denied | Stage::Rejected | Stage::Expired | Stage::Cancelled | Stage::Failed => {
            (Severity::Low, Status::Failure)
        }
        Stage::PartlyApplied
        | Stage::PartlyRolledBack
        | Stage::Proposed
        | Stage::Previewed
        | Stage::AwaitingApproval
        | Stage::Authorized
        | Stage::Executing
        | Stage::NeedsAttention
        | Stage::TakenOver => (Severity::Medium, Status::Failure),
    }
}

/// API Activity of one attempt at one mutation.
fn call(
    evidence: &RunEvidence,
    entry: &Entry<Event>,
    mutation: Digest,
    attempt: u32,
    severity: Severity,
    status: Status,
) -> Told {
    let document = evidence.planned.get(&mutation).map(|planned| &planned.document);
    let activity = match document.map(|document| document.kind.as_str()) {
        Some("create") => CREATE,
        Some("update") => UPDATE,
        Some("delete") => DELETE,
        _ => (OTHER, "Invoke"),
    };
    let mut api = members([
        ("operation", evidence.tool(&mutation).into()),
        ("request", object([("uid", format!("{mutation}/{attempt}").into())])),
    ]);
    let mut more = Object::new();
    if let Some(document) = document {
        let connector = || Value::from(document.connector.as_str());
        api.insert("service".to_owned(), object([("name", connector())]));
        more.insert("dst_endpoint".to_owned(), object([("svc_name", connector())]));
        let resource = object([("type", document.object.as_str().into()), ("uid", mutation.into())]);
        more.insert("resources".to_owned(), Value::Array(vec![resource]));
    }
    let node = entry.leaf.node.as_str();
    more.insert("api".to_owned(), api.into());
    more.insert(
        "src_endpoint".to_owned(),
        object([("type", "Server".into()), ("type_id", 1u32.into()), ("uid", node.into())]),
    );
    Told { class: Class::ApiActivity, activity, severity, status, code: None, more }
}

fn answered(mut told: Told, outcome: Outcome, code: &str) -> Told {
    let response = if outcome == Outcome::Applied {
        object([("message", outcome.word().into())])
    } else {
        object([("error", code.into()), ("message", outcome.word().into())])
    };
    if let Some(Value::Object(api)) = told.more.get_mut("api") {
        api.insert("response".to_owned(), response);
    }
    Told { code: Some(code.to_owned()), ..told }
}
