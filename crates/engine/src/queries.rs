//! Reading: a run with its lineage, lists, the inbox, a record's history, and waiting for the next stage.

mod bundle;
mod inbox;
mod lineage;
mod list;
mod names;
mod next_step;
mod record;
mod rows;
mod search;
mod show_run;
mod tombstones;
mod wait;

pub use bundle::{BUNDLE_RUNS_MAX, Bundle, BundleOf, BundleRequest};
pub use inbox::InboxItem;
pub(crate) use lineage::sealed_members;
pub use lineage::{LineageEvent, SealedMember};
pub use list::{RunFilter, RunPage, RunSummary};
pub use names::Named;
pub use next_step::{Blocked, NextStep};
pub use record::RecordTouch;
pub use rows::RowsReview;
pub use search::{CANDIDATES_MAX, SEARCH_CHARS_MAX, SEARCH_TERMS_MAX};
pub use show_run::{
    ApprovalView, AttemptView, ChangeView, DriftView, MutationView, ObligationView, RecoveryView, RunView,
};
pub use tombstones::Tombstone;
pub(crate) use tombstones::{Erased, Erasures, Look, Tombstones};
pub use wait::WAIT_MAX;
pub(crate) use wait::Waiters;
