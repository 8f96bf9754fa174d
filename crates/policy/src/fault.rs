//! Why a policy set does not load: every fault with its policy, its place in the text and a hint.

use std::fmt;

/// Everything that keeps a text from being a policy set. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadFaults(pub Vec<Fault>);

/// One fault in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The policy's `@id`; absent where it has none, or where the text is not yet a policy.
    pub policy: Option<String>,
    /// Where it is; absent where it concerns the whole text.
    pub place: Option<Place>,
    /// What is wrong.
    pub problem: Problem,
}

/// A place in the policy text, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column in the line.
    pub column: usize,
}

impl Place {
    /// The place of a byte offset.
    pub(crate) fn at(text: &str, offset: usize) -> Option<Self> {
        let before = text.get(..offset)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..)?.chars().count() + 1;
        Some(Self { line: before.matches('\n').count() + 1, column })
    }
}

/// What is wrong with a policy or with the whole text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is too long.
    #[error("the text has {bytes} bytes, at most {max} are allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The expression is too deep to be parsed safely.
    #[error("more than {max} {what}")]
    TooDeep {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// Too many policies.
    #[error("the set has {count} policies, at most {max} are allowed")]
    TooMany {
        /// How many there are.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// Cedar cannot read it.
    #[error("{message}")]
    Syntax {
        /// Cedar's words.
        message: String,
        /// Cedar's advice.
        help: Option<String>,
    },
    /// It reads, but does not fit the schema.
    #[error("{message}")]
    Invalid {
        /// Cedar's words.
        message: String,
        /// Cedar's advice.
        help: Option<String>,
    },
    /// A template instead of a policy.
    #[error("templates (`?principal`, `?resource`) are not allowed")]
    Template,
    /// No `@id`.
    #[error("the policy has no @id")]
    NoId,
    /// The `@id` of another policy.
    #[error("another policy has the same @id")]
    DuplicateId,
    /// An annotation that nobody reads.
    #[error("@{key} is not an annotation of ours")]
    UnknownAnnotation {
        /// Its name.
        key: String,
        /// The one that may have been meant.
        meant: Option<&'static str>,
    },
    /// A mandatory annotation is missing.
    #[error("an obligation needs @{0}")]
    Missing(&'static str),
    /// An annotation's value cannot be read.
    #[error("@{key}(\"{value}\") is not {expected}")]
    Malformed {
        /// The annotation.
        key: &'static str,
        /// What it says.
        value: String,
        /// What it should be.
        expected: String,
    },
    /// An annotation stands where it has no meaning.
    #[error("@{key} has no meaning here: it belongs on {on}")]
    Misplaced {
        /// The annotation.
        key: &'static str,
        /// Where it belongs.
        on: &'static str,
    },
    /// A literal that JSON readers round, so the digest could not be checked by others.
    #[error("the number {0} lies beyond ±(2^53−1)")]
    LargeInteger(String),
    /// `context.approved` stands where an approval would do something else than cure.
    #[error("context.approved may only stand in an `unless` of a forbid, alone or with && and ||")]
    MisusedApproval,
    /// An obligation that never looks at `context.approved`: safe, but a plain denial.
    #[error("no approval cures this obligation, because it does not look at context.approved")]
    Uncurable,
    /// The reverse: safe, but a plain denial that reads like an obligation.
    #[error(
        "this forbid looks at context.approved but is no obligation, so it denies before anybody is asked"
    )]
    Unasked,
    /// A safety net: the library answered what its documentation rules out.
    #[error("the policy engine contradicts itself: {0}")]
    Engine(String),
}

impl Problem {
    /// What to do about it, where something useful can be said.
    pub fn hint(&self) -> Option<String> {
        let fixed = match self {
            Self::Syntax { help, .. } | Self::Invalid { help, .. } => return help.clone(),
            Self::UnknownAnnotation { meant: Some(meant), .. } => {
                return Some(format!("did you mean @{meant}?"));
            }
            Self::UnknownAnnotation { meant: None, .. } => "use @note for remarks of your own",
            Self::Template => "write the principal or resource out",
            Self::TooDeep { .. } => "split the rule, or list values: [\"a\", \"b\"].contains(…)",
            Self::NoId => "add a unique name, such as @id(\"crm.ask.amount\")",
            Self::Uncurable => "add `unless { context.approved }`",
            Self::Unasked => "add @obligation(\"approval\") with @group, @quorum, @expires and @risk",
            Self::DuplicateId => "each rule is named in decisions by its @id; give each its own",
            Self::Missing("expires") => "say how long the request may wait, such as @expires(\"PT4H\")",
            Self::Missing("quorum") => "say how many must approve, such as @quorum(\"1\")",
            Self::Missing("group") => "say whose approval is needed, such as @group(\"support-leads\")",
            Self::Missing("risk") => "say how risky it is, such as @risk(\"medium\")",
            Self::Misplaced { key: "obligation", .. } => {
                "an obligation is a `forbid` that `unless { context.approved }` cures"
            }
            Self::TooLarge { .. }
            | Self::TooMany { .. }
            | Self::Missing(_)
            | Self::Malformed { .. }
            | Self::Misplaced { .. }
            | Self::LargeInteger(_)
            | Self::MisusedApproval
            | Self::Engine(_) => return None,
        };
        Some(fixed.to_owned())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { line, column }) = self.place {
            write!(f, "{line}:{column}: ")?;
        }
        if let Some(policy) = &self.policy {
            write!(f, "`{policy}`: ")?;
        }
        write!(f, "{}", self.problem)?;
        self.problem.hint().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

impl fmt::Display for LoadFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadFaults {}
