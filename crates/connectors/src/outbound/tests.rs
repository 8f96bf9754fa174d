use super::*;
use crate::testing::{Does, Raw, answer, clock};

fn client(clock: Clock) -> Outbound {
    Outbound::new(clock, vec!["127.0.0.1".to_owned()]).unwrap()
}

fn post(base_url: &str, body: &str) -> Request {
    Request {
        method: Method::POST,
        url: Url::parse(&format!("{base_url}/x")).unwrap(),
        headers: HeaderMap::new(),
        body: Some(body.to_owned()),
        timeout: Duration::from_millis(300),
        send_by_boot_ms: Some(100),
    }
}

async fn check(does: Vec<Does>, expect: Result<u16, SendFault>, requests: usize) {
    let server = Raw::start(does).await;
    let sent = client(clock(0, 0)).send(post(&server.base_url, "{\"a\":1}")).await;
    assert_eq!(sent.result.map(|answer| answer.status), expect);
    assert_eq!(server.requests().len(), requests);
}

#[tokio::test]
async fn an_answer_comes_back_whole() {
    let server = Raw::json(201, "{\"id\":7}").await;
    let sent = client(clock(0, 0)).send(post(&server.base_url, "{\"a\":1}")).await;
    let answer = sent.result.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (201, "{\"id\":7}"));
    let requests = server.requests();
    assert!(
        requests[0].starts_with("POST /x HTTP/1.1\r\n") && requests[0].ends_with("{\"a\":1}"),
        "{requests:?}"
    );
    assert!(requests[0].to_ascii_lowercase().contains("content-length: 7\r\n"));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let there = Raw::json(200, "{}").await;
    let headers = format!("location: {}/stolen\r\n", there.base_url);
    check(vec![Does::Answers(answer(307, &headers, ""))], Ok(307), 1).await;
    assert!(there.requests().is_empty());
}

#[tokio::test]
async fn silence_is_a_timeout_and_the_request_was_sent_once() {
    check(vec![Does::Waits], Err(SendFault::Timeout), 1).await;
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_reset_and_nothing_is_sent_again() {
    check(vec![Does::HangsUp], Err(SendFault::Reset), 1).await;
    let half = "HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n{\"half\":";
    check(vec![Does::Answers(half.to_owned())], Err(SendFault::Reset), 1).await;
    check(vec![Does::Answers("no HTTP at all\r\n\r\n".to_owned())], Err(SendFault::Reset), 1).await;
}

#[tokio::test]
async fn an_answer_at_the_limit_is_read_and_one_byte_more_is_not() {
    let body = "x".repeat(ANSWER_BYTES_MAX);
    check(vec![Does::Answers(answer(200, "", &body))], Ok(200), 1).await;
    check(vec![Does::Answers(answer(200, "", &format!("{body}x")))], Err(SendFault::TooLarge), 1).await;
}

#[tokio::test]
async fn without_a_connection_nothing_left() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let sent = client(clock(0, 0)).send(post(&format!("http://{closed}"), "{}")).await;
    assert_eq!(sent.result.map(|answer| answer.status), Err(SendFault::Connect));
    assert!(SendFault::Connect.never_left() && !SendFault::Reset.never_left());
}

#[tokio::test]
async fn after_the_send_window_nothing_leaves() {
    let server = Raw::json(200, "{}").await;
    let sent = client(clock(100, 0)).send(post(&server.base_url, "{}")).await;
    assert_eq!(sent.result.map(|answer| answer.status), Err(SendFault::WindowClosed));
    assert!(server.requests().is_empty());
    let sent = client(clock(99, 0)).send(post(&server.base_url, "{}")).await;
    assert!(sent.result.is_ok());
}

#[tokio::test]
async fn a_request_without_a_body_needs_a_window_as_long_as_connecting_may_take() {
    let server = Raw::json(200, "{}").await;
    let connect_ms = u64::try_from(CONNECT_TIMEOUT.as_millis()).unwrap();
    let delete = |send_by| Request {
        method: Method::DELETE,
        body: None,
        send_by_boot_ms: Some(send_by),
        ..post(&server.base_url, "")
    };
    let sent = client(clock(100, 0)).send(delete(100 + connect_ms)).await;
    assert_eq!(sent.result.map(|answer| answer.status), Err(SendFault::WindowClosed));
    assert!(server.requests().is_empty());
    let sent = client(clock(100, 0)).send(delete(101 + connect_ms)).await;
    assert!(sent.result.is_ok());
}

