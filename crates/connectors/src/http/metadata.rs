//! Metadata sync: does the vendor describe the fields as the manifest does?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::field::FieldType;
use domain::name::Slug;

use super::HttpConnector;
use crate::connector::ReadFault;
use crate::json::Json;
use crate::manifest::{Scope, Wire};

/// Where the vendor's own description differs from the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The vendor knows no such field.
    NoField {
        /// The manifest's field.
        field: String,
    },
    /// The manifest has a value that the vendor does not have.
    NoValue {
        /// The enum field.
        field: String,
        /// The value.
        value: String,
    },
    /// The vendor has a value that the manifest does not have.
    NewValue {
        /// The enum field.
        field: String,
        /// The value.
        value: String,
    },
}

impl Difference {
    /// Whether a run could fail or mislead because of it; a value that is new at the vendor does neither.
    pub fn matters(&self) -> bool {
        match self {
            Self::NoField { .. } | Self::NoValue { .. } => true,
            Self::NewValue { .. } => false,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoField { field } => write!(f, "the vendor has no field `{field}`"),
            Self::NoValue { field, value } => {
                write!(f, "the vendor's field `{field}` has no value `{value}`")
            }
            Self::NewValue { field, value } => {
                write!(f, "the vendor's field `{field}` has a further value `{value}`")
            }
        }
    }
}

impl HttpConnector {
    /// Compares the vendor's description of an object with the manifest; `None` when the vendor has none.
    pub async fn metadata(&self, object: &Slug) -> Result<Option<Vec<Difference>>, ReadFault> {
        let object = self.object(object)?;
        let Some(metadata) = &object.metadata else { return Ok(None) };
        let path = metadata.path.fill_path(&Scope::default()).unwrap_or_default();
        let asked = self.ask(&path).await?;
        let fields = asked.json.at(&metadata.fields).map(Json::elements).unwrap_or_default();
        let known: BTreeMap<String, &Json> =
            fields.iter().filter_map(|field| Some((field.at(&metadata.name)?.token()?, field))).collect();
        let compared = |(name, wire): (&String, &Wire)| {
            let Some(told) = &wire.metadata else { return Vec::new() };
            let Some(vendor) = known.get(told) else {
                return vec![Difference::NoField { field: name.clone() }];
            };
            let described = object.description.fields.get(name).filter(|field| field.ty == FieldType::Enum);
            let (Some(described), Some((each, value))) = (described, &metadata.values) else {
                return Vec::new();
            };
            let ours: BTreeSet<String> = described.values.iter().map(|value| value.value.clone()).collect();
            let values = vendor.at(each).map(Json::elements).unwrap_or_default();
            let theirs: BTreeSet<String> =
                values.iter().filter_map(|option| option.at(value)?.token()).collect();
            let gone = ours
                .difference(&theirs)
                .map(|value| Difference::NoValue { field: name.clone(), value: value.clone() });
            let new = theirs
                .difference(&ours)
                .map(|value| Difference::NewValue { field: name.clone(), value: value.clone() });
            gone.chain(new).collect()
        };
        Ok(Some(object.fields.iter().flat_map(compared).collect()))
    }
}
