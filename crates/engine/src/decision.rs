//! From a plan to policy's decision: gather the facts of every mutation, evaluate, keep the strictest.

mod budgets;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use domain::attempt::EvidenceLevel;
use domain::command::RecordDecision;
use domain::event::{Obligation, PolicyDecided};
use domain::id::PersonId;
use domain::mutation::{Mutation, UndoKind};
use domain::name::Slug;
use domain::principal::Principal;
use domain::run::{DecisionWord, Method, Risk, Run};
use domain::sealed::SEALED_BYTES_MAX;
use domain::time::Timestamp;
use policy::evaluate::{Decision, Outcome, merge};
use policy::facts::{PrincipalKind, Record, Request, Reversibility, Usage};
use proof::json::{Value, object};
use store::UsageChange;

use budgets::Budgets;

use crate::control::{ActivePolicy, Control};
use crate::ledger::slug;
use crate::turns::Turn;
use crate::{Code, Engine, Error, Result};

/// A decision that can be recorded, with the budget that it uses.
pub(crate) struct Decided {
    /// The command.
    pub record: RecordDecision,
    /// Reserved in the same commit.
    pub usage: Vec<UsageChange>,
    /// Held until that commit is saved.
    pub turns: Vec<Turn>,
}

impl Engine {
    /// Asks the policy set in force about a plan.
    pub(crate) async fn decide_plan(
        &self,
        control: &Control,
        run: &Run,
        mutations: &[&Mutation],
    ) -> Result<Decided> {
        self.evaluate(control, run, mutations, None).await
    }

    /// Asks it again about one mutation, just before its write.
    pub(crate) async fn decide_one(
        &self,
        control: &Control,
        run: &Run,
        mutations: &[&Mutation],
        n: u32,
    ) -> Result<Decided> {
        self.evaluate(control, run, mutations, Some(n)).await
    }

    async fn evaluate(
        &self,
        control: &Control,
        run: &Run,
        mutations: &[&Mutation],
        only: Option<u32>,
    ) -> Result<Decided> {
        let active = control.policy.clone().ok_or_else(|| {
            Error::new(Code::NoPolicy, "no policy set is in force, so nothing is permitted")
                .hint("activate a policy set")
        })?;
        let mut turns = Vec::new();
        if only.is_none() && budgets::excludes(control) {
            turns = self.turns.take(control.workspace, budgets::scopes(control, run, mutations)).await;
        }
        let now = self.clock.now();
        let budgets = self.budgets(control, run, mutations, now).await?;
        let started = Instant::now();
        let mut decisions = Vec::new();
        let mut inputs = Vec::new();
        for principal in run.all_judged() {
            for mutation in mutations.iter().filter(|mutation| only.is_none_or(|n| n == mutation.n)) {
                match request(control, run, &budgets, principal, mutation, mutations.len(), now) {
                    Ok(request) => {
                        inputs.push(request.to_value());
                        decisions.push(active.set.decide(&request));
                    }
                    Err(why) => decisions.push(Decision::undecidable(why)),
                }
            }
        }
        let mut decision = merge(decisions);
        if decision.evidence == policy::obligation::Evidence::Witnessed
            && !self.is_witnessed(&control.settings.origin)
        {
            // No attempt could ever reach it: say so now instead of letting the run wait in vain.
            decision = Decision::undecidable(format!(
                "the policy asks for {} evidence, and no quorum of witnesses is configured",
                decision.evidence
            ));
        }
        let excluded = decision.obligations.iter().flat_map(|obligation| &obligation.exclude);
        if let Some(unknown) = excluded.into_iter().find(|person| PersonId::parse(person).is_err()) {
            // An exclusion of nobody would let through whom it was meant for.
            decision =
                Decision::undecidable(format!("the policy excludes `{unknown}`, which is no person's id"));
        }
        let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let record = record(&active, &decision, inputs, duration_us, control.lapsed(run));
        let usage = match decision.outcome {
            Outcome::Deny(_) => Vec::new(),
            Outcome::Auto | Outcome::Approval => budgets.reserve(control, run, mutations.len(), now),
        };
        Ok(Decided { record, usage, turns })
    }
}

