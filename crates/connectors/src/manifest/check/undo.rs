//! How an action's effect is proven, and how it is undone.

use std::collections::BTreeMap;

use domain::mutation::{Fields, Kind};
use domain::name::Slug;

use super::super::template::Var;
use super::super::{Match, Object, file};
use super::Check;
use crate::description::{Proof, Undo};

/// What the proof of an action needs beside its word.
pub(super) struct Proven {
    pub proof: Proof,
    pub event: Option<Vec<Match>>,
}

/// What the undo of an action needs beside its kind.
pub(super) struct Undone {
    pub undo: Undo,
    pub arguments: BTreeMap<String, toml::Value>,
}

impl Check<'_> {
    #[expect(clippy::too_many_arguments, reason = "one rule that looks at the whole action")]
    pub(super) fn proven(
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

    pub(super) fn undone(&mut self, at: &str, raw: Option<file::Undo>) -> Option<Undone> {
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
    pub(super) fn undo(
        &mut self,
        at: &str,
        object: &mut Object,
        verb: &Slug,
        raw: &BTreeMap<String, toml::Value>,
    ) {
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
}
