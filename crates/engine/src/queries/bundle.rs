//! The evidence bundle: runs with everything that somebody needs to verify them without asking us.
//!
//! A bundle is files by path (see `docs/evidence.md`). It is true up to the head that it carries: every leaf in it is under
//! that head, and so is the whole chain of the workspace, so that a removal that was left out shows.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connectors::json::Json;
use domain::attempt::EvidenceLevel;
use domain::event::Event;
use domain::id::{RunId, WorkspaceId};
use domain::time::Timestamp;
use domain::wire;
use proof::bundle::{Manifest, Scope};
use proof::canonical;
use proof::checkpoint::SignedCheckpoint;
use proof::digest::Digest;
use proof::disclosure::{Disclosure, Opened};
use proof::document::MutationDocument;
use proof::json::{Value, object};
use proof::leaf::{Leaf, SdDigest};
use proof::tile;
use proof::tlog_proof::TlogProof;
use store::{Chain, EntityKind, OpenDisclosure, StoredLeaf};

use crate::access::{Caller, Operation};
use crate::control::load::body;
use crate::control::{ManifestBody, PolicySetBody};
use crate::log::{Anchored, Nodes};
use crate::{Code, Engine, Error, Result};

/// Runs in one bundle. A longer period is exported in parts.
pub const BUNDLE_RUNS_MAX: usize = 10_000;

/// What is to be exported.
#[derive(Debug, Clone)]
pub struct BundleRequest {
    /// Which runs.
    pub of: BundleOf,
    /// Whether sealed values that still exist go with it. Without them a bundle holds no personal data.
    pub disclose: bool,
}

/// Which runs a bundle is about.
#[derive(Debug, Clone)]
pub enum BundleOf {
    /// One run, with the runs that recover it, or that it recovers.
    Run(RunId),
    /// These runs, and those that belong to them.
    Range(Vec<RunId>),
    /// Every run, and the log with its tiles.
    Full,
}

/// A bundle before it is packed.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// Its table of contents; the list of files is made when it is packed.
    pub manifest: Manifest,
    /// Its files by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The runs in it.
    pub runs: BTreeSet<RunId>,
}

/// What is collected while a bundle is made.
struct Packing<'a> {
    engine: &'a Engine,
    ws: WorkspaceId,
    head: SignedCheckpoint,
    nodes: Nodes<'a>,
    disclose: bool,
    disclose_acts: bool,
    files: BTreeMap<String, Vec<u8>>,
    policies: BTreeSet<Digest>,
    manifests: BTreeSet<String>,
}

impl Engine {
    /// The evidence of runs, up to the newest head.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a run that is not the caller's to see, [`Code::ForkRisk`] when leaves of it are under no head
    /// and none is signed, [`Code::LimitReached`] for more than [`BUNDLE_RUNS_MAX`] runs.
    pub async fn bundle(&self, caller: &Caller, request: BundleRequest) -> Result<Bundle> {
        let ws = caller.workspace;
        let scope = match request.of {
            BundleOf::Run(_) => Scope::Run,
            BundleOf::Range(_) => Scope::Range,
            BundleOf::Full => Scope::Full,
        };
        caller.may(if scope == Scope::Run { Operation::ReadEvidence } else { Operation::ReadAudit })?;
        let Anchored { head, files: anchors } = self.anchored(ws, self.covering_head(ws).await?).await;
        let size = head.checkpoint().size;
        let runs = match request.of {
            BundleOf::Run(run) => {
                self.visible(caller, run).await?;
                self.relatives(ws, vec![run]).await?
            }
            BundleOf::Range(runs) => self.relatives(ws, runs).await?,
            BundleOf::Full => self.every_run(ws, None, None).await?,
        };
        let mut packing = Packing {
            engine: self,
            ws,
            nodes: Nodes::new(&*self.store, ws, size),
            head,
            disclose: request.disclose,
            // Who people are and why they were given access is for auditors; a run says nothing of it.
            disclose_acts: request.disclose && caller.may(Operation::ReadAudit).is_ok(),
            files: BTreeMap::new(),
            policies: BTreeSet::new(),
            manifests: BTreeSet::new(),
        };
        for run in &runs {
            packing.run(*run).await?;
        }
        packing.workspace().await?;
        packing.texts().await?;
        if scope == Scope::Full {
            packing.tiles().await?;
        }
        let Packing { head, mut files, .. } = packing;
        files.extend(anchors);
        files.insert("log/checkpoint".to_owned(), head.to_string().into_bytes());
        files.insert("trust.tlog-policy".to_owned(), self.trust_template(ws).await?.into_bytes());
        let manifest = Manifest {
            created: self.now().to_string(),
            files: Vec::new(),
            origin: head.checkpoint().origin.clone(),
            scope,
            size,
            retention: None,
        };
        Ok(Bundle { manifest, files, runs })
    }

