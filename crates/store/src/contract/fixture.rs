//! Ids, rows and commits for the promises: the smallest that are valid.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::id::{NodeId, RunId, WorkId, WorkspaceId};
use domain::name::Slug;
use domain::time::Timestamp;
use proof::digest::Digest;
use proof::disclosure::Disclosure;
use proof::json::Object;
use proof::leaf::{By, ByKind, Leaf};
use proof::tree::leaf_hash;

use crate::commit::Commit;
use crate::entity::{EntityKind, EntityWrite, Expect};
use crate::evidence::{Chain, ChainAppend, Erasure, NewDisclosure, NewDocument, Scope};
use crate::idempotency::IdempotencyRecord;
use crate::lease::{LeaseChange, LeaseHolder};
use crate::run::{Extent, Projection, RunRow, Touch, Wait};
use crate::usage::{Reservation, UsageChange};
use crate::work::WorkChange;

/// 2026-11-23 in the afternoon.
pub(crate) const START_MS: i64 = 1_795_500_000_000;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START_MS).plus_ms(seconds * 1000)
}

/// Ids that differ in every test of a process, ordered by their number.
fn random(number: u64) -> [u8; 10] {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    random
}

pub(crate) fn workspace(number: u64) -> WorkspaceId {
    WorkspaceId::new(at(0), random(number))
}

pub(crate) fn run(number: u64) -> RunId {
    RunId::new(at(0), random(number))
}

pub(crate) fn node(number: u64) -> NodeId {
    NodeId::new(at(0), random(number))
}

pub(crate) fn work_id(number: u64) -> WorkId {
    WorkId::new(at(0), random(number))
}

pub(crate) fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

/// An empty commit of the first workspace.
pub(crate) fn commit() -> Commit {
    Commit::new(workspace(1), at(0))
}

pub(crate) fn leaf(chain: Chain, seq: u64) -> Vec<u8> {
    let run = match chain {
        Chain::Workspace => None,
        Chain::Run(run) => Some(run.to_string()),
    };
    Leaf {
        sd: vec![],
        by: By { id: node(1).to_string(), kind: ByKind::System },
        cause: vec![],
        data: Object::new(),
        node: node(1).to_string(),
        prev: (seq > 0).then(|| leaf_hash(b"before")),
        run,
        seq,
        time: at(i64::try_from(seq).unwrap()).to_string(),
        kind: if seq == 0 { "run.proposed".into() } else { "run.commented".into() },
    }
    .to_bytes()
    .unwrap()
}

/// Leaves of a chain from one place to another.
pub(crate) fn append(chain: Chain, from: u64, to: u64) -> ChainAppend {
    ChainAppend { chain, expected_seq: from, leaves: (from..to).map(|seq| leaf(chain, seq)).collect() }
}

pub(crate) fn document(of: u64, n: u32) -> NewDocument {
    let bytes = format!("document {n} of {}", run(of)).into_bytes();
    NewDocument { run: run(of), revision: 1, n, bytes }
}

pub(crate) fn disclosure(holder: Digest, subject: u8, value: &str) -> NewDisclosure {
    static SALT: AtomicU64 = AtomicU64::new(0);
    let mut salt = [0; 32];
    salt[..8].copy_from_slice(&SALT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    let disclosure = Disclosure::seal(salt, "reason", &value.into()).unwrap();
    NewDisclosure { holder, disclosure, subject: [subject; 32], class: slug("standard") }
}

pub(crate) fn of_subject(subject: u8) -> Scope {
    Scope::Subject { subject: [subject; 32], class: None }
}

/// An erasure that nobody keeps a note of.
pub(crate) fn erasure(scope: Scope, count: usize) -> Erasure {
    Erasure { scope, count, may_leave_keys: false, leaf: None, id: None }
}

pub(crate) fn row(of: u64) -> RunRow {
    RunRow {
        id: run(of),
        stage: "proposed".into(),
        workflow: "renewals".into(),
        source: "assistant".into(),
        environment: "simulation".into(),
        connector: "crm-main".into(),
        object: "opportunity".into(),
        action: "salesforce.opportunity.update".into(),
        proposer: "agent_1".into(),
        agent_owner: None,
        policy: None,
        plan_digest: None,
        decision: None,
        risk: None,
        mutations: 1,
        revision: 1,
        created: at(0),
        updated: at(0),
        deadline: at(1000),
        closed: None,
        holder: None,
        recovers: None,
        branched_from: None,
        events: 1,
    }
}

pub(crate) fn projection(row: RunRow) -> Projection {
    Projection { row, waits: vec![], touches: vec![], record_tokens: vec![], extent: Extent::Whole }
}

pub(crate) fn wait(group: &str, expires: i64) -> Wait {
    Wait { group: slug(group), needed: 2, expires: at(expires) }
}

pub(crate) fn touch(n: u32, record: u8, seconds: i64) -> Touch {
    Touch {
        record: [record; 32],
        n,
        connector: "crm-main".into(),
        object: "opportunity".into(),
        action: "salesforce.opportunity.update".into(),
        outcome: "applied".into(),
        at: at(seconds),
    }
}

pub(crate) fn entity(id: &str, expect: Expect) -> EntityWrite {
    EntityWrite {
        kind: EntityKind::Setting,
        id: id.into(),
        expect,
        body: Some(format!("{{\"id\":\"{id}\"}}").into_bytes()),
        lookup: None,
        owner: None,
        expires: None,
    }
}

pub(crate) fn put_work(number: u64, kind: &str, due: i64) -> WorkChange {
    WorkChange::Put {
        id: work_id(number),
        run: Some(run(1)),
        kind: slug(kind),
        due: at(due),
        payload: vec![7],
    }
}

pub(crate) fn holder(of: u64) -> LeaseHolder {
    LeaseHolder { run: run(of), n: 0, attempt: 1, node: node(1), generation: 1 }
}

pub(crate) fn take(of: u64, key: u8, expected_counter: u64) -> LeaseChange {
    LeaseChange::Take { key: [key; 32], expected_counter, holder: holder(of) }
}

pub(crate) fn reserve(of: u64, amount: u32, seconds: i64, seen: Option<u64>) -> UsageChange {
    let scope = "agent_1".to_owned();
    UsageChange::Reserve(Reservation { scope, run: run(of), amount, at: at(seconds), window_s: 3600, seen })
}

pub(crate) fn request(key: &str, fingerprint: &[u8]) -> IdempotencyRecord {
    IdempotencyRecord {
        principal: "agent_1".into(),
        operation: "propose".into(),
        key: key.into(),
        fingerprint: leaf_hash(fingerprint),
        status: 201,
        run: Some(run(1)),
        reply: vec![1, 2, 3],
        created: at(0),
        expires: at(100),
    }
}
