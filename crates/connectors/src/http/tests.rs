use super::*;
use crate::testing::{
    Does, Raw, answer, connector, connector_as, fields, key, manifest, mutation, secret, slug,
};
use proof::json::Value;

/// The fresh version of a write.
const FRESH: &str = "2026-11-24T09:30:00Z";

fn amount(manifest: &Manifest) -> Mutation {
    mutation(manifest, "ticket", "update", &[("amount", "84000".into(), "71400.5".into())], fields([]))
}

async fn send(http: &HttpConnector, mutation: &Mutation) -> Applied {
    granted(http, &Write { mutation, fresh_version: Some(FRESH), before: None }, key()).await
}

/// A write as under a grant, which only the store's receipt can make.
pub(crate) async fn granted(http: &HttpConnector, write: &Write<'_>, key: Digest) -> Applied {
    http.write(write, write.mutation.n, key, u64::MAX).await
}

fn code(applied: &Applied) -> String {
    match &applied.reply {
        Reply::Accepted { handle } => format!("accepted:{}", handle.clone().unwrap_or_default()),
        Reply::Rejected { code, .. } => format!("rejected:{code}"),
        Reply::NotSent { code } => format!("not_sent:{code}"),
        Reply::Unknown { code } => format!("unknown:{code}"),
    }
}

fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test]
async fn a_write_is_one_request_with_exact_values_our_key_and_the_fresh_version() {
    let manifest = manifest("Test desk", "Test desk");
    let server = Raw::json(200, r#"{"ok":true,"audit":91}"#).await;
    let applied = send(&connector(&server.base_url, &manifest), &amount(&manifest)).await;
    assert_eq!(code(&applied), "accepted:91");
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].starts_with("PUT /tickets/7 HTTP/1.1\r\n"));
    assert!(requests[0].contains("authorization: Bearer bearer-canary\r\n"));
    let sent = format!(
        r#"{{"ticket":{{"amount":71400.5,"meta":{{"key":"{}"}},"safe":true,"stamp":"{FRESH}"}}}}"#,
        key()
    );
    assert_eq!(body(&requests[0]), sent);
    assert_eq!(applied.exchange.request_body, Some(Json::parse(&sent).unwrap().value()));
}

