//! A workspace in a few lines: runs brought to where they are by real commands, acts by real events, all in one log.

mod rules;

use std::collections::{BTreeMap, BTreeSet};

use domain::attempt::{EvidenceLevel, Guarantee, Outcome};
use domain::command::{
    Command, Drift, FinishAttempt, Propose, Reconcile, RecordDecision, StartAttempt, TakeOver, Verdict,
};
use domain::event::{Obligation, PolicyDecided};
use domain::id::{AgentId, NodeId, PersonId, PolicySetId, RunId};
use domain::mutation::{Change, Environment, Kind, Mutation, UndoKind};
use domain::name::Slug;
use domain::plan::Previewed;
use domain::principal::{Actor, Principal};
use domain::run::{Context, DecisionWord, Method, RecoveryKind, Risk, Run, Stage, decide, follow};
use domain::time::Timestamp;
use domain::wire::{self, SealedEvent};
use domain::workspace::{
    ApproverEnrolled, ApproverRemoved, ConnectorChanged, DisclosureErased, Head, LogOpened, PauseSet,
    PolicyActivated, PolicyPublished, WorkspaceEvent, seal_acts,
};
use policy::{Outcome as Answer, Request, merge};
use proof::digest::{Digest, sha256};
use proof::disclosure::Disclosure;
use proof::json::{Value, object};
use proof::leaf::{Leaf, SdDigest};

use rules::request;
pub use rules::{MANIFEST, POLICY, SET, SHAPES, manifest};

pub const ORIGIN: &str = "ap.example/w/acme";
pub const ADMIN: u8 = 1;
pub const AUTHOR: u8 = 2;
pub const OWNER: u8 = 3;
pub const HOLDER: u8 = 4;
pub const ANN: u8 = 11;
pub const BOB: u8 = 12;

pub fn start() -> Timestamp {
    Timestamp::parse("2026-11-24T08:00:00.000Z").unwrap()
}

pub fn person(n: u8) -> PersonId {
    PersonId::new(start(), [n; 10])
}

pub fn human(n: u8) -> Principal {
    Principal::Person(person(n))
}

pub fn agent() -> Principal {
    Principal::Agent(AgentId::new(start(), [1; 10]))
}

pub fn node() -> NodeId {
    NodeId::new(start(), [1; 10])
}

pub fn run_id(n: u8) -> RunId {
    RunId::new(start(), [n; 10])
}

pub fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

/// Everything that was written, in the order of the log.
#[derive(Clone, Default)]
pub struct Log {
    pub leaves: Vec<Leaf>,
    /// Mutation documents by run and revision.
    pub documents: BTreeMap<(RunId, u32), Vec<Vec<u8>>>,
    /// What is sealed, by run or for the workspace.
    pub sealed: BTreeMap<Option<RunId>, Vec<Disclosure>>,
}

/// A workspace and a clock.
#[derive(Clone)]
pub struct Lab {
    pub log: Log,
    pub now: Timestamp,
    pub environment: Environment,
    runs: BTreeMap<RunId, (Run, Vec<Digest>)>,
    mutations: BTreeMap<RunId, Vec<Mutation>>,
    hashes: BTreeMap<RunId, Vec<Digest>>,
    head: Head,
    drawn: u32,
}

impl Lab {
    /// A log that begins.
    pub fn empty() -> Self {
        let head = Head { next: 0, prev: None, time: start() };
        let mut lab = Self {
            log: Log::default(),
            now: start(),
            environment: Environment::Simulation,
            runs: BTreeMap::new(),
            mutations: BTreeMap::new(),
            hashes: BTreeMap::new(),
            head,
            drawn: 0,
        };
        lab.open();
        lab
    }

    /// The log begins.
    pub fn open(&mut self) {
        let opened = LogOpened {
            origin: ORIGIN.to_owned(),
            scope: slug("governed-runs"),
            vkey: crate::export::log_key(1).verifier().to_string(),
        };
        self.act_by(Actor::System(node()), WorkspaceEvent::LogOpened(opened), vec![]);
    }

