//! Witnesses: each new head is shown to those whom the trust policy names, and what they cosign is kept with it.
//!
//! One task per log. A round shows the newest head to every witness that is free, at once; it is over when a quorum cosigned
//! or everybody answered, so a slow witness does not hold up the others and all of them see the same heads. Sealing never
//! waits for a round. A witness that has seen what this log does not have stops the log: the database is behind.

mod feed;

use std::sync::Arc;
use std::time::Duration;

use domain::id::WorkspaceId;
use proof::checkpoint::SignedCheckpoint;
use proof::note::SignatureLine;
use proof::trust::{Quorum, Verdict, Witness};
use store::StoredCheckpoint;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Log, Trust};
use crate::{Code, Engine, Error, Result};
use feed::Unfed;

/// An idle log has its head cosigned again so often: the time in a cosignature is what proves that the head is fresh.
const COSIGN_EVERY: Duration = Duration::from_mins(1);
/// The shortest time between two rounds.
const ROUND_REST: Duration = Duration::from_millis(100);
/// The pause after a witness did not answer; it doubles up to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Leaves below the newest head among whose heads a start looks for one with a quorum.
const RECOUNT_MAX: u64 = 256;

/// A witness in the course of the rounds.
struct Seat {
    witness: Witness,
    url: String,
    /// How many leaves it has cosigned, as far as we know.
    size: u64,
    /// When it is shown a head again, even if it has seen it.
    stale: Instant,
    /// When it may be asked again after it failed.
    rested: Instant,
    /// How often it failed in a row.
    failures: u32,
    /// The size of the head that it is being shown.
    shown: Option<u64>,
}

/// How a showing ended.
type Shown = (usize, std::result::Result<u64, Unfed>);

/// Shows the heads of every log that the trust policy covers, until it is stopped.
pub(crate) async fn witness(engine: Arc<Engine>, stopped: watch::Receiver<bool>) {
    let covered = match engine.covered().await {
        Ok(covered) => covered,
        Err(error) => {
            tracing::error!(code = error.code.word(), "no log is shown to witnesses: {error}");
            return;
        }
    };
    let mut logs = JoinSet::new();
    for (ws, trust) in covered {
        logs.spawn(rounds(Arc::clone(&engine), ws, trust, stopped.clone()));
    }
    while logs.join_next().await.is_some() {}
}

/// Round after round for one log.
async fn rounds(engine: Arc<Engine>, ws: WorkspaceId, trust: Arc<Trust>, mut stopped: watch::Receiver<bool>) {
    let log = engine.logs.of(ws);
    let mut heads = log.heads.subscribe();
    let mut seats = seats(&trust);
    if let Err(error) = engine.recount(ws, &trust).await {
        tracing::warn!(code = error.code.word(), "what was witnessed before could not be read: {error}");
    }
    let mut asked: JoinSet<Shown> = JoinSet::new();
    let mut round = 0;
    let mut next_round = Instant::now();
    loop {
        let (sealed, witnessed, halted) = {
            let heads = heads.borrow_and_update();
            // Before the first head there is nothing to show.
            (heads.sealed, heads.witnessed, heads.sealed == 0 || heads.fork_risk.is_some())
        };
        let now = Instant::now();
        let is_open = witnessed < round && seats.iter().any(|seat| seat.shown == Some(round));
        let is_due = seats.iter().filter_map(|seat| seat.due(sealed)).any(|due| due <= now);
        if !halted && !is_open && is_due && next_round <= now {
            match engine.kept_head(ws).await {
                Ok(head) => {
                    round = head.checkpoint().size;
                    show(&engine, ws, &trust, &head, &mut seats, &mut asked);
                }
                Err(error) => tracing::warn!(code = error.code.word(), "no head to show: {error}"),
            }
            next_round = now + ROUND_REST;
            continue;
        }
        // While a round is open only its end counts; it wakes us itself.
        let wake =
            if is_open || halted { None } else { seats.iter().filter_map(|seat| seat.due(sealed)).min() };
        let wake = wake.map_or(now + COSIGN_EVERY, |due| due.max(next_round));
        tokio::select! {
            Some(ended) = asked.join_next() => match ended {
                Ok((number, ended)) => {
                    if let Some(seat) = seats.get_mut(number) {
                        seat.ended(ended, &log, ws);
                    }
                }
                Err(fault) => {
                    // INVARIANT: a showing does not panic. If one does, nobody is shown anything until the restart.
                    tracing::error!(error = %fault, "showing a head to a witness ended with a panic");
                }
            },
            changed = heads.changed() => if changed.is_err() { break },
            () = tokio::time::sleep_until(wake) => {}
            _ = stopped.changed() => break,
        }
    }
    // Nobody waits for an answer any more, and nothing of this process outlives its workers.
    asked.shutdown().await;
}

