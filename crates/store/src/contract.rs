//! What every backend promises, as tests that know only the seam.
//!
//! A backend implements [`Place`] and expands [`contract!`](crate::contract!) in its tests: that is the definition of
//! done. The suite is no part of the running product.

use std::sync::Arc;

use crate::{Commit, Conflict, Error, Store};

pub mod atomic;
pub mod disclosures;
pub mod entities;
pub mod evidence;
pub(crate) mod fixture;
pub mod leases;
pub mod log;
pub mod runs;
pub mod usage;
pub mod work;

/// Where a store of the backend keeps its data.
pub trait Place: Send + Sync {
    /// Opens the store, the first time or again after every handle on it was dropped.
    fn open(&self) -> impl Future<Output = Arc<dyn Store>> + Send;

    /// Executes a statement in the database itself, past the seam; the error is what the database says.
    fn tamper(&self, sql: &str) -> impl Future<Output = Result<(), String>> + Send;

    /// Every byte that a backup of the database would hold, keys aside; none if the backend cannot tell.
    fn at_rest(&self) -> Option<Vec<u8>>;
}

/// Expands to one test per promise. The argument is an expression that makes a fresh [`Place`] of
/// what is in scope.
#[macro_export]
macro_rules! contract {
    ($place:expr) => {
        $crate::contract!(in $place;
            atomic::{
                a_conflict_of_any_kind_saves_nothing,
                a_lost_commit_leaves_its_neighbors_alone,
                everything_is_there_after_opening_again,
                a_sound_database_finds_nothing_wrong_with_itself,
                another_workspace_sees_nothing,
            }
            evidence::{
                leaves_come_back_verbatim_in_an_unbroken_chain,
                a_place_in_a_chain_is_given_once,
                leaves_and_documents_are_final,
                long_chains_and_plans_are_read_whole,
                a_reader_of_the_feed_misses_no_leaf,
                every_run_with_a_chain_is_listed,
            }
            log::{
                every_leaf_has_one_place_in_the_log,
                subtree_hashes_are_those_of_the_leaves,
                a_head_is_kept_once_per_size,
                workspaces_have_logs_of_their_own,
            }
            disclosures::{
                sealed_fields_open_for_their_holders,
                no_sealed_value_is_readable_at_rest,
                an_erasure_is_final_and_exact,
                a_subject_that_was_erased_may_come_back,
                a_field_sealed_during_an_erasure_stays_readable_or_goes_with_it,
                an_erasure_of_a_chain_destroys_the_keys_that_seal_nothing_else,
                named_fields_go_and_the_others_stay,
                erased_rows_leave_nothing_at_rest,
                stored_answers_forget_what_was_asked_about_erased_fields,
            }
            runs::{
                a_projection_replaces_the_rows_of_its_run,
                a_partial_projection_keeps_the_other_rows,
                a_list_holds_what_its_query_says_newest_first,
                pages_stay_right_while_runs_are_added,
                the_inbox_shows_each_run_once_soonest_first,
                the_history_of_a_record_is_newest_first,
                limits_and_foreign_cursors_are_refused,
            }
            entities::{
                an_entity_is_written_only_over_the_expected_version,
                a_lookup_text_finds_one_entity,
                entities_are_listed_by_id_and_owner,
                what_expired_is_purged,
                a_request_is_answered_once,
                one_of_many_equal_requests_wins,
            }
            work::{
                an_item_is_claimed_by_one_worker,
                due_work_is_claimed_soonest_first,
                a_claim_that_ran_out_can_be_taken_over,
                a_stale_claim_changes_nothing,
                an_item_can_be_postponed_moved_and_cancelled,
            }
            leases::{
                a_record_has_one_holder,
                a_lease_counts_what_happened_in_between,
                a_lease_ends_only_by_release,
                a_raised_epoch_wins,
                a_generation_rises_once_per_opening,
            }
            usage::{
                a_budget_counts_what_is_reserved_in_its_window,
                a_reservation_is_refused_when_the_use_has_moved,
                one_of_many_equal_reservations_wins,
            }
        );
    };
    (in $place:expr; $($module:ident::{$($promise:ident,)*})*) => {
        $(mod $module {
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                $crate::contract::$module::$promise(&$place).await;
            })*
        })*
    };
}

/// Commits that must lose; answers how.
pub(crate) async fn conflict(store: &dyn Store, commit: Commit) -> Conflict {
    match store.commit(commit).await {
        Err(Error::Conflict(conflict)) => conflict,
        other => unreachable!("a conflict was due, not {other:?}"),
    }
}

/// Makes many commits at once; answers how many were saved, all others having lost with `lost`.
pub(crate) async fn race(
    store: &Arc<dyn Store>,
    commits: impl IntoIterator<Item = Commit>,
    lost: impl Fn(&Conflict) -> bool,
) -> usize {
    let racing: Vec<_> = commits
        .into_iter()
        .map(|commit| {
            let store = Arc::clone(store);
            tokio::spawn(async move { store.commit(commit).await })
        })
        .collect();
    let mut saved = 0;
    for racing in racing {
        match racing.await.unwrap() {
            Ok(_) => saved += 1,
            Err(Error::Conflict(conflict)) => assert!(lost(&conflict), "{conflict}"),
            Err(other) => unreachable!("{other}"),
        }
    }
    saved
}
