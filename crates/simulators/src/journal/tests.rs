use super::{Journal, WRITES_MAX, Write, WriteKind};

fn write(id: &str) -> Write {
    Write {
        seq: 0,
        at: String::new(),
        object: "ticket".to_owned(),
        id: id.to_owned(),
        kind: WriteKind::Update,
        fields: serde_json::Map::new(),
        idempotency_key: None,
        author: "robin@northwind.example".to_owned(),
    }
}

#[test]
fn writes_are_numbered_without_gaps() {
    let mut journal = Journal::default();
    journal.record(write("1"));
    journal.record(write("2"));
    let seen: Vec<_> = journal.writes().map(|w| (w.seq, w.id.as_str())).collect();
    assert_eq!(seen, [(1, "1"), (2, "2")]);
}

#[test]
fn the_oldest_write_goes_when_one_more_than_the_limit_comes() {
    let mut journal = Journal::default();
    for _ in 0..WRITES_MAX {
        journal.record(write("1"));
    }
    assert_eq!(journal.writes().next().map(|w| w.seq), Some(1));
    journal.record(write("1"));
    assert_eq!(journal.writes().next().map(|w| w.seq), Some(2));
    assert_eq!((journal.writes().count(), journal.total()), (WRITES_MAX, WRITES_MAX as u64 + 1));
}
