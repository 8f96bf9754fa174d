//! Lists: `limit` and `cursor` in, `items` and `next` out.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use engine::{Code, Error};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::problem::{Problem, Result};

/// Query parameters; unknown ones are refused like unknown members.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        let Query(params) = query.map_err(|rejection| {
            let message = rejection.body_text();
            let message = message.strip_prefix("Failed to deserialize query string: ").unwrap_or(&message);
            Problem::from(Error::new(Code::InvalidRequest, format!("the query cannot be read: {message}")))
        })?;
        Ok(Self(params))
    }
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Window {
    /// At most this many, 1 to 200; 50 unless given.
    pub limit: Option<usize>,
    /// Where to go on: the `next` of the page before.
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page; `null` on the last one.
    #[schema(required)]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of converted items.
    pub fn of<U: Into<T>>(items: impl IntoIterator<Item = U>, next: Option<String>) -> Self {
        Self { items: items.into_iter().map(Into::into).collect(), next }
    }
}
