//! Runs: propose, list, show, lineage.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use domain::id::{PersonId, RunId};
use domain::limits::MUTATIONS_MAX;
use domain::mutation::{Environment, RecordRef};
use domain::name::Slug;
use domain::principal::Principal;
use domain::run::{DecisionWord, Stage};
use engine::access::Caller;
use engine::commands::Proposal;
use engine::queries::{self, LineageEvent, RunFilter, SealedMember};
use engine::{Code, Error};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Commanded, RunPath};
use crate::http::App;
use crate::http::api::{self, Named, ProposedMutation, RunSummary};
use crate::http::auth::Signed;
use crate::http::json::{Any, Form, Posted, Read};
use crate::http::pagination::{Page, Params};
use crate::http::prefer::{APPLIED, Wait};
use crate::http::problem::{Problem, Result};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What a caller proposes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeRun {
    /// The registered workflow.
    #[schema(value_type = String, example = "renewals")]
    workflow: Form<Slug>,
    /// Why, for the people who decide. Up to 4,000 characters; sealed.
    reason: String,
    /// What kind of caller: `api` unless it says otherwise.
    #[schema(value_type = Option<String>)]
    source: Option<Form<Slug>>,
    /// The caller's own reference, such as a conversation; sealed.
    source_ref: Option<String>,
    /// Model, prompt and conversation reference; sealed.
    #[schema(value_type = Option<serde_json::Value>)]
    model: Option<Any>,
    /// The agent's version.
    #[schema(value_type = Option<String>)]
    agent_version: Option<Form<Slug>>,
    /// Self-reported confidence in basis points, 0 to 10,000.
    #[schema(maximum = 10_000)]
    confidence_bp: Option<u32>,
    /// The person for whom the agent acts. They may not approve.
    #[schema(value_type = Option<String>)]
    on_behalf_of: Option<Form<PersonId>>,
    /// The run whose remainder this takes up.
    #[schema(value_type = Option<String>)]
    branched_from: Option<Form<RunId>>,
    /// The plan.
    plan: ProposedPlan,
}

/// The mutations in the order of their execution.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProposedPlan {
    /// At least one.
    #[schema(min_items = 1, max_items = 1_000)]
    mutations: Vec<ProposedMutation>,
}

/// Propose a run.
///
/// The plan is previewed from the live records and decided by policy before the answer, when the systems of record answer.
#[utoipa::path(
    post, path = "/v1/runs", tag = "runs", request_body = ProposeRun,
    responses((status = 201, description = "The run", body = api::Run))
)]
pub async fn propose(
    State(app): State<App>,
    Signed(caller): Signed,
    wait: Wait,
    headers: HeaderMap,
    Posted { body, key }: Posted<ProposeRun>,
) -> Result<Response> {
    check_size(body.plan.mutations.len())?;
    let proposal = Proposal {
        workflow: body.workflow.0,
        reason: body.reason,
        source: Form::opt(body.source),
        source_ref: body.source_ref,
        model: body.model.map(|model| model.0),
        agent_version: Form::opt(body.agent_version),
        confidence_bp: body.confidence_bp,
        on_behalf_of: Form::opt(body.on_behalf_of),
        branched_from: Form::opt(body.branched_from),
        trace: headers.get(TRACEPARENT).and_then(|trace| trace.to_str().ok()).and_then(traceparent),
        mutations: api::proposed(body.plan.mutations),
    };
    let commanded = Commanded::ask(&app, &caller, "propose", key.as_ref(), wait).await?.made_run();
    let entry = app.engine().propose(&caller, proposal, key.as_ref()).await?;
    commanded.answer(&app, &caller, entry).await
}

/// Refuses a plan that is empty or too large, before anything is resolved.
pub fn check_size(mutations: usize) -> Result<()> {
    if (1..=MUTATIONS_MAX).contains(&mutations) {
        return Ok(());
    }
    Err(Error::new(Code::InvalidPlan, format!("a plan has 1 to {MUTATIONS_MAX} mutations"))
        .at("/plan/mutations")
        .into())
}

