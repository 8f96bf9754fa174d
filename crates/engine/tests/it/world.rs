//! A small company: one workspace on a real store, the simulated help desk, an agent and four people.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use connectors::http::Credentials;
use connectors::manifest::Manifest;
use connectors::outbound::{Clock as OutboundClock, Outbound};
use connectors::registry::{self, Config};
use domain::id::{NodeId, RunId, WorkspaceId};
use domain::mutation::{Environment, Fields, Kind, ProposedMutation, RecordRef};
use domain::name::Slug;
use domain::run::Stage;
use domain::time::Timestamp;
use engine::access::{Caller, Role};
use engine::admin::{ConnectorSettings, NewKey, NewPerson, NewProgram, Program};
use engine::commands::{Answer, Proposal, VerdictRequest};
use engine::control::PauseKind;
use engine::queries::RunView;
use engine::seams::{Clock, SystemEntropy};
use engine::testing::SteppedClock;
use engine::{BuildConnector, Code, Engine, KeyFile, Outside, Parts, Queue, Workers};
use proof::digest::Digest;
use proof::json::Value;
use simulators::{Edit, Fault, FaultKind, Kind as Simulated, Simulator};
use store::{Kek, SqliteStore, Store};
use zeroize::Zeroizing;

const PASSWORD: &str = "correct horse battery staple";

/// Everything that a story needs.
pub struct World {
    pub engine: Arc<Engine>,
    pub ws: WorkspaceId,
    pub clock: TestClock,
    pub desk: Simulator,
    pub admin: Caller,
    /// Answers for the agent; also a support lead.
    pub owner: Caller,
    /// A support lead.
    pub maya: Caller,
    /// A support lead and operator.
    pub tom: Caller,
    pub agent: Caller,
    workers: Option<Workers>,
    pub dir: tempfile::TempDir,
}

/// The stepped clock, shared with the connectors.
#[derive(Clone)]
pub struct TestClock(pub Arc<SteppedClock>);

impl TestClock {
    pub fn advance_s(&self, seconds: u64) {
        self.0.step_s(seconds);
    }
}

pub fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

pub fn refused<T>(result: engine::Result<T>) -> Code {
    match result {
        Ok(_) => panic!("expected a refusal"),
        Err(error) => error.code,
    }
}

/// A proposal to change fields of a ticket.
pub fn change(ticket: &str, fields: &[(&str, Value)]) -> Proposal {
    Proposal {
        workflow: slug("triage"),
        reason: "The customer asked for it".to_owned(),
        source: None,
        source_ref: None,
        model: None,
        agent_version: None,
        confidence_bp: Some(9_000),
        on_behalf_of: None,
        branched_from: None,
        trace: None,
        mutations: vec![ProposedMutation {
            connector: slug("help-desk"),
            object: slug("ticket"),
            id: Some(ticket.to_owned()),
            kind: Kind::Update,
            action: None,
            changes: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect::<Fields>(),
            arguments: Fields::new(),
            guard: BTreeSet::new(),
        }],
    }
}

/// A low-risk edit, which the starter policies let run by itself.
pub fn tag(ticket: &str, tags: &[&str]) -> Proposal {
    change(ticket, &[("tags", Value::Array(tags.iter().map(|tag| (*tag).into()).collect()))])
}

/// Solving a ticket, which the support leads must approve.
pub fn solve(ticket: &str) -> Proposal {
    change(ticket, &[("status", "solved".into())])
}

