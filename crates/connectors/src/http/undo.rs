//! What would undo a mutation: a plan made from the manifest and the mutation's own before-values. It sends nothing.

use std::collections::BTreeSet;

use domain::mutation::{Fields, Kind, Mutation, ProposedMutation};
use domain::name::Slug;
use proof::json::Value;

use crate::connector::UndoPlan;
use crate::description::{Description, Undo};
use crate::manifest::Manifest;

pub(crate) fn plan(
    description: &Description,
    manifest: &Manifest,
    mutation: &Mutation,
    handle: Option<&str>,
) -> UndoPlan {
    let irreversible = |reason: String| UndoPlan::Irreversible(reason);
    let Some(action) = description.action(&mutation.object, mutation.verb()) else {
        return irreversible("The manifest no longer describes this action.".to_owned());
    };
    match &action.undo {
        Undo::Irreversible { reason } => irreversible(reason.clone()),
        Undo::Rollback => restore(description, mutation),
        Undo::Compensation { action: counter } => {
            let id = if mutation.kind == Kind::Create { handle } else { mutation.record.as_deref() };
            let Some(id) = id else {
                return irreversible("The id of the created record is not known.".to_owned());
            };
            let arguments = Slug::parse(mutation.verb()).ok().and_then(|verb| {
                Some(manifest.objects.get(&mutation.object)?.actions.get(&verb)?.undo_arguments.clone())
            });
            let delete = counter.as_str() == Kind::Delete.word();
            UndoPlan::Counter(ProposedMutation {
                connector: mutation.connector.clone(),
                object: mutation.object.clone(),
                id: Some(id.to_owned()),
                kind: if delete { Kind::Delete } else { Kind::Invoke },
                action: (!delete).then(|| counter.clone()),
                changes: Fields::new(),
                arguments: arguments.unwrap_or_default(),
                guard: BTreeSet::new(),
            })
        }
    }
}

/// The fields as they were. A field that was absent or empty can only be restored where the vendor lets it be cleared.
fn restore(description: &Description, mutation: &Mutation) -> UndoPlan {
    let Some(object) = description.object(&mutation.object) else {
        return UndoPlan::Irreversible("The manifest no longer describes this object.".to_owned());
    };
    let mut changes = Fields::new();
    for change in &mutation.changes {
        let before = change.before.clone().unwrap_or(Value::Null);
        let Some(field) = object.fields.get(&change.field) else { continue };
        let settable = |value: &Value| {
            field.values.is_empty()
                || field.values.iter().any(|known| value.as_str() == Some(&known.value) && known.settable)
        };
        let writable = if before.is_null() { field.clearable } else { settable(&before) };
        if !writable {
            return UndoPlan::Irreversible(format!("{} cannot be set back to what it was.", field.label));
        }
        changes.insert(change.field.clone(), before);
    }
    match &mutation.record {
        Some(id) if !changes.is_empty() => UndoPlan::Restore(ProposedMutation {
            connector: mutation.connector.clone(),
            object: mutation.object.clone(),
            id: Some(id.clone()),
            kind: Kind::Update,
            action: None,
            changes,
            arguments: Fields::new(),
            guard: BTreeSet::new(),
        }),
        Some(_) | None => UndoPlan::Irreversible("It changed no field that could be set back.".to_owned()),
    }
}

#[cfg(test)]
mod tests;