/// Those whom the policy names with an address.
fn seats(trust: &Trust) -> Vec<Seat> {
    let now = Instant::now();
    let seat = |witness: &Witness| {
        let url = feed::address(witness)?;
        let witness = witness.clone();
        Some(Seat { witness, url, size: 0, stale: now, rested: now, failures: 0, shown: None })
    };
    trust.policy().witnesses().iter().filter_map(seat).collect()
}

/// Shows a head to everybody who is free.
fn show(
    engine: &Arc<Engine>,
    ws: WorkspaceId,
    trust: &Arc<Trust>,
    head: &SignedCheckpoint,
    seats: &mut [Seat],
    asked: &mut JoinSet<Shown>,
) {
    let now = Instant::now();
    let size = head.checkpoint().size;
    for (number, seat) in seats.iter_mut().enumerate() {
        // Who is free and has seen this head is shown it again only when its time is up.
        if seat.due(size).is_none_or(|due| due > now) {
            continue;
        }
        seat.shown = Some(size);
        let (engine, trust, head) = (Arc::clone(engine), Arc::clone(trust), head.clone());
        let (witness, url, old_size) = (seat.witness.clone(), seat.url.clone(), seat.size);
        asked.spawn(
            async move { (number, engine.show_head(ws, &trust, (&witness, &url), old_size, head).await) },
        );
    }
}

impl Seat {
    /// When it is to be shown a head of this size, unless it is being shown one.
    fn due(&self, size: u64) -> Option<Instant> {
        let wanted = if size > self.size { self.rested } else { self.rested.max(self.stale) };
        self.shown.is_none().then_some(wanted)
    }

    /// Takes note of how a showing ended.
    fn ended(&mut self, ended: std::result::Result<u64, Unfed>, log: &Log, ws: WorkspaceId) {
        self.shown = None;
        let now = Instant::now();
        let name = self.witness.name.as_str();
        let word = match &ended {
            Ok(_) => "cosigned",
            Err(unfed) => unfed.word(),
        };
        metrics::counter!("actionplane_witness_answers_total", "witness" => name.to_owned(), "answer" => word)
            .increment(1);
        let unfed = match ended {
            Ok(size) => {
                if self.failures > 0 {
                    tracing::info!(witness.name = name, "the witness cosigns again");
                }
                (self.size, self.stale, self.failures) = (size, now + COSIGN_EVERY, 0);
                return;
            }
            Err(unfed) => unfed,
        };
        self.failures = self.failures.saturating_add(1);
        let doubled = PAUSE_MIN.saturating_mul(1 << self.failures.saturating_sub(1).min(10));
        self.rested = now + doubled.min(PAUSE_MAX);
        match unfed {
            Unfed::Silent(why) => tracing::warn!(witness.name = name, "the witness did not cosign: {why}"),
            Unfed::Refused(why) => {
                tracing::error!(witness.name = name, workspace.id = %ws, "the witness refuses this log: {why}");
            }
            Unfed::Fork(why) => log.halt(ws, format!("the witness `{name}` {why}")),
        }
    }
}

impl Log {
    /// Counts the cosignatures of a head, and raises what is witnessed when they are a quorum.
    fn count(&self, trust: &Trust, head: &SignedCheckpoint) {
        let size = head.checkpoint().size;
        match trust.policy().judge(head) {
            Verdict::Signed { quorum: Quorum::Met, .. } => {
                self.heads.send_if_modified(|heads| {
                    let risen = heads.witnessed < size;
                    heads.witnessed = heads.witnessed.max(size);
                    risen
                });
            }
            Verdict::Signed { quorum: Quorum::NotMet | Quorum::NotAsked, .. } => {}
            Verdict::UnknownOrigin | Verdict::BadSignature | Verdict::NoLogSignature => {
                tracing::warn!(
                    log.size = size,
                    "no key that the trust policy names for this log signed its head: add the newest one"
                );
            }
        }
    }
}

impl Engine {
    /// The trust policy, if it covers the log of this name.
    pub(crate) fn trust_of(&self, origin: &str) -> Option<&Arc<Trust>> {
        let covers = |trust: &&Arc<Trust>| trust.policy().log_keys(origin).next().is_some();
        self.trust.as_ref().filter(covers)
    }

