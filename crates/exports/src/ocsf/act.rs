//! What each act of a workspace is in the schema.

use domain::workspace::WorkspaceEvent;
use proof::json::{Object, Value, object};

use super::{
    ACTIVATE, Activity, CREATE, Class, DELETE, OTHER, READ, RESUME, SUSPEND, Severity, Status, Told, UPDATE,
    entity,
};
use crate::evidence::{Entry, members, with};

/// The verdict of a log that is whole.
const VALID: &str = "valid";

/// The act in the schema. `origin` names the log.
pub(super) fn of(entry: &Entry<WorkspaceEvent>, origin: &str) -> Told {
    let about = |activity: Activity, severity: Severity, more: Object| Told {
        class: Class::EntityManagement,
        activity,
        severity,
        status: Status::Success,
        code: None,
        more,
    };
    let info = Severity::Informational;
    match &entry.event {
        WorkspaceEvent::PolicyPublished(act) => about(CREATE, info, entity("policy", act.policy)),
        WorkspaceEvent::PolicyActivated(act) => {
            let told = about(ACTIVATE, Severity::Low, entity("policy", act.policy));
            Told { code: act.code.as_ref().map(ToString::to_string), ..told }
        }
        WorkspaceEvent::ConnectorChanged(act) => {
            about(UPDATE, Severity::Low, entity("connector", act.connector.to_string()))
        }
        WorkspaceEvent::LaneChanged(act) => about(UPDATE, info, entity("lane", act.lane.to_string())),
        WorkspaceEvent::AccessChanged(act) => Told {
            class: Class::AccountChange,
            activity: account(act.code.as_str()),
            severity: Severity::Low,
            status: Status::Success,
            code: Some(act.code.to_string()),
            more: members([("user", object([("uid", act.principal.as_str().into())]))]),
        },
        WorkspaceEvent::PauseSet(act) => {
            about(SUSPEND, Severity::Medium, entity(act.kind.as_str(), act.id.as_str()))
        }
        WorkspaceEvent::PauseLifted(act) => {
            about(RESUME, Severity::Low, entity(act.kind.as_str(), act.id.as_str()))
        }
        WorkspaceEvent::ApproverEnrolled(act) => {
            approver((1, "Assign Privileges"), act.approver.to_string(), &act.groups)
        }
        WorkspaceEvent::ApproverRemoved(act) => {
            approver((2, "Revoke Privileges"), act.approver.to_string(), &act.groups)
        }
        WorkspaceEvent::LogOpened(_) => about(CREATE, info, entity("log", origin)),
        WorkspaceEvent::LogVerified(act) => {
            let is_valid = act.verdict.as_str() == VALID;
            let (severity, status) =
                if is_valid { (info, Status::Success) } else { (Severity::Critical, Status::Failure) };
            let told = about(READ, severity, entity("log", origin));
            Told { status, code: Some(act.verdict.to_string()), ..told }
        }
        WorkspaceEvent::KeyRotated(_) | WorkspaceEvent::WitnessChanged(_) => {
            about(UPDATE, Severity::Medium, entity("log", origin))
        }
        WorkspaceEvent::DisclosureErased(act) => {
            let told = about(DELETE, Severity::Medium, entity("disclosures", entry.hash));
            Told { code: Some(act.basis.to_string()), ..told }
        }
        WorkspaceEvent::ErasureRefused(act) => {
            let told = about(DELETE, Severity::Low, entity("disclosures", entry.hash));
            Told { status: Status::Failure, code: Some(act.basis.to_string()), ..told }
        }
        WorkspaceEvent::HoldPlaced(act) => about(CREATE, Severity::Low, entity("hold", act.hold.to_string())),
        WorkspaceEvent::HoldReleased(act) => {
            about(DELETE, Severity::Low, entity("hold", act.hold.to_string()))
        }
        WorkspaceEvent::ExportMade(act) => {
            let told = about(READ, Severity::Low, entity("evidence", origin));
            Told { code: Some(act.scope.to_string()), ..told }
        }
    }
}

/// Account Change has an activity for some of our codes.
fn account(code: &str) -> Activity {
    match code {
        "person_added" => (1, "Create"),
        "enabled" => (2, "Enable"),
        "password_changed" => (3, "Password Change"),
        "password_reset" => (4, "Password Reset"),
        "disabled" => (5, "Disable"),
        _ => (OTHER, "Access Change"),
    }
}

fn approver(activity: Activity, uid: String, groups: &[domain::name::Slug]) -> Told {
    let privileges = groups.iter().map(|group| Value::Str(format!("approve:{group}"))).collect();
    Told {
        class: Class::UserAccess,
        activity,
        severity: Severity::Low,
        status: Status::Success,
        code: None,
        more: with(
            members([("user", object([("uid", uid.into())]))]),
            [("privileges", Value::Array(privileges))],
        ),
    }
}
