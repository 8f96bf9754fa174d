//! Small mappings between events and what is stored about them.

use domain::event::Event;
use domain::name::Slug;

/// The retention class of everything, until a workspace defines others.
pub(crate) fn class_standard() -> Slug {
    slug("standard")
}

/// A name of ours. A literal that is no slug shows as `invalid` in the first test that meets it.
pub(crate) fn slug(text: &str) -> Slug {
    Slug::parse(text).or_else(|_| Slug::parse("invalid")).unwrap_or_else(|_| class_standard())
}

/// Whether a sealed member says who wrote the event, and so is filed under them. What they wrote is about the record: it
/// goes with the record, and its author's name does not.
pub(super) fn is_about_author(name: &str) -> bool {
    matches!(name, "approver" | "operator" | "assertion" | "proposer")
}

/// The mutation that an event is about.
pub(super) fn mutation_of(event: &Event) -> Option<u32> {
    match event {
        Event::PlanDrifted(event) => Some(event.n),
        Event::ChangeObserved(event) => Some(event.n),
        Event::AttemptStarted(event) => Some(event.n),
        Event::AttemptFinished(event) => Some(event.n),
        Event::AttemptReconciled(event) => Some(event.n),
        Event::DivergenceAccepted(event) => Some(event.n),
        Event::RunProposed(_)
        | Event::PlanPreviewed(_)
        | Event::PlanAmended(_)
        | Event::PolicyDecided(_)
        | Event::ApprovalRequested(_)
        | Event::ApprovalGiven(_)
        | Event::ApprovalRejected(_)
        | Event::RunTakenOver(_)
        | Event::RunHandedBack(_)
        | Event::RunAuthorized(_)
        | Event::AuthorizationVoided(_)
        | Event::RecoveryPlanned(_)
        | Event::RecoveryFinished(_)
        | Event::ArtifactAttached(_)
        | Event::RunCommented(_)
        | Event::RunCancelled(_)
        | Event::RunExpired(_)
        | Event::RunClosed(_) => None,
    }
}
