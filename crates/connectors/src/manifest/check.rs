//! From the file's words to a checked [`Manifest`], with every fault at once.
//!
//! What an action needs has no default: how its outcome is told, how its effect is proven, how it is undone.

mod action;
mod object;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use domain::field::{FieldType, normalize};
use domain::mutation::Environment;
use domain::name::Slug;
use proof::digest::Digest;
use proof::json::Value;
use reqwest::header::HeaderName;

use super::fault::{Fault, Faults};
use super::template::{Template, Text, Var};
use super::{Auth, Changes, Identity, Listing, Manifest, Match, Refusal, file};
use crate::description::EnumValue;
use crate::json::{Json, Pointer};

/// The longest time that a manifest may ask for: milliseconds.
const TIME_MS_MAX: u64 = 24 * 3600 * 1000;
/// Headers that no manifest may set: the connector and the client own them.
const HEADERS_OWNED: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "content-length", "transfer-encoding", "host"];

/// Checks a manifest as a whole.
pub(super) fn check(file: &str, raw: file::File, digest: Digest) -> Result<Manifest, Faults> {
    let mut check = Check { file, faults: Vec::new() };
    let manifest = check.manifest(raw, digest);
    match manifest {
        Some(manifest) if check.faults.is_empty() => Ok(manifest),
        Some(_) | None => Err(Faults(check.faults)),
    }
}

