//! Server-sent events: what happens to runs, as it happens.
//!
//! A message carries no content, only which event of which run there is: whoever reads it asks for the run. The stream is
//! scoped to the caller's workspace; agents and services hear of their own runs. It ends when the caller's key or session
//! does: taking access away is a commit or a sign-out, so before each message it is enough to know whether there was one.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::HeaderName;
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::id::RunId;
use engine::access::{Caller, Operation};
use engine::{Code, Error};
use futures_util::stream::{Stream, unfold};
use serde::{Deserialize, Serialize};
use store::{Chain, FeedItem};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use utoipa::ToSchema;

use super::App;
use super::auth::Credentials;
use super::pagination::Params;
use super::problem::{Problem, Result};

/// A comment line keeps proxies from closing a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often the caller's credentials are looked at again when nothing happens: they may expire.
const CHECK_EVERY: Duration = Duration::from_secs(15);
/// Feed items of one look.
const BATCH: usize = 200;
/// Runs whose visibility a stream remembers.
const KNOWN_MAX: usize = 1_000;
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where a stream begins.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// The position after which it begins; now unless given. `Last-Event-ID` goes before it.
    after: Option<u64>,
}

/// The data of a message; its `event` is `run.event` and its `id` the position.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunEventNotice {
    /// The position in the workspace's feed: rising, with gaps.
    position: u64,
    /// The run.
    run: String,
    /// The event's position in the run.
    seq: u64,
    /// The event's wire name.
    #[serde(rename = "type")]
    kind: String,
    /// When.
    at: String,
}

/// What the request says about its stream.
pub struct Begin {
    credentials: Credentials,
    caller: Caller,
    last_event_id: Option<String>,
}

impl FromRequestParts<App> for Begin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let credentials = Credentials::of(app, parts)?;
        let caller = credentials.caller(app).await?;
        let id =
            parts.headers.get(LAST_EVENT_ID).map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
        Ok(Self { credentials, caller, last_event_id: id })
    }
}

/// Follow what happens to runs.
#[utoipa::path(
    get, path = "/v1/stream", tag = "runs", params(StreamQuery),
    responses((
        status = 200, description = "Messages `run.event`, each with a position as its id",
        body = RunEventNotice, content_type = "text/event-stream"
    ))
)]
pub async fn stream(
    State(app): State<App>,
    begin: Begin,
    Params(query): Params<StreamQuery>,
) -> Result<Response> {
    begin.caller.may(Operation::ReadRuns)?;
    let permit = Arc::clone(&app.0.streams).try_acquire_owned().map_err(|_| {
        Problem::from(Error::new(Code::Unavailable, "too many streams are open").retry_after(5))
    })?;
    let changes = app.engine().store().watch();
    let now = *changes.borrow();
    let after = match begin.last_event_id {
        Some(id) => position(id.parse().ok(), now, "the header `Last-Event-ID`")?,
        None => position(Some(query.after.unwrap_or(now)), now, "`after`")?,
    };
    // The credentials may have ended since they were read.
    let mut committed = changes.clone();
    committed.mark_changed();
    let follower = Follower {
        stopping: app.0.stopping.subscribe(),
        signed_out: app.0.signed_out.subscribe(),
        committed,
        app,
        credentials: begin.credentials,
        caller: begin.caller,
        checked: Instant::now(),
        after,
        changes,
        ready: VecDeque::new(),
        known: BTreeMap::new(),
        _permit: permit,
    };
    Ok(Sse::new(follower.events()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// A position that a client names. From one that was never reached it would silently miss what comes before it.
fn position(given: Option<u64>, now: u64, name: &str) -> Result<u64> {
    given.filter(|position| *position <= now).ok_or_else(|| {
        Error::new(Code::InvalidRequest, format!("{name} is no position that this stream has reached"))
            .hint("begin without it, and read the runs anew")
            .into()
    })
}

/// One open stream.
struct Follower {
    app: App,
    credentials: Credentials,
    caller: Caller,
    checked: Instant,
    after: u64,
    changes: watch::Receiver<u64>,
    /// The same, as far as the credentials are concerned.
    committed: watch::Receiver<u64>,
    signed_out: watch::Receiver<()>,
    stopping: watch::Receiver<bool>,
    ready: VecDeque<Event>,
    known: BTreeMap<RunId, bool>,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    fn events(self) -> impl Stream<Item = std::result::Result<Event, Infallible>> {
        unfold(self, |mut follower| async move {
            let event = follower.next().await?;
            Some((Ok(event), follower))
        })
    }

    /// The next message; none when the stream ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            self.check().await.ok()?;
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            // Marked as seen before the look, so that what comes during it wakes the next one.
            self.changes.borrow_and_update();
            let more = self.look().await.inspect_err(|fault| {
                tracing::warn!(error = %fault.error(), "a stream ends because the feed cannot be read");
            });
            if more.ok()? {
                continue;
            }
            tokio::select! {
                changed = self.changes.changed() => changed.ok()?,
                // Not looked into yet: that is what the check does.
                _ = self.signed_out.changed() => self.signed_out.mark_changed(),
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                () = tokio::time::sleep(CHECK_EVERY) => {}
            }
        }
    }

    /// Refuses credentials that are over. While nothing was committed, nobody signed out and little time passed, they are
    /// not.
    async fn check(&mut self) -> Result<()> {
        let committed = self.committed.has_changed().unwrap_or(true);
        let signed_out = self.signed_out.has_changed().unwrap_or(true);
        if committed || signed_out || self.checked.elapsed() >= CHECK_EVERY {
            self.committed.mark_unchanged();
            self.signed_out.mark_unchanged();
            self.checked = Instant::now();
            self.caller = self.credentials.caller(&self.app).await?;
            self.caller.may(Operation::ReadRuns)?;
        }
        Ok(())
    }

    /// Takes up what is new; says whether there was anything.
    async fn look(&mut self) -> Result<bool> {
        let items = self.app.engine().store().feed(self.caller.workspace, self.after, BATCH).await?;
        let any = !items.is_empty();
        for item in items {
            self.after = item.position;
            if let Chain::Run(run) = item.chain
                && self.sees(run).await?
            {
                self.ready.push_back(message(run, &item)?);
            }
        }
        Ok(any)
    }

    /// Whether the caller may know of a run. Who proposed a run never changes.
    async fn sees(&mut self, run: RunId) -> Result<bool> {
        if self.caller.principal.person().is_some() {
            return Ok(true);
        }
        if let Some(known) = self.known.get(&run) {
            return Ok(*known);
        }
        let row = self.app.engine().store().run_row(self.caller.workspace, run).await?;
        let own = row.is_some_and(|row| row.proposer == self.caller.principal.to_string());
        if self.known.len() >= KNOWN_MAX {
            // The oldest run is the one that is least likely to come again.
            self.known.pop_first();
        }
        self.known.insert(run, own);
        Ok(own)
    }
}

fn message(run: RunId, item: &FeedItem) -> Result<Event> {
    let notice = RunEventNotice {
        position: item.position,
        run: run.to_string(),
        seq: item.seq,
        kind: item.kind.clone(),
        at: item.at.to_string(),
    };
    let event = Event::default().event("run.event").id(item.position.to_string()).json_data(notice);
    event.map_err(|fault| Error::internal("a message cannot be written").because(fault).into())
}
