//! A policy text under review: what keeps it from loading, what its author should look at, and what it would be.

use cedar_policy::Effect;
use proof::digest::Digest;

use crate::fault::{Fault, Problem};
use crate::schema::Schema;
use crate::set::{Parsed, PolicySet, Positioned, check_size, parse, validate};

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
    let warnings = match check_size(text).and_then(|()| parse(text)) {
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
        let looks = looks_at_approved(&policy.to_json().ok()?);
        let problem = match (policy.effect(), asks, looks) {
            (Effect::Forbid, true, false) => Problem::Uncurable,
            (Effect::Forbid, false, true) => Problem::Unasked,
            (Effect::Forbid, true, true) | (Effect::Forbid, false, false) | (Effect::Permit, _, _) => {
                return None;
            }
        };
        Some(Fault { policy: policy.annotation("id").map(str::to_owned), place: *place, problem })
    });
    slips.collect()
}

/// Whether `context.approved` stands anywhere in a policy's JSON form.
fn looks_at_approved(json: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    let is_access = |access: &Json| {
        access.get("attr").and_then(Json::as_str) == Some("approved")
            && access.pointer("/left/Var").and_then(Json::as_str) == Some("context")
    };
    match json {
        Json::Object(members) => {
            members.get(".").is_some_and(is_access) || members.values().any(looks_at_approved)
        }
        Json::Array(list) => list.iter().any(looks_at_approved),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

#[cfg(test)]
mod tests;
