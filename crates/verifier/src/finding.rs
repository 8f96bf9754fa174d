//! Checks by name, and what they found. A finding says where and in a sentence; it never quotes a sealed value.

use std::fmt;

use crate::verdict::Verdict;

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $title:literal, $asks:literal;)*) => {
        /// One thing that is looked at. Reports name it by its id.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Check { $($(#[$doc])* $name,)* }

        impl Check {
            /// Every check, in the order in which reports show them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable id.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// A heading.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What it asks, as a sentence.
            pub fn asks(self) -> &'static str {
                match self { $(Self::$name => $asks,)* }
            }
        }
    };
}

checks! {
    /// The table of contents.
    Manifest = "manifest", "Table of contents", "Every file is listed, present and unchanged.";
    /// The trust policy.
    Trust = "trust", "Trust", "A trust policy from outside the bundle names a key that signed.";
    /// Signed heads.
    Signatures = "signatures", "Signatures", "Every head is signed by the log, cosigned by enough witnesses, and fresh enough.";
    /// The form of leaves.
    Leaves = "leaves", "Events", "Every event is written in the one strict form.";
    /// Inclusion proofs.
    Inclusion = "inclusion", "Inclusion", "Every event stands in the signed log, at the position that it claims.";
    /// The chain of each run.
    Chain = "chain", "Chain", "No event of a run is missing, repeated or out of order, from the proposal to the close.";
    /// Plans.
    Plans = "plans", "Plans", "The mutations in this bundle are those whose digest was approved and executed.";
    /// The run's own rules.
    Replay = "replay", "Rules of the run", "Replayed event by event, the run kept every rule.";
    /// Approvers' seats.
    Approvals = "approvals", "Approvers", "Whoever approved was entitled to, when they did and when it counted.";
    /// Policy sets.
    Policies = "policies", "Policy sets", "The decision was made by the set in force, which a second person activated.";
    /// Decisions.
    Decisions = "decisions", "Decisions", "Evaluated again from the recorded input, policy decides the same.";
    /// Attempts.
    Dispatch = "dispatch", "Execution", "Every write was of an approved mutation, with enough evidence, and while nothing was paused.";
    /// Recoveries.
    Recovery = "recovery", "Recovery", "What is said to be taken back was taken back by the recovery run.";
    /// Sealed values.
    Disclosures = "disclosures", "Disclosed fields", "Every disclosed value is the one that was sealed, and no erased value is present.";
    /// Times.
    Times = "times", "Times", "Times do not run backwards, and no event is later than the witness that saw it.";
    /// Kept checkpoints.
    Consistency = "consistency", "Earlier heads", "The log only grew since the heads that you kept.";
    /// Whole logs.
    FullLog = "full_log", "The whole log", "The entries of the whole log give the signed root, and hide no event of a run.";
    /// Outside anchors.
    Anchors = "anchors", "Anchors", "Time-stamp tokens are about this head.";
    /// Other formats.
    Projections = "projections", "Exports", "Exports in other formats say what the events say.";
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// The file of the bundle.
    pub file: Option<String>,
    /// The run.
    pub run: Option<String>,
    /// The position in the log.
    pub index: Option<u64>,
}

impl Place {
    /// The bundle as a whole.
    pub fn bundle() -> Self {
        Self::default()
    }

    /// A file.
    pub fn file(name: impl Into<String>) -> Self {
        Self { file: Some(name.into()), ..Self::default() }
    }

    /// A run.
    pub fn run(run: impl ToString) -> Self {
        Self { run: Some(run.to_string()), ..Self::default() }
    }

    /// The event at a position of the log.
    pub fn at(mut self, index: u64) -> Self {
        self.index = Some(index);
        self
    }

    /// In a file.
    pub fn within(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = self.index.map(|index| format!("event {index}"));
        let parts = [self.run.clone(), index, self.file.clone()];
        let told: Vec<String> = parts.into_iter().flatten().collect();
        if told.is_empty() { f.write_str("the bundle") } else { f.write_str(&told.join(", ")) }
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which check found it.
    pub check: Check,
    /// What it makes of the bundle.
    pub verdict: Verdict,
    /// Where.
    pub place: Place,
    /// What, as a sentence.
    pub sentence: String,
}

/// Something that could not be looked at, and does not count for or against the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotJudged {
    /// Where.
    pub place: Place,
    /// Why, as a sentence.
    pub sentence: String,
}

