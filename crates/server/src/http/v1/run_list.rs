//! The list of runs, by what is known of them.

use axum::Json;
use axum::extract::State;
use domain::id::RunId;
use domain::mutation::{Environment, RecordRef};
use domain::principal::Principal;
use domain::run::{DecisionWord, Stage};
use engine::access::Caller;
use engine::queries::{self, RunFilter};
use engine::{Code, Error};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::api::RunSummary;
use crate::http::auth::Signed;
use crate::http::json::Read;
use crate::http::pagination::{Page, Params};
use crate::http::problem::{Problem, Result};

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
    /// Free text, at most 200 characters: terms separated by spaces, of which each must match the start of the run's id, a
    /// part of a word of its row, of a name in it, or of its reason, or the exact id of a record, also as
    /// `<connector>/<object>/<id>`. One request looks at 2,000 runs; `scanned` says at how many it did, and `next` goes on.
    q: Option<String>,
    /// At most this many, 1 to 200; 50 unless given.
    limit: Option<usize>,
    /// Where to go on: the `next` of the page before.
    cursor: Option<String>,
}

/// A page of the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunPage {
    /// The runs.
    items: Vec<RunSummary>,
    /// The cursor of the next page; `null` on the last one. A search may go on although its page is not full.
    #[schema(required)]
    next: Option<String>,
    /// How many runs a search has looked at for this page; missing when nothing is searched for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scanned: Option<usize>,
}

impl RunPage {
    fn of(page: queries::RunPage) -> Self {
        let Page { items, next } = Page::of(page.items, page.next);
        Self { items, next, scanned: page.scanned }
    }
}

/// List runs, newest first.
#[utoipa::path(
    get, path = "/v1/runs", tag = "runs", params(RunsQuery),
    responses((status = 200, description = "A page of runs", body = RunPage))
)]
pub async fn list(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(query): Params<RunsQuery>,
) -> Result<Json<RunPage>> {
    if let Some(id) = query.q.as_deref().and_then(|words| RunId::parse(words).ok()) {
        return one(&app, &caller, id).await.map(Json);
    }
    let filter = filter(&app, &caller, query).await?;
    Ok(Json(RunPage::of(app.engine().list_runs(&caller, filter).await?)))
}

/// A page with the one run that was asked for, if the caller may see it.
async fn one(app: &App, caller: &Caller, id: RunId) -> Result<RunPage> {
    let engine = app.engine();
    let row = match engine.show_run(caller, id).await {
        Ok(_) => engine.store().run_row(caller.workspace, id).await?,
        Err(error) if error.code == Code::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let control = engine.control(caller.workspace).await?;
    let summary = row.map(|row| queries::RunSummary { proposer: control.named_text(&row.proposer), row });
    Ok(RunPage::of(queries::RunPage { items: summary.into_iter().collect(), next: None, scanned: Some(1) }))
}

async fn filter(app: &App, caller: &Caller, query: RunsQuery) -> Result<RunFilter> {
    let stages =
        query.stage.iter().flat_map(|stages| stages.split(',')).map(|stage| word::<Stage>(stage, "stage"));
    let mut filter = RunFilter {
        stages: stages.collect::<Result<_>>()?,
        connector: query.connector.map(|name| word(&name, "connector")).transpose()?,
        object: query.object.map(|name| word(&name, "object")).transpose()?,
        record: query.record.map(|record| self::record(&record, "record")).transpose()?,
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
        search: query.q,
        cursor: Page::<RunSummary>::place(query.cursor.as_deref())?,
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

fn record(text: &str, name: &str) -> Result<RecordRef> {
    let parts: Vec<&str> = text.splitn(3, '/').collect();
    let &[connector, object, id] = parts.as_slice() else {
        let message = format!("`{name}`: a record is `<connector>/<object>/<id>`");
        return Err(Error::new(Code::InvalidRequest, message).at(format!("/{name}")).into());
    };
    Ok(RecordRef { connector: word(connector, name)?, object: word(object, name)?, id: id.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_keeps_slashes_in_its_id() {
        let read = record("help-desk/ticket/a/b", "q").unwrap();
        assert_eq!(read.to_string(), "help-desk/ticket/a/b");
        for bad in ["help-desk/ticket", "Help Desk/ticket/1", ""] {
            assert!(record(bad, "q").is_err(), "{bad}");
        }
    }
}
