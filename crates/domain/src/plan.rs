//! A plan in sealed form: one mutation document per mutation, the tree over them, and the digest that approvals bind to.

use std::collections::BTreeMap;

use proof::digest::Digest;
use proof::disclosure::{Disclosure, Opened};
use proof::document::{MutationDocument, PlanHeader};
use proof::json::{Object, Value};
use proof::leaf::SdDigest;
use proof::strict::Fault;
use proof::tree;

use crate::event::{PlanPreviewed, UndoCount};
use crate::id::RunId;
use crate::mutation::{Change, Environment, Fields, Kind, Mutation, Snapshot, UndoKind};
use crate::name::Slug;
use crate::sealed;

/// The name under which the base snapshot of a mutation is kept beside its document. It is no member of the document,
/// so no digest covers it and no bundle holds it.
pub const SNAPSHOT: &str = "snapshot";

/// The name under which the digest of the connector's configuration is kept beside the document: where the plan was read
/// from is where it is written to.
pub const CONFIGURATION: &str = "configuration";

/// A mutation as it was previewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previewed {
    /// The mutation.
    pub mutation: Mutation,
    /// The record as it was read; absent for a create.
    pub base: Option<Snapshot>,
    /// Digest of the connector's manifest and configuration, without its secrets.
    pub configuration: Digest,
}

/// A plan that is fixed and not yet written.
#[derive(Debug, Clone)]
pub struct SealedPlan {
    /// The clear event that tells of it.
    pub previewed: PlanPreviewed,
    /// The mutation documents, in order.
    pub documents: Vec<SealedMutation>,
}

/// One mutation document with the values that stand outside.
#[derive(Debug, Clone)]
pub struct SealedMutation {
    /// The document, verbatim.
    pub bytes: Vec<u8>,
    /// Its hash: the holder of its disclosures.
    pub hash: Digest,
    /// The sealed values, the base snapshot and the configuration, with the parts of large ones.
    pub disclosures: Vec<Disclosure>,
}

/// Fixes a plan: draws the salts, writes the documents, computes root and digest.
pub fn seal(
    run: RunId,
    origin: &str,
    policy: Digest,
    revision: u32,
    mutations: &[Previewed],
    salt: &mut dyn FnMut() -> [u8; 32],
) -> Result<SealedPlan, Fault> {
    let documents =
        mutations.iter().map(|previewed| seal_mutation(previewed, salt)).collect::<Result<Vec<_>, _>>()?;
    let hashes: Vec<Digest> = documents.iter().map(|document| document.hash).collect();
    let count = u32::try_from(documents.len()).unwrap_or(u32::MAX);
    let root = tree::root(&hashes);
    let header =
        PlanHeader { count, origin: origin.to_owned(), policy, revision, root, run: run.to_string() };
    let kinds = |kind| mutations.iter().filter(|previewed| previewed.mutation.undo == kind).count();
    let counted = |kind| u32::try_from(kinds(kind)).unwrap_or(u32::MAX);
    let previewed = PlanPreviewed {
        count,
        plan_digest: header.digest()?,
        policy,
        revision,
        root,
        undo: UndoCount {
            compensation: counted(UndoKind::Compensation),
            irreversible: counted(UndoKind::Irreversible),
            rollback: counted(UndoKind::Rollback),
        },
    };
    Ok(SealedPlan { previewed, documents })
}

fn seal_mutation(previewed: &Previewed, salt: &mut dyn FnMut() -> [u8; 32]) -> Result<SealedMutation, Fault> {
    let Previewed { mutation, base, configuration } = previewed;
    let text = |value: &Option<String>| value.clone().map_or(Value::Null, Value::Str);
    let object =
        |fields: &Fields| if fields.is_empty() { Value::Null } else { Value::Object(fields.clone()) };
    let mut disclosures = Vec::new();
    let mut seal = |name: &str, value: &Value| {
        let (disclosure, parts) = sealed::seal(name, value, salt)?;
        let digest = disclosure.digest.clone();
        disclosures.push(disclosure);
        disclosures.extend(parts);
        Ok(digest)
    };
    let sd = [
        seal("record", &text(&mutation.record))?,
        seal("version", &text(&mutation.version))?,
        seal("guard", &guard_value(&mutation.guard))?,
        seal("arguments", &object(&mutation.arguments))?,
    ];
    let changes = mutation.changes.iter().map(|change| seal("change", &change_value(change)));
    let changes = changes.collect::<Result<Vec<_>, Fault>>()?;
    seal(CONFIGURATION, &Value::from(*configuration))?;
    if let Some(base) = base {
        seal(SNAPSHOT, &Value::Object(base.fields.clone()))?;
    }
    let document = MutationDocument {
        sd,
        changes,
        connector: mutation.connector.to_string(),
        environment: mutation.environment.to_string(),
        kind: mutation.kind.to_string(),
        manifest: mutation.manifest,
        n: mutation.n,
        object: mutation.object.to_string(),
        undo: mutation.undo.to_string(),
        action: mutation.action.as_ref().map(Slug::to_string),
    };
    let bytes = document.to_bytes()?;
    let hash = tree::leaf_hash(&bytes);
    Ok(SealedMutation { bytes, hash, disclosures })
}

