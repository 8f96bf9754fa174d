use super::*;
use crate::checkpoint::Checkpoint;
use crate::digest::sha256;
use crate::note::{KeyKind, SignatureLine, SigningKey};

fn log_key(seed: u8) -> SigningKey {
    SigningKey::new("log", KeyKind::Ed25519, &[seed; 32]).unwrap()
}

fn witness_key(seed: u8) -> SigningKey {
    SigningKey::new(&format!("w{seed}.example"), KeyKind::CosignatureV1, &[seed; 32]).unwrap()
}

/// A log, witnesses `a`, `b` and `c`, and these lines.
fn policy(lines: &str) -> Result<TrustPolicy, TrustFault> {
    TrustPolicy::parse(frame(lines).as_bytes())
}

fn frame(lines: &str) -> String {
    let witness = |(name, seed)| format!("witness {name} {}\n", witness_key(seed).verifier());
    let witnesses = [("a", 11), ("b", 12), ("c", 13)].map(witness).concat();
    format!("log {}\n{witnesses}{lines}", log_key(1).verifier())
}

/// A head that the witnesses with these seeds cosigned at the time of their seed.
fn head(witnesses: &[u8]) -> SignedCheckpoint {
    let checkpoint = Checkpoint { origin: "log".into(), size: 3, root: sha256(b"") };
    let mut head = SignedCheckpoint::sign(&checkpoint, [&log_key(1)]).unwrap();
    for seed in witnesses {
        head.add(head.cosign((*seed).into(), &witness_key(*seed)).unwrap()).unwrap();
    }
    head
}

fn quorum(lines: &str, witnesses: &[u8]) -> Quorum {
    let verdict = policy(lines).unwrap().judge(&head(witnesses));
    let Verdict::Signed { quorum, .. } = verdict else { panic!("{verdict:?}") };
    quorum
}

#[test]
fn only_a_named_quorum_asks_for_cosignatures() {
    assert!(policy("quorum b\n").unwrap().asks_quorum());
    assert!(!policy("quorum none\n").unwrap().asks_quorum());
}

#[test]
fn a_quorum_is_counted_through_groups() {
    let two = "group g 2 a b c\nquorum g\n";
    let nested = "group g any a b\ngroup h all g c\nquorum h\n";
    let cases: [(&str, &[u8], Quorum); 15] = [
        ("quorum none\n", &[], Quorum::NotAsked),
        ("quorum none\n", &[11], Quorum::NotAsked),
        ("quorum b\n", &[], Quorum::NotMet),
        ("quorum b\n", &[11, 13], Quorum::NotMet),
        ("quorum b\n", &[12], Quorum::Met),
        (two, &[12], Quorum::NotMet),
        (two, &[11, 13], Quorum::Met),
        (two, &[11, 12, 13], Quorum::Met),
        (nested, &[11, 12], Quorum::NotMet),
        (nested, &[13], Quorum::NotMet),
        (nested, &[12, 13], Quorum::Met),
        ("group g all a b c\nquorum g\n", &[11, 12], Quorum::NotMet),
        ("group g all a b c\nquorum g\n", &[11, 12, 13], Quorum::Met),
        // Witnesses that are not in the quorum, and that are not in the policy.
        ("group g any a b\nquorum g\n", &[13], Quorum::NotMet),
        ("quorum a\n", &[14], Quorum::NotMet),
    ];
    for (lines, witnesses, expect) in cases {
        assert_eq!(quorum(lines, witnesses), expect, "{lines} {witnesses:?}");
    }
}

#[test]
fn a_verdict_says_when_witnesses_cosigned() {
    let verdict = policy("group g any a b\nquorum g\n").unwrap().judge(&head(&[12, 13, 14]));
    let times = BTreeMap::from([("b".into(), 12), ("c".into(), 13)]);
    assert_eq!(verdict, Verdict::Signed { quorum: Quorum::Met, times });
}

#[test]
fn a_head_without_a_good_log_signature_is_not_trusted() {
    let trust = policy("quorum none\n").unwrap();
    let good = head(&[11]);
    let lines = |keep: fn(&SignatureLine) -> bool| {
        let lines = good.note().signatures().iter().filter(|line| keep(line)).cloned().collect();
        SignedCheckpoint::new(good.checkpoint(), lines).unwrap()
    };
    assert_eq!(trust.judge(&lines(|line| line.name() != "log")), Verdict::NoLogSignature);

    let elsewhere = Checkpoint { origin: "log2".into(), ..good.checkpoint().clone() };
    let elsewhere = SignedCheckpoint::new(&elsewhere, good.note().signatures().to_vec()).unwrap();
    assert_eq!(trust.judge(&elsewhere), Verdict::UnknownOrigin);

    let grown = Checkpoint { size: 4, ..good.checkpoint().clone() };
    let grown = SignedCheckpoint::new(&grown, good.note().signatures().to_vec()).unwrap();
    assert_eq!(trust.judge(&grown), Verdict::BadSignature);
    // A bad line of a witness spoils a head that its log did sign, whether or not the quorum needs it.
    let mut spoiled = SignedCheckpoint::sign(grown.checkpoint(), [&log_key(1)]).unwrap();
    spoiled.add(good.note().signatures().last().unwrap().clone()).unwrap();
    assert_eq!(trust.judge(&spoiled), Verdict::BadSignature);
}

