//! Sealed fields: readable while their key lives, never at rest, gone after an erasure.

use std::sync::Arc;

use proof::disclosure::Disclosure;
use proof::tree::leaf_hash;

use crate::Store;
use crate::commit::Commit;
use crate::contract::fixture::{append, commit, disclosure, document, entity, leaf, run, slug, workspace};
use crate::contract::{Place, conflict};
use crate::entity::{EntityWrite, Expect};
use crate::error::{Conflict, Error};
use crate::evidence::{Chain, Erasure};

const CANARY: &str = "canary-4711-Møller";

/// A run with one leaf and a sealed field of a subject.
fn sealed(of: u64, subject: u8, value: &str) -> Commit {
    let chain = Chain::Run(run(of));
    let disclosures = vec![disclosure(leaf_hash(&leaf(chain, 0)), subject, value)];
    Commit { appends: vec![append(chain, 0, 1)], disclosures, ..commit() }
}

fn erasure(subject: u8, class: Option<&str>, count: usize) -> Commit {
    let erasures = vec![Erasure { subject: [subject; 32], class: class.map(slug), count }];
    Commit { erasures, ..commit() }
}

/// The values that can be read of a run's first leaf.
async fn values(store: &dyn Store, of: u64) -> Vec<String> {
    let chain = Chain::Run(run(of));
    let open = store.disclosures(workspace(1), chain, vec![leaf_hash(&leaf(chain, 0))]).await.unwrap();
    open.iter()
        .map(|open| {
            let opened = Disclosure::open(&open.disclosure.text).unwrap();
            assert_eq!(opened.digest, open.disclosure.digest);
            opened.value.as_str().unwrap().to_owned()
        })
        .collect()
}

/// A field opens to the very text that was sealed, for the holders asked for and in their chain only.
pub async fn sealed_fields_open_for_their_holders(place: &impl Place) {
    let store = place.open().await;
    let chain = Chain::Run(run(1));
    let mut commit = sealed(1, 1, "first");
    commit.documents = (0..100).map(|n| document(1, n)).collect();
    let holders: Vec<_> = commit.documents.iter().map(|document| leaf_hash(&document.bytes)).collect();
    commit.disclosures.extend(holders.iter().map(|holder| disclosure(*holder, 2, "each")));
    let given = commit.disclosures.clone();
    store.commit(commit).await.unwrap();
    assert_eq!(values(&*store, 1).await, ["first"]);
    let open = store.disclosures(workspace(1), chain, holders.clone()).await.unwrap();
    assert_eq!(open.len(), 100);
    for open in &open {
        let given = given.iter().find(|given| given.disclosure.digest == open.disclosure.digest).unwrap();
        assert_eq!((open.holder, &open.disclosure.text), (given.holder, &given.disclosure.text));
    }
    assert_eq!(store.disclosures(workspace(1), Chain::Run(run(2)), holders.clone()).await.unwrap(), []);
    assert_eq!(store.disclosures(workspace(1), Chain::Workspace, holders).await.unwrap(), []);
    assert_eq!(store.disclosures(workspace(1), chain, vec![]).await.unwrap(), []);
}

/// Neither the value nor the text of its disclosure is in the database or its log.
pub async fn no_sealed_value_is_readable_at_rest(place: &impl Place) {
    let store = place.open().await;
    let mut commit = sealed(1, 1, CANARY);
    let text = commit.disclosures[0].disclosure.text.clone();
    commit.entities = vec![EntityWrite { body: Some(b"sentinel-0815".to_vec()), ..entity("a", Expect::Any) }];
    store.commit(commit).await.unwrap();
    let holds =
        |bytes: &[u8], needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    for _ in 0..2 {
        if let Some(bytes) = place.at_rest() {
            assert!(holds(&bytes, "sentinel-0815"), "what is not sealed is found, so the search works");
            assert!(!holds(&bytes, CANARY) && !holds(&bytes, &text));
        }
        // Read it, then look again: reading leaves no trace either.
        assert_eq!(values(&*store, 1).await, [CANARY]);
    }
}

/// An erasure takes the fields of its subject and class, all of them or none, and opening again brings none back.
pub async fn an_erasure_is_final_and_exact(place: &impl Place) {
    let store = place.open().await;
    for (of, subject, class) in [(1, 1, "standard"), (2, 1, "standard"), (3, 1, "short"), (4, 2, "standard")]
    {
        let mut commit = sealed(of, subject, "value");
        commit.disclosures[0].class = slug(class);
        store.commit(commit).await.unwrap();
    }
    let short = Some(slug("short"));
    assert_eq!(store.disclosed(workspace(1), [1; 32], None).await.unwrap().len(), 3);
    assert_eq!(store.disclosed(workspace(1), [1; 32], short.clone()).await.unwrap().len(), 1);
    let lost = conflict(&*store, erasure(1, None, 2)).await;
    assert_eq!(lost, Conflict::Disclosed { actual: 3 });

    store.commit(erasure(1, Some("short"), 1)).await.unwrap();
    assert_eq!(values(&*store, 3).await, Vec::<String>::new());
    assert_eq!(values(&*store, 2).await, ["value"]);
    store.commit(erasure(1, None, 2)).await.unwrap();
    drop(store);
    let store = place.open().await;
    for (of, left) in [(1, 0), (2, 0), (3, 0), (4, 1)] {
        assert_eq!(values(&*store, of).await.len(), left, "{of}");
        assert_eq!(store.chain(workspace(1), Chain::Run(run(of)), 0, 9).await.unwrap().len(), 1);
    }
    assert_eq!(store.disclosed(workspace(1), [1; 32], None).await.unwrap(), []);
    store.commit(erasure(1, None, 0)).await.unwrap();

    let both = Commit { erasures: erasure(7, None, 0).erasures, ..sealed(9, 7, "value") };
    assert!(matches!(store.commit(both).await, Err(Error::Malformed(_))));
}

/// New fields of an erased subject are sealed under a new key.
pub async fn a_subject_that_was_erased_may_come_back(place: &impl Place) {
    let store = place.open().await;
    for of in 1..4 {
        store.commit(sealed(of, 1, "value")).await.unwrap();
        assert_eq!(values(&*store, of).await, ["value"]);
        store.commit(erasure(1, None, 1)).await.unwrap();
        assert_eq!(values(&*store, of).await.len(), 0);
    }
}

/// Fields that are sealed while their subject is erased end up readable or erased, never unreadable without a trace.
pub async fn a_field_sealed_during_an_erasure_stays_readable_or_goes_with_it(place: &impl Place) {
    let store = place.open().await;
    let sealing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for of in 0..100 {
                store.commit(sealed(of, 1, "value")).await.unwrap();
            }
        })
    };
    let mut erased = 0;
    while !sealing.is_finished() {
        let count = store.disclosed(workspace(1), [1; 32], None).await.unwrap().len();
        match store.commit(erasure(1, None, count)).await {
            Ok(_) => erased += count,
            Err(Error::Conflict(Conflict::Disclosed { actual })) => assert!(actual > count),
            Err(other) => unreachable!("{other}"),
        }
        tokio::task::yield_now().await;
    }
    sealing.await.unwrap();
    let mut readable = 0;
    for of in 0..100 {
        readable += values(&*store, of).await.len();
    }
    assert_eq!(readable, store.disclosed(workspace(1), [1; 32], None).await.unwrap().len());
    assert_eq!(readable + erased, 100);
}
