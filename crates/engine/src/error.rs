//! What can go wrong, in the one public shape: a stable code, what is wrong, where, and what to do.

use std::fmt;

use domain::run::Refusal;

use crate::code::Code;

/// A public error. Nothing was recorded unless the message says so.
#[derive(Debug)]
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// What is wrong, for people.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where in the request, as a JSON Pointer (RFC 6901).
    pub pointer: Option<String>,
    /// When to try again.
    pub retry_after_s: Option<u64>,
    /// The inner cause, for the log; never shown.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of every engine operation.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with a code and a message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, pointer: None, retry_after_s: None, cause: None }
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds where in the request it is.
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// Adds when to try again.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Adds the inner cause.
    pub fn because(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    /// There is no such thing, or it is not the caller's to see.
    pub fn not_found(what: &str, id: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no {what} `{id}`"))
    }

    /// An error of ours.
    pub fn internal(what: &'static str) -> Self {
        Self::new(Code::Internal, what)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.word(), self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        let (code, message) = match &error {
            store::Error::Conflict(store::Conflict::Idempotency(_)) => {
                (Code::IdempotencyInFlight, "a request with this idempotency key is being handled")
            }
            store::Error::Conflict(store::Conflict::Lookup { .. }) => {
                (Code::AlreadyExists, "something else has that name")
            }
            store::Error::Conflict(_) => (Code::Conflict, "somebody else changed this at the same time"),
            store::Error::Unavailable { .. } => (Code::Unavailable, "the store cannot answer now"),
            store::Error::TooLarge { .. } => (Code::InvalidPlan, "more than one commit can hold"),
            store::Error::Cursor => (Code::InvalidRequest, "the cursor does not belong to this list"),
            store::Error::Corrupt { .. }
            | store::Error::Refused { .. }
            | store::Error::Malformed(_)
            | store::Error::Vault(_) => (Code::Internal, "the store refused what should be sound"),
        };
        let cursor = matches!(error, store::Error::Cursor);
        let error = Self::new(code, message).because(error);
        if cursor { error.at("/cursor") } else { error }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let code = Code::parse(refusal.code()).unwrap_or(Code::StageConflict);
        let error = Self::new(code, refusal.to_string());
        #[expect(clippy::wildcard_enum_match_arm, reason = "most refusals say it all")]
        let hint = match &refusal {
            Refusal::PlanDigestMismatch { .. } => "read the run again and decide on what it shows now",
            Refusal::RunTakenOver { .. } => "wait until the run is handed back, or talk to its holder",
            Refusal::Unsettled { .. } => "reconcile the outcome first",
            Refusal::SeparationOfDuties => "ask another member of the group",
            _ => return error,
        };
        error.hint(hint)
    }
}

impl From<domain::wire::Corrupt> for Error {
    fn from(corrupt: domain::wire::Corrupt) -> Self {
        Self::new(
            Code::RunDamaged,
            "the run's stored events do not replay: it is kept as it is and nothing is done with it",
        )
        .hint("compare the data directory with a backup; other runs go on")
        .because(corrupt)
    }
}

impl From<domain::wire::SealFault> for Error {
    fn from(fault: domain::wire::SealFault) -> Self {
        match &fault {
            domain::wire::SealFault::Form(proof::strict::Fault::TooLarge) => {
                Self::new(Code::InvalidPlan, "a value is larger than one event can hold").because(fault)
            }
            domain::wire::SealFault::Form(_)
            | domain::wire::SealFault::Names(_)
            | domain::wire::SealFault::Cause(_) => {
                Self::internal("an event does not fit the evidence format").because(fault)
            }
        }
    }
}
