//! Actions: what they send, how their outcome is told, how their effect is proven, how they are undone.

use std::collections::{BTreeMap, BTreeSet};

use domain::attempt::Guarantee;
use domain::mutation::{Fields, Kind};
use domain::name::Slug;
use reqwest::Method;

use super::super::template::{Spread, Var};
use super::super::{Accepted, Action, Encoding, Listing, Match, Object, Refusal, file};
use super::{Check, enum_values, null_json};
use crate::description::{
    ActionDescription, ArgumentDescription, Condition, Conditional, Consequence, FieldDescription, Proof,
    Undo,
};

/// What the proof of an action needs beside its word.
struct Proven {
    proof: Proof,
    event: Option<Vec<Match>>,
}

/// What the undo of an action needs beside its kind.
struct Undone {
    undo: Undo,
    arguments: BTreeMap<String, toml::Value>,
}

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

    fn arguments(
        &mut self,
        at: &str,
        kind: Kind,
        raw: BTreeMap<String, file::Argument>,
    ) -> (BTreeMap<String, ArgumentDescription>, BTreeMap<String, Encoding>) {
        if kind != Kind::Invoke && !raw.is_empty() {
            self.fault(
                &format!("{at}.arguments"),
                "only a business action has arguments",
                "use fields, or kind `invoke`",
            );
        }
        let (mut arguments, mut encodings) = (BTreeMap::new(), BTreeMap::new());
        for (name, argument) in raw {
            let at = format!("{at}.arguments.{name}");
            self.text(&format!("{at}.label"), &argument.label);
            let values = enum_values(argument.values);
            let Some(ty) = self.field_type(&at, &argument.ty, argument.scale, &values) else { continue };
            encodings.insert(name.clone(), Encoding { number: argument.write_number, null: null_json(None) });
            let (label, sensitivity, required) = (argument.label, argument.sensitivity, argument.required);
            arguments.insert(name, ArgumentDescription { label, ty, values, sensitivity, required });
        }
        (arguments, encodings)
    }

    fn changed_fields(
        &mut self,
        at: &str,
        kind: Kind,
        object: &Object,
        raw: Option<Vec<String>>,
    ) -> BTreeSet<String> {
        let writable = |field: &FieldDescription| field.writable;
        let fields = &object.description.fields;
        match (kind, raw) {
            (Kind::Create | Kind::Update, None) => {
                fields.iter().filter(|(_, field)| writable(field)).map(|(name, _)| name.clone()).collect()
            }
            (Kind::Create | Kind::Update, Some(names)) => {
                for name in &names {
                    if !fields.get(name).is_some_and(writable) {
                        self.fault(
                            &format!("{at}.fields"),
                            format!("`{name}` is no writable field"),
                            "describe it under `fields` with `writable = true`",
                        );
                    }
                }
                names.into_iter().collect()
            }
            (Kind::Delete | Kind::Invoke, None) => BTreeSet::new(),
            (Kind::Delete | Kind::Invoke, Some(_)) => {
                self.fault(
                    &format!("{at}.fields"),
                    format!("`{kind}` changes no proposed fields"),
                    "use `sets` or `arguments`",
                );
                BTreeSet::new()
            }
        }
    }

    fn sets(
        &mut self,
        at: &str,
        kind: Kind,
        object: &Object,
        raw: &BTreeMap<String, toml::Value>,
        arguments: &BTreeMap<String, ArgumentDescription>,
    ) -> Fields {
        let mut sets = Fields::new();
        if kind != Kind::Invoke && !raw.is_empty() {
            self.fault(
                &format!("{at}.sets"),
                "only a business action sets fixed values",
                "use kind `invoke`",
            );
        }
        for (name, value) in raw {
            let at = format!("{at}.sets.{name}");
            let Some(field) = object.description.fields.get(name).filter(|field| field.writable) else {
                self.fault(
                    &at,
                    "it is no writable field",
                    "describe it under `fields` with `writable = true`",
                );
                continue;
            };
            if arguments.contains_key(name) {
                self.fault(&at, "an argument has the same name", "rename the argument");
            }
            if let Some(value) = self.constant(&at, field.ty, &field.values, value) {
                sets.insert(name.clone(), value);
            }
        }
        sets
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

    #[expect(clippy::too_many_arguments, reason = "one rule that looks at the whole action")]
    fn proven(
        &mut self,
        at: &str,
        kind: Kind,
        object: &Object,
        vars: &[Var],
        sets: &Fields,
        has_lookup: bool,
        raw: Option<file::Proof>,
    ) -> Option<Proven> {
        let Some(raw) = raw else {
            self.missing(
                at,
                "proof",
                "say how the effect is proven, such as `proof = { by = \"read_back\" }`",
            );
            return None;
        };
        let at = format!("{at}.proof");
        let (proof, event) = match raw {
            file::Proof::ReadBack => {
                if kind == Kind::Delete || (kind == Kind::Invoke && sets.is_empty()) {
                    self.fault(
                        &at,
                        "a read-back has no after-values to compare",
                        "prove a delete by `gone`, a business action by `journal` or `lookup`",
                    );
                }
                (Proof::ReadBack, None)
            }
            file::Proof::Gone => {
                if kind != Kind::Delete {
                    self.fault(&at, "only a delete is proven by `gone`", "use `read_back`");
                }
                (Proof::Gone, None)
            }
            file::Proof::Lookup => {
                if !has_lookup {
                    self.fault(
                        &at,
                        "there is no `lookup` to prove it by",
                        "describe where the effect is found",
                    );
                }
                (Proof::Effect, None)
            }
            file::Proof::Journal { event } => {
                if object.journal.is_none() || kind == Kind::Create {
                    self.fault(
                        &at,
                        "there is no journal to prove it by",
                        "describe `journal` of the object, or use `lookup`",
                    );
                }
                if event.is_empty() {
                    self.fault(
                        &at,
                        "the event matches everything",
                        "say what it must hold, such as the text that was sent",
                    );
                }
                (Proof::Effect, Some(self.matches(&format!("{at}.event"), &event, vars)))
            }
        };
        Some(Proven { proof, event })
    }

    fn undone(&mut self, at: &str, raw: Option<file::Undo>) -> Option<Undone> {
        let nothing = BTreeMap::new;
        match raw {
            None => {
                self.missing(at, "undo", "say how it is undone: rollback, compensation with an `action`, or irreversible with a `reason`");
                None
            }
            Some(file::Undo::Rollback) => Some(Undone { undo: Undo::Rollback, arguments: nothing() }),
            Some(file::Undo::Compensation { action, arguments }) => {
                let action = self.slug(&format!("{at}.undo.action"), &action)?;
                Some(Undone { undo: Undo::Compensation { action }, arguments })
            }
            Some(file::Undo::Irreversible { reason }) => {
                self.text(&format!("{at}.undo.reason"), &reason);
                Some(Undone { undo: Undo::Irreversible { reason }, arguments: nothing() })
            }
        }
    }

    /// Once all actions are known: the undo of each must be one of them.
    fn undo(&mut self, at: &str, object: &mut Object, verb: &Slug, raw: &BTreeMap<String, toml::Value>) {
        let at = format!("{at}.actions.{verb}.undo");
        let actions = &object.description.actions;
        let Some(action) = actions.get(verb) else { return };
        match &action.undo {
            Undo::Irreversible { .. } => {}
            Undo::Rollback => {
                let update = actions.values().find(|action| action.kind == Kind::Update);
                let restorable = |field: &String| update.is_some_and(|update| update.fields.contains(field));
                if !action.fields.iter().chain(action.sets.keys()).all(restorable) {
                    self.fault(
                        &at,
                        "the object's `update` cannot write every changed field back",
                        "widen its `fields`, or name a compensation",
                    );
                }
                if action.kind != Kind::Update && action.sets.is_empty() {
                    self.fault(
                        &at,
                        "it changes no fields that could be written back",
                        "name a compensation, or say irreversible",
                    );
                }
            }
            Undo::Compensation { action: counter } => {
                let Some(counter) = actions.get(counter) else {
                    self.fault(
                        &at,
                        format!("there is no action `{counter}`"),
                        "describe it, or say irreversible",
                    );
                    return;
                };
                if matches!(counter.kind, Kind::Create | Kind::Update) {
                    self.fault(
                        &at,
                        "a counter-action is a delete or a business action",
                        "use rollback to write fields back",
                    );
                }
                let counter = counter.clone();
                let mut arguments = Fields::new();
                for (name, value) in raw {
                    let at = format!("{at}.arguments.{name}");
                    match counter.arguments.get(name) {
                        None => self.fault(&at, "the counter-action has no such argument", "leave it out"),
                        Some(argument) => {
                            arguments.extend(
                                self.constant(&at, argument.ty, &argument.values, value)
                                    .map(|value| (name.clone(), value)),
                            );
                        }
                    }
                }
                if let Some((name, _)) = counter
                    .arguments
                    .iter()
                    .find(|(name, argument)| argument.required && !arguments.contains_key(*name))
                {
                    self.fault(
                        &format!("{at}.arguments"),
                        format!("the counter-action needs `{name}`"),
                        "give its value",
                    );
                }
                if let Some(action) = object.actions.get_mut(verb) {
                    action.undo_arguments = arguments;
                }
            }
        }
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
