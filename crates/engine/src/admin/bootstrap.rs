//! A new workspace: its settings, its keys, and the first person, who may do everything but approve.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::id::WorkspaceId;
use domain::limits::RUN_DEADLINE_S;
use domain::name::Slug;
use domain::principal::Actor;
use domain::workspace::{AccessChanged, LogOpened, WorkspaceEvent};
use proof::json::{Value, object};
use store::{EntityKind, EntityWrite, Expect};

use super::chain::{Act, Change, empty, put};
use super::password;
use crate::access::Role;
use crate::control::load::{REFERENCES, SETTINGS};
use crate::control::{PersonBody, References, SecretBody, WorkspaceBody, retention_days};
use crate::ledger::slug;
use crate::{Code, Engine, Error, Result};

/// The longest life of an approval in a new workspace: seconds.
const APPROVAL_LIFETIME_S: u64 = 24 * 3600;
/// What a workspace's log holds.
const LOG_SCOPE: &str = "governed-runs";
/// Characters of the host in the origin of a log.
const HOST_LEN_MAX: usize = 128;
/// The user name of the first person.
pub const FIRST_USERNAME: &str = "admin";

impl Engine {
    /// Makes a workspace with its first person, `admin`. Who runs the process calls this; no caller can.
    ///
    /// `host` begins the name of the workspace's evidence log, `<host>/w/<name>`, which never changes.
    ///
    /// # Errors
    /// [`Code::AlreadyExists`] if a workspace has that name, [`Code::WeakPassword`], [`Code::InvalidRequest`].
    pub async fn bootstrap(&self, host: &str, name: &Slug, admin_password: &str) -> Result<WorkspaceId> {
        check_host(host)?;
        password::check(admin_password, FIRST_USERNAME, "/password")?;
        let now = self.now();
        let hash = self.hash_password(admin_password).await?;
        let _making = self.admin.making.lock().await;
        if self.workspace_by_name(name.as_str()).await?.is_some() {
            return Err(Error::new(Code::AlreadyExists, format!("there is a workspace `{name}`")));
        }
        let ws = self.entropy.workspace_id(now);
        let person = self.entropy.person_id(now);
        let settings = WorkspaceBody {
            name: name.to_string(),
            origin: format!("{host}/w/{name}"),
            zone: "UTC".to_owned(),
            run_deadline_s: RUN_DEADLINE_S,
            approval_lifetime_s: APPROVAL_LIFETIME_S,
            retention_days: retention_days(),
            active_policy: None,
            created: now.to_string(),
        };
        let admin = PersonBody {
            username: FIRST_USERNAME.to_owned(),
            name: "Administrator".to_owned(),
            email: None,
            roles: BTreeSet::from([Role::Admin, Role::Operator, Role::PolicyAuthor, Role::Auditor]),
            password: Some(hash),
            disabled: false,
            enabled: None,
            erased: None,
            created: now.to_string(),
        };
        let keys = [self.entropy.salt(), self.entropy.salt()].concat();
        let references =
            References::new(&keys).ok_or_else(|| Error::internal("reference keys are 64 bytes"))?;
        let (signer, origin) = (Arc::clone(&self.signer), settings.origin.clone());
        let made = tokio::task::spawn_blocking(move || signer.make(ws, &origin, now)).await;
        let vkey = made
            .map_err(|fault| Error::internal("the log's signer stopped").because(fault))?
            .map_err(|fault| Error::internal("the log's key cannot be made").because(fault))?;
        let opened =
            LogOpened { origin: settings.origin.clone(), scope: slug(LOG_SCOPE), vkey: vkey.to_string() };
        let event = AccessChanged { code: slug("person_added"), principal: person.to_string() };
        let detail = object([("name", admin.name.as_str().into()), ("roles", roles(&admin.roles))]);
        let change = Change {
            acts: vec![
                Act::new(WorkspaceEvent::LogOpened(opened), ws, Vec::new()),
                Act::new(WorkspaceEvent::AccessChanged(event), person, vec![("detail", detail)]),
            ],
            entities: vec![
                EntityWrite { expect: Expect::Absent, ..put(EntityKind::Workspace, SETTINGS, &settings)? },
                self.seal_secret(ws, REFERENCES, 1, &keys)?,
                EntityWrite {
                    lookup: Some(admin.username.clone()),
                    ..put(EntityKind::Person, person, &admin)?
                },
            ],
        };
        self.save_change(ws, empty(), Actor::System(self.node), &references, change, None).await?;
        Ok(ws)
    }

    /// The workspace of that name.
    pub async fn workspace_by_name(&self, name: &str) -> Result<Option<WorkspaceId>> {
        for ws in self.store.workspaces().await? {
            if self.control(ws).await?.settings.name == name {
                return Ok(Some(ws));
            }
        }
        Ok(None)
    }

    /// The one workspace, when there is exactly one; none in an empty store.
    ///
    /// # Errors
    /// [`Code::InvalidRequest`] when there are several: then one must be named.
    pub async fn only_workspace(&self) -> Result<Option<WorkspaceId>> {
        match self.store.workspaces().await?.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => {
                Err(Error::new(Code::InvalidRequest, "there are several workspaces: name one")
                    .at("/workspace"))
            }
        }
    }

    /// Seals a secret for its entity.
    pub(super) fn seal_secret(
        &self,
        ws: WorkspaceId,
        id: &str,
        version: u64,
        secret: &[u8],
    ) -> Result<EntityWrite> {
        use base64::Engine as _;
        let sealed = self.store.vault().seal_secret(ws, id, version, secret).map_err(store::Error::from)?;
        let sealed = base64::engine::general_purpose::STANDARD.encode(sealed);
        put(EntityKind::Secret, id, &SecretBody { version, sealed })
    }
}

fn check_host(host: &str) -> Result<()> {
    let form =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b':');
    if !host.is_empty() && host.len() <= HOST_LEN_MAX && host.bytes().all(form) {
        return Ok(());
    }
    Err(Error::new(
        Code::InvalidRequest,
        "the host is a lower-case host name, with a port where it needs one",
    ))
}

/// Roles as a sealed value.
pub(super) fn roles(roles: &BTreeSet<Role>) -> Value {
    Value::Array(roles.iter().map(|role| role.word().into()).collect())
}
