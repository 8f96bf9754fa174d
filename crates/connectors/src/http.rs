//! The one generic connector: it runs a manifest over HTTP.
//!
//! It asks and sends through [`crate::outbound`] only, and knows no vendor: everything that differs between systems of
//! record stands in the manifest. A read may be asked twice; a write is sent once.

mod auth;
mod effect;
mod metadata;
pub(crate) mod outcome;
mod request;
mod response;
pub(crate) mod undo;
mod version;

use std::sync::Arc;
use std::time::Duration;

use domain::grant::ExecutionGrant;
use domain::mutation::{Environment, Mutation, RecordRef};
use domain::name::Slug;
use domain::time::Timestamp;
use futures_util::future::BoxFuture;
use proof::digest::{Digest, sha256};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};

pub use auth::{Credentials, CredentialsFault};
pub use metadata::Difference;

use crate::connector::{
    Applied, Connector, Effect, EffectQuery, Exchange, Read, ReadFault, Reply, UndoPlan, Write,
};
use crate::description::Description;
use crate::json::Json;
use crate::manifest::{Manifest, Object};
use crate::outbound::{Outbound, Request, SendFault, Sent, Target};
use auth::Session;
use request::Prepared;

/// Sign-ins of one read: the second one after a refusal for an expired token.
const SIGN_INS_MAX: u32 = 2;

/// A connector that runs a manifest.
pub struct HttpConnector {
    manifest: Arc<Manifest>,
    description: Description,
    target: Target,
    outbound: Arc<Outbound>,
    session: Session,
}

/// An answer to a read, still in the vendor's words.
struct Asked {
    json: Json,
    headers: HeaderMap,
    exchange: Exchange,
}

impl HttpConnector {
    /// Puts a manifest, a place and credentials together. [`crate::registry`] checks that they fit.
    pub(crate) fn new(
        name: Slug,
        environment: Environment,
        manifest: Arc<Manifest>,
        target: Target,
        outbound: Arc<Outbound>,
        credentials: Credentials,
    ) -> Self {
        let description =
            Description::of(&manifest, name, environment, target.as_str(), credentials.public_part());
        Self { manifest, description, target, outbound, session: Session::new(credentials) }
    }

    /// Forms a write without sending it; the error is the code that [`Connector::apply`] would not send it with.
    pub fn dry_run(&self, mutation: &Mutation, fresh_version: Option<&str>) -> Result<(), Slug> {
        let write = Write { mutation, fresh_version, before: None };
        let key = sha256(b"dry run");
        request::prepare(&self.manifest, &self.target, &write, key)
            .map(|_| ())
            .map_err(|fault| outcome::slug(fault.code()))
    }

    /// Arms the fault of the conformance kit on a simulator of ours; says whether it was taken.
    pub(crate) async fn arm(&self, url: &str, object: &Slug, id: &str) -> bool {
        let update =
            self.manifest.objects.get(object).and_then(|object| object.actions.get(&outcome::slug("update")));
        let (Some(update), Some(url)) = (update, self.target.same_origin(url)) else { return false };
        let body = crate::contract::lost_reply(update.method.as_str(), id);
        let request = Request {
            method: Method::POST,
            url,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
            body: Some(proof::canonical::to_string(&body)),
            timeout: Duration::from_millis(self.manifest.timeout_ms),
            send_by_boot_ms: None,
        };
        self.outbound.send(request).await.result.is_ok_and(|answer| (200..300).contains(&answer.status))
    }

    /// Now, on the injected clock.
    pub(crate) fn now(&self) -> Timestamp {
        (self.outbound.clock().now)()
    }

    fn object(&self, name: &Slug) -> Result<&Object, ReadFault> {
        self.manifest.objects.get(name).ok_or_else(|| ReadFault::Undescribed(name.to_string()))
    }

    /// Asks for a path below the base URL.
    async fn ask(&self, path: &str) -> Result<Asked, ReadFault> {
        let url = self.target.url(path).ok_or_else(|| ReadFault::Undescribed(path.to_owned()))?;
        self.ask_url(url).await
    }

