//! Changes of files.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::attempt::Outcome;
use proof::bundle::Scope;
use proof::checkpoint::Checkpoint;
use proof::digest::sha256;
use proof::disclosure::Disclosure;
use proof::dsse::Envelope;
use proof::json::Value;
use proof::tlog_proof::TlogProof;
use verifier::Check::{
    Anchors, Chain, Consistency, Decisions, Disclosures, FullLog, Inclusion, Leaves, Manifest, Plans,
    Projections, Signatures, Times, Trust,
};
use verifier::Verdict::{CannotJudge, Incomplete, Open, Tampered, Untrusted, Unwitnessed};

use super::{edit, lines, silent, text};
use crate::corpus::Case;
use crate::export::{Bundle, Tree, prove};
use crate::lab::{Lab, run_id};
use crate::stories::{STAGE, approved, auto, erased, export, rolled_back};

fn events(run: u8) -> String {
    format!("runs/{}/events.jsonl", run_id(run))
}

fn disclosures(run: u8) -> String {
    format!("runs/{}/disclosures.jsonl", run_id(run))
}

fn plan() -> String {
    format!("runs/{}/plans/1.jsonl", run_id(1))
}

/// The proof of a run's event, by its place in the run.
fn proof_of(files: &Bundle, n: usize) -> String {
    let line = text(files, &events(1)).lines().nth(n).unwrap().to_owned();
    let index: String =
        line.strip_prefix("{\"index\":").unwrap().chars().take_while(char::is_ascii_digit).collect();
    format!("runs/{}/proofs/{index}.tlog-proof", run_id(1))
}

fn remove(files: &mut Bundle, path: &str) {
    files.remove(path).unwrap();
}

fn replace(files: &mut Bundle, path: &str, from: &str, to: &str) {
    let before = text(files, path);
    assert!(before.contains(from), "{path} has no {from}");
    files.insert(path.to_owned(), before.replacen(from, to, 1).into_bytes());
}

pub fn cases() -> Vec<Case> {
    let mut cases = manifest();
    cases.extend(signatures());
    cases.extend(leaves());
    cases.extend(chains());
    cases.extend(plans());
    cases.extend(values());
    cases.extend(whole_logs());
    cases.extend(kept());
    cases.extend(others());
    cases
}

fn manifest() -> Vec<Case> {
    let lab = auto();
    let damaged = (Manifest, Tampered);
    vec![
        silent("file_changed", &lab, damaged, |files| {
            replace(files, "trust.tlog-policy", "quorum g", "quorum none");
        }),
        silent("file_unlisted", &lab, damaged, |files| {
            drop(files.insert("notes.txt".to_owned(), b"x".to_vec()));
        }),
        silent("file_listed_and_missing", &lab, (Manifest, Incomplete), |files| {
            remove(files, "trust.tlog-policy");
        }),
        silent("manifest_missing", &lab, (Manifest, Incomplete), |files| remove(files, "manifest.json")),
        silent("manifest_malformed", &lab, damaged, |files| replace(files, "manifest.json", "{", "{ ")),
        silent("manifest_of_another_version", &lab, (Manifest, CannotJudge), |files| {
            replace(files, "manifest.json", "actionplane.bundle/1", "actionplane.bundle/2");
        }),
        silent("manifest_of_another_head", &lab, damaged, |files| {
            replace(
                files,
                "manifest.json",
                "\"origin\":\"ap.example/w/acme\"",
                "\"origin\":\"ap.example/w/other\"",
            );
        }),
    ]
}

/// Replaces the head in the checkpoint and in every proof.
fn everywhere(files: &mut Bundle, change: impl Fn(&str) -> String) {
    for (path, bytes) in files.iter_mut() {
        if path == "log/checkpoint" || path.ends_with(".tlog-proof") {
            *bytes = change(&String::from_utf8(bytes.clone()).unwrap()).into_bytes();
        }
    }
}

/// Every line of a signer is dropped.
fn unsigned(files: &mut Bundle, name: &str) {
    everywhere(files, |text| {
        let kept = text.split_inclusive('\n').filter(|line| !line.starts_with(&format!("\u{2014} {name} ")));
        kept.collect()
    });
}

