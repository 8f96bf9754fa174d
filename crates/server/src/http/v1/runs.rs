//! Runs: propose and show.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use domain::id::{PersonId, RunId};
use domain::limits::MUTATIONS_MAX;
use domain::name::Slug;
use engine::commands::Proposal;
use engine::{Code, Error};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Commanded, RunPath};
use crate::http::App;
use crate::http::api::{self, ProposedMutation};
use crate::http::auth::Signed;
use crate::http::json::{Any, Form, Posted};
use crate::http::prefer::{APPLIED, Wait};
use crate::http::problem::Result;

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
    fn a_plan_has_a_size() {
        for (count, good) in [(0, false), (1, true), (MUTATIONS_MAX, true), (MUTATIONS_MAX + 1, false)] {
            assert_eq!(check_size(count).is_ok(), good, "{count}");
        }
    }
}
