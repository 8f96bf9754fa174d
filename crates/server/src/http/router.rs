//! Every route, with the layers around it.

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::{Router, middleware};
use engine::admin::ARTIFACT_BYTES_MAX;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::v1::{
    approvals, artifacts, audit, bundles, comments, connectors, control, erasures, exports, groups, holds,
    inbox, keys, lineage, log, me, pauses, policies, policy_review, principals, records, recovery, run_list,
    runs, sessions, settle, workflows,
};
use super::{App, edge, ops, pages, stream};

/// Bytes of a JSON body.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Every route with its entry in the OpenAPI document.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sessions::create))
        .routes(routes!(sessions::show, sessions::delete))
        .routes(routes!(me::show))
        .routes(routes!(me::change_password))
        .routes(routes!(run_list::list, runs::propose))
        .routes(routes!(runs::show))
        .routes(routes!(lineage::events))
        .routes(routes!(bundles::of_run))
        .routes(routes!(bundles::of_log))
        .routes(routes!(exports::events))
        .routes(routes!(exports::of_period))
        .routes(routes!(log::show))
        .routes(routes!(log::checkpoint))
        .routes(routes!(log::proof))
        .routes(routes!(log::trust))
        .routes(routes!(log::tile))
        .routes(routes!(log::rotate))
        .routes(routes!(log::verify))
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
        .routes(routes!(artifacts::fetch))
        .routes(routes!(principals::list, principals::add))
        .routes(routes!(principals::show, principals::change))
        .routes(routes!(groups::list, groups::add))
        .routes(routes!(groups::show))
        .routes(routes!(groups::enroll, groups::remove))
        .routes(routes!(keys::list, keys::issue))
        .routes(routes!(keys::revoke))
        .routes(routes!(workflows::list, workflows::add))
        .routes(routes!(connectors::list, connectors::add))
        .routes(routes!(connectors::show, connectors::configure))
        .routes(routes!(connectors::check))
        .routes(routes!(pauses::list, pauses::set))
        .routes(routes!(pauses::lift))
        .routes(routes!(policies::list, policies::publish))
        .routes(routes!(policies::show))
        .routes(routes!(policy_review::validate))
        .routes(routes!(policy_review::test))
        .routes(routes!(policies::activate))
        .routes(routes!(policy_review::explain))
        .routes(routes!(audit::workspace))
        .routes(routes!(erasures::list, erasures::erase))
        .routes(routes!(holds::list, holds::place))
        .routes(routes!(holds::release))
        .routes(routes!(stream::stream))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .merge(large())
        .routes(routes!(ops::health))
        .routes(routes!(ops::ready))
        .routes(routes!(ops::metrics))
        .routes(routes!(ops::openapi))
        .routes(routes!(pages::index))
        .routes(routes!(pages::docs))
        .routes(routes!(pages::error))
}

/// Routes whose bodies are files.
fn large() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(artifacts::attach))
        .layer(RequestBodyLimitLayer::new(ARTIFACT_BYTES_MAX))
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