fn signatures() -> Vec<Case> {
    let lab = auto();
    let export = export(&lab);
    let good = export.files(&lab.log);
    let forged = |line: &str| {
        // Another signature of the same key: valid base64, the right key id.
        let (front, signature) = line.rsplit_once(' ').unwrap();
        let mut bytes = STANDARD.decode(signature.trim_end()).unwrap();
        let last = bytes.len() - 40;
        bytes[last] ^= 1;
        format!("{front} {}\n", STANDARD.encode(bytes))
    };
    let bend = |files: &mut Bundle, name: &str| {
        everywhere(files, |text| {
            text.split_inclusive('\n')
                .map(|line| {
                    if line.starts_with(&format!("\u{2014} {name} ")) {
                        forged(line)
                    } else {
                        line.to_owned()
                    }
                })
                .collect()
        });
    };
    let mut stale = edit("head_stale", &lab, (Signatures, Unwitnessed), |_| ());
    stale.now = Some(export.seen.plus_s(3 * 3600));
    stale.max_age_s = Some(3600);
    let mut other = edit("trust_of_another_log", &lab, (Trust, Untrusted), |_| ());
    other.trust = other.trust.map(|trust| {
        let key = proof::note::SigningKey::new("ap.example/w/other", proof::note::KeyKind::Ed25519, &[7; 32])
            .unwrap();
        let rest: String = trust.split_inclusive('\n').filter(|line| !line.starts_with("log ")).collect();
        format!("log {}\n{rest}", key.verifier())
    });
    let mut none = Case::new("trust_missing", good, Untrusted).found_by(Trust);
    none.trust = None;
    // One proof alone is signed by nobody, or cosigned by too few.
    let one = |files: &mut Bundle, name: &str| {
        let path = proof_of(files, 2);
        let bytes = files[&path].clone();
        let mut only = Bundle::from([(path.clone(), bytes)]);
        unsigned(&mut only, name);
        files.extend(only);
    };
    vec![
        stale,
        other,
        none,
        edit("log_signature_forged", &lab, (Signatures, Tampered), |files| bend(files, "ap.example/w/acme")),
        edit("cosignature_forged", &lab, (Signatures, Tampered), |files| bend(files, "witness1.example/w")),
        edit("log_signature_dropped", &lab, (Trust, Untrusted), |files| unsigned(files, "ap.example/w/acme")),
        edit("cosignature_dropped", &lab, (Signatures, Unwitnessed), |files| {
            unsigned(files, "witness0.example/w");
        }),
        edit("log_signature_of_one_proof_dropped", &lab, (Trust, Untrusted), |files| {
            one(files, "ap.example/w/acme");
        }),
        edit("cosignature_of_one_proof_dropped", &lab, (Signatures, Unwitnessed), |files| {
            one(files, "witness0.example/w");
        }),
        edit("head_malformed", &lab, (Signatures, Tampered), |files| {
            let text = text(files, "log/checkpoint");
            files.insert("log/checkpoint".to_owned(), format!("{text}\n").into_bytes());
        }),
        edit("head_missing", &lab, (Signatures, Incomplete), |files| remove(files, "log/checkpoint")),
    ]
}

/// The event line at a place, with another leaf.
fn releaf(line: &str, change: impl FnOnce(&str) -> String) -> String {
    let (front, leaf) = line.split_once("\"leaf\":\"").unwrap();
    let leaf = String::from_utf8(STANDARD.decode(leaf.trim_end_matches("\"}")).unwrap()).unwrap();
    format!("{front}\"leaf\":\"{}\"}}", STANDARD.encode(change(&leaf)))
}

