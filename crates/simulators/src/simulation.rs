//! A simulated system with its faults: what the routes serve and what tests hold on to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Map, Value};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::Kind;
use crate::exchange::{Answer, Call};
use crate::faults::{Fault, FaultKind, FaultSwitchboard};
use crate::journal::Write;
use crate::system::{Edit, EditError, Refusal, System};

/// The handle to a simulated system; clones share it.
#[derive(Clone, Debug)]
pub struct Simulation {
    shared: Arc<Shared>,
    faults: FaultSwitchboard,
}

#[derive(Debug)]
struct Shared {
    kind: Kind,
    system: Mutex<System>,
    /// Writes that land late, owned here so that a reset ends them.
    late: Mutex<JoinSet<()>>,
    /// True once the simulator stops: held answers go out at once.
    closing: watch::Sender<bool>,
}

/// What the client gets.
pub(crate) enum Reply {
    Answer(Answer),
    /// The connection closes without an answer.
    Nothing,
}

impl Simulation {
    /// A system with its seeded records and no faults.
    pub fn new(kind: Kind) -> Self {
        Self {
            shared: Arc::new(Shared {
                kind,
                system: Mutex::new(System::seeded(kind)),
                late: Mutex::new(JoinSet::new()),
                closing: watch::Sender::new(false),
            }),
            faults: FaultSwitchboard::default(),
        }
    }

    /// Which system this is.
    pub fn kind(&self) -> Kind {
        self.shared.kind
    }

    /// The switchboard of its faults.
    pub fn faults(&self) -> &FaultSwitchboard {
        &self.faults
    }

    /// Back to the seeded records: edits, writes, faults, clock and settings are forgotten. Writes that wait for their
    /// delay are dropped; one whose delay ends in this very moment may still land.
    pub fn reset(&self) {
        self.late().abort_all();
        self.faults.clear();
        *self.system() = System::seeded(self.shared.kind);
    }

    /// Changes a record as another person, under the vendor's own rules. It is journaled like any write.
    pub fn edit(&self, edit: &Edit) -> Result<(), EditError> {
        self.system().edit(edit)
    }

    /// Puts a record into a state, outside the vendor's rules, without journal or history; creates it if need be.
    /// Fields that are not given keep their value, or their default in a new record.
    pub fn seed(&self, object: &str, id: &str, fields: &Map<String, Value>) -> Result<(), EditError> {
        self.system().seed(object, id, fields)
    }

    /// Every committed write since the last reset, at most the last [`crate::WRITES_MAX`].
    pub fn writes(&self) -> Vec<Write> {
        self.system().journal().writes().cloned().collect()
    }

    /// Lets simulated time pass without a write.
    pub fn advance(&self, seconds: u32) {
        self.system().clock().advance(seconds);
    }

    /// Turns the help desk's limit of updates per user and ticket on or off; the CRM has none.
    pub fn limit_updates_per_ticket(&self, on: bool) {
        match &mut *self.system() {
            System::Zendesk(desk) => desk.limit.on = on,
            System::Salesforce(_) => {}
        }
    }

    pub(crate) fn system(&self) -> MutexGuard<'_, System> {
        self.shared.system.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn late(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.shared.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every hold, so that the server can stop.
    pub(crate) fn close(&self) {
        self.shared.closing.send_replace(true);
        self.late().abort_all();
    }

    /// Waits until [`Simulation::close`].
    pub(crate) async fn closed(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.shared.closing.subscribe().wait_for(|closing| *closing).await;
    }

    async fn hold(&self, delay: Duration) {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = self.closed() => {}
        }
    }

    /// Answers a request of the vendor's API, with the fault that is armed for it, if any.
    pub(crate) async fn answer(&self, call: Call) -> Reply {
        match self.faults.take(&call.method, &call.path) {
            None => Reply::Answer(self.handle(&call)),
            Some(fault) => {
                tracing::debug!(fault.kind = ?fault.kind, call.path, "a fault hits a request");
                self.act_out(fault, call).await
            }
        }
    }

    fn handle(&self, call: &Call) -> Answer {
        self.system().handle(call)
    }

