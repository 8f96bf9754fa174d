//! Query rows: lists, inbox, record history.

use domain::id::RunId;
use proof::tree::leaf_hash;

use crate::Store;
use crate::commit::Commit;
use crate::contract::Place;
use crate::contract::fixture::{at, commit, node, projection, row, run, slug, touch, wait, workspace};
use crate::error::Error;
use crate::evidence::Chain;
use crate::page::{Cursor, PAGE_MAX, Page};
use crate::run::{Extent, Projection, RunQuery, RunRow};

async fn project(store: &dyn Store, projections: Vec<Projection>) {
    store.commit(Commit { projections, ..commit() }).await.unwrap();
}

fn ids(page: &Page<RunRow>) -> Vec<RunId> {
    page.items.iter().map(|row| row.id).collect()
}

fn runs(numbers: &[u64]) -> Vec<RunId> {
    numbers.iter().map(|number| run(*number)).collect()
}

fn query() -> RunQuery {
    RunQuery { limit: PAGE_MAX, ..RunQuery::default() }
}

/// The newest projection is what the reads show; rows that it does not have are gone.
pub async fn a_projection_replaces_the_rows_of_its_run(place: &impl Place) {
    let store = place.open().await;
    let first = Projection {
        waits: vec![wait("deal-desk", 60), wait("legal", 30)],
        touches: vec![touch(0, 1, 0), touch(1, 2, 0)],
        record_tokens: vec![[1; 32], [2; 32]],
        ..projection(row(1))
    };
    project(&*store, vec![first]).await;
    assert_eq!(store.run_row(workspace(1), run(1)).await.unwrap(), Some(row(1)));
    let changed = RunRow {
        stage: "authorized".into(),
        connector: "crm-other".into(),
        agent_owner: Some(domain::id::PersonId::new(at(0), [1; 10])),
        policy: Some(leaf_hash(b"policy")),
        plan_digest: Some(leaf_hash(b"plan")),
        decision: Some("approval".into()),
        risk: Some("high".into()),
        mutations: 2,
        revision: 3,
        updated: at(5),
        deadline: at(50),
        closed: Some(at(6)),
        holder: Some(domain::id::PersonId::new(at(0), [2; 10])),
        recovers: Some(run(7)),
        branched_from: Some(run(8)),
        events: 9,
        ..row(1)
    };
    let second = Projection {
        waits: vec![wait("legal", 40)],
        touches: vec![touch(1, 3, 1)],
        record_tokens: vec![[3; 32]],
        ..projection(changed.clone())
    };
    project(&*store, vec![second.clone()]).await;
    assert_eq!(store.projection(workspace(1), run(1)).await.unwrap(), Some(second));
    assert_eq!(store.projection(workspace(1), run(2)).await.unwrap(), None);
    assert_eq!(store.projection(workspace(2), run(1)).await.unwrap(), None);
    assert_eq!(store.run_row(workspace(1), run(1)).await.unwrap(), Some(changed.clone()));
    assert_eq!(store.run_row(workspace(1), run(2)).await.unwrap(), None);
    let inbox = store.waits(workspace(1), vec![slug("deal-desk"), slug("legal")], None, 9).await.unwrap();
    assert_eq!(inbox.items.len(), 1);
    assert_eq!((&inbox.items[0].row, &inbox.items[0].wait), (&changed, &wait("legal", 40)));
    for (record, expected) in [(1, 0), (2, 0), (3, 1)] {
        let touches = store.touches(workspace(1), [record; 32], None, 9).await.unwrap();
        assert_eq!(touches.items.len(), expected, "record {record}");
        let found =
            store.runs(workspace(1), RunQuery { record: Some([record; 32]), ..query() }).await.unwrap();
        assert_eq!(found.items.len(), expected, "record {record}");
    }
}

/// A bulk run tells only what changed.
pub async fn a_partial_projection_keeps_the_other_rows(place: &impl Place) {
    let store = place.open().await;
    let whole = Projection {
        touches: vec![touch(0, 1, 0), touch(1, 1, 0)],
        record_tokens: vec![[1; 32]],
        ..projection(row(1))
    };
    project(&*store, vec![whole]).await;
    let changed = touch(1, 1, 5);
    let part = Projection {
        touches: vec![changed.clone()],
        record_tokens: vec![[1; 32], [2; 32]],
        extent: Extent::Changed,
        ..projection(row(1))
    };
    project(&*store, vec![part]).await;
    let touches = store.touches(workspace(1), [1; 32], None, 9).await.unwrap().items;
    let touches: Vec<_> = touches.into_iter().map(|touched| touched.touch).collect();
    assert_eq!(touches, [changed, touch(0, 1, 0)]);
    for record in [1, 2] {
        let found =
            store.runs(workspace(1), RunQuery { record: Some([record; 32]), ..query() }).await.unwrap();
        assert_eq!(ids(&found), [run(1)]);
    }
}

