//! The one thread that writes. What is queued when it is free becomes one transaction with one sync to disk.
//!
//! Each piece of work has a savepoint of its own, so that one that fails is undone alone. Callers are answered after the
//! transaction is on stable storage, never before.

use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Cause, Error};

#[cfg(test)]
mod tests;

/// Pieces of work in one transaction.
const GROUP_MAX: usize = 256;
/// Pieces of work that wait for the writer; more callers wait to be queued.
const QUEUE_MAX: usize = 4096;

/// A handle on the writing thread, which ends when the handle is dropped and the queue is empty.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Grouped(Box<dyn Job>),
    Alone(Box<dyn FnOnce(&Connection) + Send>),
}

/// Work that is done inside the group's transaction and answered after it.
trait Job: Send {
    fn run(&mut self, conn: &Connection);
    fn answer(self: Box<Self>, end: &End);
}

/// How a transaction ended.
enum End {
    /// On stable storage.
    Saved,
    /// As if it had not been.
    Undone(Cause),
    /// The disk failed while it was saved: nobody knows.
    Unclear(Cause),
}

struct Task<T, F> {
    work: Option<F>,
    result: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl Writer {
    /// Starts the thread. `after_group` runs after each transaction, before its callers are answered.
    pub fn start(
        name: &str,
        conn: Connection,
        after_group: impl FnMut(&Connection) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (queue, messages) = mpsc::channel(QUEUE_MAX);
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || serve(&conn, messages, after_group))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Does work in the next transaction; answers when it is durable, or when it was undone.
    pub async fn run<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Grouped(Box::new(Task { work: Some(work), result: None, reply }))).await?;
        answer.await.map_err(|_| stopped())?
    }

    /// Does work between transactions.
    pub async fn run_alone<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = move |conn: &Connection| {
            // A caller that went away has no use for the answer.
            let _ = reply.send(work(conn));
        };
        self.send(Message::Alone(Box::new(work))).await?;
        answer.await.map_err(|_| stopped())?
    }

    async fn send(&self, message: Message) -> Result<(), Error> {
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send(message).await.map_err(|_| stopped())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

fn stopped() -> Error {
    Error::gone("the writer has stopped")
}

fn serve(conn: &Connection, mut queue: mpsc::Receiver<Message>, mut after_group: impl FnMut(&Connection)) {
    let mut group: Vec<Box<dyn Job>> = Vec::with_capacity(GROUP_MAX);
    while let Some(first) = queue.blocking_recv() {
        let (mut next, mut alone) = (Some(first), None);
        while let Some(message) = next {
            next = None;
            match message {
                Message::Grouped(job) => {
                    group.push(job);
                    if group.len() < GROUP_MAX {
                        next = queue.try_recv().ok();
                    }
                }
                Message::Alone(work) => alone = Some(work),
            }
        }
        if !group.is_empty() {
            let end = transaction(conn, &mut group);
            match &end {
                End::Saved => after_group(conn),
                End::Undone(cause) | End::Unclear(cause) => {
                    tracing::error!(error = %cause, "a transaction was not saved");
                }
            }
            for job in group.drain(..) {
                job.answer(&end);
            }
            if matches!(end, End::Unclear(_)) {
                tracing::error!("the writer stops: only opening the store again shows what the disk holds");
                return;
            }
        }
        if let Some(work) = alone {
            work(conn);
        }
    }
}

fn transaction(conn: &Connection, group: &mut [Box<dyn Job>]) -> End {
    if let Err(error) = execute(conn, "BEGIN IMMEDIATE") {
        return End::Undone(Arc::new(error));
    }
    for job in group {
        job.run(conn);
        // Some faults, such as a full disk, make SQLite end the whole transaction by itself.
        if conn.is_autocommit() {
            return End::Undone(Arc::new(Error::gone("the database ended the transaction")));
        }
    }
    let Err(error) = execute(conn, "COMMIT") else { return End::Saved };
    let is_clear = matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy));
    let is_undone = conn.is_autocommit() || execute(conn, "ROLLBACK").is_ok();
    if is_clear && is_undone { End::Undone(Arc::new(error)) } else { End::Unclear(Arc::new(error)) }
}

fn execute(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute(()).map(|_| ())
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, Error> + Send,
{
    fn run(&mut self, conn: &Connection) {
        self.result = self.work.take().map(|work| undone_alone(conn, work));
    }

    fn answer(self: Box<Self>, end: &End) {
        let result = match end {
            End::Saved => self.result.unwrap_or_else(|| Err(stopped())),
            // Also for work that lost a comparison: it was compared with what is now undone.
            End::Undone(cause) | End::Unclear(cause) => Err(Error::Unavailable { source: Arc::clone(cause) }),
        };
        // A caller that went away finds out by asking.
        let _ = self.reply.send(result);
    }
}

fn undone_alone<T>(
    conn: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    execute(conn, "SAVEPOINT job")?;
    let result = work(conn);
    if result.is_err() && !conn.is_autocommit() {
        execute(conn, "ROLLBACK TO job")?;
    }
    if !conn.is_autocommit() {
        execute(conn, "RELEASE job")?;
    }
    result
}
