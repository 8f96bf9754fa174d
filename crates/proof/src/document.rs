//! What a plan digest is made of: mutation documents, the plan header, and the digests that name the plan.
//!
//! Documents hold sealed digests in place of values, so they can be kept forever and shown alone.

#[cfg(test)]
mod tests;

use crate::canonical;
use crate::digest::{Digest, Tag, tagged, tagged_bytes};
use crate::json::{Object, Value, object};
use crate::leaf::{SdDigest, id_form, sd, slug_form};
use crate::members::{Members, integer, text};
use crate::strict::{Fault, parse_evidence};
use crate::tree::leaf_hash;

const ENVIRONMENTS: [&str; 3] = ["production", "sandbox", "simulation"];
const KINDS: [&str; 4] = ["create", "delete", "invoke", "update"];
const UNDOS: [&str; 3] = ["compensation", "irreversible", "rollback"];

/// One mutation as the plan digest covers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutationDocument {
    /// `_sd`: the digests of *record*, *version*, *guard* and *arguments*, sorted in the bytes whatever the
    /// order here.
    pub sd: [SdDigest; 4],
    /// The digest of each *change* `{after, before, field}`, in order.
    pub changes: Vec<SdDigest>,
    /// The connector, a slug.
    pub connector: String,
    /// `production`, `sandbox` or `simulation`.
    pub environment: String,
    /// `create`, `update`, `delete` or `invoke`.
    pub kind: String,
    /// The digest of the connector's manifest.
    pub manifest: Digest,
    /// The place in the plan, from 0.
    pub n: u32,
    /// The object of the connector, a slug.
    pub object: String,
    /// `rollback`, `compensation` or `irreversible`.
    pub undo: String,
    /// The action, a slug; present exactly when `kind` is `invoke`.
    pub action: Option<String>,
}

impl MutationDocument {
    /// The bytes to keep and hash.
    ///
    /// # Errors
    /// The rule that this document breaks, size included: bytes come out only if
    /// [`MutationDocument::parse`] takes them.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        let changes =
            self.changes.iter().map(|digest| object([("_sd", sd::sorted(std::slice::from_ref(digest)))]));
        let mut document = Object::from([
            ("_sd".into(), sd::sorted(&self.sd)),
            ("_sd_alg".into(), sd::SD_ALG.into()),
            ("changes".into(), Value::Array(changes.collect())),
            ("connector".into(), self.connector.as_str().into()),
            ("environment".into(), self.environment.as_str().into()),
            ("kind".into(), self.kind.as_str().into()),
            ("manifest".into(), self.manifest.into()),
            ("n".into(), self.n.into()),
            ("object".into(), self.object.as_str().into()),
            ("undo".into(), self.undo.as_str().into()),
        ]);
        if let Some(action) = &self.action {
            document.insert("action".into(), action.as_str().into());
        }
        let bytes = canonical::to_bytes(&Value::Object(document));
        Self::parse(&bytes)?;
        Ok(bytes)
    }

    /// Reads a mutation document.
    ///
    /// # Errors
    /// The rule that the bytes break.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let value = parse_evidence(bytes)?;
        sd::check_document(&value)?;
        let mut members = Members::of(value)?;
        members.pass("_sd_alg");
        let document = Self {
            sd: members.required("_sd", Fault::SdForm, |list| sd::digests(list)?.try_into().ok())?,
            changes: members.required("changes", Fault::DocumentForm, changes)?,
            connector: members.required("connector", Fault::DocumentForm, text(slug_form))?,
            environment: members.required("environment", Fault::DocumentForm, one_of(&ENVIRONMENTS))?,
            kind: members.required("kind", Fault::DocumentForm, one_of(&KINDS))?,
            manifest: members.required("manifest", Fault::DocumentForm, digest)?,
            n: members.required("n", Fault::DocumentForm, integer())?,
            object: members.required("object", Fault::DocumentForm, text(slug_form))?,
            undo: members.required("undo", Fault::DocumentForm, one_of(&UNDOS))?,
            action: members.optional("action", Fault::DocumentForm, text(slug_form))?,
        };
        members.finish()?;
        if document.action.is_some() == (document.kind == "invoke") {
            Ok(document)
        } else {
            Err(Fault::DocumentForm)
        }
    }

    /// The mutation hash, a leaf of the plan's tree.
    ///
    /// # Errors
    /// As [`MutationDocument::to_bytes`].
    pub fn hash(&self) -> Result<Digest, Fault> {
        Ok(leaf_hash(&self.to_bytes()?))
    }
}

