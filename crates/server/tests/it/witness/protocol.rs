//! C2SP tlog-witness, status by status.

use proof::note::{KeyKind, SignatureLine, SigningKey};
use proof::witness::{AddCheckpoint, REQUEST_BYTES_MAX};
use reqwest::{Client, Response};
use server::witness::Running;

use super::{Log, NAME, refused, start};

struct Asked {
    witness: Running,
    client: Client,
    log: Log,
    dir: tempfile::TempDir,
}

impl Asked {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::new("log.example/a"));
        let witness = start(NAME, dir.path(), &[log.vkey()]).await;
        Self { witness, client: Client::builder().no_proxy().build().unwrap(), log, dir }
    }

    async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        let url = format!("http://{}{path}", self.witness.addr());
        self.client.post(url).body(body).send().await.unwrap()
    }

    async fn add(&self, request: &AddCheckpoint) -> Response {
        self.post("/add-checkpoint", request.to_string()).await
    }

    #[track_caller]
    fn refusal(response: &Response) -> u16 {
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let sized = kind.as_deref() == Some("text/x.tlog.size");
        assert_eq!(sized, response.status() == 409, "{kind:?}");
        response.status().as_u16()
    }
}

#[tokio::test]
async fn a_head_is_cosigned_below_any_prefix_and_the_key_is_told() {
    let asked = Asked::start().await;
    let url = format!("http://{}/", asked.witness.addr());
    let told = asked.client.get(&url).send().await.unwrap().text().await.unwrap();
    assert_eq!(told, format!("{}\n", asked.witness.vkey()));
    assert_eq!((asked.witness.vkey().name(), asked.witness.vkey().kind()), (NAME, KeyKind::CosignatureV1));
    for (path, old_size, size) in [("/add-checkpoint", 0, 6), ("/w/1/add-checkpoint", 6, 13)] {
        let request = asked.log.request(old_size, size, 0);
        let answer = asked.post(path, request.to_string()).await;
        assert_eq!(answer.status(), 200);
        let lines = SignatureLine::parse_all(&answer.text().await.unwrap()).unwrap();
        let mut head = request.checkpoint.clone();
        head.add(lines[0].clone()).unwrap();
        assert_eq!(lines.len(), 1);
        assert!(
            head.verify([asked.witness.vkey()]).unwrap()[0].time.is_some_and(|time| time > 1_700_000_000)
        );
    }
    asked.witness.stop().await;
}

#[tokio::test]
async fn what_is_not_cosigned_has_the_status_of_its_reason() {
    let asked = Asked::start().await;
    let log = &asked.log;
    assert_eq!(asked.add(&log.request(0, 9, 0)).await.status(), 200);

    let conflict = asked.add(&log.request(0, 13, 0)).await;
    assert_eq!(Asked::refusal(&conflict), 409);
    assert_eq!(conflict.text().await.unwrap(), "9\n");
    let fork = asked.add(&log.request(9, 9, 1)).await;
    assert_eq!((Asked::refusal(&fork), fork.text().await.unwrap().as_str()), (409, "9\n"));
    assert_eq!(Asked::refusal(&asked.add(&log.request(9, 13, 1)).await), 422);
    assert_eq!(Asked::refusal(&asked.add(&log.request(13, 9, 0)).await), 400);

    let other_key = Log(SigningKey::new("log.example/a", KeyKind::Ed25519, &[2; 32]).unwrap());
    assert_eq!(Asked::refusal(&asked.add(&other_key.request(9, 13, 0)).await), 403);
    let signed = log.request(9, 13, 0).to_string();
    // Another root under the same signature: a line of a known key that does not verify.
    let altered = signed.replacen("\n13\n", "\n14\n", 1);
    assert_eq!(Asked::refusal(&asked.post("/add-checkpoint", altered).await), 403);
    assert_eq!(Asked::refusal(&asked.add(&Log::new("log.example/b").request(0, 9, 0)).await), 404);

    let forms =
        [String::new(), "old 9\n".to_owned(), signed.replacen("old 9", "old 09", 1), "\u{0}".repeat(9)];
    for body in forms {
        assert_eq!(Asked::refusal(&asked.post("/add-checkpoint", body).await), 400);
    }
    let at_limit = asked.post("/add-checkpoint", "x".repeat(REQUEST_BYTES_MAX)).await;
    let beyond = asked.post("/add-checkpoint", "x".repeat(REQUEST_BYTES_MAX + 1)).await;
    assert_eq!((at_limit.status().as_u16(), beyond.status().as_u16()), (400, 413));

    assert_eq!(asked.post("/elsewhere", signed.clone()).await.status(), 404);
    let url = format!("http://{}/add-checkpoint", asked.witness.addr());
    assert_eq!(asked.client.get(url).send().await.unwrap().status(), 405);

    // What the log signed is kept, what anybody can send is not.
    let kept = refused(asked.dir.path());
    let names: Vec<_> = kept.iter().map(|(name, _)| name.rsplit_once('-').unwrap().0).collect();
    assert_eq!(names, ["fork-9", "fork-9", "inconsistent-13", "inconsistent-13"]);
    // After all of it, the log goes on where it was.
    assert_eq!(asked.add(&log.request(9, 13, 0)).await.status(), 200);
}

/// Many requests from one size: one of them wins, and whoever comes later is told its size.
#[tokio::test(flavor = "multi_thread")]
async fn requests_at_once_do_not_pass_each_other() {
    let asked = Asked::start().await;
    assert_eq!(asked.add(&asked.log.request(0, 6, 0)).await.status(), 200);
    let url = format!("http://{}/add-checkpoint", asked.witness.addr());
    let mut tasks = tokio::task::JoinSet::new();
    for more in 1..=16 {
        let request = asked.client.post(&url).body(asked.log.request(6, 6 + more, 0).to_string());
        tasks.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    let statuses = tasks.join_all().await;
    let count = |asked| statuses.iter().filter(|status| **status == asked).count();
    assert_eq!((count(200), count(409)), (1, 15), "{statuses:?}");
}
