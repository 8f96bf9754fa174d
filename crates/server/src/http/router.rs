//! Every route, with the layers around it.

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::v1::{approvals, comments, control, inbox, me, records, recovery, runs, sessions, settle};
use super::{App, edge, ops};

/// Bytes of a JSON body.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Every route with its entry in the OpenAPI document.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sessions::create))
        .routes(routes!(sessions::show, sessions::delete))
        .routes(routes!(me::show))
        .routes(routes!(runs::list, runs::propose))
        .routes(routes!(runs::show))
        .routes(routes!(runs::events))
        .routes(routes!(approvals::give))
        .routes(routes!(control::take_over))
        .routes(routes!(control::hand_back))
        .routes(routes!(control::amend))
        .routes(routes!(control::execute))
        .routes(routes!(control::done_by_hand))
        .routes(routes!(control::cancel))
        .routes(routes!(settle::retry))
        .routes(routes!(settle::reconcile))
        .routes(routes!(settle::accept))
        .routes(routes!(recovery::rollback))
        .routes(routes!(recovery::compensate))
        .routes(routes!(comments::comment))
        .routes(routes!(inbox::list))
        .routes(routes!(records::history))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .routes(routes!(ops::health))
        .routes(routes!(ops::ready))
        .routes(routes!(ops::metrics))
        .routes(routes!(ops::openapi))
}

/// The whole application.
pub fn service(app: App) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(app.clone(), edge::handle))
        .with_state(app)
}
