use super::*;
use crate::connector::Connector;
use crate::testing::{Does, Raw, answer, connector, fields, key, manifest, mutation};
use domain::mutation::Mutation;

const SINCE: &str = "2026-11-24T09:00:05.000Z";

fn solved(manifest: &crate::manifest::Manifest) -> Mutation {
    mutation(manifest, "ticket", "update", &[("status", "open".into(), "solved".into())], fields([]))
}

async fn find(
    mutation: &Mutation,
    desk: &std::sync::Arc<crate::manifest::Manifest>,
    answers: &[String],
    handle: Option<&str>,
) -> Result<Effect, ReadFault> {
    let identity = answer(200, "", r#"{"id":9001}"#);
    let script = std::iter::once(identity).chain(answers.iter().map(|body| answer(200, "", body)));
    let server = Raw::start(script.map(Does::Answers).collect()).await;
    let since = Timestamp::parse(SINCE).unwrap();
    let query = EffectQuery { mutation, key: &key(), handle, since };
    connector(&server.base_url, desk).find_effect(&query).await
}

/// One audit: id, seconds after the version of the mutation, author, our key or nothing, the status it set.
fn audit(id: u32, seconds: u32, author: u32, key: Option<&str>, status: &str) -> String {
    let key = key.map_or_else(|| "null".to_owned(), |key| format!("\"{key}\""));
    format!(
        r#"{{"id":{id},"at":"2026-11-24T09:00:{seconds:02}Z","author":{author},"meta":{{"key":{key}}},"events":[{{"type":"Change","field":"status","value":"{status}"}},{{"type":"Notification","field":"status"}}]}}"#
    )
}

fn audits(audits: &[String]) -> String {
    format!(r#"{{"audits":[{}],"next":null}}"#, audits.join(","))
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside answers that are faults")]
fn found(basis: Basis, handle: &str, by_other: bool) -> Result<Effect, ReadFault> {
    Ok(Effect::Found { basis, handle: Some(handle.to_owned()), by_other })
}

#[tokio::test]
async fn a_journal_that_keeps_our_key_tells_whose_change_it_was() {
    let desk = manifest("Test desk", "Test desk");
    let ours = key().to_string();
    let ours = Some(ours.as_str());
    let nothing = Ok(Effect::NotFound { conclusive: true });
    for (entries, expect) in [
        (vec![], nothing.clone()),
        (vec![audit(1, 3, 9001, ours, "solved")], found(Basis::KeyLookup, "1", false)),
        // The key alone proves it, whatever the clocks say.
        (vec![audit(1, 0, 9001, ours, "solved")], found(Basis::KeyLookup, "1", false)),
        (vec![audit(1, 3, 9001, Some("another"), "solved")], nothing.clone()),
        (vec![audit(1, 3, 9002, None, "solved")], nothing.clone()),
        (
            vec![audit(1, 3, 9001, ours, "solved"), audit(2, 4, 9002, None, "open")],
            found(Basis::KeyLookup, "1", true),
        ),
        // What the version already held is no interference.
        (
            vec![audit(1, 3, 9001, ours, "solved"), audit(2, 0, 9002, None, "open")],
            found(Basis::KeyLookup, "1", false),
        ),
        // Our account without our key: somebody may have used it by hand.
        (vec![audit(1, 3, 9001, None, "solved")], Ok(Effect::CannotTell)),
        (vec![audit(1, 0, 9001, None, "solved")], nothing.clone()),
        (vec![audit(1, 3, 9001, None, "open")], nothing.clone()),
    ] {
        let body = audits(&entries);
        assert_eq!(find(&solved(&desk), &desk, std::slice::from_ref(&body), None).await, expect, "{body}");
    }
}

#[tokio::test]
async fn a_journal_without_keys_is_believed_for_our_own_author_only() {
    let desk = manifest("key = \"/meta/key\"\ncomplete = true", "complete = false");
    for (entries, expect) in [
        (vec![], Ok(Effect::NotFound { conclusive: false })),
        (vec![audit(1, 3, 9001, None, "solved")], found(Basis::Journal, "1", false)),
        (
            vec![audit(1, 3, 9001, None, "solved"), audit(2, 4, 9002, None, "open")],
            found(Basis::Journal, "1", true),
        ),
        (vec![audit(1, 3, 9002, None, "solved")], Ok(Effect::NotFound { conclusive: false })),
    ] {
        let body = audits(&entries);
        assert_eq!(find(&solved(&desk), &desk, std::slice::from_ref(&body), None).await, expect, "{body}");
    }
}

#[tokio::test]
async fn without_a_version_in_the_vendors_time_an_entry_near_our_clock_is_not_clear() {
    let desk = manifest("key = \"/meta/key\"\ncomplete = true", "complete = true");
    let mut unversioned = solved(&desk);
    unversioned.version = Some("\"etag\"".to_owned());
    for (seconds, expect) in [(30, found(Basis::Journal, "1", false)), (2, Ok(Effect::CannotTell))] {
        let body = audits(&[audit(1, seconds, 9001, None, "solved")]);
        assert_eq!(find(&unversioned, &desk, &[body], None).await, expect);
    }
    let old = audits(&[audit(1, 0, 9001, None, "solved").replace("T09:00", "T08:50")]);
    assert_eq!(find(&unversioned, &desk, &[old], None).await, Ok(Effect::NotFound { conclusive: true }));
}

#[tokio::test]
async fn a_note_is_proven_by_its_event_under_our_key() {
    let desk = manifest("Test desk", "Test desk");
    let note =
        mutation(&desk, "ticket", "note", &[], fields([("body", "Checked with billing.\nAll fine.".into())]));
    let entry = |body: &str| {
        let body = format!(r#"{{"type":"Comment","body":"{body}"}}"#);
        audit(5, 3, 9001, Some(&key().to_string()), "open")
            .replace("{\"type\":\"Change\"", &format!("{body},{{\"type\":\"Change\""))
    };
    let told = |body: &str| audits(&[entry(body)]);
    let found = found(Basis::KeyLookup, "5", false);
    assert_eq!(find(&note, &desk, &[told("Checked with billing.\\nAll fine.")], None).await, found);
    assert_eq!(find(&note, &desk, &[told("Checked with billing.\\r\\nAll fine. \\n")], None).await, found);
    // Our key on another text: it landed, but not as it was sent.
    assert_eq!(find(&note, &desk, &[told("Checked.")], None).await, Ok(Effect::CannotTell));
}

#[tokio::test]
async fn every_page_is_read_and_a_list_that_does_not_end_proves_nothing() {
    let desk = manifest("Test desk", "Test desk");
    let page =
        |entries: &[String], next: &str| format!(r#"{{"audits":[{}],"next":"{next}"}}"#, entries.join(","));
    let ours = audit(9, 3, 9001, Some(&key().to_string()), "solved");
    let two = [page(&[audit(1, 1, 9002, None, "open")], "/page/2"), audits(&[ours])];
    assert_eq!(find(&solved(&desk), &desk, &two, None).await, found(Basis::KeyLookup, "9", true));
    let endless = [page(&[], "/page/2")];
    assert_eq!(find(&solved(&desk), &desk, &endless, None).await, Ok(Effect::NotFound { conclusive: false }));
    let away = [page(&[], "https://evil.example/page/2")];
    let fault = ReadFault::Answer { at: "/next".to_owned(), what: "it leads to another host".to_owned() };
    assert_eq!(find(&solved(&desk), &desk, &away, None).await, Err(fault));
}

#[tokio::test]
async fn a_create_is_found_by_its_id_or_by_our_key() {
    let desk = manifest("Test desk", "Test desk");
    let create = mutation(&desk, "ticket", "create", &[("status", Value::Null, "open".into())], fields([]));
    let list = |key: &str| format!(r#"{{"tickets":[{{"id":31,"key":"{key}"}}]}}"#);
    let ours = list(&key().to_string());
    assert_eq!(find(&create, &desk, &[ours], None).await, found(Basis::KeyLookup, "31", false));
    let none = r#"{"tickets":[]}"#.to_owned();
    assert_eq!(find(&create, &desk, &[none], None).await, Ok(Effect::NotFound { conclusive: true }));
    let strange = r#"{"tickets":{}}"#.to_owned();
    assert!(matches!(find(&create, &desk, &[strange], None).await, Err(ReadFault::Answer { .. })));
    let server = Raw::json(200, r#"{"ticket":{"id":31,"updated_at":"v","status":"open"}}"#).await;
    let query = EffectQuery {
        mutation: &create,
        key: &key(),
        handle: Some("31"),
        since: Timestamp::parse(SINCE).unwrap(),
    };
    assert_eq!(
        connector(&server.base_url, &desk).find_effect(&query).await,
        found(Basis::ProofQuery, "31", false)
    );
    let gone = Raw::json(404, "{}").await;
    assert_eq!(connector(&gone.base_url, &desk).find_effect(&query).await, Ok(Effect::CannotTell));
}

#[tokio::test]
async fn where_there_is_nowhere_to_look_it_cannot_tell() {
    let desk = manifest("Test desk", "Test desk");
    let delete = mutation(&desk, "ticket", "delete", &[], fields([]));
    assert_eq!(find(&delete, &desk, &[], None).await, Ok(Effect::CannotTell));
}
