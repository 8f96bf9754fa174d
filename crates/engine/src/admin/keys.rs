//! API keys of agents and services. People sign in; a key never speaks for one.

use std::collections::BTreeSet;

use domain::id::{KeyId, PersonId};
use domain::name::Slug;
use domain::principal::Principal;
use domain::time::Timestamp;
use proof::json::{Value, object};
use store::{EntityKind, EntityWrite};

use super::auth::{access_changed, person_of};
use super::chain::{Asked, Change, Made, put};
use super::check;
use super::people::program_of;
use super::principals::texts;
use super::token::{self, Purpose};
use crate::access::{Caller, Operation};
use crate::commands::IdempotencyKey;
use crate::control::{ApiKeyBody, Control};
use crate::queries::Named;
use crate::{Code, Engine, Error, Result};

/// How long a key lasts unless said otherwise: seconds.
pub(super) const KEY_S: u64 = 90 * 24 * 3600;
/// The longest that a key lasts: seconds.
pub(super) const KEY_S_MAX: u64 = 365 * 24 * 3600;
/// How long a key stays listed after its end: seconds.
const LISTED_S: u64 = 90 * 24 * 3600;
/// Characters of an action's name.
const ACTION_LEN_MAX: usize = 200;

/// A key to be issued.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The agent or service that it speaks for.
    pub principal: Principal,
    /// What it is for.
    pub label: String,
    /// Workflows for which it may propose; all when empty.
    pub workflows: BTreeSet<Slug>,
    /// Connectors on which it may propose; all when empty.
    pub connectors: BTreeSet<Slug>,
    /// Actions that it may propose, such as `zendesk.ticket.update`; all when empty.
    pub actions: BTreeSet<String>,
    /// How long it lasts: seconds; 90 days unless given, at most a year.
    pub expires_in_s: Option<u64>,
}

/// A key as it is shown: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyView {
    /// Its id.
    pub id: KeyId,
    /// The agent or service that it speaks for.
    pub principal: Named,
    /// The person who answers for that agent or service.
    pub owner: Named,
    /// The person who issued it.
    pub issued_by: Named,
    /// What it is for.
    pub label: String,
    /// Workflows for which it may propose; all when empty.
    pub workflows: BTreeSet<String>,
    /// Connectors on which it may propose; all when empty.
    pub connectors: BTreeSet<String>,
    /// Actions that it may propose; all when empty.
    pub actions: BTreeSet<String>,
    /// When it was issued.
    pub created: String,
    /// When it ends.
    pub expires: String,
    /// When it was revoked.
    pub revoked: Option<String>,
}

/// A key with its secret. It has no `Debug`.
pub struct IssuedKey {
    /// The key.
    pub key: KeyView,
    /// The bearer token, shown once.
    pub secret: String,
}

impl Engine {
    /// Issues a key. Its secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`Code::IdempotencyKeyReused`] for a repeated request: the secret cannot be shown again.
    pub async fn issue_key(
        &self,
        caller: &Caller,
        new: NewKey,
        key: Option<&IdempotencyKey>,
    ) -> Result<IssuedKey> {
        caller.may(Operation::ManageKeys)?;
        let now = self.now();
        let id = self.entropy.key_id(now);
        let secret = token::write(Purpose::Key, caller.workspace, self.entropy.salt());
        let expires = now.plus_s(lifetime(&new)?);
        let body = ApiKeyBody {
            id: id.to_string(),
            principal: new.principal.to_string(),
            issued_by: caller.principal.to_string(),
            label: check::name(&new.label, "/label")?,
            hash: token::hash(&secret),
            workflows: new.workflows.iter().map(Slug::to_string).collect(),
            connectors: new.connectors.iter().map(Slug::to_string).collect(),
            actions: new.actions.clone(),
            expires: expires.to_string(),
            revoked: None,
            created: now.to_string(),
        };
        check_limits(&body)?;
        let asked = Asked { caller, operation: "issue_key", key };
        let made = self
            .make(asked, &id.to_string(), |control| {
                check::room(control.keys.len(), "keys")?;
                check_holder(control, new.principal)?;
                check_known(control, &new)?;
                let act = access_changed("key_issued", new.principal, detail(&body));
                Ok(Change { acts: vec![act], entities: vec![write(&body)?] })
            })
            .await?;
        match made {
            Made::Now => {
                let control = self.control(caller.workspace).await?;
                Ok(IssuedKey { key: view(&control, &body)?, secret })
            }
            Made::Before(id) => Err(Error::new(
                Code::IdempotencyKeyReused,
                format!("the key `{id}` was issued by an earlier request with this `Idempotency-Key`"),
            )
            .hint("its secret cannot be shown again: revoke it and issue another one with a fresh key")),
        }
    }

    /// All keys of the workspace, by id.
    pub async fn list_keys(&self, caller: &Caller) -> Result<Vec<KeyView>> {
        caller.may(Operation::ManageKeys)?;
        let control = self.control(caller.workspace).await?;
        let mut keys = control.keys.values().map(|body| view(&control, body)).collect::<Result<Vec<_>>>()?;
        keys.sort_by_key(|key| key.id);
        Ok(keys)
    }

