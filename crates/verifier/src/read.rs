//! The parts of a bundle, read: chains, plans and sealed values, each line in its one form.
//!
//! What cannot be read is a finding and left out; that a run has lost a part this way, later checks learn from the
//! findings.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::RunId;
use domain::wire::{self, Corrupt, ReadEvent};
use proof::digest::Digest;
use proof::disclosure::{Disclosure, Opened};
use proof::document::MutationDocument;
use proof::leaf::SdDigest;
use proof::strict::Fault;
use proof::tree::leaf_hash;

use crate::acts::{self, Act};
use crate::files::Files;
use crate::finding::{Check, Docket, Place};
use crate::jsonl;

/// One line of a chain: an event with the position in the log that it claims.
#[derive(Debug, Clone)]
pub struct Line<E> {
    /// Its position in the log, as claimed.
    pub index: u64,
    /// The leaf, verbatim.
    pub bytes: Vec<u8>,
    /// Its hash.
    pub hash: Digest,
    /// What it says; absent when that cannot be judged.
    pub event: Option<E>,
}

/// The events of a chain with the values that are disclosed.
#[derive(Debug, Clone)]
pub struct Chain<E> {
    /// The folder: `runs/<run>` or `workspace`.
    pub folder: String,
    /// The run, as text; absent for the chain of the workspace.
    pub run: Option<String>,
    /// Its lines, in the order of the file.
    pub lines: Vec<Line<E>>,
    /// Disclosed values.
    pub disclosed: Vec<Opened>,
}

/// A mutation document.
#[derive(Debug, Clone)]
pub struct PlannedDocument {
    /// Its hash.
    pub hash: Digest,
    /// What it says.
    pub document: MutationDocument,
}

/// A run with everything that the bundle has of it.
#[derive(Debug, Clone)]
pub struct RunParts {
    /// The run.
    pub id: RunId,
    /// Its events and disclosed values.
    pub chain: Chain<ReadEvent>,
    /// The documents of its plans, by revision.
    pub plans: BTreeMap<u32, Vec<PlannedDocument>>,
}

/// Everything that checks look at.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The runs, by id.
    pub runs: BTreeMap<RunId, RunParts>,
    /// The acts of the workspace.
    pub workspace: Chain<Act>,
}

impl<E> Chain<E> {
    /// A place in this chain.
    pub fn place(&self) -> Place {
        Place { run: self.run.clone(), ..Place::default() }
    }

    /// A file of this chain.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

/// Reads every part.
pub fn parts(files: &Files, docket: &mut Docket) -> Parts {
    let mut runs = BTreeMap::new();
    let mut names: Vec<&str> = files.under("runs").filter_map(|(rest, _)| rest.split('/').next()).collect();
    names.dedup();
    for name in names {
        let Ok(id) = RunId::parse(name) else {
            docket.tampered(
                Check::Leaves,
                Place::file(format!("runs/{name}")),
                "the folder is not named after a run",
            );
            continue;
        };
        let chain = chain(files, format!("runs/{name}"), Some(name.to_owned()), docket, run_event);
        let plans = plans(files, &chain, docket);
        runs.insert(id, RunParts { id, chain, plans });
    }
    let workspace = chain(files, "workspace".to_owned(), None, docket, acts::read);
    Parts { runs, workspace }
}

/// Why a leaf has no meaning here.
pub enum Unread {
    /// Its version or type is not known.
    Unknown(String),
    /// It breaks the form.
    Malformed(String),
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Self {
        if fault == Fault::Version {
            Self::Unknown("the event is written in a version that this program does not know".to_owned())
        } else {
            Self::Malformed(format!("the event is malformed: {fault}"))
        }
    }
}

impl From<domain::event::Fault> for Unread {
    fn from(fault: domain::event::Fault) -> Self {
        match fault {
            domain::event::Fault::Kind(_) => Self::Unknown(format!("{fault}")),
            domain::event::Fault::Unknown(_)
            | domain::event::Fault::Missing(_)
            | domain::event::Fault::Malformed(_) => {
                Self::Malformed(format!("the event is malformed: {fault}"))
            }
        }
    }
}

fn run_event(bytes: &[u8]) -> Result<ReadEvent, Unread> {
    // The position is for messages only; it is compared where the chain is judged.
    wire::read(0, bytes).map_err(|corrupt| match corrupt {
        Corrupt::Form { fault, .. } => fault.into(),
        Corrupt::Members { fault, .. } => fault.into(),
        Corrupt::Member { member, .. } => Unread::Malformed(format!("the event has a malformed `{member}`")),
        Corrupt::Chain(_) | Corrupt::Rule { .. } | Corrupt::Empty => {
            Unread::Malformed("the event cannot be read".to_owned())
        }
    })
}

fn chain<E>(
    files: &Files,
    folder: String,
    run: Option<String>,
    docket: &mut Docket,
    read: impl Fn(&[u8]) -> Result<E, Unread>,
) -> Chain<E> {
    let mut chain = Chain { folder, run, lines: Vec::new(), disclosed: Vec::new() };
    let file = chain.file("events.jsonl");
    match files.get(&file) {
        None if chain.run.is_some() => {
            docket.missing(Check::Chain, chain.place().within(file), "the events of the run are missing");
        }
        None => {}
        Some(bytes) => {
            let place = chain.place().within(file);
            for line in split(bytes, &place, Check::Leaves, docket) {
                let Some((index, bytes)) = event_line(line) else {
                    docket.tampered(
                        Check::Leaves,
                        place.clone(),
                        "a line is not `{index, leaf}` in its one form",
                    );
                    continue;
                };
                docket.look(Check::Leaves);
                let event = read(&bytes);
                let at = chain.place().at(index);
                let event = event.map_err(|unread| match unread {
                    Unread::Unknown(why) => docket.unknown(Check::Leaves, at, why),
                    Unread::Malformed(why) => docket.tampered(Check::Leaves, at, why),
                });
                chain.lines.push(Line { index, hash: leaf_hash(&bytes), bytes, event: event.ok() });
            }
        }
    }
    chain.disclosed = disclosed(files, &chain, docket);
    chain
}

fn split<'a>(bytes: &'a [u8], place: &Place, check: Check, docket: &mut Docket) -> Vec<&'a [u8]> {
    jsonl::lines(bytes).unwrap_or_else(|| {
        docket.tampered(check, place.clone(), "the last line is not ended: the file was cut");
        Vec::new()
    })
}

