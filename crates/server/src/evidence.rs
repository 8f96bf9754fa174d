//! Evidence on its way out: a bundle is completed with what an auditor may want beside it, verified, and packed, or told in
//! another format.
//!
//! Nothing leaves that does not verify: an auditor must not be the first to find out.

mod keys;
mod page;
mod told;

use std::sync::Arc;

use domain::id::WorkspaceId;
use exports::{RunEvidence, aat, attestation};
use proof::bundle::{Scope, pack};
use proof::digest::sha256;
use proof::trust::TrustPolicy;
use proof::zip;
use verifier::{Examined, Files, Question, Report, Verdict, examine};

use engine::queries::Bundle;
use engine::{Code, Error, Result};

pub use keys::{ExportKeys, SigningKeys};
pub use page::page;
pub use told::{Format, Part, controls_json, told};

/// What a reader of the files needs to know first.
const README: &str = include_str!("evidence/README.md");
/// The verifier in one file of JavaScript, for convenience. An auditor uses their own copy.
const VERIFY_MJS: &str = include_str!("../../../evidence/verify.mjs");

/// A packed bundle.
#[derive(Debug)]
pub struct Packed {
    /// The `.apev` file.
    pub bytes: Vec<u8>,
    /// What the verifier says of it, under the log's own keys and without witnesses.
    pub report: Report,
}

/// Completes, verifies and packs a bundle. It takes a while for large ones: not for threads that serve tasks.
///
/// In a bundle of runs, each run that is closed gets its attestation and its audit trail beside it.
///
/// # Errors
/// [`Code::EvidenceDamaged`] when the bundle does not verify.
pub fn packed(mut bundle: Bundle, keys: &SigningKeys) -> Result<Packed> {
    for (path, text) in [("README.md", README), ("verify.mjs", VERIFY_MJS)] {
        bundle.files.insert(path.to_owned(), text.as_bytes().to_vec());
    }
    match bundle.manifest.scope {
        Scope::Full => {}
        Scope::Run | Scope::Range => {
            // Only what was verified is signed.
            for run in verified(&bundle)?.runs.iter().filter(|run| !run.run.stage.is_open()) {
                beside(&mut bundle, run, keys)?;
            }
        }
    }
    let bytes = zipped(&bundle)?;
    let report = judge(&bytes)?.report;
    Ok(Packed { bytes, report })
}

/// The keys that sign exports of the log that a bundle is of.
///
/// # Errors
/// [`Code::Internal`] when they cannot be read or made.
pub fn keys_of(keys: &ExportKeys, ws: WorkspaceId, bundle: &Bundle) -> Result<Arc<SigningKeys>> {
    keys.of(ws, &bundle.manifest.origin)
        .map_err(|fault| Error::internal("there are no keys to sign exports with").because(fault))
}

/// Verifies a bundle and answers what it holds. As slow as [`packed`].
///
/// # Errors
/// [`Code::EvidenceDamaged`] when the bundle does not verify.
pub fn verified(bundle: &Bundle) -> Result<Examined> {
    judge(&zipped(bundle)?)
}

/// The statement about a run, signed: the bytes of `attestation.dsse.json`.
fn attested(run: &RunEvidence, events_file: &[u8], keys: &SigningKeys) -> Result<Vec<u8>> {
    let envelope = attestation::sign(run, sha256(events_file), &keys.attestation)
        .map_err(|fault| Error::internal("the attestation key does not sign").because(fault))?;
    envelope.to_bytes().map_err(|fault| Error::internal("an attestation has no form").because(fault))
}

/// The events of a run as they stand in a bundle.
fn events_file<'a>(bundle: &'a Bundle, run: &RunEvidence) -> &'a [u8] {
    bundle.files.get(&format!("runs/{}/events.jsonl", run.run.id)).map_or(&[], Vec::as_slice)
}

fn beside(bundle: &mut Bundle, run: &RunEvidence, keys: &SigningKeys) -> Result<()> {
    let attestation = attested(run, events_file(bundle, run), keys)?;
    for (name, bytes) in [
        ("attestation.dsse.json", attestation),
        ("attestation.vkey", format!("{}\n", keys.attestation.verifier()).into_bytes()),
        ("aat.jsonl", aat::trail(run, &keys.trail)),
        ("aat.keys.json", keys.trail.file()),
    ] {
        bundle.files.insert(format!("runs/{}/{name}", run.run.id), bytes);
    }
    Ok(())
}

fn zipped(bundle: &Bundle) -> Result<Vec<u8>> {
    pack(&bundle.manifest, &bundle.files)
        .map_err(|fault| Error::internal("the bundle cannot be packed").because(fault))
}

fn judge(bytes: &[u8]) -> Result<Examined> {
    let unread = |what: &'static str| move |fault| Error::internal(what).because(fault);
    let mut files = Files::new();
    for (path, content) in zip::read(bytes).map_err(unread("the packed bundle does not read"))? {
        files
            .insert(path, content.to_vec())
            .map_err(|fault| Error::internal("the packed bundle has a malformed path").because(fault))?;
    }
    let trust = files.get("trust.tlog-policy").unwrap_or_default();
    let trust = TrustPolicy::parse(trust)
        .map_err(|fault| Error::internal("the log's own trust policy does not read").because(fault))?;
    let examined = examine(&files, &Question { trust: Some(&trust), ..Question::default() });
    let report = &examined.report;
    if report.verdict <= Verdict::Unwitnessed {
        return Ok(examined);
    }
    for finding in report.findings() {
        tracing::error!("the evidence does not verify: {finding:?}");
    }
    let told = format!("the evidence does not verify: {}", report.verdict.word());
    Err(Error::new(Code::EvidenceDamaged, told)
        .hint("nothing was exported; the server's log says which check failed and where"))
}
