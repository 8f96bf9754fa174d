//! Anchors: copies of heads in places that nobody here can change afterwards.
//!
//! A head is copied into a folder, time-stamped by an authority (RFC 3161), and put into a bucket that holds it for years:
//! as far as the operator has set these up. This happens once a day and with an export, and what the authority said is kept
//! for bundles. A head that was anchored and is not continued here stops the log at the next start.

mod folder;
mod stamp;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::id::WorkspaceId;
use domain::time::Timestamp;
use proof::checkpoint::SignedCheckpoint;
use proof::digest::sha256;
use proof::trust::{Quorum, Verdict};
use serde::{Deserialize, Serialize};
use store::{Commit, EntityKind, EntityWrite, Expect};
use tokio::sync::watch;

use super::{Message, Nodes, fork_risk};
use crate::control::load::body;
use crate::{Code, Engine, Error, Result};

/// How often the worker looks whether the day is over, or tries again.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// A head is anchored so often: milliseconds.
const ANCHOR_EVERY_MS: i64 = 24 * 3600 * 1000;
/// How old an anchor of the newest head may be to go with an export: milliseconds.
const EXPORT_AGE_MAX_MS: i64 = 10 * 60 * 1000;
/// The anchor that was made last, beside those by size.
const NEWEST: &str = "newest";

/// What is kept of an anchored head.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct AnchorBody {
    size: u64,
    at: String,
    /// The signed note that was anchored, byte for byte.
    note: String,
    /// The copy in the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The answer of the time-stamp authority, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<String>,
    /// The name of the object in the bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
}

/// A head with what was anchored of it.
pub(crate) struct Anchored {
    /// The signed note, as it was anchored.
    pub head: SignedCheckpoint,
    /// Files for a bundle of it, by path.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Anchors every log once a day, until it is stopped.
pub(crate) async fn anchor(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    if engine.anchors.is_empty() {
        return;
    }
    loop {
        if let Err(error) = engine.anchor_all().await {
            tracing::error!(code = error.code.word(), "a head was not anchored: {error}");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stopped.changed() => return,
        }
    }
}

impl Engine {
    async fn anchor_all(&self) -> Result<()> {
        let mut failed = Ok(());
        for ws in self.store.workspaces().await? {
            if let Err(error) = self.anchor_if_due(ws).await {
                // One log that cannot be anchored does not keep the others from it.
                failed = Err(error);
            }
        }
        failed
    }

    async fn anchor_if_due(&self, ws: WorkspaceId) -> Result<()> {
        let newest = self.anchor_of(ws, NEWEST).await?;
        let due = newest
            .as_ref()
            .is_none_or(|newest| self.is_older(newest, ANCHOR_EVERY_MS) || !self.anchors.is_whole(newest));
        if due { self.anchor_now(ws).await } else { Ok(()) }
    }

