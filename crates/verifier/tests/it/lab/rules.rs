//! The rules of the workspace, and what they are told about a mutation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use domain::mutation::Mutation;
use domain::principal::Principal;
use domain::run::Run;
use policy::facts::{PrincipalKind, Record, Request, Reversibility, Usage};
use policy::{ActionShape, FieldShape, FieldType, PolicySet, Schema};
use proof::digest::{Digest, Tag, tagged_bytes};

pub const MANIFEST: &str = "# the manifest of the CRM\nsystem = \"crm\"\n";

/// What policy decides by: the stage by itself, the amount with two approvals, the owner never.
pub const POLICY: &str = r#"
@id("agents-propose") permit (principal, action == Action::"crm.deal.update", resource);
@id("amount-needs-two") @title("The amount changes")
@obligation("approval") @group("sales") @quorum("2") @expires("PT4H") @risk("high")
forbid (principal, action == Action::"crm.deal.update", resource)
when { context.changedFields.contains("amount") && !context.recovery } unless { context.approved };
@id("owner-stays") forbid (principal, action == Action::"crm.deal.update", resource)
when { context.changedFields.contains("owner") };
"#;

pub static SHAPES: LazyLock<Vec<ActionShape>> = LazyLock::new(|| {
    let field = |name: &str, ty| FieldShape { name: name.to_owned(), ty, policy_visible: true };
    let fields = vec![
        field("stage", FieldType::Enum),
        field("amount", FieldType::Money { scale: 2 }),
        field("owner", FieldType::Reference),
        field("note", FieldType::Text),
    ];
    let (system, object, action) = ("crm".to_owned(), "deal".to_owned(), "update".to_owned());
    vec![ActionShape { system, object, action, fields }]
});

pub static SET: LazyLock<PolicySet> =
    LazyLock::new(|| PolicySet::load(POLICY, &Schema::new(SHAPES.clone()).unwrap()).unwrap());

pub fn manifest() -> Digest {
    tagged_bytes(Tag::Manifest, MANIFEST.as_bytes())
}

/// The facts about one mutation, as the engine gathers them.
pub fn request(run: &Run, principal: Principal, mutation: &Mutation) -> Request {
    let mut request = Request {
        principal: policy::facts::Principal {
            kind: if principal.person().is_some() { PrincipalKind::Person } else { PrincipalKind::Agent },
            id: principal.to_string(),
            groups: BTreeSet::new(),
        },
        on_behalf_of: None,
        action: "crm.deal.update".to_owned(),
        record: Record {
            connector: mutation.connector.to_string(),
            id: mutation.record.clone(),
            environment: mutation.environment.to_string(),
            labels: BTreeSet::new(),
        },
        changed_fields: BTreeSet::new(),
        before: BTreeMap::new(),
        after: BTreeMap::new(),
        delta: BTreeMap::new(),
        confidence_bp: run.confidence_bp,
        workflow: run.workflow.to_string(),
        source: run.source.to_string(),
        local_hour: 8,
        weekday: 2,
        reversibility: Reversibility::Rollback,
        plan_size: run.mutations,
        usage: Usage { agent_hour: 1, agent_day: 1, lane_hour: 1, lane_day: 1 },
        readiness: BTreeSet::new(),
        recovery: run.recovers.is_some() && run.amenders.is_empty(),
        takeover: run.takeover.is_some(),
    };
    for change in &mutation.changes {
        let field = SHAPES[0].field(&change.field).unwrap();
        request.add_change(field, change.before.as_ref(), change.after.as_ref()).unwrap();
    }
    request
}
