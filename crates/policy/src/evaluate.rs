//! Two evaluations of one request → `auto`, `approval` or `deny`.
//!
//! Cedar knows allow and deny. A forbid with `@obligation` is one that an approval cures: `unless { context.approved }`.
//! So the request is asked as it is, and when obligations alone stand in the way, once more as if approved. Whatever goes
//! wrong on the way denies: Cedar itself would skip a failing forbid and let the mutation through.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use cedar_policy_core::authorizer::{Authorizer, Decision as Answer, Response};

use crate::facts::Request;
use crate::facts::checked::Checked;
use crate::obligation::{Evidence, Obligation, Risk, merge as merge_obligations};
use crate::rule::{Part, Rule};
use crate::set::PolicySet;

/// What policy says about one mutation or, merged, about a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub outcome: Outcome,
    /// The `@id`s of the determining rules, sorted.
    pub rules: Vec<String>,
    /// The highest risk that a determining rule states; low if none does.
    pub risk: Risk,
    /// Whose approval is needed: one per group, sorted by group. Empty unless the outcome is `approval`.
    pub obligations: Vec<Obligation>,
    /// How firmly the evidence must stand before the first write. The environment may ask for more.
    pub evidence: Evidence,
    /// Whether an approval must give its reason.
    pub rationale_required: bool,
    /// How many mutations of a plan run before it pauses; absent if it need not.
    pub canary: Option<NonZeroU32>,
    /// The determining rules with their words, sorted by rule.
    pub explanation: Vec<RuleNote>,
}

/// The three answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It may run by itself.
    Auto,
    /// It may run when the obligations are met.
    Approval,
    /// It may not run.
    Deny(Denial),
}

impl Outcome {
    /// The word on every wire.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Approval => "approval",
            Self::Deny(_) => "deny",
        }
    }
}

/// Why it may not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// These rules forbid it, and no approval cures that.
    Rules(Vec<String>),
    /// No rule permits it: what is not permitted is denied.
    NothingPermits,
    /// Policy came to no sound answer. The cause may quote facts, so it belongs into sealed text.
    Undecidable(String),
}

impl Denial {
    /// The word on every wire.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Rules(_) => "rules",
            Self::NothingPermits => "nothing_permits",
            Self::Undecidable(_) => "undecidable",
        }
    }
}

/// One determining rule in its author's words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleNote {
    /// Its `@id`.
    pub rule: String,
    /// What it did.
    pub effect: RuleEffect,
    /// Its `@title`.
    pub title: Option<String>,
    /// Its `@description`.
    pub description: Option<String>,
}

/// What a determining rule did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleEffect {
    /// It permits the mutation.
    Permits,
    /// It asks for an approval.
    Asks(Obligation),
    /// It forbids the mutation.
    Forbids,
}

/// A cause that makes the request undecidable.
type Cause = String;

impl PolicySet {
    /// Decides about one mutation. Total: every doubt is a denial.
    pub fn decide(&self, request: &Request) -> Decision {
        self.try_decide(request).unwrap_or_else(Decision::undecidable)
    }

    fn try_decide(&self, request: &Request) -> Result<Decision, Cause> {
        let unknown = || format!("the schema has no action `{}`", request.action);
        let slice = self.slices.get(&request.action).ok_or_else(unknown)?;
        self.decide_with(slice, request)
    }

    /// The two evaluations against one Cedar set: an action's slice or, in the differential test, the full set.
    pub(crate) fn decide_with(
        &self,
        policies: &cedar_policy::PolicySet,
        request: &Request,
    ) -> Result<Decision, Cause> {
        let action = self.schema.entry(&request.action).ok_or_else(|| "an unknown action".to_owned())?;
        let checked = Checked::new(request, action, &self.schema).map_err(|fault| fault.to_string())?;
        let ask = |approved: bool| {
            let question = checked.ask(approved);
            self.read(&Authorizer::new().is_authorized(question, policies.as_ref(), &checked.entities))
        };
        let (answer, fired) = ask(false)?;
        if answer == Answer::Allow {
            return Ok(Decision::new(Outcome::Auto, &fired));
        }
        let forbidding: Vec<&Rule> =
            fired.iter().copied().filter(|rule| rule.part == Part::Forbids).collect();
        if !forbidding.is_empty() {
            return Ok(Decision::deny(Denial::Rules(ids(&forbidding)), &forbidding));
        }
        if fired.is_empty() {
            return Ok(Decision::deny(Denial::NothingPermits, &[]));
        }
        // A deny names only forbids, so it cannot tell whether anything permits. Ask again, as if approved.
        let (answer, then) = ask(true)?;
        if answer == Answer::Deny {
            let denial = if then.is_empty() { Denial::NothingPermits } else { Denial::Rules(ids(&then)) };
            return Ok(Decision::deny(denial, &then));
        }
        let specific = fired.iter().any(|rule| !is_fallback(rule));
        let asking = fired.into_iter().filter(|rule| !specific || !is_fallback(rule));
        Ok(Decision::new(Outcome::Approval, &asking.chain(then).collect::<Vec<_>>()))
    }

