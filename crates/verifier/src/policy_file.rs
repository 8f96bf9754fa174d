//! `policies/<digest>.json`: the text of a policy set with the action shapes that it was written for, so that anybody can
//! load it again and come to its digest.
//!
//! The file is canonical JSON: `{"shapes":[…],"text":"…"}`. A shape is `{"action","fields","object","system"}`, a field
//! `{"name","type","visible"}` with `"scale"` exactly for money. The digest covers the rules and the schema, as
//! [`PolicySet::load`] makes them of both; comments and spaces of the text are not covered.

use policy::{ActionShape, FieldShape, FieldType, PolicySet, Schema};
use proof::canonical;
use proof::json::{Value, object};
use proof::strict::parse_open;

use crate::jsonl::closed;

/// The largest file, in bytes.
pub const POLICY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why a file is no policy set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFileFault {
    /// Not the one form.
    #[error("the file is not `{{shapes, text}}` in its one form")]
    Form,
    /// The policy engine of this program does not load it.
    #[error("the policy engine of this program does not load the set: {0}")]
    Load(String),
}

/// The file of a policy set.
pub fn write(text: &str, shapes: &[ActionShape]) -> Vec<u8> {
    let shapes = shapes.iter().map(shape_value).collect();
    canonical::to_bytes(&object([("shapes", Value::Array(shapes)), ("text", text.into())]))
}

/// Reads and loads a file.
///
/// # Errors
/// [`PolicyFileFault`]
pub fn load(bytes: &[u8]) -> Result<PolicySet, PolicyFileFault> {
    if bytes.len() > POLICY_BYTES_MAX {
        return Err(PolicyFileFault::Form);
    }
    let (text, shapes) = parse(bytes).ok_or(PolicyFileFault::Form)?;
    let schema = Schema::new(shapes).map_err(|fault| PolicyFileFault::Load(fault.to_string()))?;
    PolicySet::load(&text, &schema).map_err(|faults| PolicyFileFault::Load(faults.to_string()))
}

fn parse(bytes: &[u8]) -> Option<(String, Vec<ActionShape>)> {
    let [shapes, text] = closed(parse_open(bytes).ok()?, ["shapes", "text"])?;
    let shapes = shapes.as_array()?.iter().cloned().map(shape).collect::<Option<Vec<_>>>()?;
    Some((text.as_str()?.to_owned(), shapes))
}

fn shape(value: Value) -> Option<ActionShape> {
    let [action, fields, object, system] = closed(value, ["action", "fields", "object", "system"])?;
    let text = |value: Value| value.as_str().map(str::to_owned);
    Some(ActionShape {
        system: text(system)?,
        object: text(object)?,
        action: text(action)?,
        fields: fields.as_array()?.iter().cloned().map(field).collect::<Option<Vec<_>>>()?,
    })
}

fn field(value: Value) -> Option<FieldShape> {
    let money = value.get("type").and_then(Value::as_str) == Some("money");
    let (name, ty, visible) = if money {
        let [name, scale, _, visible] = closed(value, ["name", "scale", "type", "visible"])?;
        (name, FieldType::Money { scale: u8::try_from(scale.as_int()?).ok()? }, visible)
    } else {
        let [name, ty, visible] = closed(value, ["name", "type", "visible"])?;
        (name, plain_type(ty.as_str()?)?, visible)
    };
    Some(FieldShape { name: name.as_str()?.to_owned(), ty, policy_visible: visible.as_bool()? })
}

/// The types without a scale, with their words.
const PLAIN: [(FieldType, &str); 9] = [
    (FieldType::Text, "text"),
    (FieldType::Enum, "enum"),
    (FieldType::Boolean, "boolean"),
    (FieldType::Integer, "integer"),
    (FieldType::Decimal, "decimal"),
    (FieldType::Date, "date"),
    (FieldType::DateTime, "date_time"),
    (FieldType::Reference, "reference"),
    (FieldType::List, "list"),
];

fn plain_type(word: &str) -> Option<FieldType> {
    PLAIN.iter().find(|(_, known)| *known == word).map(|(ty, _)| *ty)
}

fn shape_value(shape: &ActionShape) -> Value {
    let fields = shape.fields.iter().map(|field| {
        let mut members =
            vec![("name", field.name.as_str().into()), ("visible", field.policy_visible.into())];
        if let FieldType::Money { scale } = field.ty {
            members.push(("scale", Value::Int(scale.into())));
            members.push(("type", "money".into()));
        } else if let Some((_, word)) = PLAIN.iter().find(|(ty, _)| *ty == field.ty) {
            members.push(("type", (*word).into()));
        }
        Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    });
    object([
        ("action", shape.action.as_str().into()),
        ("fields", Value::Array(fields.collect())),
        ("object", shape.object.as_str().into()),
        ("system", shape.system.as_str().into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes() -> Vec<ActionShape> {
        let types = PLAIN.iter().map(|(ty, _)| *ty).chain([FieldType::Money { scale: 2 }]);
        let fields = types.enumerate().map(|(n, ty)| FieldShape {
            name: format!("f{n}"),
            ty,
            policy_visible: n % 2 == 0,
        });
        let (system, object, action) = ("crm".to_owned(), "deal".to_owned(), "update".to_owned());
        vec![ActionShape { system, object, action, fields: fields.collect() }]
    }

    const TEXT: &str = "// ü\n@id(\"all\") permit (principal, action, resource);";

    #[test]
    fn a_set_comes_back_with_its_digest() {
        let file = write(TEXT, &shapes());
        assert_eq!(parse(&file), Some((TEXT.to_owned(), shapes())));
        let direct = PolicySet::load(TEXT, &Schema::new(shapes()).unwrap()).unwrap();
        assert_eq!(load(&file).unwrap().digest(), direct.digest());
    }

    #[test]
    fn another_form_is_refused() {
        let file = String::from_utf8(write(TEXT, &shapes())).unwrap();
        let edits = [
            file.replace("\"text\":\"//", "\"more\":1,\"text\":\"//"),
            file.replace("\"type\":\"date_time\"", "\"type\":\"instant\""),
            file.replace("\"scale\":2,", ""),
            format!("{file} "),
            String::new(),
        ];
        for edited in edits {
            assert_ne!(edited, file);
            assert_eq!(load(edited.as_bytes()).unwrap_err(), PolicyFileFault::Form);
        }
        let broken = write("permit (", &shapes());
        assert!(matches!(load(&broken).unwrap_err(), PolicyFileFault::Load(_)));
    }
}