    async fn ask_url(&self, url: Url) -> Result<Asked, ReadFault> {
        let timeout = Duration::from_millis(self.manifest.timeout_ms);
        let mut sign_ins = 1;
        loop {
            let signed = self.session.sign(self).await.map_err(|fault| fault.of_read())?;
            let headers = request::headers(&self.manifest, &self.target, &signed);
            let sent = self
                .outbound
                .send(Request {
                    method: Method::GET,
                    url: url.clone(),
                    headers: headers.clone(),
                    body: None,
                    timeout,
                    send_by_boot_ms: None,
                })
                .await;
            let exchange =
                response::exchange(&self.manifest, &Method::GET, &url, &headers, None, &sent, &signed);
            let answer = sent.result.map_err(outcome::unreachable)?;
            if answer.status == 401 && sign_ins < SIGN_INS_MAX && self.session.forget_token().await {
                sign_ins += 1;
                continue;
            }
            let json = outcome::of_read(&self.manifest, &answer)?;
            return Ok(Asked { json, headers: answer.headers, exchange });
        }
    }

    async fn read(&self, record: &RecordRef) -> Result<Read, ReadFault> {
        let object = self.object(&record.object)?;
        let path = request::read_path(object, &record.id).ok_or(ReadFault::NotFound)?;
        let asked = self.ask(&path).await?;
        let snapshot = response::snapshot(object, &asked.json, &asked.headers)?;
        Ok(Read { snapshot, exchange: asked.exchange })
    }

    /// Sends one write. The grant was taken apart by [`Connector::apply`], which no other code can call without one.
    async fn write(&self, write: &Write<'_>, n: u32, key: Digest, send_by_boot_ms: u64) -> Applied {
        let mutation = write.mutation;
        let mut unsent = Exchange {
            method: String::new(),
            url: self.target.as_str().to_owned(),
            request_headers: std::collections::BTreeMap::new(),
            request_body: None,
            status: None,
            response_headers: std::collections::BTreeMap::new(),
            response_body: None,
            started: (self.outbound.clock().now)(),
            ended: (self.outbound.clock().now)(),
        };
        let not_sent = |code: &str, exchange| Applied {
            reply: Reply::NotSent { code: outcome::slug(code) },
            retry_after_ms: None,
            exchange,
        };
        if mutation.n != n
            || mutation.manifest != self.manifest.digest
            || mutation.connector != self.description.connector
        {
            return not_sent("not_granted", unsent);
        }
        let prepared = match request::prepare(&self.manifest, &self.target, write, key) {
            Ok(prepared) => prepared,
            Err(fault) => return not_sent(fault.code(), unsent),
        };
        let Prepared { action, method, url, headers, body } = prepared;
        let described = self.description.action(&mutation.object, mutation.verb());
        let timeout_ms = described.map_or(self.manifest.timeout_ms, |action| action.timeout_ms);
        unsent.method = method.to_string();
        unsent.url = url.to_string();
        let signed = match self.session.sign(self).await {
            Ok(signed) => signed,
            Err(fault) => return not_sent(fault.code(), unsent),
        };
        let mut all = request::headers(&self.manifest, &self.target, &signed);
        all.extend(headers);
        let request = Request {
            method: method.clone(),
            url: url.clone(),
            headers: all.clone(),
            body: body.as_ref().map(Json::write),
            timeout: Duration::from_millis(timeout_ms),
            send_by_boot_ms: Some(send_by_boot_ms),
        };
        let sent: Sent = self.outbound.send(request).await;
        let exchange = response::exchange(&self.manifest, &method, &url, &all, body.as_ref(), &sent, &signed);
        let (reply, retry_after_ms) = match &sent.result {
            Ok(answer) => {
                (outcome::of_write(&self.manifest, action, answer), outcome::retry_after_ms(answer))
            }
            Err(fault) => (lost(*fault), None),
        };
        if exchange.status == Some(401) {
            self.session.forget_token().await;
        }
        Applied { reply, retry_after_ms, exchange }
    }
}

fn lost(fault: SendFault) -> Reply {
    let code = outcome::slug(fault.code());
    if fault.never_left() { Reply::NotSent { code } } else { Reply::Unknown { code } }
}

impl Connector for HttpConnector {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn snapshot<'a>(&'a self, record: &'a RecordRef) -> BoxFuture<'a, Result<Read, ReadFault>> {
        Box::pin(self.read(record))
    }

    fn apply<'a>(&'a self, grant: ExecutionGrant, write: &'a Write<'a>) -> BoxFuture<'a, Applied> {
        Box::pin(async move { self.write(write, grant.n(), grant.key(), grant.send_by_boot_ms()).await })
    }

    fn find_effect<'a>(&'a self, query: &'a EffectQuery<'a>) -> BoxFuture<'a, Result<Effect, ReadFault>> {
        Box::pin(self.effect(query))
    }

    fn undo(&self, mutation: &Mutation, handle: Option<&str>) -> UndoPlan {
        undo::plan(&self.description, &self.manifest, mutation, handle)
    }
}

#[cfg(test)]
pub(crate) mod tests;
