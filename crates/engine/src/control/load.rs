//! Loading the administrative view, and keeping it until the control epoch moves.

use std::collections::BTreeMap;
use std::sync::Arc;

use connectors::connector::Connector;
use domain::id::{AgentId, HoldId, PersonId, PolicySetId, ServiceId, WorkspaceId};
use domain::mutation::Environment;
use domain::name::Slug;
use proof::digest::{Digest, Tag, tagged_bytes};
use serde::de::DeserializeOwned;
use store::{Entity, EntityKind};

use super::{
    ActivePolicy, AgentBody, ApiKeyBody, Configured, ConnectorBody, Control, GroupBody, HoldBody, LaneBody,
    ManifestBody, PauseBody, PolicySetBody, References, SecretBody, ServiceBody, Vendor, WorkflowBody,
    WorkspaceBody,
};
use crate::{Engine, Error, Result};

/// The id of the one settings entity of a workspace.
pub(crate) const SETTINGS: &str = "settings";
/// The id of the secret that keys the references of a workspace.
pub(crate) const REFERENCES: &str = "references";

impl Engine {
    /// The administrative view of a workspace at its current control epoch.
    pub async fn control(&self, ws: WorkspaceId) -> Result<Arc<Control>> {
        let epoch = self.store.control(ws).await?;
        let known = |epoch| self.controls().get(&ws).filter(|control| control.epoch == epoch).cloned();
        if let Some(control) = known(epoch) {
            return Ok(control);
        }
        // One at a time: each load builds the connectors that are new, and there is one of each.
        let _loading = self.loading.lock().await;
        let epoch = self.store.control(ws).await?;
        if let Some(control) = known(epoch) {
            return Ok(control);
        }
        let cached = self.controls().get(&ws).cloned();
        let control = Arc::new(self.load_control(ws, epoch, cached.as_deref()).await?);
        self.controls().insert(ws, Arc::clone(&control));
        Ok(control)
    }

    async fn load_control(&self, ws: WorkspaceId, epoch: u64, before: Option<&Control>) -> Result<Control> {
        let settings = self.store.entity(ws, EntityKind::Workspace, SETTINGS.to_owned()).await?;
        let settings = settings.ok_or_else(|| Error::not_found("workspace", &ws.to_string()))?;
        let settings_version = settings.version;
        let settings: WorkspaceBody = body(&settings)?;
        let keys: Vec<(Entity, ApiKeyBody)> = self.all(ws, EntityKind::ApiKey).await?;
        let mut control = Control {
            workspace: ws,
            epoch,
            settings_version,
            persons: self.by_id(ws, EntityKind::Person, |id| PersonId::parse(id).ok()).await?,
            agents: self.by_id::<_, AgentBody>(ws, EntityKind::Agent, |id| AgentId::parse(id).ok()).await?,
            services: self
                .by_id::<_, ServiceBody>(ws, EntityKind::Service, |id| ServiceId::parse(id).ok())
                .await?,
            groups: self.by_id::<_, GroupBody>(ws, EntityKind::Group, |id| Slug::parse(id).ok()).await?,
            keys: keys.into_iter().map(|(_, key)| (key.hash.clone(), key)).collect(),
            workflows: self
                .by_id::<_, WorkflowBody>(ws, EntityKind::Workflow, |id| Slug::parse(id).ok())
                .await?,
            lanes: self.by_id::<_, LaneBody>(ws, EntityKind::Lane, |id| Slug::parse(id).ok()).await?,
            pauses: self
                .all::<PauseBody>(ws, EntityKind::Pause)
                .await?
                .into_iter()
                .map(|(_, pause)| pause)
                .collect(),
            holds: self.by_id::<_, HoldBody>(ws, EntityKind::Hold, |id| HoldId::parse(id).ok()).await?,
            connectors: BTreeMap::new(),
            policy: None,
            keys_of: self.references(ws).await?,
            settings,
        };
        control.connectors = self.load_connectors(ws, before).await?;
        control.policy = self.load_policy(ws, &control, before).await?;
        Ok(control)
    }

    async fn references(&self, ws: WorkspaceId) -> Result<References> {
        let secret = self.open_secret(ws, REFERENCES).await?;
        References::new(&secret)
            .ok_or_else(|| Error::internal("the workspace's reference keys are malformed"))
    }

    /// Opens a sealed secret.
    pub(crate) async fn open_secret(&self, ws: WorkspaceId, id: &str) -> Result<zeroize::Zeroizing<Vec<u8>>> {
        use base64::Engine as _;
        let entity = self.store.entity(ws, EntityKind::Secret, id.to_owned()).await?;
        let entity = entity.ok_or_else(|| Error::internal("a secret is missing"))?;
        let secret: SecretBody = body(&entity)?;
        let sealed = base64::engine::general_purpose::STANDARD.decode(&secret.sealed);
        let sealed = sealed.map_err(|fault| Error::internal("a secret is malformed").because(fault))?;
        let opened = self.store.vault().open_secret(ws, id, secret.version, &sealed);
        opened.map_err(|fault| Error::internal("a secret does not open with this key").because(fault))
    }

