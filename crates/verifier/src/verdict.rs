//! The words in which a verifier answers, from best to worst. The worst of all findings is the verdict.

use std::fmt;

/// What a bundle amounts to. Later ones are worse.
///
/// A fault that is certain outweighs what could not be judged, and what could not be judged outweighs what is only
/// missing or open: a version that this program does not know may change what all the rest means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Everything holds, all fields are disclosed.
    Valid,
    /// It holds; some fields are erased or withheld.
    ValidRedacted,
    /// It holds; a run is not closed.
    Open,
    /// It holds; too few witnesses cosigned.
    Unwitnessed,
    /// Nobody whom the auditor trusts signed.
    Untrusted,
    /// Something is missing.
    Incomplete,
    /// A version or type that this program does not know.
    CannotJudge,
    /// Authentic evidence of a broken rule.
    Violation,
    /// Not what was recorded.
    Tampered,
}

impl Verdict {
    /// Every verdict, from best to worst.
    pub const ALL: [Self; 9] = [
        Self::Valid,
        Self::ValidRedacted,
        Self::Open,
        Self::Unwitnessed,
        Self::Untrusted,
        Self::Incomplete,
        Self::CannotJudge,
        Self::Violation,
        Self::Tampered,
    ];

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "VALID",
            Self::ValidRedacted => "VALID_REDACTED",
            Self::Open => "OPEN",
            Self::Unwitnessed => "UNWITNESSED",
            Self::Untrusted => "UNTRUSTED",
            Self::Incomplete => "INCOMPLETE",
            Self::CannotJudge => "CANNOT_JUDGE",
            Self::Violation => "VIOLATION",
            Self::Tampered => "TAMPERED",
        }
    }

    /// The program's exit code. 2 is a mistake in its use.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Valid | Self::ValidRedacted => 0,
            Self::CannotJudge => 1,
            Self::Open | Self::Unwitnessed => 3,
            Self::Untrusted => 4,
            Self::Incomplete => 5,
            Self::Tampered => 6,
            Self::Violation => 7,
        }
    }

    /// What it means, for a reader who knows nothing of logs.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Valid => "Everything holds, and every field is disclosed.",
            Self::ValidRedacted => {
                "Everything holds. Some fields are erased or withheld; what they say is not part of this judgment."
            }
            Self::Open => "What is here holds, but a run is not closed: more events may follow.",
            Self::Unwitnessed => {
                "What is here holds, but too few witnesses cosigned: the operator could show another history to somebody else."
            }
            Self::Untrusted => {
                "What is here agrees with itself, but nobody whom you trust signed it. It proves nothing until you check it with a trust policy of your own."
            }
            Self::Incomplete => "Something is missing, so what is here cannot be judged as a whole.",
            Self::CannotJudge => {
                "The bundle uses a version or a type of event that this program does not know. Use a newer verifier."
            }
            Self::Violation => "The evidence is authentic, and it shows that a rule was broken.",
            Self::Tampered => "This is not what was recorded: something was changed, added or forged.",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Printed at the end of every report.
pub const CLOSING: &str = "This proves what was recorded and that it was not changed. It does not prove that nothing happened outside the gateway.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_listed_from_best_to_worst_and_have_words_of_their_own() {
        assert!(Verdict::ALL.is_sorted_by(|better, worse| better < worse));
        let mut words = Verdict::ALL.map(Verdict::word);
        words.sort_unstable();
        assert!(words.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn only_what_holds_in_full_ends_the_program_with_success() {
        let codes = Verdict::ALL.map(Verdict::exit_code);
        assert_eq!(codes, [0, 0, 3, 3, 4, 5, 1, 7, 6]);
    }
}
