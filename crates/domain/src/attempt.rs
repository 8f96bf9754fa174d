//! Attempts and outcomes: one try to execute one mutation, and what became of it.

use crate::mutation::words;

words! {
    /// What became of an attempt.
    Outcome {
        /// A fresh read shows the after-values.
        Applied = "applied",
        /// The system accepted, but a fresh read differs.
        Diverged = "diverged",
        /// The system refused; no effect.
        Rejected = "rejected",
        /// No effect, and none can follow.
        NotSent = "not_sent",
        /// Sent; effect not known. Blocks everything until it is settled.
        Unknown = "unknown",
    }
}

impl Outcome {
    /// Whether something changed in the system of record.
    pub fn is_effect(self) -> bool {
        match self {
            Self::Applied | Self::Diverged => true,
            Self::Rejected | Self::NotSent | Self::Unknown => false,
        }
    }
}

words! {
    /// How much the write could promise against other writers.
    Guarantee {
        /// The vendor checks atomically and the effect can be looked up by our key.
        Exact = "exact",
        /// The vendor checks the version atomically.
        Conditional = "conditional",
        /// The vendor checks the version, but may still lose an update between two writers.
        Advisory = "advisory",
        /// The vendor checks nothing: only the read before and after speaks.
        Observed = "observed",
    }
}

words! {
    /// How far the evidence of an attempt had come before the first byte left.
    EvidenceLevel {
        /// Committed in the store.
        Recorded = "recorded",
        /// Under a signed head of the log.
        Sealed = "sealed",
        /// Under a head that a quorum of witnesses cosigned.
        Witnessed = "witnessed",
    }
}

/// The code of a conflict answer: the record moved between our read and our write.
pub const CODE_CONFLICT: &str = "conflict";
