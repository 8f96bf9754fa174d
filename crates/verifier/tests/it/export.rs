//! From a log to the files of a bundle: what an exporter writes, and what a forger with its keys could.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use domain::id::RunId;
use domain::plan::{CONFIGURATION, SNAPSHOT};
use domain::time::Timestamp;
use proof::bundle::{self, Manifest, Scope};
use proof::canonical;
use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::digest::{Digest, sha256};
use proof::disclosure::Disclosure;
use proof::json::{Value, object};
use proof::leaf::Leaf;
use proof::note::{KeyKind, SigningKey};
use proof::tile::{TileKind, tiles, write_entries, write_hashes};
use proof::tlog_proof::TlogProof;
use proof::tree::{Frontier, leaf_hash};
use proof::{consistency, inclusion};

use crate::lab::{Log, MANIFEST, ORIGIN, POLICY, SET, SHAPES, manifest};

pub type Bundle = BTreeMap<String, Vec<u8>>;

/// Test keys of the log, made from a number.
pub fn log_key(n: u8) -> SigningKey {
    SigningKey::new(ORIGIN, KeyKind::Ed25519, sha256(format!("log key {n}").as_bytes()).as_bytes()).unwrap()
}

pub fn witness_key(n: u8) -> SigningKey {
    let name = format!("witness{n}.example/w");
    SigningKey::new(&name, KeyKind::CosignatureV1, sha256(name.as_bytes()).as_bytes()).unwrap()
}

/// What the auditor has pinned: both keys of the log, and two of three witnesses.
pub fn trust() -> String {
    let logs = [1, 2].map(|n| format!("log {}\n", log_key(n).verifier()));
    let witnesses = [0, 1, 2].map(|n| format!("witness w{n} {}\n", witness_key(n).verifier()));
    format!("{}{}group g 2 w0 w1 w2\nquorum g\n", logs.concat(), witnesses.concat())
}

/// The hash of a leaf.
pub fn hash(leaf: &Leaf) -> Digest {
    leaf_hash(&leaf.to_bytes().unwrap())
}

/// A log with its tree.
pub struct Tree {
    pub hashes: Vec<Digest>,
    nodes: BTreeMap<(u32, u64), Digest>,
    frontier: Frontier,
}

impl Tree {
    pub fn of(log: &Log) -> Self {
        let mut tree = Self { hashes: vec![], nodes: BTreeMap::new(), frontier: Frontier::default() };
        for leaf in &log.leaves {
            let hash = hash(leaf);
            tree.hashes.push(hash);
            let nodes = &mut tree.nodes;
            tree.frontier.append_each(hash, |level, n, node| {
                nodes.insert((level, n), node);
            });
        }
        tree
    }

    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { origin: ORIGIN.to_owned(), size: self.frontier.size(), root: self.frontier.root() }
    }

    fn node(&self, level: u32, n: u64) -> Option<Digest> {
        self.nodes.get(&(level, n)).copied()
    }
}

/// How a bundle is made.
#[derive(Clone)]
pub struct Export {
    /// Numbers of the log keys that sign.
    pub keys: Vec<u8>,
    /// Numbers of the witnesses that cosign.
    pub witnesses: Vec<u8>,
    /// When they do.
    pub seen: Timestamp,
    pub scope: Scope,
    /// Names of sealed members that are disclosed; all when `None`.
    pub disclose: Option<BTreeSet<&'static str>>,
    /// The runs; all when `None`.
    pub runs: Option<Vec<RunId>>,
    /// Kept heads to which a consistency proof is added.
    pub since: Vec<u64>,
    /// Whether the policy text and the manifest are in.
    pub texts: bool,
}

impl Export {
    pub fn at(seen: Timestamp) -> Self {
        Self {
            keys: vec![1],
            witnesses: vec![0, 1],
            seen,
            scope: Scope::Run,
            disclose: None,
            runs: None,
            since: vec![],
            texts: true,
        }
    }

    pub fn sign(&self, checkpoint: &Checkpoint) -> SignedCheckpoint {
        let keys: Vec<SigningKey> = self.keys.iter().map(|n| log_key(*n)).collect();
        let mut signed = SignedCheckpoint::sign(checkpoint, &keys).unwrap();
        let seconds = u64::try_from(self.seen.millis() / 1000).unwrap();
        for n in &self.witnesses {
            let line = signed.cosign(seconds + u64::from(*n), &witness_key(*n)).unwrap();
            signed.add(line).unwrap();
        }
        signed
    }

