//! One engine on a real store in a throw-away folder, with a clock that stands still.

use std::sync::Arc;

use connectors::http::Credentials;
use connectors::manifest::Manifest;
use connectors::outbound::{Clock as OutboundClock, Outbound};
use connectors::registry::{Config, connect};
use domain::id::{PersonId, WorkspaceId};
use domain::mutation::Environment;
use domain::name::Slug;
use domain::principal::Principal;
use domain::time::Timestamp;
use proof::digest::sha256;
use store::{Kek, SqliteStore, Store};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::access::{Caller, Role};
use crate::admin::{ConnectorSettings, NewPerson, NewProgram, PrincipalView, Program};
use crate::commands::IdempotencyKey;
use crate::seams::{Clock, Entropy};
use crate::testing::{SeededEntropy, SteppedClock};
use crate::{BuildConnector, Code, ConnectorSpec, Engine, Error, KeyFile, Parts, Result};

/// The admin's password.
pub const PASSWORD: &str = "otter lamp seventeen";
/// Credentials that the help desk's manifest takes.
pub const CREDENTIALS: &str = r#"{"scheme":"bearer","token":"sim-token-help-desk"}"#;

pub struct World {
    pub engine: Arc<Engine>,
    pub clock: Arc<SteppedClock>,
    pub ws: WorkspaceId,
    /// The first person, with every role.
    pub admin: Caller,
    pub folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SteppedClock::at(Timestamp::from_millis(1_800_000_000_000)));
        let engine = start(&folder, &clock, 1).await;
        let ws = engine.bootstrap("localhost", &slug("main"), PASSWORD).await.unwrap();
        let control = engine.control(ws).await.unwrap();
        let id = *control.persons.keys().next().unwrap();
        let admin = caller(&engine, ws, id).await;
        Self { engine, clock, ws, admin, folder }
    }

    /// A further person with these roles.
    pub async fn person(&self, username: &str, roles: &[Role]) -> Caller {
        let new = new_person(username, roles);
        let view = self.engine.add_person(&self.admin, new, None).await.unwrap();
        caller(&self.engine, self.ws, view.id.person().unwrap()).await
    }

    pub async fn agent(&self, name: &str) -> PrincipalView {
        self.program(Program::Agent, name).await
    }

    pub async fn program(&self, kind: Program, name: &str) -> PrincipalView {
        let new = NewProgram {
            kind,
            name: slug(name),
            title: name.to_owned(),
            owner: None,
            teams: ["crm-agents".to_owned()].into(),
        };
        self.engine.add_program(&self.admin, new, None).await.unwrap()
    }

    /// The same person, asking anew: with the roles that they have now.
    pub async fn again(&self, who: &Caller) -> Caller {
        caller(&self.engine, self.ws, id(who)).await
    }

    pub async fn help_desk(&self) {
        self.engine.add_connector(&self.admin, &slug("help-desk"), help_desk(), None).await.unwrap();
    }

    /// The codes of all acts since `after`, with the principal of those that have one.
    pub async fn acts(&self) -> Vec<String> {
        let events = self.engine.audit(&self.admin, None, 200).await.unwrap();
        let word = |event: &crate::queries::LineageEvent| match event.data.get("code") {
            Some(code) if event.kind == "access.changed" => code.as_str().unwrap().to_owned(),
            _ => event.kind.clone(),
        };
        // The log is opened before anything else, in every workspace.
        events.iter().skip(1).map(word).collect()
    }
}

pub async fn start(folder: &TempDir, clock: &Arc<SteppedClock>, seed: u64) -> Arc<Engine> {
    let kek = Kek::new(Zeroizing::new([7; 32]));
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(seed));
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path(), kek).unwrap());
    let keys = folder.path().join("keys/log");
    let signer = Arc::new(KeyFile::new(keys, Arc::clone(&store), Arc::clone(&entropy)));
    let parts = Parts {
        store,
        signer,
        outside: crate::Outside::default(),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        node: entropy.node_id(clock.now()),
        entropy,
        build: build(),
        manifests: connectors::registry::built_in().unwrap(),
    };
    Engine::start(parts).await.unwrap().0
}

fn build() -> BuildConnector {
    let clock = OutboundClock { now: Arc::new(|| Timestamp::from_millis(0)), boot_ms: Arc::new(|| 0) };
    let outbound = Arc::new(Outbound::new(clock, Vec::new()).unwrap());
    Box::new(move |spec: ConnectorSpec| {
        let manifest = Manifest::parse("test", &spec.manifest).map_err(|faults| faults.to_string())?;
        let credentials = spec.credentials.ok_or("no credentials")?;
        let credentials = Credentials::parse(&credentials).map_err(|fault| fault.to_string())?;
        let (name, environment, base_url) = (spec.name, spec.environment, Some(spec.base_url));
        let config = Config { name, environment, base_url, credentials };
        let connector = connect(&outbound, &Arc::new(manifest), config).map_err(|fault| fault.to_string())?;
        Ok(connector as Arc<dyn connectors::connector::Connector>)
    })
}

pub fn help_desk() -> ConnectorSettings {
    ConnectorSettings {
        system: slug("zendesk"),
        environment: Environment::Simulation,
        base_url: Some("http://127.0.0.1:9".to_owned()),
        credentials: Some(Zeroizing::new(CREDENTIALS.to_owned())),
    }
}

pub fn new_person(username: &str, roles: &[Role]) -> NewPerson {
    NewPerson {
        username: username.to_owned(),
        name: format!("{username} of the tests"),
        email: None,
        password: format!("{PASSWORD} {username}"),
        roles: roles.iter().copied().collect(),
    }
}

async fn caller(engine: &Engine, ws: WorkspaceId, id: PersonId) -> Caller {
    let control = engine.control(ws).await.unwrap();
    let person = &control.persons[&id];
    Caller {
        workspace: ws,
        principal: Principal::Person(id),
        name: person.name.clone(),
        roles: person.roles.clone(),
        key: None,
        owner: None,
        session: None,
    }
}

pub fn id(who: &Caller) -> PersonId {
    who.principal.person().unwrap()
}

pub fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

/// An idempotency key for a request with this body.
pub fn key(key: &str, body: &str) -> IdempotencyKey {
    IdempotencyKey::new(key, sha256(body.as_bytes())).unwrap()
}

/// The error of what must fail.
pub fn refused<T>(result: Result<T>) -> Error {
    result.err().expect("it was not refused")
}

pub fn code<T>(result: Result<T>) -> Code {
    refused(result).code
}
