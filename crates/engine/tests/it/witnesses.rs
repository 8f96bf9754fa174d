//! Witnesses: what they cosign counts, what they refuse is told, and what they hold against the log stops it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::attempt::EvidenceLevel;
use domain::run::Stage;
use engine::{Code, Message, Outside, Reply, Trust};
use proof::checkpoint::SignedCheckpoint;
use proof::note::{KeyKind, SigningKey, VerifierKey};
use proof::trust::{Quorum, TrustPolicy, Verdict};
use proof::witness::{AddCheckpoint, Refusal, Seen, judge, write_size};

use crate::world::{World, tag};

const TIME: u64 = 1_795_000_000;

/// How a witness is today.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    Down,
    /// Never answers.
    Hangs,
    /// Answers with this status and size.
    Says(u16, u64),
    /// Holds another head of whatever size it is asked about.
    Differs,
    /// Cosigns something else.
    Garbles,
}

/// A witness in memory.
struct Fake {
    key: SigningKey,
    log: VerifierKey,
    mood: Mutex<Mood>,
    seen: Mutex<Option<Seen>>,
    asked: Mutex<Vec<AddCheckpoint>>,
}

impl Fake {
    fn new(number: u8, log: &VerifierKey) -> Arc<Self> {
        let key =
            SigningKey::new(&format!("w{number}.example"), KeyKind::CosignatureV1, &[number; 32]).unwrap();
        Arc::new(Self {
            key,
            log: log.clone(),
            mood: Mutex::new(Mood::Well),
            seen: Mutex::default(),
            asked: Mutex::default(),
        })
    }

    fn feels(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn seen(&self) -> u64 {
        self.seen.lock().unwrap().map_or(0, |seen| seen.size)
    }

    async fn answer(&self, body: &[u8]) -> Result<Reply, String> {
        let request = AddCheckpoint::parse(body).unwrap();
        self.asked.lock().unwrap().push(request.clone());
        let reply = |status: u16, body: String| Ok(Reply { status, body: body.into_bytes() });
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Well => {}
            Mood::Down => return Err("no connection came about".to_owned()),
            Mood::Hangs => std::future::pending().await,
            Mood::Says(status, size) => return reply(status, write_size(size)),
            Mood::Differs => return reply(409, write_size(request.checkpoint.checkpoint().size)),
            Mood::Garbles => {
                let line = request.checkpoint.cosign(TIME, &self.key).unwrap().to_string();
                return reply(200, line.replace(['A', 'B'], "C"));
            }
        }
        let mut seen = self.seen.lock().unwrap();
        match judge(&request, [&self.log], *seen) {
            Ok(now) => {
                *seen = Some(now);
                reply(200, request.checkpoint.cosign(TIME, &self.key).unwrap().to_string())
            }
            Err(refusal) => match refusal {
                Refusal::Conflict { size } | Refusal::Fork { size } => reply(409, write_size(size)),
                Refusal::UnknownOrigin | Refusal::NotSigned | Refusal::OldSize | Refusal::Inconsistent => {
                    reply(refusal.status(), String::new())
                }
            },
        }
    }
}

/// A company whose log is shown to three witnesses.
struct Witnessed {
    world: World,
    fakes: Vec<Arc<Fake>>,
    trust: String,
}

fn outside(trust: &str, fakes: &[Arc<Fake>]) -> Outside {
    let fakes = fakes.to_vec();
    let post = move |message: Message| {
        let number = message.url.strip_prefix("https://w").and_then(|rest| rest.split('.').next()).unwrap();
        assert!(message.url.ends_with(".example/add-checkpoint"), "{}", message.url);
        let fake = Arc::clone(&fakes[number.parse::<usize>().unwrap()]);
        let answer = async move { fake.answer(&message.body).await };
        let boxed: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(answer);
        boxed
    };
    Outside {
        trust: Some(Trust::parse(trust.to_owned()).unwrap()),
        post: Box::new(post),
        ..Outside::default()
    }
}

impl Witnessed {
    /// `rest` ends the trust policy.
    async fn start(rest: &str) -> Self {
        let mut world = World::start().await;
        let log = world.engine.log_keys(world.ws).await.unwrap()[0].clone();
        let fakes: Vec<_> = (0..3).map(|number| Fake::new(number, &log)).collect();
        let line = |(number, fake): (usize, &Arc<Fake>)| {
            format!("witness w{number} {} https://w{number}.example/\n", fake.key.verifier())
        };
        let witnesses: String = fakes.iter().enumerate().map(line).collect();
        let trust = format!("log {log}\n{witnesses}{rest}");
        let store = Arc::clone(world.engine.store());
        world.restart_with(store, outside(&trust, &fakes)).await.unwrap();
        Self { world, fakes, trust }
    }

    async fn restart(&mut self) {
        let store = Arc::clone(self.world.engine.store());
        self.world.restart_with(store, outside(&self.trust, &self.fakes)).await.unwrap();
    }

