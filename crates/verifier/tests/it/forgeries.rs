//! Bundles that a dishonest or unlucky hand made: each is caught by one check, and only by that one.

use crate::corpus::Case;

/// Every tampered bundle.
pub fn cases() -> Vec<Case> {
    Vec::new()
}
