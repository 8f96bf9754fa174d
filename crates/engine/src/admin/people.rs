//! People, and changes of anybody's access. Nobody changes their own roles, and an admin always remains.

use std::collections::BTreeSet;

use domain::id::PersonId;
use domain::principal::Principal;
use proof::json::{Value, object};
use store::EntityKind;

use super::auth::{access_changed, person_of, write_person};
use super::bootstrap::roles;
use super::chain::{Act, Asked, Change, delete, names_nothing};
use super::principals::{PrincipalView, check_teams, texts, write_program};
use super::{check, password};
use crate::access::{Caller, Operation, Role};
use crate::commands::IdempotencyKey;
use crate::control::{AgentBody, Control, PersonBody};
use crate::{Code, Engine, Error, Result};

/// A new person. It has no `Debug`: the password is a secret.
#[derive(Clone)]
pub struct NewPerson {
    /// For sign-in, unique in the workspace.
    pub username: String,
    /// As shown.
    pub name: String,
    /// Where notices go.
    pub email: Option<String>,
    /// The first password.
    pub password: String,
    /// What they may do.
    pub roles: BTreeSet<Role>,
}

/// A change of a principal; what is absent stays. It has no `Debug`: the password is a secret.
#[derive(Clone, Default)]
pub struct PrincipalChange {
    /// The name of a person, or the title of an agent or service.
    pub name: Option<String>,
    /// Whether it may no longer act.
    pub disabled: Option<bool>,
    /// Of a person.
    pub roles: Option<BTreeSet<Role>>,
    /// Of a person, set anew by somebody else. It ends their sessions.
    pub password: Option<String>,
    /// Of an agent or service.
    pub teams: Option<BTreeSet<String>>,
}

impl Engine {
    /// Adds a person.
    pub async fn add_person(
        &self,
        caller: &Caller,
        new: NewPerson,
        key: Option<&IdempotencyKey>,
    ) -> Result<PrincipalView> {
        caller.may(Operation::ManagePrincipals)?;
        let username = check::username(&new.username, "/username")?;
        password::check(&new.password, &username, "/password")?;
        let body = PersonBody {
            name: check::name(&new.name, "/name")?,
            email: new.email.as_deref().map(|email| check::email(email, "/email")).transpose()?,
            roles: new.roles,
            password: Some(self.hash_password(&new.password).await?),
            disabled: false,
            enabled: None,
            erased: None,
            created: self.now().to_string(),
            username,
        };
        let id = self.entropy.person_id(self.now());
        let asked = Asked { caller, operation: "add_person", key };
        let made = self
            .make(asked, &id.to_string(), |control| {
                check::room(control.persons.len(), "people")?;
                let detail = object([("name", body.name.as_str().into()), ("roles", roles(&body.roles))]);
                let act = access_changed("person_added", id, detail);
                Ok(Change { acts: vec![act], entities: vec![write_person(id, &body)?] })
            })
            .await?;
        self.show_principal(caller, Principal::parse(&made.id(id)).ok_or_else(names_nothing)?).await
    }

    /// Changes a principal's access. A member that its kind does not have is refused.
    ///
    /// # Errors
    /// [`Code::SecondPersonRequired`] for one's own roles or password, [`Code::LastAdmin`].
    pub async fn change_principal(
        &self,
        caller: &Caller,
        id: Principal,
        change: PrincipalChange,
    ) -> Result<PrincipalView> {
        caller.may(Operation::ManagePrincipals)?;
        match id {
            Principal::Person(person) => self.change_person(caller, person, change).await?,
            Principal::Agent(_) | Principal::Service(_) => self.change_program(caller, id, change).await?,
        }
        self.show_principal(caller, id).await
    }