/// A check with everything that it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Which.
    pub check: Check,
    /// How many things were looked at.
    pub looked_at: u64,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
    /// What was left open.
    pub not_judged: Vec<NotJudged>,
}

/// How a check went, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All that was looked at is as it should be.
    Passed,
    /// Something is not.
    Failed,
    /// It could not be looked at.
    NotJudged,
    /// The bundle has nothing of the kind.
    Nothing,
}

impl State {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotJudged => "not_judged",
            Self::Nothing => "nothing",
        }
    }
}

impl Checked {
    /// How it went.
    pub fn state(&self) -> State {
        if !self.findings.is_empty() {
            State::Failed
        } else if self.looked_at > 0 {
            State::Passed
        } else if !self.not_judged.is_empty() {
            State::NotJudged
        } else {
            State::Nothing
        }
    }
}

/// Collects what checks say.
#[derive(Debug, Default)]
pub struct Docket {
    looked_at: std::collections::BTreeMap<Check, u64>,
    findings: Vec<Finding>,
    not_judged: Vec<(Check, NotJudged)>,
}

impl Docket {
    /// One more thing was looked at.
    pub fn look(&mut self, check: Check) {
        *self.looked_at.entry(check).or_default() += 1;
    }

    /// Something is not as it should be.
    pub fn find(&mut self, check: Check, verdict: Verdict, place: Place, sentence: impl Into<String>) {
        self.findings.push(Finding { check, verdict, place, sentence: sentence.into() });
    }

    /// Something is not what was recorded.
    pub fn tampered(&mut self, check: Check, place: Place, sentence: impl Into<String>) {
        self.find(check, Verdict::Tampered, place, sentence);
    }

    /// Something is missing.
    pub fn missing(&mut self, check: Check, place: Place, sentence: impl Into<String>) {
        self.find(check, Verdict::Incomplete, place, sentence);
    }

    /// A rule was broken.
    pub fn violation(&mut self, check: Check, place: Place, sentence: impl Into<String>) {
        self.find(check, Verdict::Violation, place, sentence);
    }

    /// A version or type is not known.
    pub fn unknown(&mut self, check: Check, place: Place, sentence: impl Into<String>) {
        self.find(check, Verdict::CannotJudge, place, sentence);
    }

    /// Something could not be looked at.
    pub fn leave_open(&mut self, check: Check, place: Place, sentence: impl Into<String>) {
        self.not_judged.push((check, NotJudged { place, sentence: sentence.into() }));
    }

    /// The worst that was found.
    pub fn worst(&self) -> Verdict {
        self.findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Valid)
    }

    /// Whether anything was found by these checks that makes the evidence of a run unfit to be judged by its rules.
    pub fn spoils(&self, checks: &[Check], run: &str) -> bool {
        let concerns = |place: &Place| place.run.as_deref().is_none_or(|named| named == run);
        self.findings.iter().any(|finding| {
            checks.contains(&finding.check)
                && concerns(&finding.place)
                && matches!(finding.verdict, Verdict::Tampered | Verdict::Incomplete | Verdict::CannotJudge)
        })
    }

    /// Every check with what it says, in order.
    pub fn close(mut self) -> Vec<Checked> {
        let told = |check: &Check| {
            let findings: Vec<_> = self.findings.iter().filter(|one| one.check == *check).cloned().collect();
            let open = self.not_judged.iter().filter(|(of, _)| of == check);
            Checked {
                check: *check,
                looked_at: self.looked_at.get(check).copied().unwrap_or_default(),
                findings,
                not_judged: open.map(|(_, one)| one.clone()).collect(),
            }
        };
        let checked = Check::ALL.iter().map(told).collect();
        self.findings.clear();
        checked
    }
}