/// A `traceparent` of version 00 (W3C Trace Context, section 3.2); anything else is ignored, as it asks.
fn traceparent(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('-').collect();
    let &["00", trace, parent, flags] = parts.as_slice() else { return None };
    let hex = |part: &str, len: usize| {
        part.len() == len && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let some = |part: &str| part.bytes().any(|byte| byte != b'0');
    (hex(trace, 32) && some(trace) && hex(parent, 16) && some(parent) && hex(flags, 2))
        .then(|| text.to_owned())
}

/// Show a run.
///
/// With `Prefer: wait=<seconds>` the answer comes once only a person can move the run on, or it is closed.
#[utoipa::path(
    get, path = "/v1/runs/{id}", tag = "runs", params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = api::Run))
)]
pub async fn show(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
    wait: Wait,
) -> Result<Response> {
    // The check of permission and visibility comes with the first look.
    let mut view = app.engine().show_run(&caller, id).await?;
    if let Some(at_most) = wait.0 {
        let entry = app.engine().wait(&caller, id, at_most).await?;
        view = app.engine().view_of(caller.workspace, &entry).await?;
    }
    let workspace = app.engine().control(caller.workspace).await?.settings.name.clone();
    let waited = wait.applied().map(|waited| (APPLIED, waited));
    Ok((HeaderMap::from_iter(waited), Json(api::Run::of(view, workspace))).into_response())
}

/// Which runs.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunsQuery {
    /// Any of these stages, separated by commas.
    stage: Option<String>,
    /// The connector.
    connector: Option<String>,
    /// The kind of record.
    object: Option<String>,
    /// A record, as `<connector>/<object>/<id>`.
    record: Option<String>,
    /// Who proposed: an id, or the name of an agent.
    agent: Option<String>,
    /// The workflow.
    workflow: Option<String>,
    /// `auto`, `approval` or `deny`.
    decision: Option<String>,
    /// `simulation`, `sandbox` or `production`.
    environment: Option<String>,
    /// Recoveries of this run.
    recovers: Option<String>,
    /// A run id, a record as `<connector>/<object>/<id>`, or a workflow.
    q: Option<String>,
    /// At most this many, 1 to 200; 50 unless given.
    limit: Option<usize>,
    /// Where to go on: the `next` of the page before.
    cursor: Option<String>,
}

/// List runs, newest first.
#[utoipa::path(
    get, path = "/v1/runs", tag = "runs", params(RunsQuery),
    responses((status = 200, description = "A page of runs", body = Page<RunSummary>))
)]
pub async fn list(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(mut query): Params<RunsQuery>,
) -> Result<Json<Page<RunSummary>>> {
    if let Some(words) = query.q.take() {
        if let Ok(id) = RunId::parse(&words) {
            return one(&app, &caller, id).await.map(Json);
        }
        if words.contains('/') {
            query.record = Some(words);
        } else {
            query.workflow = Some(words);
        }
    }
    let filter = filter(&app, &caller, query).await?;
    let page = app.engine().list_runs(&caller, filter).await?;
    Ok(Json(Page::of(page.items, page.next)))
}

/// A page with the one run that was asked for, if the caller may see it.
async fn one(app: &App, caller: &Caller, id: RunId) -> Result<Page<RunSummary>> {
    let engine = app.engine();
    let row = match engine.show_run(caller, id).await {
        Ok(_) => engine.store().run_row(caller.workspace, id).await?,
        Err(error) if error.code == Code::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let control = engine.control(caller.workspace).await?;
    let summary = row.map(|row| queries::RunSummary { proposer: control.named_text(&row.proposer), row });
    Ok(Page::of(summary, None))
}

async fn filter(app: &App, caller: &Caller, query: RunsQuery) -> Result<RunFilter> {
    let stages =
        query.stage.iter().flat_map(|stages| stages.split(',')).map(|stage| word::<Stage>(stage, "stage"));
    let mut filter = RunFilter {
        stages: stages.collect::<Result<_>>()?,
        connector: query.connector.map(|name| word(&name, "connector")).transpose()?,
        object: query.object.map(|name| word(&name, "object")).transpose()?,
        record: query.record.map(|record| self::record(&record)).transpose()?,
        proposer: None,
        workflow: query.workflow.map(|name| word(&name, "workflow")).transpose()?,
        decision: query
            .decision
            .map(|name| word::<DecisionWord>(&name, "decision"))
            .transpose()?
            .map(|word| word.to_string()),
        environment: query
            .environment
            .map(|name| word::<Environment>(&name, "environment"))
            .transpose()?
            .map(|word| word.to_string()),
        recovers: query.recovers.map(|run| word(&run, "recovers")).transpose()?,
        cursor: query.cursor,
        limit: query.limit,
    };
    if let Some(agent) = query.agent {
        filter.proposer = Some(proposer(app, caller, &agent).await?);
    }
    Ok(filter)
}

async fn proposer(app: &App, caller: &Caller, agent: &str) -> Result<Principal> {
    if let Some(principal) = Principal::parse(agent) {
        return Ok(principal);
    }
    let control = app.engine().control(caller.workspace).await?;
    let known = control.agents.iter().find(|(_, known)| known.name == agent);
    let known = known.map(|(id, _)| Principal::Agent(*id));
    known.ok_or_else(|| {
        Problem::from(
            Error::new(Code::InvalidRequest, "`agent` is an id or the name of an agent").at("/agent"),
        )
    })
}

fn word<T: Read>(text: &str, name: &str) -> Result<T> {
    T::read(text).map_err(|fault| {
        Error::new(Code::InvalidRequest, format!("`{name}`: {fault}")).at(format!("/{name}")).into()
    })
}

fn record(text: &str) -> Result<RecordRef> {
    let parts: Vec<&str> = text.splitn(3, '/').collect();
    let &[connector, object, id] = parts.as_slice() else {
        return Err(Error::new(Code::InvalidRequest, "a record is `<connector>/<object>/<id>`")
            .at("/record")
            .into());
    };
    Ok(RecordRef {
        connector: word(connector, "record")?,
        object: word(object, "record")?,
        id: id.to_owned(),
    })
}

/// Events of one chain.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lineage {
    /// The events, oldest first.
    items: Vec<ChainEvent>,
}

