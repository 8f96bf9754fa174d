//! Reading: a run with its lineage, lists, the inbox, a record's history, and waiting for the next stage.

mod inbox;
mod lineage;
mod list;
mod names;
mod record;
mod show_run;
mod wait;

pub use inbox::InboxItem;
pub use lineage::{LineageEvent, SealedMember};
pub use list::{RunFilter, RunPage, RunSummary};
pub use names::Named;
pub use record::RecordTouch;
pub use show_run::{
    ApprovalView, AttemptView, Blocked, ChangeView, DriftView, MutationView, NextStep, ObligationView,
    RecoveryView, RunView,
};
