//! What a field's value may be, and how the CRM stores it: text trimmed, empty text as null, money with two decimals.

use serde_json::{Map, Value, json};

use super::Org;
use super::errors::Problem;
use super::schema::{Field, Object, Shape};
use crate::clock::Stamp;

/// Currency and percent fields hold less than this.
const CURRENCY_LIMIT: f64 = 1e16;
const PERCENT_LIMIT: f64 = 1e3;

impl Org {
    /// The values of a request as they would be stored, or the first thing that is wrong with them.
    pub(super) fn accept(
        &self,
        object: &'static Object,
        asked: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Problem> {
        let mut accepted = Map::new();
        // `attributes` names the type and is allowed in every body.
        for (name, value) in asked.iter().filter(|(name, _)| *name != "attributes") {
            let Some(field) = object.field(name) else {
                return Err(Problem::UnknownField { object: object.name, field: name.clone() });
            };
            if matches!(field.shape, Shape::Id) {
                return Err(Problem::NotInBody { field: name.clone() });
            }
            if !field.writable {
                return Err(Problem::ReadOnly { field: name.clone() });
            }
            let value = self.accept_value(field, value)?;
            if value.is_null() && !field.nillable {
                return Err(Problem::RequiredMissing { fields: vec![name.clone()] });
            }
            accepted.insert(name.clone(), value);
        }
        Ok(accepted)
    }

    fn accept_value(&self, field: &'static Field, value: &Value) -> Result<Value, Problem> {
        if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
            return Ok(Value::Null);
        }
        let text = || value.as_str().map(str::trim).ok_or_else(|| wrong_type("string", value));
        match field.shape {
            Shape::Text(max) | Shape::LongText(max) => {
                let text = text()?;
                if text.chars().count() > max {
                    return Err(Problem::TooLong { field: field.name, label: field.label, max });
                }
                Ok(json!(text))
            }
            Shape::Picklist(options) => {
                let text = text()?;
                if !options.contains(&text) {
                    let value = text.to_owned();
                    return Err(Problem::NotInPicklist { field: field.name, label: field.label, value });
                }
                Ok(json!(text))
            }
            Shape::Currency => number(field, value, CURRENCY_LIMIT),
            Shape::Percent => number(field, value, PERCENT_LIMIT),
            Shape::Whole => value.as_i64().map(|n| json!(n)).ok_or_else(|| wrong_type("int", value)),
            Shape::Date => {
                let date: Option<jiff::civil::Date> = text()?.parse().ok();
                date.map(|date| json!(date.to_string())).ok_or_else(|| wrong_type("date", value))
            }
            Shape::DateTime => {
                let stamp = Stamp::parse(text()?);
                stamp.map(|stamp| json!(stamp.salesforce())).ok_or_else(|| wrong_type("datetime", value))
            }
            Shape::Flag => {
                value.as_bool().map(|flag| json!(flag)).ok_or_else(|| wrong_type("boolean", value))
            }
            Shape::Id | Shape::Reference(_) => self.accept_reference(field, text()?),
        }
    }

    /// A reference in either form is stored in the long one.
    fn accept_reference(&self, field: &'static Field, id: &str) -> Result<Value, Problem> {
        let target =
            if let Shape::Reference(object) = field.shape { super::schema::object(object) } else { None };
        let known = super::ids::canonical(id)
            .filter(|id| target.is_some_and(|object| self.record(object, id).is_some()))
            .map(|id| json!(id));
        known.ok_or_else(|| Problem::BadReference { field: field.name, value: id.to_owned() })
    }
}

/// A number, also when it comes as text, rounded to two decimals.
fn number(field: &'static Field, value: &Value, limit: f64) -> Result<Value, Problem> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    let number = number.filter(|number| number.is_finite()).ok_or_else(|| wrong_type("double", value))?;
    if number.abs() >= limit {
        return Err(Problem::OutOfRange { field: field.name, label: field.label });
    }
    Ok(json!((number * 100.0).round() / 100.0))
}

fn wrong_type(wanted: &str, value: &Value) -> Problem {
    let (is, value) = match value.as_str() {
        Some(text) => ("VALUE_STRING", text.to_owned()),
        None if value.is_number() => ("VALUE_NUMBER", value.to_string()),
        None if value.is_boolean() => ("VALUE_BOOLEAN", value.to_string()),
        None if value.is_array() => ("START_ARRAY", "[".to_owned()),
        None => ("START_OBJECT", "{".to_owned()),
    };
    Problem::BadJson(format!("Cannot deserialize instance of {wanted} from {is} value {value}"))
}
