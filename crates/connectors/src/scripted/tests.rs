use super::*;
use crate::testing::{fields, key, manifest, mutation, slug};

fn desk() -> ScriptedConnector {
    let desk =
        ScriptedConnector::new(manifest("Test desk", "Test desk"), slug("desk"), Environment::Simulation);
    desk.put(&slug("ticket"), "7", fields([("status", "open".into())]));
    desk
}

fn solve(desk: &ScriptedConnector) -> (Reply, bool, Result<Effect, ReadFault>) {
    let mutation = mutation(
        &desk.manifest,
        "ticket",
        "update",
        &[("status", "open".into(), "solved".into())],
        fields([]),
    );
    let reply =
        desk.write(&Write { mutation: &mutation, fresh_version: Some("v1"), before: None }, key()).reply;
    let solved = desk.fields(&slug("ticket"), "7").unwrap().get("status") == Some(&"solved".into());
    let query =
        EffectQuery { mutation: &mutation, key: &key(), handle: None, since: Timestamp::from_millis(0) };
    (reply, solved, desk.effect(&query))
}

#[test]
fn every_step_fails_or_succeeds_on_its_own_side() {
    let found = || Ok(Effect::Found { basis: Basis::KeyLookup, handle: None, by_other: false });
    let nothing = || Ok(Effect::NotFound { conclusive: true });
    let code = || slug("timeout");
    for (step, reply, solved, effect, sent) in [
        (Scripted::Accept, Reply::Accepted { handle: None }, true, found(), 1),
        (Scripted::AcceptWithoutEffect, Reply::Accepted { handle: None }, false, nothing(), 1),
        (
            Scripted::Reject { code: code(), retryable: true, conflict: false },
            Reply::Rejected { code: code(), retryable: true, conflict: false },
            false,
            nothing(),
            1,
        ),
        (Scripted::NotSend { code: code() }, Reply::NotSent { code: code() }, false, nothing(), 0),
        (Scripted::LoseReply, Reply::Unknown { code: code() }, true, found(), 1),
        (Scripted::LoseRequest, Reply::Unknown { code: code() }, false, nothing(), 1),
    ] {
        let desk = desk();
        desk.next_write(step.clone());
        assert_eq!(solve(&desk), (reply, solved, effect), "{step:?}");
        assert_eq!(desk.sent().len(), sent, "{step:?}");
    }
}

#[test]
fn reads_and_searches_follow_their_script_and_edits_move_the_version() {
    let desk = desk();
    let record = RecordRef { connector: slug("desk"), object: slug("ticket"), id: "7".to_owned() };
    desk.next_read(ReadFault::NotFound);
    assert_eq!(desk.read(&record), Err(ReadFault::NotFound));
    assert!(desk.edit(&slug("ticket"), "7", "status", "solved".into()));
    assert!(!desk.edit(&slug("ticket"), "8", "status", "solved".into()));
    assert_eq!(desk.read(&record).unwrap().snapshot.version.as_deref(), Some("v2"));
    desk.next_effect(Ok(Effect::CannotTell));
    assert_eq!(solve(&desk).2, Ok(Effect::CannotTell));
}
