//! Where `context.approved` stands in a policy. It may only cure: `unless { context.approved }`, perhaps with `&&` or `||`
//! around it. Anywhere else an approval could forbid what runs by itself, or the lack of one could permit, and the two
//! evaluations would no longer mean "without" and "with approval".

use cedar_policy::{Effect, Policy};
use serde_json::Value as Json;

/// How a policy depends on an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cure {
    /// It does not.
    Absent,
    /// An approval can only make a forbid fire less.
    Sound,
    /// Anything else.
    Misused,
}

impl Cure {
    /// Reads it off the policy's JSON form.
    pub(crate) fn of(policy: &Policy, json: &Json) -> Self {
        let clauses = json.get("conditions").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let bodies = |kind: &'static str| {
            let of_kind = move |clause: &&Json| clause.get("kind").and_then(Json::as_str) == Some(kind);
            clauses.iter().filter(of_kind).filter_map(|clause| clause.get("body"))
        };
        if !looks(json) {
            return Self::Absent;
        }
        let sound = policy.effect() == Effect::Forbid
            && !bodies("when").any(looks)
            && bodies("unless").all(only_cures);
        if sound { Self::Sound } else { Self::Misused }
    }
}

/// Whether an approval can only turn this expression from false to true.
fn only_cures(json: &Json) -> bool {
    let sides = ["&&", "||"].into_iter().find_map(|operator| json.get(operator));
    match sides {
        Some(sides) => ["left", "right"].into_iter().filter_map(|side| sides.get(side)).all(only_cures),
        None => is_access(json) || !looks(json),
    }
}

/// Whether `context.approved` stands anywhere in it.
fn looks(json: &Json) -> bool {
    is_access(json)
        || match json {
            Json::Object(members) => members.values().any(looks),
            Json::Array(list) => list.iter().any(looks),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
        }
}

fn is_access(json: &Json) -> bool {
    json.get(".").is_some_and(|access| {
        access.get("attr").and_then(Json::as_str) == Some("approved")
            && access.pointer("/left/Var").and_then(Json::as_str) == Some("context")
    })
}

#[cfg(test)]
mod tests;
