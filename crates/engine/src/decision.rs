//! From a plan to policy's decision: gather the facts of every mutation, evaluate, keep the strictest.

use std::collections::BTreeSet;
use std::time::Instant;

use domain::attempt::EvidenceLevel;
use domain::command::RecordDecision;
use domain::event::{Obligation, PolicyDecided};
use domain::id::PersonId;
use domain::mutation::{Mutation, UndoKind};
use domain::name::Slug;
use domain::principal::Principal;
use domain::run::{DecisionWord, Method, Risk, Run};
use domain::time::Timestamp;
use policy::evaluate::{Decision, Outcome, merge};
use policy::facts::{PrincipalKind, Record, Request, Reversibility, Usage};
use proof::digest::Digest;
use proof::json::{Object, Value};
use store::{Reservation, UsageChange};

use crate::control::{ActivePolicy, Control};
use crate::ledger::literal;
use crate::{Code, Engine, Error, Result};

/// Sliding windows of the usage facts: seconds.
const HOUR_S: u64 = 3_600;
const DAY_S: u64 = 86_400;
/// A sealed value is at most 64 KiB; above this the input of a bulk plan keeps the digest of each evaluation.
const INPUT_BYTES_MAX: usize = 48 * 1024;

/// A decision that can be recorded, with the budget that it uses.
pub(crate) struct Decided {
    /// The command.
    pub record: RecordDecision,
    /// Reserved in the same commit.
    pub usage: Vec<UsageChange>,
}

/// What was used of the budgets before this run.
struct Used {
    agent_hour: u64,
    agent_day: u64,
    lane_hour: u64,
    lane_day: u64,
}

impl Used {
    /// Without what this run itself reserved.
    fn without(self, own: u64) -> Self {
        Self {
            agent_hour: self.agent_hour.saturating_sub(own),
            agent_day: self.agent_day.saturating_sub(own),
            lane_hour: self.lane_hour.saturating_sub(own),
            lane_day: self.lane_day.saturating_sub(own),
        }
    }
}

impl Engine {
    /// Asks the policy set in force about a plan.
    pub(crate) async fn decide_plan(
        &self,
        control: &Control,
        run: &Run,
        mutations: &[&Mutation],
    ) -> Result<Decided> {
        self.evaluate(control, run, mutations, 0).await
    }

    /// Asks it again about a plan whose budget is reserved already.
    pub(crate) async fn decide_again(
        &self,
        control: &Control,
        run: &Run,
        mutations: &[&Mutation],
    ) -> Result<Decided> {
        self.evaluate(control, run, mutations, u64::try_from(mutations.len()).unwrap_or(0)).await
    }

    async fn evaluate(
        &self,
        control: &Control,
        run: &Run,
        mutations: &[&Mutation],
        reserved: u64,
    ) -> Result<Decided> {
        let active = control.policy.clone().ok_or_else(|| {
            Error::new(Code::NoPolicy, "no policy set is in force, so nothing is permitted")
                .hint("activate a policy set")
        })?;
        let now = self.clock.now();
        let lane = lane_name(control, run, mutations);
        let used = self.used(control, run, &lane, now).await?.without(reserved);
        let started = Instant::now();
        let mut decisions = Vec::new();
        let mut inputs = Vec::new();
        for principal in run.all_judged() {
            for mutation in mutations {
                match self.request(control, run, &lane, &used, principal, mutation, mutations.len(), now) {
                    Ok(request) => {
                        inputs.push(request.to_value());
                        decisions.push(active.set.decide(&request));
                    }
                    Err(why) => decisions.push(undecidable(why)),
                }
            }
        }
        let mut decision = merge(decisions);
        if decision.evidence != policy::obligation::Evidence::Recorded {
            // No attempt could ever reach it: say so now instead of letting the run wait in vain.
            decision = undecidable(format!(
                "the policy asks for {} evidence, which needs the log",
                decision.evidence
            ));
        }
        let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let record = record(&active, &decision, inputs, duration_us);
        let usage = match decision.outcome {
            Outcome::Deny(_) => Vec::new(),
            Outcome::Auto | Outcome::Approval => reserve(control, run, &lane, &used, mutations.len(), now),
        };
        Ok(Decided { record, usage })
    }

