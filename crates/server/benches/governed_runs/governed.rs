//! The governed run as its callers see it: from the proposal to the proof that the record was changed.

use std::cell::Cell;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Answer, Connection, Request};
use crate::closed_loop::{self, Bounds, Measured};
use crate::processes::Process;
use crate::roles::{FIRST_TICKET, TICKETS};
use crate::workspace::{Agent, CONNECTOR, Workspace};

/// Ask the server to answer only when the run needs somebody or is closed.
const WAIT: &str = "prefer: wait=20\r\n";
/// How often a run is asked for that is still under way after a wait.
const WAITS_MAX: usize = 3;
/// How often a proposal is sent again that lost against others.
const REPEATS_MAX: usize = 1_000;

/// What is measured: how many people approve, because the starter rules ask for so many.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An everyday edit, which runs by itself.
    Auto,
    /// An edit that one person approves.
    Approved,
    /// An edit that two people approve.
    ApprovedByTwo,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Approved, Self::ApprovedByTwo];

    /// How it is called in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Approved => "approved",
            Self::ApprovedByTwo => "approved by two",
        }
    }

    fn approvals(self) -> usize {
        match self {
            Self::Auto => 0,
            Self::Approved => 1,
            Self::ApprovedByTwo => 2,
        }
    }

    /// The field that it changes, and values that it has by turns. No ticket starts with the first.
    fn field(self) -> (&'static str, [&'static str; 2]) {
        match self {
            Self::Auto => ("priority", ["high", "low"]),
            Self::Approved => ("group_id", ["601", "602"]),
            Self::ApprovedByTwo => ("due_at", ["2027-01-15T09:00:00Z", "2027-02-15T09:00:00Z"]),
        }
    }
}

/// The tickets that runs touch, and how often each kind has touched each.
pub struct Tickets(Vec<[usize; Kind::ALL.len()]>);

impl Tickets {
    /// None was touched yet.
    pub fn new() -> Self {
        Self(vec![Default::default(); usize::try_from(TICKETS).unwrap_or_default()])
    }
}

/// The part of a run that a client looks at.
#[derive(Deserialize)]
struct Run {
    id: String,
    stage: String,
    plan_digest: Option<String>,
}

/// Measures one kind of run; also says how many proposals had to be sent again. Each lane has tickets of its own, so no
/// two runs wait for one record. Agents are shared: the first lane has the first, and so on in turn.
pub async fn measure(
    workspace: &Workspace,
    server: &Process,
    tickets: &mut Tickets,
    kind: Kind,
    in_flight: usize,
    bounds: Bounds,
) -> Result<(Measured, usize)> {
    let repeated = Cell::new(0);
    let repeated = &repeated;
    let share = tickets.0.len() / in_flight;
    let mut lanes = Vec::with_capacity(in_flight);
    for (n, own) in tickets.0.chunks_mut(share).take(in_flight).enumerate() {
        let agent = workspace.agents.get(n % workspace.agents.len()).context("there is no agent")?;
        let mut proposer = Connection::open(workspace.addr).await?;
        let mut approver = Connection::open(workspace.addr).await?;
        let first = FIRST_TICKET + u64::try_from(n * share)?;
        let mut next = (0..own.len()).cycle();
        lanes.push(async move || {
            let index = next.next().unwrap_or_default();
            let Some(turn) = own.get_mut(index).and_then(|turns| turns.get_mut(kind.approvals())) else {
                bail!("a lane has no ticket {index}");
            };
            let ticket = first + u64::try_from(index)?;
            let request = proposal(agent, kind, ticket, *turn);
            *turn += 1;
            let answer = propose(&mut proposer, &request, repeated).await?;
            govern(workspace, agent, kind, answer, &mut approver).await
        });
    }
    Ok((closed_loop::run(lanes, bounds, server).await?, repeated.get()))
}

/// Sends a proposal, again at once when the answer is that it lost against others.
async fn propose(proposer: &mut Connection, request: &Request, repeated: &Cell<usize>) -> Result<Answer> {
    for _ in 0..REPEATS_MAX {
        let answer = proposer.send(request).await?;
        if answer.status != 409 {
            return Ok(answer);
        }
        repeated.set(repeated.get() + 1);
    }
    bail!("a proposal was refused {REPEATS_MAX} times because others were faster")
}

fn proposal(agent: &Agent, kind: Kind, ticket: u64, turn: usize) -> Request {
    let (field, [one, other]) = kind.field();
    let value = if turn.is_multiple_of(2) { one } else { other };
    let body = json!({
        "workflow": agent.workflow,
        "reason": "The customer called again and asked for it",
        "source": "bench",
        "confidence_bp": 9000,
        "plan": { "mutations": [{
            "connector": CONNECTOR, "object": "ticket", "id": ticket.to_string(), "kind": "update",
            "changes": { field: value },
        }] },
    });
    Request::json("POST", "/v1/runs", &format!("{}{WAIT}", agent.authorization), &body)
}

/// Follows a proposed run to its end.
async fn govern(
    workspace: &Workspace,
    agent: &Agent,
    kind: Kind,
    answer: Answer,
    approver: &mut Connection,
) -> Result<()> {
    let mut run: Run = answer.read()?;
    for lead in workspace.leads.iter().take(kind.approvals()) {
        ensure!(run.stage == "awaiting_approval", "run {} is {} instead of waiting", run.id, run.stage);
        let verdict: Value = json!({ "verdict": "approve", "plan_digest": run.plan_digest });
        let path = format!("/v1/runs/{}/approvals", run.id);
        run =
            approver.send(&Request::json("POST", &path, &format!("{lead}{WAIT}"), &verdict)).await?.read()?;
    }
    for _ in 0..WAITS_MAX {
        match run.stage.as_str() {
            "applied" => return Ok(()),
            "proposed" | "previewed" | "authorized" | "executing" => {
                let headers = format!("{}{WAIT}", agent.authorization);
                let request = Request::bare("GET", &format!("/v1/runs/{}", run.id), &headers);
                run = approver.send(&request).await?.read()?;
            }
            _ => break,
        }
    }
    bail!("run {} ended as {} instead of applied", run.id, run.stage)
}
