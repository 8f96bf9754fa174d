//! The one list of connectors: manifests by digest, instances by name.
//!
//! A reconfigured instance takes the place of the old one for new work. An attempt in doubt is looked after with the
//! manifest that it was made with, so manifests are never forgotten while the process lives.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::mutation::Environment;
use domain::name::Slug;
use proof::digest::Digest;
use serde::Deserialize;

use crate::connector::Connector;
use crate::http::{Credentials, HttpConnector};
use crate::manifest::{BUILT_IN, Faults, Manifest};
use crate::outbound::{NotAllowed, Outbound};

/// Instances of one process.
pub const CONNECTORS_MAX: usize = 256;

/// One configured instance.
#[derive(Clone)]
pub struct Config {
    /// Its name, such as `help-desk`.
    pub name: Slug,
    /// The kind of software, such as `zendesk`.
    pub system: Slug,
    /// Where it points.
    pub environment: Environment,
    /// The base URL; the manifest's own for this environment when absent.
    pub base_url: Option<String>,
    /// What it signs in with.
    pub credentials: Credentials,
}

/// The written form of a [`Config`], in a configuration file or a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    name: String,
    system: String,
    environment: String,
    base_url: Option<String>,
    credentials: Credentials,
}

impl TryFrom<ConfigFile> for Config {
    type Error = ConfigFault;

    fn try_from(file: ConfigFile) -> Result<Self, ConfigFault> {
        let slug = |text: &str| Slug::parse(text).map_err(|fault| ConfigFault::Name(fault.to_string()));
        Ok(Self {
            name: slug(&file.name)?,
            system: slug(&file.system)?,
            environment: Environment::parse(&file.environment)
                .ok_or(ConfigFault::Environment(file.environment))?,
            base_url: file.base_url,
            credentials: file.credentials,
        })
    }
}

/// Why an instance cannot be configured. No message holds a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// A name that is no slug.
    #[error("{0}")]
    Name(String),
    /// No such environment.
    #[error("`{0}` is no environment: use simulation, sandbox or production")]
    Environment(String),
    /// No manifest.
    #[error("there is no manifest for the system `{0}`")]
    NoManifest(Slug),
    /// A way to sign in that the manifest does not know.
    #[error("`{0}` does not sign in that way")]
    Scheme(Slug),
    /// No base URL, and none in the manifest.
    #[error("`{0}` needs a base URL: the manifest has none for {1}")]
    NoBaseUrl(Slug, Environment),
    /// A base URL where nothing may be sent.
    #[error("nothing may be sent there")]
    Target(#[source] NotAllowed),
    /// Too many.
    #[error("at most {CONNECTORS_MAX} connectors can be configured")]
    TooMany,
}

/// Manifests and instances.
pub struct Registry {
    outbound: Arc<Outbound>,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    manifests: BTreeMap<Digest, Arc<Manifest>>,
    /// The manifest for new work, by system.
    current: BTreeMap<Slug, Arc<Manifest>>,
    instances: BTreeMap<Slug, Instance>,
}

struct Instance {
    connector: Arc<dyn Connector>,
    /// Present when a manifest runs it.
    http: Option<(Config, Arc<HttpConnector>)>,
}

impl Registry {
    /// A registry with the built-in manifests and no instances.
    ///
    /// # Errors
    /// A built-in manifest has faults, which a test excludes.
    pub fn new(outbound: Arc<Outbound>) -> Result<Self, Faults> {
        let registry = Self { outbound, state: RwLock::default() };
        for (file, text) in BUILT_IN {
            registry.add_manifest(file, text)?;
        }
        Ok(registry)
    }

    /// Adds a manifest. For new configurations it takes the place of an earlier one of the same system.
    pub fn add_manifest(&self, file: &str, text: &str) -> Result<Arc<Manifest>, Faults> {
        let manifest = Arc::new(Manifest::parse(file, text)?);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.manifests.insert(manifest.digest, manifest.clone());
        state.current.insert(manifest.system.clone(), manifest.clone());
        Ok(manifest)
    }

