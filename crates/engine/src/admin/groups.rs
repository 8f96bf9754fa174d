//! Groups of approvers. Membership is evidence: who enrolled whom, and nobody enrols themselves.

use std::collections::BTreeMap;

use domain::id::PersonId;
use domain::name::Slug;
use domain::workspace::{ApproverEnrolled, ApproverRemoved, WorkspaceEvent};
use proof::json::{Value, object};
use store::EntityKind;

use super::auth::{access_changed, person_of};
use super::chain::{Act, Asked, Change, names_nothing, put};
use super::check;
use crate::access::{Caller, Operation};
use crate::commands::IdempotencyKey;
use crate::control::{Control, GroupBody, Membership};
use crate::queries::Named;
use crate::{Code, Engine, Error, Result};

/// A group as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// Its name, as policies write it.
    pub name: Slug,
    /// For people.
    pub title: String,
    /// Who may approve for it.
    pub members: Vec<MemberView>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// Who.
    pub person: Named,
    /// Who enrolled them.
    pub by: Named,
    /// When.
    pub at: String,
}

impl Engine {
    /// Makes a group without members.
    pub async fn add_group(
        &self,
        caller: &Caller,
        name: &Slug,
        title: &str,
        key: Option<&IdempotencyKey>,
    ) -> Result<GroupView> {
        caller.may(Operation::ManagePrincipals)?;
        let body = GroupBody { title: check::name(title, "/title")?, members: BTreeMap::new() };
        let asked = Asked { caller, operation: "add_group", key };
        let made = self
            .make(asked, name.as_str(), |control| {
                check::room(control.groups.len(), "groups")?;
                if control.groups.contains_key(name) {
                    return Err(
                        Error::new(Code::AlreadyExists, format!("there is a group `{name}`")).at("/name")
                    );
                }
                let detail = object([("title", body.title.as_str().into())]);
                let act = access_changed("group_added", name, detail);
                Ok(Change { acts: vec![act], entities: vec![put(EntityKind::Group, name, &body)?] })
            })
            .await?;
        let name = Slug::parse(&made.id(name)).map_err(|_| names_nothing())?;
        self.show_group(caller, &name).await
    }

    /// All groups, by name.
    pub async fn list_groups(&self, caller: &Caller) -> Result<Vec<GroupView>> {
        caller.may(Operation::ReadPrincipals)?;
        let control = self.control(caller.workspace).await?;
        Ok(control.groups.iter().map(|(name, body)| view(&control, name, body)).collect())
    }

    /// One group.
    pub async fn show_group(&self, caller: &Caller, name: &Slug) -> Result<GroupView> {
        caller.may(Operation::ReadPrincipals)?;
        let control = self.control(caller.workspace).await?;
        Ok(view(&control, name, group_of(&control, name)?))
    }

    /// Enrols a person as approver for a group; one who is in it already stays as they were enrolled.
    ///
    /// # Errors
    /// [`Code::SecondPersonRequired`] for oneself.
    pub async fn enrol(
        &self,
        caller: &Caller,
        name: &Slug,
        person: PersonId,
        training: Option<&str>,
    ) -> Result<GroupView> {
        caller.may(Operation::ManagePrincipals)?;
        let by = caller.person("enrol approvers")?;
        let training = training.map(|text| check::name(text, "/training_ref")).transpose()?;
        if by == person {
            return Err(
                Error::new(Code::SecondPersonRequired, "nobody enrols themselves").hint("ask another admin")
            );
        }
        self.act(caller, |control| {
            let known = person_of(control, person)?;
            if known.disabled {
                return Err(Error::new(Code::InvalidRequest, "the person's account is closed"));
            }
            let mut group = group_of(control, name)?.clone();
            if group.members.contains_key(&person.to_string()) {
                return Ok(Change::default());
            }
            check::room(group.members.len(), "members of a group")?;
            group
                .members
                .insert(person.to_string(), Membership { by: by.to_string(), at: self.now().to_string() });
            let event = ApproverEnrolled { approver: person, groups: vec![name.clone()] };
            let sealed = vec![
                // Approvals are given in a session; there is no credential of their own yet.
                ("credential", Value::Null),
                ("name", known.name.as_str().into()),
                ("training_ref", training.as_deref().map_or(Value::Null, Value::from)),
            ];
            let act = Act::new(WorkspaceEvent::ApproverEnrolled(event), person, sealed);
            Ok(Change { acts: vec![act], entities: vec![put(EntityKind::Group, name, &group)?] })
        })
        .await?;
        self.show_group(caller, name).await
    }

    /// Takes a person out of a group. What they approved and is not executed yet, no longer counts.
    pub async fn remove_member(&self, caller: &Caller, name: &Slug, person: PersonId) -> Result<()> {
        caller.may(Operation::ManagePrincipals)?;
        self.act(caller, |control| {
            let mut group = group_of(control, name)?.clone();
            if group.members.remove(&person.to_string()).is_none() {
                return Err(Error::not_found("member", &person.to_string()));
            }
            let event = ApproverRemoved { approver: person, groups: vec![name.clone()] };
            let act = Act::new(WorkspaceEvent::ApproverRemoved(event), person, Vec::new());
            Ok(Change { acts: vec![act], entities: vec![put(EntityKind::Group, name, &group)?] })
        })
        .await
    }
}

fn group_of<'a>(control: &'a Control, name: &Slug) -> Result<&'a GroupBody> {
    control.groups.get(name).ok_or_else(|| Error::not_found("group", name.as_str()))
}

fn view(control: &Control, name: &Slug, body: &GroupBody) -> GroupView {
    let member = |(person, membership): (&String, &Membership)| MemberView {
        person: control.named_text(person),
        by: control.named_text(&membership.by),
        at: membership.at.clone(),
    };
    GroupView {
        name: name.clone(),
        title: body.title.clone(),
        members: body.members.iter().map(member).collect(),
    }
}
