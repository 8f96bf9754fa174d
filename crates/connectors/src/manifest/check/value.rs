//! Field types and constants of them.

use domain::field::{FieldType, normalize};
use proof::json::Value;

use super::super::file;
use super::super::template::Template;
use super::Check;
use crate::description::EnumValue;
use crate::json::Json;

impl Check<'_> {
    pub(super) fn field_type(
        &mut self,
        at: &str,
        ty: &str,
        scale: Option<u8>,
        values: &[EnumValue],
    ) -> Option<FieldType> {
        let parsed = match (ty, scale) {
            ("text", None) => FieldType::Text,
            ("long_text", None) => FieldType::LongText,
            ("enum", None) => FieldType::Enum,
            ("boolean", None) => FieldType::Boolean,
            ("integer", None) => FieldType::Integer,
            ("decimal", None) => FieldType::Decimal,
            ("money", Some(scale)) if scale <= 9 => FieldType::Money { scale },
            ("date", None) => FieldType::Date,
            ("date_time", None) => FieldType::DateTime,
            ("reference", None) => FieldType::Reference,
            ("set", None) => FieldType::Set,
            _ => {
                self.fault(
                    &format!("{at}.type"),
                    format!("`{ty}` is no type, or its `scale` does not fit"),
                    "use text, long_text, enum, boolean, integer, decimal, date, date_time, reference, set, or money with a scale of 0 to 9",
                );
                return None;
            }
        };
        if (parsed == FieldType::Enum) == values.is_empty() {
            self.fault(
                &format!("{at}.values"),
                "values belong to an enum, and an enum needs them",
                "list `{ value, label }`, or choose another type",
            );
        }
        Some(parsed)
    }

    /// A constant of a field's type, in normal form.
    pub(super) fn constant(
        &mut self,
        at: &str,
        ty: FieldType,
        values: &[EnumValue],
        raw: &toml::Value,
    ) -> Option<Value> {
        let value = match Template::parse(raw) {
            Ok(Template::Value(json)) => json.value(),
            Ok(Template::Array(elements)) => Value::Array(elements.into_iter().filter_map(plain).collect()),
            Ok(Template::Var(_) | Template::Object { .. }) | Err(_) => {
                self.fault(at, "the value is no constant", "write the value itself");
                return None;
            }
        };
        match normalize(ty, &value) {
            Ok(Value::Str(word))
                if ty == FieldType::Enum && !values.iter().any(|value| value.value == word) =>
            {
                self.fault(
                    at,
                    format!("`{word}` is not among the field's values"),
                    "use one of them, or add it",
                );
                None
            }
            Ok(value) => Some(value),
            Err(fault) => {
                self.fault(at, fault.to_string(), "write a value of the field's type");
                None
            }
        }
    }
}

fn plain(template: Template) -> Option<Value> {
    if let Template::Value(json) = template { Some(json.value()) } else { None }
}

pub(super) fn enum_values(raw: Vec<file::EnumValue>) -> Vec<EnumValue> {
    raw.into_iter()
        .map(|file::EnumValue { value, label, read_only }| EnumValue { value, label, settable: !read_only })
        .collect()
}

pub(super) fn null_json(write_null: Option<String>) -> Json {
    write_null.map_or(Json::Null, Json::Str)
}
