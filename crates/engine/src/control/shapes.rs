//! The action shapes of a stored policy set, so that its schema can be generated again exactly.

use policy::schema::{ActionShape, FieldShape, FieldType};
use serde::{Deserialize, Serialize};

use super::PolicySetBody;
use crate::{Error, Result};

#[derive(Serialize, Deserialize)]
struct Action {
    system: String,
    object: String,
    #[serde(rename = "action")]
    verb: String,
    fields: Vec<Field>,
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    #[serde(flatten)]
    ty: Ty,
    visible: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Ty {
    Text,
    Enum,
    Boolean,
    Integer,
    Decimal,
    Money { scale: u8 },
    Date,
    DateTime,
    Reference,
    List,
}

impl PolicySetBody {
    /// The shapes of the actions that the set was written for.
    pub(crate) fn shapes(&self) -> Result<Vec<ActionShape>> {
        let actions: Vec<Action> = serde_json::from_value(self.shapes.clone())
            .map_err(|fault| Error::internal("the shapes of a policy set are malformed").because(fault))?;
        Ok(actions.into_iter().map(ActionShape::from).collect())
    }
}

/// The stored form of shapes.
pub(crate) fn shapes_json(shapes: &[ActionShape]) -> serde_json::Value {
    let actions: Vec<Action> = shapes.iter().map(Action::from).collect();
    serde_json::to_value(actions).unwrap_or_default()
}

impl From<Action> for ActionShape {
    fn from(action: Action) -> Self {
        let field = |field: Field| FieldShape {
            name: field.name,
            ty: field.ty.into(),
            policy_visible: field.visible,
        };
        Self {
            system: action.system,
            object: action.object,
            action: action.verb,
            fields: action.fields.into_iter().map(field).collect(),
        }
    }
}

impl From<&ActionShape> for Action {
    fn from(shape: &ActionShape) -> Self {
        let field = |field: &FieldShape| Field {
            name: field.name.clone(),
            ty: field.ty.into(),
            visible: field.policy_visible,
        };
        Self {
            system: shape.system.clone(),
            object: shape.object.clone(),
            verb: shape.action.clone(),
            fields: shape.fields.iter().map(field).collect(),
        }
    }
}

macro_rules! same_names {
    ($($name:ident)*) => {
        impl From<Ty> for FieldType {
            fn from(ty: Ty) -> Self {
                match ty { $(Ty::$name => Self::$name,)* Ty::Money { scale } => Self::Money { scale } }
            }
        }

        impl From<FieldType> for Ty {
            fn from(ty: FieldType) -> Self {
                match ty { $(FieldType::$name => Self::$name,)* FieldType::Money { scale } => Self::Money { scale } }
            }
        }
    };
}

same_names! { Text Enum Boolean Integer Decimal Date DateTime Reference List }