    /// Anchors the newest head at every place that is set up. What is anchored already at a place is not anchored again
    /// within a day.
    ///
    /// # Errors
    /// [`Code::ForkRisk`] while nothing is signed, [`Code::Unavailable`] when a place did not take it.
    pub async fn anchor_now(&self, ws: WorkspaceId) -> Result<()> {
        if let Some(why) = self.evidence_heads(ws).fork_risk {
            return Err(fork_risk(&why));
        }
        let head = match self.kept_head(ws).await {
            Ok(head) => head,
            Err(error) if error.code == Code::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        self.anchor_head(ws, &head, ANCHOR_EVERY_MS).await.1
    }

    /// A head for an export with what was anchored of it: the head as it was anchored minutes ago, or as it is now. A place
    /// that does not answer keeps no export back.
    pub(crate) async fn anchored(&self, ws: WorkspaceId, head: SignedCheckpoint) -> Anchored {
        let unanchored = |head| Anchored { head, files: BTreeMap::new() };
        if self.anchors.is_empty() || self.evidence_heads(ws).fork_risk.is_some() {
            return unanchored(head);
        }
        let (anchor, ended) = self.anchor_head(ws, &head, EXPORT_AGE_MAX_MS).await;
        if let Err(error) = ended {
            tracing::warn!(code = error.code.word(), "an export goes without an anchor: {error}");
        }
        match anchor.and_then(|anchor| anchor.for_bundle()) {
            Some(anchored) => anchored,
            None => unanchored(head),
        }
    }

    /// Anchors a head where it is not yet; answers what is anchored of it, also when a place failed.
    async fn anchor_head(
        &self,
        ws: WorkspaceId,
        head: &SignedCheckpoint,
        age_max_ms: i64,
    ) -> (Option<AnchorBody>, Result<()>) {
        let log = self.logs.of(ws);
        // Two exports at once share one anchor.
        let _anchoring = log.anchoring.lock().await;
        let size = head.checkpoint().size;
        let before = match self.anchor_of(ws, &name(size)).await {
            Ok(before) => before,
            Err(error) => return (None, Err(error)),
        };
        let before =
            before.filter(|before| !self.is_older(before, age_max_ms) && self.is_as_good(before, head));
        let now = self.now();
        let mut anchor = before.unwrap_or_else(|| AnchorBody {
            size,
            at: now.to_string(),
            note: head.to_string(),
            file: None,
            stamp: None,
            object: None,
        });
        if self.anchors.is_whole(&anchor) {
            return (Some(anchor), Ok(()));
        }
        let failed = self.fill(&mut anchor, &head.checkpoint().origin, now).await;
        if let Err(error) = self.keep_anchor(ws, &anchor).await {
            return (None, Err(error));
        }
        let ended = match failed.as_slice() {
            [] => Ok(()),
            _ => Err(Error::new(Code::Unavailable, failed.join("; ")).retry_after(60)),
        };
        (Some(anchor), ended)
    }

    /// Asks every place that has not taken the head; answers which did not, and why.
    async fn fill(&self, anchor: &mut AnchorBody, origin: &str, now: Timestamp) -> Vec<String> {
        let mut failed = Vec::new();
        let mut note = |place: &'static str, ended: std::result::Result<(), String>| {
            let word = if ended.is_ok() { "anchored" } else { "failed" };
            metrics::counter!("actionplane_anchors_total", "place" => place, "answer" => word).increment(1);
            failed.extend(ended.err().map(|why| format!("{place}: {why}")));
        };
        if let (Some(directory), None) = (&self.anchors.directory, &anchor.file) {
            let (folder, size, text) = (folder::of(directory, origin), anchor.size, anchor.note.clone());
            let written =
                tokio::task::spawn_blocking(move || folder::write(&folder, size, now, text.as_bytes()));
            let written = written.await.map_err(std::io::Error::other).flatten();
            note(
                "directory",
                written.map(|file| anchor.file = Some(file)).map_err(|fault| fault.to_string()),
            );
        }
        if let (Some(url), None) = (&self.anchors.tsa, &anchor.stamp) {
            let stamped = self.stamp(url, anchor.note.as_bytes()).await;
            note("tsa", stamped.map(|stamp| anchor.stamp = Some(STANDARD.encode(stamp))));
        }
        if let (Some(bucket), None) = (&self.anchors.bucket, &anchor.object) {
            let object = format!("{}/{}", folder::encoded(origin), folder::name(anchor.size, now));
            let put = self.put(bucket(&object, anchor.note.as_bytes(), now)).await;
            note("s3", put.map(|()| anchor.object = Some(object)));
        }
        failed
    }

    async fn stamp(&self, url: &str, note: &[u8]) -> std::result::Result<Vec<u8>, String> {
        let mut nonce = [0; 8];
        self.entropy.fill(&mut nonce);
        let digest = sha256(note);
        let asked = stamp::request(&digest, nonce);
        let reply = (self.post)(stamp::message(url, asked)).await?;
        if reply.status != 200 {
            return Err(format!("the authority answers {}", reply.status));
        }
        stamp::check(&reply.body, &digest, nonce).map_err(|fault| fault.to_string())?;
        Ok(reply.body)
    }

    async fn put(&self, message: Message) -> std::result::Result<(), String> {
        let reply = (self.post)(message).await?;
        match reply.status {
            200 => Ok(()),
            status => {
                let told: String = String::from_utf8_lossy(&reply.body).chars().take(300).collect();
                Err(format!("the bucket answers {status}: {told}"))
            }
        }
    }

