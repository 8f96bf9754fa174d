//! API keys of agents and services.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::id::KeyId;
use domain::name::Slug;
use domain::principal::Principal;
use engine::Error;
use engine::admin::{KeyView, NewKey};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::api::Named;
use crate::http::auth::Signed;
use crate::http::json::{Form, Posted};
use crate::http::pagination::{Page, Params, Window};
use crate::http::problem::Result;

/// An API key. An empty list is no limit.
#[derive(Debug, Serialize, ToSchema)]
pub struct Key {
    /// The id; it is not the secret.
    id: String,
    /// The agent or service that it speaks for.
    principal: Named,
    /// The person who answers for that agent or service.
    owner: Named,
    /// The person who issued it.
    issued_by: Named,
    /// What it is for.
    label: String,
    /// Workflows for which it may propose.
    workflows: BTreeSet<String>,
    /// Connectors on which it may propose.
    connectors: BTreeSet<String>,
    /// Actions that it may propose.
    actions: BTreeSet<String>,
    /// When it was issued.
    created: String,
    /// When it ends.
    expires: String,
    /// When it was revoked.
    #[schema(required)]
    revoked: Option<String>,
    /// The bearer token, only in the answer that issues it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<String>,
}

impl From<KeyView> for Key {
    fn from(view: KeyView) -> Self {
        Self {
            id: view.id.to_string(),
            principal: view.principal.into(),
            owner: view.owner.into(),
            issued_by: view.issued_by.into(),
            label: view.label,
            workflows: view.workflows,
            connectors: view.connectors,
            actions: view.actions,
            created: view.created,
            expires: view.expires,
            revoked: view.revoked,
            secret: None,
        }
    }
}

/// A new key. An empty list is no limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueKey {
    /// The agent or service that it speaks for.
    #[schema(value_type = String)]
    principal: Form<Principal>,
    /// What it is for.
    label: String,
    /// Workflows for which it may propose.
    #[serde(default)]
    #[schema(value_type = BTreeSet<String>)]
    workflows: BTreeSet<Form<Slug>>,
    /// Connectors on which it may propose.
    #[serde(default)]
    #[schema(value_type = BTreeSet<String>)]
    connectors: BTreeSet<Form<Slug>>,
    /// Actions that it may propose, such as `zendesk.ticket.update`.
    #[serde(default)]
    actions: BTreeSet<String>,
    /// How long it lasts: 90 days unless given, a year at most.
    expires_in_s: Option<u64>,
}

/// Issue a key.
///
/// Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/v1/keys", tag = "keys", request_body = IssueKey,
    responses((status = 201, description = "The key with its secret", body = Key))
)]
pub async fn issue(
    State(app): State<App>,
    Signed(caller): Signed,
    Posted { body, key }: Posted<IssueKey>,
) -> Result<(StatusCode, Json<Key>)> {
    let names = |names: BTreeSet<Form<Slug>>| names.into_iter().map(|name| name.0).collect();
    let new = NewKey {
        principal: body.principal.0,
        label: body.label,
        workflows: names(body.workflows),
        connectors: names(body.connectors),
        actions: body.actions,
        expires_in_s: body.expires_in_s,
    };
    let issued = app.engine().issue_key(&caller, new, key.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(Key { secret: Some(issued.secret), ..issued.key.into() })))
}

/// List keys, by id.
#[utoipa::path(
    get, path = "/v1/keys", tag = "keys", params(Window),
    responses((status = 200, description = "A page of keys, without secrets", body = Page<Key>))
)]
pub async fn list(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(window): Params<Window>,
) -> Result<Json<Page<Key>>> {
    let all = app.engine().list_keys(&caller).await?;
    Ok(Json(Page::cut(all.into_iter().map(Key::from), &window, |key| key.id.clone())?))
}

/// Revoke a key.
#[utoipa::path(
    delete, path = "/v1/keys/{id}", tag = "keys", params(("id" = String, Path, description = "The key")),
    responses((status = 204, description = "The key is revoked"))
)]
pub async fn revoke(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let key = KeyId::parse(&id).map_err(|_| Error::not_found("key", &id))?;
    app.engine().revoke_key(&caller, key).await?;
    Ok(StatusCode::NO_CONTENT)
}