    /// A head over everything that is committed, cosigned where witnesses are asked and answer in time; the newest one while
    /// nothing is signed.
    async fn covering_head(&self, ws: WorkspaceId) -> Result<SignedCheckpoint> {
        let size = self.store.integrate(ws).await?;
        let origin = self.control(ws).await?.settings.origin.clone();
        let level = if self.is_witnessed(&origin) { EvidenceLevel::Witnessed } else { EvidenceLevel::Sealed };
        match self.reach(ws, level).await {
            Ok(_) => {}
            Err(error) if error.code == Code::ForkRisk => {}
            Err(error) => return Err(error),
        }
        let witnessed = self.evidence_heads(ws).witnessed;
        if witnessed >= size
            && let Some(kept) = self.store.checkpoint(ws, Some(witnessed)).await?
        {
            return SignedCheckpoint::parse(kept.note.as_bytes())
                .map_err(|fault| Error::internal("a head in the store is damaged").because(fault));
        }
        self.kept_head(ws).await
    }

    /// Runs with the runs that recover them, or that they recover.
    async fn relatives(&self, ws: WorkspaceId, asked: Vec<RunId>) -> Result<BTreeSet<RunId>> {
        let mut found = BTreeSet::new();
        let mut queue = asked;
        while let Some(run) = queue.pop() {
            if !found.insert(run) {
                continue;
            }
            if found.len() > BUNDLE_RUNS_MAX {
                return Err(too_many());
            }
            for leaf in self.leaves(ws, run).await? {
                let event = wire::read(leaf.seq, &leaf.bytes)?.event;
                if let Event::RunProposed(event) = event {
                    queue.extend(event.recovers);
                } else if let Event::RecoveryPlanned(event) = event {
                    queue.push(event.run);
                }
            }
        }
        Ok(found)
    }

