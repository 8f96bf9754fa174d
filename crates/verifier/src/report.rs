//! What a verifier answers: the verdict, every check with its reasons, and the story, as text and as JSON.

mod json;
mod text;

use proof::bundle::Manifest;

use crate::checks::signatures::Head;
use crate::finding::{Checked, Finding};
use crate::story::Story;
use crate::values::Counts;
use crate::verdict::Verdict;

/// The answer about one bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The worst of everything.
    pub verdict: Verdict,
    /// The table of contents, where it can be read.
    pub manifest: Option<Manifest>,
    /// The head of the log, where it can be read.
    pub head: Option<Head>,
    /// How many sealed fields are disclosed, erased and withheld.
    pub fields: Counts,
    /// The runs, by id.
    pub runs: Vec<Story>,
    /// Every check, in order.
    pub checks: Vec<Checked>,
}

impl Report {
    /// Everything that is not as it should be.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.checks.iter().flat_map(|checked| &checked.findings)
    }

    /// The report that a person reads.
    pub fn to_text(&self) -> String {
        text::write(self)
    }

    /// The report that a program reads: one JSON object of the form `actionplane.report/1`.
    pub fn to_json(&self) -> String {
        json::write(self)
    }
}