    async fn load_connectors(
        &self,
        ws: WorkspaceId,
        before: Option<&Control>,
    ) -> Result<BTreeMap<Slug, Configured>> {
        let mut connectors = BTreeMap::new();
        for (entity, body) in self.all::<ConnectorBody>(ws, EntityKind::Connector).await? {
            let Ok(name) = Slug::parse(&entity.id) else { continue };
            let known = before.and_then(|control| control.connectors.get(&name));
            let configured = if let Some(known) = known.filter(|known| known.version == entity.version) {
                known.clone()
            } else {
                let connector = self.build_connector(ws, &name, &body).await?;
                Configured { body, version: entity.version, connector }
            };
            connectors.insert(name, configured);
        }
        Ok(connectors)
    }

    async fn build_connector(
        &self,
        ws: WorkspaceId,
        name: &Slug,
        body: &ConnectorBody,
    ) -> Result<std::result::Result<Arc<Vendor>, String>> {
        let spec = self.connector_spec(ws, name, body).await?;
        Ok(spec.and_then(&self.build).map(|built| Arc::new(Vendor::new(built, Arc::clone(&self.clock)))))
    }

    /// What is needed to build a configured connector, or why it cannot be built.
    pub(crate) async fn connector_spec(
        &self,
        ws: WorkspaceId,
        name: &Slug,
        body: &ConnectorBody,
    ) -> Result<std::result::Result<ConnectorSpec, String>> {
        let manifest = self.store.entity(ws, EntityKind::Manifest, body.manifest.clone()).await?;
        let Some(manifest) = manifest else { return Ok(Err("its manifest is missing".to_owned())) };
        let manifest: ManifestBody = crate::control::load::body(&manifest)?;
        if tagged_bytes(Tag::Manifest, manifest.text.as_bytes()).to_string() != body.manifest {
            return Ok(Err("its manifest is not the one that it was made with".to_owned()));
        }
        let credentials = match &body.secret {
            // One connector that cannot sign in must not take the workspace with it.
            Some(id) => match self.open_secret(ws, id).await {
                Ok(secret) => Some(secret),
                Err(error) => return Ok(Err(error.message)),
            },
            None => None,
        };
        let Some(environment) = Environment::parse(&body.environment) else {
            return Ok(Err(format!("`{}` is no environment", body.environment)));
        };
        Ok(Ok(ConnectorSpec {
            name: name.clone(),
            environment,
            base_url: body.base_url.clone(),
            manifest: manifest.text,
            credentials,
        }))
    }

    async fn load_policy(
        &self,
        ws: WorkspaceId,
        control: &Control,
        before: Option<&Control>,
    ) -> Result<Option<Arc<ActivePolicy>>> {
        let Some(digest) = control.settings.active_policy.as_deref().and_then(Digest::parse) else {
            return Ok(None);
        };
        if let Some(known) =
            before.and_then(|before| before.policy.clone()).filter(|known| known.digest == digest)
        {
            return Ok(Some(known));
        }
        let entity = self.store.entity(ws, EntityKind::PolicySet, digest.to_string()).await?;
        let entity = entity.ok_or_else(|| Error::internal("the policy set in force is missing"))?;
        let stored: PolicySetBody = body(&entity)?;
        let schema = policy::schema::Schema::new(stored.shapes()?).map_err(|fault| {
            Error::internal("the schema of the policy set in force does not load").because(fault)
        })?;
        let set = policy::set::PolicySet::load(&stored.text, &schema)
            .map_err(|fault| Error::internal("the policy set in force does not load").because(fault))?;
        let id = PolicySetId::parse(&stored.set)
            .map_err(|fault| Error::internal("a policy set id is malformed").because(fault))?;
        if set.digest() != digest {
            return Err(Error::internal("the policy set in force is not the one that was activated"));
        }
        Ok(Some(Arc::new(ActivePolicy { id, digest, set })))
    }

    /// All entities of a kind with their bodies.
    pub(crate) async fn all<T: DeserializeOwned>(
        &self,
        ws: WorkspaceId,
        kind: EntityKind,
    ) -> Result<Vec<(Entity, T)>> {
        let mut entities = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.store.entities(ws, kind, None, cursor, store::page::PAGE_MAX).await?;
            for entity in page.items {
                let body = body(&entity)?;
                entities.push((entity, body));
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(entities);
            }
        }
    }

    async fn by_id<K: Ord, T: DeserializeOwned>(
        &self,
        ws: WorkspaceId,
        kind: EntityKind,
        parse: impl Fn(&str) -> Option<K>,
    ) -> Result<BTreeMap<K, T>> {
        let all = self.all(ws, kind).await?;
        Ok(all.into_iter().filter_map(|(entity, body)| Some((parse(&entity.id)?, body))).collect())
    }
}

/// Reads the body of an entity.
pub(crate) fn body<T: DeserializeOwned>(entity: &Entity) -> Result<T> {
    serde_json::from_slice(&entity.body)
        .map_err(|fault| Error::internal("a stored administrative document is malformed").because(fault))
}

/// What is needed to build a connector.
pub struct ConnectorSpec {
    /// Its name.
    pub name: Slug,
    /// Where it points.
    pub environment: Environment,
    /// Its base URL.
    pub base_url: String,
    /// The text of its manifest.
    pub manifest: String,
    /// The credentials as JSON.
    pub credentials: Option<zeroize::Zeroizing<Vec<u8>>>,
}

/// Builds connectors; set by whoever wires the process.
pub type BuildConnector =
    Box<dyn Fn(ConnectorSpec) -> std::result::Result<Arc<dyn Connector>, String> + Send + Sync>;
