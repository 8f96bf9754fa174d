//! A workspace in a few lines: runs brought to where they are by real commands, acts by real events, all in one log.

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
use domain::run::{Context, DecisionWord, Method, RecoveryKind, Risk, Run, decide, follow};
use domain::time::Timestamp;
use domain::wire::{self, SealedEvent};
use domain::workspace::{DisclosureErased, Head, WorkspaceEvent, seal_acts};
use exports::{Entry, Field, LogHead, Planned, RunEvidence, WorkspaceEvidence};
use proof::digest::{Digest, sha256};
use proof::disclosure::Disclosure;
use proof::document::MutationDocument;
use proof::json::{Value, object};
use proof::leaf::{Leaf, SdDigest};
use proof::tree::{leaf_hash, root};

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

pub fn named(name: &str) -> Value {
    object([("name", name.into())])
}

pub fn policy() -> Digest {
    sha256(b"policy")
}

pub fn manifest() -> Digest {
    sha256(b"manifest")
}

/// A leaf in its log.
#[derive(Clone)]
struct Written {
    run: Option<RunId>,
    bytes: Vec<u8>,
}

/// A workspace and a clock.
#[derive(Clone)]
pub struct World {
    pub now: Timestamp,
    log: Vec<Written>,
    values: BTreeMap<SdDigest, (String, Value)>,
    documents: BTreeMap<RunId, Vec<Vec<u8>>>,
    runs: BTreeMap<RunId, (Run, Vec<Digest>)>,
    mutations: BTreeMap<RunId, Vec<Mutation>>,
    hashes: BTreeMap<RunId, Vec<Digest>>,
    head: Head,
    drawn: u32,
    erased: BTreeMap<SdDigest, (u64, Timestamp)>,
    /// Names of members that the recipient does not see.
    pub withheld: BTreeSet<&'static str>,
}

impl World {
    pub fn empty() -> Self {
        Self {
            now: start(),
            log: vec![],
            values: BTreeMap::new(),
            documents: BTreeMap::new(),
            runs: BTreeMap::new(),
            mutations: BTreeMap::new(),
            hashes: BTreeMap::new(),
            head: Head { next: 0, prev: None, time: start() },
            drawn: 0,
            erased: BTreeMap::new(),
            withheld: BTreeSet::new(),
        }
    }

    pub fn wait_s(&mut self, seconds: u64) {
        self.now = self.now.plus_s(seconds);
    }

    fn keep(&mut self, run: Option<RunId>, written: Vec<SealedEvent>) {
        for event in written {
            self.log.push(Written { run, bytes: event.bytes });
            for (_, disclosure) in event.disclosures {
                self.disclose(&disclosure);
            }
        }
    }

    fn disclose(&mut self, disclosure: &Disclosure) {
        let opened = Disclosure::open(&disclosure.text).unwrap();
        self.values.insert(opened.digest, (opened.name, opened.value));
    }

    pub fn act(&mut self, by: u8, event: WorkspaceEvent) {
        self.act_by(Actor::Principal(human(by)), event);
    }

    /// Every sealed member of an act says its own name.
    pub fn act_by(&mut self, by: Actor, event: WorkspaceEvent) {
        self.wait_s(1);
        let sealed = event.sealed().iter().map(|name| (*name, Value::from(*name))).collect();
        let mut salt = salts(&mut self.drawn);
        let written = seal_acts(self.head, node(), by, self.now, vec![(event, sealed)], &mut salt).unwrap();
        drop(salt);
        self.head = Head { next: self.head.next + 1, prev: Some(written[0].hash), time: self.now };
        self.keep(None, written);
    }

    /// Erases every value of a run.
    pub fn erase(&mut self, run: RunId) {
        let leaves = self.log.iter().filter(|written| written.run == Some(run));
        let mut digests: Vec<SdDigest> =
            leaves.flat_map(|written| Leaf::parse(&written.bytes).unwrap().sd).collect();
        for bytes in self.documents.get(&run).into_iter().flatten() {
            let document = MutationDocument::parse(bytes).unwrap();
            digests.extend(document.sd.into_iter().chain(document.changes));
        }
        digests.sort();
        let count = u32::try_from(digests.len()).unwrap();
        let index = u64::try_from(self.log.len()).unwrap();
        let event = DisclosureErased {
            basis: slug("gdpr-17-1-b"),
            complete_by: None,
            count,
            digests: digests.clone(),
        };
        self.act(ADMIN, WorkspaceEvent::DisclosureErased(event));
        let now = self.now;
        self.erased.extend(digests.into_iter().map(|digest| (digest, (index, now))));
    }

    pub fn run(&self, id: RunId) -> &Run {
        &self.runs[&id].0
    }