#[tokio::test]
async fn each_action_fills_its_own_template() {
    let manifest = manifest("Test desk", "Test desk");
    let note = || fields([("body", "line one\nline two".into())]);
    let cleared = [("assignee", "3".into(), Value::Null), ("status", "open".into(), "solved".into())];
    for (verb, changes, arguments, method, expect) in [
        (
            "update",
            &cleared[..],
            fields([]),
            "PUT /tickets/7",
            format!(
                r#"{{"ticket":{{"assignee_id":"","meta":{{"key":"{}"}},"safe":true,"stamp":"{FRESH}","status":"solved"}}}}"#,
                key()
            ),
        ),
        (
            "note",
            &[],
            note(),
            "PUT /tickets/7",
            format!(
                r#"{{"ticket":{{"comment":{{"body":"line one\nline two","public":false}},"meta":{{"key":"{}"}}}}}}"#,
                key()
            ),
        ),
        (
            "resolve",
            &[],
            fields([]),
            "PUT /tickets/7",
            format!(r#"{{"ticket":{{"safe":true,"stamp":"{FRESH}","status":"solved"}}}}"#),
        ),
        (
            "resolve",
            &[],
            fields([("note", "done".into())]),
            "PUT /tickets/7",
            format!(
                r#"{{"ticket":{{"comment":{{"body":"done","public":false}},"safe":true,"stamp":"{FRESH}","status":"solved"}}}}"#
            ),
        ),
        (
            "create",
            &[("status", Value::Null, "open".into())],
            fields([]),
            "POST /tickets",
            r#"{"ticket":{"status":"open"}}"#.to_owned(),
        ),
        ("delete", &[], fields([]), "DELETE /tickets/7", String::new()),
    ] {
        let server = Raw::json(500, "").await;
        send(
            &connector(&server.base_url, &manifest),
            &mutation(&manifest, "ticket", verb, changes, arguments),
        )
        .await;
        let request = server.requests().remove(0);
        assert!(request.starts_with(&format!("{method} HTTP/1.1\r\n")), "{request}");
        assert_eq!(body(&request), expect, "{verb}");
        assert_eq!(request.contains(&format!("idempotency-key: {}\r\n", key())), verb == "create");
    }
}

#[tokio::test]
async fn what_became_of_the_request_decides_the_reply() {
    let manifest = manifest("Test desk", "Test desk");
    let redirect = answer(302, "location: http://127.0.0.1:9/\r\n", "");
    for (does, expect) in [
        (Does::Answers(answer(409, "", "{}")), "rejected:conflict"),
        (Does::Answers(answer(503, "retry-after: 3\r\n", "")), "unknown:unmapped_503"),
        (Does::Answers(redirect), "unknown:unmapped_302"),
        (Does::Answers("HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\n{".to_owned()), "unknown:reset"),
        (Does::HangsUp, "unknown:reset"),
        (Does::Waits, "unknown:timeout"),
    ] {
        let server = Raw::start(vec![does]).await;
        let applied = send(&connector(&server.base_url, &manifest), &amount(&manifest)).await;
        assert_eq!(code(&applied), expect);
        assert_eq!(server.requests().len(), 1);
        assert_eq!(applied.retry_after_ms, (expect == "unknown:unmapped_503").then_some(3000));
    }
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let applied = send(&connector(&format!("http://{closed}"), &manifest), &amount(&manifest)).await;
    assert_eq!(code(&applied), "not_sent:connect");
}

#[tokio::test]
async fn a_write_that_was_not_granted_or_cannot_be_formed_sends_nothing() {
    let desk = manifest("Test desk", "Test desk");
    let server = Raw::json(200, "{}").await;
    let http = connector(&server.base_url, &desk);
    let write = |mutation: Mutation, version: Option<&'static str>, n: u32, send_by: u64| {
        let http = http.clone();
        async move {
            let write = Write { mutation: &mutation, fresh_version: version, before: None };
            code(&http.write(&write, n, key(), send_by).await)
        }
    };
    let changed = |field: &str, after: Value| {
        mutation(&desk, "ticket", "update", &[(field, Value::Null, after)], fields([]))
    };
    let other = |change: fn(&mut Mutation)| {
        let mut mutation = amount(&desk);
        change(&mut mutation);
        mutation
    };
    let fresh = Some(FRESH);
    assert_eq!(write(amount(&desk), fresh, 1, u64::MAX).await, "not_sent:not_granted");
    assert_eq!(
        write(other(|m| m.connector = slug("other")), fresh, 0, u64::MAX).await,
        "not_sent:not_granted"
    );
    assert_eq!(
        write(amount(&manifest("Test desk", "Desk")), fresh, 0, u64::MAX).await,
        "not_sent:not_granted"
    );
    assert_eq!(write(amount(&desk), fresh, 0, 0).await, "not_sent:send_window");
    assert_eq!(write(amount(&desk), None, 0, u64::MAX).await, "not_sent:no_version");
    assert_eq!(write(other(|m| m.object = slug("user")), fresh, 0, u64::MAX).await, "not_sent:undescribed");
    assert_eq!(
        write(other(|m| m.action = Some(slug("retire"))), fresh, 0, u64::MAX).await,
        "not_sent:undescribed"
    );
    assert_eq!(
        write(other(|m| m.action = Some(slug("note"))), fresh, 0, u64::MAX).await,
        "not_sent:undescribed"
    );
    assert_eq!(write(changed("owner", "3".into()), fresh, 0, u64::MAX).await, "not_sent:undescribed");
    assert_eq!(write(changed("status", "closed".into()), fresh, 0, u64::MAX).await, "not_sent:unencodable");
    assert_eq!(write(changed("status", Value::Null), fresh, 0, u64::MAX).await, "not_sent:unencodable");
    assert_eq!(write(changed("amount", "12e3".into()), fresh, 0, u64::MAX).await, "not_sent:unencodable");
    assert_eq!(
        write(other(|m| m.record = Some("7/../8".to_owned())), fresh, 0, u64::MAX).await,
        "not_sent:unencodable"
    );
    let note = mutation(&desk, "ticket", "note", &[], fields([("text", "x".into())]));
    assert_eq!(write(note, fresh, 0, u64::MAX).await, "not_sent:undescribed");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn no_credential_comes_into_evidence_even_when_the_vendor_echoes_it() {
    let manifest = manifest("Test desk", "Test desk");
    let password = || secret("password-canary");
    for (credentials, echoed) in [
        (Credentials::Bearer { token: secret("bearer-canary") }, "bearer-canary"),
        (Credentials::Basic { user: "u".to_owned(), password: password() }, "dTpwYXNzd29yZC1jYW5hcnk="),
        (Credentials::EmailToken { email: "a@example.com".to_owned(), token: password() }, "password-canary"),
        (Credentials::ApiKey { key: secret("key-canary") }, "key-canary"),
    ] {
        let headers = format!("etag: {echoed}\r\nset-cookie: {echoed}\r\n");
        let server = Raw::start(vec![Does::Answers(answer(
            200,
            &headers,
            &format!(r#"{{"ok":true,"{echoed}":["{echoed}"]}}"#),
        ))])
        .await;
        let applied = send(&connector_as(&server.base_url, &manifest, credentials), &amount(&manifest)).await;
        assert!(server.requests()[0].contains(echoed) || echoed == "password-canary");
        let kept = format!("{:?} {}", applied, proof::canonical::to_string(&applied.exchange.value()));
        assert!(!kept.contains("canary") && !kept.contains(echoed), "{kept}");
        assert!(kept.contains("[secret]"));
    }
}

#[tokio::test]
async fn evidence_keeps_what_was_said_on_both_sides() {
    let manifest = manifest("api = \"v1\"", "api = \"v1\"\nevidence_headers = [\"x-audit\"]");
    let headers = "etag: \"e1\"\r\nx-audit: 91\r\nserver: X\r\n";
    let server = Raw::start(vec![Does::Answers(answer(409, headers, r#"{"amount":1.50}"#))]).await;
    let exchange = send(&connector(&server.base_url, &manifest), &amount(&manifest)).await.exchange;
    let at = "2026-11-24T10:00:00.000Z";
    let expect = format!(
        r#"{{"ended":"{at}","request":{{"body":{},"headers":{{"content-type":"application/json"}},"method":"PUT","url":"{}/tickets/7"}},"response":{{"body":{{"amount":"1.50"}},"headers":{{"etag":"\"e1\"","x-audit":"91"}},"status":409}},"started":"{at}"}}"#,
        proof::canonical::to_string(exchange.request_body.as_ref().unwrap()),
        server.base_url,
    );
    assert_eq!(proof::canonical::to_string(&exchange.value()), expect);
}

fn record() -> RecordRef {
    RecordRef { connector: slug("desk"), object: slug("ticket"), id: "7".to_owned() }
}

const TICKET: &str = r#"{"ticket":{"id":7,"updated_at":"v1","status":"open"}}"#;

fn client() -> Credentials {
    Credentials::ClientCredentials { client_id: "app".to_owned(), client_secret: secret("client-canary&1") }
}

fn token(token: &str, more: &str) -> Does {
    Does::Answers(answer(200, "", &format!(r#"{{"access_token":"{token}"{more}}}"#)))
}

#[tokio::test]
async fn a_token_is_fetched_once_before_the_first_request() {
    let manifest = manifest("Test desk", "Test desk");
    let ticket = || Does::Answers(answer(200, "", TICKET));
    let server = Raw::start(vec![token("token-canary", ",\"expires_in\":3600"), ticket(), ticket()]).await;
    let http = connector_as(&server.base_url, &manifest, client());
    for _ in 0..2 {
        let read = http.snapshot(&record()).await.unwrap();
        assert_eq!(read.snapshot.version.as_deref(), Some("v1"));
        assert!(!format!("{:?}", read.exchange).contains("canary"));
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests[0].starts_with("POST /token HTTP/1.1\r\n"));
    assert_eq!(
        body(&requests[0]),
        "grant_type=client_credentials&client_id=app&client_secret=client-canary%261"
    );
    assert!(requests[2].contains("authorization: Bearer token-canary\r\n"));
}

#[tokio::test]
async fn a_read_that_is_refused_for_its_token_is_asked_once_more_with_a_new_one() {
    let manifest = manifest("Test desk", "Test desk");
    let expired = || Does::Answers(answer(401, "", "expired"));
    let server = Raw::start(vec![
        token("one", ""),
        expired(),
        token("two", ""),
        Does::Answers(answer(200, "", TICKET)),
    ])
    .await;
    assert!(connector_as(&server.base_url, &manifest, client()).snapshot(&record()).await.is_ok());
    assert!(server.requests()[3].contains("authorization: Bearer two\r\n"));
    let server = Raw::start(vec![token("one", ""), expired(), token("two", ""), expired()]).await;
    let fault = connector_as(&server.base_url, &manifest, client()).snapshot(&record()).await.unwrap_err();
    assert_eq!(
        fault,
        ReadFault::Refused { code: slug("unauthenticated"), retryable: true, retry_after_ms: None }
    );
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_write_that_is_refused_for_its_token_is_not_sent_again_but_the_next_one_signs_in_anew() {
    let manifest = manifest("Test desk", "Test desk");
    let expired = Does::Answers(answer(401, "", "expired"));
    let accepted = Does::Answers(answer(200, "", r#"{"ok":true}"#));
    let server = Raw::start(vec![token("one", ""), expired, token("two", ""), accepted]).await;
    let http = connector_as(&server.base_url, &manifest, client());
    assert_eq!(code(&send(&http, &amount(&manifest)).await), "rejected:unauthenticated");
    assert_eq!(server.requests().len(), 2);
    assert_eq!(code(&send(&http, &amount(&manifest)).await), "accepted:");
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let manifest = manifest("Test desk", "Test desk");
    for (does, expect) in [
        (Does::HangsUp, "not_sent:token_unreachable"),
        (Does::Answers(answer(400, "", r#"{"error":"invalid_client"}"#)), "not_sent:token_refused"),
        (Does::Answers(answer(200, "", "<html>")), "not_sent:token_refused"),
        (Does::Answers(answer(200, "", "{}")), "not_sent:token_refused"),
        (Does::Answers(answer(302, "location: /elsewhere\r\n", "")), "not_sent:token_refused"),
    ] {
        let server = Raw::start(vec![does]).await;
        assert_eq!(
            code(&send(&connector_as(&server.base_url, &manifest, client()), &amount(&manifest)).await),
            expect
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_id_that_no_record_can_have_is_not_even_asked_for() {
    let server = Raw::json(200, TICKET).await;
    let http = connector(&server.base_url, &manifest("Test desk", "Test desk"));
    for id in ["", "..", "7/8", "7?x", "abc", "７"] {
        let fault = http.snapshot(&RecordRef { id: id.to_owned(), ..record() }).await.unwrap_err();
        assert_eq!(fault, ReadFault::NotFound, "{id}");
    }
    let fault = http.snapshot(&RecordRef { object: slug("user"), ..record() }).await.unwrap_err();
    assert_eq!(fault, ReadFault::Undescribed("user".to_owned()));
    assert!(server.requests().is_empty());
}
