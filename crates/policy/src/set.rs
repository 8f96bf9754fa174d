//! A policy set: parsed, linted, strictly validated, digested and sliced. What loads can be decided with; what has any
//! fault does not load at all.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Policy, PolicyId, ValidationMode, Validator};
use miette::Diagnostic;
use proof::digest::{Digest, Tag, tagged};
use proof::json::{INTEGER_MAX, Value, object};

use crate::cure::{Cure, looks_at};
use crate::fault::{Fault, LoadFaults, Place, Problem};
use crate::guard;
use crate::obligation::Obligation;
use crate::rule::{Part, Rule};
use crate::schema::Schema;
use crate::slice;

/// Most policies in a set.
pub const POLICIES_MAX: usize = 5_000;

/// A loaded policy set, ready to decide.
#[derive(Debug)]
pub struct PolicySet {
    pub(crate) schema: Schema,
    pub(crate) rules: BTreeMap<String, Rule>,
    /// By action id.
    pub(crate) slices: BTreeMap<String, cedar_policy::PolicySet>,
    digest: Digest,
    reads_usage: bool,
}

impl PolicySet {
    /// Loads a policy text against a schema; reports every fault that can be found at once.
    pub fn load(text: &str, schema: &Schema) -> Result<Self, LoadFaults> {
        let parsed = parse(text)?;
        let validated = validate(&parsed, schema, text).errors;
        let Read { rules, policies, hashed, reads_usage } = match (read(&parsed), validated) {
            (Ok(read), validated) if validated.is_empty() => read,
            (read, validated) => {
                let mut faults = read.err().unwrap_or_default();
                faults.extend(validated);
                faults.sort_by_key(|fault| fault.place);
                return Err(LoadFaults(faults));
            }
        };
        let hashed = Value::Array(hashed.into_values().collect());
        let digest =
            tagged(Tag::PolicySet, &object([("policies", hashed), ("schema", schema.to_value().clone())]));
        let slices = schema
            .entries()
            .map(|(id, action)| Ok((id.clone(), slice::of(action, &policies)?)))
            .collect::<Result<_, String>>()
            .map_err(|cause| whole(Problem::Engine(cause)))?;
        Ok(Self { schema: schema.clone(), rules, slices, digest, reads_usage })
    }

    /// Identifies the policies and the schema. Comments, spaces and the order of policies do not change it.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The schema that it was validated against.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The `@id` of every policy, sorted.
    pub fn rule_ids(&self) -> impl Iterator<Item = &str> {
        self.rules.keys().map(String::as_str)
    }

    /// Whether any rule reads the usage counters. If none does, decisions do not depend on each other.
    pub fn reads_usage(&self) -> bool {
        self.reads_usage
    }

    /// Every group whose approval a rule may ask for, so that the host can warn about groups without members.
    pub fn approver_groups(&self) -> BTreeSet<&str> {
        let asks = self.rules.values().filter_map(|rule| match &rule.part {
            Part::Asks(ask) => Some(&ask.obligation),
            Part::Permits | Part::Forbids => None,
        });
        asks.map(|Obligation { group, .. }| group.as_str()).collect()
    }
}

/// The policies of a text in their order, under Cedar's provisional ids.
pub(crate) struct Parsed {
    set: cedar_policy::PolicySet,
    pub policies: Vec<Positioned>,
}

/// A policy and where it begins.
pub(crate) struct Positioned {
    pub policy: Policy,
    pub place: Option<Place>,
}

/// What Cedar's validator says.
pub(crate) struct Validated {
    pub errors: Vec<Fault>,
    pub warnings: Vec<Fault>,
}

fn whole(problem: Problem) -> LoadFaults {
    LoadFaults(vec![Fault { policy: None, place: None, problem }])
}

pub(crate) fn parse(text: &str) -> Result<Parsed, LoadFaults> {
    guard::check(text)?;
    let set: cedar_policy::PolicySet = text.parse().map_err(|errors: cedar_policy::ParseErrors| {
        LoadFaults(
            errors
                .iter()
                .map(|error| Fault {
                    policy: None,
                    place: place_of(error, text),
                    problem: Problem::Syntax { message: error.to_string(), help: help_of(error) },
                })
                .collect(),
        )
    })?;
    let templates: Vec<_> = set
        .templates()
        .map(|template| Fault {
            policy: template.annotation("id").map(str::to_owned),
            place: text.find(&template.to_string()).and_then(|at| Place::at(text, at)),
            problem: Problem::Template,
        })
        .collect();
    if !templates.is_empty() {
        return Err(LoadFaults(templates));
    }
    if set.num_of_policies() > POLICIES_MAX {
        return Err(whole(Problem::TooMany { count: set.num_of_policies(), max: POLICIES_MAX }));
    }
    let policies = in_order(&set, text);
    Ok(Parsed { set, policies })
}

