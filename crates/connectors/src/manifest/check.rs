//! From the file's words to a checked [`Manifest`], with every fault at once.
//!
//! What an action needs has no default: how its outcome is told, how its effect is proven, how it is undone.

mod action;
mod change;
mod object;
mod sign_in;
mod text;
mod undo;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use domain::mutation::Environment;
use domain::name::Slug;
use proof::digest::{Tag, tagged_bytes};

use super::fault::{Fault, Faults};
use super::template::Var;
use super::{Manifest, Refusal, file};

/// The longest time that a manifest may ask for: milliseconds.
const TIME_MS_MAX: u64 = 24 * 3600 * 1000;
/// Headers that no manifest may set: the connector and the client own them.
const HEADERS_OWNED: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "content-length", "transfer-encoding", "host"];

/// Checks a manifest as a whole.
pub(super) fn check(file: &str, raw: file::File, text: &str) -> Result<Manifest, Faults> {
    let mut check = Check { file, faults: Vec::new() };
    let manifest = check.manifest(raw, text);
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

    fn manifest(&mut self, raw: file::File, text: &str) -> Option<Manifest> {
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
        let simulation = raw.timing.simulation.as_ref();
        if let Some(times) = simulation {
            self.times("timing.simulation", [times.timeout_ms, times.settle_ms, times.lands_within_ms]);
        }
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
            text: text.to_owned(),
            digest: tagged_bytes(Tag::Manifest, text.as_bytes()),
            hosts: raw.hosts,
            base_urls,
            timeout_ms: raw.timing.timeout_ms,
            simulation: raw.timing.simulation.map(|times| super::Times {
                timeout_ms: times.timeout_ms,
                settle_ms: times.settle_ms,
                lands_within_ms: times.lands_within_ms,
            }),
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

    fn missing(&mut self, at: &str, member: &str, fix: impl Display) {
        self.fault(&format!("{at}.{member}"), "it is missing", fix.to_string());
    }
}

fn host_pattern(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}
