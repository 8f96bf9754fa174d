//! What an answer means: the manifest's table of statuses and bodies, and nothing beyond it.
//!
//! A write whose answer the table does not name is `unknown`, never refused.

use domain::name::Slug;
use reqwest::header::RETRY_AFTER;

use crate::connector::{ReadFault, Reply};
use crate::json::Json;
use crate::manifest::{Action, Manifest, Match, Refusal, Scope};
use crate::outbound::{Answer, SendFault};

/// What the system of record said to a write.
pub(super) fn of_write(manifest: &Manifest, action: &Action, answer: &Answer) -> Reply {
    let json = Json::parse(&answer.body).ok();
    let accepted = &action.accepted;
    if accepted.status.contains(&answer.status) && all_match(&accepted.when, json.as_ref()) {
        let handle = accepted.handle.as_ref().and_then(|at| json.as_ref()?.at(at)?.token());
        return Reply::Accepted { handle };
    }
    match refusal(action.refusals.iter().chain(&manifest.refusals), answer.status, json.as_ref()) {
        Some(Refusal { code, retryable, conflict, .. }) => {
            Reply::Rejected { code: code.clone(), retryable: *retryable, conflict: *conflict }
        }
        None => Reply::Unknown { code: slug(&format!("unmapped_{}", answer.status)) },
    }
}

/// The answer to a read, or why it is none.
pub(super) fn of_read(manifest: &Manifest, answer: &Answer) -> Result<Json, ReadFault> {
    let json = Json::parse(&answer.body);
    if answer.status == 200 {
        return json.map_err(|fault| ReadFault::Answer { at: "body".to_owned(), what: fault.to_string() });
    }
    let mapped = refusal(manifest.refusals.iter(), answer.status, json.as_ref().ok());
    let retry_after_ms = retry_after_ms(answer);
    Err(match (answer.status, mapped) {
        (404 | 410, _) => ReadFault::NotFound,
        (_, Some(refusal)) => {
            ReadFault::Refused { code: refusal.code.clone(), retryable: refusal.retryable, retry_after_ms }
        }
        (429, None) => ReadFault::Refused { code: slug("rate_limited"), retryable: true, retry_after_ms },
        (500..=599, None) => ReadFault::Unreachable { code: slug(&format!("status_{}", answer.status)) },
        (300..=399, None) => ReadFault::Answer {
            at: "status".to_owned(),
            what: "a redirect, which is never followed".to_owned(),
        },
        (400..=499, None) => ReadFault::Refused {
            code: slug(&format!("status_{}", answer.status)),
            retryable: false,
            retry_after_ms,
        },
        (status, None) => {
            ReadFault::Answer { at: "status".to_owned(), what: format!("{status} is no answer to a read") }
        }
    })
}

/// Why a read got no answer at all.
pub(super) fn unreachable(fault: SendFault) -> ReadFault {
    ReadFault::Unreachable { code: slug(fault.code()) }
}

/// How long the system of record asks us to wait; only the form in seconds is read (RFC 9110, 10.2.3).
pub(super) fn retry_after_ms(answer: &Answer) -> Option<u64> {
    let seconds: u64 = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(seconds.saturating_mul(1000))
}

/// Whether every place holds one of its values.
pub(super) fn all_match(matches: &[Match], json: Option<&Json>) -> bool {
    matches_in(matches, json, &Scope::default())
}

/// The same for values that depend on a write.
pub(super) fn matches_in(matches: &[Match], json: Option<&Json>, scope: &Scope) -> bool {
    matches.iter().all(|one| {
        let there = json.and_then(|json| json.at(&one.at));
        there.is_some_and(|there| {
            one.any_of.iter().any(|value| value.fill(scope).is_some_and(|value| same(there, &value)))
        })
    })
}

/// Equal values; texts may differ in line ends and in white space at their ends, which vendors trim.
fn same(there: &Json, value: &Json) -> bool {
    let text = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned();
    match (there, value) {
        (Json::Str(there), Json::Str(value)) => text(there) == text(value),
        _ => there == value,
    }
}

fn refusal<'a>(
    mut refusals: impl Iterator<Item = &'a Refusal>,
    status: u16,
    json: Option<&Json>,
) -> Option<&'a Refusal> {
    refusals.find(|refusal| refusal.status.contains(&status) && all_match(&refusal.when, json))
}

/// A code of ours. Every text given here has the form of a slug.
pub(crate) fn slug(code: &str) -> Slug {
    Slug::parse(code).unwrap_or_else(|_| unreachable!("`{code}` is a slug"))
}

#[cfg(test)]
mod tests;
