//! Sealed fields: readable while their key lives, never at rest, gone after an erasure.

use std::sync::Arc;

use proof::disclosure::Disclosure;
use proof::tree::leaf_hash;

use crate::Store;
use crate::commit::Commit;
use crate::contract::fixture::{
    append, at, commit, disclosure, document, entity, erasure, leaf, request, run, slug, workspace,
};
use crate::contract::{Place, conflict};
use crate::entity::{EntityWrite, Expect};
use crate::error::{Conflict, Error};
use crate::evidence::{Chain, ErasedChain, Erasure, Scope};

const CANARY: &str = "canary-4711-Møller";

/// A run with one leaf and a sealed field of a subject.
fn sealed(of: u64, subject: u8, value: &str) -> Commit {
    let chain = Chain::Run(run(of));
    let disclosures = vec![disclosure(leaf_hash(&leaf(chain, 0)), subject, value)];
    Commit { appends: vec![append(chain, 0, 1)], disclosures, ..commit() }
}

fn in_class(subject: u8, class: Option<&str>) -> Scope {
    Scope::Subject { subject: [subject; 32], class: class.map(slug) }
}

fn erase(subject: u8, class: Option<&str>, count: usize) -> Commit {
    Commit { erasures: vec![erasure(in_class(subject, class), count)], ..commit() }
}

async fn count(store: &dyn Store, scope: Scope) -> usize {
    store.sealed_fields(workspace(1), scope).await.unwrap().len()
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
    assert_eq!(count(&*store, in_class(1, None)).await, 3);
    assert_eq!(count(&*store, in_class(1, Some("short"))).await, 1);
    let lost = conflict(&*store, erase(1, None, 2)).await;
    assert_eq!(lost, Conflict::Disclosed { actual: 3 });

    store.commit(erase(1, Some("short"), 1)).await.unwrap();
    assert_eq!(values(&*store, 3).await, Vec::<String>::new());
    assert_eq!(values(&*store, 2).await, ["value"]);
    store.commit(erase(1, None, 2)).await.unwrap();
    drop(store);
    let store = place.open().await;
    for (of, left) in [(1, 0), (2, 0), (3, 0), (4, 1)] {
        assert_eq!(values(&*store, of).await.len(), left, "{of}");
        assert_eq!(store.chain(workspace(1), Chain::Run(run(of)), 0, 9).await.unwrap().len(), 1);
    }
    assert_eq!(count(&*store, in_class(1, None)).await, 0);
    store.commit(erase(1, None, 0)).await.unwrap();

    let both = Commit { erasures: erase(7, None, 0).erasures, ..sealed(9, 7, "value") };
    assert!(matches!(store.commit(both).await, Err(Error::Malformed(_))));
}

/// New fields of an erased subject are sealed under a new key.
pub async fn a_subject_that_was_erased_may_come_back(place: &impl Place) {
    let store = place.open().await;
    for of in 1..4 {
        store.commit(sealed(of, 1, "value")).await.unwrap();
        assert_eq!(values(&*store, of).await, ["value"]);
        store.commit(erase(1, None, 1)).await.unwrap();
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
        let known = count(&*store, in_class(1, None)).await;
        match store.commit(erase(1, None, known)).await {
            Ok(_) => erased += known,
            Err(Error::Conflict(Conflict::Disclosed { actual })) => assert!(actual > known),
            Err(other) => unreachable!("{other}"),
        }
        tokio::task::yield_now().await;
    }
    sealing.await.unwrap();
    let mut readable = 0;
    for of in 0..100 {
        readable += values(&*store, of).await.len();
    }
    assert_eq!(readable, count(&*store, in_class(1, None)).await);
    assert_eq!(readable + erased, 100);
}

/// A run whose first leaf holds a field of each of these subjects.
fn shared(of: u64, subjects: &[u8]) -> Commit {
    let chain = Chain::Run(run(of));
    let holder = leaf_hash(&leaf(chain, 0));
    let disclosures = subjects.iter().map(|subject| disclosure(holder, *subject, "value")).collect();
    Commit { appends: vec![append(chain, 0, 1)], disclosures, ..commit() }
}

/// The fields of one run go, whomever they are filed under; a key that seals fields of other runs stays, and that is known.
pub async fn an_erasure_of_a_chain_destroys_the_keys_that_seal_nothing_else(place: &impl Place) {
    let store = place.open().await;
    for (of, subjects) in [(1, &[1, 2][..]), (2, &[1]), (3, &[3])] {
        store.commit(shared(of, subjects)).await.unwrap();
    }
    let chain = Chain::Run(run(1));
    let fields = store.sealed_fields(workspace(1), Scope::Chain(chain)).await.unwrap();
    let told: Vec<_> = fields.iter().map(|field| (field.subject[0], field.shares_key, field.chain)).collect();
    assert_eq!(told, [(1, true, chain), (2, false, chain)]);
    let holder = leaf_hash(&leaf(chain, 0));
    assert!(fields.iter().all(|field| field.holder == holder));

    let whole = Erasure { leaf: Some(4), ..erasure(Scope::Chain(chain), 2) };
    let lost = conflict(&*store, Commit { erasures: vec![whole.clone()], ..commit() }).await;
    assert_eq!((lost, values(&*store, 1).await.len()), (Conflict::KeyShared, 2));
    let partial = Erasure { may_leave_keys: true, ..whole };
    store.commit(Commit { erasures: vec![partial], ..commit() }).await.unwrap();
    drop(store);
    let store = place.open().await;
    let left: Vec<_> =
        [values(&*store, 1).await, values(&*store, 2).await, values(&*store, 3).await].concat();
    assert_eq!(left.len(), 2);
    let scopes = [in_class(1, None), in_class(2, None), in_class(3, None)];
    let mut counts = Vec::new();
    for scope in scopes {
        counts.push(count(&*store, scope).await);
    }
    assert_eq!(counts, [1, 0, 1]);
    let noted = store.erased_chains(workspace(1), 0..=u64::MAX).await.unwrap();
    assert_eq!(noted, [ErasedChain { leaf: 4, chain, keys_left: true }]);
    assert_eq!(store.erased_chains(workspace(1), 5..=9).await.unwrap(), []);
    assert_eq!(store.erased_chains(workspace(2), 0..=9).await.unwrap(), []);
}