    /// Gives a command, which must be accepted.
    pub fn give(&mut self, id: RunId, command: Command) {
        self.wait_s(1);
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

    pub fn propose(&mut self, id: RunId, changes: &[(&str, &str, &str)]) {
        self.propose_for(id, changes, None);
    }

    fn propose_for(
        &mut self,
        id: RunId,
        changes: &[(&str, &str, &str)],
        recovers: Option<(RunId, RecoveryKind)>,
    ) {
        let mutations: Vec<Mutation> = (0u32..).zip(changes).map(|(n, change)| mutation(n, change)).collect();
        let count = u32::try_from(mutations.len()).unwrap();
        self.mutations.insert(id, mutations);
        let propose = Propose {
            id,
            by: if recovers.is_some() { human(HOLDER) } else { agent() },
            agent_owner: Some(person(OWNER)).filter(|_| recovers.is_none()),
            on_behalf_of: None,
            agent_version: Some(slug("1.4.0")).filter(|_| recovers.is_none()),
            confidence_bp: Some(9_100),
            deadline: self.now.plus_s(24 * 3600),
            environment: Environment::Sandbox,
            mutations: count,
            recovers,
            branched_from: None,
            source: slug(if recovers.is_some() { "recovery" } else { "api" }),
            trace: None,
            workflow: slug("renewals"),
            proposer: named("Renewal agent"),
            reason: Value::from("=Büro \"Süd\", has\nsigned 🙂"),
            source_ref: Value::Null,
            model: Value::Null,
        };
        self.give(id, Command::Propose(Box::new(propose)));
    }

    pub fn preview(&mut self, id: RunId) {
        let revision = self.run(id).revision + 1;
        let configuration = sha256(b"configuration");
        let plan: Vec<Previewed> = self.mutations[&id]
            .iter()
            .map(|mutation| Previewed { mutation: mutation.clone(), base: None, configuration })
            .collect();
        let mut salt = salts(&mut self.drawn);
        let sealed = domain::plan::seal(id, ORIGIN, policy(), revision, &plan, &mut salt).unwrap();
        drop(salt);
        self.give(id, Command::RecordPreview(Box::new(sealed.previewed)));
        self.hashes.insert(id, sealed.documents.iter().map(|document| document.hash).collect());
        for document in sealed.documents {
            for disclosure in &document.disclosures {
                self.disclose(disclosure);
            }
            self.documents.entry(id).or_default().push(document.bytes);
        }
    }

    pub fn decide(&mut self, id: RunId, word: DecisionWord) {
        let asked = Obligation {
            exclude: vec![],
            expires_s: 7_200,
            group: slug("sales"),
            method: Method::Signin,
            quorum: 2,
        };
        let decided = PolicyDecided {
            canary: None,
            decision: word,
            duration_us: 87,
            evidence: EvidenceLevel::Sealed,
            obligations: if word == DecisionWord::Approval { vec![asked] } else { vec![] },
            plan_digest: policy(),
            policy: policy(),
            principal: String::new(),
            rationale: false,
            risk: if word == DecisionWord::Auto { Risk::Low } else { Risk::High },
            rules: vec![slug(match word {
                DecisionWord::Auto => "agents-propose",
                DecisionWord::Approval => "amount-needs-two",
                DecisionWord::Deny => "owner-stays",
            })],
        };
        let record = RecordDecision {
            set: PolicySetId::new(start(), [1; 10]),
            decided,
            input: "input".into(),
            rationale: "because".into(),
            lapsed: BTreeSet::new(),
        };
        self.give(id, Command::RecordDecision(Box::new(record)));
    }

    pub fn planned(&mut self, id: RunId, changes: &[(&str, &str, &str)], word: DecisionWord) {
        self.propose(id, changes);
        self.preview(id);
        self.decide(id, word);
    }

    fn verdict(&self, id: RunId, by: u8) -> Box<Verdict> {
        Box::new(Verdict {
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
        })
    }

    pub fn approve(&mut self, id: RunId, by: u8) {
        let verdict = self.verdict(id, by);
        self.give(id, Command::Approve(verdict));
    }

    pub fn reject(&mut self, id: RunId, by: u8) {
        let verdict = self.verdict(id, by);
        self.give(id, Command::Reject(verdict));
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
        let finish = FinishAttempt {
            outcome,
            code: slug(code),
            retryable: false,
            read_back: object([("version", "8".into())]),
            response: object([("status", Value::Int(204))]),
            conflict: None,
        };
        self.give(id, Command::FinishAttempt(Box::new(finish)));
    }

    pub fn apply(&mut self, id: RunId) {
        while self.run(id).closed.is_none() {
            self.attempt(id);
            self.finish(id, Outcome::Applied, "read_back");
        }
    }

    pub fn settle(&mut self, id: RunId, person: Option<u8>, outcome: Outcome, code: &str) {
        let run = self.run(id);
        let reconcile = Reconcile {
            person: person.map(self::person),
            plan_digest: person.and(run.plan_digest()),
            n: run.unknown().unwrap().n,
            outcome,
            code: slug(code),
            retryable: false,
            read_back: Value::Null,
            rationale: if person.is_some() { "I asked the vendor".into() } else { Value::Null },
        };
        self.give(id, Command::Reconcile(Box::new(reconcile)));
    }

    pub fn drift(&mut self, id: RunId) {
        self.give(id, Command::RecordDrift(Drift { n: 0, view: object([("stage", "moved".into())]) }));
    }

    pub fn take_over(&mut self, id: RunId) {
        let take = TakeOver {
            person: person(HOLDER),
            lease_s: 1_800,
            operator: named("Hal"),
            rationale: Value::from("I look at it"),
        };
        self.give(id, Command::TakeOver(take));
    }

    pub fn amend(&mut self, id: RunId, changes: &[(&str, &str, &str)]) {
        let plan_digest = self.run(id).plan_digest();
        let mutations: Vec<Mutation> = (0u32..).zip(changes).map(|(n, change)| mutation(n, change)).collect();
        let count = u32::try_from(mutations.len()).unwrap();
        let rationale = Value::from("smaller");
        self.give(id, Command::Amend { person: person(HOLDER), plan_digest, mutations: count, rationale });
        self.mutations.insert(id, mutations);
    }

    /// Taken back in full by a recovery run.
    pub fn roll_back(&mut self, id: RunId, child: RunId, undo: &[(&str, &str, &str)]) {
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
        self.decide(child, DecisionWord::Auto);
        self.apply(child);
        let (run, hashes) = &self.runs[&child];
        let finish = Command::FinishRecovery {
            child,
            stage: run.stage,
            code: run.closed.as_ref().unwrap().code.clone(),
            close: *hashes.last().unwrap(),
            recovered: mutations,
        };
        self.give(id, finish);
    }

    fn fields(&self, digests: &[SdDigest], names: &[&str]) -> BTreeMap<String, Field> {
        let field = |name: &&str| {
            let is = |digest: &&SdDigest| self.values.get(*digest).is_some_and(|(known, _)| known == name);
            let digest = digests.iter().find(is).unwrap();
            let field = if let Some((index, time)) = self.erased.get(digest) {
                Field::Erased { index: *index, time: *time, basis: "gdpr-17-1-b".to_owned() }
            } else if self.withheld.contains(name) {
                Field::Withheld
            } else {
                Field::Disclosed(self.values[digest].1.clone())
            };
            ((*name).to_owned(), field)
        };
        names.iter().map(field).collect()
    }

    pub fn head(&self) -> LogHead {
        let hashes: Vec<Digest> = self.log.iter().map(|written| leaf_hash(&written.bytes)).collect();
        LogHead { root: root(&hashes), size: u64::try_from(hashes.len()).unwrap() }
    }

    fn of(&self, run: Option<RunId>) -> impl Iterator<Item = (u64, &Written)> {
        (0u64..).zip(&self.log).filter(move |(_, written)| written.run == run)
    }

    pub fn evidence(&self, id: RunId) -> RunEvidence {
        let entries = self.of(Some(id)).zip(0u64..).map(|((index, written), seq)| {
            let read = wire::read(seq, &written.bytes).unwrap();
            let fields = self.fields(&read.leaf.sd, read.event.sealed());
            Entry::new(index, read, fields)
        });
        let planned = self.documents.get(&id).into_iter().flatten().map(|bytes| {
            let document = MutationDocument::parse(bytes).unwrap();
            let fields = self.fields(&document.sd, &["arguments", "guard", "record", "version"]);
            (leaf_hash(bytes), Planned { document, fields })
        });
        RunEvidence {
            origin: ORIGIN.to_owned(),
            head: self.head(),
            run: self.run(id).clone(),
            entries: entries.collect(),
            planned: planned.collect(),
        }
    }

    pub fn all(&self) -> Vec<RunEvidence> {
        self.runs.keys().map(|id| self.evidence(*id)).collect()
    }

    pub fn workspace(&self) -> WorkspaceEvidence {
        let entries = self.of(None).map(|(index, written)| {
            let leaf = Leaf::parse(&written.bytes).unwrap();
            let event = WorkspaceEvent::read(&leaf.kind, leaf.data.clone()).unwrap();
            let fields = self.fields(&leaf.sd, event.sealed());
            Entry::read(index, &written.bytes, fields).unwrap()
        });
        WorkspaceEvidence { origin: ORIGIN.to_owned(), head: self.head(), entries: entries.collect() }
    }

    /// The file of a run's events in a bundle.
    pub fn events_file(&self, id: RunId) -> Vec<u8> {
        use base64::Engine as _;
        let lines = self.of(Some(id)).map(|(index, written)| {
            object([
                ("index", Value::Int(i64::try_from(index).unwrap())),
                ("leaf", base64::engine::general_purpose::STANDARD.encode(&written.bytes).into()),
            ])
        });
        exports::jsonl::to_bytes(&lines.collect::<Vec<_>>())
    }
}

fn mutation(n: u32, (field, before, after): &(&str, &str, &str)) -> Mutation {
    let value = |text: &str| Some(text).filter(|text| *text != "(absent)").map(Value::from);
    Mutation {
        n,
        connector: slug("crm-main"),
        environment: Environment::Sandbox,
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

/// Salts are counted, so that the same story gives the same bytes.
fn salts(drawn: &mut u32) -> impl FnMut() -> [u8; 32] + '_ {
    move || {
        *drawn += 1;
        *sha256(format!("salt {drawn}").as_bytes()).as_bytes()
    }
}