/// Cedar names the policies `policy0`, `policy1`, … in the order of the text and keeps each one's own text.
fn in_order(set: &cedar_policy::PolicySet, text: &str) -> Vec<Positioned> {
    let mut policies: Vec<&Policy> = set.policies().collect();
    policies.sort_by_key(|policy| {
        let id: &str = policy.id().as_ref();
        id.strip_prefix("policy").and_then(|number| number.parse::<usize>().ok())
    });
    let mut from = 0;
    let positioned = policies.into_iter().map(|policy| {
        let own = policy.to_string();
        let found = text.get(from..).and_then(|rest| rest.find(&own)).map(|at| from + at);
        from = found.map_or(from, |at| at + own.len());
        Positioned { policy: policy.clone(), place: found.and_then(|at| Place::at(text, at)) }
    });
    positioned.collect()
}

/// What a text says once every policy of it is sound.
#[derive(Default)]
struct Read {
    rules: BTreeMap<String, Rule>,
    /// Under their own ids, in the order of the text.
    policies: Vec<Policy>,
    /// Cedar's JSON form, by id: what is hashed.
    hashed: BTreeMap<String, Value>,
    reads_usage: bool,
}

fn read(parsed: &Parsed) -> Result<Read, Vec<Fault>> {
    let (mut read, mut faults) = (Read::default(), Vec::new());
    for Positioned { policy, place } in &parsed.policies {
        let fault =
            |problem| Fault { policy: policy.annotation("id").map(str::to_owned), place: *place, problem };
        let (rule, Json { value, usage }) = match (Rule::read(policy), read_json(policy)) {
            (Ok(rule), Ok(json)) => (rule, json),
            (rule, json) => {
                let problems = rule.err().into_iter().flatten().chain(json.err());
                faults.extend(problems.map(fault));
                continue;
            }
        };
        if read.rules.contains_key(&rule.id) {
            faults.push(fault(Problem::DuplicateId));
            continue;
        }
        read.policies.push(policy.new_id(PolicyId::new(&rule.id)));
        read.hashed.insert(rule.id.clone(), value);
        read.reads_usage |= usage;
        read.rules.insert(rule.id.clone(), rule);
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

/// What Cedar's JSON form of a policy tells.
struct Json {
    value: Value,
    usage: bool,
}

fn read_json(policy: &Policy) -> Result<Json, Problem> {
    let json = policy.to_json().map_err(|cause| Problem::Engine(cause.to_string()))?;
    if Cure::of(policy, &json) == Cure::Misused {
        return Err(Problem::MisusedApproval);
    }
    let usage = looks_at(&json, "usage");
    Ok(Json { value: plain(json)?, usage })
}

pub(crate) fn validate(parsed: &Parsed, schema: &Schema, text: &str) -> Validated {
    let answer = Validator::new(schema.cedar().clone()).validate(&parsed.set, ValidationMode::Strict);
    let fault = |id: &PolicyId, diagnostic: &dyn Diagnostic| {
        let known = parsed.policies.iter().find(|known| known.policy.id() == id);
        Fault {
            policy: known.and_then(|known| known.policy.annotation("id")).map(str::to_owned),
            place: place_of(diagnostic, text).or(known.and_then(|known| known.place)),
            problem: Problem::Invalid {
                message: without_provisional_id(&diagnostic.to_string()),
                help: help_of(diagnostic),
            },
        }
    };
    Validated {
        errors: once_per_place(answer.validation_errors().map(|error| fault(error.policy_id(), error))),
        warnings: once_per_place(
            answer.validation_warnings().map(|warning| fault(warning.policy_id(), warning)),
        ),
    }
}

/// Cedar validates a policy for each action that it may concern, in no order, and repeats itself.
fn once_per_place(faults: impl Iterator<Item = Fault>) -> Vec<Fault> {
    let mut faults: Vec<Fault> = faults.collect();
    faults.sort_by_cached_key(|fault| (fault.place, fault.to_string()));
    faults.dedup_by(|next, kept| next.place.is_some() && next.place == kept.place);
    faults
}

/// Cedar's messages begin with ``for policy `policy7`, ``, an id that nobody wrote.
fn without_provisional_id(message: &str) -> String {
    let rest = message.strip_prefix("for policy `policy").and_then(|rest| rest.split_once("`, "));
    rest.map_or(message, |(_, rest)| rest).to_owned()
}

fn place_of(diagnostic: &(impl Diagnostic + ?Sized), text: &str) -> Option<Place> {
    let first = diagnostic.labels()?.next()?;
    Place::at(text, first.offset())
}

fn help_of(diagnostic: &(impl Diagnostic + ?Sized)) -> Option<String> {
    diagnostic.help().map(|help| help.to_string())
}

/// Cedar's JSON form as a value that may be hashed.
fn plain(json: serde_json::Value) -> Result<Value, Problem> {
    use serde_json::Value as Json;
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => truth.into(),
        Json::Number(number) => {
            match number.as_i64().filter(|long| long.unsigned_abs() <= INTEGER_MAX.unsigned_abs()) {
                Some(long) => long.into(),
                None => return Err(Problem::LargeInteger(number.to_string())),
            }
        }
        Json::String(text) => text.into(),
        Json::Array(list) => Value::Array(list.into_iter().map(plain).collect::<Result<_, _>>()?),
        Json::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, json)| Ok((name, plain(json)?)))
                .collect::<Result<_, Problem>>()?,
        ),
    })
}

#[cfg(test)]
mod tests;
