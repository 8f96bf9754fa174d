//! Texts that are more than text: paths, headers, JSON pointers, templates, lists.

use std::collections::BTreeMap;

use reqwest::header::HeaderName;

use super::super::template::{Template, Text, Var};
use super::super::{Changes, Listing, Match, file};
use super::{Check, HEADERS_OWNED};
use crate::json::Pointer;

impl Check<'_> {
    pub(super) fn listing(&mut self, at: &str, raw: file::Listing, vars: &[Var]) -> Option<Listing> {
        let pointer = |check: &mut Self, name: &str, text: Option<String>| {
            text.and_then(|text| check.pointer(&format!("{at}.{name}"), &text))
        };
        let changes = raw.changes.and_then(|changes| {
            Some(Changes {
                each: pointer(self, "changes.each", changes.each),
                when: self.matches(&format!("{at}.changes.when"), &changes.when, &[]),
                field: self.pointer(&format!("{at}.changes.field"), &changes.field)?,
                value: self.pointer(&format!("{at}.changes.value"), &changes.value)?,
            })
        });
        Some(Listing {
            path: self.path(&format!("{at}.path"), &raw.path, vars)?,
            entries: self.pointer(&format!("{at}.entries"), &raw.entries)?,
            next: pointer(self, "next", raw.next),
            at: pointer(self, "at", raw.at),
            author: pointer(self, "author", raw.author),
            handle: pointer(self, "handle", raw.handle),
            key: pointer(self, "key", raw.key),
            when: self.matches(&format!("{at}.when"), &raw.when, vars),
            complete: raw.complete,
            changes,
        })
    }

    pub(super) fn matches(
        &mut self,
        at: &str,
        raw: &BTreeMap<String, toml::Value>,
        vars: &[Var],
    ) -> Vec<Match> {
        let mut matches = Vec::new();
        for (pointer, value) in raw {
            let at = format!("{at}.\"{pointer}\"");
            let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
            let any_of = values.iter().filter_map(|value| self.template(&at, value, vars)).collect();
            if let Some(pointer) = self.pointer(&at, pointer) {
                matches.push(Match { at: pointer, any_of });
            }
        }
        matches
    }

    pub(super) fn template(&mut self, at: &str, raw: &toml::Value, vars: &[Var]) -> Option<Template> {
        match Template::parse(raw) {
            Ok(template) => {
                self.known(at, &template.vars(), vars);
                Some(template)
            }
            Err(what) => {
                self.fault(
                    at,
                    what,
                    "use texts, whole numbers, booleans, lists, tables and names such as `${id}`",
                );
                None
            }
        }
    }

    pub(super) fn path(&mut self, at: &str, raw: &str, vars: &[Var]) -> Option<Text> {
        if !raw.starts_with('/') {
            self.fault(
                at,
                "the path does not start with `/`",
                "give a path below the base URL, never another host",
            );
        }
        if raw.contains("..") || raw.contains('#') || raw.chars().any(char::is_whitespace) {
            self.fault(
                at,
                "the path has `..`, `#` or white space",
                "write it plainly, white space as `+` or `%20`",
            );
        }
        self.filled(at, raw, vars)
    }

    pub(super) fn filled(&mut self, at: &str, raw: &str, vars: &[Var]) -> Option<Text> {
        match Text::parse(raw) {
            Ok(text) => {
                self.known(at, &text.vars().collect::<Vec<_>>(), vars);
                Some(text)
            }
            Err(name) => {
                self.fault(
                    at,
                    format!("`{name}` is not known"),
                    "use names such as `{id}`, and close every brace",
                );
                None
            }
        }
    }

    pub(super) fn known(&mut self, at: &str, used: &[&Var], vars: &[Var]) {
        for var in used.iter().filter(|var| !vars.contains(var)) {
            self.fault(
                at,
                format!("{var:?} has no value here"),
                "leave it out, or describe what gives it a value",
            );
        }
    }

    pub(super) fn headers(
        &mut self,
        at: &str,
        raw: BTreeMap<String, String>,
        vars: &[Var],
    ) -> Vec<(HeaderName, Text)> {
        let mut headers = Vec::new();
        for (name, value) in raw {
            let at = format!("{at}.{name}");
            if value.chars().any(char::is_control) {
                self.fault(&at, "the value has control characters", "write it on one line");
            }
            if let (Some(name), Some(text)) = (self.header_name(&at, &name), self.filled(&at, &value, vars)) {
                headers.push((name, text));
            }
        }
        headers
    }

    pub(super) fn header_name(&mut self, at: &str, raw: &str) -> Option<HeaderName> {
        match HeaderName::from_bytes(raw.as_bytes()) {
            Ok(name) if HEADERS_OWNED.contains(&name.as_str()) => {
                self.fault(
                    at,
                    format!("`{name}` belongs to the connector"),
                    "describe signing in under `auth`",
                );
                None
            }
            Ok(name) => Some(name),
            Err(_) => {
                self.fault(at, format!("`{raw}` is no header name"), "use letters, digits and `-`");
                None
            }
        }
    }

    pub(super) fn pointer(&mut self, at: &str, raw: &str) -> Option<Pointer> {
        let pointer = Pointer::parse(raw);
        if pointer.is_none() {
            self.fault(at, format!("`{raw}` is no JSON pointer"), "start with `/`, such as `/ticket/id`");
        }
        pointer
    }
}