    async fn anchor_of(&self, ws: WorkspaceId, id: &str) -> Result<Option<AnchorBody>> {
        self.store.entity(ws, EntityKind::Anchor, id.to_owned()).await?.as_ref().map(body).transpose()
    }

    async fn keep_anchor(&self, ws: WorkspaceId, anchor: &AnchorBody) -> Result<()> {
        let bytes = serde_json::to_vec(anchor)
            .map_err(|fault| Error::internal("an anchor cannot be written").because(fault))?;
        let write = |id: String| EntityWrite {
            kind: EntityKind::Anchor,
            id,
            expect: Expect::Any,
            body: Some(bytes.clone()),
            lookup: None,
            owner: None,
            expires: None,
        };
        let mut commit = Commit::new(ws, self.now());
        commit.entities = vec![write(name(anchor.size)), write(NEWEST.to_owned())];
        self.store.commit(commit).await?;
        Ok(())
    }

    fn is_older(&self, anchor: &AnchorBody, ms: i64) -> bool {
        Timestamp::parse(&anchor.at).is_none_or(|at| at.plus_ms(ms) <= self.now())
    }

    /// Whether the note that was anchored has a quorum if this one has.
    fn is_as_good(&self, anchor: &AnchorBody, head: &SignedCheckpoint) -> bool {
        let Some(trust) = self.trust_of(&head.checkpoint().origin) else { return true };
        let met = |head: &SignedCheckpoint| {
            matches!(trust.policy().judge(head), Verdict::Signed { quorum: Quorum::Met, .. })
        };
        SignedCheckpoint::parse(anchor.note.as_bytes()).is_ok_and(|anchored| met(&anchored) || !met(head))
    }

    /// Compares every log with the newest copy of its heads in the folder: one that is not continued here stops the log.
    pub(crate) async fn compare_anchors(&self) -> Result<()> {
        let Some(directory) = &self.anchors.directory else { return Ok(()) };
        for ws in self.store.workspaces().await? {
            let log = self.logs.of(ws);
            let (origin, keys) = (self.control(ws).await?.settings.origin.clone(), self.log_keys(ws).await);
            if log.heads.borrow().fork_risk.is_some() {
                continue;
            }
            let (folder, keys) = (folder::of(directory, &origin), keys?);
            let newest = tokio::task::spawn_blocking(move || folder::newest(&folder, &keys)).await;
            let newest = newest.map_err(std::io::Error::other).flatten();
            let newest = newest.map_err(|fault| {
                Error::new(Code::Unavailable, "the folder of anchors cannot be read").because(fault)
            })?;
            let Some(newest) = newest else { continue };
            let size = self.store.integrate(ws).await?;
            let why = if newest.size > size {
                format!("a head of {} leaves was anchored, and there are {size}", newest.size)
            } else if Nodes::new(&*self.store, ws, newest.size).frontier().await?.root() != newest.root {
                format!("the head of {} leaves that was anchored is not that of the leaves", newest.size)
            } else {
                continue;
            };
            log.halt(ws, why);
        }
        Ok(())
    }
}

impl AnchorBody {
    /// The anchored note and the files about it; none while there is nothing that a bundle could hold.
    fn for_bundle(&self) -> Option<Anchored> {
        let head = SignedCheckpoint::parse(self.note.as_bytes()).ok()?;
        let stamp = STANDARD.decode(self.stamp.as_ref()?).ok()?;
        Some(Anchored { head, files: BTreeMap::from([(format!("anchors/{}.tsr", self.size), stamp)]) })
    }
}

impl super::Anchors {
    /// Whether nothing is set up.
    fn is_empty(&self) -> bool {
        self.directory.is_none() && self.tsa.is_none() && self.bucket.is_none()
    }

    /// Whether every place that is set up took the head.
    fn is_whole(&self, anchor: &AnchorBody) -> bool {
        (self.directory.is_none() || anchor.file.is_some())
            && (self.tsa.is_none() || anchor.stamp.is_some())
            && (self.bucket.is_none() || anchor.object.is_some())
    }
}

/// The id of the anchor of a size: in the order of sizes.
fn name(size: u64) -> String {
    format!("{size:020}")
}