#[test]
fn each_line_is_checked_on_its_own() {
    let log = log_key(1).verifier().to_string();
    let (witness, other) = (witness_key(11).verifier().to_string(), witness_key(20).verifier().to_string());
    // The lines of the frame are 1 to 4.
    let cases = [
        ("", TrustFault::NoQuorum),
        ("quorum none", TrustFault::Text),
        ("quorum none\r\n", TrustFault::Control(5)),
        ("# \u{7f}\nquorum none\n", TrustFault::Control(5)),
        ("\n\nquorum none\nquorum a\n", TrustFault::QuorumTwice(8)),
        ("quorum\n", TrustFault::Form(5)),
        ("quorum none none\n", TrustFault::Form(5)),
        ("Quorum none\n", TrustFault::Form(5)),
        ("quorum z\n", TrustFault::NameUnknown(5)),
        ("group g any\nquorum g\n", TrustFault::Threshold(5)),
        ("group g all\nquorum g\n", TrustFault::Threshold(5)),
        ("group g 0 a\n", TrustFault::Threshold(5)),
        ("group g 2 a\n", TrustFault::Threshold(5)),
        ("group g 01 a\n", TrustFault::Threshold(5)),
        ("group g most a\n", TrustFault::Threshold(5)),
        ("group g 1 a a\n", TrustFault::MemberTwice(5)),
        ("group g 1 a\ngroup h 1 a\n", TrustFault::MemberTwice(6)),
        ("group g 1 g\n", TrustFault::NameUnknown(5)),
        ("group g 1 none\n", TrustFault::NameUnknown(5)),
        ("group none 1 a\n", TrustFault::NameTaken(5)),
        ("group a 1 b\n", TrustFault::NameTaken(5)),
        ("group\n", TrustFault::Form(5)),
        (&format!("witness none {other}\n"), TrustFault::NameTaken(5)),
        (&format!("witness d {witness}\n"), TrustFault::KeyTwice(5)),
        (&format!("witness d {log}\n"), TrustFault::Vkey(5)),
        (&format!("witness d {other} url more\n"), TrustFault::Form(5)),
        (&format!("witness {other}\n"), TrustFault::Form(5)),
        (&format!("log {log}\n"), TrustFault::KeyTwice(5)),
        (&format!("log {witness}\n"), TrustFault::Vkey(5)),
        ("log\n", TrustFault::Form(5)),
    ];
    for (lines, fault) in cases {
        assert_eq!(policy(lines), Err(fault), "{lines}");
    }
    assert_eq!(TrustPolicy::parse(b"\xff\n"), Err(TrustFault::Text));
    assert_eq!(TrustPolicy::parse(b"quorum none\n"), Err(TrustFault::NoLog));
    // One key under two names is one key.
    let renamed = SigningKey::new("log2", KeyKind::Ed25519, &[1; 32]).unwrap();
    assert_eq!(policy(&format!("log {}\n", renamed.verifier())), Err(TrustFault::KeyTwice(5)));
}

#[test]
fn layout_and_comments_do_not_matter() {
    let plain = policy("group g 1 a b\nquorum g\n").unwrap();
    let spaced = policy("\t# a comment\n \n\tgroup  g any\ta b \t# one of them\nquorum g #\n").unwrap();
    assert_eq!(plain, spaced);
    assert_eq!(spaced.to_string(), frame("group g 1 a b\nquorum g\n"));
}

#[test]
fn urls_are_kept() {
    let text = format!(
        "log {} https://log\nwitness w {} https://w\nquorum w\n",
        log_key(1).verifier(),
        witness_key(2).verifier()
    );
    let policy = TrustPolicy::parse(text.as_bytes()).unwrap();
    assert_eq!(policy.logs()[0].url.as_deref(), Some("https://log"));
    assert_eq!(policy.witnesses()[0].url.as_deref(), Some("https://w"));
    assert_eq!(policy.log_keys("log").count(), 1);
    assert_eq!(policy.log_keys("w").count(), 0);
    assert_eq!(policy.to_string(), text);
}

#[test]
fn a_policy_has_limits() {
    let lines = |max: usize, line: fn(u8) -> String| {
        (1..=u8::try_from(max).unwrap()).map(line).collect::<Vec<_>>().concat()
    };
    let logs = |count| lines(count, |seed| format!("log {}\n", log_key(seed).verifier()));
    let witnesses = |count| lines(count, |seed| format!("witness {seed} {}\n", witness_key(seed).verifier()));
    // Each group holds the one before it, the first one the witness `1`.
    let groups = |count| {
        lines(count, |number| match number {
            1 => "group g1 1 1\n".into(),
            _ => format!("group g{number} 1 g{}\n", number - 1),
        })
    };
    let parse = |lines: &[String]| {
        TrustPolicy::parse(format!("{}quorum none\n", lines.concat()).as_bytes()).map(|_| ())
    };
    assert_eq!(parse(&[logs(LOGS_MAX)]), Ok(()));
    assert_eq!(parse(&[logs(LOGS_MAX + 1)]), Err(TrustFault::TooMany(LOGS_MAX + 1)));
    assert_eq!(parse(&[logs(1), witnesses(WITNESSES_MAX)]), Ok(()));
    assert_eq!(parse(&[logs(1), witnesses(WITNESSES_MAX + 1)]), Err(TrustFault::TooMany(WITNESSES_MAX + 2)));
    assert_eq!(parse(&[logs(1), witnesses(1), groups(GROUPS_MAX)]), Ok(()));
    let many = parse(&[logs(1), witnesses(1), groups(GROUPS_MAX + 1)]);
    assert_eq!(many, Err(TrustFault::TooMany(GROUPS_MAX + 3)));

    let sized = |bytes: usize| {
        let text = frame("quorum none\n");
        format!("{text}#{}\n", "x".repeat(bytes - text.len() - 2))
    };
    assert!(TrustPolicy::parse(sized(TRUST_POLICY_BYTES_MAX).as_bytes()).is_ok());
    let beyond = sized(TRUST_POLICY_BYTES_MAX + 1);
    assert_eq!(TrustPolicy::parse(beyond.as_bytes()), Err(TrustFault::TooLarge));
}
