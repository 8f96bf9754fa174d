//! Comments, kept as evidence like everything else.

use domain::command::Command;
use domain::id::RunId;
use proof::json::Value;

use super::IdempotencyKey;
use super::verdict::check_text;
use crate::access::{Caller, Operation};
use crate::ledger::Entry;
use crate::{Code, Engine, Error, Result};

impl Engine {
    /// Writes a comment on an open run.
    pub async fn comment(
        &self,
        caller: &Caller,
        id: RunId,
        text: String,
        key: Option<&IdempotencyKey>,
    ) -> Result<Entry> {
        caller.may(Operation::CommentRun)?;
        let person = caller.person("comment")?;
        if text.trim().is_empty() {
            return Err(Error::new(Code::InvalidRequest, "a comment says something").at("/comment"));
        }
        check_text(Some(&text), "/comment")?;
        self.command(caller, id, key, "comment", |_, _| {
            Ok(Command::Comment { person, comment: Value::Str(text.clone()) })
        })
        .await
    }
}
