//! Connectors: a manifest, where it points, and sealed credentials. Configuring one sends nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use connectors::connector::Connector;
use connectors::description::Description;
use connectors::manifest::Manifest;
use domain::id::WorkspaceId;
use domain::mutation::Environment;
use domain::name::Slug;
use domain::workspace::{ConnectorChanged, WorkspaceEvent};
use store::{Entity, EntityKind, EntityWrite, Expect};
use zeroize::Zeroizing;

use super::chain::{Act, Asked, Change, names_nothing, put};
use super::check;
use crate::access::{Caller, Operation};
use crate::commands::IdempotencyKey;
use crate::control::load::body;
use crate::control::{
    Configured, ConnectorBody, ConnectorSpec, Control, ManifestBody, PauseKind, ReadinessFact, SecretBody,
};
use crate::{Code, Engine, Error, Result};

/// Bytes of credentials.
const CREDENTIALS_BYTES_MAX: usize = 16 * 1024;

/// How a connector is configured. It has no `Debug`: the credentials are a secret.
#[derive(Clone)]
pub struct ConnectorSettings {
    /// The kind of software: which of the built-in manifests.
    pub system: Slug,
    /// Where it points.
    pub environment: Environment,
    /// Its base URL; the manifest's own for this environment when absent.
    pub base_url: Option<String>,
    /// What it signs in with, as JSON: `{"scheme": "bearer", "token": …}`. Absent keeps what there is.
    pub credentials: Option<Zeroizing<String>>,
}

/// A connector as it is shown.
#[derive(Debug, Clone)]
pub struct ConnectorView {
    /// Its name.
    pub name: Slug,
    /// The kind of software.
    pub system: String,
    /// Where it points: `simulation`, `sandbox` or `production`.
    pub environment: String,
    /// Its base URL.
    pub base_url: String,
    /// Digest of its manifest.
    pub manifest: String,
    /// When its configuration was last changed.
    pub changed: String,
    /// Whether new attempts on it are stopped, by a pause of it or of the workspace.
    pub paused: bool,
    /// What is known of its readiness, by fact.
    pub readiness: BTreeMap<String, ReadinessFact>,
    /// What it can do, or why it does not load.
    pub description: std::result::Result<Description, String>,
}

impl Engine {
    /// Configures a new connector.
    ///
    /// # Errors
    /// [`Code::InvalidConnector`] if the manifest, the base URL or the credentials do not fit together.
    pub async fn add_connector(
        &self,
        caller: &Caller,
        name: &Slug,
        settings: ConnectorSettings,
        key: Option<&IdempotencyKey>,
    ) -> Result<ConnectorView> {
        caller.may(Operation::ManageConnectors)?;
        let manifest = self.manifest(&settings.system)?;
        let credentials = settings.credentials.as_ref().ok_or_else(|| {
            Error::new(Code::InvalidConnector, "a new connector needs credentials").at("/credentials")
        })?;
        self.check_environment(caller.workspace, settings.environment).await?;
        let body = self.tried(name, &settings, manifest, credentials.as_bytes())?;
        let secret = self.seal_secret(caller.workspace, &secret_id(name), 1, credentials.as_bytes())?;
        let secret = EntityWrite { expect: Expect::Absent, ..secret };
        let asked = Asked { caller, operation: "add_connector", key };
        let made = self
            .make(asked, name.as_str(), |control| {
                check::room(control.connectors.len(), "connectors")?;
                if control.connectors.contains_key(name) {
                    let message = format!("there is a connector `{name}`");
                    return Err(Error::new(Code::AlreadyExists, message).at("/name"));
                }
                changed(name, settings.environment, manifest, &body, Some(secret.clone()))
            })
            .await?;
        let name = Slug::parse(&made.id(name)).map_err(|_| names_nothing())?;
        self.show_connector(caller, &name).await
    }

    /// Changes a connector's base URL and credentials, and takes up the manifest that this program has.
    ///
    /// Its system and environment never change: what was approved for one must not run on the other.
    pub async fn change_connector(
        &self,
        caller: &Caller,
        name: &Slug,
        settings: ConnectorSettings,
    ) -> Result<ConnectorView> {
        caller.may(Operation::ManageConnectors)?;
        let control = self.control(caller.workspace).await?;
        let before = &connector_of(&control, name)?.body;
        let same = [
            (before.system == settings.system.as_str(), "system", "/system"),
            (before.environment == settings.environment.word(), "environment", "/environment"),
        ];
        if let Some((_, what, at)) = same.iter().find(|(same, ..)| !same) {
            let message = format!("the {what} of a connector never changes");
            return Err(Error::new(Code::InvalidConnector, message)
                .at(*at)
                .hint("configure another connector"));
        }
        let manifest = self.manifest(&settings.system)?;
        let (credentials, secret) = match &settings.credentials {
            Some(new) => {
                (new.as_bytes().to_vec().into(), Some(self.rotated(caller.workspace, name, new).await?))
            }
            None => (self.open_secret(caller.workspace, &secret_id(name)).await?, None),
        };
        let body = self.tried(name, &settings, manifest, &credentials)?;
        self.act(caller, |control| {
            let before = origin(&connector_of(control, name)?.body.base_url);
            if secret.is_none() && origin(&body.base_url) != before {
                let message = format!("the stored credentials are for `{before}` and are sent nowhere else");
                return Err(Error::new(Code::InvalidConnector, message)
                    .at("/credentials")
                    .hint("give the credentials for the new address"));
            }
            changed(name, settings.environment, manifest, &body, secret.clone())
        })
        .await?;
        self.show_connector(caller, name).await
    }