fn leaves() -> Vec<Case> {
    let lab = auto();
    vec![
        edit("event_rewritten", &lab, (Inclusion, Tampered), |files| {
            // No event behind the close would miss it in the chain.
            lines(files, &events(1), |lines| {
                let last = lines.len() - 1;
                lines[last] = releaf(&lines[last], |leaf| leaf.replace("\"code\":\"", "\"code\":\"x"));
            });
        }),
        edit("index_claimed_wrong", &lab, (Inclusion, Tampered), |files| {
            let last = text(files, &events(1)).lines().count() - 1;
            let old = proof_of(files, last);
            lines(files, &events(1), |lines| {
                let (_, leaf) = lines[last].split_once(',').unwrap();
                lines[last] = format!("{{\"index\":99,{leaf}");
            });
            let bytes = files.remove(&old).unwrap();
            files.insert(format!("runs/{}/proofs/99.tlog-proof", run_id(1)), bytes);
        }),
        edit("proof_of_another_event", &lab, (Inclusion, Tampered), |files| {
            let other = files[&proof_of(files, 1)].clone();
            let path = proof_of(files, 2);
            files.insert(path, other);
        }),
        edit("proof_path_cut", &lab, (Inclusion, Tampered), |files| {
            let path = proof_of(files, 2);
            let mut proof = TlogProof::parse(&files[&path]).unwrap();
            proof.path.pop();
            files.insert(path, proof.to_string().into_bytes());
        }),
        edit("proof_under_an_older_head", &lab, (Inclusion, Tampered), |files| {
            let mut log = lab.log.clone();
            log.leaves.pop();
            let tree = Tree::of(&log);
            let head = export(&lab).sign(&tree.checkpoint());
            let path = proof_of(files, 2);
            let index = TlogProof::parse(&files[&path]).unwrap().index;
            files.insert(path, prove(&tree, &head, index).into_bytes());
        }),
        edit("proof_missing", &lab, (Inclusion, Incomplete), |files| {
            let path = proof_of(files, 2);
            remove(files, &path);
        }),
        edit("act_cut_and_its_proof_left", &lab, (Inclusion, Incomplete), |files| {
            lines(files, "workspace/events.jsonl", |lines| drop(lines.pop()));
            lines(files, "workspace/disclosures.jsonl", |lines| lines.truncate(lines.len() - 3));
        }),
        edit("event_line_malformed", &lab, (Leaves, Tampered), |files| {
            lines(files, "workspace/events.jsonl", |lines| lines.push("{\"index\":0}".to_owned()));
        }),
        edit("run_folder_without_a_run", &lab, (Leaves, Tampered), |files| {
            files.insert("runs/run_x/events.jsonl".to_owned(), vec![]);
        }),
    ]
}

fn chains() -> Vec<Case> {
    let lab = auto();
    // The same run, its events cut out with everything that tells of them.
    let without = |files: &mut Bundle, n: usize| {
        let path = proof_of(files, n);
        remove(files, &path);
        lines(files, &events(1), |lines| drop(lines.remove(n)));
    };
    vec![
        edit("first_event_cut", &lab, (Chain, Incomplete), |files| without(files, 0)),
        edit("middle_event_cut", &lab, (Chain, Incomplete), |files| without(files, 3)),
        edit("last_event_cut", &lab, (Chain, Open), |files| {
            let last = text(files, &events(1)).lines().count() - 1;
            without(files, last);
        }),
        edit("events_swapped", &lab, (Chain, Incomplete), |files| {
            lines(files, &events(1), |lines| lines.swap(3, 4));
        }),
        edit("event_doubled", &lab, (Chain, Tampered), |files| {
            lines(files, &events(1), |lines| lines.insert(3, lines[3].clone()));
        }),
        edit("events_missing", &lab, (Chain, Incomplete), |files| {
            let run = format!("runs/{}", run_id(1));
            files.retain(|path, _| !path.starts_with(&run));
        }),
        edit("event_of_another_run", &rolled_back(), (Chain, Tampered), |files| {
            // The child's proposal, with its proof, at the end of the parent.
            let child = text(files, &events(2)).lines().next().unwrap().to_owned();
            let index: String =
                child["{\"index\":".len()..].chars().take_while(char::is_ascii_digit).collect();
            let proof = files[&format!("runs/{}/proofs/{index}.tlog-proof", run_id(2))].clone();
            files.insert(format!("runs/{}/proofs/{index}.tlog-proof", run_id(1)), proof);
            lines(files, &events(1), |lines| lines.push(child));
            files.retain(|path, _| !path.starts_with(&format!("runs/{}", run_id(2))));
        }),
    ]
}

fn plans() -> Vec<Case> {
    let lab = approved();
    vec![
        edit("plan_missing", &lab, (Plans, Incomplete), |files| {
            remove(files, &plan());
            hide(files, &["record", "version", "guard", "arguments", "change"]);
        }),
        edit("mutation_missing", &lab, (Plans, Incomplete), |files| {
            lines(files, &plan(), |lines| drop(lines.pop()));
            hide(files, &["record", "version", "guard", "arguments", "change"]);
        }),
        edit("mutation_rewritten", &lab, (Plans, Tampered), |files| {
            lines(files, &plan(), |lines| {
                let (front, doc) = lines[0]
                    .split_once("{\"doc\":\"")
                    .map(|(_, rest)| rest.split_once('"').unwrap())
                    .unwrap();
                let text = String::from_utf8(STANDARD.decode(front).unwrap()).unwrap();
                lines[0] =
                    format!("{{\"doc\":\"{}\"{doc}", STANDARD.encode(text.replace("crm-main", "crm-test")));
            });
        }),
        edit("mutation_malformed", &lab, (Plans, Tampered), |files| {
            replace(files, &plan(), "\"n\":0", "\"n\":1");
        }),
        edit("plan_of_no_revision", &lab, (Plans, Tampered), |files| {
            let bytes = files[&plan()].clone();
            files.insert(format!("runs/{}/plans/2.jsonl", run_id(1)), bytes);
        }),
        edit("plan_named_wrong", &lab, (Plans, Tampered), |files| {
            files.insert(format!("runs/{}/plans/01.jsonl", run_id(1)), vec![]);
        }),
        edit("manifest_not_as_named", &lab, (Plans, Tampered), |files| {
            let path = format!("manifests/{}.toml", crate::lab::manifest());
            replace(files, &path, "crm", "CRM");
        }),
    ]
}

