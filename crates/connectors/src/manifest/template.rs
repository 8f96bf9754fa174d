//! Templates: texts with `{name}` and JSON bodies with `${name}`, filled from one write.
//!
//! A path or header names only what the action surely has. In a body, a member whose value is not there is left out, and
//! so is an object that only consists of such members: an optional comment needs no second template.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::json::Json;

/// What a template can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Var {
    Id,
    Key,
    Version,
    VersionHttpDate,
    Identity,
    BaseUrl,
    Origin,
    Fields,
    Change(String),
    Argument(String),
}

impl Var {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "key" => Self::Key,
            "version" => Self::Version,
            "version.http_date" => Self::VersionHttpDate,
            "identity" => Self::Identity,
            "base_url" => Self::BaseUrl,
            "origin" => Self::Origin,
            "fields" => Self::Fields,
            _ => match name.split_once('.')? {
                ("changes", field) => Self::Change(field.to_owned()),
                ("arguments", argument) => Self::Argument(argument.to_owned()),
                _ => return None,
            },
        })
    }
}

/// The values that one request has to offer.
#[derive(Debug, Default, Clone)]
pub(crate) struct Scope {
    pub id: Option<String>,
    pub key: Option<String>,
    pub version: Option<String>,
    pub version_http_date: Option<String>,
    pub identity: Option<String>,
    pub base_url: String,
    pub origin: String,
    pub fields: String,
    /// Encoded for the wire, by the field's name: what `${changes.x}` names.
    pub changes: BTreeMap<String, Json>,
    /// Encoded for the wire, by the member's name: what `${changes}` spreads.
    pub change_members: BTreeMap<String, Json>,
    /// Encoded for the wire, by the member's name: what `${sets}` spreads.
    pub set_members: BTreeMap<String, Json>,
    /// Encoded for the wire.
    pub arguments: BTreeMap<String, Json>,
}

impl Scope {
    fn get(&self, var: &Var) -> Option<Json> {
        let text = |text: &Option<String>| text.clone().map(Json::Str);
        match var {
            Var::Id => text(&self.id),
            Var::Key => text(&self.key),
            Var::Version => text(&self.version),
            Var::VersionHttpDate => text(&self.version_http_date),
            Var::Identity => text(&self.identity),
            Var::BaseUrl => Some(Json::Str(self.base_url.clone())),
            Var::Origin => Some(Json::Str(self.origin.clone())),
            Var::Fields => Some(Json::Str(self.fields.clone())),
            Var::Change(field) => self.changes.get(field).cloned(),
            Var::Argument(argument) => self.arguments.get(argument).cloned(),
        }
    }
}

/// A text with `{name}` in it: a path with its query, or a header's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Var(Var),
}

impl Text {
    /// Reads a text; the error is the name that nobody knows, or the brace that does not close.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or_else(|| "{".to_owned())?;
            parts.push(Part::Literal(literal.to_owned()));
            parts.push(Part::Var(Var::parse(name).ok_or_else(|| name.to_owned())?));
            rest = after;
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Self(parts))
    }

    pub(crate) fn vars(&self) -> impl Iterator<Item = &Var> {
        self.0.iter().filter_map(|part| if let Part::Var(var) = part { Some(var) } else { None })
    }

    /// Fills a header's value; `None` when something that it names is not there.
    pub(crate) fn fill(&self, scope: &Scope) -> Option<String> {
        self.filled(scope, Some)
    }

    /// Fills a path and query: every value is percent-encoded, so that no value can leave its place; `.` and `..`, which
    /// no encoding keeps a URL parser from following, are refused.
    pub(crate) fn fill_path(&self, scope: &Scope) -> Option<String> {
        self.filled(scope, |value| (value != "." && value != "..").then(|| percent_encoded(&value)))
    }

    fn filled(&self, scope: &Scope, encode: impl Fn(String) -> Option<String>) -> Option<String> {
        self.0.iter().try_fold(String::new(), |text, part| match part {
            Part::Literal(literal) => Some(text + literal),
            Part::Var(var) => Some(text + &encode(scope.get(var)?.token()?)?),
        })
    }
}

