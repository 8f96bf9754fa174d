//! Sessions, passwords and the waiting after failures.

use super::world::{PASSWORD, World, code, id, refused, slug};
use crate::Code;
use crate::access::Role;
use crate::admin::PrincipalChange;
use crate::admin::auth::SESSION_S;

#[tokio::test]
async fn the_right_password_opens_a_session_that_speaks_for_the_person() {
    let world = World::new().await;
    let signed_in = world.engine.sign_in(None, "Admin", PASSWORD).await.unwrap();
    assert!(signed_in.token.starts_with("aps_") && signed_in.token.len() == 73);
    let caller = world.engine.authenticate_session(&signed_in.token).await.unwrap();
    assert_eq!((caller.principal, &caller.roles), (world.admin.principal, &world.admin.roles));
    assert_eq!(caller.session, signed_in.caller.session);
    assert_eq!(world.engine.show_session(&caller).await.unwrap().method, "password");
    assert!(world.engine.sign_in(Some("main"), "admin", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn whatever_is_wrong_the_answer_is_the_same() {
    let world = World::new().await;
    let closed = world.person("closed", &[]).await;
    let change = PrincipalChange { disabled: Some(true), ..Default::default() };
    world.engine.change_principal(&world.admin, closed.principal, change).await.unwrap();
    let right = format!("{PASSWORD} closed");
    let long = "x".repeat(5_000);
    let tries = [
        (None, "admin", "wrong password here"),
        (None, "admin", ""),
        (None, "admin", long.as_str()),
        (None, "nobody", PASSWORD),
        (None, "not a name!", PASSWORD),
        (None, "closed", right.as_str()),
        (Some("other"), "admin", PASSWORD),
    ];
    for (workspace, username, password) in tries {
        let error = refused(world.engine.sign_in(workspace, username, password).await);
        let expected = "user name or password are wrong, or the account is closed";
        assert_eq!((error.code, error.message.as_str()), (Code::SignInFailed, expected), "{username}");
    }
}

#[tokio::test]
async fn a_session_ends_by_time_by_signing_out_and_when_the_person_is_disabled() {
    let world = World::new().await;
    let maya = world.person("maya", &[]).await;
    let password = format!("{PASSWORD} maya");
    let sign_in = || world.engine.sign_in(None, "maya", &password);

    let out = sign_in().await.unwrap();
    world.engine.sign_out(&out.caller).await.unwrap();
    assert_eq!(code(world.engine.authenticate_session(&out.token).await), Code::Unauthenticated);

    let old = sign_in().await.unwrap();
    world.clock.step_s(SESSION_S - 1);
    assert!(world.engine.authenticate_session(&old.token).await.is_ok());
    world.clock.step_s(1);
    assert_eq!(code(world.engine.authenticate_session(&old.token).await), Code::Unauthenticated);

    let live = sign_in().await.unwrap();
    for (disabled, valid) in [(true, false), (false, false)] {
        let change = PrincipalChange { disabled: Some(disabled), ..Default::default() };
        world.engine.change_principal(&world.admin, maya.principal, change).await.unwrap();
        assert_eq!(world.engine.authenticate_session(&live.token).await.is_ok(), valid, "{disabled}");
    }
    assert!(sign_in().await.is_ok(), "who is let in again signs in anew");
}

#[tokio::test]
async fn a_session_has_the_roles_that_the_person_has_now() {
    let world = World::new().await;
    let maya = world.person("maya", &[Role::Operator]).await;
    let session = world.engine.sign_in(None, "maya", &format!("{PASSWORD} maya")).await.unwrap();
    let change = PrincipalChange { roles: Some([Role::Viewer].into()), ..Default::default() };
    world.engine.change_principal(&world.admin, maya.principal, change).await.unwrap();
    let caller = world.engine.authenticate_session(&session.token).await.unwrap();
    assert_eq!(caller.roles, [Role::Viewer].into());
}

#[tokio::test]
async fn a_changed_or_foreign_token_is_refused() {
    let world = World::new().await;
    let token = world.engine.sign_in(None, "admin", PASSWORD).await.unwrap().token;
    let (head, last) = token.split_at(token.len() - 1);
    let changed = format!("{head}{}", if last == "A" { "Q" } else { "A" });
    let other = format!("aps_{}{}", "0".repeat(26), &token[30..]);
    let as_key = token.replacen("aps_", "apk_", 1);
    for token in [changed.as_str(), head, &other, &as_key, "", "aps_", "aps_é"] {
        assert_eq!(code(world.engine.authenticate_session(token).await), Code::Unauthenticated, "{token}");
        assert_eq!(code(world.engine.authenticate_key(token).await), Code::Unauthenticated, "{token}");
    }
}

#[tokio::test]
async fn after_five_failures_even_the_right_password_must_wait() {
    let world = World::new().await;
    let wrong = || world.engine.sign_in(None, "admin", "wrong password here");
    for _ in 0..5 {
        assert_eq!(code(wrong().await), Code::SignInFailed);
    }
    let error = refused(world.engine.sign_in(None, "admin", PASSWORD).await);
    assert_eq!((error.code, error.retry_after_s), (Code::RateLimited, Some(1)));
    world.clock.step_s(1);
    assert_eq!(code(wrong().await), Code::SignInFailed);
    assert_eq!(refused(wrong().await).retry_after_s, Some(2));
    world.clock.step_s(2);
    assert!(world.engine.sign_in(None, "admin", PASSWORD).await.is_ok());
    assert_eq!(code(wrong().await), Code::SignInFailed, "success forgets the failures");
}

#[tokio::test]
async fn unknown_names_are_limited_like_known_ones_and_apart_from_them() {
    let world = World::new().await;
    for _ in 0..5 {
        assert_eq!(code(world.engine.sign_in(None, "nobody", PASSWORD).await), Code::SignInFailed);
    }
    assert_eq!(code(world.engine.sign_in(None, "nobody", PASSWORD).await), Code::RateLimited);
    assert!(world.engine.sign_in(None, "admin", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn changing_the_password_needs_the_current_one_and_ends_the_other_sessions() {
    let world = World::new().await;
    let engine = &world.engine;
    let here = engine.sign_in(None, "admin", PASSWORD).await.unwrap();
    let elsewhere = engine.sign_in(None, "admin", PASSWORD).await.unwrap();
    let new = "four unrelated words today";
    assert_eq!(
        code(engine.change_password(&here.caller, "wrong password here", new).await),
        Code::SignInFailed
    );
    assert_eq!(code(engine.change_password(&here.caller, PASSWORD, "short").await), Code::WeakPassword);
    engine.change_password(&here.caller, PASSWORD, new).await.unwrap();
    assert!(engine.authenticate_session(&here.token).await.is_ok());
    assert_eq!(code(engine.authenticate_session(&elsewhere.token).await), Code::Unauthenticated);
    assert_eq!(code(engine.sign_in(None, "admin", PASSWORD).await), Code::SignInFailed);
    assert!(engine.sign_in(None, "admin", new).await.is_ok());
    assert_eq!(world.acts().await, ["person_added", "password_changed"]);
}

#[tokio::test]
async fn a_password_set_by_an_admin_ends_every_session_and_is_never_ones_own() {
    let world = World::new().await;
    let maya = world.person("maya", &[]).await;
    let session = world.engine.sign_in(None, "maya", &format!("{PASSWORD} maya")).await.unwrap();
    let change = PrincipalChange { password: Some("brand new words here".to_owned()), ..Default::default() };
    let own = world.engine.change_principal(&world.admin, world.admin.principal, change.clone()).await;
    assert_eq!(code(own), Code::SecondPersonRequired);
    world.engine.change_principal(&world.admin, maya.principal, change).await.unwrap();
    assert_eq!(code(world.engine.authenticate_session(&session.token).await), Code::Unauthenticated);
    assert!(world.engine.sign_in(None, "maya", "brand new words here").await.is_ok());
    assert_eq!(world.acts().await.last().unwrap(), "password_reset");
}

#[tokio::test]
async fn with_several_workspaces_one_is_named() {
    let world = World::new().await;
    let other = "another password for it";
    let second = world.engine.bootstrap("localhost", &slug("other"), other).await.unwrap();
    assert_eq!(code(world.engine.sign_in(None, "admin", PASSWORD).await), Code::InvalidRequest);
    let there = world.engine.sign_in(Some("other"), "admin", other).await.unwrap();
    assert_eq!(there.caller.workspace, second);
    assert_ne!(there.caller.principal.person(), Some(id(&world.admin)));
    assert_eq!(code(world.engine.sign_in(Some("other"), "admin", PASSWORD).await), Code::SignInFailed);
}
