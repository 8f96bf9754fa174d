//! Runs for tests, brought to where they are by real commands only.

use std::collections::BTreeSet;

use domain::attempt::{EvidenceLevel, Guarantee, Outcome};
use domain::command::{
    Command, Drift, FinishAttempt, Propose, Reconcile, RecordDecision, StartAttempt, TakeOver, Verdict,
};
use domain::event::{Event, Obligation, PlanPreviewed, PolicyDecided, UndoCount};
use domain::id::{AgentId, NodeId, PersonId, PolicySetId, RunId, ServiceId};
use domain::mutation::Environment;
use domain::name::Slug;
use domain::principal::Principal;
use domain::run::{
    Cause, Context, DecisionWord, Draft, Envelope, Method, RecoveryKind, Refusal, Risk, Run, Stage, apply,
    decide,
};
use domain::time::Timestamp;
use proof::digest::{Digest, sha256};
use proof::json::Value;

/// Seconds from the proposal to the run's deadline.
pub const LIFE_S: u64 = 24 * 3600;
/// Seconds until an obligation expires.
pub const OBLIGATION_S: u64 = 2 * 3600;
/// Seconds that a takeover lasts.
pub const LEASE_S: u64 = 1800;

/// The people, by what they are to the run.
pub const OWNER: u8 = 1;
pub const BEHALF: u8 = 2;
pub const HOLDER: u8 = 3;
pub const OTHER: u8 = 4;
pub const ANN: u8 = 11;
pub const BOB: u8 = 12;
pub const EVE: u8 = 13;

pub fn start() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

pub fn person(n: u8) -> PersonId {
    PersonId::new(Timestamp::from_millis(0), [n; 10])
}

pub fn human(n: u8) -> Principal {
    Principal::Person(person(n))
}

pub fn agent() -> Principal {
    Principal::Agent(AgentId::new(Timestamp::from_millis(0), [1; 10]))
}

pub fn service() -> Principal {
    Principal::Service(ServiceId::new(Timestamp::from_millis(0), [1; 10]))
}

pub fn node() -> NodeId {
    NodeId::new(Timestamp::from_millis(0), [1; 10])
}

pub fn policy_set() -> PolicySetId {
    PolicySetId::new(Timestamp::from_millis(0), [1; 10])
}

pub fn run_id() -> RunId {
    RunId::new(Timestamp::from_millis(0), [1; 10])
}

pub fn child_id() -> RunId {
    RunId::new(Timestamp::from_millis(0), [2; 10])
}

pub fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

pub fn text(text: &str) -> Value {
    Value::from(text)
}

pub fn policy() -> Digest {
    sha256(b"policy")
}

pub fn plan(revision: u32) -> Digest {
    sha256(format!("plan {revision}").as_bytes())
}

pub fn document(n: u32) -> Digest {
    sha256(format!("document {n}").as_bytes())
}

pub fn propose(mutations: u32) -> Propose {
    Propose {
        id: run_id(),
        by: agent(),
        agent_owner: Some(person(OWNER)),
        on_behalf_of: Some(person(BEHALF)),
        agent_version: None,
        confidence_bp: Some(9_000),
        deadline: start().plus_s(LIFE_S),
        environment: Environment::Simulation,
        mutations,
        recovers: None,
        branched_from: None,
        source: slug("api"),
        trace: None,
        workflow: slug("renewals"),
        proposer: text("Renewal agent"),
        reason: text("The customer signed"),
        source_ref: Value::Null,
        model: Value::Null,
    }
}

pub fn obligation(group: &str, quorum: u32) -> Obligation {
    Obligation {
        exclude: Vec::new(),
        expires_s: OBLIGATION_S,
        group: slug(group),
        method: Method::Signin,
        quorum,
    }
}

/// A decision; `edit` makes it another one.
pub fn decision(word: DecisionWord, edit: impl FnOnce(&mut PolicyDecided)) -> Command {
    let asks = word == DecisionWord::Approval;
    let mut decided = PolicyDecided {
        canary: None,
        decision: word,
        duration_us: 90,
        evidence: EvidenceLevel::Recorded,
        obligations: if asks { vec![obligation("sales", 1)] } else { Vec::new() },
        plan_digest: plan(0),
        policy: policy(),
        principal: String::new(),
        rationale: false,
        risk: Risk::Low,
        rules: vec![slug("starter.1")],
    };
    edit(&mut decided);
    Command::RecordDecision(Box::new(RecordDecision {
        set: policy_set(),
        decided,
        input: text("input"),
        rationale: text("because"),
        lapsed: BTreeSet::new(),
    }))
}

pub fn auto() -> Command {
    decision(DecisionWord::Auto, |_| ())
}

