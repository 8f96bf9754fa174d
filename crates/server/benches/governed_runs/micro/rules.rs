//! Policy sets and requests to decide: the starter rules, and a thousand rules as a large workspace may have them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Context, Result};
use connectors::registry;
use policy::facts::{Principal, PrincipalKind, Record, Request, Reversibility, Usage};
use policy::{PolicySet, Schema};

/// How many rules the large set has.
const RULES: usize = 1_000;

/// The actions of the built-in connectors.
pub fn schema() -> Result<Schema> {
    let manifests = registry::built_in()?;
    let shapes = manifests.values().flat_map(|manifest| manifest.policy_shapes());
    Ok(Schema::new(shapes.collect::<Vec<_>>())?)
}

/// The rules that come with the program.
pub fn starter(schema: &Schema) -> Result<PolicySet> {
    Ok(PolicySet::load(policy::starter(), schema)?)
}

/// The starter rules, and rules for single connectors spread over all actions until there are a thousand.
pub fn thousand(schema: &Schema) -> Result<PolicySet> {
    let mut text = policy::starter().to_owned();
    let first = starter(schema)?.rule_ids().count();
    let actions: Vec<&str> = schema.actions().map(|(id, _)| id).collect();
    for (n, action) in (first..RULES).zip(actions.into_iter().cycle()) {
        write!(
            text,
            r#"
@id("branch.{n}") @title("Branch {n} looks at large plans of its own desk")
@obligation("approval") @group("branch-{n}") @quorum("1") @expires("PT4H") @risk("medium")
forbid (principal, action == Action::"{action}", resource)
when {{ resource.connector == "desk-{n}" && context.planSize > 3 }}
unless {{ context.approved }};
"#
        )?;
    }
    Ok(PolicySet::load(&text, schema)?)
}

/// An everyday edit that runs by itself, and one that a lead has to approve, with the word of their outcome.
pub fn requests(schema: &Schema) -> Result<[(Request, &'static str); 2]> {
    let mut everyday = edit();
    change(schema, &mut everyday, "priority", "normal", "high")?;
    let mut unusual = edit();
    change(schema, &mut unusual, "group_id", "601", "602")?;
    Ok([(everyday, "auto"), (unusual, "approval")])
}

fn change(schema: &Schema, request: &mut Request, field: &str, before: &str, after: &str) -> Result<()> {
    let shape = schema.action(&request.action).and_then(|action| action.field(field));
    let shape = shape.with_context(|| format!("`{}` has no field `{field}`", request.action))?;
    Ok(request.add_change(shape, Some(&before.into()), Some(&after.into()))?)
}

fn edit() -> Request {
    Request {
        principal: Principal {
            kind: PrincipalKind::Agent,
            id: "agent_01jz0000000000000000000000".to_owned(),
            groups: BTreeSet::from(["support-agents".to_owned()]),
        },
        on_behalf_of: None,
        action: "zendesk.ticket.update".to_owned(),
        record: Record {
            connector: "help-desk".to_owned(),
            id: Some("48213".to_owned()),
            environment: "production".to_owned(),
            labels: BTreeSet::new(),
        },
        changed_fields: BTreeSet::new(),
        before: BTreeMap::new(),
        after: BTreeMap::new(),
        delta: BTreeMap::new(),
        confidence_bp: Some(9_000),
        workflow: "triage".to_owned(),
        source: "bench".to_owned(),
        local_hour: 10,
        weekday: 2,
        reversibility: Reversibility::Rollback,
        plan_size: 1,
        usage: Usage { agent_hour: 1, agent_day: 1, lane_hour: 1, lane_day: 1 },
        readiness: BTreeSet::new(),
        recovery: false,
        takeover: false,
    }
}
