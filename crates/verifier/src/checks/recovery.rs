//! Whether what a run says was taken back was taken back by the recovery run that it names.

use std::collections::BTreeMap;

use domain::attempt::Outcome;
use domain::command::Command;
use domain::event::{Event, RecoveryFinished};
use domain::id::{NodeId, RunId};
use domain::principal::Actor;
use domain::run::{Context, Progress, RecoveryKind, Run, decide};
use proof::digest::Digest;
use proof::json::Value;
use proof::leaf::SdDigest;

use super::replay::Replayed;
use crate::finding::{Check, Docket, Place};
use crate::read::{Parts, PlannedDocument, RunParts};
use crate::values::Values;

/// Judges every recovery of every run that was replayed.
pub fn check(parts: &Parts, replayed: &BTreeMap<RunId, Replayed>, values: &Values, docket: &mut Docket) {
    for (id, told) in replayed {
        let Some(run) = parts.runs.get(id) else { continue };
        for (seq, before) in &told.recoveries {
            let line = run.chain.lines.get(*seq);
            let Some((line, read)) = line.and_then(|line| Some((line, line.event.as_ref()?))) else {
                continue;
            };
            let Event::RecoveryFinished(finished) = &read.event else { continue };
            docket.look(Check::Recovery);
            let place = run.chain.place().at(line.index);
            let Some(child) = parts.runs.get(&finished.run) else {
                absent(finished, place, docket);
                continue;
            };
            let Some((close, ended)) =
                replayed.get(&finished.run).and_then(|child| child.first_close.as_ref())
            else {
                docket.leave_open(
                    Check::Recovery,
                    place,
                    "the recovery run could not be replayed to its close",
                );
                continue;
            };
            let Actor::System(node) = read.by else { continue };
            let child = Child { parts: child, close: *close, ended };
            if let Err(why) = judge(before, finished, node, read.leaf.cause.as_slice(), &child) {
                docket.violation(Check::Recovery, place, why);
            } else if let Some(n) = restores_otherwise(before, run, child.parts, ended, values) {
                let told = format!("{} does not put back what mutation {n} had changed", ended.id);
                docket.violation(Check::Recovery, place, told);
            }
        }
        announced(*id, told, parts, replayed, docket);
    }
}

fn absent(finished: &RecoveryFinished, place: Place, docket: &mut Docket) {
    if finished.recovered.is_empty() {
        docket.leave_open(
            Check::Recovery,
            place,
            "the recovery run, which took nothing back, is not in this bundle",
        );
    } else {
        docket.missing(
            Check::Recovery,
            place,
            format!("{} is said to have taken changes back, and is not in this bundle", finished.run),
        );
    }
}

struct Child<'a> {
    parts: &'a RunParts,
    close: Digest,
    ended: &'a Run,
}

fn judge(
    before: &Run,
    finished: &RecoveryFinished,
    node: NodeId,
    cause: &[Digest],
    child: &Child<'_>,
) -> Result<(), String> {
    let Child { ended, close, .. } = child;
    if !cause.contains(close) {
        return Err("the end of the recovery does not name the close of the recovery run".to_owned());
    }
    let open = before.recovery.as_ref().ok_or("no recovery was open")?;
    if ended.recovers != Some((before.id, open.kind)) {
        return Err(format!("{} is no {} of this run", ended.id, open.kind));
    }
    let code = ended.closed.as_ref().map(|closed| closed.code.clone()).ok_or("the recovery run is open")?;
    // A plan that was amended is no longer the undo of this run, and proves nothing about it.
    let own_undo = ended.amenders.is_empty();
    let proven =
        open.mutations.iter().zip(&ended.progress).filter(|(_, progress)| own_undo && is_proven(progress));
    let recovered: Vec<u32> = proven.map(|(n, _)| *n).collect();
    if own_undo && ended.revision > 0 && ended.progress.len() != open.mutations.len() {
        return Err("the recovery run has another number of mutations than were to be taken back".to_owned());
    }
    // Decided again by the writer's own rule.
    let command =
        Command::FinishRecovery { child: ended.id, stage: ended.stage, code, close: *close, recovered };
    let context = Context { now: before.updated, node };
    let drafts = decide(Some(before), command, &context).map_err(|refusal| refusal.to_string())?;
    match drafts.first().map(|draft| &draft.event) {
        Some(Event::RecoveryFinished(due)) if due == finished => Ok(()),
        Some(Event::RecoveryFinished(due)) => Err(format!(
            "the recovery is said to be `{}` with {} mutations taken back; {} shows `{}` with {}",
            finished.outcome,
            finished.recovered.len(),
            child.parts.id,
            due.outcome,
            due.recovered.len()
        )),
        _ => Err("the end of the recovery does not follow from the recovery run".to_owned()),
    }
}

