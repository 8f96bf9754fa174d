//! A leaf: one event as canonical JSON in printable ASCII, stored and hashed as these bytes.
//!
//! This room knows the frame, not what `type` and `data` mean; an unknown type is for others to refuse.

mod form;
pub(crate) mod sd;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use form::{id_form, slug_form, time_form};
pub use sd::SdDigest;

use crate::canonical;
use crate::digest::Digest;
use crate::json::{Object, Value, object};
use crate::members::{Members, integer, text};
use crate::strict::{Fault, parse_evidence};

/// The format version, the value of `v`.
pub const V: &str = "actionplane.evidence/1";

/// How many events one event may answer.
pub const CAUSES_MAX: usize = 64;

/// One event in its frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// `_sd`: digests of the fields sealed beside `data`, sorted in the bytes whatever the order here.
    pub sd: Vec<SdDigest>,
    /// Who did it.
    pub by: By,
    /// Hashes of the leaves that this one answers, at most [`CAUSES_MAX`], each once.
    pub cause: Vec<Digest>,
    /// The clear members of this type.
    pub data: Object,
    /// The id of the node that wrote it.
    pub node: String,
    /// The hash of the chain's previous leaf; none exactly when `seq` is 0.
    pub prev: Option<Digest>,
    /// The chain; none for the chain of the workspace.
    pub run: Option<String>,
    /// The place in the chain, from 0 without gap.
    pub seq: u64,
    /// When, in the form of [`time_form`].
    pub time: String,
    /// `type`: the wire name of the event, such as `policy.decided`.
    pub kind: String,
}

/// The principal behind an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// Its id; for a person random, never made from a name.
    pub id: String,
    /// What it is.
    pub kind: ByKind,
}

/// What a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ByKind {
    /// A program that proposes.
    Agent,
    /// A human.
    Person,
    /// A program with a login of its own.
    Service,
    /// A policy set.
    Policy,
    /// A node of ours.
    System,
}

impl ByKind {
    /// The word in the leaf.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Person => "person",
            Self::Service => "service",
            Self::Policy => "policy",
            Self::System => "system",
        }
    }

    /// Reads the word in the leaf.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Agent, Self::Person, Self::Service, Self::Policy, Self::System]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

impl Leaf {
    /// The bytes to store and hash.
    ///
    /// # Errors
    /// The rule that this leaf breaks, size included: bytes come out only if [`Leaf::parse`] takes them.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        let bytes = canonical::to_bytes(&self.to_value()?);
        Self::parse(&bytes)?;
        Ok(bytes)
    }

    fn to_value(&self) -> Result<Value, Fault> {
        let by = object([("id", self.by.id.as_str().into()), ("kind", self.by.kind.as_str().into())]);
        let mut leaf = Object::from([
            ("by".into(), by),
            ("data".into(), self.data.clone().into()),
            ("node".into(), self.node.as_str().into()),
            ("prev".into(), self.prev.map_or("".into(), Value::from)),
            ("seq".into(), i64::try_from(self.seq).map_err(|_| Fault::Seq)?.into()),
            ("time".into(), self.time.as_str().into()),
            ("type".into(), self.kind.as_str().into()),
            ("v".into(), V.into()),
        ]);
        if !self.sd.is_empty() {
            leaf.insert("_sd".into(), sd::sorted(&self.sd));
        }
        if !self.sd.is_empty() || self.data.values().any(sd::is_within) {
            leaf.insert("_sd_alg".into(), sd::SD_ALG.into());
        }
        if !self.cause.is_empty() {
            leaf.insert("cause".into(), Value::Array(self.cause.iter().copied().map(Value::from).collect()));
        }
        if let Some(run) = &self.run {
            leaf.insert("run".into(), run.as_str().into());
        }
        Ok(Value::Object(leaf))
    }

    /// Reads a leaf.
    ///
    /// # Errors
    /// The rule that the bytes break. [`Fault::Version`] means that they cannot be judged here.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let value = parse_evidence(bytes)?;
        // Another version may have other members, so it is looked at before anything else.
        match value.get("v") {
            None => return Err(Fault::MissingMember),
            Some(v) if v.as_str() != Some(V) => return Err(Fault::Version),
            Some(_) => {}
        }
        sd::check_document(&value)?;
        let mut members = Members::of(value)?;
        members.pass("v");
        members.pass("_sd_alg");
        let leaf = Self {
            sd: members.optional("_sd", Fault::SdForm, sd::digests)?.unwrap_or_default(),
            by: members.required("by", Fault::By, by)?,
            cause: members.optional("cause", Fault::Cause, causes)?.unwrap_or_default(),
            data: members.required("data", Fault::TypeOrData, data)?,
            node: members.required("node", Fault::Node, text(id_form))?,
            prev: prev(&members.required("prev", Fault::Prev, text(|_| true))?)?,
            run: members.optional("run", Fault::Run, text(id_form))?,
            seq: members.required("seq", Fault::Seq, integer())?,
            time: members.required("time", Fault::Time, text(time_form))?,
            kind: members.required("type", Fault::TypeOrData, text(form::kind_form))?,
        };
        members.finish()?;
        // The first leaf of a chain has nothing before it, and only the first.
        if leaf.prev.is_none() == (leaf.seq == 0) { Ok(leaf) } else { Err(Fault::Prev) }
    }
}

fn by(value: Value) -> Option<By> {
    let mut members = Members::of(value).ok()?;
    let id = members.required("id", Fault::By, text(id_form)).ok()?;
    let kind = members.required("kind", Fault::By, |kind| ByKind::parse(kind.as_str()?)).ok()?;
    members.finish().ok()?;
    Some(By { id, kind })
}

fn causes(value: Value) -> Option<Vec<Digest>> {
    let Value::Array(elements) = value else { return None };
    let digests: Vec<_> =
        elements.iter().map(|cause| Digest::parse(cause.as_str()?)).collect::<Option<_>>()?;
    let distinct = BTreeSet::from_iter(&digests).len();
    ((1..=CAUSES_MAX).contains(&digests.len()) && distinct == digests.len()).then_some(digests)
}

fn data(value: Value) -> Option<Object> {
    if let Value::Object(data) = value { Some(data) } else { None }
}

fn prev(text: &str) -> Result<Option<Digest>, Fault> {
    if text.is_empty() { Ok(None) } else { Digest::parse(text).map(Some).ok_or(Fault::Prev) }
}
