//! Free text: runs that match every term, newest first.
//!
//! Query rows hold clear words and keyed references only. What is sealed is opened here, run by run, within a bounded
//! number of candidates per request; the page says how many there were and where to go on.

use std::collections::BTreeSet;

use connectors::connector::Connector as _;
use domain::id::{RunId, WorkspaceId};
use domain::mutation::RecordRef;
use domain::name::Slug;
use domain::principal::Principal;
use store::{Chain, Cursor, RunQuery, RunRow};

use super::RunPage;
use super::list::summary;
use crate::control::Control;
use crate::{Code, Engine, Error, Result};

/// Characters of a search.
pub const SEARCH_CHARS_MAX: usize = 200;
/// Terms of a search.
pub const SEARCH_TERMS_MAX: usize = 8;
/// Runs that one request looks at.
pub const CANDIDATES_MAX: usize = 2_000;

/// Sealed values of a proposal that are searched.
const SEALED: [&str; 2] = ["reason", "source_ref"];

/// One term.
struct Term {
    /// In small letters.
    text: String,
    /// The runs among the candidates that name a record with exactly this id.
    named: BTreeSet<RunId>,
}

impl Engine {
    /// Candidates of a query that match all terms of a text.
    pub(super) async fn search(&self, control: &Control, query: RunQuery, text: &str) -> Result<RunPage> {
        let ws = control.workspace;
        let mut terms = Vec::new();
        for word in words(text)? {
            let named = self.naming(control, &query, word).await?;
            terms.push(Term { text: word.to_lowercase(), named });
        }
        let wanted = query.limit;
        let mut page = RunPage { items: Vec::new(), next: None, scanned: Some(0) };
        let mut scanned = 0;
        let mut cursor = query.cursor.clone();
        while page.items.len() < wanted && scanned < CANDIDATES_MAX {
            let limit = store::page::PAGE_MAX.min(CANDIDATES_MAX - scanned);
            let candidates =
                self.store.runs(ws, RunQuery { cursor: cursor.take(), limit, ..query.clone() }).await?;
            let last = candidates.items.len();
            for (at, row) in candidates.items.into_iter().enumerate() {
                scanned += 1;
                let more = at + 1 < last || candidates.next.is_some();
                cursor = more.then(|| Cursor::new(row.id.to_string()));
                if self.matches(control, &row, &terms).await? {
                    page.items.push(summary(control, row));
                    if page.items.len() == wanted {
                        break;
                    }
                }
            }
            if cursor.is_none() {
                break;
            }
        }
        page.scanned = Some(scanned);
        page.next = cursor.map(|cursor| cursor.as_str().to_owned());
        Ok(page)
    }

    /// The runs that name a record of this id, among at least as many candidates as one request looks at.
    async fn naming(&self, control: &Control, query: &RunQuery, word: &str) -> Result<BTreeSet<RunId>> {
        let mut named = BTreeSet::new();
        for record in records(control, word) {
            let token = control.keys_of.record(&record.connector, &record.object, &record.id);
            let mut query = RunQuery { record: Some(token), limit: store::page::PAGE_MAX, ..query.clone() };
            for _ in 0..CANDIDATES_MAX.div_ceil(store::page::PAGE_MAX) {
                let page = self.store.runs(control.workspace, query.clone()).await?;
                named.extend(page.items.iter().map(|row| row.id));
                query.cursor = page.next;
                if query.cursor.is_none() {
                    break;
                }
            }
        }
        Ok(named)
    }

    async fn matches(&self, control: &Control, row: &RunRow, terms: &[Term]) -> Result<bool> {
        let holder = row.holder.map(|holder| control.name_of(Principal::Person(holder)));
        let shown = [Some(control.named_text(&row.proposer).name), holder]
            .map(|name| name.map(|name| name.to_lowercase()));
        let is_clear = |term: &Term| {
            term.named.contains(&row.id)
                || is_in_row(row, &term.text)
                || shown.iter().flatten().any(|name| name.contains(&term.text))
        };
        let left: Vec<&Term> = terms.iter().filter(|term| !is_clear(term)).collect();
        if left.is_empty() {
            return Ok(true);
        }
        let sealed = self.searched(control.workspace, row.id).await?;
        Ok(left.iter().all(|term| sealed.iter().any(|value| value.contains(&term.text))))
    }

    /// The sealed texts of a run that are searched, in small letters, as far as they were not erased.
    async fn searched(&self, ws: WorkspaceId, run: RunId) -> Result<Vec<String>> {
        let chain = Chain::Run(run);
        let first = self.store.chain(ws, chain, 0, 1).await?;
        let opened = self.sealed(ws, chain, first.iter().map(|leaf| leaf.hash).collect()).await?;
        let opened = opened.into_values().flatten().filter(|opened| SEALED.contains(&opened.name.as_str()));
        Ok(opened.filter_map(|opened| opened.value.as_str().map(str::to_lowercase)).collect())
    }
}

/// The terms of a text, within the limits.
fn words(text: &str) -> Result<Vec<&str>> {
    let refused = |message: String| Err(Error::new(Code::InvalidRequest, message).at("/q"));
    if text.chars().count() > SEARCH_CHARS_MAX {
        return refused(format!("`q` has at most {SEARCH_CHARS_MAX} characters"));
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() > SEARCH_TERMS_MAX {
        return refused(format!("`q` has at most {SEARCH_TERMS_MAX} terms"));
    }
    Ok(words)
}

/// Whether a term begins the run's id, or is part of a clear word of its row.
fn is_in_row(row: &RunRow, term: &str) -> bool {
    // The prefix alone is a word like any other: without more of it every run would match.
    let is_id = term.strip_prefix(RunId::PREFIX).is_some_and(|rest| rest.starts_with('_'));
    let id = is_id && row.id.to_string().starts_with(term);
    let clear = [&row.workflow, &row.source, &row.connector, &row.object, &row.action, &row.stage];
    let decided = [&row.risk, &row.decision];
    id || clear.into_iter().chain(decided.into_iter().flatten()).any(|word| word.contains(term))
}

/// The records that a term may mean: the one that it spells out as `<connector>/<object>/<id>`, else one of this id of
/// every kind that a configured connector has.
fn records(control: &Control, word: &str) -> Vec<RecordRef> {
    let spelled = word.split_once('/').and_then(|(connector, rest)| {
        let (object, id) = rest.split_once('/')?;
        let connector = Slug::parse(connector).ok().filter(|name| control.connectors.contains_key(name))?;
        Some(RecordRef { connector, object: Slug::parse(object).ok()?, id: id.to_owned() })
    });
    if let Some(record) = spelled {
        return vec![record];
    }
    let running =
        control.connectors.iter().filter_map(|(name, known)| Some((name, known.connector.as_ref().ok()?)));
    let of = |connector: &Slug, object: &Slug| RecordRef {
        connector: connector.clone(),
        object: object.clone(),
        id: word.to_owned(),
    };
    running
        .flat_map(|(name, connector)| connector.describe().objects.keys().map(move |object| of(name, object)))
        .collect()
}

#[cfg(test)]
mod tests;