    async fn change_person(&self, caller: &Caller, id: PersonId, change: PrincipalChange) -> Result<()> {
        if change.teams.is_some() {
            return Err(Error::new(Code::InvalidRequest, "a person has groups, not teams").at("/teams"));
        }
        let name = change.name.as_deref().map(|name| check::name(name, "/name")).transpose()?;
        let control = self.control(caller.workspace).await?;
        let hash = match &change.password {
            Some(new) => {
                refuse_self(caller, id, "/password", "your own password is changed with the current one")?;
                password::check(new, &person_of(&control, id)?.username, "/password")?;
                Some(self.hash_password(new).await?)
            }
            None => None,
        };
        let ended = if hash.is_some() || change.disabled == Some(true) {
            self.sessions_of(caller.workspace, id, None).await?
        } else {
            Vec::new()
        };
        self.act(caller, |control| {
            let before = person_of(control, id)?;
            let mut after = before.clone();
            let mut acts = Vec::new();
            if let Some(new) = change.roles.as_ref().filter(|new| **new != before.roles) {
                refuse_self(caller, id, "/roles", "another admin changes your roles")?;
                after.roles.clone_from(new);
                acts.push(access_changed("roles_changed", id, object([("roles", roles(new))])));
            }
            if let Some(new) = name.as_ref().filter(|new| **new != before.name) {
                after.name.clone_from(new);
                acts.push(renamed(id, new));
            }
            if let Some(new) = change.disabled.filter(|new| *new != before.disabled) {
                after.disabled = new;
                if !new {
                    after.enabled = Some(self.now().to_string());
                }
                acts.push(access_changed(if new { "disabled" } else { "enabled" }, id, Value::Null));
            }
            if let Some(hash) = &hash {
                after.password = Some(hash.clone());
                acts.push(access_changed("password_reset", id, Value::Null));
            }
            if is_admin(before) && !is_admin(&after) {
                another_admin(control, id)?;
            }
            let mut entities = vec![write_person(id, &after)?];
            entities.extend(ended.iter().map(|session| delete(EntityKind::Session, session)));
            Ok(Change { acts, entities })
        })
        .await
    }

    async fn change_program(&self, caller: &Caller, id: Principal, change: PrincipalChange) -> Result<()> {
        for (given, at) in [(change.roles.is_some(), "/roles"), (change.password.is_some(), "/password")] {
            if given {
                return Err(Error::new(Code::InvalidRequest, "only people have roles and passwords").at(at));
            }
        }
        let title = change.name.as_deref().map(|name| check::name(name, "/title")).transpose()?;
        change.teams.as_ref().map_or(Ok(()), check_teams)?;
        self.act(caller, |control| {
            let before = program_of(control, id)?;
            let mut after = before.clone();
            let mut acts = Vec::new();
            if let Some(new) = title.as_ref().filter(|new| **new != before.title) {
                after.title.clone_from(new);
                acts.push(renamed(id, new));
            }
            if let Some(new) = change.teams.as_ref().filter(|new| **new != before.teams) {
                after.teams.clone_from(new);
                acts.push(access_changed("teams_changed", id, object([("teams", texts(new))])));
            }
            if let Some(new) = change.disabled.filter(|new| *new != before.disabled) {
                after.disabled = new;
                acts.push(access_changed(if new { "disabled" } else { "enabled" }, id, Value::Null));
            }
            Ok(Change { acts, entities: vec![write_program(id, &after)?] })
        })
        .await
    }
}

/// An agent or service of the workspace.
pub(super) fn program_of(control: &Control, id: Principal) -> Result<&AgentBody> {
    let known = match id {
        Principal::Agent(agent) => control.agents.get(&agent),
        Principal::Service(service) => control.services.get(&service),
        Principal::Person(_) => None,
    };
    known.ok_or_else(|| Error::not_found("agent or service", &id.to_string()))
}

fn renamed(id: impl ToString, name: &str) -> Act {
    access_changed("renamed", id, object([("name", name.into())]))
}

fn refuse_self(caller: &Caller, id: PersonId, at: &str, why: &str) -> Result<()> {
    if caller.principal == Principal::Person(id) {
        return Err(Error::new(Code::SecondPersonRequired, why).at(at));
    }
    Ok(())
}

/// Whether a person administers the workspace now.
pub(super) fn is_admin(person: &PersonBody) -> bool {
    !person.disabled && person.roles.contains(&Role::Admin)
}

/// Refuses when nobody else administers the workspace.
fn another_admin(control: &Control, than: PersonId) -> Result<()> {
    if control.persons.iter().any(|(id, person)| *id != than && is_admin(person)) {
        return Ok(());
    }
    Err(Error::new(Code::LastAdmin, "this is the only admin: nobody could manage the workspace")
        .hint("give another person the role admin first"))
}
