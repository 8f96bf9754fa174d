//! Servers whose logs are witnessed: the quorum before a write, and a log that forks.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proof::checkpoint::SignedCheckpoint;
use proof::note::VerifierKey;
use proof::trust::{Quorum, TrustPolicy, Verdict};
use proof::witness::AddCheckpoint;
use serde_json::{Value, json};
use server::config::Config;
use server::witness::Running;

use super::{refused, start};
use crate::world::{Bare, World, tag, text};

/// A witness with a port of its own, up or down.
struct Seat {
    name: String,
    addr: SocketAddr,
    data: tempfile::TempDir,
    running: Option<Running>,
}

impl Seat {
    /// A witness that has its key and port already.
    async fn new(number: usize, log: &VerifierKey) -> (Self, VerifierKey) {
        let (name, data) = (format!("w{number}.example/w"), tempfile::tempdir().unwrap());
        let running = start(&name, data.path(), &[log]).await;
        let (addr, vkey) = (running.addr(), running.vkey().clone());
        (Self { name, addr, data, running: Some(running) }, vkey)
    }

    async fn down(&mut self) {
        self.running.take().unwrap().stop().await;
    }

    async fn up(&mut self, log: &VerifierKey) {
        for _ in 0..100 {
            // Somebody else may have the port for a moment.
            let started = Running::start(&self.name, self.addr, self.data.path(), vec![log.clone()]).await;
            if let Ok(running) = started {
                self.running = Some(running);
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the port of {} stays taken", self.name);
    }
}

/// A company whose log is witnessed.
struct Story {
    world: World,
    log: VerifierKey,
    seats: Vec<Seat>,
    trust: PathBuf,
    _folder: tempfile::TempDir,
}

async fn log_of(bare: &Bare) -> Value {
    bare.get(&bare.admin, "/v1/log").await.expect(200)
}

impl Story {
    async fn start(witnesses: usize, rest: &str) -> Self {
        let mut world = World::start().await;
        let log = VerifierKey::parse(&text(&log_of(&world).await["keys"][0])).unwrap();
        let mut policy = vec![format!("log {log}")];
        let mut seats = Vec::new();
        for number in 0..witnesses {
            let (seat, vkey) = Seat::new(number, &log).await;
            policy.push(format!("witness w{number} {vkey} http://{}/p", seat.addr));
            seats.push(seat);
        }
        policy.push(format!("{rest}\n"));
        let folder = tempfile::tempdir().unwrap();
        let trust = folder.path().join("trust.tlog-policy");
        std::fs::write(&trust, policy.join("\n")).unwrap();
        world.bare.restart_with(witnessed_by(&trust)).await;
        Self { world, log, seats, trust, _folder: folder }
    }

    /// Waits until the log is as asked.
    async fn until(&self, what: &str, done: impl Fn(&Value) -> bool) -> Value {
        until(&self.world, what, done).await
    }

    async fn up(&mut self, number: usize) {
        self.seats[number].up(&self.log).await;
    }

    /// Asks for witnessed evidence before every edit of an agent.
    async fn ask_for_witnesses(&self) {
        let base = "@id(\"helpdesk.base.agents\")";
        let rules = policy::starter().replacen(base, &format!("{base} @evidence(\"witnessed\")"), 1);
        let author = self.world.person("ana", "Ana Silva", &["policy_author"]).await;
        let body = json!({ "title": "Witnessed", "text": rules });
        let set = self.world.post(&author.token, "/v1/policies", body).await.expect(201);
        let path = format!("/v1/policies/{}/activate", text(&set["digest"]));
        self.world.post(&self.world.admin, &path, json!({})).await.expect(200);
    }
}

fn witnessed_by(trust: &Path) -> impl FnOnce(&mut Config) + use<> {
    let trust = trust.to_owned();
    move |config| config.evidence.trust_policy = Some(trust)
}

async fn until(bare: &Bare, what: &str, done: impl Fn(&Value) -> bool) -> Value {
    let mut log = log_of(bare).await;
    for _ in 0..400 {
        if done(&log) {
            return log;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        log = log_of(bare).await;
    }
    panic!("never: {what}; {log:#}");
}

fn is_witnessed(log: &Value) -> bool {
    log["witnessed"].as_u64() >= log["size"].as_u64()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_waits_for_two_of_three_witnesses() {
    let mut story = Story::start(3, "group q 2 w0 w1 w2\nquorum q").await;
    story.seats[0].down().await;
    story.until("a quorum with one down", is_witnessed).await;
    story.ask_for_witnesses().await;
    let run = story.world.propose(&story.world.agent, tag(&["vip"])).await;
    let run = story.world.waited(&run).await;
    assert_eq!(
        (&run["stage"], &run["attempts"][0]["evidence"]),
        (&json!("applied"), &json!("witnessed")),
        "{run:#}"
    );

    // A second one goes: nothing is written until it is back.
    story.seats[1].down().await;
    let run = story.world.propose(&story.world.agent, tag(&["again"])).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let shown = story.world.show(&run).await;
    assert_eq!((&shown["stage"], story.world.desk.writes().len()), (&json!("authorized"), 1), "{shown:#}");
    // A restarted witness knows what it has seen.
    story.up(1).await;
    let run = story.world.waited(&run).await;
    assert_eq!(
        (&run["stage"], &run["attempts"][0]["evidence"]),
        (&json!("applied"), &json!("witnessed")),
        "{run:#}"
    );
    assert_eq!(story.world.desk.writes().len(), 2);

    // An auditor's own copy of the policy says so too, of what the server hands out.
    story.until("the end of it", is_witnessed).await;
    let head = story.world.get(&story.world.admin, "/v1/log/checkpoint").await.expect(200);
    let head = SignedCheckpoint::parse(text(&head).as_bytes()).unwrap();
    let policy = TrustPolicy::parse(&std::fs::read(&story.trust).unwrap()).unwrap();
    let judged = policy.judge(&head);
    assert!(matches!(judged, Verdict::Signed { quorum: Quorum::Met, .. }), "{judged:?}");
    let told = story.world.get(&story.world.admin, "/v1/log/trust").await.expect(200);
    assert_eq!(text(&told), std::fs::read_to_string(&story.trust).unwrap());
}

/// Copies what a data directory holds.
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

/// A second server on a copy of database and keys: nothing on its own disk shows it that it is one.
async fn twin(story: &mut Story) -> Bare {
    story.world.bare.server.take().unwrap().stop().await;
    let dir = tempfile::tempdir().unwrap();
    copy(story.world.dir.path(), dir.path());
    let server = crate::world::start(story.world.dir.path(), witnessed_by(&story.trust)).await;
    story.world.bare.base = format!("http://{}", server.addr());
    story.world.bare.server = Some(server);
    // Nobody watches the twin yet.
    let server = crate::world::start(dir.path(), |_| {}).await;
    let base = format!("http://{}", server.addr());
    let client = story.world.client.clone();
    Bare { server: Some(server), client, base, admin: story.world.admin.clone(), dir }
}

/// Lets that many acts happen.
async fn acts(bare: &Bare, prefix: &str, count: usize) {
    for number in 0..count {
        let body = json!({ "name": format!("{prefix}-{number}"), "title": "x" });
        bare.post(&bare.admin, "/v1/workflows", body).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_forks_is_refused_and_leaves_evidence_against_itself() {
    // The twin is shorter than what was witnessed, and then longer.
    for (twins, kind, told) in [(1, "behind", "has cosigned"), (9, "inconsistent", "do not continue")] {
        let mut story = Story::start(1, "quorum w0").await;
        let log = story.until("witnessed", is_witnessed).await;
        let before = log["size"].as_u64().unwrap();
        let mut twin = twin(&mut story).await;
        acts(&story.world, "one", 4).await;
        story
            .until("the first history is witnessed", |log| {
                is_witnessed(log) && log["size"].as_u64() > Some(before)
            })
            .await;
        acts(&twin, "other", twins).await;
        twin.restart_with(witnessed_by(&story.trust)).await;
        let forked = until(&twin, "the fork is seen", |log| !log["fork_risk"].is_null()).await;
        let why = text(&forked["fork_risk"]);
        assert!(why.contains("`w0`") && why.contains(told), "{why}");
        assert!(forked["witnessed"].as_u64().unwrap() <= before);

        // What the witness keeps convicts the log with its own signature.
        let kept = refused(story.seats[0].data.path());
        let find = |end: &str| {
            let found = kept.iter().find(|(name, _)| name.starts_with(kind) && name.ends_with(end));
            std::fs::read(&found.unwrap_or_else(|| panic!("{kept:?}")).1).unwrap()
        };
        let asked = AddCheckpoint::parse(&find(".request")).unwrap().checkpoint;
        let held = SignedCheckpoint::parse(&find(".held")).unwrap();
        for head in [&asked, &held] {
            assert_eq!(head.verify([&story.log]).unwrap().len(), 1);
        }
        // The history that was witnessed first goes on.
        acts(&story.world, "more", 1).await;
        let log = story.until("the first goes on", is_witnessed).await;
        assert!(log["fork_risk"].is_null(), "{log:#}");
        twin.server.take().unwrap().stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trust_policy_that_does_not_fit_stops_the_start() {
    let mut bare = Bare::start().await;
    let log = text(&log_of(&bare).await["keys"][0]);
    bare.server.take().unwrap().stop().await;
    let trust = bare.dir.path().join("trust");
    let witness = super::Log::new("x").0;
    let foreign = super::Log::new("localhost/w/main");
    let cosigner = proof::note::SigningKey::new("w", proof::note::KeyKind::CosignatureV1, &[3; 32]).unwrap();
    let cases = [
        ("nonsense\n".to_owned(), "line 1"),
        (format!("log {log}\nwitness w {} http://w\nquorum w\n", witness.verifier()), "line 2"),
        (
            format!("log {log}\nwitness w {} http://w.example\nquorum w\n", cosigner.verifier()),
            "not encrypted",
        ),
        (format!("log {}\nquorum none\n", foreign.vkey()), "never had that key"),
    ];
    for (text, told) in cases {
        std::fs::write(&trust, &text).unwrap();
        let mut config = Config { data: bare.dir.path().to_owned(), ..Config::default() };
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        witnessed_by(&trust)(&mut config);
        let fault = server::wiring::Server::start(config, None).await.err().unwrap();
        let chain: Vec<_> =
            std::iter::successors(Some(&fault as &dyn std::error::Error), |fault| fault.source())
                .map(ToString::to_string)
                .collect();
        assert!(chain.iter().any(|fault| fault.contains(told)), "{chain:?}");
    }
}