    /// Whether leaves of the log of this name can become witnessed.
    pub(crate) fn is_witnessed(&self, origin: &str) -> bool {
        self.trust_of(origin).is_some_and(|trust| trust.policy().asks_quorum())
    }

    /// Compares the trust policy with the logs as they are.
    ///
    /// # Errors
    /// [`Code::InvalidRequest`] if it names a key for a log of ours that the log never had.
    pub(crate) async fn check_trust(&self) -> Result<()> {
        for ws in self.store.workspaces().await? {
            let origin = self.control(ws).await?.settings.origin.clone();
            let Some(trust) = self.trust_of(&origin) else { continue };
            let keys = self.log_keys(ws).await?;
            if let Some(other) = trust.policy().log_keys(&origin).find(|key| !keys.contains(key)) {
                let told =
                    format!("the trust policy names `{other}`, and the log `{origin}` never had that key");
                return Err(
                    Error::new(Code::InvalidRequest, told).hint("take the keys from GET /v1/log/trust")
                );
            }
        }
        Ok(())
    }

    /// The logs that are shown to witnesses; where others are asked than before, that is recorded first.
    async fn covered(&self) -> Result<Vec<(WorkspaceId, Arc<Trust>)>> {
        let mut covered = Vec::new();
        for ws in self.store.workspaces().await? {
            let origin = self.control(ws).await?.settings.origin.clone();
            let trust = self.trust_of(&origin);
            self.record_trust(ws, trust.map(|trust| &**trust)).await?;
            match trust {
                Some(trust) => {
                    self.tell_gaps(ws, &origin, trust).await?;
                    covered.push((ws, Arc::clone(trust)));
                }
                None if self.trust.is_some() => {
                    tracing::warn!(
                        log.origin = origin,
                        "the trust policy lists no key of this log: nobody witnesses it"
                    );
                }
                None => {}
            }
        }
        Ok(covered)
    }

    /// Says what the trust policy leaves out.
    async fn tell_gaps(&self, ws: WorkspaceId, origin: &str, trust: &Trust) -> Result<()> {
        let keys = self.log_keys(ws).await?;
        if !trust.policy().log_keys(origin).any(|key| Some(key) == keys.first()) {
            tracing::warn!(log.origin = origin, "the trust policy lacks the newest key of this log");
        }
        for witness in trust.policy().witnesses().iter().filter(|witness| witness.url.is_none()) {
            tracing::warn!(witness.name, "the trust policy gives no address of this witness");
        }
        Ok(())
    }

    /// Counts what was cosigned before this process, from the newest head downwards until one has a quorum.
    async fn recount(&self, ws: WorkspaceId, trust: &Trust) -> Result<()> {
        let log = self.logs.of(ws);
        let newest = self.store.checkpoint(ws, None).await?.map_or(0, |newest| newest.size);
        let mut counted = None;
        for size in (newest.saturating_sub(RECOUNT_MAX)..=newest).rev() {
            let Some(kept) = self.store.checkpoint(ws, Some(size)).await? else { continue };
            if counted.replace(kept.size) == Some(kept.size) {
                continue;
            }
            let head = SignedCheckpoint::parse(kept.note.as_bytes())
                .map_err(|fault| Error::internal("a head in the store is damaged").because(fault))?;
            log.count(trust, &head);
            if log.heads.borrow().witnessed > 0 {
                break;
            }
        }
        Ok(())
    }

    /// Keeps cosignatures with the head that they are over, and counts them.
    async fn keep_cosignatures(
        &self,
        ws: WorkspaceId,
        trust: &Trust,
        size: u64,
        lines: Vec<SignatureLine>,
    ) -> Result<()> {
        let log = self.logs.of(ws);
        // Two witnesses that answer at once must not overwrite each other's line.
        let _notes = log.notes.lock().await;
        let kept = self.store.checkpoint(ws, Some(size)).await?.filter(|kept| kept.size == size);
        let kept = kept.ok_or_else(|| Error::internal("a head that was shown is not kept"))?;
        let damaged = |fault| Error::internal("a head in the store is damaged").because(fault);
        let mut head = SignedCheckpoint::parse(kept.note.as_bytes()).map_err(damaged)?;
        for line in lines {
            head.add(line)
                .map_err(|fault| Error::internal("a head has no room for cosignatures").because(fault))?;
        }
        self.store.keep_checkpoint(ws, StoredCheckpoint { size, note: head.to_string() }).await?;
        log.count(trust, &head);
        Ok(())
    }
}
