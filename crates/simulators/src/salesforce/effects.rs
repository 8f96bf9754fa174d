//! What a write drags along, and the company's own validation rules.

use serde_json::{Map, Value, json};

use super::errors::Problem;
use super::schema::Object;
use crate::clock::Stamp;

/// Sets the fields that follow from others. `asked` holds the fields of the request.
pub(crate) fn settle(
    object: &Object,
    fields: &mut Map<String, Value>,
    asked: &Map<String, Value>,
    at: Stamp,
) {
    match object.name {
        "Opportunity" => settle_opportunity(fields, asked),
        "Case" => settle_case(fields, at),
        _ => {}
    }
}

/// The stage decides probability, forecast and whether the deal is closed; the expected amount is a formula.
fn settle_opportunity(fields: &mut Map<String, Value>, asked: &Map<String, Value>) {
    let stage = fields.get("StageName").and_then(Value::as_str).unwrap_or_default();
    let (probability, forecast) = match stage {
        "Qualification" => (20.0, "Pipeline"),
        "Proposal" => (60.0, "Best Case"),
        "Negotiation" => (80.0, "Commit"),
        "Closed Won" => (100.0, "Closed"),
        "Closed Lost" => (0.0, "Omitted"),
        _ => (10.0, "Pipeline"),
    };
    let (won, lost) = (stage == "Closed Won", stage == "Closed Lost");
    let unset = fields.get("Probability").is_none_or(Value::is_null);
    if (asked.contains_key("StageName") && !asked.contains_key("Probability")) || unset {
        fields.insert("Probability".to_owned(), json!(probability));
    }
    fields.insert("ForecastCategoryName".to_owned(), json!(forecast));
    fields.insert("IsClosed".to_owned(), json!(won || lost));
    fields.insert("IsWon".to_owned(), json!(won));
    let number = |name| fields.get(name).and_then(Value::as_f64);
    let expected =
        number("Amount").zip(number("Probability")).map(|(amount, chance)| (amount * chance).round() / 100.0);
    fields.insert("ExpectedRevenue".to_owned(), json!(expected));
}

fn settle_case(fields: &mut Map<String, Value>, at: Stamp) {
    let closed = fields.get("Status").and_then(Value::as_str) == Some("Closed");
    let was_closed = fields.get("IsClosed").and_then(Value::as_bool) == Some(true);
    if closed != was_closed {
        fields.insert("IsClosed".to_owned(), json!(closed));
        fields.insert("ClosedDate".to_owned(), if closed { json!(at.salesforce()) } else { Value::Null });
    }
}

/// The validation rules that this company has set up.
pub(crate) fn check(object: &Object, fields: &Map<String, Value>) -> Result<(), Problem> {
    let negative = |name| fields.get(name).and_then(Value::as_f64).is_some_and(|number| number < 0.0);
    if object.name == "Opportunity" && negative("Amount") {
        return Err(Problem::Rule { field: "Amount", message: "The amount must not be negative." });
    }
    Ok(())
}