    /// With a policy set in force, a connector and two approvers.
    pub fn ready() -> Self {
        Self::ready_in(Environment::Simulation)
    }

    pub fn ready_in(environment: Environment) -> Self {
        let mut lab = Self { environment, ..Self::empty() };
        lab.publish(AUTHOR);
        lab.activate(ADMIN, None);
        lab.connect(manifest());
        lab.enrol(ADMIN, ANN);
        lab.enrol(ADMIN, BOB);
        lab
    }

    pub fn publish(&mut self, by: u8) {
        let bytes = u64::try_from(POLICY.len()).unwrap();
        let event = PolicyPublished { bytes, policy: SET.digest() };
        self.act(by, WorkspaceEvent::PolicyPublished(event), vec![("author", named("Authoress"))]);
    }

    pub fn activate(&mut self, by: u8, code: Option<&str>) {
        let event = PolicyActivated { code: code.map(slug), policy: SET.digest() };
        self.act(by, WorkspaceEvent::PolicyActivated(event), vec![]);
    }

    pub fn connect(&mut self, manifest: Digest) {
        let environment = self.environment;
        let event = ConnectorChanged { connector: slug("crm-main"), environment, manifest };
        self.act(ADMIN, WorkspaceEvent::ConnectorChanged(event), vec![]);
    }

    pub fn enrol(&mut self, by: u8, whom: u8) {
        let event = ApproverEnrolled { approver: person(whom), groups: vec![slug("sales")] };
        let sealed =
            vec![("credential", Value::Null), ("name", named("Somebody")), ("training_ref", Value::Null)];
        self.act(by, WorkspaceEvent::ApproverEnrolled(event), sealed);
    }

    pub fn remove(&mut self, whom: u8) {
        let event = ApproverRemoved { approver: person(whom), groups: vec![slug("sales")] };
        self.act(ADMIN, WorkspaceEvent::ApproverRemoved(event), vec![]);
    }

    pub fn pause(&mut self, kind: &str, id: &str) {
        let event = PauseSet { id: id.to_owned(), kind: slug(kind) };
        self.act(ADMIN, WorkspaceEvent::PauseSet(event), vec![("rationale", Value::from("drill"))]);
    }

    /// Erases everything that is sealed for a run.
    pub fn erase(&mut self, run: RunId) {
        let of_run = self.log.leaves.iter().filter(|leaf| leaf.run == Some(run.to_string()));
        let mut digests: Vec<SdDigest> = of_run.flat_map(|leaf| leaf.sd.clone()).collect();
        for ((_, _), documents) in self.log.documents.iter().filter(|((of, _), _)| *of == run) {
            for bytes in documents {
                let document = proof::document::MutationDocument::parse(bytes).unwrap();
                digests.extend(document.sd.into_iter().chain(document.changes));
            }
        }
        let count = u32::try_from(digests.len()).unwrap();
        let event = DisclosureErased { basis: slug("gdpr-17-1-b"), complete_by: None, count, digests };
        let sealed = vec![("authorized_by", named("Data officer")), ("request_ref", Value::from("case 7"))];
        self.act(ADMIN, WorkspaceEvent::DisclosureErased(event), sealed);
        self.log.sealed.remove(&Some(run));
    }

