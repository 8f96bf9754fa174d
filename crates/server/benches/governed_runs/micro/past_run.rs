//! An approved run with its leaves, brought about by the domain's own commands.

use std::collections::BTreeSet;

use anyhow::Result;
use domain::attempt::{EvidenceLevel, Guarantee, Outcome};
use domain::command::{Command, FinishAttempt, Propose, RecordDecision, StartAttempt, Verdict};
use domain::event::{Obligation, PlanPreviewed, PolicyDecided, UndoCount};
use domain::id::{AgentId, NodeId, PersonId, PolicySetId, RunId};
use domain::limits::{RUN_DEADLINE_S, SEND_WINDOW_MS};
use domain::mutation::Environment;
use domain::name::Slug;
use domain::principal::Principal;
use domain::run::{Context, DecisionWord, Method, Risk, decide, follow};
use domain::time::Timestamp;
use domain::wire;
use proof::digest::{Digest, sha256};
use proof::json::Value;

/// How long approvals last, in seconds.
const HOURS_4: u64 = 4 * 3600;

/// A run that was proposed, approved, written and closed.
pub struct PastRun {
    /// Its id.
    pub run: RunId,
    /// Its leaves.
    pub leaves: Vec<Vec<u8>>,
}

impl PastRun {
    /// Lets it happen.
    pub fn new() -> Result<Self> {
        let run = RunId::new(begin(), [1; 10]);
        let node = NodeId::new(begin(), [2; 10]);
        let (group, plan) = (Slug::parse("support-leads")?, sha256(b"plan"));
        let commands =
            [propose(run)?, preview(plan), ask(&group, plan)?, approve(&group, plan), start(plan), finish()?];
        let (mut state, mut drafts) = (None, Vec::new());
        for (second, command) in (0..).zip(commands) {
            let context = Context { now: begin().plus_s(second), node };
            let decided = decide(state.as_ref(), command, &context)?;
            state = Some(follow(run, state, &decided)?);
            drafts.extend(decided);
        }
        let sealed = wire::seal_run(run, &[], node, drafts, &mut || [9; 32])?;
        Ok(Self { run, leaves: sealed.into_iter().map(|event| event.bytes).collect() })
    }
}

/// When it begins.
fn begin() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn person(n: u8) -> PersonId {
    PersonId::new(begin(), [n; 10])
}

fn propose(run: RunId) -> Result<Command> {
    Ok(Command::Propose(Box::new(Propose {
        id: run,
        by: Principal::Agent(AgentId::new(begin(), [3; 10])),
        agent_owner: Some(person(4)),
        on_behalf_of: None,
        agent_version: None,
        confidence_bp: Some(9_000),
        deadline: begin().plus_s(RUN_DEADLINE_S),
        environment: Environment::Simulation,
        mutations: 1,
        recovers: None,
        branched_from: None,
        source: Slug::parse("api")?,
        trace: None,
        workflow: Slug::parse("triage")?,
        proposer: "Triage agent".into(),
        reason: "The customer called again".into(),
        source_ref: Value::Null,
        model: Value::Null,
    })))
}

fn preview(plan: Digest) -> Command {
    Command::RecordPreview(Box::new(PlanPreviewed {
        count: 1,
        plan_digest: plan,
        policy: sha256(b"policy"),
        revision: 0,
        root: sha256(b"root"),
        undo: UndoCount { compensation: 0, irreversible: 0, rollback: 1 },
    }))
}

fn ask(group: &Slug, plan: Digest) -> Result<Command> {
    let obligation = Obligation {
        exclude: Vec::new(),
        expires_s: HOURS_4,
        group: group.clone(),
        method: Method::Signin,
        quorum: 1,
    };
    Ok(Command::RecordDecision(Box::new(RecordDecision {
        set: PolicySetId::new(begin(), [5; 10]),
        decided: PolicyDecided {
            canary: None,
            decision: DecisionWord::Approval,
            duration_us: 40,
            evidence: EvidenceLevel::Recorded,
            obligations: vec![obligation],
            plan_digest: plan,
            policy: sha256(b"policy"),
            principal: String::new(),
            rationale: false,
            risk: Risk::Low,
            rules: vec![Slug::parse("helpdesk.ask.unusual")?],
        },
        input: "input".into(),
        rationale: "Something else than an everyday edit".into(),
        lapsed: BTreeSet::new(),
    })))
}

fn approve(group: &Slug, plan: Digest) -> Command {
    Command::Approve(Box::new(Verdict {
        by: Principal::Person(person(6)),
        plan_digest: plan,
        group: None,
        member_of: BTreeSet::from([group.clone()]),
        lapsed: BTreeSet::new(),
        method: Method::Signin,
        lifetime_s: HOURS_4,
        approver: "Mei".into(),
        assertion: Value::Null,
        rationale: Value::Null,
        shown: Value::Null,
    }))
}

fn start(plan: Digest) -> Command {
    Command::StartAttempt(Box::new(StartAttempt {
        n: 0,
        mutation: sha256(b"mutation"),
        plan_digest: plan,
        evidence: EvidenceLevel::Recorded,
        guarantee: Guarantee::Conditional,
        requested_by: None,
        window_ms: SEND_WINDOW_MS,
        observed: "2026-11-23T10:00:00Z".into(),
        request: "PUT".into(),
    }))
}

fn finish() -> Result<Command> {
    Ok(Command::FinishAttempt(Box::new(FinishAttempt {
        outcome: Outcome::Applied,
        code: Slug::parse("read_back")?,
        retryable: false,
        read_back: "601".into(),
        response: "200".into(),
        conflict: None,
    })))
}
