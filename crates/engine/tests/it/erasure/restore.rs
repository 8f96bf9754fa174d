//! After a restore: the log decides what stays dead.

use std::path::Path;

use engine::admin::DataSubject;
use rusqlite::Connection;

use super::{CANARY, erase, of, ticket};
use crate::world::{World, open_store, start_engine, tag};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

async fn run_about(world: &World, ticket: &str, word: &str) -> domain::id::RunId {
    let mut proposal = tag(ticket, &[word]);
    proposal.reason = format!("{CANARY} {word}");
    let run = world.propose(&world.agent, proposal).await.unwrap();
    world.settled(run).await;
    run
}

/// An older copy of the database under the keys as they are now: the keys of what was erased are gone.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_does_not_read_what_was_erased() {
    let world = World::start().await;
    let (gone, kept) = (run_about(&world, "48213", "one").await, run_about(&world, "48209", "two").await);
    let second = world.dir.path().join("second");
    let older = tempfile::tempdir().unwrap();
    for file in ["actionplane.db", "actionplane.db-wal"] {
        std::fs::copy(world.dir.path().join(file), older.path().join(file)).unwrap();
    }
    erase(&world, of(ticket("48213"))).await.unwrap();
    let size = world.engine.store().integrate(world.ws).await.unwrap();
    while world.engine.evidence_heads(world.ws).sealed < size {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    copy(older.path(), &second);
    copy(&world.dir.path().join("keys"), &second.join("keys"));
    let (engine, workers) = start_engine(open_store(&second).await, &world.clock, &second).await;
    assert!(engine.evidence_heads(world.ws).fork_risk.is_some());
    let view = engine.show_run(&world.tom, gone).await.unwrap();
    assert_eq!((view.reason, view.mutations[0].erased), (None, true));
    // Its log does not say that it was erased, so nobody claims it.
    assert_eq!((view.erasure, view.mutations[0].erasure.clone()), (None, None));
    assert_eq!(engine.show_run(&world.tom, kept).await.unwrap().reason.as_deref(), Some("Kanarienvogel two"));
    workers.stop().await;
}

/// Rows of an older copy beside the newest log, under a key that stayed: they are erased again before anything is served.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_came_back_are_erased_again_at_start() {
    for forget_the_note in [false, true] {
        let mut world = World::start().await;
        let (gone, kept) = (run_about(&world, "48213", "one").await, run_about(&world, "48213", "two").await);
        let path = world.dir.path().join("actionplane.db");
        let database = || Connection::open(&path).unwrap();
        let older = world.dir.path().join("older.db");
        database().execute("VACUUM INTO ?1", [older.to_str().unwrap()]).unwrap();
        erase(&world, of(DataSubject::Run(gone))).await.unwrap();
        assert_eq!(world.show(gone).await.reason, None);

        let conn = database();
        conn.execute("ATTACH ?1 AS older", [older.to_str().unwrap()]).unwrap();
        let back = "INSERT INTO disclosure SELECT * FROM older.disclosure WHERE run = ?1";
        assert!(conn.execute(back, [gone.to_string()]).unwrap() > 0);
        if forget_the_note {
            conn.execute("DELETE FROM erasure", ()).unwrap();
        }
        drop(conn);
        assert!(world.show(gone).await.reason.is_some(), "it could be read again");

        let store = std::sync::Arc::clone(world.engine.store());
        world.restart(store).await;
        let view = world.show(gone).await;
        assert_eq!((view.reason, view.mutations[0].erased), (None, true), "{forget_the_note}");
        assert!(view.erasure.is_some());
        assert_eq!(world.show(kept).await.reason.as_deref(), Some("Kanarienvogel two"));
        let review = world.engine.review_rows(world.ws, false, |_| {}).await.unwrap();
        assert!(review.differing.is_empty(), "{review:?}");
    }
}
