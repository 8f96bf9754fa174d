//! Budgets: amounts that runs reserve in a scope, counted over a sliding window.
//!
//! Amounts are summed in slots of ten seconds, so that a window costs the same however busy the scope is.

use domain::id::RunId;
use domain::time::Timestamp;

/// The length of a slot, in milliseconds.
pub const SLOT_MS: i64 = 10_000;
/// The longest window, in seconds: 31 days. Older slots are purged.
pub const WINDOW_S_MAX: u64 = 31 * 24 * 3600;
/// Bytes of a scope's name.
pub const SCOPE_LEN_MAX: usize = 512;

/// An amount that a run wants to use.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// The budget, such as an agent and an hour window in the caller's words.
    pub scope: String,
    /// The run. A second reservation of the same run and scope replaces the first.
    pub run: RunId,
    /// How much.
    pub amount: u32,
    /// When.
    pub at: Timestamp,
    /// The window before `at` that `seen` is about, at most [`WINDOW_S_MAX`].
    pub window_s: u64,
    /// Reserve only if the use of others in the window is still this, as [`crate::Store::usage`] answers it besides this
    /// run.
    pub seen: Option<u64>,
}

/// A change of budgets.
#[derive(Debug, Clone)]
pub enum UsageChange {
    /// Adds an amount.
    Reserve(Reservation),
    /// What the run reserved was used: it counts until its window has passed.
    Settle {
        /// The run.
        run: RunId,
    },
    /// What the run reserved was not used: it counts no more.
    Release {
        /// The run.
        run: RunId,
    },
}

/// The slot of a time.
pub(crate) fn slot(at: Timestamp) -> i64 {
    at.millis().div_euclid(SLOT_MS)
}

/// The first slot of the window that ends at a time.
pub(crate) fn window_start(at: Timestamp, window_s: u64) -> i64 {
    let window_ms = i64::try_from(window_s).unwrap_or(i64::MAX).saturating_mul(1000);
    slot(at.plus_ms(window_ms.saturating_neg()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_starts_in_the_slot_of_its_first_moment() {
        let at = Timestamp::from_millis(1_000_000);
        assert_eq!(slot(at), 100);
        assert_eq!(window_start(at, 60), 94);
        assert_eq!(window_start(at.plus_ms(1), 60), 94);
        assert_eq!(window_start(at.plus_ms(-1), 60), 93);
        assert_eq!(window_start(at, u64::MAX), 0);
    }
}
