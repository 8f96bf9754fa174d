//! Every engine operation and the routes that ask for it. A test forbids gaps in both directions.
//!
//! The table is also where the OpenAPI document learns who may use a route.

use engine::access::Operation;

/// What a route asks of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// An operation that the authorization matrix names.
    Of(Operation),
    /// Nothing but to be signed in: it is about the caller alone.
    Caller,
    /// Nothing: open to everybody who reaches the server.
    Nobody,
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path, as the OpenAPI document writes it.
    pub path: &'static str,
    /// What it asks for.
    pub asks: Asks,
}

macro_rules! routes {
    ($($method:ident $path:literal $asks:expr;)*) => {
        /// Every route.
        pub const ROUTES: &[Route] =
            &[$(Route { method: stringify!($method), path: $path, asks: $asks },)*];
    };
}

use Asks::{Caller, Nobody, Of};
use Operation as Op;

routes! {
    post   "/v1/sessions"                                       Nobody;
    get    "/v1/sessions/current"                               Caller;
    delete "/v1/sessions/current"                               Caller;
    get    "/v1/me"                                             Caller;
    put    "/v1/me/password"                                    Of(Op::ManageSelf);
    post   "/v1/runs"                                           Of(Op::ProposeRun);
    get    "/v1/runs"                                           Of(Op::ReadRuns);
    get    "/v1/runs/{id}"                                      Of(Op::ReadRuns);
    get    "/v1/runs/{id}/events"                               Of(Op::ReadRuns);
    get    "/v1/stream"                                         Of(Op::ReadRuns);
    get    "/v1/records/{connector}/{object}/{id}/history"      Of(Op::ReadRuns);
    get    "/v1/artifacts/{digest}"                             Of(Op::ReadRuns);
    post   "/v1/runs/{id}/approvals"                            Of(Op::GiveVerdict);
    post   "/v1/runs/{id}/takeover"                             Of(Op::ControlRun);
    post   "/v1/runs/{id}/handback"                             Of(Op::ControlRun);
    put    "/v1/runs/{id}/plan"                                 Of(Op::ControlRun);
    post   "/v1/runs/{id}/execute"                              Of(Op::ControlRun);
    post   "/v1/runs/{id}/done-by-hand"                         Of(Op::ControlRun);
    post   "/v1/runs/{id}/cancel"                               Of(Op::CancelRun);
    post   "/v1/runs/{id}/retry"                                Of(Op::RetryRun);
    post   "/v1/runs/{id}/reconcile"                            Of(Op::SettleRun);
    post   "/v1/runs/{id}/accept"                               Of(Op::SettleRun);
    post   "/v1/runs/{id}/rollback"                             Of(Op::RecoverRun);
    post   "/v1/runs/{id}/compensate"                           Of(Op::RecoverRun);
    post   "/v1/runs/{id}/comments"                             Of(Op::CommentRun);
    post   "/v1/runs/{id}/artifacts"                            Of(Op::AttachArtifact);
    get    "/v1/inbox"                                          Of(Op::ReadInbox);
    get    "/v1/connectors"                                     Of(Op::ReadConnectors);
    get    "/v1/connectors/{name}"                              Of(Op::ReadConnectors);
    post   "/v1/connectors"                                     Of(Op::ManageConnectors);
    put    "/v1/connectors/{name}"                              Of(Op::ManageConnectors);
    post   "/v1/connectors/{name}/check"                        Of(Op::ManageConnectors);
    get    "/v1/pauses"                                         Of(Op::ReadPauses);
    post   "/v1/pauses"                                         Of(Op::Pause);
    delete "/v1/pauses/{kind}/{id}"                             Of(Op::Pause);
    get    "/v1/policies"                                       Of(Op::ReadPolicies);
    get    "/v1/policies/{digest}"                              Of(Op::ReadPolicies);
    post   "/v1/policies/validate"                              Of(Op::ReadPolicies);
    post   "/v1/policies/{digest}/test"                         Of(Op::ReadPolicies);
    post   "/v1/policies/{digest}/explain"                      Of(Op::ReadPolicies);
    post   "/v1/policies"                                       Of(Op::PublishPolicies);
    post   "/v1/policies/{digest}/activate"                     Of(Op::ActivatePolicies);
    get    "/v1/principals"                                     Of(Op::ReadPrincipals);
    get    "/v1/principals/{id}"                                Of(Op::ReadPrincipals);
    get    "/v1/groups"                                         Of(Op::ReadPrincipals);
    get    "/v1/groups/{name}"                                  Of(Op::ReadPrincipals);
    post   "/v1/principals"                                     Of(Op::ManagePrincipals);
    patch  "/v1/principals/{id}"                                Of(Op::ManagePrincipals);
    post   "/v1/groups"                                         Of(Op::ManagePrincipals);
    put    "/v1/groups/{name}/members/{person}"                 Of(Op::ManagePrincipals);
    delete "/v1/groups/{name}/members/{person}"                 Of(Op::ManagePrincipals);
    post   "/v1/workflows"                                      Of(Op::ManagePrincipals);
    get    "/v1/workflows"                                      Of(Op::ReadWorkflows);
    get    "/v1/keys"                                           Of(Op::ManageKeys);
    post   "/v1/keys"                                           Of(Op::ManageKeys);
    delete "/v1/keys/{id}"                                      Of(Op::ManageKeys);
    get    "/v1/audit/workspace"                                Of(Op::ReadAudit);
    get    "/v1/runs/{id}/bundle"                               Of(Op::ReadEvidence);
    get    "/v1/bundles"                                        Of(Op::ReadAudit);
    get    "/v1/exports"                                        Of(Op::ReadAudit);
    get    "/v1/controls"                                       Of(Op::ReadAudit);
    get    "/v1/log"                                            Of(Op::ReadEvidence);
    get    "/v1/log/checkpoint"                                 Of(Op::ReadEvidence);
    get    "/v1/log/proofs/{index}"                             Of(Op::ReadEvidence);
    get    "/v1/log/trust"                                      Of(Op::ReadEvidence);
    get    "/v1/log/tile/{tile}"                                Of(Op::ReadAudit);
    post   "/v1/log/verify"                                     Of(Op::ReadAudit);
    post   "/v1/log/keys"                                       Of(Op::ManageLog);
    get    "/v1/erasures"                                       Of(Op::ReadErasures);
    post   "/v1/erasures"                                       Of(Op::Erase);
    get    "/v1/holds"                                          Of(Op::ReadHolds);
    post   "/v1/holds"                                          Of(Op::ManageHolds);
    delete "/v1/holds/{id}"                                     Of(Op::ManageHolds);
    get    "/healthz"                                           Nobody;
    get    "/readyz"                                            Nobody;
    get    "/metrics"                                           Nobody;
    get    "/openapi.json"                                      Nobody;
    get    "/docs"                                              Nobody;
    get    "/errors/{code}"                                     Nobody;
    get    "/"                                                  Nobody;
}

/// What a route asks for; none for a route that is not in the table.
pub fn asks(method: &str, path: &str) -> Option<Asks> {
    let same = |route: &&Route| route.method.eq_ignore_ascii_case(method) && route.path == path;
    ROUTES.iter().find(same).map(|route| route.asks)
}

/// Who may, in words for the documentation.
pub fn who(asks: Asks) -> String {
    let operation = match asks {
        Nobody => return "Open to everybody.".to_owned(),
        Caller => return "Open to every caller.".to_owned(),
        Of(operation) => operation,
    };
    let roles: Vec<&str> = operation.roles().iter().map(|role| role.word()).collect();
    let people = match roles.as_slice() {
        [] => "every person".to_owned(),
        [role] => format!("the role {role}"),
        roles => format!("the roles {}", roles.join(", ")),
    };
    if operation.is_for_agents() {
        format!("Open to {people} and to agents.")
    } else {
        format!("Open to {people}.")
    }
}

#[cfg(test)]
mod tests;
