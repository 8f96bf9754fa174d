use axum::body::to_bytes;

use super::*;

async fn written(response: Response) -> (u16, serde_json::Value) {
    let response = render(response, "req-1");
    assert_eq!(response.headers()[CONTENT_TYPE], MEDIA_TYPE);
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn an_error_is_written_with_every_member_it_has() {
    let error = Error::new(Code::PlanDigestMismatch, "another plan").hint("read it again").at("/plan_digest");
    let (status, body) = written(Problem::from(error).into_response()).await;
    assert_eq!(status, 409);
    assert_eq!(
        body,
        serde_json::json!({
            "type": "/errors/plan_digest_mismatch", "title": "Plan digest mismatch", "status": 409,
            "code": "plan_digest_mismatch", "detail": "another plan", "hint": "read it again",
            "pointer": "/plan_digest", "request_id": "req-1",
        })
    );
}

#[tokio::test]
async fn the_cause_of_an_error_of_ours_is_not_shown() {
    let secret = std::io::Error::other("the table persons is broken");
    let error = Error::internal("a stored document is malformed").because(secret);
    let (status, body) = written(Problem::from(error).into_response()).await;
    assert_eq!(status, 500);
    let text = body.to_string();
    assert!(!text.contains("persons") && !text.contains("malformed"), "{text}");
}

#[tokio::test]
async fn answers_of_the_framework_get_a_code_by_their_status() {
    for (status, code) in [
        (400, "invalid_request"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (413, "body_too_large"),
        (415, "unsupported_media_type"),
        (504, "unavailable"),
        (500, "internal"),
    ] {
        let response = StatusCode::from_u16(status).unwrap().into_response();
        let (_, body) = written(response).await;
        assert_eq!(body["code"], code);
    }
}

#[test]
fn success_is_left_alone() {
    let response = render((StatusCode::CREATED, "made").into_response(), "req-1");
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_ne!(response.headers()[CONTENT_TYPE], MEDIA_TYPE);
}

#[test]
fn a_wait_and_a_way_to_sign_in_stand_in_headers() {
    let late =
        render(Problem::from(Error::new(Code::RateLimited, "slow down").retry_after(7)).into_response(), "r");
    assert_eq!(late.headers()[RETRY_AFTER], "7");
    let unknown = render(Problem::new(Code::Unauthenticated, "who are you").into_response(), "r");
    assert!(unknown.headers().contains_key(WWW_AUTHENTICATE));
}
