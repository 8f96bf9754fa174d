//! Stable public error codes. Each has a page under `docs/errors/`, and a test holds the two together.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:literal;)*) => {
        /// A stable, machine-readable reason. The same on REST, MCP and the command line.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The HTTP status that goes with it.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// Reads the word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

codes! {
    /// The body is no JSON, or not of the documented shape.
    InvalidRequest = "invalid_request", 422;
    /// The body is larger than the limit.
    BodyTooLarge = "body_too_large", 413;
    /// The media type is not the documented one.
    UnsupportedMediaType = "unsupported_media_type", 415;
    /// No or no valid credentials.
    Unauthenticated = "unauthenticated", 401;
    /// The caller may not do this.
    Forbidden = "forbidden", 403;
    /// A browser sent the request from another site.
    CrossSite = "cross_site", 403;
    /// There is no such thing, or it is not yours to see.
    NotFound = "not_found", 404;
    /// The method is not one of the resource's.
    MethodNotAllowed = "method_not_allowed", 405;
    /// Something else has that name.
    AlreadyExists = "already_exists", 409;
    /// Somebody changed it at the same time; read it again.
    Conflict = "conflict", 409;
    /// The key was used with another body.
    IdempotencyKeyReused = "idempotency_key_reused", 422;
    /// The first request with this key is still being handled.
    IdempotencyInFlight = "idempotency_in_flight", 409;
    /// The key is missing or malformed.
    IdempotencyKeyInvalid = "idempotency_key_invalid", 422;
    /// The HTTP message itself is malformed.
    MalformedRequest = "malformed_request", 400;
    /// The body did not come in time.
    RequestTimeout = "request_timeout", 408;
    /// Too many requests.
    RateLimited = "rate_limited", 429;
    /// The store cannot answer now.
    Unavailable = "unavailable", 503;
    /// An error of ours.
    Internal = "internal", 500;
    /// The run's stored events do not replay.
    RunDamaged = "run_damaged", 500;
    /// The run is closed.
    RunClosed = "run_closed", 409;
    /// A person controls the run.
    RunTakenOver = "run_taken_over", 409;
    /// Only the holder of the takeover may do this.
    NotHolder = "not_holder", 409;
    /// The takeover ended.
    TakeoverExpired = "takeover_expired", 409;
    /// The plan is another one than the caller saw.
    PlanDigestMismatch = "plan_digest_mismatch", 409;
    /// Nobody is asked for approval.
    NotAwaitingApproval = "not_awaiting_approval", 409;
    /// Agents and services give no verdict.
    AgentNeverApproves = "agent_never_approves", 403;
    /// Whoever proposed, amended or holds the run gives no verdict on it.
    SeparationOfDuties = "separation_of_duties", 403;
    /// The policy excludes this person.
    Excluded = "excluded", 403;
    /// The person is in none of the groups that are asked.
    NotAnApprover = "not_an_approver", 403;
    /// The person must say for which of their groups they speak.
    GroupRequired = "group_required", 422;
    /// The group has its quorum.
    GroupComplete = "group_complete", 409;
    /// The person approved already.
    AlreadyApproved = "already_approved", 409;
    /// A rationale is needed.
    RationaleRequired = "rationale_required", 422;
    /// A passkey signature is needed.
    PasskeyRequired = "passkey_required", 422;
    /// The request for approval ended.
    RequestExpired = "request_expired", 409;
    /// The run's deadline passed.
    DeadlinePassed = "deadline_passed", 409;
    /// A mutation is in flight or its outcome unknown.
    MutationUnsettled = "mutation_unsettled", 409;
    /// A divergence waits for a person.
    DivergenceOpen = "divergence_open", 409;
    /// A mutation had an effect: the plan cannot change any more.
    PlanHasEffect = "plan_has_effect", 409;
    /// A recovery run is open.
    RecoveryOpen = "recovery_open", 409;
    /// There is nothing to recover.
    NothingToRecover = "nothing_to_recover", 409;
    /// The mutation can neither be restored nor countered.
    Irreversible = "irreversible", 409;
    /// No authorization is in force.
    NotAuthorized = "not_authorized", 409;
    /// The authorization ended.
    AuthorizationExpired = "authorization_expired", 409;
    /// The mutation cannot be tried again.
    NotRetryable = "not_retryable", 409;
    /// The outcome is not unknown.
    NotUnknown = "not_unknown", 409;
    /// The policy asks for approval of nobody.
    PolicyNamesNoGroup = "policy_names_no_group", 409;
    /// The run's stage does not allow it.
    StageConflict = "stage_conflict", 409;
    /// The run was proposed already.
    AlreadyProposed = "already_proposed", 409;
    /// The value is needed and was erased.
    ValueErased = "value_erased", 410;
    /// A hold or the retention period keeps the values.
    ErasureHeld = "erasure_held", 409;
    /// The workflow is not registered, or the key is not bound to it.
    UnknownWorkflow = "unknown_workflow", 422;
    /// The connector, object, action or field is not one that may be written.
    UnknownTarget = "unknown_target", 422;
    /// A field's value does not fit its type.
    InvalidValue = "invalid_value", 422;
    /// The plan mixes environments, repeats a record, or is too large.
    InvalidPlan = "invalid_plan", 422;
    /// The workspace, agent, lane or connector is paused.
    Paused = "paused", 409;
    /// The evidence log does not continue what was signed before: nothing is executed.
    ForkRisk = "fork_risk", 503;
    /// The evidence does not verify: nothing was exported.
    EvidenceDamaged = "evidence_damaged", 500;
    /// No policy set is in force.
    NoPolicy = "no_policy", 409;
    /// The policy set does not load.
    InvalidPolicy = "invalid_policy", 422;
    /// The manifest or the connector's configuration does not load.
    InvalidConnector = "invalid_connector", 422;
    /// A second person must do this.
    SecondPersonRequired = "second_person_required", 403;
    /// The workspace would have no admin.
    LastAdmin = "last_admin", 409;
    /// The workspace holds as many things of this kind as it can.
    LimitReached = "limit_reached", 409;
    /// User name or password are wrong, or the account is closed.
    SignInFailed = "sign_in_failed", 401;
    /// The password is too short or too common.
    WeakPassword = "weak_password", 422;
    /// The system of record does not answer.
    SystemUnavailable = "system_unavailable", 502;
    /// Another run is writing to the record.
    RecordBusy = "record_busy", 409;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_and_reads_back() {
        let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors");
        for code in Code::ALL {
            assert_eq!(Code::parse(code.word()), Some(*code));
            let page = format!("{pages}/{}.md", code.word());
            assert!(std::path::Path::new(&page).exists(), "no page {page}");
        }
        let written: Vec<_> = std::fs::read_dir(pages).unwrap().flatten().collect();
        for page in &written {
            let name = page.file_name().to_string_lossy().into_owned();
            let word = name.strip_suffix(".md").unwrap_or_default();
            assert!(word == "README" || Code::parse(word).is_some(), "page {name} has no code");
        }
    }
}
