//! The TOML as it is written: names and nesting only. What the values mean is checked in [`super::check`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::fault::Faults;
use crate::description::{Conditional, Sensitivity};

/// Reads the structure; an unknown or missing member is a fault.
pub(super) fn read(file: &str, text: &str) -> Result<File, Faults> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map(|span| key_path(text, span.start)).unwrap_or_default();
        let line =
            error.span().map_or(1, |span| text.get(..span.start).unwrap_or(text).matches('\n').count() + 1);
        let what = error.message().lines().next().unwrap_or("not TOML").to_owned();
        Faults::one(file, &at, what, format!("correct line {line}"))
    })
}

/// The table and key at a place of the text, as far as the lines tell.
fn key_path(text: &str, offset: usize) -> String {
    let end =
        text.get(offset..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| offset + length);
    let mut lines = text.get(..end).unwrap_or(text).lines().rev();
    let last = lines.next().unwrap_or_default().trim();
    let header =
        |line: &str| line.strip_prefix('[').map(|rest| rest.trim_matches(['[', ']', ' ']).to_owned());
    if let Some(table) = header(last) {
        return table;
    }
    let key = last.split_once('=').map_or(last, |(key, _)| key.trim());
    lines
        .find_map(|line| header(line.trim()))
        .map_or_else(|| key.to_owned(), |table| format!("{table}.{key}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub system: String,
    pub title: String,
    pub api: String,
    #[serde(default)]
    pub hosts: Vec<String>,
    #[serde(default)]
    pub base_urls: BTreeMap<String, String>,
    pub auth: Auth,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub evidence_headers: Vec<String>,
    pub timing: Timing,
    #[serde(default)]
    pub refusals: Vec<Refusal>,
    #[serde(default)]
    pub objects: BTreeMap<String, Object>,
}

/// How a connector may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// User and password (RFC 7617).
    Basic,
    /// Basic with `email/token` as user and an API token as password.
    EmailToken,
    /// A fixed bearer token (RFC 6750).
    Bearer,
    /// A key in a header of the vendor's own.
    ApiKey,
    /// OAuth 2 client credentials (RFC 6749, 4.4).
    ClientCredentials,
    /// OAuth 2 refresh token (RFC 6749, 6).
    RefreshToken,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    pub schemes: Vec<Scheme>,
    pub api_key_header: Option<String>,
    pub token_path: Option<String>,
    pub identity: Option<Identity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    pub path: Option<String>,
    pub at: Option<String>,
    pub token: Option<String>,
    #[serde(default)]
    pub user: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Timing {
    pub timeout_ms: u64,
    pub settle_ms: u64,
    pub lands_within_ms: u64,
    pub simulation: Option<Times>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the unit stands in the name, in the file as well")]
pub(super) struct Times {
    pub timeout_ms: u64,
    pub settle_ms: u64,
    pub lands_within_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    pub status: Vec<u16>,
    #[serde(default)]
    pub when: BTreeMap<String, toml::Value>,
    pub code: String,
    pub retryable: bool,
    #[serde(default)]
    pub conflict: bool,
}

/// Which ids an object can have, so that nothing else is ever put into a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdForm {
    /// 0 to 9.
    Digits,
    /// ASCII letters and digits.
    Alphanumeric,
    /// ASCII letters, digits, `-` and `_`.
    Token,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Object {
    pub label: String,
    pub id_form: IdForm,
    pub read: String,
    #[serde(default)]
    pub record: String,
    pub id: String,
    pub version: Option<Version>,
    pub conditional_write: Option<ConditionalWrite>,
    pub metadata: Option<Metadata>,
    pub journal: Option<Listing>,
    #[serde(default)]
    pub fields: BTreeMap<String, Field>,
    #[serde(default)]
    pub actions: BTreeMap<String, Action>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    pub header: Option<String>,
    pub body: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionalWrite {
    pub header: Option<String>,
    pub value: Option<String>,
    pub body: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metadata {
    pub path: String,
    pub fields: String,
    pub name: String,
    pub values: Option<MetadataValues>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MetadataValues {
    pub each: String,
    pub value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    pub path: String,
    pub entries: String,
    pub next: Option<String>,
    pub at: Option<String>,
    pub author: Option<String>,
    pub handle: Option<String>,
    pub key: Option<String>,
    #[serde(default)]
    pub when: BTreeMap<String, toml::Value>,
    pub complete: bool,
    pub changes: Option<Changes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    pub each: Option<String>,
    #[serde(default)]
    pub when: BTreeMap<String, toml::Value>,
    pub field: String,
    pub value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    pub label: String,
    #[serde(rename = "type")]
    pub ty: String,
    pub scale: Option<u8>,
    #[serde(default)]
    pub values: Vec<EnumValue>,
    pub sensitivity: Sensitivity,
    #[serde(default)]
    pub writable: bool,
    #[serde(default)]
    pub clearable: bool,
    pub read: Option<String>,
    pub write: Option<String>,
    #[serde(default)]
    pub write_number: bool,
    pub write_null: Option<String>,
    pub metadata: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnumValue {
    pub value: String,
    pub label: String,
    #[serde(default)]
    pub read_only: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Argument {
    pub label: String,
    #[serde(rename = "type")]
    pub ty: String,
    pub scale: Option<u8>,
    #[serde(default)]
    pub values: Vec<EnumValue>,
    pub sensitivity: Sensitivity,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub write_number: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    pub kind: String,
    pub label: String,
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub body: Option<toml::Value>,
    pub fields: Option<Vec<String>>,
    #[serde(default)]
    pub required: Vec<String>,
    #[serde(default)]
    pub sets: BTreeMap<String, toml::Value>,
    #[serde(default)]
    pub arguments: BTreeMap<String, Argument>,
    #[serde(default)]
    pub consequences: Vec<Consequence>,
    pub conditional: Option<Conditional>,
    #[serde(default)]
    pub deduplicates: bool,
    pub accepted: Option<Accepted>,
    #[serde(default)]
    pub refusals: Vec<Refusal>,
    pub proof: Option<Proof>,
    pub lookup: Option<Listing>,
    pub undo: Option<Undo>,
    pub timeout_ms: Option<u64>,
    pub settle_ms: Option<u64>,
    pub lands_within_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Consequence {
    pub text: String,
    pub when: Option<String>,
    pub equals: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accepted {
    pub status: Vec<u16>,
    #[serde(default)]
    pub when: BTreeMap<String, toml::Value>,
    pub handle: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "by")]
pub(super) enum Proof {
    ReadBack,
    Gone,
    Lookup,
    Journal { event: BTreeMap<String, toml::Value> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "kind")]
pub(super) enum Undo {
    Rollback,
    Compensation {
        action: String,
        #[serde(default)]
        arguments: BTreeMap<String, toml::Value>,
    },
    Irreversible {
        reason: String,
    },
}
