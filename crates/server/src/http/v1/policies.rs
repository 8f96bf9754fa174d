//! Policy sets: publish, list, show, activate.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use engine::Error;
use engine::admin::{PolicySetSummary, PolicySetView};
use proof::digest::Digest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::api::Named;
use crate::http::auth::Signed;
use crate::http::json::Posted;
use crate::http::pagination::{Page, Params, Window};
use crate::http::problem::Result;

/// A published policy set.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicySet {
    /// Its digest, by which it is named.
    digest: String,
    /// The id under which its decisions are recorded.
    id: String,
    /// What it is called.
    title: String,
    /// Who published it.
    author: Named,
    /// When.
    created: String,
    /// Who activated it last.
    #[schema(required)]
    activated_by: Option<Named>,
    /// When.
    #[schema(required)]
    activated: Option<String>,
    /// Whether it is in force.
    active: bool,
    /// The Cedar text; missing in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
    /// Expected decisions, as texts of cases; missing in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cases: Option<Vec<String>>,
}

impl From<PolicySetSummary> for PolicySet {
    fn from(summary: PolicySetSummary) -> Self {
        Self {
            digest: summary.digest.to_string(),
            id: summary.set,
            title: summary.title,
            author: summary.author.into(),
            created: summary.created,
            activated_by: summary.activated_by.map(Into::into),
            activated: summary.activated,
            active: summary.active,
            text: None,
            cases: None,
        }
    }
}

impl From<PolicySetView> for PolicySet {
    fn from(view: PolicySetView) -> Self {
        Self { text: Some(view.text), cases: Some(view.cases), ..view.summary.into() }
    }
}

/// Expected decisions: one text in TOML, or several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "cases are one text or a list of texts")]
pub enum Cases {
    One(String),
    Many(Vec<String>),
}

/// The texts of cases that were given.
pub fn texts(cases: Option<Cases>) -> Option<Vec<String>> {
    Some(match cases? {
        Cases::One(text) => vec![text],
        Cases::Many(texts) => texts,
    })
}

/// A policy set to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishPolicy {
    /// What it is called.
    title: String,
    /// The Cedar text.
    text: String,
    /// Expected decisions; all of them must come out.
    cases: Option<Cases>,
}

/// Publish a policy set. It is not in force before it is activated.
#[utoipa::path(
    post, path = "/v1/policies", tag = "policies", request_body = PublishPolicy,
    responses((status = 201, description = "The policy set", body = PolicySet))
)]
pub async fn publish(
    State(app): State<App>,
    Signed(caller): Signed,
    Posted { body, key }: Posted<PublishPolicy>,
) -> Result<(StatusCode, Json<PolicySet>)> {
    let cases = texts(body.cases).unwrap_or_default();
    let view = app.engine().publish_policy(&caller, &body.title, &body.text, &cases, key.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(view.into())))
}

/// List policy sets, the newest first.
#[utoipa::path(
    get, path = "/v1/policies", tag = "policies", params(Window),
    responses((status = 200, description = "A page of policy sets", body = Page<PolicySet>))
)]
pub async fn list(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(window): Params<Window>,
) -> Result<Json<Page<PolicySet>>> {
    let all = app.engine().list_policies(&caller).await?;
    Ok(Json(Page::after(all.into_iter().map(PolicySet::from), &window, |set| set.digest.clone())?))
}

/// Show a policy set.
#[utoipa::path(
    get, path = "/v1/policies/{digest}", tag = "policies",
    params(("digest" = String, Path, description = "The policy set")),
    responses((status = 200, description = "The policy set", body = PolicySet))
)]
pub async fn show(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(digest): Path<String>,
) -> Result<Json<PolicySet>> {
    Ok(Json(app.engine().show_policy(&caller, parse(&digest)?).await?.into()))
}

/// Bring a policy set into force.
///
/// Another account than its author's does this. The one exception: a sole admin brings the first set of a workspace into
/// force while every connector is a simulation.
#[utoipa::path(
    post, path = "/v1/policies/{digest}/activate", tag = "policies", request_body = Nothing,
    params(("digest" = String, Path, description = "The policy set")),
    responses((status = 200, description = "The policy set", body = PolicySet))
)]
pub async fn activate(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(digest): Path<String>,
    Posted { body: Nothing {}, .. }: Posted<Nothing>,
) -> Result<Json<PolicySet>> {
    Ok(Json(app.engine().activate_policy(&caller, parse(&digest)?).await?.into()))
}

/// An empty object, or no body.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A digest that cannot be one names nothing.
pub fn parse(digest: &str) -> Result<Digest> {
    Digest::parse(digest).ok_or_else(|| Error::not_found("policy set", digest).into())
}
