//! Versions, lookups, expiry, stored answers.

use crate::Store;
use crate::commit::Commit;
use crate::contract::fixture::{append, at, commit, entity, request, run, workspace};
use crate::contract::{Place, conflict, race};
use crate::entity::{EntityKind, EntityWrite, Expect};
use crate::error::{Conflict, Error};
use crate::evidence::Chain;
use crate::idempotency::IdempotencyRecord;
use crate::page::Page;

async fn write(store: &dyn Store, write: EntityWrite) -> Result<(), Conflict> {
    match store.commit(Commit { entities: vec![write], ..commit() }).await {
        Ok(_) => Ok(()),
        Err(Error::Conflict(conflict)) => Err(conflict),
        Err(other) => unreachable!("{other}"),
    }
}

/// Absent, this version, or any; deleting starts anew.
pub async fn an_entity_is_written_only_over_the_expected_version(place: &impl Place) {
    let store = place.open().await;
    let lost = Err(Conflict::EntityVersion { id: "a".into() });
    let delete = |expect| EntityWrite { body: None, ..entity("a", expect) };
    for (change, expected, version) in [
        (entity("a", Expect::Version(1)), lost.clone(), None),
        (delete(Expect::Version(1)), lost.clone(), None),
        (entity("a", Expect::Absent), Ok(()), Some(1)),
        (entity("a", Expect::Absent), lost.clone(), Some(1)),
        (entity("a", Expect::Version(1)), Ok(()), Some(2)),
        (entity("a", Expect::Version(1)), lost.clone(), Some(2)),
        (entity("a", Expect::Any), Ok(()), Some(3)),
        (delete(Expect::Version(2)), lost.clone(), Some(3)),
        (delete(Expect::Version(3)), Ok(()), None),
        (delete(Expect::Any), Ok(()), None),
        (entity("a", Expect::Any), Ok(()), Some(1)),
    ] {
        assert_eq!(write(&*store, change.clone()).await, expected, "{change:?}");
        let found = store.entity(workspace(1), EntityKind::Setting, "a".into()).await.unwrap();
        assert_eq!(found.map(|entity| entity.version), version, "{change:?}");
    }
    let writes = (0..20).map(|_| Commit { entities: vec![entity("a", Expect::Version(1))], ..commit() });
    assert_eq!(race(&store, writes, |lost| matches!(lost, Conflict::EntityVersion { .. })).await, 1);
    let other_kind = store.entity(workspace(1), EntityKind::Person, "a".into()).await.unwrap();
    assert_eq!(other_kind, None);
}

/// A lookup text is unique within its kind and free again when it is given up.
pub async fn a_lookup_text_finds_one_entity(place: &impl Place) {
    let store = place.open().await;
    let named = |id: &str, lookup: Option<&str>| EntityWrite {
        lookup: lookup.map(Into::into),
        ..entity(id, Expect::Any)
    };
    let find = async |kind, lookup: &str| {
        store.find(workspace(1), kind, lookup.into()).await.unwrap().map(|entity| entity.id)
    };
    assert_eq!(write(&*store, named("a", Some("x"))).await, Ok(()));
    assert_eq!(write(&*store, named("b", Some("x"))).await, Err(Conflict::Lookup { id: "b".into() }));
    assert_eq!(write(&*store, named("b", None)).await, Ok(()));
    assert_eq!(write(&*store, named("c", None)).await, Ok(()));
    assert_eq!(write(&*store, named("b", Some("x"))).await, Err(Conflict::Lookup { id: "b".into() }));
    assert_eq!(find(EntityKind::Setting, "x").await, Some("a".into()));
    assert_eq!(find(EntityKind::Person, "x").await, None);
    let other_kind = EntityWrite { kind: EntityKind::Person, ..named("p", Some("x")) };
    assert_eq!(write(&*store, other_kind).await, Ok(()));
    assert_eq!(write(&*store, named("a", Some("y"))).await, Ok(()));
    assert_eq!(find(EntityKind::Setting, "x").await, None);
    assert_eq!(write(&*store, named("b", Some("x"))).await, Ok(()));
    assert_eq!(find(EntityKind::Setting, "x").await, Some("b".into()));
}

