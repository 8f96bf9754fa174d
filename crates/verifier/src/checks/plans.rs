//! Whether the mutation documents are those under the plan digests: documents → root → digest.

use domain::event::{Event, PlanPreviewed};
use proof::digest::{Digest, Tag, tagged_bytes};
use proof::document::PlanHeader;
use proof::tree;

use crate::files::Files;
use crate::finding::{Check, Docket, Place};
use crate::read::{PlannedDocument, RunParts};

/// Judges every plan that the run had. `true` when all of their documents are there, so that the run can be replayed.
pub fn check(run: &RunParts, origin: &str, chain_is_whole: bool, docket: &mut Docket) -> bool {
    let mut whole = true;
    let mut told = std::collections::BTreeSet::new();
    for line in &run.chain.lines {
        let Some(Event::PlanPreviewed(previewed)) = line.event.as_ref().map(|read| &read.event) else {
            continue;
        };
        docket.look(Check::Plans);
        told.insert(previewed.revision);
        let file = run.chain.file(&format!("plans/{}.jsonl", previewed.revision));
        let place = run.chain.place().within(file).at(line.index);
        if let Some(documents) = run.plans.get(&previewed.revision) {
            whole &= compare(run, origin, previewed, documents, place, docket);
        } else {
            whole = false;
            docket.missing(Check::Plans, place, "the mutation documents of the plan are missing");
        }
    }
    for revision in run.plans.keys().filter(|revision| chain_is_whole && !told.contains(revision)) {
        let place = run.chain.place().within(run.chain.file(&format!("plans/{revision}.jsonl")));
        docket.tampered(Check::Plans, place, "these documents belong to no plan of the run");
    }
    whole
}

fn compare(
    run: &RunParts,
    origin: &str,
    previewed: &PlanPreviewed,
    documents: &[PlannedDocument],
    place: Place,
    docket: &mut Docket,
) -> bool {
    let count = u32::try_from(documents.len()).unwrap_or(u32::MAX);
    if count < previewed.count {
        let told = format!("{count} of {} mutation documents are here", previewed.count);
        docket.missing(Check::Plans, place, told);
        return false;
    }
    let hashes: Vec<_> = documents.iter().map(|document| document.hash).collect();
    if count > previewed.count || tree::root(&hashes) != previewed.root {
        docket.tampered(Check::Plans, place, "the mutation documents are not those of the plan");
        return false;
    }
    let header = PlanHeader {
        count,
        origin: origin.to_owned(),
        policy: previewed.policy,
        revision: previewed.revision,
        root: previewed.root,
        run: run.id.to_string(),
    };
    if header.digest() != Ok(previewed.plan_digest) {
        docket.tampered(Check::Plans, place, "the plan digest is not the one of these documents in this log");
        return false;
    }
    let undo = |word: &str| documents.iter().filter(|one| one.document.undo == word).count();
    let counted = [
        ("compensation", previewed.undo.compensation),
        ("irreversible", previewed.undo.irreversible),
        ("rollback", previewed.undo.rollback),
    ];
    if counted.iter().any(|(word, told)| u32::try_from(undo(word)) != Ok(*told)) {
        docket.violation(Check::Plans, place, "the preview miscounts how its mutations can be undone");
    }
    true
}

/// Whether every manifest of a connector is the one that its file is named after.
pub fn manifests(files: &Files, docket: &mut Docket) {
    for (name, bytes) in files.under("manifests") {
        docket.look(Check::Plans);
        let named = name.strip_suffix(".toml").and_then(Digest::parse);
        if named != Some(tagged_bytes(Tag::Manifest, bytes)) {
            let place = Place::file(format!("manifests/{name}"));
            docket.tampered(Check::Plans, place, "the manifest is not the one that the file is named after");
        }
    }
}