/// One event.
#[derive(Debug, Serialize, ToSchema)]
struct ChainEvent {
    /// Position in the chain, from 0.
    seq: u64,
    /// Its wire name.
    #[serde(rename = "type")]
    #[schema(example = "plan.previewed")]
    kind: String,
    /// When.
    at: String,
    /// Who wrote it.
    by: Named,
    /// Clear members.
    #[schema(value_type = serde_json::Value)]
    data: Any,
    /// Sealed members by name: the value, or `{"erased": true}`.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    sealed: BTreeMap<String, Any>,
    /// Hashes of the events that it answers.
    cause: Vec<String>,
    /// Its leaf hash.
    hash: String,
    /// The leaf hash before it; `null` for the first.
    #[schema(required)]
    prev: Option<String>,
}

/// Show the lineage of a run.
#[utoipa::path(
    get, path = "/v1/runs/{id}/events", tag = "runs", params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "Every event of the run", body = Lineage))
)]
pub async fn events(
    State(app): State<App>,
    Signed(caller): Signed,
    RunPath(id): RunPath,
) -> Result<Json<Lineage>> {
    let events = app.engine().lineage(&caller, id).await?;
    Ok(Json(events.into()))
}

impl From<Vec<LineageEvent>> for Lineage {
    fn from(events: Vec<LineageEvent>) -> Self {
        Self { items: events.into_iter().map(ChainEvent::from).collect() }
    }
}

impl From<LineageEvent> for ChainEvent {
    fn from(event: LineageEvent) -> Self {
        let member = |(name, member)| {
            let value = match member {
                SealedMember::Open(value) => value,
                SealedMember::Erased => proof::json::object([("erased", true.into())]),
            };
            (name, Any(value))
        };
        Self {
            seq: event.seq,
            kind: event.kind,
            at: event.at.to_string(),
            by: event.by.into(),
            data: Any(event.data.into()),
            sealed: event.sealed.into_iter().map(member).collect(),
            cause: event.cause.iter().map(ToString::to_string).collect(),
            hash: event.hash.to_string(),
            prev: event.prev.map(|prev| prev.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_w3c_form_of_a_traceparent_is_kept() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(traceparent(good).as_deref(), Some(good));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "a person's name",
        ] {
            assert_eq!(traceparent(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_record_keeps_slashes_in_its_id() {
        let read = record("help-desk/ticket/a/b").unwrap();
        assert_eq!(read.to_string(), "help-desk/ticket/a/b");
        for bad in ["help-desk/ticket", "Help Desk/ticket/1", ""] {
            assert!(record(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_plan_has_a_size() {
        for (count, good) in [(0, false), (1, true), (MUTATIONS_MAX, true), (MUTATIONS_MAX + 1, false)] {
            assert_eq!(check_size(count).is_ok(), good, "{count}");
        }
    }
}
