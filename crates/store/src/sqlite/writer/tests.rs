use super::*;

fn writer() -> Writer {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY)").unwrap();
    Writer::start("test", conn, |_| ()).unwrap()
}

fn insert(conn: &Connection, number: i64) -> Result<(), Error> {
    conn.execute("INSERT INTO t (a) VALUES (?1)", [number])?;
    Ok(())
}

async fn count(writer: &Writer) -> i64 {
    let count = |conn: &Connection| Ok(conn.query_row("SELECT count(*) FROM t", (), |row| row.get(0))?);
    writer.run_alone(count).await.unwrap()
}

#[tokio::test]
async fn work_that_fails_is_undone_alone() {
    let writer = writer();
    let work = (0..500_i64).map(|number| {
        writer.run(move |conn| {
            insert(conn, number)?;
            if number % 2 == 0 { Err(Error::Cursor) } else { Ok(number) }
        })
    });
    let mut done = 0;
    for (number, work) in (0..).zip(work) {
        let answer = work.await;
        assert_eq!(answer.is_ok(), number % 2 == 1, "{number}: {answer:?}");
        done += i64::from(answer.is_ok());
    }
    assert_eq!(count(&writer).await, done);
}

#[tokio::test]
async fn nobody_in_a_transaction_that_the_database_ended_is_told_that_it_was_saved() {
    let writer = Arc::new(writer());
    // Holds the writer back until the next three pieces of work are one group.
    let (release, held) = std::sync::mpsc::channel::<()>();
    let hold = tokio::spawn({
        let writer = Arc::clone(&writer);
        async move { writer.run_alone(move |_| held.recv().map_err(|_| stopped())).await }
    });
    tokio::task::yield_now().await;
    let before = writer.run(|conn| insert(conn, 1));
    let ending = writer.run(|conn| Ok(conn.execute_batch("ROLLBACK")?));
    let after = writer.run(|conn| insert(conn, 2));
    let releasing = async { release.send(()).unwrap() };
    let (before, ending, after, ()) = tokio::join!(before, ending, after, releasing);
    hold.await.unwrap().unwrap();
    for answer in [before, ending, after] {
        assert!(matches!(answer, Err(Error::Unavailable { .. })), "{answer:?}");
    }
    assert_eq!(count(&writer).await, 0);
    writer.run(|conn| insert(conn, 3)).await.unwrap();
    assert_eq!(count(&writer).await, 1);
}

#[tokio::test]
async fn what_is_queued_is_done_before_the_writer_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY)").unwrap();
    let writer = Writer::start("test", conn, |_| ()).unwrap();
    for number in 0..100 {
        let mut work = Box::pin(writer.run(move |conn| insert(conn, number)));
        // Queued and abandoned.
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(work.as_mut().poll(context).is_ready()));
        polled.await;
    }
    drop(writer);
    let conn = Connection::open(&path).unwrap();
    let count: i64 = conn.query_row("SELECT count(*) FROM t", (), |row| row.get(0)).unwrap();
    assert_eq!(count, 100);
}

#[tokio::test]
async fn a_writer_that_panicked_answers_unavailable() {
    let writer = writer();
    let gone = writer.run(|_| -> Result<(), Error> { unreachable!("on purpose") }).await;
    assert!(matches!(gone, Err(Error::Unavailable { .. })));
    assert!(matches!(writer.run(|conn| insert(conn, 1)).await, Err(Error::Unavailable { .. })));
}
