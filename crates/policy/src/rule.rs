//! What our annotations say about one policy. Read once at load, so that a bad annotation fails the load and
//! evaluation has nothing left to parse.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use cedar_policy::{Effect, Policy};

use crate::fault::Problem;
use crate::obligation::{Evidence, Method, Obligation, QUORUM_MAX, Risk, duration_s};

/// Longest `@title`, in characters.
pub const TITLE_LEN_MAX: usize = 200;

/// Longest `@description` or `@note`, in characters.
pub const DESCRIPTION_LEN_MAX: usize = 2_000;

/// Longest `@id`, `@group` or person id, in bytes.
pub const SLUG_LEN_MAX: usize = 64;

const OBLIGATION: &str = "a forbid with @obligation";
const RUNS: &str = "a permit or a forbid with @obligation";

/// Every annotation that we read, with the kinds of policy that may carry it.
const ANNOTATIONS: &[(&str, On)] = &[
    ("id", On::Any),
    ("title", On::Any),
    ("description", On::Any),
    ("note", On::Any),
    ("risk", On::Any),
    ("evidence", On::Runs),
    ("canary", On::Runs),
    ("obligation", On::Any),
    ("group", On::Obligation),
    ("quorum", On::Obligation),
    ("expires", On::Obligation),
    ("method", On::Obligation),
    ("exclude", On::Obligation),
    ("rationale", On::Obligation),
    ("fallback", On::Obligation),
];

#[derive(Clone, Copy)]
enum On {
    Any,
    Runs,
    Obligation,
}

/// One policy as the decision needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub id: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub risk: Option<Risk>,
    pub evidence: Option<Evidence>,
    pub canary: Option<NonZeroU32>,
    pub part: Part,
}

/// What a policy does when it fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Permits,
    Forbids,
    Asks(Ask),
}

/// A forbid that an approval cures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    pub obligation: Obligation,
    pub rationale_required: bool,
    pub fallback: bool,
}

impl Rule {
    /// Reads the annotations; every problem at once.
    pub(crate) fn read(policy: &Policy) -> Result<Self, Vec<Problem>> {
        let mut notes = Notes { policy, problems: Vec::new() };
        let asks = policy.annotation("obligation").is_some();
        notes.check_places(asks);
        let id = match policy.annotation("id") {
            Some(_) => notes.required("id", "a slug of at most 64 characters", slug),
            None => notes.fail(Problem::NoId),
        };
        let title = notes.text("title", TITLE_LEN_MAX);
        let description = notes.text("description", DESCRIPTION_LEN_MAX);
        notes.text("note", DESCRIPTION_LEN_MAX);
        let risk = notes.optional("risk", &format!("one of {}", Risk::list()), Risk::parse);
        let evidence = notes.optional("evidence", &format!("one of {}", Evidence::list()), Evidence::parse);
        let canary = notes.optional("canary", "a number from 1 on", |text| text.parse().ok());
        let part = match (asks, policy.effect()) {
            (true, _) => notes.ask().map(Part::Asks),
            (false, Effect::Permit) => Some(Part::Permits),
            (false, Effect::Forbid) => Some(Part::Forbids),
        };
        match (id, part) {
            (Some(id), Some(part)) if notes.problems.is_empty() => {
                Ok(Self { id, title, description, risk, evidence, canary, part })
            }
            _ => Err(notes.problems),
        }
    }
}

struct Notes<'a> {
    policy: &'a Policy,
    problems: Vec<Problem>,
}

