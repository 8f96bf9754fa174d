//! Who may write which event.

use super::{Violation, ensure};
use crate::event::Event;
use crate::principal::{Actor, Principal};

/// Refuses an event by an author who cannot have written it.
pub(super) fn check(event: &Event, by: Actor) -> Result<(), Violation> {
    let (principal, person, policy, system) = match by {
        Actor::Principal(Principal::Person(_)) => (true, true, false, false),
        Actor::Principal(Principal::Agent(_) | Principal::Service(_)) => (true, false, false, false),
        Actor::Policy(_) => (false, false, true, false),
        Actor::System(_) => (false, false, false, true),
    };
    match event {
        Event::RunProposed(_) | Event::RecoveryPlanned(_) | Event::RunCancelled(_) => {
            ensure(principal, "an agent, a person or a service asks for this")
        }
        Event::ArtifactAttached(_) => {
            ensure(principal || system, "a worker attaches, or whoever asks for it")
        }
        Event::PlanAmended(_)
        | Event::ApprovalGiven(_)
        | Event::ApprovalRejected(_)
        | Event::RunTakenOver(_)
        | Event::ChangeObserved(_)
        | Event::DivergenceAccepted(_)
        | Event::RunCommented(_) => ensure(person, "only a person does this"),
        Event::PolicyDecided(_) => ensure(policy, "policy decides"),
        Event::PlanPreviewed(_)
        | Event::PlanDrifted(_)
        | Event::ApprovalRequested(_)
        | Event::RunAuthorized(_)
        | Event::AuthorizationVoided(_)
        | Event::AttemptStarted(_)
        | Event::AttemptFinished(_)
        | Event::RecoveryFinished(_)
        | Event::RunExpired(_) => ensure(system, "a worker writes this"),
        Event::RunHandedBack(_) | Event::AttemptReconciled(_) => {
            ensure(person || system, "a person or a worker writes this")
        }
        Event::RunClosed(_) => ensure(principal || system, "a worker closes a run, or whoever asks for it"),
    }
}