    async fn act_out(&self, fault: Fault, call: Call) -> Reply {
        let delay = fault.delay();
        Reply::Answer(match fault.kind {
            FaultKind::TimeoutBeforeCommit => {
                self.hold(delay).await;
                Answer::html(StatusCode::GATEWAY_TIMEOUT, GATEWAY_TIMEOUT_PAGE)
            }
            FaultKind::TimeoutAfterCommit => {
                let answer = self.handle(&call);
                self.hold(delay).await;
                answer
            }
            FaultKind::RateLimited => {
                let retry_after_s = u64::try_from(delay.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
                self.refuse(Refusal::RateLimited { retry_after_s })
            }
            FaultKind::ServerError => self.refuse(Refusal::ServerError),
            FaultKind::ServerErrorAfterCommit => {
                self.handle(&call);
                self.refuse(Refusal::ServerError)
            }
            FaultKind::Conflict => self.refuse(Refusal::Conflict),
            FaultKind::RecordLocked => self.refuse(Refusal::RecordLocked),
            FaultKind::Unauthorized => self.refuse(Refusal::Unauthorized),
            FaultKind::Slow => return self.handle_late(delay, call).await,
            FaultKind::Drift => self.drift(fault.set, &call),
            FaultKind::PartialWrite => self.handle(&self.without_some(&fault, call)),
            FaultKind::DropConnection => return Reply::Nothing,
            FaultKind::DropConnectionAfterCommit => {
                self.handle(&call);
                return Reply::Nothing;
            }
            FaultKind::HtmlError => Answer::html(StatusCode::BAD_GATEWAY, BAD_GATEWAY_PAGE),
        })
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        self.system().refuse(refusal)
    }

    /// Handles the request in a task of its own: a client that hangs up does not stop it.
    async fn handle_late(&self, delay: Duration, call: Call) -> Reply {
        let (sender, receiver) = oneshot::channel();
        let simulation = self.clone();
        {
            let mut late = self.late();
            while late.try_join_next().is_some() {}
            late.spawn(async move {
                tokio::time::sleep(delay).await;
                // The receiver is gone when the client has hung up; the write has landed all the same.
                let _ = sender.send(simulation.handle(&call));
            });
        }
        receiver.await.map_or(Reply::Nothing, Reply::Answer)
    }

    /// Another person's edit and the request, with nothing in between.
    fn drift(&self, fields: Map<String, Value>, call: &Call) -> Answer {
        let mut system = self.system();
        let edited = match system.addressed(&call.path) {
            Some((object, id)) => {
                system.edit(&Edit { object, id, fields, author: None }).map_err(|e| e.to_string())
            }
            None => Err(format!("`{}` addresses no record", call.path)),
        };
        match edited {
            Ok(()) => system.handle(call),
            Err(why) => Answer::html(
                StatusCode::INTERNAL_SERVER_ERROR,
                &format!("The simulator could not act out the drift: {why}"),
            ),
        }
    }

    /// The same request without the fields that a partial write loses.
    fn without_some(&self, fault: &Fault, mut call: Call) -> Call {
        let Some(mut body) = call.json() else { return call };
        if let Some(fields) = self.system().fields_of(&mut body) {
            if fault.lose.is_empty() {
                let mut names: Vec<_> =
                    fields.keys().filter(|name| !CONDITIONS.contains(&name.as_str())).collect();
                // The order of a JSON map depends on what else the build contains; a simulator's faults must not.
                names.sort_unstable();
                let kept = names.len() / 2;
                let lost: Vec<_> = names.into_iter().skip(kept).cloned().collect();
                fields.retain(|name, _| !lost.contains(name));
            } else {
                fields.retain(|name, _| !fault.lose.contains(name));
            }
        }
        call.body = body.to_string().into();
        call
    }
}

/// Members beside the fields that say under which condition to write: a partial write keeps them.
const CONDITIONS: [&str; 2] = ["safe_update", "updated_stamp"];

const GATEWAY_TIMEOUT_PAGE: &str = "<html>\n<head><title>504 Gateway Time-out</title></head>\n<body><center><h1>504 Gateway Time-out</h1></center></body>\n</html>\n";
const BAD_GATEWAY_PAGE: &str = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body><center><h1>502 Bad Gateway</h1></center></body>\n</html>\n";
