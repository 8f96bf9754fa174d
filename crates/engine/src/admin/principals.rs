//! Who is there: people, agents and services, as they are shown; and new agents and services.

use std::collections::BTreeSet;

use domain::id::PersonId;
use domain::name::Slug;
use domain::principal::Principal;
use proof::json::{Value, object};
use store::{EntityKind, EntityWrite};

use super::auth::{access_changed, person_of};
use super::chain::{Asked, Change, names_nothing, put};
use super::check;
use crate::access::{Caller, Operation, Role};
use crate::commands::IdempotencyKey;
use crate::control::{AgentBody, Control, PersonBody};
use crate::queries::Named;
use crate::{Code, Engine, Error, Result};

/// A principal as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalView {
    /// Its id.
    pub id: Principal,
    /// The name or title for people.
    pub name: String,
    /// Whether it may no longer act.
    pub disabled: bool,
    /// When it was added.
    pub created: String,
    /// What only its kind has.
    pub details: PrincipalDetails,
}

/// What only one kind of principal has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalDetails {
    /// A person.
    Person {
        /// For sign-in.
        username: String,
        /// Where notices go.
        email: Option<String>,
        /// What they may do.
        roles: BTreeSet<Role>,
        /// The groups that they may approve for.
        groups: BTreeSet<Slug>,
    },
    /// An agent or service.
    Program {
        /// Its slug.
        handle: String,
        /// The person who answers for it.
        owner: Named,
        /// Cedar teams.
        teams: BTreeSet<String>,
    },
}

/// The kind of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// It proposes by itself.
    Agent,
    /// It acts on its own schedule.
    Service,
}

/// A new agent or service.
#[derive(Debug, Clone)]
pub struct NewProgram {
    /// Which of them.
    pub kind: Program,
    /// Its slug, unique among its kind.
    pub name: Slug,
    /// For people.
    pub title: String,
    /// The person who answers for it; the caller unless given.
    pub owner: Option<PersonId>,
    /// Cedar teams.
    pub teams: BTreeSet<String>,
}

impl Engine {
    /// Adds an agent or service. It can do nothing before it has a key.
    pub async fn add_program(
        &self,
        caller: &Caller,
        new: NewProgram,
        key: Option<&IdempotencyKey>,
    ) -> Result<PrincipalView> {
        caller.may(Operation::ManagePrincipals)?;
        let owner = new.owner.map_or_else(|| caller.person("own an agent or service"), Ok)?;
        check_teams(&new.teams)?;
        let body = AgentBody {
            name: new.name.to_string(),
            title: check::name(&new.title, "/title")?,
            owner: owner.to_string(),
            teams: new.teams,
            disabled: false,
            created: self.now().to_string(),
        };
        let (id, code) = match new.kind {
            Program::Agent => (Principal::Agent(self.entropy.agent_id(self.now())), "agent_added"),
            Program::Service => (Principal::Service(self.entropy.service_id(self.now())), "service_added"),
        };
        let asked = Asked { caller, operation: "add_program", key };
        let made = self
            .make(asked, &id.to_string(), |control| {
                check::room(control.agents.len() + control.services.len(), "agents and services")?;
                if person_of(control, owner)?.disabled {
                    return Err(
                        Error::new(Code::InvalidRequest, "the owner's account is closed").at("/owner")
                    );
                }
                let detail = object([
                    ("name", body.name.as_str().into()),
                    ("owner", body.owner.as_str().into()),
                    ("teams", texts(&body.teams)),
                    ("title", body.title.as_str().into()),
                ]);
                Ok(Change {
                    acts: vec![access_changed(code, id, detail)],
                    entities: vec![write_program(id, &body)?],
                })
            })
            .await?;
        self.show_principal(caller, Principal::parse(&made.id(id)).ok_or_else(names_nothing)?).await
    }

    /// Everybody, by id.
    pub async fn list_principals(&self, caller: &Caller) -> Result<Vec<PrincipalView>> {
        caller.may(Operation::ReadPrincipals)?;
        let control = self.control(caller.workspace).await?;
        let agents = control.agents.keys().copied().map(Principal::Agent);
        let persons = control.persons.keys().copied().map(Principal::Person);
        let services = control.services.keys().copied().map(Principal::Service);
        Ok(agents.chain(persons).chain(services).filter_map(|id| view(&control, id)).collect())
    }

    /// One principal. Everybody may see themselves.
    pub async fn show_principal(&self, caller: &Caller, id: Principal) -> Result<PrincipalView> {
        if id != caller.principal {
            caller.may(Operation::ReadPrincipals)?;
        }
        let control = self.control(caller.workspace).await?;
        view(&control, id).ok_or_else(|| Error::not_found("principal", &id.to_string()))
    }
}

fn view(control: &Control, id: Principal) -> Option<PrincipalView> {
    match id {
        Principal::Person(person) => {
            control.persons.get(&person).map(|body| of_person(control, person, body))
        }
        Principal::Agent(agent) => control.agents.get(&agent).map(|body| of_program(control, id, body)),
        Principal::Service(service) => {
            control.services.get(&service).map(|body| of_program(control, id, body))
        }
    }
}

fn of_person(control: &Control, id: PersonId, body: &PersonBody) -> PrincipalView {
    PrincipalView {
        id: Principal::Person(id),
        name: body.name.clone(),
        disabled: body.disabled,
        created: body.created.clone(),
        details: PrincipalDetails::Person {
            username: body.username.clone(),
            email: body.email.clone(),
            roles: body.roles.clone(),
            groups: control.approver_groups(id),
        },
    }
}

fn of_program(control: &Control, id: Principal, body: &AgentBody) -> PrincipalView {
    PrincipalView {
        id,
        name: body.title.clone(),
        disabled: body.disabled,
        created: body.created.clone(),
        details: PrincipalDetails::Program {
            handle: body.name.clone(),
            owner: control.named_text(&body.owner),
            teams: body.teams.clone(),
        },
    }
}

/// The entity of an agent or service, found by its slug.
pub(super) fn write_program(id: Principal, body: &AgentBody) -> Result<EntityWrite> {
    let kind = match id {
        Principal::Agent(_) => EntityKind::Agent,
        Principal::Service(_) => EntityKind::Service,
        Principal::Person(_) => return Err(Error::internal("a person is no program")),
    };
    Ok(EntityWrite { lookup: Some(body.name.clone()), ..put(kind, id, body)? })
}

/// Teams are names that policies compare.
pub(super) fn check_teams(teams: &BTreeSet<String>) -> Result<()> {
    check::few(teams.len(), "/teams")?;
    teams.iter().try_for_each(|team| check::slug(team, "/teams").map(|_| ()))
}

/// Texts as a sealed value.
pub(super) fn texts(texts: &BTreeSet<String>) -> Value {
    Value::Array(texts.iter().map(|text| text.as_str().into()).collect())
}
