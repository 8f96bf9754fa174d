//! What SQLite says, in the words of this crate.

use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::error::Error;

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        let is_value = code.is_none() && !matches!(error, rusqlite::Error::InvalidPath(_));
        if is_value || matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) {
            // Without a code it is a column of another type than this crate writes.
            Self::Corrupt { what: "database", source: Some(Arc::new(error)) }
        } else if matches!(code, Some(ErrorCode::ConstraintViolation)) {
            Self::Refused { source: Arc::new(error) }
        } else {
            Self::Unavailable { source: Arc::new(error) }
        }
    }
}
