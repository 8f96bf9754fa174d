//! Who is calling: API keys of agents and services, sessions and passwords of people.
//!
//! Whatever is wrong with a key or session, the answer is the same, so that it tells nothing about what exists.

use std::sync::PoisonError;

use domain::id::{PersonId, SessionId, WorkspaceId};
use domain::principal::Principal;
use domain::time::Timestamp;
use domain::workspace::{AccessChanged, WorkspaceEvent};
use proof::json::Value;
use store::{Commit, EntityKind, EntityWrite};

use super::chain::{Act, Change, delete, put};
use super::token::{self, Purpose};
use super::{check, password};
use crate::access::{Caller, Operation};
use crate::control::load::body;
use crate::control::{Control, PersonBody, SessionBody};
use crate::ledger::slug;
use crate::{Code, Engine, Error, Result};

/// How long a session lasts: seconds.
pub(super) const SESSION_S: u64 = 12 * 3600;

/// A new session. It has no `Debug`: the token is a secret.
pub struct SignedIn {
    /// Who signed in.
    pub caller: Caller,
    /// The session.
    pub session: SessionBody,
    /// The bearer token, shown once.
    pub token: String,
}

impl Engine {
    /// Who an API key speaks for.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for a key that is unknown, expired or revoked, or whose principal or owner is disabled.
    pub async fn authenticate_key(&self, secret: &str) -> Result<Caller> {
        let ws = token::workspace(Purpose::Key, secret).ok_or_else(unauthenticated)?;
        let control = self.known_workspace(ws).await?;
        let hash = token::hash(secret);
        let key = control.keys.get(&hash).filter(|key| token::is_same(&key.hash, &hash));
        let key = key.ok_or_else(unauthenticated)?;
        let fresh = Timestamp::parse(&key.expires).is_some_and(|expires| self.now() < expires);
        let principal = Principal::parse(&key.principal).ok_or_else(unauthenticated)?;
        let owner = owner_of(&control, principal).ok_or_else(unauthenticated)?;
        let active = control.is_active(principal) && control.is_active(Principal::Person(owner));
        if !fresh || key.revoked.is_some() || !active {
            return Err(unauthenticated());
        }
        Ok(Caller {
            workspace: ws,
            principal,
            name: control.name_of(principal),
            roles: std::collections::BTreeSet::default(),
            key: Some(key.clone()),
            owner: Some(owner),
            session: None,
        })
    }

    /// Who a session token speaks for.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for a session that is unknown or over, or whose person is disabled.
    pub async fn authenticate_session(&self, secret: &str) -> Result<Caller> {
        let ws = token::workspace(Purpose::Session, secret).ok_or_else(unauthenticated)?;
        let control = self.known_workspace(ws).await?;
        let hash = token::hash(secret);
        let entity = self.store.find(ws, EntityKind::Session, hash.clone()).await?;
        let kept = entity.as_ref().and_then(|entity| entity.lookup.as_deref());
        if !kept.is_some_and(|kept| token::is_same(kept, &hash)) {
            return Err(unauthenticated());
        }
        let session: SessionBody = body(&entity.ok_or_else(unauthenticated)?)?;
        let fresh = Timestamp::parse(&session.expires).is_some_and(|expires| self.now() < expires);
        let person = PersonId::parse(&session.person).ok().filter(|_| fresh).ok_or_else(unauthenticated)?;
        let known =
            control.persons.get(&person).filter(|known| !known.disabled).ok_or_else(unauthenticated)?;
        let id = SessionId::parse(&session.id).map_err(|_| unauthenticated())?;
        Ok(as_person(ws, person, known, id))
    }

    /// Signs a person in. Without a workspace it is the only one.
    ///
    /// # Errors
    /// [`Code::SignInFailed`] whatever is wrong, [`Code::RateLimited`] after several failures.
    pub async fn sign_in(&self, workspace: Option<&str>, username: &str, given: &str) -> Result<SignedIn> {
        let ws = match workspace {
            Some(name) => self.workspace_by_name(name).await?,
            None => self.only_workspace().await?,
        };
        let username = check::username(username, "/username");
        let (Some(ws), Ok(username)) = (ws, username) else {
            // As slow as a wrong password.
            self.is_password(given, None).await?;
            return Err(sign_in_failed());
        };
        self.begin_try(ws, &username)?;
        let control = self.control(ws).await?;
        let known = control.persons.iter().find(|(_, person)| person.username == username);
        let known = known.filter(|(_, person)| !person.disabled);
        let kept = known.and_then(|(_, person)| person.password.as_deref());
        let right = self.is_password(given, kept).await?;
        let (id, person) = known.filter(|_| right).ok_or_else(sign_in_failed)?;
        self.forget_tries(ws, &username);
        self.open_session(ws, *id, person).await
    }

    async fn open_session(&self, ws: WorkspaceId, id: PersonId, person: &PersonBody) -> Result<SignedIn> {
        let now = self.now();
        let token = token::write(Purpose::Session, ws, self.entropy.salt());
        let session_id = self.entropy.session_id(now);
        let expires = now.plus_s(SESSION_S);
        let session = SessionBody {
            id: session_id.to_string(),
            person: id.to_string(),
            method: "password".to_owned(),
            created: now.to_string(),
            expires: expires.to_string(),
        };
        let mut commit = Commit::new(ws, now);
        commit.entities.push(EntityWrite {
            lookup: Some(token::hash(&token)),
            owner: Some(id.to_string()),
            expires: Some(expires),
            ..put(EntityKind::Session, session_id, &session)?
        });
        self.store.commit(commit).await?;
        Ok(SignedIn { caller: as_person(ws, id, person, session_id), session, token })
    }

