//! Connectors: configured instances of systems of record.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::mutation::{Environment, RecordRef};
use domain::name::Slug;
use engine::Error;
use engine::admin::{ConnectorSettings, Proven};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::api::{Connector, Credentials, Fact, facts};
use crate::http::auth::Signed;
use crate::http::json::{Form, Posted};
use crate::http::pagination::{Page, Params, Window};
use crate::http::problem::Result;

/// A new connector.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddConnector {
    /// Its name.
    #[schema(value_type = String, example = "help-desk")]
    name: Form<Slug>,
    /// The kind of software, as its manifest names it.
    #[schema(value_type = String, example = "zendesk")]
    system: Form<Slug>,
    /// `simulation`, `sandbox` or `production`; it never changes. A simulation is on loopback or a host that the operator
    /// allows.
    #[schema(value_type = String)]
    environment: Form<Environment>,
    /// Where it points; the manifest's own for this environment unless given.
    base_url: Option<String>,
    /// What it signs in with. Sealed.
    credentials: Credentials,
}

/// Add a connector. Nothing is sent.
#[utoipa::path(
    post, path = "/v1/connectors", tag = "connectors", request_body = AddConnector,
    responses((status = 201, description = "The connector", body = Connector))
)]
pub async fn add(
    State(app): State<App>,
    Signed(caller): Signed,
    Posted { body, key }: Posted<AddConnector>,
) -> Result<(StatusCode, Json<Connector>)> {
    let settings = ConnectorSettings {
        system: body.system.0,
        environment: body.environment.0,
        base_url: body.base_url,
        credentials: Some(body.credentials.sealable()?),
    };
    let view = app.engine().add_connector(&caller, &body.name.0, settings, key.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(Connector::whole(view))))
}

/// List connectors, by name.
#[utoipa::path(
    get, path = "/v1/connectors", tag = "connectors", params(Window),
    responses((status = 200, description = "A page of connectors", body = Page<Connector>))
)]
pub async fn list(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(window): Params<Window>,
) -> Result<Json<Page<Connector>>> {
    let all = app.engine().list_connectors(&caller).await?;
    Ok(Json(Page::cut(all.into_iter().map(Connector::brief), &window, |connector| connector.name.clone())?))
}

/// Show a connector with everything that it can do.
#[utoipa::path(
    get, path = "/v1/connectors/{name}", tag = "connectors",
    params(("name" = String, Path, description = "The connector")),
    responses((status = 200, description = "The connector", body = Connector))
)]
pub async fn show(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(name): Path<String>,
) -> Result<Json<Connector>> {
    Ok(Json(Connector::whole(app.engine().show_connector(&caller, &parse(&name)?).await?)))
}

/// How a connector is configured.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigureConnector {
    /// The kind of software; it must be what it was.
    #[schema(value_type = String)]
    system: Form<Slug>,
    /// It must be what it was.
    #[schema(value_type = String)]
    environment: Form<Environment>,
    /// Where it points; the manifest's own for this environment unless given.
    base_url: Option<String>,
    /// What it signs in with. What there is stays unless given; at another scheme, host or port it must be given. Sealed.
    credentials: Option<Credentials>,
}

/// Configure a connector anew: base URL, credentials, and the manifest that this program has.
#[utoipa::path(
    put, path = "/v1/connectors/{name}", tag = "connectors", request_body = ConfigureConnector,
    params(("name" = String, Path, description = "The connector")),
    responses((status = 200, description = "The connector", body = Connector))
)]
pub async fn configure(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(name): Path<String>,
    Posted { body, .. }: Posted<ConfigureConnector>,
) -> Result<Json<Connector>> {
    let settings = ConnectorSettings {
        system: body.system.0,
        environment: body.environment.0,
        base_url: body.base_url,
        credentials: body.credentials.as_ref().map(Credentials::sealable).transpose()?,
    };
    Ok(Json(Connector::whole(app.engine().change_connector(&caller, &parse(&name)?, settings).await?)))
}

/// What is to be tried.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckConnector {
    /// A record to read; without one only the sign-in and the vendor's own description are tried.
    record: Option<CheckedRecord>,
}

/// A record to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CheckedRecord {
    /// The kind of record.
    #[schema(value_type = String, example = "ticket")]
    object: Form<Slug>,
    /// The system of record's id.
    #[schema(example = "48213")]
    id: String,
}

/// What is known of a connector's readiness.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// Facts by name, each with its date.
    readiness: BTreeMap<String, Fact>,
    /// Facts that only governed runs prove and that do not hold now, with what to do for them.
    missing: BTreeMap<&'static str, &'static str>,
}

/// Try a connector out. Nothing is written: what needs a write is learned from its runs.
#[utoipa::path(
    post, path = "/v1/connectors/{name}/check", tag = "connectors", request_body = CheckConnector,
    params(("name" = String, Path, description = "The connector")),
    responses((status = 200, description = "What is known of its readiness now", body = Readiness))
)]
pub async fn check(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(name): Path<String>,
    Posted { body, .. }: Posted<CheckConnector>,
) -> Result<Json<Readiness>> {
    let name = parse(&name)?;
    let record = body.record.map(|record| RecordRef {
        connector: name.clone(),
        object: record.object.0,
        id: record.id,
    });
    let probe = app.probe();
    let lane = app.engine().check_connector(&caller, &name, |spec| probe.try_out(spec, record)).await?;
    let now = app.engine().now();
    let holds = |fact: &Proven| lane.facts.get(fact.fact()).is_some_and(|known| known.holds(now));
    let missing = Proven::ALL.into_iter().filter(|fact| !holds(fact));
    let missing = missing.map(|fact| (fact.fact(), fact.how())).collect();
    Ok(Json(Readiness { readiness: facts(lane.facts), missing }))
}

fn parse(name: &str) -> Result<Slug> {
    Slug::parse(name).map_err(|_| Error::not_found("connector", name).into())
}