    /// Lets something happen, so that there is a new head; answers how many leaves there are then.
    async fn work(&self) -> u64 {
        let run = self.world.propose(&self.world.agent, tag("48213", &["vip"])).await.unwrap();
        self.world.settled(run).await;
        self.world.engine.store().integrate(self.world.ws).await.unwrap()
    }

    async fn until(&self, what: &str, done: impl Fn() -> bool) {
        for _ in 0..400 {
            if done() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("never: {what}; {:?}", self.heads());
    }

    fn heads(&self) -> engine::Heads {
        self.world.engine.evidence_heads(self.world.ws)
    }

    /// Asks for witnessed evidence before every edit of an agent.
    async fn ask_for_witnesses(&self) {
        let base = "@id(\"helpdesk.base.agents\")";
        let asked = policy::starter().replacen(base, &format!("{base} @evidence(\"witnessed\")"), 1);
        self.world.put_in_force(&asked).await;
    }
}

/// The leaves of the workspace that tell of a change of witnesses.
async fn texts_of(store: &dyn store::Store, ws: domain::id::WorkspaceId) -> Vec<String> {
    let leaves = store.chain(ws, store::Chain::Workspace, 0, 1000).await.unwrap();
    let texts = leaves.into_iter().map(|leaf| String::from_utf8(leaf.bytes).unwrap());
    texts.filter(|text| text.contains("witness.changed")).collect()
}

const TWO_OF_THREE: &str = "group q 2 w0 w1 w2\nquorum q\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_quorum_of_cosignatures_is_kept_with_the_head() {
    let story = Witnessed::start(TWO_OF_THREE).await;
    story.fakes[2].feels(Mood::Down);
    let size = story.work().await;
    story.until("a quorum", || story.heads().witnessed >= size).await;
    let kept = story.world.engine.store().checkpoint(story.world.ws, Some(size)).await.unwrap().unwrap();
    let head = SignedCheckpoint::parse(kept.note.as_bytes()).unwrap();
    let judged = TrustPolicy::parse(story.trust.as_bytes()).unwrap().judge(&head);
    let Verdict::Signed { quorum: Quorum::Met, times } = judged else { panic!("{judged:?} {head}") };
    assert_eq!(times.into_iter().collect::<Vec<_>>(), [("w0".to_owned(), TIME), ("w1".to_owned(), TIME)]);
    // The third one learns of it when it is back, without anything new happening.
    story.fakes[2].feels(Mood::Well);
    story.until("the third", || story.fakes[2].seen() >= size).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_never_answers_holds_nobody_up() {
    let story = Witnessed::start(TWO_OF_THREE).await;
    story.fakes[0].feels(Mood::Hangs);
    for _ in 0..2 {
        let size = story.work().await;
        story.until("a quorum of the others", || story.heads().witnessed >= size).await;
    }
    assert!(story.fakes[0].asked() <= 2, "it is not asked again while it is being asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_waits_for_the_quorum_and_goes_on_when_it_is_there() {
    let story = Witnessed::start(TWO_OF_THREE).await;
    story.ask_for_witnesses().await;
    let world = &story.world;
    for fake in &story.fakes[1..] {
        fake.feels(Mood::Down);
    }
    let run = world.propose(&world.agent, tag("48213", &["vip"])).await.unwrap();
    let waits = world.until(run, |view| view.run.stage == Stage::Authorized).await;
    assert_eq!(waits.run.evidence_needed(), EvidenceLevel::Witnessed);
    let asked = story.fakes[1].asked();
    story.until("it is asked again", || story.fakes[1].asked() > asked).await;
    assert_eq!((world.show(run).await.run.stage, world.writes("48213")), (Stage::Authorized, 0));
    // Everything is sealed meanwhile.
    let size = world.engine.store().integrate(world.ws).await.unwrap();
    story.until("sealed", || story.heads().sealed >= size).await;
    story.fakes[2].feels(Mood::Well);
    world
        .until(run, |view| {
            world.clock.advance_s(1);
            view.run.closed.is_some()
        })
        .await;
    let view = world.show(run).await;
    assert_eq!(view.run.stage, Stage::Applied, "{view:#?}");
    assert_eq!(view.run.progress[0].attempts[0].evidence, EvidenceLevel::Witnessed);
    assert_eq!(world.writes("48213"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_quorum_in_the_policy_witnessed_evidence_is_denied_instead_of_awaited() {
    let story = Witnessed::start("quorum none\n").await;
    story.ask_for_witnesses().await;
    let run = story.world.propose(&story.world.agent, tag("48213", &["vip"])).await.unwrap();
    let view = story.world.settled(run).await;
    assert_eq!(view.run.stage, Stage::Denied, "{view:#?}");
    let size = story.world.engine.store().integrate(story.world.ws).await.unwrap();
    // Witnesses cosign all the same; nothing is called witnessed for it.
    story.until("cosigned", || story.fakes.iter().all(|fake| fake.seen() >= size)).await;
    assert_eq!(story.heads().witnessed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_has_seen_more_or_something_else_stops_the_log() {
    let more = (Mood::Says(409, 1_000_000), "has cosigned 1000000 leaves");
    let other = (Mood::Says(422, 0), "do not continue");
    let twin = (Mood::Differs, "has cosigned another head");
    for (mood, told) in [more, other, twin] {
        let story = Witnessed::start(TWO_OF_THREE).await;
        story.fakes[1].feels(mood);
        let run = story.world.propose(&story.world.agent, tag("48213", &["vip"])).await.unwrap();
        story.until("the risk is seen", || story.heads().fork_risk.is_some()).await;
        story.world.until(run, |view| !matches!(view.run.stage, Stage::Proposed | Stage::Executing)).await;
        let why = story.heads().fork_risk.unwrap();
        assert!(why.contains("`w1`") && why.contains(told), "{why}");
        let before = story.world.writes("48213");
        let run = story.world.propose(&story.world.agent, tag("48213", &["late"])).await.unwrap();
        story.world.until(run, |view| view.run.stage == Stage::Authorized).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(story.world.show(run).await.run.stage, Stage::Authorized);
        assert_eq!(story.world.writes("48213"), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_or_a_line_that_does_not_verify_counts_for_nothing_and_stops_nothing() {
    for mood in
        [Mood::Says(403, 0), Mood::Says(404, 0), Mood::Says(400, 0), Mood::Says(500, 0), Mood::Garbles]
    {
        let story = Witnessed::start("group q all w0 w1\nquorum q\n").await;
        story.fakes[1].feels(mood);
        let size = story.work().await;
        story.until("asked", || story.fakes[1].asked() > 1 && story.fakes[0].seen() >= size).await;
        let heads = story.heads();
        assert!(heads.fork_risk.is_none() && heads.witnessed < size, "{heads:?}");
        let kept = story.world.engine.store().checkpoint(story.world.ws, Some(size)).await.unwrap().unwrap();
        assert!(!kept.note.contains("w1.example"), "{}", kept.note);
        story.fakes[1].feels(Mood::Well);
        story.until("it counts when it is right", || story.heads().witnessed >= size).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_asks_each_witness_how_far_it_is_and_what_was_witnessed_still_is() {
    let mut story = Witnessed::start(TWO_OF_THREE).await;
    let size = story.work().await;
    story.until("all three", || story.fakes.iter().all(|fake| fake.seen() >= size)).await;
    for fake in &story.fakes {
        fake.feels(Mood::Down);
    }
    story.restart().await;
    story.until("what was witnessed", || story.heads().witnessed >= size).await;
    for fake in &story.fakes {
        fake.feels(Mood::Well);
    }
    let size = story.work().await;
    story.until("all three again", || story.fakes.iter().all(|fake| fake.seen() >= size)).await;
    assert_eq!(story.heads().fork_risk, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_trust_policy_is_an_event_and_one_for_another_key_stops_the_start() {
    let mut story = Witnessed::start(TWO_OF_THREE).await;
    let changes = async |story: &Witnessed, expected: usize| {
        let store = story.world.engine.store();
        for _ in 0..100 {
            if texts_of(&**store, story.world.ws).await.len() >= expected {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        texts_of(&**store, story.world.ws).await
    };
    let first = changes(&story, 1).await;
    assert_eq!(first.len(), 1, "{first:?}");
    let vkeys: Vec<_> = story.fakes.iter().map(|fake| fake.key.verifier().to_string()).collect();
    assert!(vkeys.iter().all(|vkey| first[0].contains(vkey)), "{}", first[0]);
    assert!(first[0].contains(&proof::digest::sha256(story.trust.as_bytes()).to_string()));
    assert_eq!(story.world.engine.trust_template(story.world.ws).await.unwrap(), story.trust);
    let asked = story.fakes[0].asked();
    story.restart().await;
    // Once the worker has looked, it shows heads.
    story.until("heads are shown", || story.fakes[0].asked() > asked).await;
    assert_eq!(changes(&story, 1).await.len(), 1, "the same again is no change");
    // None any more.
    let store = Arc::clone(story.world.engine.store());
    story.world.restart(store).await;
    let gone = changes(&story, 2).await;
    assert_eq!(gone.len(), 2);
    assert!(gone[1].contains("\"added\":[]") && gone[1].contains(&vkeys[2]), "{}", gone[1]);
    let template = story.world.engine.trust_template(story.world.ws).await.unwrap();
    assert!(
        template.ends_with("quorum none\n") && template.starts_with("log ap.example/w/main+"),
        "{template}"
    );

    let foreign = SigningKey::new("ap.example/w/main", KeyKind::Ed25519, &[9; 32]).unwrap();
    let trust = format!("log {}\nquorum none\n", foreign.verifier());
    let store = Arc::clone(story.world.engine.store());
    let refused = story.world.restart_with(store, outside(&trust, &[])).await.unwrap_err();
    assert_eq!(refused.code, Code::InvalidRequest, "{refused}");
    assert!(refused.message.contains("never had that key"), "{refused}");
}
