//! What can go wrong on the command line, and with which exit code that ends.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Deserialize;

use super::paint::{BOLD, DIM, RED, paint, printable};

/// How a command ended that did not go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As asked.
    Done,
    /// Policy or a person said no.
    Refused,
    /// What was looked at is not as it should be.
    Unsound,
}

impl Ending {
    /// 0, or 3 for a no.
    pub fn exit(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::Refused => ExitCode::from(3),
            Self::Unsound => ExitCode::FAILURE,
        }
    }
}

/// A problem as the server tells it (RFC 9457).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// Stable and machine-readable.
    pub code: String,
    /// The kind of problem in words.
    pub title: String,
    /// What is wrong this time.
    pub detail: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where in the request body, as a JSON Pointer (RFC 6901).
    pub pointer: Option<String>,
    /// For whoever reads the server's log.
    pub request_id: Option<String>,
}

/// Why a command could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server refused.
    #[error("{}", .problem.code)]
    Problem {
        /// As it said it.
        problem: Box<Problem>,
        /// Its body, verbatim.
        body: String,
        /// HTTP status.
        status: u16,
    },
    /// No answer came.
    #[error("no answer from `{url}`")]
    Unreachable {
        /// Where the server was looked for.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// An answer that is none of the server's.
    #[error("the answer of `{url}` is not the one of an ActionPlane server: {what}")]
    Answer {
        /// Who answered.
        url: String,
        /// What is wrong with it.
        what: String,
    },
    /// The arguments contradict each other, or the terminal cannot ask.
    #[error("{0}")]
    Usage(String),
    /// Something that the user must look into.
    #[error("{what}")]
    Other {
        /// What is wrong.
        what: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A file.
    #[error("`{}` cannot be {verb}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// `read` or `written`.
        verb: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// The result of everything here.
pub type Result<T = Ending> = std::result::Result<T, Failure>;

impl Failure {
    /// Something that the user must look into.
    pub fn other(what: impl Into<String>) -> Self {
        Self::Other { what: what.into(), hint: None }
    }

    /// A file that cannot be read.
    pub fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, verb: "read", source }
    }

    /// A file that cannot be written.
    pub fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, verb: "written", source }
    }

    /// The server's code, when it is the server that refused.
    pub fn code(&self) -> Option<&str> {
        if let Self::Problem { problem, .. } = self { Some(&problem.code) } else { None }
    }

    /// The server's problem, verbatim.
    pub fn body(&self) -> Option<&str> {
        if let Self::Problem { body, .. } = self { Some(body) } else { None }
    }

    /// 2 for a call that makes no sense, 1 for the rest.
    pub fn exit(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Problem { .. }
            | Self::Unreachable { .. }
            | Self::Answer { .. }
            | Self::Other { .. }
            | Self::File { .. } => ExitCode::FAILURE,
        }
    }

    /// For people: the code, what is wrong, and what to do about it.
    pub fn report(&self) -> String {
        let mut lines = match self {
            Self::Problem { problem, status, .. } => problem.lines(*status),
            Self::Unreachable { source, .. } => vec![self.to_string(), innermost(source)],
            Self::File { source, .. } => vec![self.to_string(), source.to_string()],
            Self::Answer { .. } | Self::Usage(_) | Self::Other { .. } => vec![self.to_string()],
        };
        let hint = match self {
            Self::Problem { problem, .. } if problem.code == "unauthenticated" => {
                Some("sign in with `actionplane login`, or pass --token".to_owned())
            }
            Self::Problem { problem, .. } => problem.hint.clone(),
            Self::Unreachable { .. } => {
                Some("start a server with `actionplane serve`, or name it with --url".to_owned())
            }
            Self::Other { hint, .. } => hint.clone(),
            Self::Answer { .. } | Self::Usage(_) | Self::File { .. } => None,
        };
        lines.extend(hint.map(|hint| format!("{} {}", paint(BOLD, "hint:"), printable(&hint))));
        let code = self.code().map(|code| format!("[{}]", printable(code))).unwrap_or_default();
        format!("{} {}", paint(RED.bold(), &format!("error{code}:")), lines.join("\n  "))
    }
}

impl Problem {
    fn lines(&self, status: u16) -> Vec<String> {
        let what = self.detail.as_deref().unwrap_or(&self.title);
        let mut lines = vec![printable(what)];
        lines.extend(self.pointer.as_ref().map(|pointer| format!("at {}", printable(pointer))));
        let request = self.request_id.as_deref().map(|id| format!(", request {}", printable(id)));
        lines.push(paint(DIM, &format!("HTTP {status}{}", request.unwrap_or_default())));
        lines
    }
}

/// The last cause is the one that helps: "connection refused" rather than "error sending request".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
