//! Looking for the effect of a write: by our key, by the journal, by what the action makes.
//!
//! It says `Found` only for what is ours, and `NotFound` as conclusive only where the searched list keeps everything.
//! What lies between is `CannotTell`: then the record is compared, or a person is asked.

use domain::mutation::{Kind, Mutation, RecordRef};
use domain::time::Timestamp;
use proof::json::Value;
use reqwest::Url;

use super::version::vendor_time;
use super::{HttpConnector, outcome, request};
use crate::connector::{Basis, Effect, EffectQuery, ReadFault, Write};
use crate::json::Json;
use crate::manifest::{Changes, Listing, Match, Object, Scope};

/// Pages of one list that are read; a longer one is not complete.
const PAGES_MAX: usize = 20;
/// How far the vendor's clock and ours may be apart: milliseconds.
const SKEW_MS: i64 = 120_000;

/// From when on entries can be ours.
#[derive(Clone, Copy)]
enum Horizon {
    /// The vendor's own time of the version that the write was based on: later entries only.
    After(Timestamp),
    /// Our clock, which may differ from the vendor's.
    Since(Timestamp),
}

/// What one list tells.
struct Searched<'a> {
    object: &'a Object,
    mutation: &'a Mutation,
    listing: &'a Listing,
    event: &'a [Match],
    scope: &'a Scope,
    identity: Option<&'a str>,
    horizon: Horizon,
    basis: Basis,
}

impl HttpConnector {
    pub(super) async fn effect(&self, query: &EffectQuery<'_>) -> Result<Effect, ReadFault> {
        let mutation = query.mutation;
        let object = self.object(&mutation.object)?;
        let undescribed =
            || ReadFault::Undescribed(self.description.action_name(&mutation.object, mutation.verb()));
        let verb = domain::name::Slug::parse(mutation.verb()).map_err(|_| undescribed())?;
        let action = object.actions.get(&verb).ok_or_else(undescribed)?;
        if let (Kind::Create, Some(id)) = (mutation.kind, query.handle) {
            return self.created(mutation, id).await;
        }
        let write = Write { mutation, fresh_version: None, before: None };
        let mut scope = request::scope(object, action, &write, query.key).map_err(|_| undescribed())?;
        scope.identity = self.session.identity(self).await?;
        let identity = scope.identity.clone();
        let own_stamp = mutation.version.as_deref().and_then(vendor_time);
        let searched = |listing, event, basis| Searched {
            object,
            mutation,
            listing,
            event,
            scope: &scope,
            identity: identity.as_deref(),
            horizon: own_stamp.map_or(Horizon::Since(query.since), Horizon::After),
            basis,
        };
        if let Some(lookup) = &action.lookup {
            return self.search(&searched(lookup, &lookup.when, Basis::ProofQuery)).await;
        }
        match &object.journal {
            Some(journal) if mutation.record.is_some() && mutation.kind != Kind::Delete => {
                self.search(&searched(journal, action.event.as_deref().unwrap_or_default(), Basis::Journal))
                    .await
            }
            Some(_) | None => Ok(Effect::CannotTell),
        }
    }

    /// The created record, by the id that the system of record gave us.
    async fn created(&self, mutation: &Mutation, id: &str) -> Result<Effect, ReadFault> {
        let record = RecordRef {
            connector: mutation.connector.clone(),
            object: mutation.object.clone(),
            id: id.to_owned(),
        };
        match self.read(&record).await {
            Ok(read) => Ok(Effect::Found {
                basis: Basis::ProofQuery,
                handle: Some(read.snapshot.id),
                by_other: false,
            }),
            // It was accepted and is not there: deleted since, or not yet to be seen.
            Err(ReadFault::NotFound) => Ok(Effect::CannotTell),
            Err(fault) => Err(fault),
        }
    }

    async fn search(&self, searched: &Searched<'_>) -> Result<Effect, ReadFault> {
        let Some((entries, whole)) = self.entries(searched.listing, searched.scope).await? else {
            return Ok(Effect::CannotTell);
        };
        Ok(searched.judge(&entries, whole))
    }

    /// Every entry of a list, and whether that is all; `None` when the list cannot be asked for.
    async fn entries(
        &self,
        listing: &Listing,
        scope: &Scope,
    ) -> Result<Option<(Vec<Json>, bool)>, ReadFault> {
        let Some(mut url) = listing.path.fill_path(scope).and_then(|path| self.target.url(&path)) else {
            return Ok(None);
        };
        let mut entries = Vec::new();
        for _ in 0..PAGES_MAX {
            let asked = self.ask_url(url).await?;
            let list = asked.json.at(&listing.entries).filter(|list| matches!(list, Json::Array(_)));
            let list = list.ok_or_else(|| ReadFault::Answer {
                at: listing.entries.to_string(),
                what: "it is not a list".to_owned(),
            })?;
            entries.extend_from_slice(list.elements());
            match self.next(listing, &asked.json)? {
                Some(next) => url = next,
                None => return Ok(Some((entries, true))),
            }
        }
        Ok(Some((entries, false)))
    }

    fn next(&self, listing: &Listing, json: &Json) -> Result<Option<Url>, ReadFault> {
        let Some((pointer, given)) = listing.next.as_ref().and_then(|at| Some((at, json.at(at)?.token()?)))
        else {
            return Ok(None);
        };
        let foreign =
            || ReadFault::Answer { at: pointer.to_string(), what: "it leads to another host".to_owned() };
        self.target.same_origin(&given).ok_or_else(foreign).map(Some)
    }
}

