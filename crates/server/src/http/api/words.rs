//! Words for people.

use domain::run::Stage;

/// A stage in words.
pub fn stage_label(stage: Stage) -> &'static str {
    match stage {
        Stage::Proposed => "Proposed",
        Stage::Previewed => "Previewed",
        Stage::AwaitingApproval => "Awaiting approval",
        Stage::Authorized => "Authorized",
        Stage::Executing => "Executing",
        Stage::NeedsAttention => "Needs attention",
        Stage::TakenOver => "Taken over",
        Stage::Denied => "Denied",
        Stage::Rejected => "Rejected",
        Stage::Expired => "Expired",
        Stage::Cancelled => "Cancelled",
        Stage::Failed => "Failed, nothing changed",
        Stage::Applied => "Applied",
        Stage::PartlyApplied => "Partly applied",
        Stage::RolledBack => "Rolled back",
        Stage::PartlyRolledBack => "Partly rolled back",
        Stage::Compensated => "Compensated",
    }
}
