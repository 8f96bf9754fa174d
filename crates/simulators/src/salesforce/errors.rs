//! What the CRM refuses, and how it says so: an array of `{message, errorCode, fields}`.

use std::fmt;

use axum::http::StatusCode;
use serde_json::json;

use crate::exchange::Answer;
use crate::system::Refusal;

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    InvalidSession,
    /// No such record.
    NotFound,
    /// No such path, object or API version.
    NoResource,
    MethodNotAllowed,
    /// The record was deleted earlier.
    Deleted,
    /// An approval process holds the record.
    Locked,
    /// A condition of the request does not hold.
    PreconditionFailed,
    /// A conditional header that cannot be read.
    BadCondition(&'static str),
    /// A body that is no JSON object, or a value of the wrong JSON type.
    BadJson(String),
    UnknownField {
        object: &'static str,
        field: String,
    },
    /// A field that must not stand in the body, such as the id that the path has already.
    NotInBody {
        field: String,
    },
    ReadOnly {
        field: String,
    },
    ObjectReadOnly,
    RequiredMissing {
        fields: Vec<String>,
    },
    NotInPicklist {
        field: &'static str,
        label: &'static str,
        value: String,
    },
    TooLong {
        field: &'static str,
        label: &'static str,
        max: usize,
    },
    OutOfRange {
        field: &'static str,
        label: &'static str,
    },
    BadReference {
        field: &'static str,
        value: String,
    },
    Duplicate {
        field: &'static str,
        id: String,
    },
    /// A validation rule of this company.
    Rule {
        field: &'static str,
        message: &'static str,
    },
    BadQuery(String),
    /// A query with more rows than one answer holds.
    TooManyRows,
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::InvalidSession => StatusCode::UNAUTHORIZED,
            Self::NotFound | Self::NoResource | Self::Deleted => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::Locked
            | Self::BadCondition(_)
            | Self::BadJson(_)
            | Self::UnknownField { .. }
            | Self::NotInBody { .. }
            | Self::ReadOnly { .. }
            | Self::ObjectReadOnly
            | Self::RequiredMissing { .. }
            | Self::NotInPicklist { .. }
            | Self::TooLong { .. }
            | Self::OutOfRange { .. }
            | Self::BadReference { .. }
            | Self::Duplicate { .. }
            | Self::Rule { .. }
            | Self::BadQuery(_)
            | Self::TooManyRows => StatusCode::BAD_REQUEST,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::InvalidSession => "INVALID_SESSION_ID",
            Self::NotFound | Self::NoResource => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::Deleted => "ENTITY_IS_DELETED",
            Self::Locked => "ENTITY_IS_LOCKED",
            Self::PreconditionFailed => "PRECONDITION_FAILED",
            Self::BadCondition(_) => "BAD_REQUEST",
            Self::BadJson(_) => "JSON_PARSER_ERROR",
            Self::UnknownField { .. } | Self::NotInBody { .. } => "INVALID_FIELD",
            Self::ReadOnly { .. } => "INVALID_FIELD_FOR_INSERT_UPDATE",
            Self::ObjectReadOnly => "INSUFFICIENT_ACCESS_OR_READONLY",
            Self::RequiredMissing { .. } => "REQUIRED_FIELD_MISSING",
            Self::NotInPicklist { .. } => "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            Self::TooLong { .. } => "STRING_TOO_LONG",
            Self::OutOfRange { .. } => "NUMBER_OUTSIDE_VALID_RANGE",
            Self::BadReference { .. } => "INVALID_CROSS_REFERENCE_KEY",
            Self::Duplicate { .. } => "DUPLICATE_VALUE",
            Self::Rule { .. } => "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            Self::BadQuery(_) => "MALFORMED_QUERY",
            Self::TooManyRows => "OPERATION_TOO_LARGE",
        }
    }

    /// The fields that the answer names; most errors name none.
    fn fields(&self) -> Vec<&str> {
        match self {
            Self::ReadOnly { field } => vec![field],
            Self::RequiredMissing { fields } => fields.iter().map(String::as_str).collect(),
            Self::NotInPicklist { field, .. }
            | Self::TooLong { field, .. }
            | Self::OutOfRange { field, .. }
            | Self::BadReference { field, .. }
            | Self::Rule { field, .. } => vec![field],
            Self::InvalidSession
            | Self::NotFound
            | Self::NoResource
            | Self::MethodNotAllowed
            | Self::Deleted
            | Self::Locked
            | Self::PreconditionFailed
            | Self::BadCondition(_)
            | Self::BadJson(_)
            | Self::UnknownField { .. }
            | Self::NotInBody { .. }
            | Self::ObjectReadOnly
            | Self::Duplicate { .. }
            | Self::BadQuery(_)
            | Self::TooManyRows => vec![],
        }
    }

    pub fn answer(&self) -> Answer {
        let named = self.code();
        let mut error = json!({ "message": self.to_string(), "errorCode": named });
        let fields = self.fields();
        if !fields.is_empty()
            && let Some(error) = error.as_object_mut()
        {
            error.insert("fields".to_owned(), json!(fields));
        }
        Answer::json(self.status(), &json!([error]))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidSession => f.write_str("Session expired or invalid"),
            Self::NotFound => f.write_str("Provided external ID field does not exist or is not accessible"),
            Self::NoResource => f.write_str("The requested resource does not exist"),
            Self::MethodNotAllowed => f.write_str("HTTP method not allowed for this resource"),
            Self::Deleted => f.write_str("entity is deleted"),
            Self::Locked => f.write_str("the entity is locked for editing"),
            Self::PreconditionFailed => f.write_str("the record does not meet the request's precondition"),
            Self::BadCondition(header) => write!(f, "invalid value for the header {header}"),
            Self::BadJson(what) | Self::BadQuery(what) => f.write_str(what),
            Self::UnknownField { object, field } => {
                write!(f, "No such column '{field}' on sobject of type {object}")
            }
            Self::NotInBody { field } => {
                write!(f, "The {field} field should not be specified in the sobject data.")
            }
            Self::ReadOnly { field } => write!(
                f,
                "Unable to create/update fields: {field}. Please check the security settings of this field and verify that it is read/write for your profile or permission set."
            ),
            Self::ObjectReadOnly => f.write_str("insufficient access rights on object"),
            Self::RequiredMissing { fields } => {
                write!(f, "Required fields are missing: [{}]", fields.join(", "))
            }
            Self::NotInPicklist { label, value, .. } => {
                write!(f, "{label}: bad value for restricted picklist field: {value}")
            }
            Self::TooLong { label, max, .. } => {
                write!(f, "{label}: data value too large (max length={max})")
            }
            Self::OutOfRange { label, .. } => write!(f, "{label}: value outside of valid range"),
            Self::BadReference { value, .. } => write!(f, "invalid cross reference id: {value}"),
            Self::Duplicate { field, id } => {
                write!(f, "duplicate value found: {field} duplicates value on record with id: {id}")
            }
            Self::Rule { message, .. } => f.write_str(message),
            Self::TooManyRows => f.write_str("the query has too many rows for one answer: add a LIMIT"),
        }
    }
}

/// The answer that a fault asks for. The CRM sends no `Retry-After`.
pub(crate) fn refuse(refusal: Refusal) -> Answer {
    let error = |status, code: &str, message: &str| {
        Answer::json(status, &json!([{ "message": message, "errorCode": code }]))
    };
    match refusal {
        Refusal::RateLimited { .. } => {
            error(StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        }
        Refusal::ServerError => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "UNKNOWN_EXCEPTION",
            "An unexpected error occurred. Please include this ErrorId if you contact support: 1-2 (3)",
        ),
        Refusal::Conflict => Problem::PreconditionFailed.answer(),
        Refusal::RecordLocked => error(
            StatusCode::BAD_REQUEST,
            "UNABLE_TO_LOCK_ROW",
            "unable to obtain exclusive access to this record",
        ),
        Refusal::Unauthorized => Problem::InvalidSession.answer(),
    }
}
