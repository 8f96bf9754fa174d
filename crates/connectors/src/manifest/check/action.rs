//! Actions: what they send, how their outcome is told, how their effect is proven, how they are undone.

use std::collections::{BTreeMap, BTreeSet};

use domain::attempt::Guarantee;
use domain::mutation::{Fields, Kind};
use domain::name::Slug;
use reqwest::Method;

use super::super::template::{Spread, Var};
use super::super::{Accepted, Action, Listing, Object, Refusal, file};
use super::Check;
use crate::description::{ActionDescription, ArgumentDescription, Condition, Conditional, Consequence};

impl Check<'_> {
    pub(super) fn actions(
        &mut self,
        at: &str,
        object: &mut Object,
        raw: BTreeMap<String, file::Action>,
        timing: &file::Timing,
        refusals: &[Refusal],
    ) {
        let known = self.faults.len();
        let mut undo_arguments = Vec::new();
        for (verb, action) in raw {
            let at = format!("{at}.actions.{verb}");
            let Some(verb) = self.slug(&at, &verb) else { continue };
            if let Some((description, action, arguments)) =
                self.action(&at, &verb, action, object, timing, refusals)
            {
                undo_arguments.push((verb.clone(), arguments));
                object.description.actions.insert(verb.clone(), description);
                object.actions.insert(verb, action);
            }
        }
        if self.faults.len() > known {
            // What follows looks at all actions together; with one of them broken it would only repeat that.
            return;
        }
        let written: BTreeSet<&String> = object
            .description
            .actions
            .values()
            .flat_map(|action| action.fields.iter().chain(action.sets.keys()))
            .collect();
        for (name, field) in &object.description.fields {
            if field.writable && !written.contains(name) {
                self.fault(
                    &format!("{at}.fields.{name}"),
                    "it is writable, but no action writes it",
                    "name it in an action, or take `writable` away",
                );
            }
        }
        for (verb, arguments) in undo_arguments {
            self.undo(at, object, &verb, &arguments);
        }
    }

    fn action(
        &mut self,
        at: &str,
        verb: &Slug,
        raw: file::Action,
        object: &Object,
        timing: &file::Timing,
        refusals: &[Refusal],
    ) -> Option<(ActionDescription, Action, BTreeMap<String, toml::Value>)> {
        self.text(&format!("{at}.label"), &raw.label);
        let kind = self.kind(at, verb, &raw.kind)?;
        let method = self.method(at, &raw.method)?;
        let (arguments, encodings) = self.arguments(at, kind, raw.arguments);
        let fields = self.changed_fields(at, kind, object, raw.fields);
        let sets = self.sets(at, kind, object, &raw.sets, &arguments);
        let required: BTreeSet<String> = raw.required.into_iter().collect();
        if (kind != Kind::Create && !required.is_empty())
            || required.iter().any(|field| !fields.contains(field))
        {
            self.fault(
                &format!("{at}.required"),
                "it names fields that the action does not create",
                "name fields of a create only",
            );
        }

        let mut vars: Vec<Var> = vec![Var::Key];
        if kind != Kind::Create {
            vars.push(Var::Id);
        }
        vars.extend(required.iter().cloned().map(Var::Change));
        let sure = vars.clone();
        let needed = arguments.iter().filter(|(_, argument)| argument.required).map(|(name, _)| name);
        let in_path: Vec<Var> = sure.into_iter().chain(needed.cloned().map(Var::Argument)).collect();
        vars.extend(arguments.keys().cloned().map(Var::Argument));
        let path = self.path(&format!("{at}.path"), &raw.path, &in_path)?;
        let headers = self.headers(&format!("{at}.headers"), raw.headers, &in_path);
        let body = match &raw.body {
            None => None,
            Some(body) => Some(self.template(&format!("{at}.body"), body, &vars)?),
        };
        let spreads = body.as_ref().map(super::super::Template::spreads).unwrap_or_default();
        for (spread, member, needed) in [
            (Spread::Changes, "${changes}", matches!(kind, Kind::Create | Kind::Update)),
            (Spread::Sets, "${sets}", !sets.is_empty()),
        ] {
            if spreads.iter().filter(|there| **there == spread).count() != usize::from(needed) {
                let fix = format!(
                    "put `\"{member}\" = true` where they belong, once, and only where there are any"
                );
                self.fault(&format!("{at}.body"), "the body does not hold what the action writes", fix);
            }
        }

        let accepted = self.accepted(at, raw.accepted);
        let own_refusals = self.refusals(&format!("{at}.refusals"), raw.refusals);
        let conditional = self.conditional(at, kind, object, raw.conditional);
        let lookup_vars: Vec<Var> = in_path.iter().cloned().chain([Var::Identity]).collect();
        let lookup = match raw.lookup {
            None => None,
            Some(lookup) => Some(self.listing(&format!("{at}.lookup"), lookup, &lookup_vars)?),
        };
        let proven = self.proven(at, kind, object, &vars, &sets, lookup.is_some(), raw.proof);
        let undone = self.undone(at, raw.undo);
        let consequences = self.consequences(at, object, &arguments, raw.consequences);
        let timeout_ms = raw.timeout_ms.unwrap_or(timing.timeout_ms);
        let settle_ms = raw.settle_ms.unwrap_or(timing.settle_ms);
        let lands_within_ms = raw.lands_within_ms.unwrap_or(timing.lands_within_ms);
        let (settle, lands) = (raw.settle_ms.unwrap_or(0), raw.lands_within_ms.unwrap_or(0));
        self.times(at, [raw.timeout_ms.unwrap_or(1), settle, lands]);

        let (accepted, conditional, proven, undone) = (accepted?, conditional?, proven?, undone?);
        let sends_key = headers.iter().any(|(_, text)| text.vars().any(|var| *var == Var::Key))
            || body.as_ref().is_some_and(|body| body.vars().contains(&&Var::Key));
        let by_key = |listing: Option<&Listing>| {
            listing.is_some_and(|listing| {
                listing.key.is_some() || listing.path.vars().any(|var| *var == Var::Key)
            })
        };
        let key_lookup = sends_key
            && (by_key(lookup.as_ref()) || (kind != Kind::Create && by_key(object.journal.as_ref())));
        if raw.deduplicates && !sends_key {
            self.fault(
                &format!("{at}.deduplicates"),
                "the vendor never sees our key",
                "send `{key}` in a header, or `${key}` in the body",
            );
        }
        let description = ActionDescription {
            kind,
            label: raw.label,
            fields,
            required,
            sets: sets.clone(),
            arguments,
            consequences,
            undo: undone.undo,
            conditional,
            guarantee: guarantee(conditional, key_lookup, raw.deduplicates),
            proof: proven.proof,
            key_lookup,
            timeout_ms,
            settle_ms,
            lands_within_ms,
            retryable: own_refusals
                .iter()
                .chain(refusals)
                .filter(|r| r.retryable)
                .map(|r| r.code.clone())
                .collect(),
        };
        let action = Action {
            method,
            path,
            headers,
            body,
            sets,
            arguments: encodings,
            accepted,
            refusals: own_refusals,
            lookup,
            event: proven.event,
            undo_arguments: Fields::new(),
        };
        Some((description, action, undone.arguments))
    }

    fn kind(&mut self, at: &str, verb: &Slug, raw: &str) -> Option<Kind> {
        let Some(kind) = Kind::parse(raw) else {
            self.fault(
                &format!("{at}.kind"),
                format!("`{raw}` is no kind"),
                "use create, update, delete or invoke",
            );
            return None;
        };
        let named = Kind::parse(verb.as_str());
        if named.unwrap_or(Kind::Invoke) != kind || named == Some(Kind::Invoke) {
            self.fault(
                at,
                format!("an action named `{verb}` cannot be of kind `{kind}`"),
                "name create, update and delete by their kind, and a business action by what it does",
            );
            return None;
        }
        Some(kind)
    }

    fn method(&mut self, at: &str, raw: &str) -> Option<Method> {
        match raw {
            "POST" => Some(Method::POST),
            "PUT" => Some(Method::PUT),
            "PATCH" => Some(Method::PATCH),
            "DELETE" => Some(Method::DELETE),
            _ => {
                self.fault(
                    &format!("{at}.method"),
                    format!("`{raw}` does not write"),
                    "use POST, PUT, PATCH or DELETE",
                );
                None
            }
        }
    }

    fn accepted(&mut self, at: &str, raw: Option<file::Accepted>) -> Option<Accepted> {
        let Some(raw) = raw else {
            self.missing(at, "accepted", "say which answers accept, such as `accepted = { status = [200] }`");
            return None;
        };
        let at = format!("{at}.accepted");
        let status: BTreeSet<u16> = raw.status.into_iter().collect();
        if status.is_empty() || status.iter().any(|status| !(200..=299).contains(status)) {
            self.fault(
                &format!("{at}.status"),
                "only statuses from 200 to 299 accept",
                "list them, such as `[200]`",
            );
        }
        let when = self.matches(&format!("{at}.when"), &raw.when, &[]);
        let handle = match raw.handle {
            None => None,
            Some(handle) => Some(self.pointer(&format!("{at}.handle"), &handle)?),
        };
        Some(Accepted { status, when, handle })
    }

    fn conditional(
        &mut self,
        at: &str,
        kind: Kind,
        object: &Object,
        raw: Option<Conditional>,
    ) -> Option<Conditional> {
        let Some(conditional) = raw else {
            self.missing(
                at,
                "conditional",
                "say what the vendor does with the version token: atomic, advisory or none",
            );
            return None;
        };
        if conditional != Conditional::None && (object.conditional_write.is_none() || kind == Kind::Create) {
            self.fault(
                &format!("{at}.conditional"),
                "there is no token to write with",
                "describe `conditional_write` of the object, or say `none`",
            );
        }
        Some(conditional)
    }

    fn consequences(
        &mut self,
        at: &str,
        object: &Object,
        arguments: &BTreeMap<String, ArgumentDescription>,
        raw: Vec<file::Consequence>,
    ) -> Vec<Consequence> {
        let mut consequences = Vec::new();
        for (position, consequence) in raw.into_iter().enumerate() {
            let at = format!("{at}.consequences[{position}]");
            self.text(&format!("{at}.text"), &consequence.text);
            let when = match (consequence.when, consequence.equals) {
                (None, None) => None,
                (Some(name), Some(equals)) => {
                    let field = object.description.fields.get(&name).map(|field| (field.ty, &field.values));
                    let argument = arguments.get(&name).map(|argument| (argument.ty, &argument.values));
                    let Some((ty, values)) = field.or(argument) else {
                        self.fault(
                            &at,
                            format!("`{name}` is no field or argument"),
                            "name one of this object or action",
                        );
                        continue;
                    };
                    let Some(equals) = self.constant(&at, ty, values, &equals) else { continue };
                    Some(Condition { name, equals })
                }
                (Some(_), None) | (None, Some(_)) => {
                    self.fault(&at, "half a condition", "give both `when` and `equals`, or neither");
                    continue;
                }
            };
            consequences.push(Consequence { text: consequence.text, when });
        }
        consequences
    }
}

/// What a write can promise; see [`Guarantee`]. A vendor that takes one key once checks that atomically.
fn guarantee(conditional: Conditional, key_lookup: bool, deduplicates: bool) -> Guarantee {
    match conditional {
        Conditional::Atomic if key_lookup => Guarantee::Exact,
        Conditional::Atomic => Guarantee::Conditional,
        Conditional::Advisory => Guarantee::Advisory,
        Conditional::None if key_lookup && deduplicates => Guarantee::Exact,
        Conditional::None => Guarantee::Observed,
    }
}