    /// The files of a bundle.
    pub fn files(&self, log: &Log) -> Bundle {
        let tree = Tree::of(log);
        let head = self.sign(&tree.checkpoint());
        let mut files = Bundle::new();
        files.insert("trust.tlog-policy".to_owned(), trust().into_bytes());
        files.insert("log/checkpoint".to_owned(), head.to_string().into_bytes());
        let runs: BTreeSet<String> = match &self.runs {
            Some(runs) => runs.iter().map(ToString::to_string).collect(),
            None => log.leaves.iter().filter_map(|leaf| leaf.run.clone()).collect(),
        };
        for (index, leaf) in log.leaves.iter().enumerate() {
            let folder = match &leaf.run {
                Some(run) if runs.contains(run) => format!("runs/{run}"),
                Some(_) => continue,
                None => "workspace".to_owned(),
            };
            let line = object([
                ("index", Value::Int(i64::try_from(index).unwrap())),
                ("leaf", STANDARD.encode(leaf.to_bytes().unwrap()).into()),
            ]);
            append(&mut files, format!("{folder}/events.jsonl"), &line);
            if self.scope != Scope::Full {
                let proof = prove(&tree, &head, u64::try_from(index).unwrap());
                files.insert(format!("{folder}/proofs/{index}.tlog-proof"), proof.into_bytes());
            }
        }
        for ((run, revision), documents) in &log.documents {
            for (n, document) in documents.iter().enumerate().filter(|_| runs.contains(&run.to_string())) {
                let line = object([
                    ("doc", STANDARD.encode(document).into()),
                    ("n", Value::Int(i64::try_from(n).unwrap())),
                ]);
                append(&mut files, format!("runs/{run}/plans/{revision}.jsonl"), &line);
            }
        }
        for (run, sealed) in &log.sealed {
            let folder = run.map_or("workspace".to_owned(), |run| format!("runs/{run}"));
            if run.is_none_or(|run| runs.contains(&run.to_string())) {
                self.disclose(&folder, sealed, &mut files);
            }
        }
        if self.scope == Scope::Full {
            write_tiles(log, &tree, &mut files);
        }
        for old in &self.since {
            let path =
                consistency::build(*old, tree.frontier.size(), |level, n| tree.node(level, n)).unwrap();
            let lines: Vec<String> = path.iter().map(Digest::to_base64).collect();
            files.insert(format!("log/consistency/{old}"), format!("{}\n", lines.join("\n")).into_bytes());
        }
        if self.texts {
            let digest = SET.digest();
            files.insert(format!("policies/{digest}.json"), verifier::policy_file::write(POLICY, &SHAPES));
            files.insert(format!("manifests/{}.toml", manifest()), MANIFEST.as_bytes().to_vec());
        }
        let manifest = Manifest {
            created: self.seen.to_string(),
            files: bundle::list(&files),
            origin: ORIGIN.to_owned(),
            scope: self.scope,
            size: head.checkpoint().size,
            retention: None,
        };
        files.insert("manifest.json".to_owned(), manifest.to_bytes().unwrap());
        files
    }

    fn disclose(&self, folder: &str, sealed: &[Disclosure], files: &mut Bundle) {
        let mut parts: BTreeMap<String, BTreeMap<i64, Vec<u8>>> = BTreeMap::new();
        for disclosure in sealed {
            let opened = Disclosure::open(&disclosure.text).unwrap();
            let name = opened.name.as_str();
            if name == "artifact_part" {
                let text = |name| opened.value.get(name).and_then(Value::as_str).unwrap().to_owned();
                let n = opened.value.get("n").and_then(Value::as_int).unwrap();
                let bytes = STANDARD_NO_PAD.decode(text("base64")).unwrap();
                parts.entry(text("sha256")).or_default().insert(n, bytes);
                continue;
            }
            // Kept beside a document, and no member of it.
            if name == SNAPSHOT || name == CONFIGURATION {
                continue;
            }
            if self.disclose.as_ref().is_none_or(|names| names.contains(name)) {
                let line = object([
                    ("digest", disclosure.digest.as_str().into()),
                    ("disclosure", disclosure.text.as_str().into()),
                ]);
                append(files, format!("{folder}/disclosures.jsonl"), &line);
            }
        }
        for (digest, parts) in parts {
            let bytes = parts.into_values().flatten().collect();
            files.insert(format!("artifacts/{digest}"), bytes);
        }
    }
}

fn write_tiles(log: &Log, tree: &Tree, files: &mut Bundle) {
    for tile in tiles(tree.frontier.size()) {
        let range = tile.index * 256..tile.index * 256 + u64::from(tile.width);
        let bytes = match tile.kind {
            TileKind::Entries => {
                let leaves: Vec<Vec<u8>> =
                    range.map(|n| log.leaves[usize::try_from(n).unwrap()].to_bytes().unwrap()).collect();
                write_entries(&leaves).unwrap()
            }
            TileKind::Hashes(level) => {
                let hashes: Vec<Digest> =
                    range.map(|n| tree.node(u32::from(level) * 8, n).unwrap()).collect();
                write_hashes(&hashes)
            }
        };
        files.insert(format!("log/{tile}"), bytes);
    }
}

pub fn prove(tree: &Tree, head: &SignedCheckpoint, index: u64) -> String {
    let path = inclusion::build(index, tree.frontier.size(), |level, n| tree.node(level, n)).unwrap();
    TlogProof { extra: None, index, path, checkpoint: head.clone() }.to_string()
}

fn append(files: &mut Bundle, path: String, line: &Value) {
    let file = files.entry(path).or_default();
    file.extend(canonical::to_bytes(line));
    file.push(b'\n');
}
