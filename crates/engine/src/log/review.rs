//! The whole log computed anew: leaves, chains, tree, heads, plans and sealed values against each other.
//!
//! Reading checks what it reads; this looks at everything, also at what nobody has read for years.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{PersonId, RunId, WorkspaceId};
use domain::name::Slug;
use domain::wire;
use domain::workspace::{LogVerified, WorkspaceEvent};
use proof::checkpoint::SignedCheckpoint;
use proof::digest::{Digest, Tag, tagged_bytes};
use proof::disclosure::Disclosure;
use proof::document::MutationDocument;
use proof::leaf::{Leaf, SdDigest};
use proof::note::VerifierKey;
use proof::tree::{Frontier, root};
use store::log::{LEVELS_MAX, LOG_READ_MAX};
use store::{Chain, EntityKind, StoredCheckpoint};

use crate::control::{Control, ManifestBody, PolicySetBody};
use crate::{Engine, Result};

/// Findings that are told one by one.
const FINDINGS_MAX: usize = 200;

/// What a review of a log found.
#[derive(Debug, Clone, Default)]
pub struct LogReview {
    /// Leaves that were looked at.
    pub size: u64,
    /// The root over them.
    pub root: Option<Digest>,
    /// Signed heads that were compared.
    pub heads: u64,
    /// Sealed values that were opened.
    pub values: u64,
    /// What is not as it was written, in words; the first 200.
    pub findings: Vec<String>,
    /// How many there are.
    pub found: usize,
}

impl LogReview {
    /// Whether everything agrees.
    pub fn is_sound(&self) -> bool {
        self.found == 0
    }

    /// The word in `log.verified`.
    pub fn verdict(&self) -> &'static str {
        if self.is_sound() { "valid" } else { "tampered" }
    }

    fn found(&mut self, what: impl Into<String>) {
        self.found += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(what.into());
        }
    }
}

/// Where a chain stands while the log is read.
struct Link {
    next: u64,
    prev: Digest,
    time: String,
}

/// What is gathered while the log is read.
#[derive(Default)]
struct Reading {
    links: BTreeMap<Chain, Link>,
    /// The digests that each leaf names, by chain.
    sealed: BTreeMap<Chain, BTreeMap<Digest, BTreeSet<SdDigest>>>,
    erased: BTreeSet<SdDigest>,
    /// Who has a seat in which group, as the acts say.
    seats: BTreeSet<(Slug, PersonId)>,
    /// The policy set in force, as the acts say.
    policy: Option<Digest>,
    /// The plans that were previewed: revision, count and root.
    plans: BTreeMap<RunId, Vec<(u32, u32, Digest)>>,
    /// Complete subtrees of 256^level leaves, from level 1 on.
    subtrees: BTreeMap<u8, Vec<Digest>>,
}

impl Engine {
    /// Looks at everything that the log of a workspace holds. `told` hears how many leaves were read.
    pub async fn review_log(&self, ws: WorkspaceId, mut told: impl FnMut(u64)) -> Result<LogReview> {
        let mut review = LogReview::default();
        let keys = self.log_keys(ws).await?;
        let epoch = self.store.control(ws).await?;
        let (mut frontier, mut reading) = (Frontier::default(), Reading::default());
        let size = self.store.integrate(ws).await?;
        let mut head = self.store.checkpoint(ws, Some(0)).await?;
        while frontier.size() < size {
            let entries = match self.store.entries(ws, frontier.size(), LOG_READ_MAX).await {
                Ok(entries) => entries,
                Err(error @ store::Error::Corrupt { .. }) => {
                    review.found(format!("after leaf {}: {error}", frontier.size()));
                    break;
                }
                Err(error) => return Err(error.into()),
            };
            for entry in entries.into_iter().filter(|entry| entry.index < size) {
                reading.leaf(&entry, &mut review);
                frontier.append_each(entry.hash, |level, _, node| {
                    if level > 0 && level % 8 == 0 {
                        let level = u8::try_from(level / 8).unwrap_or(u8::MAX);
                        reading.subtrees.entry(level).or_default().push(node);
                    }
                });
                while let Some(kept) = head.take_if(|kept| kept.size <= frontier.size()) {
                    compare(&kept, &frontier, &keys, &mut review);
                    head = self.store.checkpoint(ws, Some(kept.size + 1)).await?;
                }
            }
            told(frontier.size());
        }
        if let Some(beyond) = head {
            review.found(format!("the head of {} leaves covers leaves that are not there", beyond.size));
        }
        self.review_subtrees(ws, &reading, &mut review).await?;
        self.review_plans(ws, &mut reading, &mut review).await?;
        self.review_values(ws, &reading, &mut review).await?;
        self.review_rest(ws, epoch, &reading, &mut review).await?;
        if let Some(why) = self.evidence_heads(ws).fork_risk {
            review.found(format!("nothing is signed: {why}"));
        }
        review.size = frontier.size();
        review.root = Some(frontier.root());
        Ok(review)
    }

