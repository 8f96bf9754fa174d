use super::*;
use crate::manifest::BUILT_IN;
use crate::testing::{manifest, slug};
use reqwest::header::HeaderMap;

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: body.to_owned() }
}

fn built_in(system: &str) -> Manifest {
    let (file, text) = BUILT_IN.iter().find(|(file, _)| *file == format!("{system}.toml")).unwrap();
    Manifest::parse(file, text).unwrap()
}

/// A reply in one word: `accepted:handle`, `rejected:code[:retryable][:conflict]`, `unknown:code`.
fn told(manifest: &Manifest, object: &str, verb: &str, answer: &Answer) -> String {
    let action = &manifest.objects[&slug(object)].actions[&slug(verb)];
    match of_write(manifest, action, answer) {
        Reply::Accepted { handle } => format!("accepted:{}", handle.unwrap_or_default()),
        Reply::Rejected { code, retryable, conflict } => {
            let flag = |set: bool, word: &str| if set { format!(":{word}") } else { String::new() };
            format!("rejected:{code}{}{}", flag(retryable, "retryable"), flag(conflict, "conflict"))
        }
        Reply::NotSent { code } => format!("not_sent:{code}"),
        Reply::Unknown { code } => format!("unknown:{code}"),
    }
}

#[test]
fn status_and_body_decide_and_what_is_not_mapped_is_unknown() {
    let desk = manifest("Test desk", "Test desk");
    for (status, body, expect) in [
        (200, r#"{"ok":true,"audit":91}"#, "accepted:91"),
        (200, r#"{"ok":true}"#, "accepted:"),
        (200, r#"{"ok":false}"#, "unknown:unmapped_200"),
        (200, "", "unknown:unmapped_200"),
        (200, "<html>", "unknown:unmapped_200"),
        (200, r#"{"error":{"code":3}}"#, "rejected:refused"),
        (200, r#"{"error":{"code":3.0}}"#, "unknown:unmapped_200"),
        (201, r#"{"ok":true}"#, "unknown:unmapped_201"),
        (204, "", "unknown:unmapped_204"),
        (302, "", "unknown:unmapped_302"),
        (401, "who are you", "rejected:unauthenticated:retryable"),
        (403, "{}", "unknown:unmapped_403"),
        (409, "", "rejected:conflict:conflict"),
        (422, r#"{"error":"blank"}"#, "rejected:invalid"),
        (422, r#"{"error":"other"}"#, "unknown:unmapped_422"),
        (422, "plain", "unknown:unmapped_422"),
        (429, "", "rejected:rate_limited:retryable"),
        (500, r#"{"ok":true}"#, "unknown:unmapped_500"),
        (503, "", "unknown:unmapped_503"),
    ] {
        assert_eq!(told(&desk, "ticket", "update", &answer(status, body)), expect, "{status} {body}");
    }
}

#[test]
fn zendesks_answers_mean_what_its_reference_says() {
    let zendesk = built_in("zendesk");
    for (verb, status, body, expect) in [
        ("update", 200, r#"{"ticket":{"id":1},"audit":{"id":71001}}"#, "accepted:71001"),
        ("update", 200, r#"{"ticket":{"id":1},"audit":null}"#, "accepted:"),
        ("create", 201, r#"{"ticket":{"id":48214}}"#, "accepted:48214"),
        ("create", 200, r#"{"ticket":{"id":48214}}"#, "unknown:unmapped_200"),
        ("delete", 204, "", "accepted:"),
        ("update", 400, r#"{"error":{"title":"Invalid attribute","message":"…"}}"#, "rejected:malformed"),
        ("create", 400, r#"{"error":"IdempotentRequestError"}"#, "rejected:key_reused"),
        ("update", 401, r#"{"error":"Couldn't authenticate you"}"#, "rejected:unauthenticated:retryable"),
        ("update", 403, "You do not have access", "rejected:forbidden"),
        ("update", 404, r#"{"error":"RecordNotFound"}"#, "rejected:not_found"),
        ("update", 409, r#"{"error":"UpdateConflict"}"#, "rejected:conflict:conflict"),
        ("update", 409, r#"{"error":"DatabaseConflict"}"#, "rejected:record_locked:retryable"),
        ("update", 422, r#"{"error":"RecordInvalid","details":{}}"#, "rejected:invalid"),
        ("update", 429, "", "rejected:rate_limited:retryable"),
        ("update", 500, r#"{"error":"InternalServerError"}"#, "unknown:unmapped_500"),
        ("update", 502, "<html>", "unknown:unmapped_502"),
        ("update", 504, "", "unknown:unmapped_504"),
    ] {
        assert_eq!(told(&zendesk, "ticket", verb, &answer(status, body)), expect, "{verb} {status} {body}");
    }
}

#[test]
fn salesforces_answers_mean_what_its_reference_says() {
    let salesforce = built_in("salesforce");
    let error = |code: &str| format!(r#"[{{"message":"…","errorCode":"{code}","fields":[]}}]"#);
    for (verb, status, body, expect) in [
        ("update", 204, String::new(), "accepted:"),
        (
            "create",
            201,
            r#"{"id":"006Hp0000001299IAA","success":true,"errors":[]}"#.to_owned(),
            "accepted:006Hp0000001299IAA",
        ),
        ("create", 201, r#"{"id":null,"success":false,"errors":[]}"#.to_owned(), "unknown:unmapped_201"),
        ("update", 300, "[]".to_owned(), "unknown:unmapped_300"),
        ("update", 400, error("FIELD_CUSTOM_VALIDATION_EXCEPTION"), "rejected:invalid"),
        ("update", 400, error("UNABLE_TO_LOCK_ROW"), "rejected:record_locked:retryable"),
        ("update", 400, error("ENTITY_IS_LOCKED"), "rejected:record_in_approval:retryable"),
        ("create", 400, error("DUPLICATE_VALUE"), "rejected:duplicate"),
        ("update", 400, error("INVALID_FIELD_FOR_INSERT_UPDATE"), "rejected:forbidden"),
        ("update", 400, error("INVALID_FIELD"), "rejected:malformed"),
        ("update", 400, error("SOMETHING_NEW"), "unknown:unmapped_400"),
        ("update", 401, error("INVALID_SESSION_ID"), "rejected:unauthenticated:retryable"),
        ("update", 403, error("REQUEST_LIMIT_EXCEEDED"), "rejected:rate_limited:retryable"),
        ("update", 403, error("INSUFFICIENT_ACCESS"), "rejected:forbidden"),
        ("update", 404, error("ENTITY_IS_DELETED"), "rejected:not_found"),
        ("update", 412, error("PRECONDITION_FAILED"), "rejected:conflict:conflict"),
        ("update", 500, error("UNKNOWN_EXCEPTION"), "unknown:unmapped_500"),
        ("update", 503, String::new(), "unknown:unmapped_503"),
    ] {
        assert_eq!(
            told(&salesforce, "opportunity", verb, &answer(status, &body)),
            expect,
            "{verb} {status} {body}"
        );
    }
}

#[test]
fn roundups_answers_mean_what_it_was_seen_to_do() {
    let roundup = built_in("roundup");
    for (verb, status, body, expect) in [
        ("update", 200, r#"{"data":{"id":"1","type":"issue","attribute":{"status":"8"}}}"#, "accepted:"),
        ("update", 200, r#"{"data":{"status":"ok"}}"#, "unknown:unmapped_200"),
        ("create", 201, r#"{"data":{"id":"2","link":"…"}}"#, "accepted:2"),
        (
            "update",
            400,
            r#"{"error":{"status":400,"msg":"Property nope not found in class issue"}}"#,
            "rejected:invalid",
        ),
        ("update", 401, "Invalid Login - Invalid login", "rejected:unauthenticated:retryable"),
        (
            "update",
            403,
            r#"{"error":{"status":403,"msg":"Permission to retire issue 2 denied"}}"#,
            "rejected:forbidden",
        ),
        ("update", 404, r#"{"error":{"status":404,"msg":"no such issue 99"}}"#, "rejected:not_found"),
        ("update", 409, r#"{"error":{"status":409,"msg":"Requested item is retired"}}"#, "rejected:retired"),
        (
            "update",
            412,
            r#"{"error":{"status":412,"msg":"If-Match is missing or does not match."}}"#,
            "rejected:conflict:conflict",
        ),
        ("update", 500, "", "unknown:unmapped_500"),
    ] {
        assert_eq!(told(&roundup, "issue", verb, &answer(status, body)), expect, "{verb} {status} {body}");
    }
}

#[test]
fn a_read_is_mapped_too_but_never_concludes_from_a_strange_answer() {
    let desk = manifest("Test desk", "Test desk");
    let refused = |code: &str, retryable: bool, retry_after_ms: Option<u64>| {
        Err(ReadFault::Refused { code: slug(code), retryable, retry_after_ms })
    };
    let strange = |at: &str, what: &str| Err(ReadFault::Answer { at: at.to_owned(), what: what.to_owned() });
    for (status, body, expect) in [
        (200, "{}", Ok(Json::parse("{}").unwrap())),
        (200, "<html>", strange("body", "the text is not JSON with unique member names")),
        (204, "", strange("status", "204 is no answer to a read")),
        (302, "", strange("status", "a redirect, which is never followed")),
        (400, "", refused("status_400", false, None)),
        (401, "", refused("unauthenticated", true, None)),
        (404, "{}", Err(ReadFault::NotFound)),
        (410, "", Err(ReadFault::NotFound)),
        (429, "", refused("rate_limited", true, None)),
        (500, "{}", Err(ReadFault::Unreachable { code: slug("status_500") })),
        (503, "", Err(ReadFault::Unreachable { code: slug("status_503") })),
    ] {
        assert_eq!(of_read(&desk, &answer(status, body)), expect, "{status} {body}");
    }
    let mut limited = answer(429, "");
    limited.headers.insert(RETRY_AFTER, "7".parse().unwrap());
    assert_eq!(of_read(&desk, &limited), refused("rate_limited", true, Some(7000)));
    limited.headers.insert(RETRY_AFTER, "Tue, 24 Nov 2026 10:00:00 GMT".parse().unwrap());
    assert_eq!(of_read(&desk, &limited), refused("rate_limited", true, None));
}