struct Check<'a> {
    file: &'a str,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn fault(&mut self, at: &str, what: impl Into<String>, fix: impl Into<String>) {
        self.faults.push(Fault {
            file: self.file.to_owned(),
            at: at.to_owned(),
            what: what.into(),
            fix: fix.into(),
        });
    }

    fn manifest(&mut self, raw: file::File, digest: Digest) -> Option<Manifest> {
        let system = self.slug("system", &raw.system);
        self.text("title", &raw.title);
        self.text("api", &raw.api);
        for host in &raw.hosts {
            if !host_pattern(host) {
                self.fault(
                    "hosts",
                    format!("`{host}` is no host name"),
                    "write a name such as `*.example.com`, without scheme, port or path",
                );
            }
        }
        let base_urls = self.base_urls(&raw.base_urls);
        let auth = self.auth(raw.auth);
        let headers = self.headers("headers", raw.headers, &[Var::BaseUrl, Var::Origin]);
        let evidence_headers = raw
            .evidence_headers
            .iter()
            .filter_map(|name| self.header_name("evidence_headers", name))
            .map(|name| name.to_string())
            .collect();
        self.times("timing", [raw.timing.timeout_ms, raw.timing.settle_ms, raw.timing.lands_within_ms]);
        if raw.refusals.is_empty() {
            self.fault(
                "refusals",
                "no refusal is mapped, so every error answer to a write would be `unknown`",
                "map at least the vendor's validation, permission and conflict answers",
            );
        }
        let refusals = self.refusals("refusals", raw.refusals);
        if raw.objects.is_empty() {
            self.fault("objects", "there is no object", "describe at least one `[objects.<name>]`");
        }
        let mut objects = BTreeMap::new();
        for (name, object) in raw.objects {
            let at = format!("objects.{name}");
            let name = self.slug(&at, &name);
            let object = self.object(&at, object, &raw.timing, &refusals);
            if let (Some(name), Some(object)) = (name, object) {
                objects.insert(name, object);
            }
        }
        Some(Manifest {
            system: system?,
            title: raw.title,
            api: raw.api,
            digest,
            hosts: raw.hosts,
            base_urls,
            timeout_ms: raw.timing.timeout_ms,
            auth: auth?,
            headers,
            evidence_headers,
            refusals,
            objects,
        })
    }

    fn base_urls(&mut self, raw: &BTreeMap<String, String>) -> BTreeMap<Environment, String> {
        let mut urls = BTreeMap::new();
        for (word, url) in raw {
            let at = format!("base_urls.{word}");
            match Environment::parse(word) {
                Some(environment) => drop(urls.insert(environment, url.clone())),
                None => self.fault(
                    &at,
                    format!("`{word}` is no environment"),
                    "use simulation, sandbox or production",
                ),
            }
            if reqwest::Url::parse(url).is_err() {
                self.fault(&at, format!("`{url}` is no URL"), "write one such as `https://example.com`");
            }
        }
        urls
    }

    fn auth(&mut self, raw: file::Auth) -> Option<Auth> {
        let schemes: BTreeSet<_> = raw.schemes.into_iter().collect();
        if schemes.is_empty() {
            self.fault("auth.schemes", "no way to sign in is named", "name at least one, such as `bearer`");
        }
        let api_key_header =
            raw.api_key_header.and_then(|name| self.header_name("auth.api_key_header", &name));
        if schemes.contains(&file::Scheme::ApiKey) && api_key_header.is_none() {
            self.fault(
                "auth.api_key_header",
                "`api_key` has no header",
                "name the header that carries the key",
            );
        }
        let oauth = [file::Scheme::ClientCredentials, file::Scheme::RefreshToken];
        if oauth.iter().any(|scheme| schemes.contains(scheme)) && raw.token_path.is_none() {
            self.fault(
                "auth.token_path",
                "OAuth 2 has no token endpoint",
                "give its path, such as `/oauth/token`",
            );
        }
        if raw.token_path.as_ref().is_some_and(|path| !path.starts_with('/')) {
            self.fault(
                "auth.token_path",
                "the path does not start with `/`",
                "give a path below the base URL, never another host",
            );
        }
        let identity = match raw.identity {
            None => None,
            Some(identity) => Some(self.identity(identity)?),
        };
        Some(Auth { schemes, api_key_header, token_path: raw.token_path, identity })
    }

    fn identity(&mut self, raw: file::Identity) -> Option<Identity> {
        match (raw.path, raw.at, raw.token, raw.user) {
            (Some(path), Some(at), None, false) => Some(Identity::Path {
                path: self.path("auth.identity.path", &path, &[])?,
                at: self.pointer("auth.identity.at", &at)?,
            }),
            (None, None, Some(token), false) => {
                Some(Identity::Token { at: self.pointer("auth.identity.token", &token)? })
            }
            (None, None, None, true) => Some(Identity::User),
            (_, _, _, true | false) => {
                self.fault(
                    "auth.identity",
                    "it is told in one way",
                    "give `path` and `at`, or `token`, or `user = true`",
                );
                None
            }
        }
    }

    fn refusals(&mut self, at: &str, raw: Vec<file::Refusal>) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for (position, refusal) in raw.into_iter().enumerate() {
            let at = format!("{at}[{position}]");
            let code = self.slug(&format!("{at}.code"), &refusal.code);
            let status: BTreeSet<u16> = refusal.status.into_iter().collect();
            let when = self.matches(&format!("{at}.when"), &refusal.when, &[]);
            if status.is_empty() || status.iter().any(|status| !(200..=599).contains(status)) {
                self.fault(
                    &format!("{at}.status"),
                    "a refusal needs statuses from 200 to 599",
                    "list them, such as `[422]`",
                );
            }
            if when.is_empty() && status.iter().any(|status| *status < 400) {
                self.fault(
                    &format!("{at}.when"),
                    "a status below 400 alone is no refusal",
                    "say what in the body makes it one",
                );
            }
            if let Some(code) = code {
                refusals.push(Refusal {
                    status,
                    when,
                    code,
                    retryable: refusal.retryable,
                    conflict: refusal.conflict,
                });
            }
        }
        refusals
    }

    fn listing(&mut self, at: &str, raw: file::Listing, vars: &[Var]) -> Option<Listing> {
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

    fn matches(&mut self, at: &str, raw: &BTreeMap<String, toml::Value>, vars: &[Var]) -> Vec<Match> {
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

    fn template(&mut self, at: &str, raw: &toml::Value, vars: &[Var]) -> Option<Template> {
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

    fn path(&mut self, at: &str, raw: &str, vars: &[Var]) -> Option<Text> {
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

    fn filled(&mut self, at: &str, raw: &str, vars: &[Var]) -> Option<Text> {
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

    fn known(&mut self, at: &str, used: &[&Var], vars: &[Var]) {
        for var in used.iter().filter(|var| !vars.contains(var)) {
            self.fault(
                at,
                format!("{var:?} has no value here"),
                "leave it out, or describe what gives it a value",
            );
        }
    }

    fn headers(&mut self, at: &str, raw: BTreeMap<String, String>, vars: &[Var]) -> Vec<(HeaderName, Text)> {
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

    fn header_name(&mut self, at: &str, raw: &str) -> Option<HeaderName> {
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

    fn pointer(&mut self, at: &str, raw: &str) -> Option<Pointer> {
        let pointer = Pointer::parse(raw);
        if pointer.is_none() {
            self.fault(at, format!("`{raw}` is no JSON pointer"), "start with `/`, such as `/ticket/id`");
        }
        pointer
    }

    fn slug(&mut self, at: &str, raw: &str) -> Option<Slug> {
        match Slug::parse(raw) {
            Ok(slug) => Some(slug),
            Err(fault) => {
                self.fault(at, fault.to_string(), "choose such a name");
                None
            }
        }
    }

    fn text(&mut self, at: &str, raw: &str) {
        if raw.trim().is_empty() {
            self.fault(at, "the text is empty", "write what people should read");
        }
    }

    fn times(&mut self, at: &str, times: [u64; 3]) {
        if times.iter().any(|time| *time > TIME_MS_MAX) || times.first() == Some(&0) {
            self.fault(
                at,
                "a time is zero or longer than a day",
                format!("give milliseconds up to {TIME_MS_MAX}, and a timeout above 0"),
            );
        }
    }

    fn field_type(
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
    fn constant(
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

    fn missing(&mut self, at: &str, member: &str, fix: impl Display) {
        self.fault(&format!("{at}.{member}"), "it is missing", fix.to_string());
    }
}

fn plain(template: Template) -> Option<Value> {
    if let Template::Value(json) = template { Some(json.value()) } else { None }
}

fn host_pattern(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

fn enum_values(raw: Vec<file::EnumValue>) -> Vec<EnumValue> {
    raw.into_iter()
        .map(|file::EnumValue { value, label, read_only }| EnumValue { value, label, settable: !read_only })
        .collect()
}

fn null_json(write_null: Option<String>) -> Json {
    write_null.map_or(Json::Null, Json::Str)
}
