//! What was acknowledged survives a process that is killed in the middle of its commits.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use domain::id::{RunId, WorkspaceId};
use domain::time::Timestamp;
use proof::json::Object;
use proof::leaf::{By, ByKind, Leaf};
use proof::tree::leaf_hash;
use store::{Chain, ChainAppend, Commit, Kek, SqliteStore, Store};
use zeroize::Zeroizing;

const FOLDER: &str = "STORE_KILL_FOLDER";
/// Acknowledged commits before the kill.
const COMMITS: usize = 400;
const WRITERS: u8 = 16;

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder, Kek::new(Zeroizing::new([7; 32]))).unwrap()
}

fn workspace() -> WorkspaceId {
    WorkspaceId::new(Timestamp::from_millis(1), [1; 10])
}

fn run(writer: u8) -> RunId {
    RunId::new(Timestamp::from_millis(1), [writer; 10])
}

fn leaf(run: RunId, seq: u64, prev: Option<&[u8]>) -> Vec<u8> {
    Leaf {
        sd: vec![],
        by: By { id: "node_00000000".into(), kind: ByKind::System },
        cause: vec![],
        data: Object::new(),
        node: "node_00000000".into(),
        prev: prev.map(leaf_hash),
        run: Some(run.to_string()),
        seq,
        time: "2026-11-23T22:00:00.000Z".into(),
        kind: "run.commented".into(),
    }
    .to_bytes()
    .unwrap()
}

/// The process that is killed: does nothing unless it was started by the test below.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_child_commits_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store: Arc<dyn Store> = Arc::new(open(Path::new(&folder)));
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| tokio::spawn(write(Arc::clone(&store), writer))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn write(store: Arc<dyn Store>, writer: u8) {
    let mut last: Option<Vec<u8>> = None;
    for seq in 0.. {
        let bytes = leaf(run(writer), seq, last.as_deref());
        let append =
            ChainAppend { chain: Chain::Run(run(writer)), expected_seq: seq, leaves: vec![bytes.clone()] };
        let mut commit = Commit::new(workspace(), Timestamp::from_millis(1));
        commit.appends = vec![append];
        store.commit(commit).await.unwrap();
        // One write, so that the kill leaves no half line but at the very end.
        std::io::stdout().write_all(format!("acknowledged {writer} {seq}\n").as_bytes()).unwrap();
        last = Some(bytes);
    }
}

#[tokio::test]
async fn every_acknowledged_commit_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=2 {
        let folder = folder.path().join(round.to_string());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::the_child_commits_until_it_is_killed", "--nocapture"])
            .env(FOLDER, &folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged: Vec<_> =
            lines.by_ref().map(Result::unwrap).filter_map(|line| read(&line)).take(COMMITS).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had said before it died.
        acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| read(&line)));
        assert!(acknowledged.len() >= COMMITS);

        let store = open(&folder);
        for writer in 0..WRITERS {
            let chain = store.chain(workspace(), Chain::Run(run(writer)), 0, 10_000).await.unwrap();
            let said = acknowledged.iter().filter(|(by, _)| *by == writer).map(|(_, seq)| *seq).max();
            assert!(
                chain.len() >= said.map_or(0, |seq| seq + 1),
                "writer {writer}: {} < {said:?}",
                chain.len()
            );
            let mut last: Option<Vec<u8>> = None;
            for stored in chain {
                assert_eq!(stored.bytes, leaf(run(writer), stored.seq, last.as_deref()));
                last = Some(stored.bytes);
            }
        }
    }
}

/// A whole line about a commit; the test runner prints others.
fn read(line: &str) -> Option<(u8, usize)> {
    let (_, said) = line.split_once("acknowledged ")?;
    let (writer, seq) = said.split_once(' ')?;
    Some((writer.parse().ok()?, seq.parse().ok()?))
}