/// Whether a read-back proved it. A divergence that somebody accepted restores nothing.
fn is_proven(progress: &Progress) -> bool {
    let last = progress.attempts.last().and_then(|attempt| attempt.result.as_ref());
    progress.recovered.is_none() && last.is_some_and(|result| result.outcome == Outcome::Applied)
}

/// A mutation that is said to be rolled back, and whose disclosed before-values are not what the recovery run wrote.
fn restores_otherwise(
    before: &Run,
    parent: &RunParts,
    child: &RunParts,
    ended: &Run,
    values: &Values,
) -> Option<u32> {
    let open = before.recovery.as_ref().filter(|open| open.kind == RecoveryKind::Rollback)?;
    let (done, undone) = (parent.plans.get(&before.revision)?, child.plans.get(&ended.revision)?);
    if !ended.amenders.is_empty() {
        return None;
    }
    let puts_back = |n: u32, undo: &PlannedDocument| {
        let Some(done) = usize::try_from(n).ok().and_then(|n| done.get(n)) else { return false };
        let (done, undo) = (&done.document, &undo.document);
        let known = |digests: &[SdDigest]| {
            digests
                .iter()
                .map(|digest| values.field(digest).disclosed().cloned())
                .collect::<Option<Vec<Value>>>()
        };
        let (Some(changes), Some(back)) = (known(&done.changes), known(&undo.changes)) else { return true };
        let same_record =
            undo.kind == "update" && values.named(&done.sd, "record") == values.named(&undo.sd, "record");
        let was = |name: &Value| changes.iter().find(|change| change.get("field") == Some(name));
        same_record
            && done.connector == undo.connector
            && done.object == undo.object
            && back.iter().all(|change| {
                let was = change.get("field").and_then(was);
                // What was absent is put back by clearing it.
                let said = |change: &Value, side| change.get(side).cloned().unwrap_or(Value::Null);
                was.is_some_and(|was| said(was, "before") == said(change, "after"))
            })
    };
    let pairs = open.mutations.iter().zip(undone);
    pairs.filter(|(n, undo)| !puts_back(**n, undo)).map(|(n, _)| *n).next()
}

/// A recovery run is one that its parent planned.
fn announced(
    id: RunId,
    told: &Replayed,
    parts: &Parts,
    replayed: &BTreeMap<RunId, Replayed>,
    docket: &mut Docket,
) {
    let Some((parent, kind)) = told.run.recovers else { return };
    let Some(parent) = parts.runs.get(&parent).filter(|parent| replayed.contains_key(&parent.id)) else {
        return;
    };
    docket.look(Check::Recovery);
    let planned = parent.chain.lines.iter().filter_map(|line| line.event.as_ref()).any(|read| {
        matches!(&read.event, Event::RecoveryPlanned(planned) if planned.run == id && planned.kind == kind)
    });
    if !planned {
        let told = format!("the run says that it recovers {}, which planned no such recovery", parent.id);
        docket.violation(Check::Recovery, Place::run(id), told);
    }
}
