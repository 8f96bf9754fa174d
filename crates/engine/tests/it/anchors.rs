//! Anchors: the head in places outside, kept for exports, and held against a database that was put back.

use std::sync::{Arc, Mutex};

use domain::time::Timestamp;
use engine::queries::{BundleOf, BundleRequest};
use engine::{Anchors, Code, Message, Method, Outside, Reply};
use proof::checkpoint::SignedCheckpoint;
use proof::digest::sha256;

use crate::world::{World, open_engine, open_store, tag};

/// What arrived, and whether the places are up.
#[derive(Default)]
struct Places {
    asked: Mutex<Vec<Message>>,
    down: Mutex<bool>,
}

impl Places {
    fn answer(&self, message: Message) -> Result<Reply, String> {
        self.asked.lock().unwrap().push(message.clone());
        if *self.down.lock().unwrap() {
            return Err("no connection came about".to_owned());
        }
        let body = match message.method {
            // A granted token around whatever was asked.
            Method::Post => {
                let inside = [[0x30, 0x03, 0x02, 0x01, 0x00].as_slice(), &message.body].concat();
                [[0x30, u8::try_from(inside.len()).unwrap()].as_slice(), &inside].concat()
            }
            Method::Put => Vec::new(),
        };
        Ok(Reply { status: 200, body })
    }

    fn count(&self, method: Method) -> usize {
        self.asked.lock().unwrap().iter().filter(|message| message.method == method).count()
    }
}

fn outside(places: &Arc<Places>, directory: &std::path::Path) -> Outside {
    let places = Arc::clone(places);
    let put = |name: &str, body: &[u8], _: Timestamp| Message {
        method: Method::Put,
        url: format!("https://s3.example/{name}"),
        headers: Vec::new(),
        body: body.to_vec(),
        timeout: std::time::Duration::from_secs(1),
    };
    let anchors = Anchors {
        directory: Some(directory.to_owned()),
        tsa: Some("https://tsa.example".to_owned()),
        bucket: Some(Box::new(put)),
    };
    let post = move |message| {
        let answer = places.answer(message);
        let boxed: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(async { answer });
        boxed
    };
    Outside { trust: None, anchors, post: Box::new(post) }
}

async fn anchored() -> (World, Arc<Places>, tempfile::TempDir) {
    let mut world = World::start().await;
    let (places, folder) = (Arc::new(Places::default()), tempfile::tempdir().unwrap());
    let store = Arc::clone(world.engine.store());
    world.restart_with(store, outside(&places, folder.path())).await.unwrap();
    for _ in 0..200 {
        if places.count(Method::Put) > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    (world, places, folder)
}

fn copies(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder.join("ap.example+w+main")).unwrap();
    let mut copies: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    copies.sort();
    copies
}

async fn export(world: &World) -> std::collections::BTreeMap<String, Vec<u8>> {
    let request = BundleRequest { of: BundleOf::Full, disclose: false };
    world.engine.bundle(&world.admin, request).await.unwrap().files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_anchors_the_head_everywhere_and_a_day_later_the_next() {
    let (world, places, folder) = anchored().await;
    let first = copies(folder.path());
    let copy = std::fs::read(&first[0]).unwrap();
    let head = SignedCheckpoint::parse(&copy).unwrap();
    let asked = places.asked.lock().unwrap().clone();
    let [stamp, put] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(stamp.headers, [("content-type", "application/timestamp-query".to_owned())]);
    assert_eq!(&stamp.body[24..56], sha256(&copy).as_bytes());
    assert!(
        put.url.starts_with(&format!("https://s3.example/ap.example+w+main/{:012}-", head.checkpoint().size))
    );
    assert_eq!(put.body, copy);
    // The same day, the same head: nothing to do.
    world.engine.anchor_now(world.ws).await.unwrap();
    assert_eq!((copies(folder.path()), places.asked.lock().unwrap().len()), (first.clone(), 2));
    world.clock.advance_s(24 * 3600);
    world.engine.anchor_now(world.ws).await.unwrap();
    assert_eq!((copies(folder.path()).len(), places.count(Method::Post)), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_carries_a_token_about_the_head_that_it_carries() {
    let (world, places, _folder) = anchored().await;
    let run = world.propose(&world.agent, tag("48213", &["vip"])).await.unwrap();
    world.settled(run).await;
    let files = export(&world).await;
    let head = &files["log/checkpoint"];
    let size = SignedCheckpoint::parse(head).unwrap().checkpoint().size;
    let token = &files[&format!("anchors/{size}.tsr")];
    assert!(token.windows(32).any(|part| part == sha256(head).as_bytes()));
    // Another export of the same head a moment later needs no further token.
    let asked = places.count(Method::Post);
    assert_eq!(export(&world).await["log/checkpoint"], *head);
    assert_eq!(places.count(Method::Post), asked);
    // An authority that is down keeps no export back.
    *places.down.lock().unwrap() = true;
    world.clock.advance_s(3600);
    let files = export(&world).await;
    assert!(files.contains_key("log/checkpoint") && !files.keys().any(|path| path.starts_with("anchors/")));
    let refused = world.engine.anchor_now(world.ws).await.unwrap_err();
    assert_eq!(refused.code, Code::Unavailable);
    assert!(refused.message.contains("tsa: no connection came about; s3: no connection"), "{refused}");
    // The places that were missing are filled in; the folder has its copy already.
    *places.down.lock().unwrap() = false;
    let puts = places.count(Method::Put);
    world.engine.anchor_now(world.ws).await.unwrap();
    world.engine.anchor_now(world.ws).await.unwrap();
    assert_eq!(places.count(Method::Put), puts + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_and_keys_that_were_put_back_together_are_found_by_the_copy_outside() {
    let (mut world, places, folder) = anchored().await;
    let store = Arc::clone(world.engine.store());
    let backup = tempfile::tempdir().unwrap();
    // Database and keys of one moment: the fork guard beside the keys cannot tell.
    copy(world.dir.path(), backup.path());
    let run = world.propose(&world.agent, tag("48213", &["vip"])).await.unwrap();
    world.settled(run).await;
    export(&world).await;
    // The one that went on starts again as if nothing were.
    world.restart_with(store, outside(&places, folder.path())).await.unwrap();
    assert_eq!(world.engine.evidence_heads(world.ws).fork_risk, None);

    let store = open_store(backup.path()).await;
    let (engine, _queue) =
        open_engine(store, &world.clock, backup.path(), outside(&places, folder.path())).await.unwrap();
    let why = engine.evidence_heads(world.ws).fork_risk.unwrap();
    assert!(why.contains("was anchored"), "{why}");
    assert_eq!(engine.anchor_now(world.ws).await.unwrap_err().code, Code::ForkRisk);
}

/// Copies database and keys.
fn copy(from: &std::path::Path, to: &std::path::Path) {
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