impl Notes<'_> {
    fn fail<T>(&mut self, problem: Problem) -> Option<T> {
        self.problems.push(problem);
        None
    }

    /// A misspelled or misplaced annotation would weaken a rule in silence, so it fails.
    fn check_places(&mut self, asks: bool) {
        let permits = self.policy.effect() == Effect::Permit;
        let mut keys: Vec<&str> = self.policy.annotations().map(|(key, _)| key).collect();
        keys.sort_unstable();
        for key in keys {
            let problem = match ANNOTATIONS.iter().find(|(name, _)| *name == key) {
                None => Problem::UnknownAnnotation { key: key.to_owned(), meant: nearest(key) },
                Some((key, On::Obligation)) if !asks => Problem::Misplaced { key, on: OBLIGATION },
                Some((key, On::Runs)) if !asks && !permits => Problem::Misplaced { key, on: RUNS },
                Some((key @ "obligation", _)) if permits => Problem::Misplaced { key, on: "a forbid" },
                Some((_, On::Any | On::Runs | On::Obligation)) => continue,
            };
            self.problems.push(problem);
        }
    }

    fn ask(&mut self) -> Option<Ask> {
        if self.policy.annotation("risk").is_none() {
            self.problems.push(Problem::Missing("risk"));
        }
        let kind = self.required("obligation", "\"approval\", the only obligation", |text| {
            (text == "approval").then_some(())
        });
        let group = self.required("group", "a slug of at most 64 characters", slug);
        let quorum = self.required("quorum", &format!("a number from 1 to {QUORUM_MAX}"), |text| {
            text.parse().ok().filter(|quorum: &NonZeroU32| quorum.get() <= QUORUM_MAX)
        });
        let expires =
            "an ISO 8601 duration such as PT4H, in weeks, days, hours, minutes and seconds, up to 365 days";
        let expires_s = self.required("expires", expires, duration_s);
        let method = self.optional("method", &format!("one of {}", Method::list()), Method::parse);
        let exclude = self.optional("exclude", "a list of person ids with commas between", |text| {
            text.split(',').map(|id| slug(id.trim())).collect::<Option<BTreeSet<_>>>()
        });
        let rationale = self.optional("rationale", "\"required\"", |text| (text == "required").then_some(()));
        let fallback =
            self.optional("fallback", "without value: write @fallback", |text| text.is_empty().then_some(()));
        kind?;
        let (method, exclude) = (method.unwrap_or(Method::Signin), exclude.unwrap_or_default());
        Some(Ask {
            obligation: Obligation { group: group?, quorum: quorum?, expires_s: expires_s?, method, exclude },
            rationale_required: rationale.is_some(),
            fallback: fallback.is_some(),
        })
    }

    fn required<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if self.policy.annotation(key).is_none() {
            return self.fail(Problem::Missing(key));
        }
        self.optional(key, expected, read)
    }

    fn optional<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.policy.annotation(key)?;
        read(value).or_else(|| {
            let value = value.chars().take(TITLE_LEN_MAX).collect();
            self.fail(Problem::Malformed { key, value, expected: expected.to_owned() })
        })
    }

    fn text(&mut self, key: &'static str, len_max: usize) -> Option<String> {
        self.optional(key, &format!("a text of 1 to {len_max} characters on one line"), |text| {
            let fits =
                !text.is_empty() && text.chars().count() <= len_max && !text.chars().any(char::is_control);
            fits.then(|| text.to_owned())
        })
    }
}

/// `[a-z0-9][a-z0-9._-]{0,63}`, the form of every name that stands in clear text.
pub(crate) fn slug(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = text.len() <= SLUG_LEN_MAX
        && text.bytes().next().is_some_and(plain)
        && text.bytes().all(|byte| plain(byte) || matches!(byte, b'.' | b'_' | b'-'));
    fits.then(|| text.to_owned())
}

/// The annotation at most two typing errors away.
fn nearest(key: &str) -> Option<&'static str> {
    let near = ANNOTATIONS.iter().map(|(name, _)| (edits(key, name), *name)).min()?;
    (near.0 <= 2).then_some(near.1)
}

/// How many characters must be added, removed or replaced (Levenshtein distance).
fn edits(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (index, one) in left.chars().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        for (cell, two) in row.iter_mut().skip(1).zip(right.chars()) {
            let here = (diagonal + usize::from(one != two)).min(*cell + 1).min(before + 1);
            diagonal = std::mem::replace(cell, here);
            before = here;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
