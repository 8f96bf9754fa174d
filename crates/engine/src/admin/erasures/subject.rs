//! Of whom or what values are erased or held.

use std::fmt;

use domain::id::{PersonId, RunId};
use domain::mutation::RecordRef;
use proof::json::{Value, object};

use crate::access::Caller;
use crate::admin::auth::person_of;
use crate::{Code, Engine, Error, Result};

/// Of whom or what values are erased or held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSubject {
    /// A person of the workspace: their name wherever it stands, and their account.
    Person(PersonId),
    /// A record of a system of record: its values, and what runs about it say.
    Record(RecordRef),
    /// One run.
    Run(RunId),
}

impl fmt::Display for DataSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "{id}"),
            Self::Record(record) => write!(f, "{}/{}", record.connector, record.object),
            Self::Run(id) => write!(f, "{id}"),
        }
    }
}

impl DataSubject {
    /// As requests write it.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Person(id) => object([("person", id.to_string().into())]),
            Self::Record(record) => {
                let record = object([
                    ("connector", record.connector.as_str().into()),
                    ("id", record.id.as_str().into()),
                    ("object", record.object.as_str().into()),
                ]);
                object([("record", record)])
            }
            Self::Run(id) => object([("run", id.to_string().into())]),
        }
    }
}

impl Engine {
    /// Refuses a subject that is not there, or not to be touched by this caller.
    pub(in crate::admin) async fn check_subject(&self, caller: &Caller, subject: &DataSubject) -> Result<()> {
        match subject {
            DataSubject::Person(id) => {
                person_of(&*self.control(caller.workspace).await?, *id)?;
            }
            DataSubject::Run(id) => {
                self.visible(caller, *id).await?;
            }
            // Nobody here knows which records there are.
            DataSubject::Record(_) => {}
        }
        Ok(())
    }

    /// Refuses to erase a person who still may act, or oneself.
    pub(super) async fn check_erasable(&self, caller: &Caller, subject: &DataSubject) -> Result<()> {
        let DataSubject::Person(id) = subject else { return Ok(()) };
        if caller.principal.person() == Some(*id) {
            return Err(Error::new(Code::SecondPersonRequired, "nobody erases themselves")
                .hint("ask another admin")
                .at("/subject/person"));
        }
        if person_of(&*self.control(caller.workspace).await?, *id)?.disabled {
            return Ok(());
        }
        Err(Error::new(Code::InvalidRequest, "the person's account is open")
            .hint("close the account first: what they own or hold then goes to others")
            .at("/subject/person"))
    }
}
