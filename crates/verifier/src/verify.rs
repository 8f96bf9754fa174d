//! All checks in their order, from bytes to meaning. Nothing is judged by its meaning whose form or place does not hold.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::RunId;
use domain::time::Timestamp;
use exports::{RunEvidence, WorkspaceEvidence};
use proof::bundle::Scope;
use proof::checkpoint::SignedCheckpoint;
use proof::trust::TrustPolicy;
use proof::zip;

use crate::acts::Acts;
use crate::checks::inclusion::Log;
use crate::checks::replay::{self, Replayed};
use crate::checks::signatures::{Head, Notes};
use crate::checks::{
    anchors, chain, consistency, decisions, disclosures, full_log, inclusion, manifest, plans, projections,
    recovery, times,
};
use crate::files::Files;
use crate::finding::{Check, Docket, Place};
use crate::read::{self, Parts};
use crate::report::Report;
use crate::story;
use crate::values::Counts;
use crate::verdict::Verdict;

/// What an auditor brings: everything that must not come from the bundle.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question<'a> {
    /// Which logs and witnesses the auditor trusts.
    pub trust: Option<&'a TrustPolicy>,
    /// Heads that the auditor kept.
    pub known: &'a [SignedCheckpoint],
    /// The time at which freshness is judged.
    pub now: Option<Timestamp>,
    /// How old a cosignature may be to count: seconds. Needs `now`.
    pub max_age_s: Option<u64>,
}

/// Checks whose findings leave a run unfit to be judged by its rules: a missing event must not be reported as a wrong act.
const FORM: &[Check] =
    &[Check::Leaves, Check::Inclusion, Check::Chain, Check::Plans, Check::FullLog, Check::Signatures];

/// Judges an archive. One that is not in the one form that bundles have is not read any further.
pub fn verify_zip(archive: &[u8], question: &Question<'_>) -> Report {
    match zip::read(archive) {
        Ok(found) => {
            let mut files = Files::new();
            for (path, bytes) in found {
                files.take(path, bytes.to_vec());
            }
            verify(&files, question)
        }
        Err(fault) => {
            let mut docket = Docket::default();
            docket.tampered(Check::Manifest, Place::bundle(), format!("the archive is refused: {fault}"));
            Report {
                verdict: docket.worst(),
                manifest: None,
                head: None,
                fields: Counts::default(),
                runs: Vec::new(),
                checks: docket.close(),
            }
        }
    }
}

/// What was judged, for whoever makes something of it. It is worth what the report says.
#[derive(Debug, Clone)]
pub struct Examined {
    /// The answer.
    pub report: Report,
    /// The runs that could be replayed, by id.
    pub runs: Vec<RunEvidence>,
    /// The acts of the workspace; none without a head.
    pub workspace: Option<WorkspaceEvidence>,
}

/// Judges a bundle.
pub fn verify(files: &Files, question: &Question<'_>) -> Report {
    examine(files, question).report
}

/// Judges a bundle and hands out what it holds.
pub fn examine(files: &Files, question: &Question<'_>) -> Examined {
    let mut docket = Docket::default();
    let manifest = manifest::check(files, &mut docket);
    let mut notes = Notes::new(files, question, &mut docket);
    let head = notes.head(files, &mut docket);
    let parts = read::parts(files, &mut docket);
    if parts.runs.is_empty() && files.under("log").all(|(path, _)| !path.starts_with("tile/")) {
        docket.missing(Check::Chain, Place::bundle(), "the bundle has no run");
    }
    let whole_log = match &head {
        None => false,
        Some(head) => {
            if let Some(manifest) = &manifest {
                manifest::names(manifest, head, &mut docket);
            }
            let full = manifest.as_ref().is_some_and(|manifest| manifest.scope == Scope::Full);
            form(files, question, &parts, head, full, &mut notes, &mut docket)
        }
    };
    let acts = Acts::of(&parts.workspace, whole_log);
    let origin = head.as_ref().map_or("", |head| head.checkpoint.origin.as_str());
    let mut whole = BTreeSet::new();
    for run in parts.runs.values() {
        let chained = chain::check(run, &mut docket);
        let planned = head.is_some() && plans::check(run, origin, chained, &mut docket);
        if chained && planned && !docket.spoils(FORM, &run.id.to_string()) {
            whole.insert(run.id);
        }
    }
    let (values, counts) = disclosures::check(files, &parts, &acts, &whole, &mut docket);
    let sets = decisions::load(files, &mut docket);
    plans::manifests(files, &mut docket);
    let tokens = head.as_ref().map(|head| anchors::check(files, head, &mut docket)).unwrap_or_default();
    let sights = head.as_ref().map(|head| times::sights(head, &tokens)).unwrap_or_default();
    times::workspace(&parts, &sights, &mut docket);
    let mut replayed = BTreeMap::<RunId, Replayed>::new();
    for run in parts.runs.values() {
        let place = run.chain.place();
        if !whole.contains(&run.id) {
            for check in [Check::Replay, Check::Times] {
                docket.leave_open(
                    check,
                    place.clone(),
                    "the run is judged only when all of its events and plans are here",
                );
            }
            continue;
        }
        let last = run.chain.lines.last().map_or(0, |line| line.index);
        if !acts.is_whole_before(last) {
            docket.leave_open(
                Check::Approvals,
                place,
                "nothing shows that all acts of the workspace before the end of the run are here: a removal could be left out",
            );
        }
        times::run(run, &sights, &mut docket);
        replayed.extend(
            replay::replay(run, &acts, &sets, &values, &mut docket).map(|replayed| (run.id, replayed)),
        );
    }
    recovery::check(&parts, &replayed, &values, &mut docket);
    let mut runs = Vec::new();
    if let Some(head) = &head {
        for (id, told) in &replayed {
            if let Some(run) = parts.runs.get(id) {
                let evidence = projections::evidence(run, &told.run, head, &values);
                projections::check(files, run, &evidence, &mut docket);
                runs.push(evidence);
            }
        }
    }
    let workspace = head.as_ref().map(|head| projections::acts(&parts.workspace, head, &values));
    let stories =
        parts.runs.values().map(|run| story::of(run, replayed.get(&run.id).map(|told| &told.run), &values));
    let stories = stories.collect();
    let redacted = if counts.is_all_disclosed() { Verdict::Valid } else { Verdict::ValidRedacted };
    let report = Report {
        verdict: docket.worst().max(redacted),
        manifest,
        head,
        fields: counts,
        runs: stories,
        checks: docket.close(),
    };
    Examined { report, runs, workspace }
}

/// Everything between bytes and meaning. `true` when the chain of the workspace was compared with the whole log.
fn form(
    files: &Files,
    question: &Question<'_>,
    parts: &Parts,
    head: &Head,
    full: bool,
    notes: &mut Notes<'_>,
    docket: &mut Docket,
) -> bool {
    let entries = if full { full_log::read(files, head, docket) } else { None };
    let log = match &entries {
        Some(entries) => Log::Whole(entries),
        None if full => Log::Broken,
        None => Log::Absent,
    };
    for run in parts.runs.values() {
        inclusion::check(files, &run.chain, head, log, notes, docket);
    }
    inclusion::check(files, &parts.workspace, head, log, notes, docket);
    consistency::check(files, question, head, entries.as_ref(), docket);
    let Some(entries) = entries else { return false };
    full_log::nothing_hidden(&entries, parts, docket);
    !docket.spoils(&[Check::FullLog, Check::Inclusion, Check::Leaves], "")
}
