//! Policy asked again: the recorded input of a decision, evaluated by the recorded set, must give the recorded decision.

use std::collections::{BTreeMap, BTreeSet};

use domain::attempt::EvidenceLevel;
use domain::event::{Event, PolicyDecided};
use domain::principal::Principal;
use domain::run::{DecisionWord, Run};
use policy::evaluate::{Decision, merge};
use policy::{PolicySet, Request};
use proof::digest::Digest;
use proof::document::MutationDocument;
use proof::json::Value;

use super::replay::Step;
use crate::files::Files;
use crate::finding::{Check, Docket, Place};
use crate::policy_file::{self, PolicyFileFault};

/// The policy sets of a bundle.
#[derive(Debug, Default)]
pub struct Sets(BTreeMap<Digest, PolicySet>);

/// Loads every `policies/<digest>.json`.
pub fn load(files: &Files, docket: &mut Docket) -> Sets {
    let mut sets = Sets::default();
    for (name, bytes) in files.under("policies") {
        docket.look(Check::Decisions);
        let place = Place::file(format!("policies/{name}"));
        let named = name.strip_suffix(".json").and_then(Digest::parse);
        match (named, policy_file::load(bytes)) {
            (Some(digest), Ok(set)) if set.digest() == digest => {
                sets.0.insert(digest, set);
            }
            (_, Err(fault @ PolicyFileFault::Load(_))) => {
                docket.unknown(Check::Decisions, place, fault.to_string());
            }
            (_, Err(fault @ PolicyFileFault::Form)) => {
                docket.tampered(Check::Decisions, place, fault.to_string());
            }
            (_, Ok(_)) => {
                docket.tampered(
                    Check::Decisions,
                    place,
                    "the policy set is not the one that the file is named after",
                );
            }
        }
    }
    sets
}

/// Looks at one step.
pub fn step(step: &Step<'_>, docket: &mut Docket) {
    let Event::PolicyDecided(decided) = &step.read.event else { return };
    let Some(set) = step.sets.0.get(&decided.policy) else {
        docket.leave_open(Check::Decisions, step.place(), "the text of the policy set is not in this bundle");
        return;
    };
    let Some(input) = step.value("input") else {
        docket.leave_open(Check::Decisions, step.place(), "the input of the decision is not disclosed");
        return;
    };
    // Of an input larger than any sealed value only number and digest are kept.
    let Some(inputs) = input.as_array() else {
        docket.leave_open(
            Check::Decisions,
            step.place(),
            "the input of the decision is too large to have been kept",
        );
        return;
    };
    docket.look(Check::Decisions);
    match judge(step, set, decided, inputs) {
        Ok(()) => {}
        Err(Doubt::Open(why)) => docket.leave_open(Check::Decisions, step.place(), why),
        Err(Doubt::Broken(why)) => docket.violation(Check::Decisions, step.place(), why),
    }
}

enum Doubt {
    Open(&'static str),
    Broken(String),
}

fn judge(step: &Step<'_>, set: &PolicySet, decided: &PolicyDecided, inputs: &[Value]) -> Result<(), Doubt> {
    let documents = step.parts.plans.get(&step.run.revision).map(Vec::as_slice).unwrap_or_default();
    let judged = step.run.all_judged();
    let asked: Vec<(Principal, &MutationDocument)> = judged
        .iter()
        .flat_map(|principal| documents.iter().map(|planned| (*principal, &planned.document)))
        .collect();
    if decided.decision == DecisionWord::Deny && inputs.len() < asked.len() {
        return Err(Doubt::Open("a mutation about which policy could not be asked was denied for that"));
    }
    if inputs.len() != asked.len() {
        return Err(Doubt::Broken(
            "policy was not asked once about each mutation and each person behind it".to_owned(),
        ));
    }
    let mut decisions = Vec::new();
    for ((principal, document), input) in asked.into_iter().zip(inputs) {
        let request = Request::from_value(input)
            .map_err(|fault| Doubt::Broken(format!("the recorded input is malformed: {fault}")))?;
        if let Some(fact) = differs(&request, step.run, principal, document) {
            return Err(Doubt::Broken(format!(
                "policy was told another `{fact}` than the run's for mutation {}",
                document.n
            )));
        }
        if let Some(fact) = told_otherwise(step, set, &request, document) {
            return Err(Doubt::Broken(format!(
                "policy was told another `{fact}` than the plan's for mutation {}",
                document.n
            )));
        }
        decisions.push(set.decide(&request));
    }
    compare(decided, &merge(decisions))
}

/// A fact of the input that the run itself knows better.
fn differs(
    request: &Request,
    run: &Run,
    principal: Principal,
    document: &MutationDocument,
) -> Option<&'static str> {
    let verb = document.action.as_deref().unwrap_or(&document.kind);
    let proposers = [run.proposer.person(), run.agent_owner, run.on_behalf_of];
    let facts = [
        ("principal", request.principal.id == principal.to_string()),
        ("on_behalf_of", request.on_behalf_of == run.on_behalf_of.map(|person| person.to_string())),
        ("action", request.action.ends_with(&format!(".{}.{verb}", document.object))),
        ("connector", request.record.connector == document.connector),
        ("environment", request.record.environment == document.environment),
        ("confidence_bp", request.confidence_bp == run.confidence_bp),
        ("workflow", request.workflow == run.workflow.as_str()),
        ("source", request.source == run.source.as_str()),
        ("reversibility", request.reversibility.word() == document.undo),
        ("plan_size", request.plan_size == run.mutations),
        ("recovery", request.recovery == (run.recovers.is_some() && run.amenders.is_empty())),
        (
            "takeover",
            request.takeover == run.takeover.is_some_and(|held| !proposers.contains(&Some(held.holder))),
        ),
    ];
    facts.iter().find(|(_, same)| !same).map(|(fact, _)| *fact)
}

