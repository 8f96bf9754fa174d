//! A policy set: parsed, linted, strictly validated, digested and sliced. What loads can be decided with; what has any
//! fault does not load at all.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Policy, PolicyId, ValidationMode, Validator};
use miette::Diagnostic;
use proof::digest::{Digest, Tag, tagged};
use proof::json::{INTEGER_MAX, Value, object};

use crate::fault::{Fault, LoadFaults, Place, Problem};
use crate::obligation::Obligation;
use crate::rule::{Part, Rule};
use crate::schema::Schema;
use crate::slice;

/// Largest policy text, in bytes.
pub const POLICY_TEXT_BYTES_MAX: usize = 1_048_576;

/// Most policies in a set.
pub const POLICIES_MAX: usize = 5_000;

/// How deep brackets may nest in a policy text.
pub const NESTING_MAX: usize = 64;

/// A loaded policy set, ready to decide.
#[derive(Debug)]
pub struct PolicySet {
    pub(crate) schema: Schema,
    pub(crate) rules: BTreeMap<String, Rule>,
    /// By action id.
    pub(crate) slices: BTreeMap<String, cedar_policy::PolicySet>,
    digest: Digest,
}

impl PolicySet {
    /// Loads a policy text against a schema; reports every fault that can be found at once.
    pub fn load(text: &str, schema: &Schema) -> Result<Self, LoadFaults> {
        check_size(text)?;
        let parsed = parse(text)?;
        let validated = validate(&parsed, schema, text).errors;
        let (rules, policies) = match (read_rules(&parsed), validated) {
            (Ok(read), validated) if validated.is_empty() => read,
            (read, validated) => {
                let mut faults = read.err().unwrap_or_default();
                faults.extend(validated);
                faults.sort_by_key(|fault| fault.place);
                return Err(LoadFaults(faults));
            }
        };
        let digest = digest(&policies, schema)?;
        let slices = schema
            .entries()
            .map(|(id, action)| Ok((id.clone(), slice::of(action, &policies)?)))
            .collect::<Result<_, cedar_policy::PolicySetError>>()
            .map_err(|cause| whole(Problem::Engine(cause.to_string())))?;
        Ok(Self { schema: schema.clone(), rules, slices, digest })
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

/// Guards the parser, which recurses with the nesting of the text.
pub(crate) fn check_size(text: &str) -> Result<(), LoadFaults> {
    if text.len() > POLICY_TEXT_BYTES_MAX {
        return Err(whole(Problem::TooLarge { bytes: text.len(), max: POLICY_TEXT_BYTES_MAX }));
    }
    match too_deep(text) {
        Some(offset) => {
            let place = Place::at(text, offset);
            Err(LoadFaults(vec![Fault { policy: None, place, problem: Problem::TooDeep(NESTING_MAX) }]))
        }
        None => Ok(()),
    }
}

/// The offset of the first bracket that nests too deeply, strings and comments aside.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let (mut in_string, mut in_comment, mut before) = (false, false, b' ');
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' => in_comment = false,
            _ if in_comment => {}
            // An escaped character is neither the end of the string nor the start of an escape.
            _ if in_string && before == b'\\' => {
                before = b' ';
                continue;
            }
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'/' if before == b'/' => in_comment = true,
            b'(' | b'[' | b'{' if depth == NESTING_MAX => return Some(offset),
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = byte;
    }
    None
}

pub(crate) fn parse(text: &str) -> Result<Parsed, LoadFaults> {
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

fn read_rules(parsed: &Parsed) -> Result<(BTreeMap<String, Rule>, Vec<Policy>), Vec<Fault>> {
    let (mut rules, mut policies, mut faults) = (BTreeMap::new(), Vec::new(), Vec::new());
    for Positioned { policy, place } in &parsed.policies {
        let fault =
            |problem| Fault { policy: policy.annotation("id").map(str::to_owned), place: *place, problem };
        match Rule::read(policy) {
            Err(problems) => faults.extend(problems.into_iter().map(fault)),
            Ok(rule) if rules.contains_key(&rule.id) => faults.push(fault(Problem::DuplicateId)),
            Ok(rule) => {
                policies.push(policy.new_id(PolicyId::new(&rule.id)));
                rules.insert(rule.id.clone(), rule);
            }
        }
    }
    if faults.is_empty() { Ok((rules, policies)) } else { Err(faults) }
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
        errors: answer.validation_errors().map(|error| fault(error.policy_id(), error)).collect(),
        warnings: answer.validation_warnings().map(|warning| fault(warning.policy_id(), warning)).collect(),
    }
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

fn digest(policies: &[Policy], schema: &Schema) -> Result<Digest, LoadFaults> {
    let mut by_id = BTreeMap::new();
    for policy in policies {
        let id: &str = policy.id().as_ref();
        let fault = |problem| LoadFaults(vec![Fault { policy: Some(id.to_owned()), place: None, problem }]);
        let json = policy.to_json().map_err(|e| fault(Problem::Engine(e.to_string())))?;
        by_id.insert(id, plain(json).map_err(fault)?);
    }
    let policies = by_id.into_values().collect();
    Ok(tagged(
        Tag::PolicySet,
        &object([("policies", Value::Array(policies)), ("schema", schema.to_value().clone())]),
    ))
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