/// The facts of one evaluation.
fn request(
    control: &Control,
    run: &Run,
    budgets: &Budgets,
    principal: Principal,
    mutation: &Mutation,
    plan_size: usize,
    now: Timestamp,
) -> std::result::Result<Request, String> {
    let connector = control.connector(&mutation.connector).map_err(|error| error.message)?;
    let description = connector.describe();
    let action = description.action_name(&mutation.object, mutation.verb());
    let policy = control.policy.as_ref().ok_or("no policy set is in force")?;
    let shape = policy
        .set
        .schema()
        .action(&action)
        .ok_or_else(|| format!("the policy set does not know `{action}`"))?;
    let (local_hour, weekday) = local_time(&control.settings.zone, now)?;
    let lane = lane_of(control, run, mutation);
    let (in_lane, lane_used) = budgets.lane(&lane);
    let size = u64::try_from(plan_size).unwrap_or(u64::MAX);
    let count = |before: u64, own: u64| u32::try_from(before.saturating_add(own)).unwrap_or(u32::MAX);
    let mut request = Request {
        principal: policy::facts::Principal {
            kind: match principal {
                Principal::Agent(_) => PrincipalKind::Agent,
                Principal::Person(_) => PrincipalKind::Person,
                Principal::Service(_) => PrincipalKind::Service,
            },
            id: principal.to_string(),
            groups: control.policy_groups(principal),
        },
        on_behalf_of: run.on_behalf_of.map(|person| person.to_string()),
        action,
        record: Record {
            connector: mutation.connector.to_string(),
            id: mutation.record.clone(),
            environment: mutation.environment.to_string(),
            labels: BTreeSet::new(),
        },
        changed_fields: BTreeSet::new(),
        before: BTreeMap::new(),
        after: BTreeMap::new(),
        delta: BTreeMap::new(),
        confidence_bp: run.confidence_bp,
        workflow: run.workflow.to_string(),
        source: run.source.to_string(),
        local_hour,
        weekday,
        reversibility: match mutation.undo {
            UndoKind::Rollback => Reversibility::Rollback,
            UndoKind::Compensation => Reversibility::Compensation,
            UndoKind::Irreversible => Reversibility::Irreversible,
        },
        plan_size: u32::try_from(plan_size).unwrap_or(u32::MAX),
        usage: Usage {
            agent_hour: count(budgets.principal().hour, size),
            agent_day: count(budgets.principal().day, size),
            lane_hour: count(lane_used.hour, in_lane),
            lane_day: count(lane_used.day, in_lane),
        },
        readiness: readiness(control, &mutation.connector, &lane, now),
        // An amended recovery is no longer the engine's own undo.
        recovery: run.recovers.is_some() && run.amenders.is_empty(),
        // A person who proposed the run does not become a second person by taking it over.
        takeover: run.takeover.is_some_and(|held| !proposed(run, held.holder)),
    };
    for change in &mutation.changes {
        let field = shape
            .field(&change.field)
            .ok_or_else(|| format!("the policy set does not know the field `{}`", change.field))?;
        request
            .add_change(field, change.before.as_ref(), change.after.as_ref())
            .map_err(|fault| fault.to_string())?;
    }
    for (name, value) in &mutation.arguments {
        let field =
            shape.field(name).ok_or_else(|| format!("the policy set does not know the argument `{name}`"))?;
        request.add_change(field, None, Some(value)).map_err(|fault| fault.to_string())?;
    }
    Ok(request)
}

/// The lane of a mutation: workflow, connector and action.
pub(crate) fn lane_of(control: &Control, run: &Run, mutation: &Mutation) -> String {
    let action = control.connector(&mutation.connector).map_or_else(
        |_| format!("{}.{}", mutation.object, mutation.verb()),
        |connector| connector.describe().action_name(&mutation.object, mutation.verb()),
    );
    format!("{}/{}/{action}", run.workflow, mutation.connector)
}