/// Takes disclosures of these names out of a run.
fn hide(files: &mut Bundle, names: &[&str]) {
    hide_in(files, &disclosures(1), names);
}

fn hide_in(files: &mut Bundle, path: &str, names: &[&str]) {
    lines(files, path, |lines| {
        lines.retain(|line| {
            let text = line.split_once("\"disclosure\":\"").unwrap().1.trim_end_matches("\"}");
            !names.contains(&Disclosure::open(text).unwrap().name.as_str())
        });
    });
}

fn values() -> Vec<Case> {
    let lab = approved();
    let found = (Disclosures, Tampered);
    let line = |disclosure: &Disclosure| {
        format!("{{\"digest\":\"{}\",\"disclosure\":\"{}\"}}", disclosure.digest.as_str(), disclosure.text)
    };
    let foreign = Disclosure::seal([9; 32], "reason", &Value::from("invented")).unwrap();
    let mut large = Lab::ready();
    large.planned(run_id(1), STAGE);
    large.attempt(run_id(1));
    large.finish_with(run_id(1), Outcome::Applied, "read_back", Value::Str("long ".repeat(20_000)));
    let artifact = |files: &Bundle| files.keys().find(|path| path.starts_with("artifacts/")).unwrap().clone();
    let erased = erased();
    let gone = &lab.log.sealed[&Some(run_id(1))][0];
    vec![
        edit("value_of_nothing", &lab, found, |files| {
            lines(files, &disclosures(1), |lines| lines.push(line(&foreign)));
        }),
        edit("value_not_as_named", &lab, found, |files| {
            lines(files, &disclosures(1), |lines| {
                let digest = lines[0].split_once(',').unwrap().0.to_owned();
                lines[0] = format!("{digest},\"disclosure\":\"{}\"}}", foreign.text);
            });
        }),
        edit("value_twice", &lab, found, |files| {
            lines(files, &disclosures(1), |lines| lines.push(lines[0].clone()));
        }),
        edit("values_cut", &lab, found, |files| {
            let path = disclosures(1);
            files.get_mut(&path).unwrap().pop();
        }),
        edit("erased_value_here", &erased, found, |files| {
            files.insert(disclosures(1), format!("{}\n", line(gone)).into_bytes());
        }),
        edit("artifact_rewritten", &large, found, |files| {
            let path = artifact(files);
            replace(files, &path, "long long", "long LONG");
        }),
        edit("artifact_of_nothing", &lab, found, |files| {
            let bytes = b"\"an invented value\"".to_vec();
            files.insert(format!("artifacts/{}", sha256(&bytes)), bytes);
        }),
        edit("artifact_missing", &large, (Disclosures, Incomplete), |files| {
            let path = artifact(files);
            remove(files, &path);
        }),
    ]
}

/// Files of a whole log, changed.
fn whole(
    name: &'static str,
    found: (verifier::Check, verifier::Verdict),
    change: impl FnOnce(&mut Bundle),
) -> Case {
    let lab = approved();
    let mut export = export(&lab);
    export.scope = Scope::Full;
    let mut files = export.files(&lab.log);
    change(&mut files);
    Case::new(name, files, found.1).found_by(found.0).relisted()
}

fn tile(files: &Bundle, kind: &str) -> String {
    files.keys().find(|path| path.starts_with(&format!("log/tile/{kind}/"))).unwrap().clone()
}

