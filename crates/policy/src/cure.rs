//! Where `context.approved` stands in a policy. It may only cure: `unless { context.approved }`, perhaps with `&&` or `||`
//! around it. Anywhere else an approval could forbid what runs by itself, or the lack of one could permit, and the two
//! evaluations would no longer mean "without" and "with approval".

use cedar_policy::{Effect, Policy};
use serde_json::Value as Json;

const APPROVED: &str = "approved";

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
        if !looks_at(json, APPROVED) {
            return Self::Absent;
        }
        let sound = policy.effect() == Effect::Forbid
            && !bodies("when").any(|body| looks_at(body, APPROVED))
            && bodies("unless").all(only_cures);
        if sound { Self::Sound } else { Self::Misused }
    }
}

/// Whether an approval can only turn this expression from false to true.
fn only_cures(json: &Json) -> bool {
    let sides = ["&&", "||"].into_iter().find_map(|operator| json.get(operator));
    match sides {
        Some(sides) => ["left", "right"].into_iter().filter_map(|side| sides.get(side)).all(only_cures),
        None => context_fact(json, ".") == Some(APPROVED) || !looks_at(json, APPROVED),
    }
}

/// Whether an expression depends on a fact of the context; on the context as a whole counts too.
pub(crate) fn looks_at(json: &Json, fact: &str) -> bool {
    let known = context_fact(json, ".").or_else(|| context_fact(json, "has"));
    match (known, json) {
        (Some(known), _) => known == fact,
        (None, Json::Object(members)) => {
            is_context(json) || members.values().any(|member| looks_at(member, fact))
        }
        (None, Json::Array(list)) => list.iter().any(|one| looks_at(one, fact)),
        (None, Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => false,
    }
}

/// The fact, where the expression is `context.<fact>` or `context has <fact>`.
fn context_fact<'a>(json: &'a Json, operator: &str) -> Option<&'a str> {
    let access = json.get(operator)?;
    access.get("left").filter(|left| is_context(left))?;
    access.get("attr")?.as_str()
}

fn is_context(json: &Json) -> bool {
    json.get("Var").and_then(Json::as_str) == Some("context")
}

#[cfg(test)]
mod tests;