/// A fact of the input that the disclosed changes of the mutation contradict. Where one of them is not disclosed, nothing
/// contradicts.
fn told_otherwise(
    step: &Step<'_>,
    set: &PolicySet,
    request: &Request,
    document: &MutationDocument,
) -> Option<&'static str> {
    let record = step.values.named(&document.sd, "record")?;
    let arguments = step.values.named(&document.sd, "arguments")?;
    let changes = document.changes.iter().map(|digest| step.values.field(digest).disclosed().cloned());
    let changes = changes.collect::<Option<Vec<Value>>>()?;
    if request.record.id.as_deref() != record.as_str() {
        return Some("record");
    }
    let mut due = Request {
        changed_fields: BTreeSet::new(),
        before: BTreeMap::new(),
        after: BTreeMap::new(),
        delta: BTreeMap::new(),
        ..request.clone()
    };
    let Some(shape) = set.schema().action(&request.action) else { return Some("action") };
    let mut add = |name: &str, before: Option<&Value>, after: Option<&Value>| {
        shape.field(name).is_some_and(|field| due.add_change(field, before, after).is_ok())
    };
    let told = changes.iter().all(|change| {
        let name = change.get("field").and_then(Value::as_str);
        name.is_some_and(|name| add(name, change.get("before"), change.get("after")))
    });
    let told =
        told && arguments.as_object().into_iter().flatten().all(|(name, value)| add(name, None, Some(value)));
    (!told || due != *request).then_some("changes")
}

fn compare(decided: &PolicyDecided, again: &Decision) -> Result<(), Doubt> {
    if decided.decision.word() != again.outcome.word() {
        if decided.decision == DecisionWord::Deny && decided.rules.is_empty() {
            return Err(Doubt::Open(
                "policy came to no sound answer and denied, for a reason outside of the recorded input",
            ));
        }
        return Err(Doubt::Broken(format!(
            "policy decided `{}`, and says `{}` to the same input",
            decided.decision,
            again.outcome.word()
        )));
    }
    let asked = decided.obligations.iter().map(|one| {
        let exclude = one.exclude.iter().map(ToString::to_string).collect::<Vec<_>>();
        (one.group.to_string(), one.quorum, one.expires_s, one.method.word(), exclude)
    });
    let asks = again.obligations.iter().map(|one| {
        let exclude = one.exclude.iter().cloned().collect::<Vec<_>>();
        (one.group.clone(), one.quorum.get(), one.expires_s.get(), one.method.word(), exclude)
    });
    let evidence = EvidenceLevel::parse(again.evidence.word());
    let same = [
        ("obligations", asked.eq(asks)),
        ("rules", decided.rules.iter().map(ToString::to_string).eq(again.rules.iter().cloned())),
        ("risk", decided.risk.word() == again.risk.word()),
        ("evidence", evidence.is_some_and(|asked| decided.evidence >= asked)),
        ("rationale", decided.rationale == again.rationale_required),
        ("canary", decided.canary == again.canary.map(std::num::NonZeroU32::get)),
    ];
    same.iter().find(|(_, same)| !same).map_or(Ok(()), |(what, _)| {
        Err(Doubt::Broken(format!(
            "the recorded decision has other {what} than policy gives to the same input"
        )))
    })
}