    async fn review_subtrees(
        &self,
        ws: WorkspaceId,
        reading: &Reading,
        review: &mut LogReview,
    ) -> Result<()> {
        for level in 1..=LEVELS_MAX {
            let due = reading.subtrees.get(&level).map(Vec::as_slice).unwrap_or_default();
            let mut kept = Vec::new();
            loop {
                let from = u64::try_from(kept.len()).unwrap_or(u64::MAX);
                match self.store.subtrees(ws, level, from, LOG_READ_MAX).await {
                    Ok(page) if page.is_empty() => break,
                    Ok(page) => kept.extend(page),
                    Err(error @ store::Error::Corrupt { .. }) => {
                        review.found(format!("subtrees of level {level}: {error}"));
                        break;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            // Leaves may have been added since the log was read; what was complete by then must be the same.
            if kept.get(..due.len()) != Some(due) {
                review.found(format!("subtrees of level {level} do not follow from the leaves"));
            }
        }
        Ok(())
    }

    async fn review_plans(
        &self,
        ws: WorkspaceId,
        reading: &mut Reading,
        review: &mut LogReview,
    ) -> Result<()> {
        for (run, plans) in std::mem::take(&mut reading.plans) {
            for (revision, count, planned) in plans {
                let documents = match self.store.documents(ws, run, revision).await {
                    Ok(documents) => documents,
                    Err(error @ store::Error::Corrupt { .. }) => {
                        review.found(format!("plan {revision} of {run}: {error}"));
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                let hashes: Vec<Digest> = documents.iter().map(|document| document.hash).collect();
                if usize::try_from(count) != Ok(hashes.len()) || root(&hashes) != planned {
                    review.found(format!("plan {revision} of {run} is not the one that was previewed"));
                }
                let sealed = reading.sealed.entry(Chain::Run(run)).or_default();
                for document in documents {
                    match MutationDocument::parse(&document.bytes) {
                        Ok(read) => {
                            sealed.insert(document.hash, read.sd.into_iter().chain(read.changes).collect());
                        }
                        Err(fault) => review.found(format!("plan {revision} of {run}: {fault}")),
                    }
                }
            }
        }
        Ok(())
    }

    /// Every sealed value opens to what its holder names, or was erased, which the log says.
    async fn review_values(&self, ws: WorkspaceId, reading: &Reading, review: &mut LogReview) -> Result<()> {
        for (chain, holders) in &reading.sealed {
            let name = named(*chain);
            let opened = match self.store.disclosures(ws, *chain, holders.keys().copied().collect()).await {
                Ok(opened) => opened,
                Err(error @ (store::Error::Corrupt { .. } | store::Error::Vault(_))) => {
                    review.found(format!("sealed values of {name}: {error}"));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let mut known = BTreeSet::new();
            for value in &opened {
                review.values += 1;
                let digest = Disclosure::open(&value.disclosure.text).map(|opened| opened.digest);
                if digest.as_ref() != Ok(&value.disclosure.digest) {
                    review.found(format!("a sealed value of {name} is not the one that its digest names"));
                }
                known.insert(&value.disclosure.digest);
                if reading.erased.contains(&value.disclosure.digest) {
                    review.found(format!("a value of {name} was erased and is there"));
                }
            }
            let missing = holders
                .values()
                .flatten()
                .filter(|digest| !known.contains(digest) && !reading.erased.contains(*digest));
            match missing.count() {
                0 => {}
                missing => review.found(format!("{name} lacks {missing} sealed values that nobody erased")),
            }
        }
        Ok(())
    }
}

impl Engine {
    /// What is read beside the log: who has a seat, which policy set is in force, the rows of lists, and the database's own
    /// structure.
    async fn review_rest(
        &self,
        ws: WorkspaceId,
        epoch: u64,
        reading: &Reading,
        review: &mut LogReview,
    ) -> Result<()> {
        let control = self.control(ws).await?;
        // Acts that came while the log was read are not in what was read.
        if control.epoch == epoch {
            seats_and_policy(&control, reading, review);
        }
        for (entity, body) in self.all::<ManifestBody>(ws, EntityKind::Manifest).await? {
            if tagged_bytes(Tag::Manifest, body.text.as_bytes()).to_string() != entity.id {
                review.found(format!("the manifest `{}` has another text", entity.id));
            }
        }
        for (entity, body) in self.all::<PolicySetBody>(ws, EntityKind::PolicySet).await? {
            let set = body.shapes().ok().and_then(|shapes| policy::schema::Schema::new(shapes).ok());
            let set = set.and_then(|schema| policy::set::PolicySet::load(&body.text, &schema).ok());
            if set.is_none_or(|set| set.digest().to_string() != entity.id) {
                review.found(format!("the policy set `{}` has another text", entity.id));
            }
        }
        let rows = self.review_rows(ws, false, |_| {}).await?;
        for run in rows.differing {
            review.found(format!("lists show something else of {run} than its events say"));
        }
        for (run, error) in rows.damaged {
            review.found(format!("{run} does not replay: {error}"));
        }
        for wrong in self.store.check().await? {
            review.found(format!("the database: {wrong}"));
        }
        Ok(())
    }
}

fn seats_and_policy(control: &Control, reading: &Reading, review: &mut LogReview) {
    let mut seats = BTreeSet::new();
    for (name, group) in &control.groups {
        let members = group.members.keys().filter_map(|person| PersonId::parse(person).ok());
        seats.extend(members.map(|person| (name.clone(), person)));
    }
    for (group, person) in seats.symmetric_difference(&reading.seats) {
        review.found(format!("the seat of {person} in `{group}` is not what the acts of the workspace say"));
    }
    if control.settings.active_policy.as_deref().and_then(Digest::parse) != reading.policy {
        review.found("the policy set in force is not the one that was activated last");
    }
}

impl Reading {
    fn leaf(&mut self, entry: &store::LogEntry, review: &mut LogReview) {
        let place = || format!("leaf {} ({}, event {})", entry.index, named(entry.chain), entry.seq);
        let leaf = match Leaf::parse(&entry.bytes) {
            Ok(leaf) => leaf,
            Err(fault) => return review.found(format!("{}: {fault}", place())),
        };
        let run = match entry.chain {
            Chain::Workspace => None,
            Chain::Run(run) => Some(run.to_string()),
        };
        let link = self.links.get(&entry.chain);
        let due = link.map_or((0, None), |link| (link.next, Some(link.prev)));
        if leaf.run != run || leaf.seq != entry.seq || (leaf.seq, leaf.prev) != due {
            review.found(format!("{} does not continue its chain", place()));
        }
        if link.is_some_and(|link| leaf.time < link.time) {
            review.found(format!("{} is earlier than the one before it", place()));
        }
        let link = Link { next: entry.seq + 1, prev: entry.hash, time: leaf.time.clone() };
        self.links.insert(entry.chain, link);
        match entry.chain {
            Chain::Run(run) => match wire::read(entry.seq, &entry.bytes) {
                Ok(read) => {
                    if let domain::event::Event::PlanPreviewed(event) = read.event {
                        self.plans.entry(run).or_default().push((event.revision, event.count, event.root));
                    }
                }
                Err(fault) => review.found(format!("{}: {fault}", place())),
            },
            Chain::Workspace => match WorkspaceEvent::read(&leaf.kind, leaf.data) {
                Ok(WorkspaceEvent::DisclosureErased(event)) => self.erased.extend(event.digests),
                Ok(WorkspaceEvent::PolicyActivated(event)) => self.policy = Some(event.policy),
                Ok(WorkspaceEvent::ApproverEnrolled(event)) => {
                    self.seats.extend(event.groups.into_iter().map(|group| (group, event.approver)));
                }
                Ok(WorkspaceEvent::ApproverRemoved(event)) => {
                    self.seats
                        .retain(|(group, person)| *person != event.approver || !event.groups.contains(group));
                }
                Ok(_) => {}
                Err(fault) => review.found(format!("{}: {fault}", place())),
            },
        }
        self.sealed.entry(entry.chain).or_default().insert(entry.hash, leaf.sd.into_iter().collect());
    }
}

fn compare(kept: &StoredCheckpoint, frontier: &Frontier, keys: &[VerifierKey], review: &mut LogReview) {
    review.heads += 1;
    let place = format!("the head of {} leaves", kept.size);
    let Ok(head) = SignedCheckpoint::parse(kept.note.as_bytes()) else {
        return review.found(format!("{place} is damaged"));
    };
    if !head.verify(keys).is_ok_and(|signed| !signed.is_empty()) {
        review.found(format!("{place} has a signature that is not ours"));
    }
    if head.checkpoint().size != kept.size || head.checkpoint().root != frontier.root() {
        review.found(format!("{place} is not that of the leaves"));
    }
}

fn named(chain: Chain) -> String {
    match chain {
        Chain::Workspace => "the workspace chain".to_owned(),
        Chain::Run(run) => run.to_string(),
    }
}

/// The event that says what came out.
pub(crate) fn verified(review: &LogReview) -> Option<WorkspaceEvent> {
    let verdict = crate::ledger::slug(review.verdict());
    review.root.map(|root| WorkspaceEvent::LogVerified(LogVerified { root, size: review.size, verdict }))
}