/// Fields can be erased by their digests: all that are named, or none.
pub async fn named_fields_go_and_the_others_stay(place: &impl Place) {
    let store = place.open().await;
    store.commit(shared(1, &[1, 1, 2])).await.unwrap();
    let chain = Chain::Run(run(1));
    let fields = store.sealed_fields(workspace(1), Scope::Chain(chain)).await.unwrap();
    let digests = [&fields[0], &fields[2]].map(|field| field.digest.clone()).into();
    let named = Scope::Named { chain, digests };
    let told = store.sealed_fields(workspace(1), named.clone()).await.unwrap();
    assert_eq!(told.iter().map(|field| field.shares_key).collect::<Vec<_>>(), [true, false]);
    let partial = |count| Erasure { may_leave_keys: true, ..erasure(named.clone(), count) };
    let lost = conflict(&*store, Commit { erasures: vec![partial(3)], ..commit() }).await;
    assert_eq!(lost, Conflict::Disclosed { actual: 2 });
    store.commit(Commit { erasures: vec![partial(2)], ..commit() }).await.unwrap();
    let left = store.sealed_fields(workspace(1), Scope::Chain(chain)).await.unwrap();
    assert_eq!(left.iter().map(|field| &field.digest).collect::<Vec<_>>(), [&fields[1].digest]);
    // Nothing was noted, because no leaf names them now.
    assert_eq!(store.erased_chains(workspace(1), 0..=u64::MAX).await.unwrap(), []);
    let again = Chain::Run(run(1));
    let both = Commit {
        appends: vec![append(again, 1, 2)],
        disclosures: vec![disclosure(leaf_hash(&leaf(again, 1)), 5, "value")],
        erasures: vec![erasure(Scope::Chain(again), 1)],
        ..commit()
    };
    assert!(matches!(store.commit(both).await, Err(Error::Malformed(_))));
}

/// Not even the rows of erased fields are left in what a backup would hold, whether their key stayed or not.
pub async fn erased_rows_leave_nothing_at_rest(place: &impl Place) {
    let store = place.open().await;
    let (mut digests, mut kept) = (Vec::new(), Vec::new());
    for of in 1..20 {
        let commit = shared(of, &[1, 2]);
        let named = commit.disclosures.iter().map(|new| new.disclosure.digest.as_str().to_owned());
        if of < 10 {
            digests.extend(named);
        } else {
            kept.extend(named);
        }
        store.commit(commit).await.unwrap();
    }
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    for of in 1..10 {
        let chain = Erasure { may_leave_keys: true, ..erasure(Scope::Chain(Chain::Run(run(of))), 2) };
        store.commit(Commit { erasures: vec![chain], ..commit() }).await.unwrap();
    }
    if let Some(bytes) = place.at_rest() {
        assert!(kept.iter().all(|digest| holds(&bytes, digest)), "what stayed is found, so the search works");
        assert_eq!(digests.iter().filter(|digest| holds(&bytes, digest)).count(), 0);
    }
}

/// A stored answer about an erased run, or of the making of an erased subject, stays and forgets what was asked.
pub async fn stored_answers_forget_what_was_asked_about_erased_fields(place: &impl Place) {
    let store = place.open().await;
    for (of, key) in [(1, "one"), (2, "two"), (3, "made")] {
        let mut commit = shared(of, &[u8::try_from(of).unwrap()]);
        let mut record = request(key, b"a body with a name in it");
        record.run = (of != 3).then(|| run(of));
        record.reply = format!("person {of}").into_bytes();
        commit.idempotency = Some(record);
        store.commit(commit).await.unwrap();
    }
    let scope = in_class(1, None);
    let gone = Erasure { leaf: Some(0), id: Some("person 3".to_owned()), ..erasure(scope, 1) };
    store.commit(Commit { erasures: vec![gone], ..commit() }).await.unwrap();
    for (key, forgets) in [("one", true), ("two", false), ("made", true)] {
        let known = store
            .idempotent(workspace(1), "agent_1".into(), "propose".into(), key.into())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(known.fingerprint.as_bytes() == &[0; 32], forgets, "{key}");
        // The request is still known: sent again it is refused, and not done a second time.
        let again =
            Commit { idempotency: Some(request(key, b"a body with a name in it")), now: at(1), ..commit() };
        assert!(matches!(conflict(&*store, again).await, Conflict::Idempotency(_)), "{key}");
    }
}