/// Facts that hold now for the connector as a whole, and for the lane.
fn readiness(control: &Control, connector: &Slug, lane: &str, now: Timestamp) -> BTreeSet<String> {
    let lane = Slug::parse(&lane.replace('/', "_")).ok();
    let known = [control.lanes.get(connector), lane.and_then(|lane| control.lanes.get(&lane))];
    let facts = known.into_iter().flatten().flat_map(|lane| &lane.facts);
    facts.filter(|(_, fact)| fact.holds(now)).map(|(name, _)| name.clone()).collect()
}

/// Whether a person stands behind the proposal, in whatever role.
fn proposed(run: &Run, person: PersonId) -> bool {
    [run.proposer.person(), run.agent_owner, run.on_behalf_of].contains(&Some(person))
}

/// Hour and weekday in the workspace's time zone.
fn local_time(zone: &str, now: Timestamp) -> std::result::Result<(u8, u8), String> {
    let zone = jiff::tz::TimeZone::get(zone).map_err(|_| format!("`{zone}` is no time zone"))?;
    let instant =
        jiff::Timestamp::from_millisecond(now.millis()).map_err(|_| "the time is out of range".to_owned())?;
    let local = instant.to_zoned_datetime(zone);
    let hour = u8::try_from(local.hour()).unwrap_or(0);
    let weekday = u8::try_from(local.weekday().to_monday_one_offset()).unwrap_or(1);
    Ok((hour, weekday))
}

fn record(
    active: &ActivePolicy,
    decision: &Decision,
    inputs: Vec<Value>,
    duration_us: u64,
    lapsed: BTreeSet<u64>,
) -> RecordDecision {
    let rationale = policy::explain::explain(decision);
    let obligations = decision.obligations.iter().map(|obligation| Obligation {
        exclude: obligation.exclude.iter().filter_map(|person| PersonId::parse(person).ok()).collect(),
        expires_s: obligation.expires_s.get(),
        group: slug(&obligation.group),
        method: match obligation.method {
            policy::obligation::Method::Signin => Method::Signin,
            policy::obligation::Method::Passkey => Method::Passkey,
        },
        quorum: obligation.quorum.get(),
    });
    let decided = PolicyDecided {
        canary: decision.canary.map(std::num::NonZeroU32::get),
        decision: match decision.outcome {
            Outcome::Auto => DecisionWord::Auto,
            Outcome::Approval => DecisionWord::Approval,
            Outcome::Deny(_) => DecisionWord::Deny,
        },
        duration_us,
        evidence: match decision.evidence {
            policy::obligation::Evidence::Recorded => EvidenceLevel::Recorded,
            policy::obligation::Evidence::Sealed => EvidenceLevel::Sealed,
            policy::obligation::Evidence::Witnessed => EvidenceLevel::Witnessed,
        },
        obligations: obligations.collect(),
        // Plan digest and principal are the run's own; the domain sets them.
        plan_digest: active.digest,
        policy: active.digest,
        principal: String::new(),
        rationale: decision.rationale_required,
        risk: match decision.risk {
            policy::obligation::Risk::Low => Risk::Low,
            policy::obligation::Risk::Medium => Risk::Medium,
            policy::obligation::Risk::High => Risk::High,
            policy::obligation::Risk::Critical => Risk::Critical,
        },
        rules: decision.rules.iter().map(|rule| slug(rule)).collect(),
    };
    RecordDecision {
        set: active.id,
        decided,
        input: input_value(inputs),
        rationale: words(rationale),
        lapsed,
    }
}

fn words(sentences: Vec<String>) -> Value {
    Value::Array(sentences.into_iter().map(Value::Str).collect())
}

/// The exact input of every evaluation; of a plan whose input is larger than any sealed value, their number and digest.
fn input_value(inputs: Vec<Value>) -> Value {
    let count = i64::try_from(inputs.len()).unwrap_or(i64::MAX);
    let value = Value::Array(inputs);
    let text = proof::canonical::to_string(&value);
    if text.len() <= SEALED_BYTES_MAX {
        return value;
    }
    let digest = proof::digest::sha256(text.as_bytes());
    object([("count", Value::Int(count)), ("sha256", digest.into())])
}
