//! Field history: one row per changed field, with who and when.

use serde_json::{Map, Value, json};

use super::Org;
use super::schema::{OBJECTS, Object, Shape};
use crate::clock::Stamp;

impl Org {
    /// Keeps what changed between two states of a record. A long text is kept without its values.
    pub(super) fn keep_history(
        &mut self,
        object: &Object,
        id: &str,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
        author: &str,
        at: Stamp,
    ) {
        for field in object.fields.iter().filter(|field| field.tracked) {
            let (old, new) = (before.get(field.name), after.get(field.name));
            if old == new {
                continue;
            }
            let value = |value: Option<&Value>| {
                let hidden = matches!(field.shape, Shape::LongText(_));
                value.filter(|_| !hidden).cloned().unwrap_or_default()
            };
            let (old, new) = (value(old), value(new));
            self.add_history(object, id, field.name, old, new, author, at);
        }
    }

    /// The row that says that a record came into being.
    pub(super) fn keep_creation(&mut self, object: &Object, id: &str, author: &str, at: Stamp) {
        self.add_history(object, id, "created", Value::Null, Value::Null, author, at);
    }

    #[expect(clippy::too_many_arguments, reason = "the members of one history row")]
    fn add_history(
        &mut self,
        object: &Object,
        id: &str,
        field: &str,
        old: Value,
        new: Value,
        author: &str,
        at: Stamp,
    ) {
        let Some((_, parent)) = history_object(object).and_then(|history| history.history_of) else { return };
        let row = [
            ("Id", json!(self.next_id("017"))),
            ("IsDeleted", json!(false)),
            (parent, json!(id)),
            ("Field", json!(field)),
            ("OldValue", old),
            ("NewValue", new),
            ("CreatedById", json!(author)),
            ("CreatedDate", json!(at.salesforce())),
        ];
        let row = row.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.history.entry(id.to_owned()).or_default().push(row);
    }
}

fn history_object(object: &Object) -> Option<&'static Object> {
    OBJECTS.into_iter().find(|history| history.history_of.is_some_and(|(of, _)| of == object.name))
}