#[tokio::test]
async fn a_window_that_closes_while_connecting_stops_the_first_byte() {
    // The first look is before the connection, the second just before the body: the clock steps over the limit between.
    let server = Raw::json(200, "{}").await;
    let sent = client(clock(99, 1)).send(post(&server.base_url, "{\"a\":1}")).await;
    assert_eq!(sent.result.map(|answer| answer.status), Err(SendFault::WindowClosed));
    // The server only records connections on which a byte arrived; the second request proves that it listens.
    let sent = client(clock(0, 0)).send(post(&server.base_url, "{}")).await;
    assert!(sent.result.is_ok());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_request_that_was_given_up_can_no_longer_begin_and_one_that_began_is_never_called_unsent() {
    let gate =
        |now: u64| Gate { boot_ms: Arc::new(move || now), send_by_boot_ms: Some(100), state: Arc::default() };
    let given_up = gate(0);
    assert_eq!((given_up.close(), given_up.begin(), given_up.close()), (WAITING, false, CLOSED));
    let begun = gate(0);
    assert_eq!((begun.begin(), begun.close()), (true, BEGUN));
    let late = gate(100);
    assert_eq!((late.begin(), late.close()), (false, CLOSED));
}

#[test]
fn only_listed_hosts_and_encrypted_connections_are_targets() {
    let outbound = Outbound::new(clock(0, 0), vec!["erp.example.com".to_owned()]).unwrap();
    let hosts = ["*.desk.example".to_owned(), "127.0.0.1".to_owned()];
    let form = |url: &str| Err(NotAllowed::Form(url.to_owned()));
    let host = |host: &str| Err(NotAllowed::Host(host.to_owned()));
    for (url, loopback, expect) in [
        ("https://acme.desk.example", false, Ok("https://acme.desk.example")),
        ("https://acme.desk.example:8443/base/", false, Ok("https://acme.desk.example:8443/base")),
        ("https://erp.example.com", false, Ok("https://erp.example.com")),
        ("https://ERP.example.com", false, Ok("https://erp.example.com")),
        ("https://desk.example", false, host("desk.example")),
        ("https://evildesk.example", false, host("evildesk.example")),
        ("https://acme.desk.example.evil.example", false, host("acme.desk.example.evil.example")),
        ("https://erp.example.com.", false, host("erp.example.com.")),
        ("http://erp.example.com", false, Err(NotAllowed::Plain("http://erp.example.com".to_owned()))),
        ("http://127.0.0.1:9", true, Ok("http://127.0.0.1:9")),
        ("http://[::1]:9", true, Ok("http://[::1]:9")),
        ("http://localhost:9", true, Ok("http://localhost:9")),
        (
            "http://localhost.evil.example",
            true,
            Err(NotAllowed::Plain("http://localhost.evil.example".to_owned())),
        ),
        ("http://127.0.0.1:9", false, host("127.0.0.1")),
        ("https://user@erp.example.com", false, form("https://user@erp.example.com")),
        ("https://erp.example.com?x", false, form("https://erp.example.com?x")),
        ("https://erp.example.com#x", false, form("https://erp.example.com#x")),
        ("ftp://erp.example.com", false, form("ftp://erp.example.com")),
        ("erp.example.com", false, form("erp.example.com")),
    ] {
        let target = outbound.target(url, &hosts, loopback);
        assert_eq!(target.as_ref().map(Target::as_str).map_err(Clone::clone), expect, "{url}");
    }
}

#[test]
fn a_path_never_leaves_its_target() {
    let outbound = Outbound::new(clock(0, 0), vec!["erp.example.com".to_owned()]).unwrap();
    let target = outbound.target("https://erp.example.com/base", &[], false).unwrap();
    let url = |path: &str| target.url(path).map(|url| url.to_string());
    assert_eq!(url("/a/b?c=d").as_deref(), Some("https://erp.example.com/base/a/b?c=d"));
    for bad in ["a", "", "/../a", "/a/../../x", "https://evil.example"] {
        assert_eq!(url(bad), None, "{bad}");
    }
    let given = |given: &str| target.same_origin(given).map(|url| url.to_string());
    assert_eq!(given("/next?page=2").as_deref(), Some("https://erp.example.com/next?page=2"));
    assert_eq!(given("https://erp.example.com/next").as_deref(), Some("https://erp.example.com/next"));
    for bad in [
        "https://evil.example/next",
        "http://erp.example.com/next",
        "//evil.example",
        "https://erp.example.com:8443/",
    ] {
        assert_eq!(given(bad), None, "{bad}");
    }
}
