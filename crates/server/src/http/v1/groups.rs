//! Groups of approvers, and who is in them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::id::PersonId;
use domain::name::Slug;
use engine::Error;
use engine::admin::GroupView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::api::Person;
use crate::http::auth::Signed;
use crate::http::json::{Form, Posted};
use crate::http::pagination::{Page, Params, Window};
use crate::http::problem::Result;

/// A group of approvers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Group {
    /// Its name, as policies write it.
    name: String,
    /// For people.
    title: String,
    /// Who may approve for it.
    members: Vec<Member>,
}

/// A member of a group.
#[derive(Debug, Serialize, ToSchema)]
struct Member {
    /// Who.
    person: Person,
    /// Who enrolled them.
    by: Person,
    /// When.
    at: String,
}

impl From<GroupView> for Group {
    fn from(view: GroupView) -> Self {
        let members = view.members.into_iter();
        let members = members.map(|one| Member { person: one.person.into(), by: one.by.into(), at: one.at });
        Self { name: view.name.to_string(), title: view.title, members: members.collect() }
    }
}

/// A new group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddGroup {
    /// Its name, as policies write it.
    #[schema(value_type = String, example = "deal-desk")]
    name: Form<Slug>,
    /// For people; the name unless given.
    title: Option<String>,
}

/// Add a group without members.
#[utoipa::path(
    post, path = "/v1/groups", tag = "groups", request_body = AddGroup,
    responses((status = 201, description = "The group", body = Group))
)]
pub async fn add(
    State(app): State<App>,
    Signed(caller): Signed,
    Posted { body, key }: Posted<AddGroup>,
) -> Result<(StatusCode, Json<Group>)> {
    let title = body.title.unwrap_or_else(|| body.name.0.to_string());
    let view = app.engine().add_group(&caller, &body.name.0, &title, key.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(view.into())))
}

/// List groups, by name.
#[utoipa::path(
    get, path = "/v1/groups", tag = "groups", params(Window),
    responses((status = 200, description = "A page of groups", body = Page<Group>))
)]
pub async fn list(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(window): Params<Window>,
) -> Result<Json<Page<Group>>> {
    let all = app.engine().list_groups(&caller).await?;
    Ok(Json(Page::cut(all.into_iter().map(Group::from), &window, |group| group.name.clone())?))
}

/// Show a group.
#[utoipa::path(
    get, path = "/v1/groups/{name}", tag = "groups", params(("name" = String, Path, description = "The group")),
    responses((status = 200, description = "The group", body = Group))
)]
pub async fn show(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(name): Path<String>,
) -> Result<Json<Group>> {
    Ok(Json(app.engine().show_group(&caller, &group(&name)?).await?.into()))
}

/// How a person came to be an approver.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enrollment {
    /// A reference to the training that they had; sealed.
    training_ref: Option<String>,
}

/// Enroll a person as approver.
///
/// Nobody enrolls themselves. Who comes back after a removal approves anew.
#[utoipa::path(
    put, path = "/v1/groups/{name}/members/{person}", tag = "groups", request_body = Enrollment,
    params(
        ("name" = String, Path, description = "The group"),
        ("person" = String, Path, description = "The person"),
    ),
    responses((status = 200, description = "The group", body = Group))
)]
pub async fn enroll(
    State(app): State<App>,
    Signed(caller): Signed,
    Path((name, person)): Path<(String, String)>,
    Posted { body, .. }: Posted<Enrollment>,
) -> Result<Json<Group>> {
    let (name, person) = (group(&name)?, self::person(&person)?);
    Ok(Json(app.engine().enrol(&caller, &name, person, body.training_ref.as_deref()).await?.into()))
}

/// Take a person out of a group.
///
/// What they approved and is not executed yet counts no more, also when they come back.
#[utoipa::path(
    delete, path = "/v1/groups/{name}/members/{person}", tag = "groups",
    params(
        ("name" = String, Path, description = "The group"),
        ("person" = String, Path, description = "The person"),
    ),
    responses((status = 204, description = "The person is no member"))
)]
pub async fn remove(
    State(app): State<App>,
    Signed(caller): Signed,
    Path((name, person)): Path<(String, String)>,
) -> Result<StatusCode> {
    app.engine().remove_member(&caller, &group(&name)?, self::person(&person)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn group(name: &str) -> Result<Slug> {
    Slug::parse(name).map_err(|_| Error::not_found("group", name).into())
}

fn person(id: &str) -> Result<PersonId> {
    PersonId::parse(id).map_err(|_| Error::not_found("person", id).into())
}