    async fn used(&self, control: &Control, run: &Run, lane: &str, now: Timestamp) -> Result<Used> {
        let ws = control.workspace;
        let agent = agent_scope(run);
        let lane = format!("lane:{lane}");
        let ago = |seconds: u64| now.plus_ms(-i64::try_from(seconds).unwrap_or(0).saturating_mul(1000));
        Ok(Used {
            agent_hour: self.store.usage(ws, agent.clone(), ago(HOUR_S)).await?,
            agent_day: self.store.usage(ws, agent, ago(DAY_S)).await?,
            lane_hour: self.store.usage(ws, lane.clone(), ago(HOUR_S)).await?,
            lane_day: self.store.usage(ws, lane, ago(DAY_S)).await?,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "the facts of one evaluation come from eight places")]
    fn request(
        &self,
        control: &Control,
        run: &Run,
        lane: &str,
        used: &Used,
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
        let count = |before: u64| {
            u32::try_from(before)
                .unwrap_or(u32::MAX)
                .saturating_add(u32::try_from(plan_size).unwrap_or(u32::MAX))
        };
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
            before: Default::default(),
            after: Default::default(),
            delta: Default::default(),
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
                agent_hour: count(used.agent_hour),
                agent_day: count(used.agent_day),
                lane_hour: count(used.lane_hour),
                lane_day: count(used.lane_day),
            },
            readiness: readiness(control, lane),
            // An amended recovery is no longer the engine's own undo.
            recovery: run.recovers.is_some() && run.amenders.is_empty(),
            takeover: run.takeover.is_some(),
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
            let field = shape
                .field(name)
                .ok_or_else(|| format!("the policy set does not know the argument `{name}`"))?;
            request.add_change(field, None, Some(value)).map_err(|fault| fault.to_string())?;
        }
        Ok(request)
    }
}

/// The lane of a plan: workflow, connector and action of its first mutation.
pub(crate) fn lane_name(control: &Control, run: &Run, mutations: &[&Mutation]) -> String {
    let Some(first) = mutations.first() else { return run.workflow.to_string() };
    let action = control.connector(&first.connector).map_or_else(
        |_| format!("{}.{}", first.object, first.verb()),
        |connector| connector.describe().action_name(&first.object, first.verb()),
    );
    format!("{}/{}/{action}", run.workflow, first.connector)
}

fn readiness(control: &Control, lane: &str) -> BTreeSet<String> {
    let lane = Slug::parse(&lane.replace('/', "_")).ok();
    let facts = lane.and_then(|lane| control.lanes.get(&lane)).map(|lane| &lane.facts);
    facts.into_iter().flatten().filter(|(_, fact)| fact.ok).map(|(name, _)| name.clone()).collect()
}

fn agent_scope(run: &Run) -> String {
    format!("principal:{}", run.proposer)
}

fn reserve(
    control: &Control,
    run: &Run,
    lane: &str,
    used: &Used,
    size: usize,
    now: Timestamp,
) -> Vec<UsageChange> {
    let amount = u32::try_from(size).unwrap_or(u32::MAX);
    // Only a set that reads the counters can be fooled by two decisions at once: only then they must not have moved.
    let compares = control.policy.as_ref().is_some_and(|policy| policy.set.reads_usage());
    let one = |scope: String, window_s: u64, seen: u64| {
        let seen = compares.then_some(seen);
        UsageChange::Reserve(Reservation { scope, run: run.id, amount, at: now, window_s, seen })
    };
    vec![one(agent_scope(run), HOUR_S, used.agent_hour), one(format!("lane:{lane}"), HOUR_S, used.lane_hour)]
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

fn undecidable(why: String) -> Decision {
    Decision {
        outcome: Outcome::Deny(policy::evaluate::Denial::Undecidable(why)),
        rules: Vec::new(),
        risk: policy::obligation::Risk::Low,
        obligations: Vec::new(),
        evidence: policy::obligation::Evidence::Recorded,
        rationale_required: false,
        canary: None,
        explanation: Vec::new(),
    }
}

fn record(
    active: &ActivePolicy,
    decision: &Decision,
    inputs: Vec<Value>,
    duration_us: u64,
) -> RecordDecision {
    let rationale = policy::explain::explain(decision);
    let obligations = decision.obligations.iter().map(|obligation| Obligation {
        exclude: obligation.exclude.iter().filter_map(|person| PersonId::parse(person).ok()).collect(),
        expires_s: obligation.expires_s.get(),
        group: literal(&obligation.group),
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
        rules: decision.rules.iter().map(|rule| literal(rule)).collect(),
    };
    RecordDecision { set: active.id, decided, input: input_value(inputs), rationale: words(rationale) }
}

fn words(sentences: Vec<String>) -> Value {
    Value::Array(sentences.into_iter().map(Value::Str).collect())
}

/// The exact input of every evaluation; of a bulk plan that is too large for one event, the digest of each.
fn input_value(inputs: Vec<Value>) -> Value {
    let value = Value::Array(inputs);
    if proof::canonical::to_string(&value).len() <= INPUT_BYTES_MAX {
        return value;
    }
    let digest = |input: &Value| Value::Str(digest_of(input).to_string());
    let digests = value.as_array().unwrap_or_default().iter().map(digest).collect();
    Value::Object(Object::from([("digests".to_owned(), Value::Array(digests))]))
}

fn digest_of(input: &Value) -> Digest {
    proof::digest::sha256(proof::canonical::to_string(input).as_bytes())
}
