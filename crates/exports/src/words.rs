//! What happened, in a few words without names or values. Every type has its words here, and the compiler asks for them.

use domain::attempt::Outcome;
use domain::event::Event;
use domain::run::DecisionWord;
use domain::workspace::WorkspaceEvent;

/// The words of a run's event.
pub fn event(event: &Event) -> &'static str {
    match event {
        Event::RunProposed(_) => "A plan was proposed",
        Event::PlanPreviewed(_) => "The records were read and the plan was fixed",
        Event::PlanAmended(_) => "A person changed the plan",
        Event::PlanDrifted(_) => "A record had moved, so the plan was void",
        Event::PolicyDecided(event) => match event.decision {
            DecisionWord::Auto => "Policy let the plan run by itself",
            DecisionWord::Approval => "Policy asked for approval",
            DecisionWord::Deny => "Policy denied the plan",
        },
        Event::ApprovalRequested(_) => "People were asked for their approval",
        Event::ApprovalGiven(_) => "A person approved the plan",
        Event::ApprovalRejected(_) => "A person rejected the plan",
        Event::RunTakenOver(_) => "A person took the run over",
        Event::RunHandedBack(_) => "The takeover ended",
        Event::ChangeObserved(_) => "A change by hand was observed, not authorized",
        Event::RunAuthorized(_) => "The plan was authorized",
        Event::AuthorizationVoided(_) => "The authorization was void",
        Event::AttemptStarted(_) => "An attempt was about to be sent",
        Event::AttemptFinished(event) => outcome(event.outcome),
        Event::AttemptReconciled(event) => match event.outcome {
            Outcome::Applied => "An unknown outcome was settled: applied",
            Outcome::Diverged => "An unknown outcome was settled: diverged",
            Outcome::Rejected => "An unknown outcome was settled: rejected",
            Outcome::NotSent => "An unknown outcome was settled: not sent",
            Outcome::Unknown => "An unknown outcome stayed unknown",
        },
        Event::DivergenceAccepted(_) => "A person accepted what the record holds instead of the plan",
        Event::RecoveryPlanned(_) => "A recovery was asked for",
        Event::RecoveryFinished(_) => "The recovery ended",
        Event::ArtifactAttached(_) => "A file was attached",
        Event::RunCommented(_) => "A person wrote a comment",
        Event::RunCancelled(_) => "The run was called off",
        Event::RunExpired(_) => "The run expired",
        Event::RunClosed(_) => "The run closed",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "The change was applied and read back",
        Outcome::Diverged => "The read-back differs from the plan",
        Outcome::Rejected => "The system refused the change",
        Outcome::NotSent => "The change was not sent",
        Outcome::Unknown => "Whether the change had an effect is not known",
    }
}

/// The words of a workspace's act.
pub fn act(act: &WorkspaceEvent) -> &'static str {
    match act {
        WorkspaceEvent::PolicyPublished(_) => "A policy set was published",
        WorkspaceEvent::PolicyActivated(_) => "A policy set came into force",
        WorkspaceEvent::ConnectorChanged(_) => "A connector was configured",
        WorkspaceEvent::LaneChanged(_) => "The readiness of a lane changed",
        WorkspaceEvent::AccessChanged(_) => "A principal or its access changed",
        WorkspaceEvent::PauseSet(_) => "New attempts were stopped",
        WorkspaceEvent::PauseLifted(_) => "New attempts may start again",
        WorkspaceEvent::ApproverEnrolled(_) => "A person may approve for groups",
        WorkspaceEvent::ApproverRemoved(_) => "A person may no longer approve for groups",
        WorkspaceEvent::LogOpened(_) => "The log begins",
        WorkspaceEvent::LogVerified(_) => "The whole log was verified",
        WorkspaceEvent::KeyRotated(_) => "Heads are signed by another key",
        WorkspaceEvent::WitnessChanged(_) => "Other witnesses are asked to cosign",
        WorkspaceEvent::DisclosureErased(_) => "Sealed values were erased",
        WorkspaceEvent::ErasureRefused(_) => "A request to erase was refused",
        WorkspaceEvent::HoldPlaced(_) => "A hold was placed",
        WorkspaceEvent::HoldReleased(_) => "A hold was released",
        WorkspaceEvent::ExportMade(_) => "Evidence was exported",
    }
}
