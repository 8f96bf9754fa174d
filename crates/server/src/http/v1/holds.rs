//! Legal holds: what must be kept, whatever is asked for.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::id::{HoldId, PersonId, RunId};
use domain::mutation::RecordRef;
use domain::name::Slug;
use domain::time::Timestamp;
use engine::admin::{DataSubject, HoldView, NewHold, Selector};
use engine::{Code, Error};
use proof::json::Value;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Rationale;
use super::erasures::Subject;
use crate::http::App;
use crate::http::api::Named;
use crate::http::auth::Signed;
use crate::http::json::{Any, Form, Posted};
use crate::http::pagination::{Page, Params, Window};
use crate::http::problem::Result;

/// A hold that stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hold {
    /// Its id.
    #[schema(example = "hold_01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// What it is for.
    matter: String,
    /// What it keeps.
    #[schema(value_type = Kept)]
    selector: Any,
    /// Who placed it.
    by: Named,
    /// When.
    at: String,
    /// When it ends by itself.
    #[schema(required)]
    until: Option<String>,
}

impl From<HoldView> for Hold {
    fn from(view: HoldView) -> Self {
        Self {
            id: view.id.to_string(),
            matter: view.matter,
            selector: Any(view.selector),
            by: view.by.into(),
            at: view.at,
            until: view.until,
        }
    }
}

/// What a hold keeps: `"everything"`, or values of one subject.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what is read from any JSON, so that a fault is told in words")]
enum Kept {
    /// `everything`
    Everything(String),
    /// One subject.
    Of(Subject),
}

/// A new hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceHold {
    /// What it is for. Up to 4,000 characters; sealed.
    matter: String,
    /// What it keeps; sealed.
    #[schema(value_type = Kept)]
    selector: Any,
    /// When it ends by itself; never unless given.
    #[schema(value_type = Option<String>)]
    until: Option<Form<Timestamp>>,
}

/// Place a hold: nothing that it keeps is erased until it is released.
#[utoipa::path(
    post, path = "/v1/holds", tag = "erasures", request_body = PlaceHold,
    responses((status = 201, description = "The hold", body = Hold))
)]
pub async fn place(
    State(app): State<App>,
    Signed(caller): Signed,
    Posted { body, key }: Posted<PlaceHold>,
) -> Result<(StatusCode, Json<Hold>)> {
    let selector = selector(&body.selector.0).ok_or_else(|| {
        let message = "a selector is `\"everything\"` or an object with one of `person`, `record` and `run`";
        Error::new(Code::InvalidRequest, message).at("/selector")
    })?;
    let new = NewHold { matter: body.matter, selector, until: Form::opt(body.until) };
    let view = app.engine().place_hold(&caller, new, key.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(view.into())))
}

fn selector(value: &Value) -> Option<Selector> {
    if value.as_str() == Some("everything") {
        return Some(Selector::Everything);
    }
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, value) = members.first_key_value()?;
    let subject = match name.as_str() {
        "person" => DataSubject::Person(PersonId::parse(value.as_str()?).ok()?),
        "run" => DataSubject::Run(RunId::parse(value.as_str()?).ok()?),
        "record" => {
            value.as_object().filter(|members| members.len() == 3)?;
            let text = |name| value.get(name).and_then(Value::as_str);
            let slug = |name| Slug::parse(text(name)?).ok();
            let (connector, object) = (slug("connector")?, slug("object")?);
            DataSubject::Record(RecordRef { connector, object, id: text("id")?.to_owned() })
        }
        _ => return None,
    };
    Some(Selector::Of(subject))
}

/// List holds that stand, in the order in which they were placed.
#[utoipa::path(
    get, path = "/v1/holds", tag = "erasures", params(Window),
    responses((status = 200, description = "A page of holds", body = Page<Hold>))
)]
pub async fn list(
    State(app): State<App>,
    Signed(caller): Signed,
    Params(window): Params<Window>,
) -> Result<Json<Page<Hold>>> {
    let all = app.engine().list_holds(&caller).await?;
    Ok(Json(Page::cut(all.into_iter().map(Hold::from), &window, |hold| hold.id.clone())?))
}

/// Release a hold.
#[utoipa::path(
    delete, path = "/v1/holds/{id}", tag = "erasures", request_body = Rationale,
    params(("id" = String, Path, description = "The hold")),
    responses((status = 204, description = "It keeps nothing any more"))
)]
pub async fn release(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    Posted { body, .. }: Posted<Rationale>,
) -> Result<StatusCode> {
    let id = HoldId::parse(&id).map_err(|_| Error::not_found("hold", &id))?;
    app.engine().release_hold(&caller, id, body.rationale.as_deref().unwrap_or_default()).await?;
    Ok(StatusCode::NO_CONTENT)
}
