//! The request as JSON and back: every member always present, none unknown, so that a replay sees what was decided on.

use std::collections::{BTreeMap, BTreeSet};

use proof::json::{Object, Value, object};

use super::{Principal, PrincipalKind, Record, Request, Reversibility, Usage};

/// A value that is no recorded request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireFault {
    /// Something else than an object.
    #[error("`{0}` is not an object")]
    NotAnObject(&'static str),
    /// A member is missing, or is not what it should be.
    #[error("the member `{0}` is missing or malformed")]
    Member(&'static str),
    /// A member too many.
    #[error("the member `{0}` is not known")]
    UnknownMember(String),
}

impl Request {
    /// The exact input of the decision, to be stored with it.
    pub fn to_value(&self) -> Value {
        let Usage { agent_hour, agent_day, lane_hour, lane_day } = self.usage;
        object([
            ("action", self.action.as_str().into()),
            ("after", Value::Object(self.after.clone())),
            ("before", Value::Object(self.before.clone())),
            ("changed_fields", texts(&self.changed_fields)),
            ("confidence_bp", self.confidence_bp.map_or(Value::Null, Value::from)),
            (
                "delta",
                Value::Object(self.delta.iter().map(|(name, &size)| (name.clone(), size.into())).collect()),
            ),
            ("local_hour", u32::from(self.local_hour).into()),
            ("on_behalf_of", optional_text(self.on_behalf_of.as_ref())),
            ("plan_size", self.plan_size.into()),
            (
                "principal",
                object([
                    ("groups", texts(&self.principal.groups)),
                    ("id", self.principal.id.as_str().into()),
                    ("kind", self.principal.kind.word().into()),
                ]),
            ),
            ("readiness", texts(&self.readiness)),
            (
                "record",
                object([
                    ("connector", self.record.connector.as_str().into()),
                    ("environment", self.record.environment.as_str().into()),
                    ("id", optional_text(self.record.id.as_ref())),
                    ("labels", texts(&self.record.labels)),
                ]),
            ),
            ("recovery", self.recovery.into()),
            ("reversibility", self.reversibility.word().into()),
            ("source", self.source.as_str().into()),
            ("takeover", self.takeover.into()),
            (
                "usage",
                object([
                    ("agent_day", agent_day.into()),
                    ("agent_hour", agent_hour.into()),
                    ("lane_day", lane_day.into()),
                    ("lane_hour", lane_hour.into()),
                ]),
            ),
            ("weekday", u32::from(self.weekday).into()),
            ("workflow", self.workflow.as_str().into()),
        ])
    }

    /// Rebuilds a stored request; refuses whatever [`Request::to_value`] would not have written.
    pub fn from_value(value: &Value) -> Result<Self, WireFault> {
        let mut root = Members::of("request", value)?;
        let mut principal = Members::of("principal", root.take("principal")?)?;
        let mut record = Members::of("record", root.take("record")?)?;
        let mut usage = Members::of("usage", root.take("usage")?)?;
        let request = Self {
            principal: Principal {
                kind: principal.word("kind", PrincipalKind::parse)?,
                id: principal.text("id")?,
                groups: principal.texts("groups")?,
            },
            on_behalf_of: root.optional_text("on_behalf_of")?,
            action: root.text("action")?,
            record: Record {
                connector: record.text("connector")?,
                id: record.optional_text("id")?,
                environment: record.text("environment")?,
                labels: record.texts("labels")?,
            },
            changed_fields: root.texts("changed_fields")?,
            before: root.object("before")?.clone(),
            after: root.object("after")?.clone(),
            delta: root.longs("delta")?,
            confidence_bp: root.optional_count("confidence_bp")?,
            workflow: root.text("workflow")?,
            source: root.text("source")?,
            local_hour: root.small("local_hour")?,
            weekday: root.small("weekday")?,
            reversibility: root.word("reversibility", Reversibility::parse)?,
            plan_size: root.count("plan_size")?,
            usage: Usage {
                agent_hour: usage.count("agent_hour")?,
                agent_day: usage.count("agent_day")?,
                lane_hour: usage.count("lane_hour")?,
                lane_day: usage.count("lane_day")?,
            },
            readiness: root.texts("readiness")?,
            recovery: root.flag("recovery")?,
            takeover: root.flag("takeover")?,
        };
        for members in [root, principal, record, usage] {
            members.finish()?;
        }
        Ok(request)
    }
}

fn texts(set: &BTreeSet<String>) -> Value {
    Value::Array(set.iter().map(|text| text.as_str().into()).collect())
}

fn optional_text(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| text.as_str().into())
}

/// The members of an object that nobody has taken yet.
struct Members<'a>(BTreeMap<&'a str, &'a Value>);

impl<'a> Members<'a> {
    fn of(name: &'static str, value: &'a Value) -> Result<Self, WireFault> {
        let members = value.as_object().ok_or(WireFault::NotAnObject(name))?;
        Ok(Self(members.iter().map(|(name, value)| (name.as_str(), value)).collect()))
    }

    fn take(&mut self, name: &'static str) -> Result<&'a Value, WireFault> {
        self.0.remove(name).ok_or(WireFault::Member(name))
    }

    fn read<T>(&mut self, name: &'static str, read: impl Fn(&'a Value) -> Option<T>) -> Result<T, WireFault> {
        read(self.take(name)?).ok_or(WireFault::Member(name))
    }

    fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, WireFault> {
        self.read(name, |value| if value.is_null() { Some(None) } else { read(value).map(Some) })
    }

    fn text(&mut self, name: &'static str) -> Result<String, WireFault> {
        self.read(name, |value| value.as_str().map(str::to_owned))
    }

    fn optional_text(&mut self, name: &'static str) -> Result<Option<String>, WireFault> {
        self.optional(name, |value| value.as_str().map(str::to_owned))
    }

    /// A set as it is written: sorted and without repeats.
    fn texts(&mut self, name: &'static str) -> Result<BTreeSet<String>, WireFault> {
        self.read(name, |value| {
            let list = value.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
            list.is_sorted_by(|one, next| one < next).then(|| list.into_iter().map(str::to_owned).collect())
        })
    }

    fn object(&mut self, name: &'static str) -> Result<&'a Object, WireFault> {
        self.read(name, Value::as_object)
    }

    fn longs(&mut self, name: &'static str) -> Result<BTreeMap<String, i64>, WireFault> {
        self.read(name, |value| {
            value.as_object()?.iter().map(|(name, size)| Some((name.clone(), size.as_int()?))).collect()
        })
    }

    fn count(&mut self, name: &'static str) -> Result<u32, WireFault> {
        self.read(name, |value| value.as_int()?.try_into().ok())
    }

    fn optional_count(&mut self, name: &'static str) -> Result<Option<u32>, WireFault> {
        self.optional(name, |value| value.as_int()?.try_into().ok())
    }

    fn small(&mut self, name: &'static str) -> Result<u8, WireFault> {
        self.read(name, |value| value.as_int()?.try_into().ok())
    }

    fn flag(&mut self, name: &'static str) -> Result<bool, WireFault> {
        self.read(name, Value::as_bool)
    }

    fn word<T>(&mut self, name: &'static str, parse: fn(&str) -> Option<T>) -> Result<T, WireFault> {
        self.read(name, |value| parse(value.as_str()?))
    }

    fn finish(self) -> Result<(), WireFault> {
        self.0.into_keys().next().map_or(Ok(()), |name| Err(WireFault::UnknownMember(name.to_owned())))
    }
}
