//! Principals: people, agents and services.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::id::PersonId;
use domain::name::Slug;
use domain::principal::Principal as Id;
use engine::access::Role;
use engine::admin::{NewPerson, NewProgram, PrincipalChange, PrincipalDetails, PrincipalView, Program};
use engine::{Code, Error};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::api::Named;
use crate::http::auth::Signed;
use crate::http::json::{Form, Posted, Read};
use crate::http::pagination::{Page, Params, Window};
use crate::http::problem::{Problem, Result};

/// A person, an agent or a service.
#[derive(Debug, Serialize, ToSchema)]
pub struct Principal {
    /// The id.
    id: String,
    /// `person`, `agent` or `service`.
    kind: &'static str,
    /// The name of a person; the slug of an agent or service.
    name: String,
    /// The title of an agent or service, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    title: Option<String>,
    /// Whether it may no longer act.
    disabled: bool,
    /// When it was added.
    created: String,
    /// Of a person: for sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    username: Option<String>,
    /// Of a person: where notices go.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
    /// Of a person: what they may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    roles: Option<Vec<&'static str>>,
    /// Of a person: the groups that they approve for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    groups: Option<Vec<String>>,
    /// Of an agent or service: the person who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    owner: Option<Named>,
    /// Of an agent or service: the teams that policies name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    teams: Option<Vec<String>>,
}

impl From<PrincipalView> for Principal {
    fn from(view: PrincipalView) -> Self {
        let kind = match view.id {
            Id::Person(_) => "person",
            Id::Agent(_) => "agent",
            Id::Service(_) => "service",
        };
        let none = Self {
            id: view.id.to_string(),
            kind,
            name: view.name.clone(),
            title: None,
            disabled: view.disabled,
            created: view.created,
            username: None,
            email: None,
            roles: None,
            groups: None,
            owner: None,
            teams: None,
        };
        match view.details {
            PrincipalDetails::Person { username, email, roles, groups } => Self {
                username: Some(username),
                email,
                roles: Some(roles.iter().map(|role| role.word()).collect()),
                groups: Some(groups.iter().map(ToString::to_string).collect()),
                ..none
            },
            PrincipalDetails::Program { handle, owner, teams } => Self {
                name: handle,
                title: Some(view.name),
                owner: Some(owner.into()),
                teams: Some(teams.into_iter().collect()),
                ..none
            },
        }
    }
}

/// A new principal. Which members it takes depends on its kind.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddPrincipal {
    /// What it is.
    kind: PrincipalKind,
    /// The name of a person, or the slug of an agent or service.
    name: String,
    /// Of a person: for sign-in, unique in the workspace.
    username: Option<String>,
    /// Of a person: where notices go.
    email: Option<String>,
    /// Of a person: the first password, at least 12 characters.
    #[schema(format = Password)]
    password: Option<String>,
    /// Of a person: `viewer`, `auditor`, `operator`, `policy_author`, `admin`.
    #[schema(value_type = Option<BTreeSet<String>>)]
    roles: Option<BTreeSet<Role>>,
    /// Of an agent or service: its title for people.
    title: Option<String>,
    /// Of an agent or service: the person who answers for it; the caller unless given.
    #[schema(value_type = Option<String>)]
    owner: Option<Form<PersonId>>,
    /// Of an agent or service: the teams that policies name.
    teams: Option<BTreeSet<String>>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PrincipalKind {
    Person,
    Agent,
    Service,
}

impl AddPrincipal {
    fn person(self) -> Result<NewPerson> {
        foreign(&[
            ("title", self.title.is_some()),
            ("owner", self.owner.is_some()),
            ("teams", self.teams.is_some()),
        ])?;
        Ok(NewPerson {
            username: needed(self.username, "username")?,
            name: self.name,
            email: self.email,
            password: needed(self.password, "password")?,
            roles: self.roles.unwrap_or_default(),
        })
    }

    fn program(self, kind: Program) -> Result<NewProgram> {
        foreign(&[
            ("username", self.username.is_some()),
            ("email", self.email.is_some()),
            ("password", self.password.is_some()),
            ("roles", self.roles.is_some()),
        ])?;
        let name = Slug::read(&self.name)
            .map_err(|fault| Problem::from(Error::new(Code::InvalidRequest, fault).at("/name")))?;
        Ok(NewProgram {
            kind,
            title: self.title.unwrap_or_else(|| name.to_string()),
            name,
            owner: Form::opt(self.owner),
            teams: self.teams.unwrap_or_default(),
        })
    }
}