pub fn deny() -> Command {
    decision(DecisionWord::Deny, |_| ())
}

/// Approval of `sales`, one member.
pub fn ask() -> Command {
    decision(DecisionWord::Approval, |_| ())
}

pub fn ask_of(obligations: Vec<Obligation>) -> Command {
    decision(DecisionWord::Approval, |decided| decided.obligations = obligations)
}

pub fn take_over(n: u8) -> Command {
    Command::TakeOver(TakeOver {
        person: person(n),
        lease_s: LEASE_S,
        operator: text("Hal"),
        rationale: text("I look at it"),
    })
}

pub fn hand_back(n: u8) -> Command {
    Command::HandBack { person: person(n), rationale: text("done") }
}

pub fn void(code: &str) -> Command {
    Command::Void { code: slug(code), detail: Value::Null }
}

pub fn drift(n: u32) -> Command {
    Command::RecordDrift(Drift { n, view: text("view") })
}

pub fn finish(outcome: Outcome, code: &str, retryable: bool) -> Command {
    Command::FinishAttempt(Box::new(FinishAttempt {
        outcome,
        code: slug(code),
        retryable,
        read_back: Value::Null,
        response: Value::Null,
        conflict: None,
    }))
}

pub fn applied() -> Command {
    finish(Outcome::Applied, "read_back", false)
}

pub fn unknown() -> Command {
    finish(Outcome::Unknown, "timeout", false)
}

pub fn diverged() -> Command {
    finish(Outcome::Diverged, "read_back", false)
}

/// Settled by the reconciler.
pub fn settle(n: u32, outcome: Outcome, code: &str, retryable: bool) -> Command {
    Command::Reconcile(Box::new(Reconcile {
        person: None,
        plan_digest: None,
        n,
        outcome,
        code: slug(code),
        retryable,
        read_back: Value::Null,
        rationale: Value::Null,
    }))
}

pub fn cancel(by: Principal) -> Command {
    Command::Cancel { by, code: slug("by_request"), rationale: text("no longer needed") }
}

pub fn close_remainder(by: Principal) -> Command {
    Command::CloseRemainder { by, code: slug("stopped") }
}

pub fn recovery_ended(stage: Stage, code: &str, recovered: &[u32]) -> Command {
    Command::FinishRecovery {
        child: child_id(),
        stage,
        code: slug(code),
        close: sha256(b"the child's close"),
        recovered: recovered.to_vec(),
    }
}

/// A run and a clock. Commands change it, and nothing else.
#[derive(Clone)]
pub struct World {
    pub run: Option<Run>,
    pub now: Timestamp,
    pub drafts: Vec<Draft>,
}

impl World {
    /// A run that an agent proposed.
    pub fn proposed(mutations: u32) -> Self {
        Self::proposing(propose(mutations))
    }

    pub fn proposing(propose: Propose) -> Self {
        let mut world = Self { run: None, now: start(), drafts: Vec::new() };
        world.must(Command::Propose(Box::new(propose)));
        world
    }

    pub fn run(&self) -> &Run {
        self.run.as_ref().unwrap()
    }

    pub fn stage(&self) -> Stage {
        self.run().stage
    }

    /// The digest that the next event about the plan names.
    pub fn digest(&self) -> Digest {
        self.run().plan_digest().unwrap_or_else(|| plan(self.run().revision))
    }

    /// Gives a command; what it was accepted for, or why it was refused.
    pub fn give(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        let context = Context { now: self.now, node: node() };
        let drafts = decide(self.run.as_ref(), command, &context)?;
        self.run = Some(replay(self.run.take(), &drafts));
        self.drafts.extend(drafts.iter().cloned());
        Ok(drafts.into_iter().map(|draft| draft.event).collect())
    }

    pub fn must(&mut self, command: Command) -> Vec<Event> {
        let told = format!("{command:?}");
        self.give(command).unwrap_or_else(|refusal| panic!("{told} was refused: {refusal}"))
    }