pub async fn open_store(dir: &Path) -> Arc<dyn Store> {
    // The directory of an engine that was just dropped may still be closing.
    for _ in 0..100 {
        match SqliteStore::open(dir, Kek::new(Zeroizing::new([7; 32]))) {
            Ok(store) => return Arc::new(store),
            Err(store::OpenError::Locked { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the data directory stays locked");
}

fn builder(clock: &TestClock) -> BuildConnector {
    let (now, boot) = (clock.clone(), clock.clone());
    let outbound_clock =
        OutboundClock { now: Arc::new(move || now.0.now()), boot_ms: Arc::new(move || boot.0.boot_ms()) };
    let outbound = Arc::new(Outbound::new(outbound_clock, vec!["127.0.0.1".to_owned()]).unwrap());
    Box::new(move |spec| {
        let manifest = Manifest::parse("manifest", &spec.manifest).map_err(|faults| faults.to_string())?;
        let credentials = spec.credentials.ok_or("no credentials")?;
        let credentials = Credentials::parse(&credentials).map_err(|fault| fault.to_string())?;
        let config = Config {
            name: spec.name,
            environment: spec.environment,
            base_url: Some(spec.base_url),
            credentials,
        };
        let connector =
            registry::connect(&outbound, &Arc::new(manifest), config).map_err(|fault| fault.to_string())?;
        Ok(connector as Arc<dyn connectors::connector::Connector>)
    })
}

pub async fn start_engine(store: Arc<dyn Store>, clock: &TestClock, dir: &Path) -> (Arc<Engine>, Workers) {
    let (engine, queue) = open_engine(store, clock, dir, Outside::default()).await.unwrap();
    let workers = Workers::start(Arc::clone(&engine), queue);
    (engine, workers)
}

/// An engine that nothing drives yet.
pub async fn open_engine(
    store: Arc<dyn Store>,
    clock: &TestClock,
    dir: &Path,
    outside: Outside,
) -> engine::Result<(Arc<Engine>, Queue)> {
    let signer = KeyFile::new(dir.join("keys/log"), Arc::clone(&store), Arc::new(SystemEntropy));
    let parts = Parts {
        store,
        signer: Arc::new(signer),
        outside,
        clock: Arc::clone(&clock.0) as Arc<dyn Clock>,
        entropy: Arc::new(SystemEntropy),
        build: builder(clock),
        manifests: registry::built_in().unwrap(),
        node: NodeId::parse("node_01h455vb4pex5vsknk084sn02q").unwrap(),
    };
    Engine::start(parts).await
}

/// What every simulated help desk takes.
pub fn credentials() -> Zeroizing<String> {
    let credentials = serde_json::json!({
        "scheme": "email_token",
        "email": simulators::zendesk::AGENT_EMAIL,
        "token": simulators::zendesk::API_TOKEN,
    });
    Zeroizing::new(credentials.to_string())
}

/// Fills an empty store with the workspace, its people, agent, connector and policies.
async fn found(engine: &Engine, desk: &Simulator) -> (Caller, Caller, Caller, Caller, Caller) {
    engine.bootstrap("ap.example", &slug("main"), PASSWORD).await.unwrap();
    let admin = engine.sign_in(None, "admin", PASSWORD).await.unwrap().caller;
    engine.add_workflow(&admin, &slug("triage"), "Triage", None).await.unwrap();
    let mut people = Vec::new();
    for (username, name, roles) in [
        ("olga", "Olga Petrova", vec![Role::Operator]),
        ("maya", "Maya Lindqvist", vec![Role::Viewer]),
        ("tom", "Tom Okafor", vec![Role::Operator]),
    ] {
        let new = NewPerson {
            username: username.to_owned(),
            name: name.to_owned(),
            email: None,
            password: PASSWORD.to_owned(),
            roles: roles.into_iter().collect(),
        };
        people.push(engine.add_person(&admin, new, None).await.unwrap().id);
    }
    engine.add_group(&admin, &slug("support-leads"), "Support leads", None).await.unwrap();
    for person in &people {
        engine.enrol(&admin, &slug("support-leads"), person.person().unwrap(), None).await.unwrap();
    }
    let agent = NewProgram {
        kind: Program::Agent,
        name: slug("triage-agent"),
        title: "Triage agent".to_owned(),
        owner: people[0].person(),
        teams: BTreeSet::new(),
    };
    let agent = engine.add_program(&admin, agent, None).await.unwrap().id;
    let key = NewKey {
        principal: agent,
        label: "test".to_owned(),
        workflows: BTreeSet::new(),
        connectors: BTreeSet::new(),
        actions: BTreeSet::new(),
        expires_in_s: None,
    };
    let secret = engine.issue_key(&admin, key, None).await.unwrap().secret;
    let settings = ConnectorSettings {
        system: slug("zendesk"),
        environment: Environment::Simulation,
        base_url: Some(desk.base_url()),
        credentials: Some(credentials()),
    };
    engine.add_connector(&admin, &slug("help-desk"), settings, None).await.unwrap();
    let set = engine.publish_policy(&admin, "Starter", policy::starter(), &[], None).await.unwrap();
    engine.activate_policy(&admin, set.summary.digest).await.unwrap();
    let olga = engine.sign_in(None, "olga", PASSWORD).await.unwrap().caller;
    let maya = engine.sign_in(None, "maya", PASSWORD).await.unwrap().caller;
    let tom = engine.sign_in(None, "tom", PASSWORD).await.unwrap().caller;
    let agent = engine.authenticate_key(&secret).await.unwrap();
    (admin, olga, maya, tom, agent)
}

impl World {
    pub async fn start() -> Self {
        Self::start_on(|store| store).await
    }

    /// Starts with something between the engine and its store, once the company is founded.
    pub async fn start_on(wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let clock = TestClock(Arc::new(SteppedClock::at(Timestamp::from_millis(1_795_000_000_000))));
        let desk = simulators::start(Simulated::Zendesk, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let store = open_store(dir.path()).await;
        let (engine, workers) = start_engine(Arc::clone(&store), &clock, dir.path()).await;
        let (admin, owner, maya, tom, agent) = found(&engine, &desk).await;
        workers.stop().await;
        drop(engine);
        let (engine, workers) = start_engine(wrap(store), &clock, dir.path()).await;
        let ws = admin.workspace;
        Self { engine, ws, clock, desk, admin, owner, maya, tom, agent, workers: Some(workers), dir }
    }

    /// Ends the process's engine and starts another one on the same data.
    pub async fn restart(&mut self, store: Arc<dyn Store>) {
        self.restart_with(store, Outside::default()).await.unwrap();
    }

    /// Does so with others who see the log; there is no engine any more when that one does not start.
    pub async fn restart_with(&mut self, store: Arc<dyn Store>, outside: Outside) -> engine::Result<()> {
        if let Some(workers) = self.workers.take() {
            workers.stop().await;
        }
        let (engine, queue) = open_engine(store, &self.clock, self.dir.path(), outside).await?;
        self.workers = Some(Workers::start(Arc::clone(&engine), queue));
        self.engine = engine;
        Ok(())
    }

    pub async fn propose(&self, caller: &Caller, proposal: Proposal) -> engine::Result<RunId> {
        Ok(self.engine.propose(caller, proposal, None).await?.run().id)
    }

    pub async fn show(&self, run: RunId) -> RunView {
        self.engine.show_run(&self.tom, run).await.unwrap()
    }

    /// Waits until the run is as asked; the test ends when it never is.
    pub async fn until(&self, run: RunId, done: impl Fn(&RunView) -> bool) -> RunView {
        let mut view = self.show(run).await;
        for look in 1..=400 {
            if done(&view) {
                return view;
            }
            if view.run.stage == Stage::Proposed && look % 80 == 0 {
                // On a busy machine the help desk may have missed the preview: its next try is due.
                self.clock.advance_s(2);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
            view = self.show(run).await;
        }
        panic!("the run stays {:?}: {:#?}", view.run.stage, view);
    }

    pub async fn settled(&self, run: RunId) -> RunView {
        self.until(run, |view| view.run.closed.is_some()).await
    }

    pub async fn verdict(
        &self,
        caller: &Caller,
        run: RunId,
        answer: Answer,
        plan_digest: Digest,
    ) -> engine::Result<engine::Entry> {
        let verdict =
            VerdictRequest { answer, plan_digest, group: None, rationale: Some("Agreed".to_owned()) };
        self.engine.give_verdict(caller, run, verdict, None).await
    }

    pub async fn pause(&self, connector: &str) {
        self.engine.set_pause(&self.tom, PauseKind::Connector, connector, None, None).await.unwrap();
    }

    pub async fn resume(&self, connector: &str) {
        self.engine.lift_pause(&self.tom, PauseKind::Connector, connector, None).await.unwrap();
    }

    pub async fn leave(&self, group: &str, person: &Caller) {
        self.engine
            .remove_member(&self.admin, &slug(group), person.principal.person().unwrap())
            .await
            .unwrap();
    }

    /// Puts a changed starter set in force. Another person than its author has to activate it.
    pub async fn put_in_force(&self, text: &str) {
        let author = NewPerson {
            username: "ana".to_owned(),
            name: "Ana Silva".to_owned(),
            email: None,
            password: PASSWORD.to_owned(),
            roles: [Role::PolicyAuthor].into(),
        };
        self.engine.add_person(&self.admin, author, None).await.unwrap();
        let author = self.engine.sign_in(None, "ana", PASSWORD).await.unwrap().caller;
        let set = self.engine.publish_policy(&author, "Changed", text, &[], None).await.unwrap();
        self.engine.activate_policy(&self.admin, set.summary.digest).await.unwrap();
    }

    /// Edits a ticket as another person, directly in the help desk.
    pub fn edit(&self, ticket: &str, fields: serde_json::Value) {
        let fields = fields.as_object().unwrap().clone();
        self.desk
            .edit(&Edit { object: "ticket".to_owned(), id: ticket.to_owned(), fields, author: None })
            .unwrap();
    }

    pub fn fault(&self, method: &str, path: &str, kind: FaultKind) {
        let fault = Fault { times: 1, ..Fault::new(kind).on(method, path) };
        self.desk.faults().arm(fault).unwrap();
    }

    pub fn partial(&self, path: &str, lose: &[&str]) {
        let mut fault = Fault::new(FaultKind::PartialWrite).on("PUT", path);
        fault.lose = lose.iter().map(|field| (*field).to_owned()).collect();
        self.desk.faults().arm(fault).unwrap();
    }

    /// How often a ticket was written.
    pub fn writes(&self, ticket: &str) -> usize {
        self.desk.writes().iter().filter(|write| write.id == ticket).count()
    }

    /// A field of a ticket as the help desk holds it.
    pub async fn field(&self, ticket: &str, field: &str) -> Value {
        let control = self.engine.control(self.ws).await.unwrap();
        let record =
            RecordRef { connector: slug("help-desk"), object: slug("ticket"), id: ticket.to_owned() };
        let read = control.connector(&record.connector).unwrap().snapshot(&record).await.unwrap();
        read.snapshot.fields.get(field).cloned().unwrap_or(Value::Null)
    }
}