/// Each condition alone, and several together.
pub async fn a_list_holds_what_its_query_says_newest_first(place: &impl Place) {
    let store = place.open().await;
    let text = |text: &str| Some(text.to_owned());
    for (of, row) in [
        (1, RunRow { stage: "denied".into(), decision: text("deny"), ..row(1) }),
        (2, RunRow { stage: "applied".into(), decision: text("auto"), connector: "desk".into(), ..row(2) }),
        (3, RunRow { proposer: "person_2".into(), workflow: "other".into(), ..row(3) }),
        (
            4,
            RunRow {
                environment: "production".into(),
                object: "case".into(),
                recovers: Some(run(1)),
                ..row(4)
            },
        ),
        (5, row(5)),
    ] {
        let waits = if of >= 4 { vec![wait("deal-desk", 9), wait("legal", 9)] } else { vec![] };
        project(&*store, vec![Projection { waits, ..projection(row) }]).await;
    }
    let stages = |stages: &[&str]| stages.iter().map(|stage| (*stage).to_owned()).collect::<Vec<_>>();
    let groups = |groups: &[&str]| groups.iter().map(|group| slug(group)).collect::<Vec<_>>();
    for (query, expected) in [
        (query(), vec![5, 4, 3, 2, 1]),
        (RunQuery { stages: stages(&["denied"]), ..query() }, vec![1]),
        (RunQuery { stages: stages(&["denied", "proposed", "denied"]), ..query() }, vec![5, 4, 3, 1]),
        (RunQuery { stages: stages(&["nothing"]), ..query() }, vec![]),
        (RunQuery { connector: text("desk"), ..query() }, vec![2]),
        (RunQuery { object: text("case"), connector: text("crm-main"), ..query() }, vec![4]),
        (RunQuery { object: text("case"), connector: text("desk"), ..query() }, vec![]),
        (RunQuery { proposer: text("person_2"), ..query() }, vec![3]),
        (RunQuery { workflow: text("renewals"), ..query() }, vec![5, 4, 2, 1]),
        (RunQuery { decision: text("auto"), ..query() }, vec![2]),
        (RunQuery { environment: text("production"), ..query() }, vec![4]),
        (RunQuery { recovers: Some(run(1)), ..query() }, vec![4]),
        (RunQuery { waits_for: groups(&["legal", "deal-desk"]), ..query() }, vec![5, 4]),
        (RunQuery { waits_for: groups(&["nobody"]), ..query() }, vec![]),
        (
            RunQuery { stages: stages(&["proposed"]), waits_for: groups(&["legal"]), limit: 1, ..query() },
            vec![5],
        ),
    ] {
        let page = store.runs(workspace(1), query.clone()).await.unwrap();
        assert_eq!(ids(&page), runs(&expected), "{query:?}");
    }
}

/// Going through the pages shows what was there at the start once, whatever comes in between.
pub async fn pages_stay_right_while_runs_are_added(place: &impl Place) {
    let store = place.open().await;
    for of in 1..=7 {
        project(&*store, vec![projection(row(of))]).await;
    }
    for stages in [vec![], vec!["proposed".to_owned(), "denied".to_owned()]] {
        let (mut seen, mut cursor, mut new) =
            (Vec::new(), None, 100 + u64::try_from(stages.len()).unwrap() * 100);
        loop {
            let query = RunQuery { stages: stages.clone(), cursor, limit: 3, ..query() };
            let page = store.runs(workspace(1), query).await.unwrap();
            seen.extend(ids(&page).into_iter().filter(|id| *id < run(100)));
            cursor = page.next.map(|next| Cursor::new(next.as_str()));
            if cursor.is_none() {
                break;
            }
            new += 1;
            let moved = RunRow { stage: "denied".into(), ..row(5) };
            project(&*store, vec![projection(row(new)), projection(moved)]).await;
        }
        assert_eq!(seen, runs(&[7, 6, 5, 4, 3, 2, 1]), "{stages:?}");
    }
}

