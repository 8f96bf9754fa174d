//! What an approval asks for, and how several obligations become one: always the strictest.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU32, NonZeroU64};

use crate::words::words;

/// Largest quorum that a rule may ask for.
pub const QUORUM_MAX: u32 = 100;

/// Longest time, in seconds, that an obligation may stay open: 365 days.
pub const EXPIRES_S_MAX: u64 = 365 * 24 * 60 * 60;

words! {
    /// How risky a rule holds a mutation to be. A later one outranks an earlier one.
    Risk {
        /// Everyday work.
        Low = "low",
        /// Worth a second pair of eyes.
        Medium = "medium",
        /// Money, customers or many records.
        High = "high",
        /// Hard to repair.
        Critical = "critical",
    }
}

words! {
    /// How an approver must prove who they are. A later one is stronger.
    Method {
        /// A signed-in session.
        Signin = "signin",
        /// A passkey signature over this very approval.
        Passkey = "passkey",
    }
}

words! {
    /// How firmly the evidence must stand before the first write. A later one is firmer.
    Evidence {
        /// Committed to the store.
        Recorded = "recorded",
        /// Under our signed checkpoint.
        Sealed = "sealed",
        /// Under a checkpoint that outsiders cosigned.
        Witnessed = "witnessed",
    }
}

/// One group's approval: how many of its members, within which time, signed how, and who may not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Obligation {
    /// The group whose members may approve: a slug.
    pub group: String,
    /// How many different members must approve.
    pub quorum: NonZeroU32,
    /// Seconds until the request for approval expires.
    pub expires_s: NonZeroU64,
    /// The weakest method that counts.
    pub method: Method,
    /// Persons whose approval does not count, beside the proposers.
    pub exclude: BTreeSet<String>,
}

impl Obligation {
    /// Both at once: the larger quorum, the shorter expiry, the stronger method, everybody excluded by either.
    fn and(mut self, other: Self) -> Self {
        self.quorum = self.quorum.max(other.quorum);
        self.expires_s = self.expires_s.min(other.expires_s);
        self.method = self.method.max(other.method);
        self.exclude.extend(other.exclude);
        self
    }
}

/// One obligation per group, sorted by group. Across groups all of them hold.
pub fn merge(obligations: impl IntoIterator<Item = Obligation>) -> Vec<Obligation> {
    let mut by_group: BTreeMap<String, Obligation> = BTreeMap::new();
    for next in obligations {
        let merged = match by_group.remove(&next.group) {
            Some(known) => known.and(next),
            None => next,
        };
        by_group.insert(merged.group.clone(), merged);
    }
    by_group.into_values().collect()
}

/// Seconds of an ISO 8601 duration in weeks, days, hours, minutes and seconds, such as `PT4H`, `P1D` or `P1DT30M`.
/// Years and months are refused, because they have no fixed length; so are zero, fractions and more than
/// [`EXPIRES_S_MAX`].
pub fn duration_s(text: &str) -> Option<NonZeroU64> {
    let (days, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (text.strip_prefix('P')?, ""),
    };
    let total = components(days, &[('W', 604_800), ('D', 86_400)])?
        .checked_add(components(time, &[('H', 3_600), ('M', 60), ('S', 1)])?)?;
    NonZeroU64::new(total).filter(|seconds| seconds.get() <= EXPIRES_S_MAX)
}

/// Sums `<digits><unit>` pairs whose units come in the order given, each at most once.
fn components(text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut rest = text;
    let mut total = 0_u64;
    for (unit, seconds) in units {
        if let Some((digits, after)) = rest.split_once(*unit) {
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(*seconds)?)?;
            rest = after;
        }
    }
    rest.is_empty().then_some(total)
}

#[cfg(test)]
mod tests;
