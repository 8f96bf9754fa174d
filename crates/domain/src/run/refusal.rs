//! Refusals: commands that the domain declined. Each has a stable code and says what to do instead.

use proof::digest::Digest;

use super::{Attempt, Stage, Violation};
use crate::id::PersonId;
use crate::name::Slug;
use crate::time::Timestamp;

/// Why a command was declined. Nothing was recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The run is over.
    #[error("the run is closed ({0})")]
    RunClosed(Stage),
    /// A person controls the run.
    #[error("the run is taken over by {holder} until {until}")]
    RunTakenOver {
        /// Who.
        holder: PersonId,
        /// Until when.
        until: Timestamp,
    },
    /// Only the holder of a takeover may do this, and there is none.
    #[error("the run is not taken over by you")]
    NotHolder,
    /// The takeover ended.
    #[error("the takeover ended at {0}")]
    TakeoverExpired(Timestamp),
    /// The command is about another plan than the newest.
    #[error("the plan changed: its digest is {current}")]
    PlanDigestMismatch {
        /// The newest plan's digest, or a word that there is none.
        current: String,
    },
    /// Nobody is asked for approval at this stage.
    #[error("the run is {0}, and nobody is asked for approval")]
    NotAwaitingApproval(Stage),
    /// An agent or service tried to give a verdict.
    #[error("agents and services never approve")]
    AgentNeverApproves,
    /// The person proposed, amended or controls the run.
    #[error("whoever proposed, amended or holds a run may not approve it")]
    SeparationOfDuties,
    /// The policy excludes the person.
    #[error("the policy excludes you from this approval")]
    Excluded,
    /// The person is in none of the groups that are asked.
    #[error("approval is asked of {0}, and you are not a member")]
    NotAnApprover(String),
    /// The person is in several groups that still lack approvals.
    #[error("you are in several groups that are asked: say `group`, one of {0}")]
    GroupRequired(String),
    /// The group has all its approvals.
    #[error("`{0}` has all the approvals that it needs")]
    GroupComplete(Slug),
    /// The person approved already.
    #[error("you approved this plan already")]
    AlreadyApproved,
    /// The policy wants reasons.
    #[error("the policy asks for a `rationale` with each verdict")]
    RationaleRequired,
    /// The policy wants a signed approval.
    #[error("the policy asks for a passkey signature")]
    PasskeyRequired,
    /// The request for approval ended.
    #[error("the request for approval ended at {0}")]
    RequestExpired(Timestamp),
    /// The run's deadline passed.
    #[error("the run's deadline was {0}")]
    DeadlinePassed(Timestamp),
    /// An attempt is in flight or unknown.
    #[error("mutation {n} is not settled: its attempt {attempt} is {state}")]
    Unsettled {
        /// The mutation.
        n: u32,
        /// The attempt.
        attempt: u32,
        /// `in flight` or `unknown`.
        state: &'static str,
    },
    /// A divergence waits for a person.
    #[error("mutation {0} diverged: accept what the read-back shows, or recover it")]
    DivergenceOpen(u32),
    /// Something had an effect already.
    #[error("the plan cannot change any more: a mutation had an effect")]
    NotClean,
    /// A recovery is under way.
    #[error("a recovery run is open: {0}")]
    RecoveryOpen(crate::id::RunId),
    /// There is nothing to recover.
    #[error("no mutation of this run has an effect that could be recovered")]
    NothingToRecover,
    /// No authorization is in force.
    #[error("the run is not authorized")]
    NotAuthorized,
    /// The authorization ended.
    #[error("the authorization ended at {0}")]
    AuthorizationExpired(Timestamp),
    /// The attempt cannot be repeated.
    #[error("mutation {0} cannot be tried again: its last outcome does not allow it")]
    NotRetryable(u32),
    /// The outcome is settled.
    #[error("mutation {0} has no unknown outcome")]
    NotUnknown(u32),
    /// Policy asks for approval without saying of whom.
    #[error("the policy asks for approval but names no group")]
    NoGroups,
    /// The stage does not allow the command, or a rule of the run forbids it.
    #[error("not allowed while the run is {stage}: {rule}")]
    Stage {
        /// Where it stands.
        stage: Stage,
        /// The rule.
        rule: &'static str,
    },
    /// The first command on a run must propose it, and only the first.
    #[error("a run is proposed once, before anything else")]
    ProposedOnce,
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RunClosed(_) => "run_closed",
            Self::RunTakenOver { .. } => "run_taken_over",
            Self::NotHolder => "not_holder",
            Self::TakeoverExpired(_) => "takeover_expired",
            Self::PlanDigestMismatch { .. } => "plan_digest_mismatch",
            Self::NotAwaitingApproval(_) => "not_awaiting_approval",
            Self::AgentNeverApproves => "agent_never_approves",
            Self::SeparationOfDuties => "separation_of_duties",
            Self::Excluded => "excluded",
            Self::NotAnApprover(_) => "not_an_approver",
            Self::GroupRequired(_) => "group_required",
            Self::GroupComplete(_) => "group_complete",
            Self::AlreadyApproved => "already_approved",
            Self::RationaleRequired => "rationale_required",
            Self::PasskeyRequired => "passkey_required",
            Self::RequestExpired(_) => "request_expired",
            Self::DeadlinePassed(_) => "deadline_passed",
            Self::Unsettled { .. } => "mutation_unsettled",
            Self::DivergenceOpen(_) => "divergence_open",
            Self::NotClean => "plan_has_effect",
            Self::RecoveryOpen(_) => "recovery_open",
            Self::NothingToRecover => "nothing_to_recover",
            Self::NotAuthorized => "not_authorized",
            Self::AuthorizationExpired(_) => "authorization_expired",
            Self::NotRetryable(_) => "not_retryable",
            Self::NotUnknown(_) => "not_unknown",
            Self::NoGroups => "policy_names_no_group",
            Self::Stage { .. } => "stage_conflict",
            Self::ProposedOnce => "already_proposed",
        }
    }

    pub(super) fn unsettled(attempt: &Attempt, state: &'static str) -> Self {
        Self::Unsettled { n: attempt.n, attempt: attempt.attempt, state }
    }

    pub(super) fn by(stage: Stage, violation: Violation) -> Self {
        Self::Stage { stage, rule: violation.rule }
    }

    /// The command is about another plan than the newest, whose digest is `current` once a preview fixed it.
    pub fn mismatch(current: Option<Digest>) -> Self {
        let current =
            current.map_or_else(|| "not fixed yet: a preview is due".to_owned(), |digest| digest.to_string());
        Self::PlanDigestMismatch { current }
    }
}
