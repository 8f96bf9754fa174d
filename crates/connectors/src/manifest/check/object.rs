//! Objects and their fields.

use std::collections::{BTreeMap, BTreeSet};

use domain::limits::FIELD_NAME_LEN_MAX;

use super::super::template::Var;
use super::super::{ConditionalWrite, Encoding, Metadata, Object, Refusal, VersionAt, Wire, file};
use super::Check;
use super::value::{enum_values, null_json};
use crate::description::{FieldDescription, ObjectDescription};

impl Check<'_> {
    pub(super) fn object(
        &mut self,
        at: &str,
        raw: file::Object,
        timing: &file::Timing,
        refusals: &[Refusal],
    ) -> Option<Object> {
        self.text(&format!("{at}.label"), &raw.label);
        let (mut fields, mut wires) = (BTreeMap::new(), BTreeMap::new());
        let mut members = BTreeSet::new();
        for (name, field) in raw.fields {
            let at = format!("{at}.fields.{name}");
            if name.is_empty()
                || name.chars().count() > FIELD_NAME_LEN_MAX
                || name.chars().any(char::is_control)
            {
                self.fault(
                    &at,
                    "the name is empty, too long or has control characters",
                    "choose a shorter, plain one",
                );
            }
            let Some((description, wire)) = self.field(&at, &name, field) else { continue };
            if wire.write.as_ref().is_some_and(|member| !members.insert(member.clone())) {
                self.fault(&at, "another field writes the same member", "give each its own `write`");
            }
            fields.insert(name.clone(), description);
            wires.insert(name, wire);
        }
        if fields.is_empty() {
            self.fault(
                &format!("{at}.fields"),
                "there is no field",
                "describe the fields that a preview shows",
            );
        }
        let read = self.path(&format!("{at}.read"), &raw.read, &[Var::Id, Var::Fields])?;
        let version = match raw.version {
            None => None,
            Some(version) => Some(self.version(&format!("{at}.version"), version)?),
        };
        let conditional_write = match raw.conditional_write {
            None => None,
            Some(write) => Some(self.conditional_write(&format!("{at}.conditional_write"), write)?),
        };
        if conditional_write.is_some() && version.is_none() {
            self.missing(at, "version", "a conditional write needs a version token: say where it is read");
        }
        let journal = match raw.journal {
            None => None,
            Some(journal) => {
                Some(self.listing(&format!("{at}.journal"), journal, &[Var::Id, Var::Identity])?)
            }
        };
        let metadata = match raw.metadata {
            None => None,
            Some(metadata) => Some(self.metadata(&format!("{at}.metadata"), metadata)?),
        };
        let mut object = Object {
            description: ObjectDescription { label: raw.label, fields, actions: BTreeMap::new() },
            id_form: raw.id_form,
            read,
            record: self.pointer(&format!("{at}.record"), &raw.record)?,
            id: self.pointer(&format!("{at}.id"), &raw.id)?,
            version,
            conditional_write,
            fields: wires,
            actions: BTreeMap::new(),
            journal,
            metadata,
        };
        self.actions(at, &mut object, raw.actions, timing, refusals);
        Some(object)
    }

    fn field(&mut self, at: &str, name: &str, raw: file::Field) -> Option<(FieldDescription, Wire)> {
        self.text(&format!("{at}.label"), &raw.label);
        let values = enum_values(raw.values);
        let ty = self.field_type(at, &raw.ty, raw.scale, &values)?;
        if !raw.writable
            && (raw.clearable || raw.write.is_some() || raw.write_number || raw.write_null.is_some())
        {
            self.fault(
                at,
                "it says how it is written, but is not writable",
                "set `writable = true`, or leave the rest out",
            );
        }
        let write = raw.writable.then(|| raw.write.unwrap_or_else(|| name.to_owned()));
        let wire = Wire {
            read: self.pointer(&format!("{at}.read"), &raw.read.unwrap_or_else(|| format!("/{name}")))?,
            metadata: Some(raw.metadata.or_else(|| write.clone()).unwrap_or_else(|| name.to_owned()))
                .filter(|name| !name.is_empty()),
            write,
            encoding: Encoding { number: raw.write_number, null: null_json(raw.write_null) },
        };
        let description = FieldDescription {
            label: raw.label,
            ty,
            values,
            sensitivity: raw.sensitivity,
            writable: raw.writable,
            clearable: raw.clearable,
        };
        Some((description, wire))
    }

    fn version(&mut self, at: &str, raw: file::Version) -> Option<VersionAt> {
        match (raw.header, raw.body) {
            (Some(name), None) => self.header_name(at, &name).map(VersionAt::Header),
            (None, Some(pointer)) => self.pointer(at, &pointer).map(VersionAt::Body),
            (None, None) | (Some(_), Some(_)) => {
                self.fault(at, "the token is in one place", "give either `header` or `body`");
                None
            }
        }
    }

    fn conditional_write(&mut self, at: &str, raw: file::ConditionalWrite) -> Option<ConditionalWrite> {
        let vars = [Var::Version, Var::VersionHttpDate];
        match (raw.header, raw.value, raw.body) {
            (Some(name), Some(value), None) => {
                Some(ConditionalWrite::Header(self.header_name(at, &name)?, self.filled(at, &value, &vars)?))
            }
            (None, None, Some(body)) => self.template(at, &body, &vars).map(ConditionalWrite::Body),
            (Some(_) | None, Some(_) | None, Some(_) | None) => {
                self.fault(
                    at,
                    "the condition stands in a header or in the body",
                    "give `header` and `value`, or `body`",
                );
                None
            }
        }
    }

    fn metadata(&mut self, at: &str, raw: file::Metadata) -> Option<Metadata> {
        let values = match raw.values {
            None => None,
            Some(values) => Some((
                self.pointer(&format!("{at}.values.each"), &values.each)?,
                self.pointer(&format!("{at}.values.value"), &values.value)?,
            )),
        };
        Some(Metadata {
            path: self.path(&format!("{at}.path"), &raw.path, &[])?,
            fields: self.pointer(&format!("{at}.fields"), &raw.fields)?,
            name: self.pointer(&format!("{at}.name"), &raw.name)?,
            values,
        })
    }
}