    pub fn refused(&mut self, command: Command) -> &'static str {
        let told = format!("{command:?}");
        match self.give(command) {
            Err(refusal) => refusal.code(),
            Ok(events) => panic!("{told} was accepted: {events:?}"),
        }
    }

    pub fn then(mut self, command: Command) -> Self {
        self.must(command);
        self
    }

    pub fn wait_s(mut self, seconds: u64) -> Self {
        self.now = self.now.plus_s(seconds);
        self
    }

    pub fn wait_until(mut self, time: Timestamp) -> Self {
        self.now = time;
        self
    }

    pub fn preview(&self) -> Command {
        let run = self.run();
        let undo = UndoCount { compensation: 0, irreversible: 0, rollback: run.mutations };
        Command::RecordPreview(Box::new(PlanPreviewed {
            count: run.mutations,
            plan_digest: plan(run.revision + 1),
            policy: policy(),
            revision: 0,
            root: sha256(b"root"),
            undo,
        }))
    }

    pub fn previewed(self) -> Self {
        let preview = self.preview();
        self.then(preview)
    }

    /// An attempt of the next mutation by a worker, or by the holder of a taken-over run.
    pub fn attempt(&self) -> Command {
        let by = self.run().takeover.map(|takeover| Principal::Person(takeover.holder));
        self.attempt_of(self.run().next_mutation().unwrap_or(0), by)
    }

    pub fn attempt_of(&self, n: u32, requested_by: Option<Principal>) -> Command {
        Command::StartAttempt(Box::new(StartAttempt {
            n,
            mutation: document(n),
            plan_digest: self.digest(),
            evidence: EvidenceLevel::Recorded,
            guarantee: Guarantee::Conditional,
            requested_by,
            window_ms: 5_000,
            observed: text("etag"),
            request: text("PATCH"),
        }))
    }

    pub fn in_flight(self) -> Self {
        let attempt = self.attempt();
        self.then(attempt)
    }

    pub fn verdict(&self, by: u8, groups: &[&str]) -> Verdict {
        Verdict {
            by: human(by),
            plan_digest: self.digest(),
            group: None,
            member_of: groups.iter().map(|group| slug(group)).collect::<BTreeSet<_>>(),
            lapsed: BTreeSet::new(),
            method: Method::Signin,
            lifetime_s: 7 * 24 * 3600,
            approver: text("Ann"),
            assertion: Value::Null,
            rationale: text("looks right"),
            shown: text("digest of what was shown"),
        }
    }

    pub fn approve(&self, by: u8, groups: &[&str]) -> Command {
        Command::Approve(Box::new(self.verdict(by, groups)))
    }

    pub fn reject(&self, by: u8, groups: &[&str]) -> Command {
        Command::Reject(Box::new(self.verdict(by, groups)))
    }

    pub fn approved(self, by: u8, groups: &[&str]) -> Self {
        let approve = self.approve(by, groups);
        self.then(approve)
    }

    /// Who approved lost their seat and has it again, and approves once more.
    pub fn lapsed_and_again(&self, by: u8, groups: &[&str]) -> Self {
        let lapsed = self.run().approvals.iter().filter(|given| given.person == person(by));
        let lapsed = lapsed.map(|given| given.seq).collect();
        let verdict = Verdict { lapsed, ..self.verdict(by, groups) };
        self.clone().then(Command::Approve(Box::new(verdict)))
    }

    pub fn amend(&self, by: u8, mutations: u32) -> Command {
        Command::Amend {
            person: person(by),
            plan_digest: self.run().plan_digest(),
            mutations,
            rationale: text("smaller"),
        }
    }

    pub fn accept(&self, by: u8, n: u32) -> Command {
        Command::AcceptDivergence {
            person: person(by),
            plan_digest: self.digest(),
            n,
            approver: text("Ann"),
            rationale: text("the vendor rounds"),
        }
    }

    /// Settled by a person.
    pub fn settle_by(&self, by: u8, n: u32, outcome: Outcome) -> Reconcile {
        Reconcile {
            person: Some(person(by)),
            plan_digest: Some(self.digest()),
            n,
            outcome,
            code: slug("person"),
            retryable: false,
            read_back: Value::Null,
            rationale: text("I asked the vendor"),
        }
    }

    pub fn recover(&self, kind: RecoveryKind, mutations: &[u32]) -> Command {
        Command::PlanRecovery {
            by: human(OTHER),
            plan_digest: self.digest(),
            kind,
            mutations: mutations.to_vec(),
            child: child_id(),
            rationale: text("take it back"),
        }
    }

    /// Taken back as far as it had an effect.
    pub fn rollback(&self) -> Command {
        self.recover(RecoveryKind::Rollback, &self.run().recoverable())
    }
}

/// The run after decided events, read as any reader of the history reads them.
pub fn replay(run: Option<Run>, drafts: &[Draft]) -> Run {
    let mut run = run;
    for draft in drafts {
        let seq = run.as_ref().map_or(0, |run| run.events);
        let own = draft.cause.iter().filter_map(|cause| match cause {
            Cause::Own(seq) => Some(*seq),
            Cause::Foreign(_) => None,
        });
        let at = Envelope { run: run_id(), seq, time: draft.time, by: draft.by, cause: own.collect() };
        run = Some(apply(run, &at, &draft.event).unwrap_or_else(|rule| panic!("{draft:?}: {rule}")));
    }
    run.unwrap()
}