/// What a plan digest covers: the plan's tree and the circumstances in which it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanHeader {
    /// How many mutation documents the tree has.
    pub count: u32,
    /// The origin of the workspace's log.
    pub origin: String,
    /// The digest of the policy set that judges the plan.
    pub policy: Digest,
    /// The revision of the plan, from 1.
    pub revision: u32,
    /// The tree hash over the documents in order.
    pub root: Digest,
    /// The id of the run.
    pub run: String,
}

impl PlanHeader {
    /// The bytes that the plan digest covers.
    ///
    /// # Errors
    /// The rule that this header breaks: bytes come out only if [`PlanHeader::parse`] takes them.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        let bytes = canonical::to_bytes(&object([
            ("count", self.count.into()),
            ("origin", self.origin.as_str().into()),
            ("policy", self.policy.into()),
            ("revision", self.revision.into()),
            ("root", self.root.into()),
            ("run", self.run.as_str().into()),
        ]));
        Self::parse(&bytes)?;
        Ok(bytes)
    }

    /// Reads a plan header.
    ///
    /// # Errors
    /// The rule that the bytes break.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let mut members = Members::of(parse_evidence(bytes)?)?;
        let header = Self {
            count: members.required("count", Fault::DocumentForm, integer())?,
            origin: members.required("origin", Fault::DocumentForm, text(|origin| !origin.is_empty()))?,
            policy: members.required("policy", Fault::DocumentForm, digest)?,
            revision: members.required("revision", Fault::DocumentForm, integer())?,
            root: members.required("root", Fault::DocumentForm, digest)?,
            run: members.required("run", Fault::Run, text(id_form))?,
        };
        members.finish()?;
        if header.revision == 0 { Err(Fault::DocumentForm) } else { Ok(header) }
    }

    /// The plan digest: what is approved, authorized and executed.
    ///
    /// # Errors
    /// As [`PlanHeader::to_bytes`].
    pub fn digest(&self) -> Result<Digest, Fault> {
        Ok(tagged_bytes(Tag::Plan, &self.to_bytes()?))
    }
}

/// The key under which a connector applies mutation `n` of a plan at most once; the same after a restart.
pub fn idempotency_key(run: &str, plan_digest: &Digest, n: u32) -> Digest {
    let key = object([("n", n.into()), ("plan_digest", (*plan_digest).into()), ("run", run.into())]);
    tagged(Tag::Idempotency, &key)
}

/// What an approver puts a name to.
#[derive(Clone, Copy, Debug)]
pub struct Approval<'a> {
    /// The leaf hash of the decision that asked for approval.
    pub decided: Digest,
    /// When the approval ends, in the form of [`crate::leaf::time_form`].
    pub expires: &'a str,
    /// The origin of the workspace's log.
    pub origin: &'a str,
    /// The plan.
    pub plan_digest: Digest,
    /// The id of the run.
    pub run: &'a str,
    /// What the approver says.
    pub verdict: &'a str,
}

/// The challenge that a passkey signs.
pub fn approval_challenge(approval: &Approval<'_>) -> Digest {
    let challenge = object([
        ("decided", approval.decided.into()),
        ("expires", approval.expires.into()),
        ("origin", approval.origin.into()),
        ("plan_digest", approval.plan_digest.into()),
        ("run", approval.run.into()),
        ("verdict", approval.verdict.into()),
    ]);
    tagged(Tag::Approval, &challenge)
}

fn changes(value: Value) -> Option<Vec<SdDigest>> {
    let Value::Array(elements) = value else { return None };
    elements.into_iter().map(change).collect()
}

/// `{"_sd":[digest]}`.
fn change(value: Value) -> Option<SdDigest> {
    let mut members = Members::of(value).ok()?;
    let [digest] = members.required("_sd", Fault::SdForm, sd::digests).ok()?.try_into().ok()?;
    members.finish().ok()?;
    Some(digest)
}

fn one_of(words: &'static [&'static str]) -> impl FnOnce(Value) -> Option<String> {
    text(|word| words.contains(&word))
}

fn digest(value: Value) -> Option<Digest> {
    if let Value::Str(text) = value { Digest::parse(&text) } else { None }
}