/// A run that waits for several of the reader's groups stands once, under its first wait, on one page only.
pub async fn the_inbox_shows_each_run_once_soonest_first(place: &impl Place) {
    let store = place.open().await;
    for (of, waits) in [
        (1, vec![wait("legal", 50)]),
        (2, vec![wait("legal", 10), wait("deal-desk", 40)]),
        (3, vec![wait("deal-desk", 20), wait("legal", 20)]),
        (4, vec![wait("finance", 5)]),
        (5, vec![wait("deal-desk", 30)]),
    ] {
        project(&*store, vec![Projection { waits, ..projection(row(of)) }]).await;
    }
    let groups = vec![slug("legal"), slug("deal-desk"), slug("legal")];
    for limit in [1, 2, 3, 9] {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.waits(workspace(1), groups.clone(), cursor, limit).await.unwrap();
            assert!(page.items.len() <= limit);
            seen.extend(page.items.into_iter().map(|item| (item.row.id, item.wait)));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let expected = [
            (2, wait("legal", 10)),
            (3, wait("deal-desk", 20)),
            (5, wait("deal-desk", 30)),
            (1, wait("legal", 50)),
        ];
        assert_eq!(seen, expected.map(|(of, wait)| (run(of), wait)), "pages of {limit}");
    }
    assert_eq!(store.waits(workspace(1), vec![], None, 9).await.unwrap().items, []);
}

/// Runs and mutations that touched a record, in pages.
pub async fn the_history_of_a_record_is_newest_first(place: &impl Place) {
    let store = place.open().await;
    for of in 1..=3 {
        let touches = vec![touch(0, 1, 10), touch(1, 2, 10), touch(2, 1, i64::try_from(of).unwrap())];
        project(&*store, vec![Projection { touches, ..projection(row(of)) }]).await;
    }
    for limit in [1, 4, 9] {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.touches(workspace(1), [1; 32], cursor, limit).await.unwrap();
            seen.extend(page.items.into_iter().map(|item| (item.row.id, item.touch.n)));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let expected = [(3, 0), (2, 0), (1, 0), (3, 2), (2, 2), (1, 2)];
        assert_eq!(seen, expected.map(|(of, n)| (run(of), n)), "pages of {limit}");
    }
}

/// A list reads so many rows at most, and goes on only from its own cursors.
pub async fn limits_and_foreign_cursors_are_refused(place: &impl Place) {
    let store = place.open().await;
    project(&*store, vec![projection(row(1))]).await;
    let ws = workspace(1);
    let runs = |limit, cursor| store.runs(ws, RunQuery { cursor, limit, ..query() });
    assert_eq!(ids(&runs(PAGE_MAX, None).await.unwrap()), [run(1)]);
    assert!(matches!(runs(PAGE_MAX + 1, None).await, Err(Error::TooLarge { .. })));
    project(&*store, vec![projection(row(2))]).await;
    let behind = |of| Some(Cursor::new(run(of).to_string()));
    assert_eq!(ids(&runs(9, behind(2)).await.unwrap()), [run(1)], "the id of a run is a cursor, too");
    assert_eq!(ids(&runs(9, behind(1)).await.unwrap()), []);
    assert!(matches!(runs(9, behind(3)).await, Err(Error::Cursor)));
    let foreign = Some(Cursor::new("run_1"));
    assert!(matches!(runs(9, foreign.clone()).await, Err(Error::Cursor)));
    assert!(matches!(store.waits(ws, vec![slug("legal")], foreign.clone(), 9).await, Err(Error::Cursor)));
    assert!(matches!(store.touches(ws, [1; 32], foreign, 9).await, Err(Error::Cursor)));
    let chain = |limit| store.chain(ws, Chain::Workspace, 0, limit);
    assert_eq!(chain(crate::page::CHAIN_MAX).await.unwrap(), []);
    assert!(matches!(chain(crate::page::CHAIN_MAX + 1).await, Err(Error::TooLarge { .. })));
    let feed = store.feed(ws, 0, crate::page::FEED_MAX + 1).await;
    assert!(matches!(feed, Err(Error::TooLarge { .. })));
    let claim = store.claim(at(0), node(1), 1, &["executor"], crate::work::CLAIM_MAX + 1).await;
    assert!(matches!(claim, Err(Error::TooLarge { .. })));
}
