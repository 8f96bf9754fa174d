//! What policies may look at: facts that the host computed about one mutation, and nothing else.
//!
//! A [`Request`] is the exact input of a decision. It goes into the evidence as [`Request::to_value`] and comes back with
//! [`Request::from_value`], so that the decision can be replayed. It reads no clock and no record: the host does.

pub(crate) mod checked;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use proof::json::{INTEGER_MAX, Value};

use crate::delta::{NotDecimal, delta_bp, minor_units};
use crate::schema::{FieldShape, FieldType};
use crate::words::words;

pub use wire::WireFault;

words! {
    /// What kind of principal asks.
    PrincipalKind {
        /// A program that proposes. Its groups are Cedar's `Team`s.
        Agent = "agent",
        /// A human being. Its groups are Cedar's `Group`s.
        Person = "person",
        /// A program on its own schedule. Its groups are Cedar's `Team`s.
        Service = "service",
    }
}

words! {
    /// How the mutation can be undone.
    Reversibility {
        /// The changed fields can be restored.
        Rollback = "rollback",
        /// A named counter-action exists.
        Compensation = "compensation",
        /// Neither exists.
        Irreversible = "irreversible",
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What it is.
    pub kind: PrincipalKind,
    /// Its id.
    pub id: String,
    /// The teams or groups that it belongs to.
    pub groups: BTreeSet<String>,
}

/// The record that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The configured connector, such as `crm-main`.
    pub connector: String,
    /// The vendor's id; absent for a record that does not exist yet.
    pub id: Option<String>,
    /// `simulation`, `sandbox` or `production`.
    pub environment: String,
    /// Labels that the workspace gave it.
    pub labels: BTreeSet<String>,
}

/// How many mutations were made, this one included, in the sliding hour and day before now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// By this agent in an hour.
    pub agent_hour: u32,
    /// By this agent in a day.
    pub agent_day: u32,
    /// In this lane in an hour.
    pub lane_hour: u32,
    /// In this lane in a day.
    pub lane_day: u32,
}

/// One mutation before policy: everything that its decision may depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// The person on whose behalf, if any.
    pub on_behalf_of: Option<String>,
    /// The action's id, `<system>.<object>.<action>`.
    pub action: String,
    /// The record.
    pub record: Record,
    /// Names of all fields that change, visible to policy or not.
    pub changed_fields: BTreeSet<String>,
    /// Values before, of the visible fields that change; empty and null fields are left out.
    pub before: BTreeMap<String, Value>,
    /// Values after, likewise.
    pub after: BTreeMap<String, Value>,
    /// `<field>Bp` and `<field>Minor` of the visible fields with numbers; see [`Request::add_change`].
    pub delta: BTreeMap<String, i64>,
    /// The agent's own confidence, 0 to 10,000. Self-reported: a reason for more care, never for less.
    pub confidence_bp: Option<u32>,
    /// The named source of the proposal.
    pub workflow: String,
    /// Where the workflow says it comes from; empty if it does not say.
    pub source: String,
    /// Hour of the day where the workspace is, 0 to 23.
    pub local_hour: u8,
    /// Day of the week there, 1 (Monday) to 7.
    pub weekday: u8,
    /// How the mutation can be undone.
    pub reversibility: Reversibility,
    /// Mutations in the plan.
    pub plan_size: u32,
    /// What was used up so far.
    pub usage: Usage,
    /// The lane's readiness facts, such as `dry-run` or `rollback-proven`.
    pub readiness: BTreeSet<String>,
    /// Whether this is the engine's own undo of another run.
    pub recovery: bool,
    /// Whether a person holds the run under a takeover.
    pub takeover: bool,
}

/// Why a change is no fact: policy must not decide on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeFault {
    /// A value of another type than its field.
    #[error("the field `{field}` holds another type of value than {expected}")]
    Type {
        /// The field.
        field: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// An amount that is no decimal number.
    #[error("the field `{field}` holds an amount that cannot be read")]
    Amount {
        /// The field.
        field: String,
        /// Why.
        source: NotDecimal,
    },
}

impl Request {
    /// Adds one field's change. A visible field gives `before` and `after`; a visible number also gives
    /// `delta.<field>Bp`, the change in basis points, and an amount `delta.<field>Minor`, the amount after in minor units
    /// (hundredths for plain decimals). Absent, null and `None` are the same to policy.
    pub fn add_change(
        &mut self,
        field: &FieldShape,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Result<(), ChangeFault> {
        let name = &field.name;
        let before = before.filter(|value| !value.is_null());
        let after = after.filter(|value| !value.is_null());
        if field.policy_visible {
            for value in [before, after].into_iter().flatten() {
                check_type(field, value)?;
            }
            self.add_delta(field, before, after)?;
            self.before.extend(before.map(|value| (name.clone(), value.clone())));
            self.after.extend(after.map(|value| (name.clone(), value.clone())));
        }
        self.changed_fields.insert(name.clone());
        Ok(())
    }

    fn add_delta(
        &mut self,
        field: &FieldShape,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Result<(), ChangeFault> {
        let amount = |source| ChangeFault::Amount { field: field.name.clone(), source };
        let (before, after) = (before.and_then(decimal_text), after.and_then(decimal_text));
        let scale = field.ty.minor_scale();
        if field.ty == FieldType::Integer || scale.is_some() {
            let bp = delta_bp(before.as_deref(), after.as_deref()).map_err(amount)?;
            self.delta.insert(format!("{}Bp", field.name), bp);
        }
        if let (Some(scale), Some(after)) = (scale, after) {
            let minor = minor_units(&after, scale).map_err(amount)?;
            self.delta.insert(format!("{}Minor", field.name), minor);
        }
        Ok(())
    }
}

/// Digits of a number, however JSON holds it.
fn decimal_text(value: &Value) -> Option<String> {
    match value {
        Value::Int(number) => Some(number.to_string()),
        Value::Str(digits) => Some(digits.clone()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Checks a value against its field. The message names no value, because values may be personal.
pub(crate) fn check_type(field: &FieldShape, value: &Value) -> Result<(), ChangeFault> {
    let (fits, expected) = match field.ty {
        FieldType::Boolean => (value.as_bool().is_some(), "true or false"),
        FieldType::Integer => (
            value.as_int().is_some_and(|number| number.unsigned_abs() <= INTEGER_MAX.unsigned_abs()),
            "a whole number",
        ),
        FieldType::List => (
            value.as_array().is_some_and(|list| list.iter().all(|one| one.as_str().is_some())),
            "a list of texts",
        ),
        FieldType::Decimal | FieldType::Money { .. } => {
            (value.as_str().is_some(), "a decimal number as text")
        }
        FieldType::Text | FieldType::Enum | FieldType::Date | FieldType::DateTime | FieldType::Reference => {
            (value.as_str().is_some(), "a text")
        }
    };
    if fits { Ok(()) } else { Err(ChangeFault::Type { field: field.name.clone(), expected }) }
}

#[cfg(test)]
mod tests;
