//! What a case gives: the facts of a request, with sensible values for those that it leaves out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Value as Toml;

use super::CaseFault;
use crate::facts::{Principal, PrincipalKind, Record, Request, Reversibility, Usage};
use crate::schema::Schema;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    action: String,
    principal: GivenPrincipal,
    on_behalf_of: Option<String>,
    #[serde(default = "connector")]
    connector: String,
    record: Option<String>,
    environment: String,
    #[serde(default)]
    labels: BTreeSet<String>,
    #[serde(default)]
    change: BTreeMap<String, GivenChange>,
    /// Names of fields that change beside those, for rules that look at names only.
    #[serde(default)]
    changed_fields: BTreeSet<String>,
    confidence_bp: Option<u32>,
    #[serde(default = "workflow")]
    workflow: String,
    #[serde(default)]
    source: String,
    #[serde(default = "hour")]
    local_hour: u8,
    #[serde(default = "one")]
    weekday: u8,
    reversibility: Option<String>,
    #[serde(default = "one")]
    plan_size: u32,
    #[serde(default)]
    usage: GivenUsage,
    #[serde(default)]
    readiness: BTreeSet<String>,
    #[serde(default)]
    recovery: bool,
    #[serde(default)]
    takeover: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenPrincipal {
    kind: String,
    id: String,
    #[serde(default)]
    groups: BTreeSet<String>,
}

/// A change; what is left out is absent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenChange {
    before: Option<Toml>,
    after: Option<Toml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct GivenUsage {
    agent_hour: u32,
    agent_day: u32,
    lane_hour: u32,
    lane_day: u32,
}

impl Default for GivenUsage {
    fn default() -> Self {
        Self { agent_hour: 1, agent_day: 1, lane_hour: 1, lane_day: 1 }
    }
}

fn connector() -> String {
    "connector".to_owned()
}

fn workflow() -> String {
    "workflow".to_owned()
}

fn hour() -> u8 {
    12
}

fn one<T: From<u8>>() -> T {
    T::from(1)
}

impl Given {
    /// The request, with deltas computed as the engine computes them.
    pub(super) fn request(self, schema: &Schema) -> Result<Request, CaseFault> {
        let Some(shape) = schema.action(&self.action) else {
            return Err(CaseFault::UnknownAction(self.action));
        };
        let kind = word("principal.kind", &self.principal.kind, PrincipalKind::parse, PrincipalKind::list)?;
        let reversibility = self.reversibility.as_deref().unwrap_or(Reversibility::Rollback.word());
        let mut request = Request {
            principal: Principal { kind, id: self.principal.id, groups: self.principal.groups },
            on_behalf_of: self.on_behalf_of,
            action: self.action,
            record: Record {
                connector: self.connector,
                id: self.record,
                environment: self.environment,
                labels: self.labels,
            },
            changed_fields: self.changed_fields,
            before: BTreeMap::new(),
            after: BTreeMap::new(),
            delta: BTreeMap::new(),
            confidence_bp: self.confidence_bp,
            workflow: self.workflow,
            source: self.source,
            local_hour: self.local_hour,
            weekday: self.weekday,
            reversibility: word("reversibility", reversibility, Reversibility::parse, Reversibility::list)?,
            plan_size: self.plan_size,
            usage: Usage {
                agent_hour: self.usage.agent_hour,
                agent_day: self.usage.agent_day,
                lane_hour: self.usage.lane_hour,
                lane_day: self.usage.lane_day,
            },
            readiness: self.readiness,
            recovery: self.recovery,
            takeover: self.takeover,
        };
        for (name, GivenChange { before, after }) in self.change {
            let field = shape.field(&name).ok_or_else(|| CaseFault::UnknownField {
                action: request.action.clone(),
                field: name.clone(),
            })?;
            let value = |toml: Option<Toml>| toml.map(|toml| plain(&name, toml)).transpose();
            request.add_change(field, value(before)?.as_ref(), value(after)?.as_ref())?;
        }
        Ok(request)
    }
}

fn word<T>(
    member: &'static str,
    word: &str,
    parse: fn(&str) -> Option<T>,
    list: fn() -> String,
) -> Result<T, CaseFault> {
    parse(word).ok_or_else(|| CaseFault::Word { member, word: word.to_owned(), expected: list() })
}

fn plain(field: &str, value: Toml) -> Result<proof::json::Value, CaseFault> {
    Ok(match value {
        Toml::String(text) => text.into(),
        Toml::Integer(number) => number.into(),
        Toml::Boolean(truth) => truth.into(),
        Toml::Array(list) => {
            list.into_iter().map(|one| plain(field, one)).collect::<Result<Vec<_>, _>>()?.into()
        }
        Toml::Float(_) | Toml::Datetime(_) | Toml::Table(_) => {
            return Err(CaseFault::Value(field.to_owned()));
        }
    })
}
