//! A company, its help desk, and a server that can be killed.

use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use simulators::{Fault, FaultKind, Kind, Simulation, Simulator};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::client::{Answer, Client, Door};
use crate::company::{Company, proposal};
use crate::program::Program;

/// The first ticket of a scene; it counts up from there.
pub const FIRST_TICKET: u64 = 900_000;
/// What the starter rules allow one agent in an hour; a round of kills needs more.
const HOURLY_LIMIT: &str = "agentHour > 200";
/// How long a held answer is held, in milliseconds.
const HELD_MS: u64 = 30_000;
/// How long a restart or a fault may take to show.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);

/// A company whose server may be gone for a while.
pub struct Scene {
    pub desk: Simulator,
    pub company: Company,
    pub folder: TempDir,
    door: Door,
    server: Option<Program>,
}

impl Scene {
    pub async fn start() -> Self {
        let desk = simulators::start(Kind::Zendesk, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let server = Program::start(folder.path());
        let door = Door::default();
        door.lead_to(&server.url);
        let connector = json!({
            "name": "help-desk", "system": "zendesk", "environment": "simulation", "base_url": desk.base_url(),
            "credentials": { "scheme": "bearer", "token": simulators::zendesk::BEARER_TOKEN },
        });
        let rules = policy::starter().replace(HOURLY_LIMIT, "agentHour > 1000000");
        assert_ne!(rules, policy::starter(), "the starter rules no longer say `{HOURLY_LIMIT}`");
        let company = Company::found(&door, &connector, &rules).await;
        Self { desk, company, folder, door, server: Some(server) }
    }

    /// Ends the server in the middle of whatever it does.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Starts a server on the data of the one that is gone.
    pub fn restart(&mut self) {
        let server = Program::start(self.folder.path());
        self.door.lead_to(&server.url);
        self.server = Some(server);
    }

    /// Asks a running server to end, as an operator does, and waits until it did.
    pub fn stop(&mut self) {
        let mut server = self.server.take().unwrap();
        let asked = Command::new("kill").arg(server.child.id().to_string()).status().unwrap();
        assert!(asked.success());
        assert!(server.child.wait().unwrap().success());
    }

    /// Makes a ticket that nobody has touched.
    pub fn ticket(&self, number: u64) -> String {
        let id = (FIRST_TICKET + number).to_string();
        let fields = json!({ "subject": "Sensor reads too low", "status": "open", "priority": "low", "assignee_id": 9001 });
        self.desk.seed("ticket", &id, fields.as_object().unwrap()).unwrap();
        id
    }

    /// How often a ticket was written, by whomever.
    pub fn writes(&self, ticket: &str) -> usize {
        self.desk.writes().iter().filter(|write| write.id == ticket).count()
    }

    /// Arms a fault of the help desk.
    pub fn arm(&self, fault: Fault) -> Armed {
        Armed { desk: Simulation::clone(&self.desk), id: self.desk.faults().arm(fault).unwrap() }
    }

    /// The agent proposes; the request may be repeated under the same key.
    pub async fn propose(&self, proposal: &Value, key: &str) -> reqwest::Result<Answer> {
        self.company.agent.ask(Method::POST, "/v1/runs", proposal, key).await
    }

    /// Does what people do for a run until it is closed: the lead approves, and the operator has tried again what
    /// provably had no effect.
    pub async fn finish(&self, id: &Value) -> Value {
        let Company { operator, .. } = &self.company;
        loop {
            let run = operator.until(id, "in need of a person, or closed", needs_a_person).await;
            if !run["closed"].is_null() {
                return run;
            }
            if run["stage"] == "awaiting_approval" {
                self.company.approve(&run).await;
                continue;
            }
            let seen = json!({ "plan_digest": run["plan_digest"] });
            operator.command(&run, "retry", &seen).await.done();
        }
    }
}

fn needs_a_person(run: &Value) -> bool {
    let last = run["attempts"].as_array().and_then(|attempts| attempts.last());
    let no_effect = last.is_some_and(|last| last["outcome"] == "not_sent");
    let waits = run["stage"] == "awaiting_approval" || run["stage"] == "needs_attention" && no_effect;
    waits || !run["closed"].is_null()
}

/// A fault whose answer is held for longer than anybody waits for it.
pub fn held(kind: FaultKind) -> Fault {
    Fault { delay_ms: Some(HELD_MS), ..Fault::new(kind) }
}

/// A fault that waits for its request.
pub struct Armed {
    desk: Simulation,
    id: u64,
}

impl Armed {
    /// Waits until its request is there.
    pub async fn hit(&self) {
        let fired = || self.desk.faults().armed().iter().any(|fault| fault.id == self.id && fault.fired > 0);
        let end = Instant::now() + PATIENCE;
        while !fired() {
            assert!(Instant::now() < end, "the request that the fault waits for does not come");
            sleep(POLL).await;
        }
    }
}

/// A small edit, which the rules let run by itself.
pub fn tag(ticket: &str) -> Value {
    proposal(vec![tagged(ticket)])
}

/// Solving a ticket, which a lead has to approve.
pub fn solve(ticket: &str) -> Value {
    proposal(vec![update(ticket, json!({ "status": "solved" }))])
}

/// Small edits of several tickets in one plan.
pub fn tag_all(tickets: &[&str]) -> Value {
    proposal(tickets.iter().map(|ticket| tagged(ticket)).collect())
}

fn tagged(ticket: &str) -> Value {
    update(ticket, json!({ "tags": ["seen"] }))
}

fn update(ticket: &str, changes: Value) -> Value {
    json!({ "connector": "help-desk", "object": "ticket", "id": ticket, "kind": "update", "changes": changes })
}

/// Asks again and again, under one key, until a server answers.
pub async fn persist(client: &Client, path: &str, body: &Value, key: &str) -> Value {
    let end = Instant::now() + PATIENCE;
    loop {
        match client.ask(Method::POST, path, body, key).await {
            Ok(answer) => return answer.done(),
            Err(error) => assert!(Instant::now() < end, "nobody answers: {error}"),
        }
        sleep(POLL).await;
    }
}