fn event_line(line: &[u8]) -> Option<(u64, Vec<u8>)> {
    let [index, leaf] = jsonl::members(line, ["index", "leaf"])?;
    Some((jsonl::count(&index)?, jsonl::base64(&leaf)?))
}

fn disclosed<E>(files: &Files, chain: &Chain<E>, docket: &mut Docket) -> Vec<Opened> {
    let file = chain.file("disclosures.jsonl");
    let Some(bytes) = files.get(&file) else { return Vec::new() };
    let place = chain.place().within(file);
    let mut opened: Vec<Opened> = Vec::new();
    let mut known: BTreeSet<SdDigest> = BTreeSet::new();
    for line in split(bytes, &place, Check::Disclosures, docket) {
        docket.look(Check::Disclosures);
        let read = jsonl::members(line, ["digest", "disclosure"])
            .and_then(|[digest, text]| Some((digest, Disclosure::open(text.as_str()?).ok()?)));
        match read {
            None => docket.tampered(
                Check::Disclosures,
                place.clone(),
                "a line is not a disclosure in its one form",
            ),
            Some((digest, one)) if digest.as_str() != Some(one.digest.as_str()) => {
                docket.tampered(
                    Check::Disclosures,
                    place.clone(),
                    "a value is not the one that its digest names",
                );
            }
            Some((_, one)) if !known.insert(one.digest.clone()) => {
                docket.tampered(Check::Disclosures, place.clone(), "a value is disclosed twice");
            }
            Some((_, one)) => opened.push(one),
        }
    }
    opened
}

fn plans(
    files: &Files,
    chain: &Chain<ReadEvent>,
    docket: &mut Docket,
) -> BTreeMap<u32, Vec<PlannedDocument>> {
    let mut plans = BTreeMap::new();
    let folder = chain.file("plans");
    for (name, bytes) in files.under(&folder) {
        let place = chain.place().within(format!("{folder}/{name}"));
        let revision = name.strip_suffix(".jsonl").and_then(|number| number.parse::<u32>().ok());
        let Some(revision) = revision.filter(|revision| format!("{revision}.jsonl") == name) else {
            docket.tampered(Check::Plans, place, "the file is not named after a revision");
            continue;
        };
        let mut documents = Vec::new();
        for (expected, line) in (0u64..).zip(split(bytes, &place, Check::Plans, docket)) {
            match document_line(line) {
                Some((n, document)) if n == expected && u64::from(document.document.n) == n => {
                    documents.push(document);
                }
                _ => docket.tampered(
                    Check::Plans,
                    place.clone(),
                    format!("line {} is not the mutation document {expected} in its one form", expected + 1),
                ),
            }
        }
        plans.insert(revision, documents);
    }
    plans
}

fn document_line(line: &[u8]) -> Option<(u64, PlannedDocument)> {
    let [doc, n] = jsonl::members(line, ["doc", "n"])?;
    let bytes = jsonl::base64(&doc)?;
    let document = MutationDocument::parse(&bytes).ok()?;
    Some((jsonl::count(&n)?, PlannedDocument { hash: leaf_hash(&bytes), document }))
}
