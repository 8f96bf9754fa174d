//! All or nothing, for good, and only inside one workspace.

use domain::id::WorkspaceId;
use proof::tree::leaf_hash;

use crate::Store;
use crate::commit::{Commit, EpochRule};
use crate::contract::fixture::{
    append, at, commit, disclosure, document, entity, erasure, holder, leaf, node, of_subject, projection,
    request, reserve, row, run, slug, take, touch, wait, work_id, workspace,
};
use crate::contract::{Place, conflict, race};
use crate::entity::{EntityKind, EntityWrite, Expect};
use crate::error::Conflict;
use crate::evidence::Chain;
use crate::lease::LeaseChange;
use crate::run::{Projection, RunQuery};
use crate::work::WorkChange;

/// A commit that changes something of every kind, about the run with this number.
fn everything(of: u64) -> Commit {
    let chain = Chain::Run(run(of));
    let mut commit = commit();
    commit.appends = vec![append(chain, 0, 2)];
    commit.documents = vec![document(of, 0)];
    commit.disclosures = vec![
        disclosure(leaf_hash(&leaf(chain, 0)), 1, "in a leaf"),
        disclosure(leaf_hash(&commit.documents[0].bytes), 1, "in a document"),
    ];
    commit.projections = vec![Projection {
        waits: vec![wait("deal-desk", 60)],
        touches: vec![touch(0, 1, 0)],
        record_tokens: vec![[1; 32]],
        ..projection(row(of))
    }];
    let lookup = Some(format!("lookup {of}"));
    commit.entities = vec![EntityWrite { lookup, ..entity(&format!("of {of}"), Expect::Absent) }];
    let (id, run) = (work_id(of), Some(run(of)));
    commit.work = vec![WorkChange::Put { id, run, kind: slug("executor"), due: at(0), payload: vec![] }];
    commit.leases = vec![take(of, u8::try_from(of).unwrap(), 0)];
    commit.usage = vec![reserve(of, 1, 0, None)];
    commit.idempotency = Some(request(&format!("key {of}"), b"body"));
    commit
}

/// What the seam shows of that run and its workspace, as text.
async fn seen(store: &dyn Store, ws: WorkspaceId, of: u64) -> String {
    let chain = Chain::Run(run(of));
    let leaves = store.chain(ws, chain, 0, 10).await.unwrap();
    let documents = store.documents(ws, run(of), 1).await.unwrap();
    let holders = vec![leaf_hash(&leaf(chain, 0)), leaf_hash(&document(of, 0).bytes)];
    let disclosures = store.disclosures(ws, chain, holders).await.unwrap();
    let row = store.run_row(ws, run(of)).await.unwrap();
    let query = RunQuery { record: Some([1; 32]), limit: 10, ..RunQuery::default() };
    let runs = store.runs(ws, query).await.unwrap().items;
    let waits = store.waits(ws, vec![slug("deal-desk")], None, 10).await.unwrap().items;
    let touches = store.touches(ws, [1; 32], None, 10).await.unwrap().items;
    let entity = store.entity(ws, EntityKind::Setting, format!("of {of}")).await.unwrap();
    let found = store.find(ws, EntityKind::Setting, format!("lookup {of}")).await.unwrap();
    let entities = store.entities(ws, EntityKind::Setting, None, None, 10).await.unwrap().items;
    let work = store.work_of(ws, run(of)).await.unwrap();
    let lease = store.lease(ws, [u8::try_from(of).unwrap(); 32]).await.unwrap();
    let usage = store.usage(ws, "agent_1".into(), at(0), None).await.unwrap();
    let request = ("agent_1".into(), "propose".into(), format!("key {of}"));
    let request = store.idempotent(ws, request.0, request.1, request.2).await.unwrap();
    let (control, feed) = (store.control(ws).await.unwrap(), store.feed(ws, 0, 100).await.unwrap());
    let (chains, disclosed) =
        (store.chains(ws, None, 10).await.unwrap(), store.sealed_fields(ws, of_subject(1)).await.unwrap());
    format!(
        "{leaves:?}\n{documents:?}\n{disclosures:?}\n{row:?}\n{runs:?}\n{waits:?}\n{touches:?}\n{entity:?}\n{found:?}
        {entities:?}\n{work:?}\n{lease:?}\n{usage}\n{request:?}\n{control}\n{feed:?}\n{chains:?}\n{disclosed:?}"
    )
}