    /// The manifests for new work, by system.
    pub fn manifests(&self) -> Vec<Arc<Manifest>> {
        self.read(|state| state.current.values().cloned().collect())
    }

    /// Configures an instance, or configures it anew.
    pub fn configure(&self, config: Config) -> Result<Arc<dyn Connector>, ConfigFault> {
        let manifest = self.read(|state| state.current.get(&config.system).cloned());
        let manifest = manifest.ok_or_else(|| ConfigFault::NoManifest(config.system.clone()))?;
        let http = Arc::new(self.build(&config, manifest)?);
        let name = config.name.clone();
        self.put(name, Instance { connector: http.clone(), http: Some((config, http.clone())) })?;
        Ok(http)
    }

    /// Adds a connector that no manifest runs.
    pub fn insert(&self, connector: Arc<dyn Connector>) -> Result<(), ConfigFault> {
        let name = connector.describe().connector.clone();
        self.put(name, Instance { connector, http: None })
    }

    /// Takes an instance out; says whether there was one.
    pub fn remove(&self, name: &Slug) -> bool {
        self.state.write().unwrap_or_else(PoisonError::into_inner).instances.remove(name).is_some()
    }

    /// The instance of that name.
    pub fn get(&self, name: &Slug) -> Option<Arc<dyn Connector>> {
        self.read(|state| state.instances.get(name).map(|instance| instance.connector.clone()))
    }

    /// Every instance, by name.
    pub fn all(&self) -> Vec<Arc<dyn Connector>> {
        self.read(|state| state.instances.values().map(|instance| instance.connector.clone()).collect())
    }

    /// The instance of that name as a connector that runs a manifest, for the conformance kit.
    pub fn http(&self, name: &Slug) -> Option<Arc<HttpConnector>> {
        self.read(|state| state.instances.get(name)?.http.as_ref().map(|(_, http)| http.clone()))
    }

    /// The instance of that name under the manifest of an earlier attempt, with today's place and credentials.
    pub fn get_under(&self, name: &Slug, manifest: &Digest) -> Option<Arc<dyn Connector>> {
        let current = self.get(name)?;
        if current.describe().manifest == *manifest {
            return Some(current);
        }
        let (config, manifest) = self.read(|state| {
            let (config, _) = state.instances.get(name)?.http.as_ref()?;
            Some((config.clone(), state.manifests.get(manifest)?.clone()))
        })?;
        Some(Arc::new(self.build(&config, manifest).ok()?))
    }

    fn build(&self, config: &Config, manifest: Arc<Manifest>) -> Result<HttpConnector, ConfigFault> {
        if !manifest.auth.schemes.contains(&config.credentials.scheme()) {
            return Err(ConfigFault::Scheme(config.system.clone()));
        }
        let base_url = config.base_url.as_ref().or_else(|| manifest.base_urls.get(&config.environment));
        let base_url =
            base_url.ok_or_else(|| ConfigFault::NoBaseUrl(config.system.clone(), config.environment))?;
        let loopback = match config.environment {
            Environment::Simulation => true,
            Environment::Sandbox | Environment::Production => false,
        };
        let target =
            self.outbound.target(base_url, &manifest.hosts, loopback).map_err(ConfigFault::Target)?;
        let (name, credentials) = (config.name.clone(), config.credentials.clone());
        Ok(HttpConnector::new(name, config.environment, manifest, target, self.outbound.clone(), credentials))
    }

    fn put(&self, name: Slug, instance: Instance) -> Result<(), ConfigFault> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.instances.len() >= CONNECTORS_MAX && !state.instances.contains_key(&name) {
            return Err(ConfigFault::TooMany);
        }
        state.instances.insert(name, instance);
        Ok(())
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
