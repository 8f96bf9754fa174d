//! Has the record moved, and does it now hold what was planned? Pure comparisons of normalized values.

use proof::json::{Object, Value};

use crate::mutation::{Change, Fields, Mutation};

/// A field that is not what it should be, with the three values that a person needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The field.
    pub field: String,
    /// Its value when it was previewed.
    pub base: Option<Value>,
    /// Its value now.
    pub now: Option<Value>,
    /// Its value after the mutation; the base again for a guarded field.
    pub proposed: Option<Value>,
}

/// What a mutation would change: fields whose value differs from the proposed one, sorted by name.
pub fn diff(proposed: &Fields, live: &Fields) -> Vec<Change> {
    let differs = proposed.iter().filter(|(field, after)| live.get(*field) != Some(after));
    differs
        .map(|(field, after)| Change {
            field: field.clone(),
            before: live.get(field).cloned(),
            after: Some(after.clone()),
        })
        .collect()
}

/// Touched and guarded fields that moved since the preview.
pub fn moved(mutation: &Mutation, now: &Fields) -> Vec<Moved> {
    let touched = mutation.changes.iter().map(|c| (&c.field, &c.before, &c.after));
    let guarded = mutation.guard.iter().map(|(field, base)| (field, base, base));
    touched
        .chain(guarded)
        .filter(|(field, base, _)| now.get(*field) != base.as_ref())
        .map(|(field, base, proposed)| Moved {
            field: field.clone(),
            base: base.clone(),
            now: now.get(field).cloned(),
            proposed: proposed.clone(),
        })
        .collect()
}

/// Names of other fields that moved since the preview: worth recording, no reason to stop.
pub fn unrelated(mutation: &Mutation, base: &Fields, now: &Fields) -> Vec<String> {
    let related = |field: &String| {
        mutation.changes.iter().any(|c| c.field == *field) || mutation.guard.contains_key(field)
    };
    let mut names: Vec<String> = base
        .keys()
        .chain(now.keys())
        .filter(|field| !related(field) && base.get(*field) != now.get(*field))
        .cloned()
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Changed fields that do not hold their after-value: empty when the read-back proves the mutation.
pub fn diverging(mutation: &Mutation, now: &Fields) -> Vec<Moved> {
    let changes = mutation.changes.iter().filter(|change| now.get(&change.field) != change.after.as_ref());
    changes
        .map(|change| Moved {
            field: change.field.clone(),
            base: change.before.clone(),
            now: now.get(&change.field).cloned(),
            proposed: change.after.clone(),
        })
        .collect()
}

/// Fields that a rollback cannot restore because somebody else moved them since: neither the value that the run left
/// nor the value that was there before.
pub fn conflicts(applied: &Mutation, now: &Fields) -> Vec<Moved> {
    let foreign = applied.changes.iter().filter(|change| {
        let live = now.get(&change.field);
        live != change.after.as_ref() && live != change.before.as_ref()
    });
    foreign
        .map(|change| Moved {
            field: change.field.clone(),
            base: change.after.clone(),
            now: now.get(&change.field).cloned(),
            proposed: change.before.clone(),
        })
        .collect()
}

/// The three-way view as a sealed value: `[{field, base, now, proposed}]`, absent members for absent values.
pub fn view(moved: &[Moved]) -> Value {
    let entry = |moved: &Moved| {
        let mut object = Object::from([("field".to_owned(), Value::Str(moved.field.clone()))]);
        for (name, value) in [("base", &moved.base), ("now", &moved.now), ("proposed", &moved.proposed)] {
            if let Some(value) = value {
                object.insert(name.to_owned(), value.clone());
            }
        }
        Value::Object(object)
    };
    Value::Array(moved.iter().map(entry).collect())
}

#[cfg(test)]
mod tests;
