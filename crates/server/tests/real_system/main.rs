//! The whole product against a ticket system that others wrote: a real, threaded Roundup tracker.
//!
//! Run by `cargo xtask roundup cargo nextest run -p server --test real_system`. The server runs in a process of its own
//! and is asked over REST only; what it did is judged by the tracker's own API and journal.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should stop; clippy spares only the test functions themselves"
)]

mod client;
mod company;
mod drift;
mod links;
mod program;
mod tracker;
mod write;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::Door;
use crate::company::Company;
use crate::program::Program;
use crate::tracker::Tracker;

/// A fresh workspace beside the tracker.
struct Scene {
    tracker: Tracker,
    company: Company,
    _server: Program,
    _folder: TempDir,
}

impl Scene {
    async fn start() -> Self {
        let tracker = Tracker::find();
        let folder = tempfile::tempdir().unwrap();
        let server = Program::start(folder.path());
        let door = Door::default();
        door.lead_to(&server.url);
        let company = Company::found(&door, &tracker.connector(), policy::starter()).await;
        Self { tracker, company, _server: server, _folder: folder }
    }

    /// The agent proposes to change an issue.
    async fn propose(&self, issue: &str, changes: Value) -> Value {
        self.company.agent.post("/v1/runs", &update(issue, changes)).await.done()
    }

    /// The same, and the lead approves it; answers the run once it is closed.
    async fn apply(&self, issue: &str, changes: Value) -> Value {
        let run = self.propose(issue, changes).await;
        if run["stage"] == "awaiting_approval" {
            self.company.approve(&run).await;
        }
        let run = self.closed(&run).await;
        assert_eq!(run["stage"], "applied", "{run:#}");
        run
    }

    /// Waits until a run is closed.
    async fn closed(&self, run: &Value) -> Value {
        self.company.operator.until(&run["id"], "closed", |run| !run["closed"].is_null()).await
    }

    /// The operator rolls a run back; answers the recovery run once a person or nobody has to act on it.
    async fn roll_back(&self, run: &Value) -> Value {
        let why = json!({ "plan_digest": run["plan_digest"], "rationale": "It was the wrong customer" });
        let recovery = self.company.operator.command(run, "rollback", &why).await.done();
        let decided = |run: &Value| run["stage"] == "awaiting_approval" || !run["closed"].is_null();
        self.company.operator.until(&recovery["id"], "decided or closed", decided).await
    }
}

/// A proposal to change fields of an issue.
fn update(issue: &str, changes: Value) -> Value {
    let mutation = json!({ "connector": "tracker", "object": "issue", "id": issue, "kind": "update", "changes": changes });
    company::proposal(vec![mutation])
}
