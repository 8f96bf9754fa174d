//! The one place where a manifest, a base URL and credentials become a connector.
//!
//! It keeps no instances: they belong to workspaces, whose owner also keeps every manifest by digest, so that an attempt in
//! doubt is looked after with the manifest that it was made with.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::mutation::Environment;
use domain::name::Slug;

use crate::http::{Credentials, HttpConnector};
use crate::manifest::{BUILT_IN, Faults, Manifest};
use crate::outbound::{NotAllowed, Outbound};

/// One instance to be.
pub struct Config {
    /// Its name, such as `help-desk`.
    pub name: Slug,
    /// Where it points.
    pub environment: Environment,
    /// The base URL; the manifest's own for this environment when absent.
    pub base_url: Option<String>,
    /// What it signs in with.
    pub credentials: Credentials,
}

/// Why there can be no such connector. No message holds a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// A way to sign in that the manifest does not know.
    #[error("`{0}` does not sign in that way")]
    Scheme(Slug),
    /// No base URL, and none in the manifest.
    #[error("`{0}` needs a base URL: its manifest has none for {1}")]
    NoBaseUrl(Slug, Environment),
    /// A base URL where nothing may be sent.
    #[error(transparent)]
    Target(#[from] NotAllowed),
}

/// Known manifests, by system.
pub type Manifests = BTreeMap<Slug, Arc<Manifest>>;

/// The manifests that come with the program.
///
/// # Errors
/// A built-in manifest has faults, which a test excludes.
pub fn built_in() -> Result<Manifests, Faults> {
    let parsed = BUILT_IN.iter().map(|(file, text)| Manifest::parse(file, text));
    parsed.map(|manifest| manifest.map(|manifest| (manifest.system.clone(), Arc::new(manifest)))).collect()
}

/// Makes a connector, if it may point where it shall. Nothing is sent yet.
pub fn connect(
    outbound: &Arc<Outbound>,
    manifest: &Arc<Manifest>,
    config: Config,
) -> Result<Arc<HttpConnector>, ConfigFault> {
    let Config { name, environment, base_url, credentials } = config;
    let system = || manifest.system.clone();
    if !manifest.auth.schemes.contains(&credentials.scheme()) {
        return Err(ConfigFault::Scheme(system()));
    }
    let base_url = base_url.as_ref().or_else(|| manifest.base_urls.get(&environment));
    let base_url = base_url.ok_or_else(|| ConfigFault::NoBaseUrl(system(), environment))?;
    let loopback = match environment {
        Environment::Simulation => true,
        Environment::Sandbox | Environment::Production => false,
    };
    // What is called a simulation never reaches the vendor: nothing but loopback, and what the operator allows.
    let hosts = if loopback { &[] } else { manifest.hosts.as_slice() };
    let target = outbound.target(base_url, hosts, loopback)?;
    let connector =
        HttpConnector::new(name, environment, manifest.clone(), target, outbound.clone(), credentials);
    Ok(Arc::new(connector))
}

#[cfg(test)]
mod tests;
