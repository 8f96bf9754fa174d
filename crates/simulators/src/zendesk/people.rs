//! Users, groups and organizations of the help desk: fixed, nobody changes them.

use serde_json::{Value, json};

use super::data::{GROUPS, ORGANIZATIONS, USERS};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Admin,
    Agent,
    EndUser,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Agent => "agent",
            Self::EndUser => "end-user",
        }
    }
}

#[derive(Debug)]
pub(crate) struct User {
    pub id: u64,
    pub name: &'static str,
    pub email: &'static str,
    pub role: Role,
    pub organization_id: Option<u64>,
}

impl User {
    pub fn is_agent(&self) -> bool {
        matches!(self.role, Role::Admin | Role::Agent)
    }

    pub fn show(&self, base_url: &str) -> Value {
        json!({
            "id": self.id,
            "url": format!("{base_url}/api/v2/users/{}.json", self.id),
            "name": self.name,
            "email": self.email,
            "role": self.role.name(),
            "organization_id": self.organization_id,
            "active": true,
            "suspended": false,
            "verified": true,
            "locale": "en-US",
            "time_zone": "Copenhagen",
            "created_at": "2024-02-01T08:00:00Z",
            "updated_at": "2026-09-14T08:00:00Z",
        })
    }
}

/// A group of agents or a customer's organization.
#[derive(Debug)]
pub(crate) struct Named {
    pub id: u64,
    pub name: &'static str,
}

impl Named {
    pub fn show(&self, base_url: &str, collection: &str) -> Value {
        json!({
            "id": self.id,
            "url": format!("{base_url}/api/v2/{collection}/{}.json", self.id),
            "name": self.name,
            "created_at": "2024-02-01T08:00:00Z",
            "updated_at": "2024-02-01T08:00:00Z",
        })
    }
}

pub(crate) fn user(id: u64) -> Option<&'static User> {
    USERS.iter().find(|user| user.id == id)
}

pub(crate) fn agent(id: u64) -> Option<&'static User> {
    user(id).filter(|user| user.is_agent())
}

pub(crate) fn agent_by_email(email: &str) -> Option<&'static User> {
    USERS.iter().find(|user| user.email == email && user.is_agent())
}

pub(crate) fn group_exists(id: u64) -> bool {
    GROUPS.iter().any(|group| group.id == id)
}

pub(crate) fn organization_exists(id: u64) -> bool {
    ORGANIZATIONS.iter().any(|organization| organization.id == id)
}
