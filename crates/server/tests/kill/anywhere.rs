//! Kills at random moments, under a stream of proposals and approvals.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use simulators::{Fault, FaultKind};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::Client;
use crate::memory::Memory;
use crate::scene::{FIRST_TICKET, Scene, persist, solve, tag};

/// Kills in one round.
const KILLS: u64 = 20;
/// Callers that propose and approve at once.
const CALLERS: u64 = 4;
/// Tickets of a round; more than its callers get to.
const TICKETS: u64 = 2_000;
/// The longest life of a server, in milliseconds, once it listens.
const LIFE_MS_MAX: u64 = 1_500;
/// The longest pause of a caller between two runs, in milliseconds.
const PAUSE_MS_MAX: u64 = 50;

/// Numbers that look random and are the same for one seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    async fn wait(&mut self, at_most_ms: u64) {
        sleep(Duration::from_millis(self.below(at_most_ms))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_answered_is_lost_and_nothing_is_written_twice() {
    let seeds = std::env::var("ACTIONPLANE_TEST_KILL_SEEDS").map_or(1, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        round(seed).await;
    }
}

async fn round(seed: u64) {
    let mut scene = Scene::start().await;
    let mut dice = Dice(seed);
    for number in 0..TICKETS {
        scene.ticket(number);
    }
    // Some writes and some reads take their time, so that kills hit them.
    let slow = |method, path| {
        let fault = Fault::new(FaultKind::Slow).on(method, path);
        scene.arm(Fault { times: simulators::TIMES_MAX, delay_ms: Some(200), ..fault });
    };
    slow("PUT", "3.json");
    slow("GET", "7.json");

    let round = Arc::new(Round::default());
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (agent, lead) = (scene.company.agent.clone(), scene.company.lead.clone());
        callers.spawn(Arc::clone(&round).call(agent, lead, Dice(seed ^ (caller + 1) << 32)));
    }
    for _ in 0..KILLS {
        dice.wait(LIFE_MS_MAX).await;
        scene.kill();
        scene.restart();
    }
    round.over.store(true, Ordering::SeqCst);
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }

    let operator = &scene.company.operator;
    let memory = round.memory.lock().await;
    memory.holds(operator).await;
    let runs = every_run(operator).await;
    let proposed = round.next.load(Ordering::SeqCst);
    eprintln!("seed {seed}: {KILLS} kills, {proposed} proposals, {} runs", runs.len());
    assert!(u64::try_from(runs.len()).unwrap() == proposed && memory.runs() == runs.len());
    let mut interrupted = 0;
    let mut tickets = BTreeSet::new();
    for id in &runs {
        let run = scene.finish(id).await;
        let ticket = run["plan"]["mutations"][0]["record"].as_str().unwrap().to_owned();
        let expected = usize::from(run["stage"] == "applied");
        assert_eq!(scene.writes(&ticket), expected, "seed {seed}: {run:#}");
        interrupted +=
            usize::from(run["attempts"].as_array().unwrap().iter().any(|a| a["reconciled"] == true));
        assert!(tickets.insert(ticket), "seed {seed}: a proposal made two runs: {run:#}");
    }
    eprintln!("seed {seed}: {interrupted} runs were killed in the middle of a write");
    assert_eq!(scene.desk.writes().len(), tickets.iter().map(|ticket| scene.writes(ticket)).sum::<usize>());
}

/// What the callers of a round share.
#[derive(Default)]
struct Round {
    over: AtomicBool,
    next: AtomicU64,
    memory: Mutex<Memory>,
}

impl Round {
    /// Proposes and approves until the round is over. What gets no answer is asked again under the same key.
    async fn call(self: Arc<Self>, agent: Client, lead: Client, mut dice: Dice) {
        while !self.over.load(Ordering::SeqCst) {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            assert!(number < TICKETS, "a round has more tickets than its callers get to");
            let ticket = (FIRST_TICKET + number).to_string();
            let proposal = if dice.below(2) == 0 { tag(&ticket) } else { solve(&ticket) };
            let run = persist(&agent, "/v1/runs", &proposal, &ticket).await;
            self.hear(&agent, &run).await;
            if run["stage"] == "awaiting_approval" {
                self.decide(&lead, &run, &mut dice).await;
            }
            dice.wait(PAUSE_MS_MAX).await;
        }
    }

    /// Most runs are approved, some are rejected, and some wait until the round is over.
    async fn decide(&self, lead: &Client, run: &Value, dice: &mut Dice) {
        let verdict = match dice.below(8) {
            0 => return,
            1 => "reject",
            _ => "approve",
        };
        let id = run["id"].as_str().unwrap();
        let body =
            json!({ "verdict": verdict, "plan_digest": run["plan_digest"], "rationale": "I checked it" });
        let run = persist(lead, &format!("/v1/runs/{id}/approvals"), &body, id).await;
        self.hear(lead, &run).await;
    }

    /// Keeps what was answered, and reads the lineage too, if the server still lives.
    async fn hear(&self, reader: &Client, run: &Value) {
        let path = format!("/v1/runs/{}/events", run["id"].as_str().unwrap());
        let lineage = reader.ask(Method::GET, &path, &Value::Null, "").await;
        let mut memory = self.memory.lock().await;
        memory.hear(run);
        if let Ok(lineage) = lineage {
            memory.hear_events(run, &lineage.done());
        }
    }
}

async fn every_run(reader: &Client) -> Vec<Value> {
    let mut runs = Vec::new();
    let mut path = "/v1/runs?limit=200".to_owned();
    loop {
        let page = reader.get(&path).await;
        runs.extend(page["items"].as_array().unwrap().iter().map(|run| run["id"].clone()));
        let Some(next) = page["next"].as_str() else { return runs };
        path = format!("/v1/runs?limit=200&cursor={next}");
    }
}
