//! Whether the log only grew since the heads that the auditor kept.

use proof::checkpoint::SignedCheckpoint;
use proof::consistency::{self, PROOF_MAX};
use proof::digest::Digest;
use proof::trust::Verdict as Judgment;

use super::full_log::Entries;
use super::signatures::Head;
use crate::Question;
use crate::files::Files;
use crate::finding::{Check, Docket, Place};
use crate::verdict::Verdict;

/// Judges every kept head.
pub fn check(
    files: &Files,
    question: &Question<'_>,
    head: &Head,
    entries: Option<&Entries>,
    docket: &mut Docket,
) {
    for kept in question.known {
        docket.look(Check::Consistency);
        let (old, new) = (kept.checkpoint(), &head.checkpoint);
        let place = Place::bundle();
        if old.origin != new.origin {
            docket.missing(
                Check::Consistency,
                place,
                format!("the head that you kept is of another log, `{}`", old.origin),
            );
            continue;
        }
        if !is_signed(question, kept) {
            docket.find(
                Check::Consistency,
                Verdict::Untrusted,
                place,
                "the head that you kept is not signed by the log",
            );
            continue;
        }
        let proof = files.get(&format!("log/consistency/{}", old.size));
        let holds = match (old.size, proof, entries) {
            (0, _, _) => Some(true),
            (same, _, _) if same == new.size => Some(old.root == new.root),
            (larger, _, _) if larger > new.size => None,
            (_, Some(proof), _) => Some(read(proof).is_some_and(|path| {
                consistency::verify(old.size, &old.root, new.size, &new.root, &path).is_ok()
            })),
            (_, None, Some(entries)) => Some(entries.root_at(old.size) == Some(old.root)),
            (_, None, None) => None,
        };
        match holds {
            Some(true) => {}
            Some(false) => docket.tampered(
                Check::Consistency,
                place,
                format!("the log is not a continuation of the head of size {} that you kept: it has two histories", old.size),
            ),
            None => docket.missing(
                Check::Consistency,
                place,
                format!("nothing here shows that the log continues the head of size {} that you kept", old.size),
            ),
        }
    }
}

fn is_signed(question: &Question<'_>, kept: &SignedCheckpoint) -> bool {
    question.trust.is_none_or(|trust| matches!(trust.judge(kept), Judgment::Signed { .. }))
}

/// `log/consistency/<old size>`: the hashes of the proof in base64, one a line.
fn read(bytes: &[u8]) -> Option<Vec<Digest>> {
    let text = str::from_utf8(bytes).ok()?;
    let lines = text.strip_suffix('\n')?.split('\n').map(Digest::parse_base64).collect::<Option<Vec<_>>>()?;
    (lines.len() <= PROOF_MAX).then_some(lines)
}
