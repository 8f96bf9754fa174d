//! Stages of a run. The transitions stand as text in `crates/domain/stages.txt`, and a test holds the two together.

use crate::mutation::words;

words! {
    /// Where a run stands.
    Stage {
        /// A preview is due.
        Proposed = "proposed",
        /// A decision is due.
        Previewed = "previewed",
        /// People are asked.
        AwaitingApproval = "awaiting_approval",
        /// It may execute.
        Authorized = "authorized",
        /// Mutations are being executed.
        Executing = "executing",
        /// Something only a person, the reconciler or a retry can settle.
        NeedsAttention = "needs_attention",
        /// A person controls it.
        TakenOver = "taken_over",
        /// Closed: policy said no.
        Denied = "denied",
        /// Closed: a person said no.
        Rejected = "rejected",
        /// Closed: a deadline passed in silence.
        Expired = "expired",
        /// Closed: called off.
        Cancelled = "cancelled",
        /// Closed: nothing had an effect.
        Failed = "failed",
        /// Closed: every mutation is proven.
        Applied = "applied",
        /// Closed: some mutations had an effect.
        PartlyApplied = "partly_applied",
        /// Closed: everything that had an effect is restored.
        RolledBack = "rolled_back",
        /// Closed: part of what had an effect is restored.
        PartlyRolledBack = "partly_rolled_back",
        /// Closed: every effect is restored or countered, at least one by a counter-action.
        Compensated = "compensated",
    }
}

impl Stage {
    /// Whether the run can still go on by itself.
    pub fn is_open(self) -> bool {
        match self {
            Self::Proposed
            | Self::Previewed
            | Self::AwaitingApproval
            | Self::Authorized
            | Self::Executing
            | Self::NeedsAttention
            | Self::TakenOver => true,
            Self::Denied
            | Self::Rejected
            | Self::Expired
            | Self::Cancelled
            | Self::Failed
            | Self::Applied
            | Self::PartlyApplied
            | Self::RolledBack
            | Self::PartlyRolledBack
            | Self::Compensated => false,
        }
    }
}

words! {
    /// Policy's decision on a plan.
    DecisionWord {
        /// May execute without anyone being asked.
        Auto = "auto",
        /// People must approve.
        Approval = "approval",
        /// Must not execute.
        Deny = "deny",
    }
}

words! {
    /// What an authorization rests on.
    Basis {
        /// Policy decided `auto` for the proposer.
        Auto = "auto",
        /// A complete set of valid approvals.
        Approvals = "approvals",
        /// Policy decided `auto` for the person who holds the run.
        Takeover = "takeover",
    }
}

words! {
    /// How much can go wrong, as the policy sees it.
    Risk {
        /// Routine.
        Low = "low",
        /// Worth a look.
        Medium = "medium",
        /// Worth a careful look.
        High = "high",
        /// Worth the most careful look there is.
        Critical = "critical",
    }
}

words! {
    /// How a person proved to be who they are when they gave a verdict.
    Method {
        /// A signed-in session.
        Signin = "signin",
        /// A passkey signature over the plan digest.
        Passkey = "passkey",
    }
}

impl Method {
    /// Whether this proof is at least as strong as the one asked for.
    pub fn meets(self, asked: Self) -> bool {
        self >= asked
    }
}

words! {
    /// How a run's changes are taken back.
    RecoveryKind {
        /// Restore the before-values.
        Rollback = "rollback",
        /// Run the named counter-action.
        Compensation = "compensation",
    }
}

words! {
    /// How a recovery ended.
    RecoveryOutcome {
        /// All of its mutations restored what they were to restore.
        Restored = "restored",
        /// Counter-actions ran.
        Compensated = "compensated",
        /// Some of its mutations ran.
        PartlyRestored = "partly_restored",
        /// It was denied, rejected, cancelled or it expired.
        Abandoned = "abandoned",
        /// Nothing ran.
        Failed = "failed",
        /// Somebody else moved the record since.
        Conflict = "conflict",
    }
}
