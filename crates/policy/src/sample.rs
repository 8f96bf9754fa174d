//! Shapes and requests for the tests: the connectors' actions as far as the starter policies need them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::facts::{Principal, PrincipalKind, Record, Request, Reversibility, Usage};
use crate::schema::{ActionShape, FieldShape, FieldType, Schema};
use crate::set::PolicySet;

const OPPORTUNITY: &[(&str, FieldType)] = &[
    ("StageName", FieldType::Enum),
    ("Amount", FieldType::Money { scale: 2 }),
    ("CloseDate", FieldType::Date),
    ("NextStep", FieldType::Text),
    ("Probability", FieldType::Integer),
    ("Discount", FieldType::Decimal),
    ("IsPrivate", FieldType::Boolean),
    ("OwnerId", FieldType::Reference),
];

const CASE: &[(&str, FieldType)] = &[
    ("Status", FieldType::Enum),
    ("Priority", FieldType::Enum),
    ("Subject", FieldType::Text),
    ("OwnerId", FieldType::Reference),
];

const TICKET: &[(&str, FieldType)] = &[
    ("subject", FieldType::Text),
    ("status", FieldType::Enum),
    ("priority", FieldType::Enum),
    ("type", FieldType::Enum),
    ("tags", FieldType::List),
    ("assignee_id", FieldType::Reference),
    ("group_id", FieldType::Reference),
];

const ISSUE: &[(&str, FieldType)] = &[
    ("title", FieldType::Text),
    ("status", FieldType::Enum),
    ("priority", FieldType::Enum),
    ("assignedto", FieldType::Reference),
    ("keyword", FieldType::List),
    ("nosy", FieldType::List),
];

/// Free text that policies do not see.
const HIDDEN: &[&str] = &["Description", "body"];

fn shape(id: &str, visible: &[(&str, FieldType)]) -> ActionShape {
    let mut parts = id.split('.').map(str::to_owned);
    let mut part = || parts.next().unwrap();
    let visible =
        visible.iter().map(|&(name, ty)| FieldShape { name: name.to_owned(), ty, policy_visible: true });
    let hidden = HIDDEN.iter().map(|&name| FieldShape {
        name: name.to_owned(),
        ty: FieldType::Text,
        policy_visible: false,
    });
    ActionShape { system: part(), object: part(), action: part(), fields: visible.chain(hidden).collect() }
}

/// The actions that the starter policies name, and one that they do not.
pub(crate) fn shapes() -> Vec<ActionShape> {
    vec![
        shape("salesforce.opportunity.update", OPPORTUNITY),
        shape("salesforce.opportunity.delete", &[]),
        shape("salesforce.case.update", CASE),
        shape("salesforce.case.resolve", &[]),
        shape("zendesk.ticket.update", TICKET),
        shape("zendesk.ticket.create", TICKET),
        shape("zendesk.ticket.reply", &[]),
        shape("zendesk.ticket.note", &[]),
        shape("zendesk.ticket.resolve", &[]),
        shape("zendesk.ticket.delete", &[]),
        shape("roundup.issue.update", ISSUE),
        shape("roundup.issue.create", ISSUE),
        shape("roundup.issue.resolve", &[]),
    ]
}

pub(crate) fn schema() -> Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::new(shapes()).unwrap());
    SCHEMA.clone()
}

pub(crate) fn set(text: &str) -> PolicySet {
    PolicySet::load(text, &schema()).unwrap()
}

/// An agent's request without changes.
pub(crate) fn request(action: &str) -> Request {
    Request {
        principal: Principal {
            kind: PrincipalKind::Agent,
            id: "agent_a".to_owned(),
            groups: BTreeSet::from(["sales-agents".to_owned()]),
        },
        on_behalf_of: None,
        action: action.to_owned(),
        record: Record {
            connector: "crm-main".to_owned(),
            id: Some("006A1".to_owned()),
            environment: "production".to_owned(),
            labels: BTreeSet::new(),
        },
        changed_fields: BTreeSet::new(),
        before: BTreeMap::new(),
        after: BTreeMap::new(),
        delta: BTreeMap::new(),
        confidence_bp: None,
        workflow: "renewals".to_owned(),
        source: String::new(),
        local_hour: 10,
        weekday: 2,
        reversibility: Reversibility::Rollback,
        plan_size: 1,
        usage: Usage::default(),
        readiness: BTreeSet::new(),
        recovery: false,
        takeover: false,
    }
}

/// Adds a change of text, as the schema's field of that name.
pub(crate) fn change(request: &mut Request, field: &str, before: &str, after: &str) {
    let schema = schema();
    let field = schema.action(&request.action).and_then(|shape| shape.field(field)).unwrap();
    request.add_change(field, Some(&before.into()), Some(&after.into())).unwrap();
}