impl Searched<'_> {
    fn judge(&self, entries: &[Json], whole: bool) -> Effect {
        let key = self.scope.key.as_deref();
        let by_key = self.listing.key.as_ref();
        if let Some(at) = by_key
            && let Some(entry) =
                entries.iter().find(|entry| entry.at(at).and_then(Json::token).as_deref() == key)
        {
            return if self.holds_event(entry) {
                self.found(Basis::KeyLookup, entry, entries)
            } else {
                Effect::CannotTell
            };
        }
        let unkeyed =
            |entry: &&Json| by_key.is_none_or(|at| entry.at(at).is_none_or(|key| *key == Json::Null));
        let alike: Vec<&Json> = entries
            .iter()
            .filter(|entry| self.is_ours(entry) != Some(false))
            .filter(unkeyed)
            .filter(|e| self.is_alike(e))
            .collect();
        let times: Vec<Option<bool>> = alike.iter().map(|entry| self.is_late_enough(entry)).collect();
        let sure = alike
            .iter()
            .zip(&times)
            .find(|(entry, late)| **late == Some(true) && self.is_ours(entry) == Some(true));
        if let Some((entry, _)) = sure {
            // A vendor that keeps our key would show it here: without it, somebody may have used our account by hand.
            return if by_key.is_none() {
                self.found(self.basis, entry, entries)
            } else {
                Effect::CannotTell
            };
        }
        if times.iter().any(|late| *late != Some(false)) {
            return Effect::CannotTell;
        }
        Effect::NotFound { conclusive: whole && self.listing.complete }
    }

    fn found(&self, basis: Basis, entry: &Json, entries: &[Json]) -> Effect {
        let handle = self.listing.handle.as_ref().and_then(|at| entry.at(at)).and_then(Json::token);
        let other =
            |entry: &&Json| self.is_ours(entry) == Some(false) && self.is_late_enough(entry) != Some(false);
        let by_other = entries.iter().filter(other).any(|entry| self.touches(entry));
        Effect::Found { basis, handle, by_other }
    }

    /// Whether the entry's author is us; `None` when the list or the sign-in does not tell.
    fn is_ours(&self, entry: &Json) -> Option<bool> {
        let author = entry.at(self.listing.author.as_ref()?)?.token()?;
        Some(author == self.identity?)
    }

    /// Whether the entry is young enough to be ours; `None` when that cannot be told.
    fn is_late_enough(&self, entry: &Json) -> Option<bool> {
        let at = self.listing.at.as_ref().and_then(|at| entry.at(at)).and_then(Json::token);
        let at = vendor_time(&at?)?;
        match self.horizon {
            Horizon::After(version) => Some(at > version),
            Horizon::Since(since) if at >= since => Some(true),
            Horizon::Since(since) if at < since.plus_ms(-SKEW_MS) => Some(false),
            Horizon::Since(_) => None,
        }
    }

    /// Whether the entry looks like what the action makes.
    fn is_alike(&self, entry: &Json) -> bool {
        if !self.event.is_empty() || self.listing.changes.is_none() {
            return self.holds_event(entry);
        }
        let changed = self.changed(entry);
        let ours = |(field, after): &(String, Value)| {
            self.mutation
                .changes
                .iter()
                .any(|change| change.field == *field && change.after.as_ref() == Some(after))
        };
        !changed.is_empty() && changed.iter().all(ours)
    }

    /// Whether the entry, or one of its events, holds what the action makes.
    fn holds_event(&self, entry: &Json) -> bool {
        let each = self.listing.changes.as_ref().and_then(|changes| changes.each.as_ref());
        let holds = |event: &Json| outcome::matches_in(self.event, Some(event), self.scope);
        self.event.is_empty()
            || each
                .and_then(|at| entry.at(at))
                .map_or_else(|| holds(entry), |events| events.elements().iter().any(holds))
    }

    fn touches(&self, entry: &Json) -> bool {
        let named = |field: &String| self.mutation.changes.iter().any(|change| change.field == *field);
        self.changed(entry).iter().any(|(field, _)| named(field))
    }

    /// The fields that the entry names, with their normalized values after it; fields that the manifest does not know are left out.
    fn changed(&self, entry: &Json) -> Vec<(String, Value)> {
        let Some(changes) = &self.listing.changes else { return Vec::new() };
        let events = match &changes.each {
            None => std::slice::from_ref(entry),
            Some(at) => entry.at(at).map(Json::elements).unwrap_or_default(),
        };
        let told = events.iter().filter(|event| outcome::all_match(&changes.when, Some(event)));
        told.filter_map(|event| self.change(changes, event)).collect()
    }

    fn change(&self, changes: &Changes, event: &Json) -> Option<(String, Value)> {
        let member = event.at(&changes.field)?.token()?;
        let (field, _) = self
            .object
            .fields
            .iter()
            .find(|(field, wire)| wire.write.as_ref().unwrap_or(field) == &member)?;
        let ty = self.object.description.fields.get(field)?.ty;
        let value = event.at(&changes.value)?.value();
        Some((field.clone(), domain::field::normalize(ty, &value).unwrap_or(value)))
    }
}

#[cfg(test)]
mod tests;