/// Everything outside the unreserved characters of RFC 3986 and the comma of lists becomes `%XX`.
pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// A JSON body with `${name}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Template {
    Value(Json),
    Var(Var),
    Array(Vec<Template>),
    Object { members: BTreeMap<String, Template>, spread: Vec<Spread> },
}

/// Members that a write brings along, all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    Changes,
    Sets,
}

impl Template {
    /// Reads a TOML value; the error is what it cannot be.
    pub(crate) fn parse(value: &toml::Value) -> Result<Self, String> {
        Ok(match value {
            toml::Value::String(text) => {
                match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
                    Some(name) => {
                        Self::Var(Var::parse(name).ok_or_else(|| format!("`${{{name}}}` is not known"))?)
                    }
                    None if text.contains("${") => {
                        return Err(format!("`{text}` has more than the one name that a value can be"));
                    }
                    None => Self::Value(Json::Str(text.clone())),
                }
            }
            toml::Value::Integer(number) => Self::Value(Json::Number(number.to_string())),
            toml::Value::Boolean(truth) => Self::Value(Json::Bool(*truth)),
            toml::Value::Array(elements) => {
                Self::Array(elements.iter().map(Self::parse).collect::<Result<_, _>>()?)
            }
            toml::Value::Table(table) => {
                let (mut members, mut spread) = (BTreeMap::new(), Vec::new());
                for (name, member) in table {
                    match name.as_str() {
                        "${changes}" => spread.push(Spread::Changes),
                        "${sets}" => spread.push(Spread::Sets),
                        _ => drop(members.insert(name.clone(), Self::parse(member)?)),
                    }
                }
                Self::Object { members, spread }
            }
            toml::Value::Float(_) => return Err("a float is not exact".to_owned()),
            toml::Value::Datetime(_) => return Err("a TOML date is no JSON".to_owned()),
        })
    }

    pub(crate) fn vars(&self) -> Vec<&Var> {
        match self {
            Self::Value(_) => Vec::new(),
            Self::Var(var) => vec![var],
            Self::Array(elements) => elements.iter().flat_map(Self::vars).collect(),
            Self::Object { members, .. } => members.values().flat_map(Self::vars).collect(),
        }
    }

    pub(crate) fn spreads(&self) -> Vec<Spread> {
        match self {
            Self::Value(_) | Self::Var(_) => Vec::new(),
            Self::Array(elements) => elements.iter().flat_map(Self::spreads).collect(),
            Self::Object { members, spread } => {
                spread.iter().copied().chain(members.values().flat_map(Self::spreads)).collect()
            }
        }
    }

    /// Fills the template; `None` when the value is not there.
    pub(crate) fn fill(&self, scope: &Scope) -> Option<Json> {
        match self {
            Self::Value(value) => Some(value.clone()),
            Self::Var(var) => scope.get(var),
            Self::Array(elements) => {
                Some(Json::Array(elements.iter().filter_map(|element| element.fill(scope)).collect()))
            }
            Self::Object { members, spread } => {
                let filled: BTreeMap<String, Json> = members
                    .iter()
                    .filter_map(|(name, member)| Some((name.clone(), member.fill(scope)?)))
                    .collect();
                let vars = || members.iter().filter(|(_, member)| matches!(member, Self::Var(_)));
                if spread.is_empty()
                    && vars().next().is_some()
                    && vars().all(|(name, _)| !filled.contains_key(name))
                {
                    return None;
                }
                let spread = spread.iter().flat_map(|spread| match spread {
                    Spread::Changes => scope.change_members.clone(),
                    Spread::Sets => scope.set_members.clone(),
                });
                Some(Json::Object(filled.into_iter().chain(spread).collect()))
            }
        }
    }
}

/// Puts the members of one JSON object into another, level by level.
pub(crate) fn merged(into: Json, from: Json) -> Json {
    match (into, from) {
        (Json::Object(mut members), Json::Object(more)) => {
            for (name, member) in more {
                let member = match members.remove(&name) {
                    Some(there) => merged(there, member),
                    None => member,
                };
                members.insert(name, member);
            }
            Json::Object(members)
        }
        (_, from) => from,
    }
}

#[cfg(test)]
mod tests;
