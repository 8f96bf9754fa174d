//! Erasures: values of a person, a record or a run become unreadable for good.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::{PersonId, RunId};
use domain::mutation::RecordRef;
use domain::name::Slug;
use domain::time::Timestamp;
use engine::admin::{DataSubject, ErasureRequest, ErasureView};
use engine::{Code, Error};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lineage::shown;
use crate::http::App;
use crate::http::api::Named;
use crate::http::auth::Signed;
use crate::http::json::{Any, Form, Posted};
use crate::http::pagination::{Page, Params, Window};
use crate::http::problem::Result;

/// Runs that an erasure names; `run_count` says how many there are.
const RUNS_MAX: usize = 200;
/// Erasures of a page unless asked otherwise.
const LIMIT: usize = 50;

/// An erasure.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erasure {
    /// The place of its first leaf in the workspace chain.
    id: u64,
    /// How many leaves name what was erased.
    leaves: u64,
    /// When.
    at: String,
    /// Who asked for it.
    by: Named,
    /// Why that was lawful.
    basis: String,
    /// How many sealed values became unreadable.
    count: u64,
    /// When the last backup is gone that still holds them; `null` when the keys died with them.
    #[schema(required)]
    complete_by: Option<String>,
    /// Who authorized it, as it is sealed.
    #[schema(value_type = serde_json::Value)]
    authorized_by: Any,
    /// Where the request is filed.
    #[schema(value_type = serde_json::Value)]
    request_ref: Any,
    /// The runs that lost values, at most 200 of them.
    runs: Vec<String>,
    /// How many runs that are.
    run_count: usize,
}

impl From<ErasureView> for Erasure {
    fn from(view: ErasureView) -> Self {
        Self {
            id: view.id,
            leaves: view.leaves,
            at: view.at.to_string(),
            by: view.by.into(),
            basis: view.basis.to_string(),
            count: view.count,
            complete_by: view.complete_by.map(|by| by.to_string()),
            authorized_by: shown(view.authorized_by),
            request_ref: shown(view.request_ref),
            run_count: view.runs.len(),
            runs: view.runs.iter().take(RUNS_MAX).map(ToString::to_string).collect(),
        }
    }
}

/// Of whom or what: exactly one member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// A person of the workspace, whose account is closed: their name, wherever it stands.
    #[schema(value_type = Option<String>)]
    person: Option<Form<PersonId>>,
    /// A record of a system of record: its values, and what runs about it say.
    record: Option<Record>,
    /// A run: every sealed value of it.
    #[schema(value_type = Option<String>)]
    run: Option<Form<RunId>>,
}

/// A record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The connector.
    #[schema(value_type = String, example = "help-desk")]
    connector: Form<Slug>,
    /// The kind of record.
    #[schema(value_type = String, example = "ticket")]
    object: Form<Slug>,
    /// The system of record's id.
    #[schema(example = "48213")]
    id: String,
}

impl Subject {
    /// As the engine takes it.
    pub fn read(self, at: &str) -> Result<DataSubject> {
        let person = self.person.map(|id| DataSubject::Person(id.0));
        let record = self.record.map(|record| {
            let (connector, object) = (record.connector.0, record.object.0);
            DataSubject::Record(RecordRef { connector, object, id: record.id })
        });
        let run = self.run.map(|id| DataSubject::Run(id.0));
        let mut given = [person, record, run].into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(subject), None) => Ok(subject),
            _ => Err(Error::new(Code::InvalidRequest, "name one of `person`, `record` and `run`")
                .at(at)
                .into()),
        }
    }
}

/// What is to be erased.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Erase {
    /// Of whom or what.
    subject: Subject,
    /// Why that is lawful.
    #[schema(value_type = String, example = "gdpr-17-1-b")]
    basis: Form<Slug>,
    /// Where the request is filed; sealed.
    request_ref: String,
    /// When the last backup is gone that still holds the values. Needed where keys stay: for a run that shares them with
    /// others, for a person, and for attached files.
    #[schema(value_type = Option<String>)]
    complete_by: Option<Form<Timestamp>>,
    /// Erase although the retention period runs. That is recorded. A hold cannot be overridden.
    #[serde(default)]
    override_retention: bool,
}

/// Erase values for good.
///
/// Open runs about the subject are cancelled first. What is erased cannot be brought back; the proofs of every run stay valid.
#[utoipa::path(
    post, path = "/v1/erasures", tag = "erasures", request_body = Erase,
    responses((status = 201, description = "The erasure", body = Erasure))
)]
pub async fn erase(
    State(app): State<App>,
    Signed(caller): Signed,
    Posted { body, key }: Posted<Erase>,
) -> Result<(StatusCode, Json<Erasure>)> {
    let request = ErasureRequest {
        subject: body.subject.read("/subject")?,
        basis: body.basis.0,
        request_ref: body.request_ref,
        complete_by: Form::opt(body.complete_by),
        override_retention: body.override_retention,
    };
    let view = app.engine().erase(&caller, request, key.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(view.into())))
}

/// List erasures, newest first.
#[utoipa::path(
    get, path = "/v1/erasures", tag = "erasures", params(Window),
    responses((status = 200, description = "A page of erasures", body = Page<Erasure>))
)]
pub async fn list(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(window): Params<Window>,
) -> Result<Json<Page<Erasure>>> {
    let before = Page::<Erasure>::place(window.cursor.as_deref())?;
    let unknown = |_| Error::new(Code::InvalidRequest, "`cursor` is no `next` of this list").at("/cursor");
    let before = before.map(|place| place.parse().map_err(unknown)).transpose()?;
    let limit = window.limit.unwrap_or(LIMIT);
    if !(1..=store::page::PAGE_MAX).contains(&limit) {
        let message = format!("`limit` is 1 to {}", store::page::PAGE_MAX);
        return Err(Error::new(Code::InvalidRequest, message).at("/limit").into());
    }
    let mut views = app.engine().list_erasures(&caller, before, limit + 1).await?;
    let more = views.len() > limit;
    views.truncate(limit);
    let next = views.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(Page::of(views, next)))
}
