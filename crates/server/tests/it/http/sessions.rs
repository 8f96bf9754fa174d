//! Signing in and out, cookies, and what a browser may be made to do.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Bare, PASSWORD, Reply};

async fn sign_in(bare: &Bare, password: &str, headers: &[(&str, &str)]) -> Reply {
    let body = json!({ "username": "admin", "password": password, "workspace": "main" });
    let request = bare.request(Method::POST, "/v1/sessions").json(&body);
    bare.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

#[tokio::test]
async fn a_browser_signs_in_with_a_cookie_that_other_sites_cannot_use() {
    let bare = Bare::start().await;
    let signed = sign_in(&bare, PASSWORD, &[]).await;
    let cookie = signed.headers["set-cookie"].to_str().unwrap().to_owned();
    for part in ["ap_session=aps_", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain http on loopback has no secure cookies: {cookie}");
    let session = signed.expect(201);
    assert!(session.get("token").is_none(), "the token belongs into the cookie only");
    assert_eq!(session["person"]["username"], "admin");

    let cookie = cookie.split(';').next().unwrap().to_owned();
    let send = |method: Method, path: &str, headers: &[(&str, &str)]| {
        let request = bare.request(method.clone(), path).header("cookie", &cookie);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        bare.send(if method == Method::POST {
            request.json(&json!({ "name": "g", "title": "G" }))
        } else {
            request
        })
    };
    assert_eq!(send(Method::GET, "/v1/me", &[]).await.expect(200)["name"], "Administrator");
    send(Method::GET, "/v1/sessions/current", &[("sec-fetch-site", "cross-site")]).await.expect(200);
    let own = bare.base.clone();
    for (headers, allowed) in [
        (vec![], false),
        (vec![("sec-fetch-site", "cross-site")], false),
        (vec![("sec-fetch-site", "same-site")], false),
        (vec![("sec-fetch-site", "none")], false),
        (vec![("origin", "https://evil.example")], false),
        (vec![("origin", "null")], false),
        (vec![("sec-fetch-site", "cross-site"), ("origin", own.as_str())], false),
        (vec![("origin", own.as_str())], true),
        (vec![("sec-fetch-site", "same-origin")], true),
    ] {
        let reply = send(Method::POST, "/v1/groups", &headers).await;
        if allowed {
            assert!([201, 409].contains(&reply.status.as_u16()), "{headers:?} {:#}", reply.body);
        } else {
            reply.refused("cross_site");
        }
    }
    let out = send(Method::DELETE, "/v1/sessions/current", &[("sec-fetch-site", "same-origin")]).await;
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    out.expect(204);
    send(Method::GET, "/v1/me", &[]).await.refused("unauthenticated");
}

#[tokio::test]
async fn behind_tls_the_cookie_is_bound_to_the_host_and_only_its_origin_counts() {
    let bare =
        Bare::start_with(|config| config.server.public_url = Some("https://plane.example".to_owned())).await;
    let signed = sign_in(&bare, PASSWORD, &[("origin", "https://plane.example")]).await;
    let cookie = signed.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-ap_session=") && cookie.contains("; Secure"), "{cookie}");
    assert!(signed.headers.contains_key("strict-transport-security"));
    signed.expect(201);
    let cookie = cookie.split(';').next().unwrap();
    for (origin, status) in
        [("https://plane.example", 201), (bare.base.as_str(), 403), ("http://plane.example", 403)]
    {
        let request =
            bare.request(Method::POST, "/v1/groups").header("cookie", cookie).header("origin", origin);
        bare.send(request.json(&json!({ "name": "g", "title": "G" }))).await.expect(status);
    }
    // A cookie without the prefix could have been set by a neighbor.
    let unbound = cookie.trim_start_matches("__Host-");
    bare.send(bare.request(Method::GET, "/v1/me").header("cookie", unbound)).await.refused("unauthenticated");
}

#[tokio::test]
async fn nobody_gets_in_with_wrong_words_and_guessing_slows_down() {
    let bare = Bare::start().await;
    sign_in(&bare, PASSWORD, &[("sec-fetch-site", "cross-site")]).await.refused("cross_site");
    sign_in(&bare, PASSWORD, &[("origin", "https://evil.example")]).await.refused("cross_site");
    let wrong = sign_in(&bare, "a wrong password", &[]).await;
    let wrong = wrong.refused("sign_in_failed");
    let body = json!({ "username": "nobody", "password": PASSWORD });
    let unknown = bare.send(bare.request(Method::POST, "/v1/sessions").json(&body)).await;
    assert_eq!(unknown.refused("sign_in_failed")["detail"], wrong["detail"], "the answer tells who exists");
    let mut limited = None;
    for _ in 0..10 {
        let reply = sign_in(&bare, "a wrong password", &[]).await;
        if reply.status == 429 {
            limited = Some(reply);
            break;
        }
    }
    let limited = limited.unwrap();
    assert!(limited.headers.contains_key("retry-after"));
    limited.refused("rate_limited");
    // The session that is open stays open.
    bare.get(&bare.admin, "/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let bare = Bare::start().await;
    let other = bare.sign_in("admin").await;
    let new = "an even better horse";
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    bare.put(&bare.admin, "/v1/me/password", change("wrong password", new)).await.refused("sign_in_failed");
    bare.put(&bare.admin, "/v1/me/password", change(PASSWORD, "short")).await.refused("weak_password");
    bare.put(&bare.admin, "/v1/me/password", change(PASSWORD, new)).await.expect(204);
    bare.get(&bare.admin, "/v1/me").await.expect(200);
    bare.get(&other, "/v1/me").await.refused("unauthenticated");
    sign_in(&bare, PASSWORD, &[]).await.refused("sign_in_failed");
    sign_in(&bare, new, &[]).await.expect(201);
}

#[tokio::test]
async fn credentials_that_are_none_are_refused_alike() {
    let bare = Bare::start().await;
    let strange = format!("{}x", bare.admin);
    let mut details = std::collections::BTreeSet::new();
    for token in ["aps_x", "apk_x", "x", strange.as_str()] {
        let problem = bare.get(token, "/v1/me").await.refused("unauthenticated");
        details.insert(problem["detail"].to_string());
    }
    assert_eq!(details.len(), 1, "{details:?}");
    for header in ["Basic YTpi", "Bearer", "Bearer ", "bearer\taps_x"] {
        let request = bare.request(Method::GET, "/v1/me").header("authorization", header);
        let reply = bare.send(request).await;
        assert!(reply.headers.contains_key("www-authenticate"));
        reply.refused("unauthenticated");
    }
    assert_eq!(
        bare.get(&bare.admin, "/v1/me").await.expect(200)["roles"],
        json!(["auditor", "operator", "policy_author", "admin"])
    );
    let Value::Object(_) = bare.get(&bare.admin, "/v1/sessions/current").await.expect(200) else { panic!() };
}

#[tokio::test]
async fn the_members_of_a_sign_in_have_names() {
    let bare = Bare::start().await;
    let request = bare.request(Method::POST, "/v1/sessions");
    bare.send(request.json(&json!(["admin", PASSWORD, null, true]))).await.refused("invalid_request");
}