/// Lists go by id, in pages, of all or of one owner.
pub async fn entities_are_listed_by_id_and_owner(place: &impl Place) {
    let store = place.open().await;
    for (id, owner) in [("c", "x"), ("a", "x"), ("d", "y"), ("b", "x")] {
        let owned = EntityWrite { owner: Some(owner.into()), ..entity(id, Expect::Absent) };
        write(&*store, owned).await.unwrap();
    }
    write(&*store, entity("e", Expect::Absent)).await.unwrap();
    for (owner, expected) in [(None, "abcde"), (Some("x"), "abc"), (Some("y"), "d"), (Some("z"), "")] {
        let (mut seen, mut cursor) = (String::new(), None);
        loop {
            let owner = owner.map(Into::into);
            let Page { items, next } =
                store.entities(workspace(1), EntityKind::Setting, owner, cursor, 2).await.unwrap();
            seen.extend(items.into_iter().map(|entity| entity.id));
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "{owner:?}");
    }
}

/// What expired stays until it is purged, then it is gone; the rest stays.
pub async fn what_expired_is_purged(place: &impl Place) {
    let store = place.open().await;
    for (id, expires) in [("a", Some(10)), ("b", Some(20)), ("c", None)] {
        let expires = expires.map(at);
        write(&*store, EntityWrite { expires, ..entity(id, Expect::Absent) }).await.unwrap();
    }
    let answered = IdempotencyRecord { expires: at(10), ..request("key", b"body") };
    store.commit(Commit { idempotency: Some(answered.clone()), ..commit() }).await.unwrap();
    let there =
        async |id: &str| store.entity(workspace(1), EntityKind::Setting, id.into()).await.unwrap().is_some();
    let asked = async || {
        let request = answered.clone();
        store.idempotent(workspace(1), request.principal, request.operation, request.key).await.unwrap()
    };
    assert_eq!(store.purge(at(9), 100).await.unwrap(), 0);
    assert!(there("a").await && asked().await == Some(answered.clone()));
    assert_eq!(store.purge(at(10), 100).await.unwrap(), 2);
    assert!(!there("a").await && there("b").await && asked().await.is_none());
    assert_eq!(store.purge(at(99), 0).await.unwrap(), 0);
    assert_eq!(store.purge(at(99), 100).await.unwrap(), 1);
    assert!(!there("b").await && there("c").await);
}

/// A request is found again with its answer; its key is free once the answer expired.
pub async fn a_request_is_answered_once(place: &impl Place) {
    let store = place.open().await;
    let asked = |request: IdempotencyRecord, seconds| Commit {
        idempotency: Some(request),
        now: at(seconds),
        ..commit()
    };
    let first = request("key", b"body");
    store.commit(asked(first.clone(), 0)).await.unwrap();
    let same = |principal: &str, operation: &str, key: &str| {
        store.idempotent(workspace(1), principal.into(), operation.into(), key.into())
    };
    assert_eq!(same("agent_1", "propose", "key").await.unwrap(), Some(first.clone()));
    assert_eq!(same("agent_2", "propose", "key").await.unwrap(), None);
    assert_eq!(same("agent_1", "approve", "key").await.unwrap(), None);
    assert_eq!(same("agent_1", "propose", "other").await.unwrap(), None);
    // A replay and a reused key both get the record, whose fingerprint tells them apart.
    let existing = Conflict::Idempotency(Box::new(first.clone()));
    for again in [first.clone(), request("key", b"other body")] {
        assert_eq!(conflict(&*store, asked(again, 99)).await, existing);
    }
    let later = IdempotencyRecord { expires: at(300), ..request("key", b"other body") };
    store.commit(asked(later.clone(), 100)).await.unwrap();
    assert_eq!(same("agent_1", "propose", "key").await.unwrap(), Some(later));
}

/// The same key in flight many times is saved once.
pub async fn one_of_many_equal_requests_wins(place: &impl Place) {
    let store = place.open().await;
    let requests = (0..20).map(|of| Commit {
        idempotency: Some(request("key", b"body")),
        appends: vec![append(Chain::Run(run(of)), 0, 1)],
        ..commit()
    });
    assert_eq!(race(&store, requests, |lost| matches!(lost, Conflict::Idempotency(_))).await, 1);
    assert_eq!(store.chains(workspace(1), None, 100).await.unwrap().len(), 1);
}