    /// All connectors by name; for a key that is bound to some, those.
    pub async fn list_connectors(&self, caller: &Caller) -> Result<Vec<ConnectorView>> {
        caller.may(Operation::ReadConnectors)?;
        let control = self.control(caller.workspace).await?;
        let known = control.connectors.iter().filter(|(name, _)| caller.covers_connector(name));
        Ok(known.map(|(name, configured)| view(&control, name, configured)).collect())
    }

    /// One connector.
    pub async fn show_connector(&self, caller: &Caller, name: &Slug) -> Result<ConnectorView> {
        caller.may(Operation::ReadConnectors)?;
        let control = self.control(caller.workspace).await?;
        let configured = connector_of(&control, name)?;
        if !caller.covers_connector(name) {
            return Err(Error::not_found("connector", name.as_str()));
        }
        Ok(view(&control, name, configured))
    }

    /// The configuration, if a connector can be built from it.
    fn tried(
        &self,
        name: &Slug,
        settings: &ConnectorSettings,
        manifest: &Manifest,
        credentials: &[u8],
    ) -> Result<ConnectorBody> {
        if credentials.len() > CREDENTIALS_BYTES_MAX {
            let message = format!("credentials have at most {CREDENTIALS_BYTES_MAX} bytes");
            return Err(Error::new(Code::InvalidConnector, message).at("/credentials"));
        }
        let own = manifest.base_urls.get(&settings.environment);
        let base_url = settings.base_url.as_ref().or(own).ok_or_else(|| {
            Error::new(Code::InvalidConnector, format!("`{}` needs a base URL", settings.system))
                .at("/base_url")
        })?;
        let spec = ConnectorSpec {
            name: name.clone(),
            environment: settings.environment,
            base_url: base_url.clone(),
            manifest: manifest.text.clone(),
            credentials: Some(Zeroizing::new(credentials.to_vec())),
        };
        (self.build)(spec).map_err(|why| Error::new(Code::InvalidConnector, why))?;
        Ok(ConnectorBody {
            system: settings.system.to_string(),
            environment: settings.environment.to_string(),
            base_url: base_url.clone(),
            manifest: manifest.digest.to_string(),
            secret: Some(secret_id(name)),
            changed: self.now().to_string(),
        })
    }

    /// The next version of a connector's credentials.
    async fn rotated(&self, ws: WorkspaceId, name: &Slug, new: &str) -> Result<EntityWrite> {
        let id = secret_id(name);
        let known: Option<Entity> = self.store.entity(ws, EntityKind::Secret, id.clone()).await?;
        let (version, expect) = match &known {
            Some(entity) => (body::<SecretBody>(entity)?.version + 1, Expect::Version(entity.version)),
            None => (1, Expect::Absent),
        };
        Ok(EntityWrite { expect, ..self.seal_secret(ws, &id, version, new.as_bytes())? })
    }

    /// The manifest of a system.
    fn manifest(&self, system: &Slug) -> Result<&Arc<Manifest>> {
        self.manifests.get(system).ok_or_else(|| {
            let systems = self.manifests.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>();
            Error::new(Code::InvalidConnector, format!("there is no manifest for `{system}`"))
                .at("/system")
                .hint(format!("known systems: {}", systems.join(", ")))
        })
    }

    /// The starter set in force without a second person governs simulations only.
    async fn check_environment(&self, ws: WorkspaceId, environment: Environment) -> Result<()> {
        if environment == Environment::Simulation || !self.is_bootstrapped(ws).await? {
            return Ok(());
        }
        Err(Error::new(
            Code::SecondPersonRequired,
            "the policy set in force was activated by its author: it is for simulations only",
        )
        .hint("let a second person activate a policy set, then configure this connector"))
    }
}

fn secret_id(name: &Slug) -> String {
    format!("connector/{name}")
}

fn changed(
    name: &Slug,
    environment: Environment,
    manifest: &Manifest,
    body: &ConnectorBody,
    secret: Option<EntityWrite>,
) -> Result<Change> {
    let event = ConnectorChanged { connector: name.clone(), environment, manifest: manifest.digest };
    let kept = ManifestBody { text: manifest.text.clone() };
    let mut entities =
        vec![put(EntityKind::Connector, name, body)?, put(EntityKind::Manifest, manifest.digest, &kept)?];
    entities.extend(secret);
    Ok(Change { acts: vec![Act::new(WorkspaceEvent::ConnectorChanged(event), name, Vec::new())], entities })
}

/// A configured connector.
pub(super) fn connector_of<'a>(control: &'a Control, name: &Slug) -> Result<&'a Configured> {
    control.connectors.get(name).ok_or_else(|| Error::not_found("connector", name.as_str()))
}

fn view(control: &Control, name: &Slug, configured: &Configured) -> ConnectorView {
    let pauses = |pause: &&crate::control::PauseBody| match pause.kind {
        PauseKind::Workspace => true,
        PauseKind::Connector => pause.id == name.as_str(),
        PauseKind::Agent | PauseKind::Lane => false,
    };
    let body = &configured.body;
    ConnectorView {
        name: name.clone(),
        system: body.system.clone(),
        environment: body.environment.clone(),
        base_url: body.base_url.clone(),
        manifest: body.manifest.clone(),
        changed: body.changed.clone(),
        paused: control.pauses.iter().any(|pause| pauses(&pause)),
        readiness: control.lanes.get(name).map(|lane| lane.facts.clone()).unwrap_or_default(),
        description: configured
            .connector
            .as_ref()
            .map(|connector| connector.describe().clone())
            .map_err(Clone::clone),
    }
}

/// Scheme, host and port of a base URL that was tried.
fn origin(base_url: &str) -> &str {
    let authority = base_url.find("://").map_or(0, |at| at + 3);
    let end = base_url.get(authority..).and_then(|rest| rest.find('/'));
    end.and_then(|end| base_url.get(..authority + end)).unwrap_or(base_url)
}