    /// The runs that were proposed from one time on and before another.
    pub async fn runs_between(
        &self,
        caller: &Caller,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Vec<RunId>> {
        caller.may(Operation::ReadAudit)?;
        // An id begins with the time at which it was made, so ids are in the order of the proposals.
        let after = from.map(|from| RunId::new(from.plus_ms(-1), [u8::MAX; 10]));
        let end = to.map(|to| RunId::new(to, [0; 10]));
        let runs = self.every_run(caller.workspace, after, end).await?;
        if runs.is_empty() {
            return Err(Error::new(Code::NotFound, "no run was proposed in that time"));
        }
        Ok(runs.into_iter().collect())
    }

    async fn every_run(
        &self,
        ws: WorkspaceId,
        mut after: Option<RunId>,
        end: Option<RunId>,
    ) -> Result<BTreeSet<RunId>> {
        let mut runs = BTreeSet::new();
        loop {
            let page = self.store.chains(ws, after, store::page::CHAIN_MAX).await?;
            after = page.last().copied();
            let is_last = page.len() < store::page::CHAIN_MAX || (end.is_some() && after >= end);
            runs.extend(page.into_iter().filter(|run| end.is_none_or(|end| *run < end)));
            if runs.len() > BUNDLE_RUNS_MAX {
                return Err(too_many());
            }
            if is_last {
                return Ok(runs);
            }
        }
    }
}

fn too_many() -> Error {
    Error::new(Code::LimitReached, format!("a bundle holds at most {BUNDLE_RUNS_MAX} runs"))
        .hint("export a shorter period")
}

impl Packing<'_> {
    /// The files of one run.
    async fn run(&mut self, run: RunId) -> Result<()> {
        let chain = Chain::Run(run);
        let folder = format!("runs/{run}");
        let leaves = self.engine.leaves(self.ws, run).await?;
        let leaves = self.covered(leaves);
        if leaves.is_empty() {
            return Ok(());
        }
        self.events(&folder, &leaves).await?;
        let mut scope: BTreeMap<Digest, BTreeSet<SdDigest>> = BTreeMap::new();
        let mut revisions = BTreeSet::new();
        let mut attached = false;
        for leaf in &leaves {
            let read = wire::read(leaf.seq, &leaf.bytes)?;
            if let Event::PlanPreviewed(event) = &read.event {
                revisions.insert(event.revision);
                self.policies.insert(event.policy);
            } else if let Event::PolicyDecided(event) = &read.event {
                self.policies.insert(event.policy);
            }
            attached |= matches!(read.event, Event::ArtifactAttached(_));
            scope.insert(leaf.hash, read.leaf.sd.into_iter().collect());
        }
        for revision in revisions {
            let documents = self.engine.store.documents(self.ws, run, revision).await?;
            let mut lines = Vec::new();
            for document in &documents {
                let read = MutationDocument::parse(&document.bytes)
                    .map_err(|fault| Error::internal("a mutation document is malformed").because(fault))?;
                self.manifests.insert(read.manifest.to_string());
                scope.entry(document.hash).or_default().extend(read.sd.into_iter().chain(read.changes));
                let doc = STANDARD.encode(&document.bytes).as_str().into();
                line(&mut lines, [("doc", doc), ("n", document.n.into())]);
            }
            self.files.insert(format!("{folder}/plans/{revision}.jsonl"), lines);
        }
        if self.disclose {
            let opened = self.disclosures(chain, &folder, &scope).await?;
            if attached {
                self.attached(&opened).await?;
            }
        }
        Ok(())
    }

    /// The chain of the workspace, whole up to the head.
    async fn workspace(&mut self) -> Result<()> {
        let mut leaves: Vec<StoredLeaf> = Vec::new();
        loop {
            let from = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
            let page =
                self.engine.store.chain(self.ws, Chain::Workspace, from, store::page::CHAIN_MAX).await?;
            let is_last = page.len() < store::page::CHAIN_MAX;
            leaves.extend(page);
            if is_last {
                break;
            }
        }
        let leaves = self.covered(leaves);
        self.events("workspace", &leaves).await?;
        if self.disclose_acts {
            let mut scope = BTreeMap::new();
            for leaf in &leaves {
                let read = Leaf::parse(&leaf.bytes)
                    .map_err(|fault| Error::internal("the workspace chain does not read").because(fault))?;
                scope.insert(leaf.hash, read.sd.into_iter().collect());
            }
            self.disclosures(Chain::Workspace, "workspace", &scope).await?;
        }
        Ok(())
    }

    /// The leaves that the head covers: the others belong to a newer bundle.
    fn covered(&self, leaves: Vec<StoredLeaf>) -> Vec<StoredLeaf> {
        let size = self.head.checkpoint().size;
        leaves.into_iter().take_while(|leaf| leaf.index.is_some_and(|index| index < size)).collect()
    }

    /// The events of a chain, each with its proof.
    async fn events(&mut self, folder: &str, leaves: &[StoredLeaf]) -> Result<()> {
        let mut lines = Vec::new();
        for leaf in leaves {
            let index = leaf.index.unwrap_or_default();
            let encoded = STANDARD.encode(&leaf.bytes).as_str().into();
            line(&mut lines, [("index", Value::Int(int(index)?)), ("leaf", encoded)]);
            let proof = TlogProof {
                extra: None,
                index,
                path: self.nodes.inclusion(index).await?,
                checkpoint: self.head.clone(),
            };
            let path = format!("{folder}/proofs/{index}.tlog-proof");
            self.files.insert(path, proof.to_string().into_bytes());
        }
        self.files.insert(format!("{folder}/events.jsonl"), lines);
        Ok(())
    }

