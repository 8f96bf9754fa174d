//! What an action takes and writes: arguments, proposed fields, fixed values.

use std::collections::{BTreeMap, BTreeSet};

use domain::mutation::{Fields, Kind};

use super::super::{Encoding, Object, file};
use super::Check;
use super::value::{enum_values, null_json};
use crate::description::{ArgumentDescription, FieldDescription};

impl Check<'_> {
    pub(super) fn arguments(
        &mut self,
        at: &str,
        kind: Kind,
        raw: BTreeMap<String, file::Argument>,
    ) -> (BTreeMap<String, ArgumentDescription>, BTreeMap<String, Encoding>) {
        if kind != Kind::Invoke && !raw.is_empty() {
            self.fault(
                &format!("{at}.arguments"),
                "only a business action has arguments",
                "use fields, or kind `invoke`",
            );
        }
        let (mut arguments, mut encodings) = (BTreeMap::new(), BTreeMap::new());
        for (name, argument) in raw {
            let at = format!("{at}.arguments.{name}");
            self.text(&format!("{at}.label"), &argument.label);
            let values = enum_values(argument.values);
            let Some(ty) = self.field_type(&at, &argument.ty, argument.scale, &values) else { continue };
            encodings.insert(name.clone(), Encoding { number: argument.write_number, null: null_json(None) });
            let (label, sensitivity, required) = (argument.label, argument.sensitivity, argument.required);
            arguments.insert(name, ArgumentDescription { label, ty, values, sensitivity, required });
        }
        (arguments, encodings)
    }

    pub(super) fn changed_fields(
        &mut self,
        at: &str,
        kind: Kind,
        object: &Object,
        raw: Option<Vec<String>>,
    ) -> BTreeSet<String> {
        let writable = |field: &FieldDescription| field.writable;
        let fields = &object.description.fields;
        match (kind, raw) {
            (Kind::Create | Kind::Update, None) => {
                fields.iter().filter(|(_, field)| writable(field)).map(|(name, _)| name.clone()).collect()
            }
            (Kind::Create | Kind::Update, Some(names)) => {
                for name in &names {
                    if !fields.get(name).is_some_and(writable) {
                        self.fault(
                            &format!("{at}.fields"),
                            format!("`{name}` is no writable field"),
                            "describe it under `fields` with `writable = true`",
                        );
                    }
                }
                names.into_iter().collect()
            }
            (Kind::Delete | Kind::Invoke, None) => BTreeSet::new(),
            (Kind::Delete | Kind::Invoke, Some(_)) => {
                self.fault(
                    &format!("{at}.fields"),
                    format!("`{kind}` changes no proposed fields"),
                    "use `sets` or `arguments`",
                );
                BTreeSet::new()
            }
        }
    }

    pub(super) fn sets(
        &mut self,
        at: &str,
        kind: Kind,
        object: &Object,
        raw: &BTreeMap<String, toml::Value>,
        arguments: &BTreeMap<String, ArgumentDescription>,
    ) -> Fields {
        let mut sets = Fields::new();
        if kind != Kind::Invoke && !raw.is_empty() {
            self.fault(
                &format!("{at}.sets"),
                "only a business action sets fixed values",
                "use kind `invoke`",
            );
        }
        for (name, value) in raw {
            let at = format!("{at}.sets.{name}");
            let Some(field) = object.description.fields.get(name).filter(|field| field.writable) else {
                self.fault(
                    &at,
                    "it is no writable field",
                    "describe it under `fields` with `writable = true`",
                );
                continue;
            };
            if arguments.contains_key(name) {
                self.fault(&at, "an argument has the same name", "rename the argument");
            }
            if let Some(value) = self.constant(&at, field.ty, &field.values, value) {
                sets.insert(name.clone(), value);
            }
        }
        sets
    }
}
