//! What is wrong with a manifest: file, place, fact, remedy.

use std::fmt;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The key path, such as `objects.ticket.actions.update.proof`; empty for the file as a whole.
    pub at: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if !self.at.is_empty() {
            write!(f, "`{}`: ", self.at)?;
        }
        write!(f, "{}; {}", self.what, self.fix)
    }
}

/// Everything that is wrong with one manifest, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    pub(super) fn one(file: &str, at: &str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self(vec![Fault { file: file.to_owned(), at: at.to_owned(), what: what.into(), fix: fix.into() }])
    }
}