fn needed(member: Option<String>, name: &str) -> Result<String> {
    member.ok_or_else(|| {
        Error::new(Code::InvalidRequest, format!("missing field `{name}`")).at(format!("/{name}")).into()
    })
}

/// Refuses members that belong to another kind of principal.
fn foreign(members: &[(&str, bool)]) -> Result<()> {
    match members.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => {
            let message = format!("`{name}` is no member of this kind of principal");
            Err(Error::new(Code::InvalidRequest, message).at(format!("/{name}")).into())
        }
    }
}

/// Add a person, an agent or a service.
#[utoipa::path(
    post, path = "/v1/principals", tag = "principals", request_body = AddPrincipal,
    responses((status = 201, description = "The principal", body = Principal))
)]
pub async fn add(
    State(app): State<App>,
    Signed(caller): Signed,
    Posted { body, key }: Posted<AddPrincipal>,
) -> Result<(StatusCode, Json<Principal>)> {
    let engine = app.engine();
    let view = match body.kind {
        PrincipalKind::Person => engine.add_person(&caller, body.person()?, key.as_ref()).await?,
        PrincipalKind::Agent => {
            engine.add_program(&caller, body.program(Program::Agent)?, key.as_ref()).await?
        }
        PrincipalKind::Service => {
            engine.add_program(&caller, body.program(Program::Service)?, key.as_ref()).await?
        }
    };
    Ok((StatusCode::CREATED, Json(view.into())))
}

/// List principals, by id.
#[utoipa::path(
    get, path = "/v1/principals", tag = "principals", params(Window),
    responses((status = 200, description = "A page of principals", body = Page<Principal>))
)]
pub async fn list(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(window): Params<Window>,
) -> Result<Json<Page<Principal>>> {
    let all = app.engine().list_principals(&caller).await?;
    let all = all.into_iter().map(Principal::from);
    Ok(Json(Page::cut(all, &window, |principal| principal.id.clone())?))
}

/// Show a principal.
#[utoipa::path(
    get, path = "/v1/principals/{id}", tag = "principals",
    params(("id" = String, Path, description = "The principal")),
    responses((status = 200, description = "The principal", body = Principal))
)]
pub async fn show(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(id): Path<String>,
) -> Result<Json<Principal>> {
    Ok(Json(app.engine().show_principal(&caller, parse(&id)?).await?.into()))
}

/// A change of a principal; what is not given stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePrincipal {
    /// The name of a person.
    name: Option<String>,
    /// The title of an agent or service.
    title: Option<String>,
    /// Whether it may no longer act. A person's sessions end.
    disabled: Option<bool>,
    /// Of a person. Nobody changes their own.
    #[schema(value_type = Option<BTreeSet<String>>)]
    roles: Option<BTreeSet<Role>>,
    /// Of another person. Their sessions end. Whoever sets it can sign in as them: the reset is on record, not prevented.
    #[schema(format = Password)]
    password: Option<String>,
    /// Of an agent or service.
    teams: Option<BTreeSet<String>>,
}

/// Change a principal.
#[utoipa::path(
    patch, path = "/v1/principals/{id}", tag = "principals", request_body = ChangePrincipal,
    params(("id" = String, Path, description = "The principal")),
    responses((status = 200, description = "The principal", body = Principal))
)]
pub async fn change(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    Posted { body, .. }: Posted<ChangePrincipal>,
) -> Result<Json<Principal>> {
    let id = parse(&id)?;
    let person = id.person().is_some();
    foreign(&[(
        if person { "title" } else { "name" },
        if person { &body.title } else { &body.name }.is_some(),
    )])?;
    let change = PrincipalChange {
        name: body.name.or(body.title),
        disabled: body.disabled,
        roles: body.roles,
        password: body.password,
        teams: body.teams,
    };
    Ok(Json(app.engine().change_principal(&caller, id, change).await?.into()))
}

/// An id that cannot be one is an id that is not there.
pub fn parse(id: &str) -> Result<Id> {
    Id::parse(id).ok_or_else(|| Error::not_found("principal", id).into())
}
