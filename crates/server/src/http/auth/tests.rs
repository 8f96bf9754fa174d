use super::*;

#[test]
fn a_bearer_token_stands_behind_its_scheme() {
    for (header, token) in [
        ("Bearer apk_x", Some("apk_x")),
        ("bearer apk_x", Some("apk_x")),
        ("Bearer  apk_x ", Some("apk_x")),
        ("Bearer ", None),
        ("Bearer", None),
        ("Basic YTpi", None),
        ("", None),
    ] {
        assert_eq!(bearer(header), token, "{header}");
    }
}

#[test]
fn a_cookie_is_found_by_its_whole_name() {
    let headers = |cookies: &[&str]| {
        cookies.iter().map(|cookie| (COOKIE, cookie.parse::<HeaderValue>().unwrap())).collect::<HeaderMap>()
    };
    for (cookies, found) in [
        (&["ap_session=a"][..], Some("a")),
        (&["other=1; ap_session=a; more=2"], Some("a")),
        (&["other=1"], None),
        (&["xap_session=a", "__Host-ap_session=b"], None),
        (&["ap_session="], None),
        (&["ap_session"], None),
        (&[], None),
    ] {
        let headers = headers(cookies);
        assert_eq!(cookie(&headers, "ap_session"), found, "{cookies:?}");
    }
}