    /// Revokes a key. A revoked key stays as it is.
    pub async fn revoke_key(&self, caller: &Caller, id: KeyId) -> Result<()> {
        caller.may(Operation::ManageKeys)?;
        let now = self.now().to_string();
        self.act(caller, |control| {
            let known = control.keys.values().find(|body| body.id == id.to_string());
            let known = known.ok_or_else(|| Error::not_found("key", &id.to_string()))?;
            if known.revoked.is_some() {
                return Ok(Change::default());
            }
            let body = ApiKeyBody { revoked: Some(now.clone()), ..known.clone() };
            let detail = object([("key", body.id.as_str().into())]);
            let act = access_changed("key_revoked", &body.principal, detail);
            Ok(Change { acts: vec![act], entities: vec![write(&body)?] })
        })
        .await
    }
}

fn lifetime(new: &NewKey) -> Result<u64> {
    let asked = new.expires_in_s.unwrap_or(KEY_S);
    if (1..=KEY_S_MAX).contains(&asked) {
        return Ok(asked);
    }
    Err(Error::new(Code::InvalidRequest, format!("a key lasts 1 to {KEY_S_MAX} seconds")).at("/expires_in_s"))
}

fn check_limits(body: &ApiKeyBody) -> Result<()> {
    for (names, at) in
        [(&body.workflows, "/workflows"), (&body.connectors, "/connectors"), (&body.actions, "/actions")]
    {
        check::few(names.len(), at)?;
    }
    let form = |action: &String| {
        let parts: Vec<&str> = action.split('.').collect();
        action.len() <= ACTION_LEN_MAX
            && parts.len() == 3
            && parts.iter().all(|part| Slug::parse(part).is_ok())
    };
    match body.actions.iter().find(|action| !form(action)) {
        None => Ok(()),
        Some(_) => {
            Err(Error::new(Code::InvalidRequest, "an action has the form `<system>.<object>.<action>`")
                .at("/actions"))
        }
    }
}

/// The principal is an agent or service that may act, and so is its owner.
fn check_holder(control: &Control, principal: Principal) -> Result<()> {
    if principal.person().is_some() {
        return Err(Error::new(
            Code::InvalidRequest,
            "a key is for an agent or a service, never for a person",
        )
        .at("/principal")
        .hint("people sign in with their password"));
    }
    let program = program_of(control, principal)?;
    let owner = PersonId::parse(&program.owner).map_err(|_| Error::internal("an owner is no person"))?;
    if program.disabled || person_of(control, owner)?.disabled {
        return Err(
            Error::new(Code::InvalidRequest, "the agent, service or its owner is disabled").at("/principal")
        );
    }
    Ok(())
}

/// A key is bound to what exists: a misspelt limit would be found out too late.
fn check_known(control: &Control, new: &NewKey) -> Result<()> {
    if let Some(name) = new.workflows.iter().find(|name| !control.workflows.contains_key(*name)) {
        return Err(
            Error::new(Code::UnknownWorkflow, format!("there is no workflow `{name}`")).at("/workflows")
        );
    }
    if let Some(name) = new.connectors.iter().find(|name| !control.connectors.contains_key(*name)) {
        return Err(
            Error::new(Code::UnknownTarget, format!("there is no connector `{name}`")).at("/connectors")
        );
    }
    Ok(())
}

fn write(body: &ApiKeyBody) -> Result<EntityWrite> {
    let expires = Timestamp::parse(&body.expires).map(|expires| expires.plus_s(LISTED_S));
    Ok(EntityWrite {
        lookup: Some(body.hash.clone()),
        owner: Some(body.principal.clone()),
        expires,
        ..put(EntityKind::ApiKey, &body.id, body)?
    })
}

fn detail(body: &ApiKeyBody) -> Value {
    object([
        ("actions", texts(&body.actions)),
        ("connectors", texts(&body.connectors)),
        ("expires", body.expires.as_str().into()),
        ("key", body.id.as_str().into()),
        ("label", body.label.as_str().into()),
        ("workflows", texts(&body.workflows)),
    ])
}

fn view(control: &Control, body: &ApiKeyBody) -> Result<KeyView> {
    let malformed = || Error::internal("a stored key is malformed");
    let principal = Principal::parse(&body.principal).ok_or_else(malformed)?;
    Ok(KeyView {
        id: KeyId::parse(&body.id).map_err(|_| malformed())?,
        principal: control.named(principal),
        owner: control.named_text(&program_of(control, principal)?.owner),
        issued_by: control.named_text(&body.issued_by),
        label: body.label.clone(),
        workflows: body.workflows.clone(),
        connectors: body.connectors.clone(),
        actions: body.actions.clone(),
        created: body.created.clone(),
        expires: body.expires.clone(),
        revoked: body.revoked.clone(),
    })
}
