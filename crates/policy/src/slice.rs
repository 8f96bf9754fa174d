//! One policy set per action. Cedar has no index of its own, so a thousand policies on other actions would each be
//! looked at in every decision. A slice holds the policies whose scope can match the action, and answers like the full set.

use cedar_policy::{ActionConstraint, EntityUid, Policy, PolicySet};

use crate::schema::Action;

/// The policies that can fire for this action.
pub(crate) fn of(action: &Action, policies: &[Policy]) -> Result<PolicySet, String> {
    PolicySet::from_policies(policies.iter().filter(|policy| concerns(policy, action)).cloned())
        .map_err(|cause| cause.to_string())
}

fn concerns(policy: &Policy, action: &Action) -> bool {
    let matches =
        |one: &EntityUid| one.as_ref() == action.entity.uid() || action.groups.contains(one.as_ref());
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(only) => only.as_ref() == action.entity.uid(),
        ActionConstraint::In(list) => list.iter().any(matches),
    }
}
