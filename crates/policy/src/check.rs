//! A policy text under review: what keeps it from loading, what its author should look at, and what it would be.

use proof::digest::Digest;

use crate::cure::Cure;
use crate::fault::{Fault, Problem};
use crate::schema::Schema;
use crate::set::{Parsed, PolicySet, Positioned, parse, validate};

/// The findings on one policy text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What keeps it from loading; empty if it loads.
    pub faults: Vec<Fault>,
    /// What loads but is probably not meant: policies that can never fire, look-alike characters, obligations that no
    /// approval cures.
    pub warnings: Vec<Fault>,
    /// The number of policies, if it loads.
    pub policies: usize,
    /// The digest that it would be activated under, if it loads.
    pub digest: Option<Digest>,
}

/// Examines a policy text against a schema.
pub fn check(text: &str, schema: &Schema) -> Report {
    let warnings = match parse(text) {
        Ok(parsed) => {
            let mut warnings = validate(&parsed, schema, text).warnings;
            warnings.extend(misleading(&parsed));
            warnings.sort_by_key(|warning| warning.place);
            warnings
        }
        Err(_) => Vec::new(),
    };
    match PolicySet::load(text, schema) {
        Ok(set) => Report {
            faults: Vec::new(),
            warnings,
            policies: set.rule_ids().count(),
            digest: Some(set.digest()),
        },
        Err(faults) => Report { faults: faults.0, warnings, policies: 0, digest: None },
    }
}

/// Obligations that no approval cures, and forbids that only look like obligations. Both deny, so both are safe.
fn misleading(parsed: &Parsed) -> Vec<Fault> {
    let slips = parsed.policies.iter().filter_map(|Positioned { policy, place }| {
        let asks = policy.annotation("obligation").is_some();
        let problem = match Cure::of(policy, &policy.to_json().ok()?) {
            Cure::Absent if asks => Problem::Uncurable,
            Cure::Sound if !asks => Problem::Unasked,
            Cure::Absent | Cure::Sound | Cure::Misused => return None,
        };
        Some(Fault { policy: policy.annotation("id").map(str::to_owned), place: *place, problem })
    });
    slips.collect()
}

#[cfg(test)]
mod tests;
