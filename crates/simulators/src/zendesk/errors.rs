//! What the help desk refuses, and how it says so.

use std::collections::BTreeMap;
use std::fmt;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::system::Refusal;

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    NotAuthenticated,
    /// No such record, or it is deleted.
    NotFound,
    /// No such path, or not with this method.
    InvalidEndpoint,
    /// A part of the request has the wrong form.
    InvalidAttribute(&'static str),
    RecordInvalid(Details),
    /// `safe_update` with a stamp that is not the ticket's.
    UpdateConflict,
    /// An idempotency key that stands for another request.
    KeyReused,
    TooManyUpdates {
        retry_after_s: u64,
    },
}

/// Descriptions by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Details(BTreeMap<String, Vec<String>>);

impl Details {
    /// Adds `<Field>: <what>` under the field's API name.
    pub fn add(&mut self, field: &str, what: &str) {
        let mut title = field.replace('_', " ");
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        self.0.entry(field.to_owned()).or_default().push(format!("{title}: {what}"));
    }

    pub fn into_result(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::RecordInvalid(self)) }
    }

    fn show(&self) -> Value {
        let fields = self.0.iter().map(|(field, texts)| {
            (field.clone(), texts.iter().map(|text| json!({ "description": text })).collect::<Value>())
        });
        Value::Object(fields.collect())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAuthenticated => f.write_str("Couldn't authenticate you"),
            Self::NotFound | Self::InvalidEndpoint => f.write_str("Not found"),
            Self::InvalidAttribute(name) => write!(f, "You passed an invalid value for the {name} attribute."),
            Self::RecordInvalid(Details(fields)) => {
                let texts: Vec<_> = fields.values().flatten().map(String::as_str).collect();
                f.write_str(&texts.join("; "))
            }
            Self::UpdateConflict => {
                f.write_str("Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data and try again.")
            }
            Self::KeyReused => f.write_str("The request parameters differ from those first sent with this key."),
            Self::TooManyUpdates { .. } => f.write_str("More than 30 updates in 10 minutes to this ticket."),
        }
    }
}

impl Problem {
    pub fn answer(&self) -> Answer {
        let named = |status, error: &str| {
            Answer::json(status, &json!({ "error": error, "description": self.to_string() }))
        };
        match self {
            Self::NotAuthenticated => {
                Answer::json(StatusCode::UNAUTHORIZED, &json!({ "error": self.to_string() }))
            }
            Self::NotFound => named(StatusCode::NOT_FOUND, "RecordNotFound"),
            Self::InvalidEndpoint => named(StatusCode::NOT_FOUND, "InvalidEndpoint"),
            Self::InvalidAttribute(_) => Answer::json(
                StatusCode::BAD_REQUEST,
                &json!({ "error": { "title": "Invalid attribute", "message": self.to_string() } }),
            ),
            Self::RecordInvalid(details) => Answer::json(
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!({
                    "error": "RecordInvalid",
                    "description": "Record validation errors",
                    "details": details.show(),
                }),
            ),
            Self::UpdateConflict => named(StatusCode::CONFLICT, "UpdateConflict"),
            Self::KeyReused => named(StatusCode::BAD_REQUEST, "IdempotentRequestError"),
            Self::TooManyUpdates { retry_after_s } => named(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests")
                .with("retry-after", &retry_after_s.to_string()),
        }
    }
}

/// The answer that a fault asks for.
pub(crate) fn refuse(refusal: Refusal) -> Answer {
    let named = |status, error: &str, description: &str| {
        Answer::json(status, &json!({ "error": error, "description": description }))
    };
    match refusal {
        Refusal::RateLimited { retry_after_s } => {
            let seconds = retry_after_s.to_string();
            let description = "Number of allowed API requests per minute exceeded";
            named(StatusCode::TOO_MANY_REQUESTS, "APIRateLimitExceeded", description)
                .with("retry-after", &seconds)
                .with("ratelimit-reset", &seconds)
                .with("x-rate-limit", "700")
                .with("x-rate-limit-remaining", "0")
        }
        Refusal::ServerError => named(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "Something went wrong on our side",
        ),
        Refusal::Conflict => Problem::UpdateConflict.answer(),
        Refusal::RecordLocked => named(StatusCode::CONFLICT, "DatabaseConflict", "Database collision"),
        Refusal::Unauthorized => Problem::NotAuthenticated.answer(),
    }
}
