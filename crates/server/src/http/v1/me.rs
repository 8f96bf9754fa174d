//! The caller: who they are, and their password.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::access::Caller;
use engine::admin::PrincipalDetails;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::auth::Signed;
use crate::http::json::Posted;
use crate::http::problem::Result;

/// A signed-in person.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedInPerson {
    /// The id.
    id: String,
    /// The name for people.
    name: String,
    /// For sign-in.
    username: String,
    /// What they may do.
    roles: Vec<&'static str>,
    /// The groups that they approve for.
    groups: Vec<String>,
}

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The id.
    id: String,
    /// `person`, `agent` or `service`.
    kind: &'static str,
    /// The name for people.
    name: String,
    /// The workspace's name.
    workspace: String,
    /// The workspace's id.
    workspace_id: String,
    /// What a person may do.
    roles: Vec<&'static str>,
    /// The groups that a person approves for.
    groups: Vec<String>,
    /// The limits of the API key; missing for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key: Option<KeyLimits>,
}

/// The limits of an API key; an empty list is no limit.
#[derive(Debug, Serialize, ToSchema)]
struct KeyLimits {
    /// Its id.
    id: String,
    /// Workflows for which it may propose.
    workflows: Vec<String>,
    /// Connectors on which it may propose.
    connectors: Vec<String>,
    /// Actions that it may propose.
    actions: Vec<String>,
    /// When it ends.
    expires: String,
}

/// Show the caller.
#[utoipa::path(
    get, path = "/v1/me", tag = "sessions",
    responses((status = 200, description = "The caller", body = Me))
)]
pub async fn show(State(app): State<App>, Signed(caller): Signed) -> Result<Json<Me>> {
    let control = app.engine().control(caller.workspace).await?;
    let named = control.named(caller.principal);
    let groups = caller.principal.person().map(|person| control.approver_groups(person)).unwrap_or_default();
    Ok(Json(Me {
        id: named.id,
        kind: named.kind,
        name: named.name,
        workspace: control.settings.name.clone(),
        workspace_id: caller.workspace.to_string(),
        roles: caller.roles.iter().map(|role| role.word()).collect(),
        groups: groups.iter().map(ToString::to_string).collect(),
        key: caller.key.map(|key| KeyLimits {
            id: key.id,
            workflows: key.workflows.into_iter().collect(),
            connectors: key.connectors.into_iter().collect(),
            actions: key.actions.into_iter().collect(),
            expires: key.expires,
        }),
    }))
}

/// A change of one's password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The current one.
    #[schema(format = Password)]
    current: String,
    /// The new one: at least 12 characters.
    #[schema(format = Password)]
    new: String,
}

/// Change one's own password.
///
/// Every other session of the person ends.
#[utoipa::path(
    put, path = "/v1/me/password", tag = "sessions", request_body = ChangePassword,
    responses((status = 204, description = "The password is changed"))
)]
pub async fn change_password(
    State(app): State<App>,
    Signed(caller): Signed,
    Posted { body, .. }: Posted<ChangePassword>,
) -> Result<StatusCode> {
    app.engine().change_password(&caller, &body.current, &body.new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A signed-in person as they are shown.
pub async fn person_of(app: &App, caller: &Caller) -> Result<SignedInPerson> {
    let view = app.engine().show_principal(caller, caller.principal).await?;
    let (username, groups) = match view.details {
        PrincipalDetails::Person { username, groups, .. } => (username, groups),
        PrincipalDetails::Program { handle, .. } => (handle, BTreeSet::new()),
    };
    Ok(SignedInPerson {
        id: view.id.to_string(),
        name: view.name,
        username,
        roles: caller.roles.iter().map(|role| role.word()).collect(),
        groups: groups.iter().map(ToString::to_string).collect(),
    })
}