    /// The sealed values of a chain that still exist and stand in its leaves and documents; large ones as artifacts.
    async fn disclosures(
        &mut self,
        chain: Chain,
        folder: &str,
        scope: &BTreeMap<Digest, BTreeSet<SdDigest>>,
    ) -> Result<Vec<Opened>> {
        let holders = scope.keys().copied().collect();
        let mut by_holder: BTreeMap<Digest, Vec<OpenDisclosure>> = BTreeMap::new();
        for open in self.engine.store.disclosures(self.ws, chain, holders).await? {
            by_holder.entry(open.holder).or_default().push(open);
        }
        let (mut lines, mut values) = (Vec::new(), Vec::new());
        for (holder, open) in by_holder {
            let of_holder = scope.get(&holder);
            let read = |open: &OpenDisclosure| {
                Disclosure::open(&open.disclosure.text)
                    .map_err(|fault| Error::internal("a sealed value does not read").because(fault))
            };
            let all = open.iter().map(read).collect::<Result<Vec<_>>>()?;
            let whole = domain::sealed::whole(all);
            for one in &open {
                let digest = &one.disclosure.digest;
                // What is kept beside an event, such as the parts of a large value, is no field of it.
                if !of_holder.is_some_and(|of_holder| of_holder.contains(digest)) {
                    continue;
                }
                let Some(value) = whole.iter().find(|value| value.digest == *digest) else { continue };
                if let Some(stub) =
                    read(one)?.value.get("artifact").filter(|stub| stub.get("sha256").is_some())
                    && let Some(sha256) = stub.get("sha256").and_then(Value::as_str)
                {
                    let text = canonical::to_bytes(&value.value);
                    self.files.insert(format!("artifacts/{sha256}"), text);
                }
                let text = one.disclosure.text.as_str().into();
                line(&mut lines, [("digest", digest.as_str().into()), ("disclosure", text)]);
                values.push(value.clone());
            }
        }
        if !lines.is_empty() {
            self.files.insert(format!("{folder}/disclosures.jsonl"), lines);
        }
        Ok(values)
    }

    /// The attached files that disclosed values name.
    async fn attached(&mut self, opened: &[Opened]) -> Result<()> {
        for value in opened.iter().filter(|value| value.name == "artifact") {
            let digest = value.value.get("sha256").and_then(Value::as_str).and_then(Digest::parse);
            let Some(digest) = digest else { continue };
            if let Some(bytes) = self.engine.artifact_bytes(self.ws, digest).await? {
                self.files.insert(format!("artifacts/{digest}"), bytes);
            }
        }
        Ok(())
    }

    /// The texts that digests in the leaves name: policy sets and manifests.
    async fn texts(&mut self) -> Result<()> {
        let store = &self.engine.store;
        for policy in std::mem::take(&mut self.policies) {
            let entity = store.entity(self.ws, EntityKind::PolicySet, policy.to_string()).await?;
            let Some(entity) = entity else { continue };
            let set: PolicySetBody = body(&entity)?;
            let shapes = Json::parse(&set.shapes.to_string()).map_err(|fault| {
                Error::internal("the shapes of a policy set are malformed").because(fault)
            })?;
            let text = set.text.as_str().into();
            let file = canonical::to_bytes(&object([("shapes", shapes.value()), ("text", text)]));
            self.files.insert(format!("policies/{policy}.json"), file);
        }
        for digest in std::mem::take(&mut self.manifests) {
            if let Some(entity) = store.entity(self.ws, EntityKind::Manifest, digest.clone()).await? {
                let manifest: ManifestBody = body(&entity)?;
                self.files.insert(format!("manifests/{digest}.toml"), manifest.text.into_bytes());
            }
        }
        Ok(())
    }

    /// The whole log as tiles.
    async fn tiles(&mut self) -> Result<()> {
        for tile in tile::tiles(self.head.checkpoint().size) {
            let bytes = self.engine.tile(self.ws, tile).await?;
            self.files.insert(format!("log/{tile}"), bytes);
        }
        Ok(())
    }
}

fn line<const N: usize>(lines: &mut Vec<u8>, members: [(&'static str, Value); N]) {
    lines.extend(canonical::to_bytes(&object(members)));
    lines.push(b'\n');
}

fn int(index: u64) -> Result<i64> {
    i64::try_from(index).map_err(|fault| Error::internal("a place in the log is beyond 2^63").because(fault))
}