fn whole_logs() -> Vec<Case> {
    vec![
        whole("tile_of_entries_cut", (FullLog, Tampered), |files| {
            let path = tile(files, "entries");
            files.get_mut(&path).unwrap().pop();
        }),
        whole("tile_of_hashes_wrong", (FullLog, Tampered), |files| {
            let path = tile(files, "0");
            files.get_mut(&path).unwrap()[40] ^= 1;
        }),
        whole("tile_of_hashes_missing", (FullLog, Incomplete), |files| {
            let path = tile(files, "0");
            remove(files, &path);
        }),
        whole("tile_too_many", (FullLog, Tampered), |files| {
            files.insert("log/tile/0/001".to_owned(), vec![0; 32]);
        }),
        whole("act_hidden_from_a_whole_log", (FullLog, Incomplete), |files| {
            lines(files, "workspace/events.jsonl", |lines| drop(lines.pop()));
            lines(files, "workspace/disclosures.jsonl", |lines| lines.truncate(lines.len() - 3));
        }),
    ]
}

fn kept() -> Vec<Case> {
    let lab = auto();
    let export = export(&lab);
    let tree = Tree::of(&lab.log);
    let size = tree.checkpoint().size;
    let with = |name, found: (verifier::Check, verifier::Verdict), old: Checkpoint, since: Vec<u64>| {
        let mut later = export.clone();
        later.since = since;
        let mut case = Case::new(name, later.files(&lab.log), found.1).found_by(found.0);
        case.known = vec![export.sign(&old).to_string()];
        case
    };
    let root = sha256(b"another history");
    let fork = |size| Checkpoint { size, root, ..tree.checkpoint() };
    let mut foreign = export.clone();
    foreign.keys = vec![3];
    let mut unsigned = with("kept_head_unsigned", (Consistency, Untrusted), tree.checkpoint(), vec![]);
    unsigned.known = vec![foreign.sign(&tree.checkpoint()).to_string()];
    vec![
        with("kept_head_of_same_size_differs", (Consistency, Tampered), fork(size), vec![]),
        with("kept_head_is_no_beginning", (Consistency, Tampered), fork(7), vec![7]),
        with("kept_head_without_a_proof", (Consistency, Incomplete), fork(7), vec![]),
        with("kept_head_is_larger", (Consistency, Incomplete), fork(size + 1), vec![]),
        unsigned,
    ]
}

/// Exports of the approved run, changed.
fn projected(name: &'static str, change: impl FnOnce(&mut Bundle)) -> Case {
    let mut case = crate::stories::projected(&approved());
    change(&mut case.files);
    Case::new(name, case.files, Tampered).found_by(Projections).relisted()
}

fn others() -> Vec<Case> {
    let lab = auto();
    let mut early = export(&lab);
    early.seen = lab.now.plus_s(0).plus_ms(-600_000);
    let early = Case::new("seen_before_it_was_written", early.files(&lab.log), verifier::Verdict::Violation);
    vec![
        early.found_by(Times),
        edit("anchor_of_another_head", &lab, (Anchors, Tampered), |files| {
            files.insert("anchors/a.tsr".to_owned(), b"a token about something else".to_vec());
        }),
        edit("anchored_before_it_was_written", &lab, (Times, Tampered), |files| {
            let token = crate::stories::token(&files["log/checkpoint"], "20261124070000Z");
            files.insert("anchors/early.tsr".to_owned(), token);
        }),
        edit("policy_not_as_named", &lab, (Decisions, Tampered), |files| {
            let path = files.keys().find(|path| path.starts_with("policies/")).unwrap().clone();
            replace(files, &path, "owner-stays", "owner-moves");
        }),
        edit("policy_malformed", &lab, (Decisions, Tampered), |files| {
            let path = files.keys().find(|path| path.starts_with("policies/")).unwrap().clone();
            replace(files, &path, "{\"shapes\"", "{ \"shapes\"");
        }),
        edit("attestation_of_another_run", &lab, (Projections, Tampered), |files| {
            files.insert(format!("runs/{}/attestation.dsse.json", run_id(1)), b"{}".to_vec());
        }),
        projected("attestation_says_otherwise", |files| {
            let path = format!("runs/{}/attestation.dsse.json", run_id(1));
            let mut envelope = Envelope::parse(&files[&path]).unwrap();
            let text = String::from_utf8(envelope.payload).unwrap();
            envelope.payload = text.replace("\"stage\":\"applied\"", "\"stage\":\"failed\"").into_bytes();
            files.insert(path, envelope.to_bytes().unwrap());
        }),
        projected("trail_cut", |files| {
            lines(files, &format!("runs/{}/aat.jsonl", run_id(1)), |lines| drop(lines.pop()));
        }),
        projected("trail_rewritten", |files| {
            replace(
                files,
                &format!("runs/{}/aat.jsonl", run_id(1)),
                "\"outcome\":\"success\"",
                "\"outcome\":\"failure\"",
            );
        }),
    ]
}