    /// The caller's session.
    pub async fn show_session(&self, caller: &Caller) -> Result<SessionBody> {
        let id = own_session(caller)?;
        let entity = self.store.entity(caller.workspace, EntityKind::Session, id.to_string()).await?;
        body(&entity.ok_or_else(unauthenticated)?)
    }

    /// Ends the caller's session.
    pub async fn sign_out(&self, caller: &Caller) -> Result<()> {
        let id = own_session(caller)?;
        let mut commit = Commit::new(caller.workspace, self.now());
        commit.entities.push(delete(EntityKind::Session, id));
        self.store.commit(commit).await?;
        Ok(())
    }

    /// Changes the caller's password and ends their other sessions.
    ///
    /// # Errors
    /// [`Code::SignInFailed`] if the current password is wrong, [`Code::RateLimited`], [`Code::WeakPassword`].
    pub async fn change_password(&self, caller: &Caller, current: &str, new: &str) -> Result<()> {
        caller.may(Operation::ManageSelf)?;
        let person = caller.person("change a password")?;
        let control = self.control(caller.workspace).await?;
        let known = person_of(&control, person)?;
        self.begin_try(caller.workspace, &known.username)?;
        if !self.is_password(current, known.password.as_deref()).await? {
            return Err(Error::new(Code::SignInFailed, "the current password is wrong").at("/current"));
        }
        self.forget_tries(caller.workspace, &known.username);
        password::check(new, &known.username, "/new")?;
        let hash = self.hash_password(new).await?;
        let ended = self.sessions_of(caller.workspace, person, caller.session).await?;
        self.act(caller, |control| {
            let changed = PersonBody { password: Some(hash.clone()), ..person_of(control, person)?.clone() };
            let mut entities = vec![write_person(person, &changed)?];
            entities.extend(ended.iter().map(|session| delete(EntityKind::Session, session)));
            let act = access_changed("password_changed", person, Value::Null);
            Ok(Change { acts: vec![act], entities })
        })
        .await
    }

    fn begin_try(&self, ws: WorkspaceId, username: &str) -> Result<()> {
        let mut failures = self.admin.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.begin(ws, username, self.clock.boot_ms()).map_err(|wait_s| {
            Error::new(Code::RateLimited, "too many failed sign-ins with this user name").retry_after(wait_s)
        })
    }

    fn forget_tries(&self, ws: WorkspaceId, username: &str) {
        self.admin.failures.lock().unwrap_or_else(PoisonError::into_inner).succeeded(ws, username);
    }

    /// A workspace that a token names. One that is not there is no reason to answer differently.
    async fn known_workspace(&self, ws: WorkspaceId) -> Result<std::sync::Arc<Control>> {
        let known = self.control(ws).await;
        known.map_err(|error| if error.code == Code::NotFound { unauthenticated() } else { error })
    }

    /// The ids of a person's sessions, except the one that is kept.
    pub(super) async fn sessions_of(
        &self,
        ws: WorkspaceId,
        person: PersonId,
        kept: Option<SessionId>,
    ) -> Result<Vec<String>> {
        let kept = kept.map(|id| id.to_string());
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let owner = Some(person.to_string());
            let page =
                self.store.entities(ws, EntityKind::Session, owner, cursor, store::page::PAGE_MAX).await?;
            let ids = page.items.into_iter().map(|entity| entity.id);
            found.extend(ids.filter(|id| Some(id) != kept.as_ref()));
            cursor = page.next;
            if cursor.is_none() {
                return Ok(found);
            }
        }
    }
}

/// A person as the one who asks.
fn as_person(ws: WorkspaceId, id: PersonId, person: &PersonBody, session: SessionId) -> Caller {
    Caller {
        workspace: ws,
        principal: Principal::Person(id),
        name: person.name.clone(),
        roles: person.roles.clone(),
        key: None,
        owner: None,
        session: Some(session),
    }
}

/// The person who answers for an agent or service.
fn owner_of(control: &Control, principal: Principal) -> Option<PersonId> {
    let owner = match principal {
        Principal::Agent(id) => &control.agents.get(&id)?.owner,
        Principal::Service(id) => &control.services.get(&id)?.owner,
        Principal::Person(_) => return None,
    };
    PersonId::parse(owner).ok()
}

/// A person of the workspace. One who was erased is there no more.
pub(super) fn person_of(control: &Control, id: PersonId) -> Result<&PersonBody> {
    let known = control.persons.get(&id).filter(|known| known.erased.is_none());
    known.ok_or_else(|| Error::not_found("person", &id.to_string()))
}

/// A person's entity, found by user name.
pub(super) fn write_person(id: PersonId, person: &PersonBody) -> Result<EntityWrite> {
    Ok(EntityWrite { lookup: Some(person.username.clone()), ..put(EntityKind::Person, id, person)? })
}

/// An `access.changed` about a principal.
pub(super) fn access_changed(code: &'static str, principal: impl ToString, detail: Value) -> Act {
    let event = AccessChanged { code: slug(code), principal: principal.to_string() };
    Act::new(WorkspaceEvent::AccessChanged(event), principal, vec![("detail", detail)])
}

fn own_session(caller: &Caller) -> Result<SessionId> {
    caller.session.ok_or_else(|| Error::new(Code::Forbidden, "an API key has no session"))
}

fn unauthenticated() -> Error {
    Error::new(Code::Unauthenticated, "the key or session is not valid")
        .hint("sign in again, or ask for a new key")
}

fn sign_in_failed() -> Error {
    Error::new(Code::SignInFailed, "user name or password are wrong, or the account is closed")
}