/// A commit that loses against what [`a_conflict_of_any_kind_saves_nothing`] has saved, however good the rest of it.
#[expect(clippy::type_complexity, reason = "a table of names, changes and checks")]
fn losers() -> Vec<(&'static str, fn(&mut Commit), fn(&Conflict) -> bool)> {
    vec![
        (
            "seq",
            |commit| commit.appends.push(append(Chain::Run(run(1)), 1, 2)),
            |lost| *lost == Conflict::Seq { expected: 1, actual: 2 },
        ),
        (
            "seq beyond the end",
            |commit| commit.appends.push(append(Chain::Run(run(1)), 3, 4)),
            |lost| *lost == Conflict::Seq { expected: 3, actual: 2 },
        ),
        (
            "entity present",
            |commit| commit.entities.push(entity("of 1", Expect::Absent)),
            |lost| *lost == Conflict::EntityVersion { id: "of 1".into() },
        ),
        (
            "entity version",
            |commit| commit.entities.push(entity("of 1", Expect::Version(2))),
            |lost| *lost == Conflict::EntityVersion { id: "of 1".into() },
        ),
        (
            "lookup",
            |commit| {
                let lookup = Some("lookup 1".into());
                commit.entities.push(EntityWrite { lookup, ..entity("other", Expect::Absent) });
            },
            |lost| *lost == Conflict::Lookup { id: "other".into() },
        ),
        (
            "lease taken",
            |commit| commit.leases.push(take(2, 1, 1)),
            |lost| *lost == Conflict::LeaseTaken { holder: holder(1) },
        ),
        ("lease moved", |commit| commit.leases.push(take(2, 9, 1)), |lost| *lost == Conflict::LeaseMoved),
        (
            "lease of another run",
            |commit| commit.leases.push(LeaseChange::Release { key: [1; 32], run: run(2) }),
            |lost| *lost == Conflict::LeaseMoved,
        ),
        (
            "epoch",
            |commit| commit.epoch = EpochRule::MustBe(1),
            |lost| *lost == Conflict::Epoch { actual: 0 },
        ),
        ("fence", |commit| commit.fence = Some((work_id(1), 1)), |lost| *lost == Conflict::Fence),
        (
            "finish of unclaimed work",
            |commit| commit.work.push(WorkChange::Finish { id: work_id(1), fence: 0 }),
            |lost| *lost == Conflict::Fence,
        ),
        (
            "usage",
            |commit| commit.usage.push(reserve(3, 1, 0, Some(0))),
            |lost| matches!(lost, Conflict::Usage { .. }),
        ),
        (
            "idempotency",
            |commit| commit.idempotency = Some(request("key 1", b"other body")),
            |lost| *lost == Conflict::Idempotency(Box::new(request("key 1", b"body"))),
        ),
        (
            "erasure",
            |commit| commit.erasures = vec![erasure(of_subject(5), 1)],
            |lost| *lost == Conflict::Disclosed { actual: 0 },
        ),
    ]
}

/// A commit that loses leaves no trace, whatever it lost.
pub async fn a_conflict_of_any_kind_saves_nothing(place: &impl Place) {
    let store = place.open().await;
    store.commit(everything(1)).await.unwrap();
    let before = (seen(&*store, workspace(1), 1).await, seen(&*store, workspace(1), 2).await);
    for (name, lose, expected) in losers() {
        let mut loser = everything(2);
        lose(&mut loser);
        let lost = conflict(&*store, loser).await;
        assert!(expected(&lost), "{name}: {lost:?}");
        let after = (seen(&*store, workspace(1), 1).await, seen(&*store, workspace(1), 2).await);
        assert_eq!(after, before, "{name}");
    }
    // The rest was good all the time.
    store.commit(everything(2)).await.unwrap();
    assert_ne!(seen(&*store, workspace(1), 2).await, before.1);
}

/// Commits that are made together do not share their fate.
pub async fn a_lost_commit_leaves_its_neighbors_alone(place: &impl Place) {
    let store = place.open().await;
    store.commit(everything(1)).await.unwrap();
    let commits = (2..102).map(|of| {
        let mut commit = everything(of);
        if of % 2 == 0 {
            commit.appends.push(append(Chain::Run(run(1)), 0, 1));
        }
        commit
    });
    let saved = race(&store, commits, |lost| *lost == Conflict::Seq { expected: 0, actual: 2 }).await;
    assert_eq!(saved, 50);
    for of in 2..102 {
        let leaves = store.chain(workspace(1), Chain::Run(run(of)), 0, 10).await.unwrap();
        assert_eq!(leaves.len(), if of % 2 == 0 { 0 } else { 2 }, "{of}");
    }
}

/// What was answered is there after the store was closed.
pub async fn everything_is_there_after_opening_again(place: &impl Place) {
    let store = place.open().await;
    store.commit(everything(1)).await.unwrap();
    let before = seen(&*store, workspace(1), 1).await;
    drop(store);
    let store = place.open().await;
    assert_eq!(seen(&*store, workspace(1), 1).await, before);
    assert_eq!(store.workspaces().await.unwrap(), [workspace(1)]);
    let next = append(Chain::Run(run(1)), 2, 3);
    let committed = store.commit(Commit { appends: vec![next], ..commit() }).await.unwrap();
    assert_eq!(committed.leaves(), [(Chain::Run(run(1)), 2, leaf_hash(&leaf(Chain::Run(run(1)), 2)))]);
}

/// Whatever one workspace has, another one has nothing of it, before and after its own first commit.
pub async fn another_workspace_sees_nothing(place: &impl Place) {
    let store = place.open().await;
    let nothing = seen(&*store, workspace(2), 1).await;
    store.commit(everything(1)).await.unwrap();
    assert_eq!(seen(&*store, workspace(2), 1).await, nothing);
    assert_ne!(seen(&*store, workspace(1), 1).await, nothing);

    let foreign = Commit { workspace: workspace(2), ..commit() };
    store.commit(foreign.clone()).await.unwrap();
    assert_eq!(seen(&*store, workspace(2), 1).await, nothing);
    let claimed = store.claim(at(0), node(1), 1000, &["executor"], 1).await.unwrap();
    assert_eq!(claimed[0].ws, workspace(1));
    let fence = Some((work_id(1), claimed[0].fence));
    assert_eq!(conflict(&*store, Commit { fence, ..foreign.clone() }).await, Conflict::Fence);
    let finish = vec![WorkChange::Finish { id: work_id(1), fence: claimed[0].fence }];
    assert_eq!(conflict(&*store, Commit { work: finish, ..foreign }).await, Conflict::Fence);

    // Names are free in each workspace.
    let mut same = everything(1);
    same.workspace = workspace(2);
    same.work.clear();
    store.commit(same).await.unwrap();
}

/// A database that was only written through the seam is sound.
pub async fn a_sound_database_finds_nothing_wrong_with_itself(place: &impl Place) {
    let store = place.open().await;
    for of in 0..20 {
        let appends = vec![append(Chain::Run(run(of)), 0, 3)];
        store.commit(Commit { appends, ..commit() }).await.unwrap();
    }
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}
