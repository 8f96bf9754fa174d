//! Signed heads: who signed, who cosigned and when, and whether the auditor trusts them.
//!
//! Keys inside a bundle prove nothing. Without a trust policy of the auditor's own, the bundle's template is used to see
//! whether it agrees with itself, and the verdict is `UNTRUSTED`.

use std::collections::{BTreeMap, BTreeSet};

use domain::time::Timestamp;
use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::trust::{Quorum, TrustPolicy, Verdict as Judgment};

use crate::Question;
use crate::files::Files;
use crate::finding::{Check, Docket, Place};
use crate::verdict::Verdict;

/// The file of the head.
pub const HEAD: &str = "log/checkpoint";
/// The file of the template.
const TEMPLATE: &str = "trust.tlog-policy";

/// The head of a bundle, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// The signed text as it stands in the bundle.
    pub note: Vec<u8>,
    /// Keys of the log that signed, as verifier keys of the policy.
    pub keys: Vec<String>,
    /// Witnesses that cosigned, by the policy's name for them, with the time.
    pub witnesses: BTreeMap<String, Timestamp>,
    /// Whether the policy is the auditor's own.
    pub trusted: bool,
}

/// Judges signed notes, each distinct one once.
pub struct Notes<'a> {
    question: &'a Question<'a>,
    template: Option<TrustPolicy>,
    judged: BTreeSet<String>,
}

impl<'a> Notes<'a> {
    /// With the auditor's policy, or else the bundle's template.
    pub fn new(files: &Files, question: &'a Question<'a>, docket: &mut Docket) -> Self {
        let template = files.get(TEMPLATE).and_then(|bytes| TrustPolicy::parse(bytes).ok());
        if question.trust.is_none() {
            docket.find(
                Check::Trust,
                Verdict::Untrusted,
                Place::bundle(),
                "no trust policy of yours was given, and keys inside a bundle prove nothing",
            );
        }
        Self { question, template, judged: BTreeSet::new() }
    }

    fn policy(&self) -> Option<&TrustPolicy> {
        self.question.trust.or(self.template.as_ref())
    }

    /// Judges one note.
    pub fn judge(&mut self, note: &SignedCheckpoint, place: &Place, docket: &mut Docket) {
        if !self.judged.insert(note.to_string()) {
            return;
        }
        docket.look(Check::Signatures);
        let Some(policy) = self.policy() else { return };
        let judgment = policy.judge(note);
        if self.question.trust.is_some() {
            docket.look(Check::Trust);
        }
        match judgment {
            Judgment::BadSignature => {
                docket.tampered(
                    Check::Signatures,
                    place.clone(),
                    "a signature of a known key does not verify",
                );
            }
            Judgment::UnknownOrigin if self.question.trust.is_some() => docket.find(
                Check::Trust,
                Verdict::Untrusted,
                place.clone(),
                format!("your trust policy has no key of the log `{}`", note.checkpoint().origin),
            ),
            Judgment::NoLogSignature if self.question.trust.is_some() => docket.find(
                Check::Trust,
                Verdict::Untrusted,
                place.clone(),
                "no key of the log in your trust policy signed this head",
            ),
            Judgment::UnknownOrigin | Judgment::NoLogSignature => {}
            Judgment::Signed { .. } if self.question.trust.is_none() => {}
            Judgment::Signed { quorum, times } => self.quorum(policy, note, quorum, &times, place, docket),
        }
    }

    fn quorum(
        &self,
        policy: &TrustPolicy,
        note: &SignedCheckpoint,
        quorum: Quorum,
        times: &BTreeMap<String, u64>,
        place: &Place,
        docket: &mut Docket,
    ) {
        let told = match quorum {
            Quorum::NotAsked => Some("your trust policy asks for no witness".to_owned()),
            Quorum::NotMet => {
                Some(format!("only {} of the witnesses of your trust policy cosigned", times.len()))
            }
            Quorum::Met => self.stale(policy, note, times),
        };
        if let Some(told) = told {
            docket.find(Check::Signatures, Verdict::Unwitnessed, place.clone(), told);
        }
    }

    /// Whether too few cosignatures are left when old ones do not count.
    fn stale(
        &self,
        policy: &TrustPolicy,
        note: &SignedCheckpoint,
        times: &BTreeMap<String, u64>,
    ) -> Option<String> {
        let (Some(now), Some(max_age_s)) = (self.question.now, self.question.max_age_s) else { return None };
        let oldest = u64::try_from(now.millis() / 1000).unwrap_or(0).saturating_sub(max_age_s);
        let stale = |name: &str| times.get(name).is_some_and(|time| *time < oldest);
        let old: Vec<_> = policy.witnesses().iter().filter(|witness| stale(&witness.name)).collect();
        let fresh = note
            .note()
            .signatures()
            .iter()
            .filter(|line| !old.iter().any(|witness| line.is_by(&witness.key)));
        let fresh = SignedCheckpoint::new(note.checkpoint(), fresh.cloned().collect()).ok();
        let met = fresh.map(|fresh| policy.judge(&fresh));
        if matches!(met, Some(Judgment::Signed { quorum: Quorum::Met, .. })) {
            return None;
        }
        Some(format!("too few witnesses cosigned within the last {max_age_s} seconds: the head is stale"))
    }

    /// Witnesses of a note and when they cosigned, as far as the policy at hand knows them.
    pub fn witnesses(&self, note: &SignedCheckpoint) -> BTreeMap<String, Timestamp> {
        match self.policy().map(|policy| policy.judge(note)) {
            Some(Judgment::Signed { times, .. }) => {
                times.into_iter().map(|(name, seconds)| (name, at_second(seconds))).collect()
            }
            Some(Judgment::UnknownOrigin | Judgment::BadSignature | Judgment::NoLogSignature) | None => {
                BTreeMap::new()
            }
        }
    }

    fn keys(&self, note: &SignedCheckpoint) -> Vec<String> {
        let origin = &note.checkpoint().origin;
        let signed = self.policy().map(|policy| note.verify(policy.log_keys(origin)).unwrap_or_default());
        signed.unwrap_or_default().iter().map(|signed| signed.key.to_string()).collect()
    }

    /// Reads and judges the head of the bundle.
    pub fn head(&mut self, files: &Files, docket: &mut Docket) -> Option<Head> {
        let place = Place::file(HEAD);
        let Some(bytes) = files.get(HEAD) else {
            docket.missing(Check::Signatures, place, "the head of the log is missing");
            return None;
        };
        let note = match SignedCheckpoint::parse(bytes) {
            Ok(note) => note,
            Err(fault) => {
                docket.tampered(
                    Check::Signatures,
                    place,
                    format!("the head of the log is malformed: {fault}"),
                );
                return None;
            }
        };
        self.judge(&note, &place, docket);
        Some(Head {
            checkpoint: note.checkpoint().clone(),
            note: bytes.to_vec(),
            keys: self.keys(&note),
            witnesses: self.witnesses(&note),
            trusted: self.question.trust.is_some(),
        })
    }
}

fn at_second(seconds: u64) -> Timestamp {
    Timestamp::from_millis(0).plus_s(seconds)
}
