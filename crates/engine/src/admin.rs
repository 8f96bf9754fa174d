//! The administrative side: who may ask, on which systems, under which policy.
//!
//! Every act here is one commit: the changed entities, what was done as an event of the workspace's own chain, and a
//! raised control epoch, so that whatever was taken away stops the next attempt. Signing in and out changes nobody's
//! access and writes no event. No function here writes to a system of record.

mod artifacts;
mod audit;
mod auth;
mod bootstrap;
mod chain;
mod check;
mod connectors;
mod erasures;
mod evidence;
mod groups;
mod holds;
mod keys;
mod limiter;
mod password;
mod pauses;
mod people;
mod policies;
mod principals;
mod readiness;
mod token;
mod trust;
mod workflows;

use std::collections::BTreeMap;
use std::sync::Mutex;

use domain::id::WorkspaceId;
use domain::workspace::Head;

pub use artifacts::{ARTIFACT_BYTES_MAX, Artifact, NewArtifact};
pub use audit::AUDIT_EVENTS_MAX;
pub use auth::SignedIn;
pub use bootstrap::FIRST_USERNAME;
pub use connectors::{ConnectorSettings, ConnectorView};
pub use erasures::{DataSubject, ErasureRequest, ErasureView};
pub use evidence::{KEY_OVERLAP_DAYS, KEY_OVERLAP_DAYS_MAX};
pub use groups::{GroupView, MemberView};
pub use holds::{HoldView, NewHold, Selector};
pub use keys::{IssuedKey, KeyView, NewKey};
pub use password::PASSWORD_CHARS_MIN;
pub use people::{NewPerson, PrincipalChange};
pub use policies::{PolicyExplanation, PolicyReport, PolicySetSummary, PolicySetView, Which};
pub use principals::{NewProgram, PrincipalDetails, PrincipalView, Program};
pub use readiness::{Finding, Proven};
pub use workflows::WorkflowView;

/// What the administrative side keeps in memory. All of it may be lost.
#[derive(Default)]
pub(crate) struct State {
    /// Where each workspace chain ended when it was last seen.
    heads: Mutex<BTreeMap<WorkspaceId, Head>>,
    /// Failed sign-ins.
    failures: Mutex<limiter::Failures>,
    /// The few password hashes that are computed at one time.
    hashing: password::Hashing,
    /// Held while a workspace is made, so that no two get one name.
    making: tokio::sync::Mutex<()>,
    /// What runs prove about connectors and is being recorded.
    learning: readiness::Learning,
}

#[cfg(test)]
mod tests;
