//! The shipped manifests against the simulators: the kit, and what each action does beyond it.

mod roundup;
mod salesforce;
mod zendesk;

use std::sync::Arc;

use domain::mutation::Environment;
use proof::digest::{Digest, sha256};
use simulators::Simulator;

use super::*;
use crate::http::tests::granted;
use crate::http::{Credentials, HttpConnector};
use crate::manifest::{BUILT_IN, Manifest};
use crate::registry::{Config, connect};
use crate::testing::{outbound, slug};

/// A shipped manifest; simulators and trackers on loopback show a write at once.
fn shipped(system: &str) -> Arc<Manifest> {
    let (file, text) = BUILT_IN.iter().find(|(file, _)| *file == format!("{system}.toml")).unwrap();
    let line = text.lines().find(|line| line.starts_with("settle_ms")).unwrap();
    Arc::new(Manifest::parse(file, &text.replacen(line, "settle_ms = 0", 1)).unwrap())
}

fn connected(
    system: &str,
    base_url: &str,
    environment: Environment,
    credentials: Credentials,
) -> Arc<HttpConnector> {
    let config = Config { name: slug("desk"), environment, base_url: Some(base_url.to_owned()), credentials };
    connect(&outbound(), &shipped(system), config).unwrap()
}

async fn simulator(kind: simulators::Kind) -> Simulator {
    simulators::start(kind, "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

fn record(object: &str, id: &str) -> RecordRef {
    RecordRef { connector: slug("desk"), object: slug(object), id: id.to_owned() }
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Tells the compiler that a closure works for every lifetime.
fn sends<F: for<'w> FnMut(&'w Write<'w>) -> BoxFuture<'w, (Digest, Applied)>>(send: F) -> F {
    send
}

/// Runs the kit; every write gets a key of its own.
async fn run(http: &Arc<HttpConnector>, drill: &Drill) -> Vec<(Step, Option<bool>, String)> {
    let mut number = 0u8;
    let mut send = sends(|write| {
        number += 1;
        let (key, http, mutation) = (sha256(&[number]), http.clone(), write.mutation.clone());
        let (version, before) = (write.fresh_version.map(str::to_owned), write.before.cloned());
        Box::pin(async move {
            let write =
                Write { mutation: &mutation, fresh_version: version.as_deref(), before: before.as_ref() };
            (key, granted(&http, &write, key).await)
        })
    });
    let facts = check(http, drill, &mut send).await;
    facts.into_iter().map(|fact| (fact.step, fact.ok, fact.detail)).collect()
}

/// A story on one connector: read, change, look.
struct Story {
    http: Arc<HttpConnector>,
    object: &'static str,
}

impl Story {
    async fn read(&self, id: &str) -> Snapshot {
        self.http.snapshot(&record(self.object, id)).await.unwrap().snapshot
    }

    /// The mutation that a preview of this would make.
    fn mutation(&self, verb: &str, before: Option<&Snapshot>, after: &Fields, arguments: Fields) -> Mutation {
        let description = self.http.describe();
        let kind = Kind::parse(verb).unwrap_or(Kind::Invoke);
        let changes = after.iter().map(|(field, after)| Change {
            field: field.clone(),
            before: before.and_then(|before| before.fields.get(field).cloned()),
            after: Some(after.clone()),
        });
        Mutation {
            n: 0,
            connector: slug("desk"),
            environment: description.environment,
            manifest: description.manifest,
            object: slug(self.object),
            kind,
            action: (kind == Kind::Invoke).then(|| slug(verb)),
            record: before.map(|before| before.id.clone()),
            version: before.and_then(|before| before.version.clone()),
            changes: changes.collect(),
            guard: BTreeMap::new(),
            arguments,
            undo: UndoKind::Rollback,
        }
    }

    async fn send(&self, mutation: &Mutation, key: Digest) -> Reply {
        let write = Write { mutation, fresh_version: mutation.version.as_deref(), before: None };
        granted(&self.http, &write, key).await.reply
    }

    async fn find(&self, mutation: &Mutation, key: &Digest, handle: Option<&str>) -> Effect {
        let since = Timestamp::parse("2026-11-24T10:00:00.000Z").unwrap();
        self.http.find_effect(&EffectQuery { mutation, key, handle, since }).await.unwrap()
    }
}

fn rejected(code: &str, retryable: bool, conflict: bool) -> Reply {
    Reply::Rejected { code: slug(code), retryable, conflict }
}

fn is_accepted(reply: &Reply) -> bool {
    matches!(reply, Reply::Accepted { .. })
}
