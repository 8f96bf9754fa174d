//! Evidence on its way out: a bundle is completed with what an auditor may want beside it, verified, and packed.
//!
//! Nothing leaves that does not verify: an auditor must not be the first to find out.

mod page;

use proof::bundle::pack;
use proof::trust::TrustPolicy;
use proof::zip;
use verifier::{Files, Question, Report, Verdict, verify};

use engine::queries::Bundle;
use engine::{Code, Error, Result};

pub use page::page;

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
/// # Errors
/// [`Code::EvidenceDamaged`] when the bundle does not verify.
pub fn packed(mut bundle: Bundle) -> Result<Packed> {
    for (path, text) in [("README.md", README), ("verify.mjs", VERIFY_MJS)] {
        bundle.files.insert(path.to_owned(), text.as_bytes().to_vec());
    }
    let bytes = pack(&bundle.manifest, &bundle.files)
        .map_err(|fault| Error::internal("the bundle cannot be packed").because(fault))?;
    let report = judge(&bytes)?;
    Ok(Packed { bytes, report })
}

fn judge(bytes: &[u8]) -> Result<Report> {
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
    let report = verify(&files, &Question { trust: Some(&trust), ..Question::default() });
    if report.verdict <= Verdict::Unwitnessed {
        return Ok(report);
    }
    for finding in report.findings() {
        tracing::error!("the evidence does not verify: {finding:?}");
    }
    let told = format!("the evidence does not verify: {}", report.verdict.word());
    Err(Error::new(Code::EvidenceDamaged, told)
        .hint("nothing was exported; the server's log says which check failed and where"))
}
