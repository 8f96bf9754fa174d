//! Whether every disclosed value was sealed under a digest in scope, under a name that its holder has, and was not erased.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::RunId;
use proof::digest::{Digest, sha256};
use proof::disclosure::Opened;
use proof::json::Value;
use proof::leaf::SdDigest;
use proof::strict::parse_open;

use crate::acts::Acts;
use crate::files::Files;
use crate::finding::{Check, Docket, Place};
use crate::jsonl::{closed, count};
use crate::read::{Chain, Parts};
use crate::values::{Counts, Values};

/// Which names the fields of a digest's holder have, and which holder that is.
type Scope = BTreeMap<SdDigest, (u64, &'static [&'static str])>;

/// Names of the sealed members of a mutation document.
pub(super) const DOCUMENT: &[&str] = &["arguments", "guard", "record", "version"];
/// The name of each of its changes.
const CHANGE: &[&str] = &["change"];

/// Opens every disclosed value and classes every sealed field.
///
/// `whole` are the runs of which no event and no plan is missing. Only of these it is certain that a value belongs to none
/// of their events.
pub fn check(
    files: &Files,
    parts: &Parts,
    acts: &Acts,
    whole: &BTreeSet<RunId>,
    docket: &mut Docket,
) -> (Values, Counts) {
    let tombstones = acts.tombstones();
    let mut disclosed = BTreeMap::new();
    let mut named = BTreeSet::new();
    let mut all: BTreeSet<SdDigest> = BTreeSet::new();
    let mut holder = 0;
    for run in parts.runs.values() {
        let mut scope = Scope::new();
        for read in run.chain.lines.iter().filter_map(|line| line.event.as_ref()) {
            holder += 1;
            scope.extend(read.leaf.sd.iter().map(|digest| (digest.clone(), (holder, read.event.sealed()))));
        }
        for planned in run.plans.values().flatten() {
            holder += 1;
            scope.extend(planned.document.sd.iter().map(|digest| (digest.clone(), (holder, DOCUMENT))));
            for change in &planned.document.changes {
                holder += 1;
                scope.insert(change.clone(), (holder, CHANGE));
            }
        }
        let stray = if whole.contains(&run.id) { Stray::Foreign } else { Stray::Unknown };
        open(files, &run.chain, &scope, stray, &mut disclosed, &mut named, docket);
        all.extend(scope.into_keys());
    }
    let mut scope = Scope::new();
    for act in parts.workspace.lines.iter().filter_map(|line| line.event.as_ref()) {
        holder += 1;
        scope.extend(act.leaf.sd.iter().map(|digest| (digest.clone(), (holder, act.event.sealed()))));
    }
    let stray = if acts.is_whole() { Stray::Foreign } else { Stray::Left };
    open(files, &parts.workspace, &scope, stray, &mut disclosed, &mut named, docket);
    all.extend(scope.into_keys());
    artifacts(files, &named, docket);
    for digest in disclosed.keys().filter(|digest| tombstones.contains_key(digest)) {
        let told = format!("the value under {} was erased, and is here", digest.as_str());
        docket.tampered(Check::Disclosures, Place::bundle(), told);
    }
    let values = Values::new(disclosed, tombstones);
    let mut counts = Counts::default();
    for digest in &all {
        counts.add(&values.field(digest));
    }
    (values, counts)
}

/// What a value without a holder is.
#[derive(Debug, Clone, Copy)]
enum Stray {
    /// Somebody added it.
    Foreign,
    /// The act that it belongs to was left out.
    Left,
    /// Something of its run is missing, which other checks say.
    Unknown,
}

fn open<E>(
    files: &Files,
    chain: &Chain<E>,
    scope: &Scope,
    stray: Stray,
    disclosed: &mut BTreeMap<SdDigest, (String, Value)>,
    named: &mut BTreeSet<Digest>,
    docket: &mut Docket,
) {
    let place = chain.place().within(chain.file("disclosures.jsonl"));
    let mut taken = BTreeSet::new();
    for Opened { digest, name, value, .. } in &chain.disclosed {
        let Some((holder, names)) = scope.get(digest) else {
            let told = format!("a value called `{}` belongs to nothing in this bundle", printable(name));
            match stray {
                Stray::Foreign => docket.tampered(Check::Disclosures, place.clone(), told),
                Stray::Left => docket.missing(Check::Disclosures, place.clone(), told),
                Stray::Unknown => docket.leave_open(Check::Disclosures, place.clone(), told),
            }
            continue;
        };
        if !names.contains(&name.as_str()) || !taken.insert((*holder, name.clone())) {
            let told = format!(
                "a value is called `{}`, which its event does not have, or has already",
                printable(name)
            );
            docket.tampered(Check::Disclosures, place.clone(), told);
            continue;
        }
        if let Some(whole) = whole(files, name, value, &place, named, docket) {
            disclosed.insert(digest.clone(), (name.clone(), whole));
        }
    }
}

/// A disclosed name may hold anything; a report shows only its plain beginning.
fn printable(name: &str) -> String {
    name.chars().take(64).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

/// The value itself, where the disclosure only names a large one.
fn whole(
    files: &Files,
    name: &str,
    value: &Value,
    place: &Place,
    named: &mut BTreeSet<Digest>,
    docket: &mut Docket,
) -> Option<Value> {
    // The member *artifact* of an event names an attached file; a large value is `{artifact: {…}}`.
    if name == "artifact" {
        named.extend(value.get("sha256").and_then(Value::as_str).and_then(Digest::parse));
    }
    let Some(stub) = value.get("artifact") else { return Some(value.clone()) };
    let Some((bytes, digest)) = read_stub(stub.clone()) else {
        docket.tampered(Check::Disclosures, place.clone(), "the name of a large value is malformed");
        return None;
    };
    named.insert(digest);
    let file = format!("artifacts/{digest}");
    let Some(text) = files.get(&file) else {
        docket.missing(
            Check::Disclosures,
            place.clone().within(file),
            "a disclosed value that is larger than 64 KiB is missing",
        );
        return None;
    };
    let same = sha256(text) == digest && u64::try_from(text.len()) == Ok(bytes);
    let value = parse_open(text).ok().filter(|_| same);
    if value.is_none() {
        docket.tampered(
            Check::Disclosures,
            place.clone().within(file),
            "a large value is not the one that its disclosure names",
        );
    }
    value
}

fn read_stub(stub: Value) -> Option<(u64, Digest)> {
    let [bytes, media_type, sha256] = closed(stub, ["bytes", "media_type", "sha256"])?;
    media_type.as_str().filter(|media_type| *media_type == "application/json")?;
    Some((count(&bytes)?, Digest::parse(sha256.as_str()?)?))
}

/// Every artifact is what it is named after, and named by a disclosed value.
fn artifacts(files: &Files, named: &BTreeSet<Digest>, docket: &mut Docket) {
    for (name, bytes) in files.under("artifacts") {
        docket.look(Check::Disclosures);
        let place = Place::file(format!("artifacts/{name}"));
        match Digest::parse(name) {
            Some(digest) if digest != sha256(bytes) => {
                docket.tampered(Check::Disclosures, place, "the file is not the one that it is named after");
            }
            Some(digest) if named.contains(&digest) => {}
            Some(_) | None => {
                docket.tampered(Check::Disclosures, place, "no disclosed value names this file");
            }
        }
    }
}