    /// Cedar skips a policy that fails, and a skipped forbid would let the mutation through: one error spoils the answer.
    fn read(&self, response: &Response) -> Result<(Answer, Vec<&Rule>), Cause> {
        if let Some(error) = response.diagnostics.errors.first() {
            return Err(error.to_string());
        }
        let mut fired = Vec::new();
        for id in &response.diagnostics.reason {
            let id: &str = id.as_ref();
            fired.push(self.rules.get(id).ok_or_else(|| format!("`{id}` is not in the policy set"))?);
        }
        fired.sort_by(|one, other| one.id.cmp(&other.id));
        Ok((response.decision, fired))
    }
}

fn ids(rules: &[&Rule]) -> Vec<String> {
    rules.iter().map(|rule| rule.id.clone()).collect()
}

fn is_fallback(rule: &Rule) -> bool {
    match &rule.part {
        Part::Asks(ask) => ask.fallback,
        Part::Permits | Part::Forbids => false,
    }
}

impl Decision {
    /// The denial of a mutation for which no sound request can be made.
    pub fn undecidable(cause: impl Into<String>) -> Self {
        Self::deny(Denial::Undecidable(cause.into()), &[])
    }

    fn new(outcome: Outcome, determining: &[&Rule]) -> Self {
        let asks = || {
            determining.iter().filter_map(|rule| match &rule.part {
                Part::Asks(ask) => Some(ask),
                Part::Permits | Part::Forbids => None,
            })
        };
        let mut explanation: Vec<RuleNote> = determining.iter().map(|rule| RuleNote::of(rule)).collect();
        explanation.sort();
        Self {
            outcome,
            rules: explanation.iter().map(|note| note.rule.clone()).collect(),
            risk: determining.iter().filter_map(|rule| rule.risk).max().unwrap_or(Risk::Low),
            obligations: merge_obligations(asks().map(|ask| ask.obligation.clone())),
            evidence: determining.iter().filter_map(|rule| rule.evidence).max().unwrap_or(Evidence::Recorded),
            rationale_required: asks().any(|ask| ask.rationale_required),
            canary: determining.iter().filter_map(|rule| rule.canary).min(),
            explanation,
        }
    }

    /// A denial asks for nothing: an obligation that no approval cures forbids like any other rule.
    fn deny(denial: Denial, determining: &[&Rule]) -> Self {
        let mut denied = Self::new(Outcome::Deny(denial), determining);
        denied.obligations.clear();
        denied.rationale_required = false;
        for note in &mut denied.explanation {
            note.effect = RuleEffect::Forbids;
        }
        denied
    }
}

impl RuleNote {
    fn of(rule: &Rule) -> Self {
        let effect = match &rule.part {
            Part::Permits => RuleEffect::Permits,
            Part::Asks(ask) => RuleEffect::Asks(ask.obligation.clone()),
            Part::Forbids => RuleEffect::Forbids,
        };
        Self {
            rule: rule.id.clone(),
            effect,
            title: rule.title.clone(),
            description: rule.description.clone(),
        }
    }
}

/// The decision about a plan: its strictest mutation. Denials are kept apart from the rest, since what the other
/// mutations would need no longer matters. A plan without mutations is denied.
pub fn merge(decisions: impl IntoIterator<Item = Decision>) -> Decision {
    let (denied, rest): (Vec<_>, Vec<_>) =
        decisions.into_iter().partition(|decision| matches!(decision.outcome, Outcome::Deny(_)));
    let (outcome, parts) = if denied.is_empty() {
        let needs_approval = rest.iter().any(|decision| decision.outcome == Outcome::Approval);
        let outcome = match (rest.is_empty(), needs_approval) {
            (true, _) => Outcome::Deny(Denial::NothingPermits),
            (false, true) => Outcome::Approval,
            (false, false) => Outcome::Auto,
        };
        (outcome, rest)
    } else {
        (Outcome::Deny(strictest(&denied)), denied)
    };
    let explanation: BTreeSet<RuleNote> =
        parts.iter().flat_map(|part| part.explanation.iter().cloned()).collect();
    let rules: BTreeSet<&String> = parts.iter().flat_map(|part| &part.rules).collect();
    Decision {
        outcome,
        rules: rules.into_iter().cloned().collect(),
        risk: parts.iter().map(|part| part.risk).max().unwrap_or(Risk::Low),
        obligations: merge_obligations(parts.iter().flat_map(|part| part.obligations.iter().cloned())),
        evidence: parts.iter().map(|part| part.evidence).max().unwrap_or(Evidence::Recorded),
        rationale_required: parts.iter().any(|part| part.rationale_required),
        canary: parts.iter().filter_map(|part| part.canary).min(),
        explanation: explanation.into_iter().collect(),
    }
}

/// One undecidable mutation makes the plan undecidable; then rules that forbid count before a missing permit.
fn strictest(denied: &[Decision]) -> Denial {
    let mut forbidding = BTreeSet::new();
    for decision in denied {
        match &decision.outcome {
            Outcome::Deny(Denial::Undecidable(cause)) => return Denial::Undecidable(cause.clone()),
            Outcome::Deny(Denial::Rules(rules)) => forbidding.extend(rules.iter().cloned()),
            Outcome::Deny(Denial::NothingPermits) | Outcome::Auto | Outcome::Approval => {}
        }
    }
    if forbidding.is_empty() {
        Denial::NothingPermits
    } else {
        Denial::Rules(forbidding.into_iter().collect())
    }
}

#[cfg(test)]
mod tests;