    pub fn act(&mut self, by: u8, event: WorkspaceEvent, sealed: Vec<(&'static str, Value)>) {
        self.act_by(Actor::Principal(human(by)), event, sealed);
    }

    fn act_by(&mut self, by: Actor, event: WorkspaceEvent, sealed: Vec<(&'static str, Value)>) {
        self.tick();
        let written =
            seal_acts(self.head, node(), by, self.now, vec![(event, sealed)], &mut salts(&mut self.drawn))
                .unwrap();
        self.head = Head { next: self.head.next + 1, prev: Some(written[0].hash), time: self.now };
        self.keep(None, written);
    }

    fn tick(&mut self) {
        self.now = self.now.plus_s(1);
    }

    fn keep(&mut self, run: Option<RunId>, written: Vec<SealedEvent>) {
        for event in written {
            self.log.leaves.push(Leaf::parse(&event.bytes).unwrap());
            let sealed = event.disclosures.into_iter().map(|(_, disclosure)| disclosure);
            self.log.sealed.entry(run).or_default().extend(sealed);
        }
    }

    pub fn run(&self, id: RunId) -> &Run {
        &self.runs[&id].0
    }

    /// Gives a command, which must be accepted.
    pub fn give(&mut self, id: RunId, command: Command) {
        self.tick();
        let told = format!("{command:?}");
        let (run, mut hashes) =
            self.runs.remove(&id).map_or((None, vec![]), |(run, hashes)| (Some(run), hashes));
        let context = Context { now: self.now, node: node() };
        let drafts = decide(run.as_ref(), command, &context);
        let drafts = drafts.unwrap_or_else(|refusal| panic!("{told} was refused: {refusal}"));
        let run = follow(id, run, &drafts).unwrap();
        let written = wire::seal_run(id, &hashes, node(), drafts, &mut salts(&mut self.drawn)).unwrap();
        hashes.extend(written.iter().map(|event| event.hash));
        self.runs.insert(id, (run, hashes));
        self.keep(Some(id), written);
    }

    /// An agent proposes changes, one field each.
    pub fn propose(&mut self, id: RunId, changes: &[(&str, &str, &str)]) {
        self.propose_for(id, changes, None);
    }

    pub fn propose_for(
        &mut self,
        id: RunId,
        changes: &[(&str, &str, &str)],
        recovers: Option<(RunId, RecoveryKind)>,
    ) {
        let mut mutations: Vec<Mutation> =
            (0u32..).zip(changes).map(|(n, change)| self.mutation(n, change)).collect();
        let count = u32::try_from(mutations.len()).unwrap();
        if recovers.is_some() {
            // The last record first.
            for (n, mutation) in (0..count).rev().zip(&mut mutations) {
                mutation.record = Some(format!("006A{n}"));
            }
        }
        self.mutations.insert(id, mutations);
        let propose = Propose {
            id,
            by: if recovers.is_some() { human(HOLDER) } else { agent() },
            agent_owner: Some(person(OWNER)).filter(|_| recovers.is_none()),
            on_behalf_of: None,
            agent_version: None,
            confidence_bp: Some(9_100),
            deadline: self.now.plus_s(24 * 3600),
            environment: self.environment,
            mutations: count,
            recovers,
            branched_from: None,
            source: slug(if recovers.is_some() { "recovery" } else { "api" }),
            trace: None,
            workflow: slug("renewals"),
            proposer: named("Renewal agent"),
            reason: Value::from("Büro Süd has signed 🙂"),
            source_ref: Value::Null,
            model: Value::Null,
        };
        self.give(id, Command::Propose(Box::new(propose)));
    }

    fn mutation(&self, n: u32, (field, before, after): &(&str, &str, &str)) -> Mutation {
        let value = |text: &str| Some(text).filter(|text| *text != "(absent)").map(Value::from);
        Mutation {
            n,
            connector: slug("crm-main"),
            environment: self.environment,
            manifest: manifest(),
            object: slug("deal"),
            kind: Kind::Update,
            action: None,
            record: Some(format!("006A{n}")),
            version: Some("7".to_owned()),
            changes: vec![Change { field: (*field).to_owned(), before: value(before), after: value(after) }],
            guard: BTreeMap::new(),
            arguments: BTreeMap::new(),
            undo: UndoKind::Rollback,
        }
    }

    /// The records are read and the plan is fixed.
    pub fn preview(&mut self, id: RunId) {
        let revision = self.run(id).revision + 1;
        let configuration = sha256(b"configuration");
        let plan: Vec<Previewed> = self.mutations[&id]
            .iter()
            .map(|mutation| Previewed { mutation: mutation.clone(), base: None, configuration })
            .collect();
        let sealed =
            domain::plan::seal(id, ORIGIN, SET.digest(), revision, &plan, &mut salts(&mut self.drawn))
                .unwrap();
        self.give(id, Command::RecordPreview(Box::new(sealed.previewed)));
        let documents = sealed.documents.iter().map(|document| document.bytes.clone()).collect();
        self.hashes.insert(id, sealed.documents.iter().map(|document| document.hash).collect());
        self.log.documents.insert((id, revision), documents);
        let values = sealed.documents.into_iter().flat_map(|document| document.disclosures);
        self.log.sealed.entry(Some(id)).or_default().extend(values);
    }

    /// Policy is asked about the plan.
    pub fn decide(&mut self, id: RunId) {
        self.decide_as(id, |_, _| ());
    }

    /// The same, with a decision and an input that were changed before they were recorded.
    pub fn decide_as(&mut self, id: RunId, change: impl FnOnce(&mut PolicyDecided, &mut Vec<Request>)) {
        let run = self.run(id).clone();
        let judged = run.all_judged();
        let mut requests: Vec<Request> = judged
            .iter()
            .flat_map(|principal| {
                self.mutations[&id].iter().map(|mutation| request(&run, *principal, mutation))
            })
            .collect();
        let decision = merge(requests.iter().map(|request| SET.decide(request)));
        let obligations = decision.obligations.iter().map(|asked| Obligation {
            exclude: vec![],
            expires_s: asked.expires_s.get(),
            group: slug(&asked.group),
            method: Method::Signin,
            quorum: asked.quorum.get(),
        });
        let mut decided = PolicyDecided {
            canary: None,
            decision: match decision.outcome {
                Answer::Auto => DecisionWord::Auto,
                Answer::Approval => DecisionWord::Approval,
                Answer::Deny(_) => DecisionWord::Deny,
            },
            duration_us: 87,
            evidence: EvidenceLevel::Recorded,
            obligations: obligations.collect(),
            plan_digest: SET.digest(),
            policy: SET.digest(),
            principal: String::new(),
            rationale: decision.rationale_required,
            risk: Risk::parse(decision.risk.word()).unwrap(),
            rules: decision.rules.iter().map(|rule| slug(rule)).collect(),
        };
        change(&mut decided, &mut requests);
        let input = Value::Array(requests.iter().map(Request::to_value).collect());
        let words = policy::explain(&decision).into_iter().map(Value::Str).collect();
        let record = RecordDecision {
            set: PolicySetId::new(start(), [1; 10]),
            decided,
            input,
            rationale: Value::Array(words),
            lapsed: BTreeSet::new(),
        };
        self.give(id, Command::RecordDecision(Box::new(record)));
    }

    pub fn planned(&mut self, id: RunId, changes: &[(&str, &str, &str)]) {
        self.propose(id, changes);
        self.preview(id);
        self.decide(id);
    }

    pub fn approve(&mut self, id: RunId, by: u8) {
        let verdict = self.verdict(id, by);
        self.give(id, Command::Approve(Box::new(verdict)));
    }

    pub fn verdict(&self, id: RunId, by: u8) -> Verdict {
        Verdict {
            by: human(by),
            plan_digest: self.run(id).plan_digest().unwrap(),
            group: None,
            member_of: BTreeSet::from([slug("sales")]),
            lapsed: BTreeSet::new(),
            method: Method::Signin,
            lifetime_s: 7 * 24 * 3600,
            approver: named(if by == ANN { "Ann" } else { "Bob" }),
            assertion: Value::Null,
            rationale: Value::from("fits the contract"),
            shown: sha256(b"shown").into(),
        }
    }

    pub fn attempt(&mut self, id: RunId) {
        let run = self.run(id);
        let n = run.next_mutation().unwrap();
        let attempt = StartAttempt {
            n,
            mutation: self.hashes[&id][usize::try_from(n).unwrap()],
            plan_digest: run.plan_digest().unwrap(),
            evidence: run.evidence_minimum(),
            guarantee: Guarantee::Conditional,
            requested_by: run.takeover.map(|takeover| Principal::Person(takeover.holder)),
            window_ms: 5_000,
            observed: object([("version", "7".into())]),
            request: object([("method", "PATCH".into())]),
        };
        self.give(id, Command::StartAttempt(Box::new(attempt)));
    }

    pub fn finish(&mut self, id: RunId, outcome: Outcome, code: &str) {
        self.finish_with(id, outcome, code, object([("version", "8".into())]));
    }

    pub fn finish_with(&mut self, id: RunId, outcome: Outcome, code: &str, read_back: Value) {
        let finish = FinishAttempt {
            outcome,
            code: slug(code),
            retryable: false,
            read_back,
            response: object([("status", Value::Int(204))]),
            conflict: None,
        };
        self.give(id, Command::FinishAttempt(Box::new(finish)));
    }

    /// Everything that is left is executed.
    pub fn apply(&mut self, id: RunId) {
        while self.run(id).closed.is_none() {
            self.attempt(id);
            self.finish(id, Outcome::Applied, "read_back");
        }
    }

    pub fn settle(&mut self, id: RunId, outcome: Outcome, code: &str) {
        let n = self.run(id).unknown().unwrap().n;
        let reconcile = Reconcile {
            person: None,
            plan_digest: None,
            n,
            outcome,
            code: slug(code),
            retryable: false,
            read_back: object([("version", "8".into())]),
            rationale: Value::Null,
        };
        self.give(id, Command::Reconcile(Box::new(reconcile)));
    }

    pub fn drift(&mut self, id: RunId) {
        self.give(id, Command::RecordDrift(Drift { n: 0, view: object([("stage", "moved".into())]) }));
    }

    pub fn take_over(&mut self, id: RunId) {
        let take = TakeOver {
            person: person(HOLDER),
            lease_s: 1800,
            operator: named("Hal"),
            rationale: Value::from("I look at it"),
        };
        self.give(id, Command::TakeOver(take));
    }

    pub fn amend(&mut self, id: RunId, changes: &[(&str, &str, &str)]) {
        let plan_digest = self.run(id).plan_digest();
        let mutations: Vec<Mutation> =
            (0u32..).zip(changes).map(|(n, change)| self.mutation(n, change)).collect();
        let count = u32::try_from(mutations.len()).unwrap();
        let rationale = Value::from("smaller");
        self.give(id, Command::Amend { person: person(HOLDER), plan_digest, mutations: count, rationale });
        self.mutations.insert(id, mutations);
    }

    /// Taken back in full by a recovery run of one mutation each.
    pub fn roll_back(&mut self, id: RunId, child: RunId, undo: &[(&str, &str, &str)]) {
        self.roll_back_as(id, child, undo, Outcome::Applied);
    }

    /// The last mutation of the recovery run ends so, and its parent says that all went well.
    pub fn roll_back_as(&mut self, id: RunId, child: RunId, undo: &[(&str, &str, &str)], last: Outcome) {
        let mutations = self.run(id).recoverable();
        let planned = Command::PlanRecovery {
            by: human(HOLDER),
            plan_digest: self.run(id).plan_digest().unwrap(),
            kind: RecoveryKind::Rollback,
            mutations: mutations.clone(),
            child,
            rationale: Value::from("wrong quarter"),
        };
        self.give(id, planned);
        self.propose_for(child, undo, Some((id, RecoveryKind::Rollback)));
        self.preview(child);
        self.decide(child);
        for _ in 1..undo.len() {
            self.attempt(child);
            self.finish(child, Outcome::Applied, "read_back");
        }
        self.attempt(child);
        self.finish(child, last, if last == Outcome::Applied { "read_back" } else { "invalid_value" });
        let (run, hashes) = &self.runs[&child];
        let finish = Command::FinishRecovery {
            child,
            stage: Stage::Applied,
            code: run.closed.as_ref().unwrap().code.clone(),
            close: *hashes.last().unwrap(),
            recovered: mutations,
        };
        self.give(id, finish);
    }
}

pub fn named(name: &str) -> Value {
    object([("name", name.into())])
}

/// Salts are counted, so that the same story gives the same bytes.
fn salts(drawn: &mut u32) -> impl FnMut() -> [u8; 32] + '_ {
    move || {
        *drawn += 1;
        *sha256(format!("salt {drawn}").as_bytes()).as_bytes()
    }
}