/// One mutation of a stored plan. `mutation` is gone once any of its values was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedMutation {
    /// The document.
    pub document: MutationDocument,
    /// Its hash.
    pub hash: Digest,
    /// Its values.
    pub mutation: Option<Mutation>,
    /// The fields of the live record at the preview.
    pub base: Option<Fields>,
    /// Digest of the connector's configuration at the preview.
    pub configuration: Option<Digest>,
}

/// Opens a stored document with those of its disclosures that still exist.
pub fn open(bytes: &[u8], disclosures: &[Opened]) -> Result<PlannedMutation, Fault> {
    let document = MutationDocument::parse(bytes)?;
    let hash = tree::leaf_hash(bytes);
    let values: BTreeMap<&SdDigest, &Opened> =
        disclosures.iter().map(|opened| (&opened.digest, opened)).collect();
    let base = disclosures.iter().find(|opened| opened.name == SNAPSHOT);
    let base = base.and_then(|opened| opened.value.as_object().cloned());
    let configuration = disclosures.iter().find(|opened| opened.name == CONFIGURATION);
    let configuration = configuration.and_then(|opened| opened.value.as_str()).and_then(Digest::parse);
    let mutation = read_mutation(&document, &values);
    Ok(PlannedMutation { document, hash, mutation, base, configuration })
}

fn read_mutation(document: &MutationDocument, values: &BTreeMap<&SdDigest, &Opened>) -> Option<Mutation> {
    let named = |name: &str| {
        document.sd.iter().find_map(|d| values.get(d).filter(|o| o.name == name)).map(|o| &o.value)
    };
    let text = |name: &str| named(name).map(|value| value.as_str().map(str::to_owned));
    let mut changes = document
        .changes
        .iter()
        .map(|digest| values.get(digest).and_then(|opened| read_change(&opened.value)))
        .collect::<Option<Vec<_>>>()?;
    changes.sort_by(|a, b| a.field.cmp(&b.field));
    Some(Mutation {
        n: document.n,
        connector: Slug::parse(&document.connector).ok()?,
        environment: Environment::parse(&document.environment)?,
        manifest: document.manifest,
        object: Slug::parse(&document.object).ok()?,
        kind: Kind::parse(&document.kind)?,
        action: document.action.as_deref().map(Slug::parse).transpose().ok()?,
        record: text("record")?,
        version: text("version")?,
        changes,
        guard: read_guard(named("guard")?)?,
        arguments: named("arguments")?.as_object().cloned().unwrap_or_default(),
        undo: UndoKind::parse(&document.undo)?,
    })
}

fn change_value(change: &Change) -> Value {
    let mut object = Object::from([("field".to_owned(), Value::Str(change.field.clone()))]);
    let mut put = |name: &str, value: &Option<Value>| {
        if let Some(value) = value {
            object.insert(name.to_owned(), value.clone());
        }
    };
    put("after", &change.after);
    put("before", &change.before);
    Value::Object(object)
}

fn read_change(value: &Value) -> Option<Change> {
    let field = value.get("field")?.as_str()?.to_owned();
    Some(Change { field, before: value.get("before").cloned(), after: value.get("after").cloned() })
}

/// `{field: {"value": …}}`, and `{field: {}}` for a field that was absent.
fn guard_value(guard: &BTreeMap<String, Option<Value>>) -> Value {
    if guard.is_empty() {
        return Value::Null;
    }
    let entry =
        |value: &Option<Value>| value.iter().map(|value| ("value".to_owned(), value.clone())).collect();
    Value::Object(guard.iter().map(|(field, value)| (field.clone(), Value::Object(entry(value)))).collect())
}

fn read_guard(value: &Value) -> Option<BTreeMap<String, Option<Value>>> {
    match value {
        Value::Null => Some(BTreeMap::new()),
        Value::Object(fields) => fields
            .iter()
            .map(|(field, entry)| Some((field.clone(), entry.as_object()?.get("value").cloned())))
            .collect(),
        Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Array(_) => None,
    }
}

#[cfg(test)]
mod tests;
