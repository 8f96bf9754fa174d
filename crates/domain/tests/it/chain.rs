//! Stored leaves that are not the run that they claim to be.

use domain::wire::{self, Corrupt};
use proof::digest::sha256;
use proof::leaf::{ByKind, Leaf};

use crate::properties::leaves;
use crate::world::{World, auto, child_id, run_id, service};

fn told() -> Vec<Vec<u8>> {
    leaves(&World::proposed(1).previewed().then(auto()).in_flight().drafts, 1)
}

/// Folds a run of which one leaf was edited.
fn edited(at: usize, edit: impl FnOnce(&mut Leaf)) -> Corrupt {
    let mut told = told();
    let mut leaf = Leaf::parse(&told[at]).unwrap();
    edit(&mut leaf);
    told[at] = leaf.to_bytes().unwrap();
    wire::fold(run_id(), told.iter().map(Vec::as_slice)).unwrap_err()
}

#[test]
fn a_leaf_is_chained_to_the_one_before_by_run_position_and_hash() {
    assert_eq!(edited(2, |leaf| leaf.prev = Some(sha256(b"another leaf"))), Corrupt::Chain(2));
    assert_eq!(edited(2, |leaf| leaf.seq = 3), Corrupt::Chain(2));
    assert_eq!(edited(2, |leaf| leaf.run = Some(child_id().to_string())), Corrupt::Chain(2));
    assert_eq!(edited(2, |leaf| leaf.run = None), Corrupt::Chain(2));
}

#[test]
fn a_changed_leaf_breaks_the_chain_behind_it() {
    assert_eq!(edited(1, |leaf| leaf.node = "node_01h455vb4pex5vsknk084sn02q".to_owned()), Corrupt::Chain(2));
}

#[test]
fn an_author_whose_id_and_kind_disagree_is_refused() {
    assert_eq!(edited(0, |leaf| leaf.by.kind = ByKind::Person), Corrupt::Member { seq: 0, member: "by" });
    let by = |leaf: &mut Leaf| leaf.by.id = service().to_string();
    assert_eq!(edited(0, by), Corrupt::Member { seq: 0, member: "by" });
}

#[test]
fn a_leaf_has_as_many_sealed_members_as_its_type() {
    let one_less = |leaf: &mut Leaf| drop(leaf.sd.pop());
    assert_eq!(edited(0, one_less), Corrupt::Member { seq: 0, member: "_sd" });
}

#[test]
fn a_time_that_no_clock_of_ours_shows_is_refused() {
    let late = |leaf: &mut Leaf| leaf.time = "9999-12-31T23:59:59.999Z".to_owned();
    assert_eq!(edited(0, late), Corrupt::Member { seq: 0, member: "time" });
}

#[test]
fn clear_members_of_another_form_are_refused() {
    let corrupt = edited(1, |leaf| drop(leaf.data.remove("root")));
    assert!(matches!(corrupt, Corrupt::Members { seq: 1, .. }), "{corrupt}");
    let corrupt = edited(1, |leaf| leaf.kind = "plan.imagined".to_owned());
    assert!(matches!(corrupt, Corrupt::Members { seq: 1, .. }), "{corrupt}");
}

#[test]
fn bytes_that_are_no_leaf_and_runs_without_leaves_are_refused() {
    let mut cut = told();
    cut[1].pop();
    let corrupt = wire::fold(run_id(), cut.iter().map(Vec::as_slice)).unwrap_err();
    assert!(matches!(corrupt, Corrupt::Form { seq: 1, .. }), "{corrupt}");
    assert_eq!(wire::fold(run_id(), []).unwrap_err(), Corrupt::Empty);
}

#[test]
fn a_history_that_breaks_a_rule_is_corrupt_and_says_which() {
    let corrupt = edited(3, |leaf| leaf.cause.clear());
    assert!(matches!(corrupt, Corrupt::Rule { seq: 3, .. }), "{corrupt}");
    assert_eq!(corrupt.to_string(), "leaf 3 breaks a rule: an authorization names the decision");
}
