//! The objects and fields of the CRM, as `describe` tells them.

use serde_json::{Value, json};

/// The custom field that other systems put their own key into. Unique per object.
pub(crate) const EXTERNAL_REF: &str = "External_Ref__c";

#[derive(Debug)]
pub(crate) struct Object {
    pub name: &'static str,
    pub label: &'static str,
    pub plural: &'static str,
    /// The first three characters of its record ids.
    pub prefix: &'static str,
    /// Whether the API may create, update and delete its records.
    pub writable: bool,
    /// For a history object: the object whose changes it holds, and the field that names the record.
    pub history_of: Option<(&'static str, &'static str)>,
    pub fields: &'static [Field],
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Id,
    /// At most this many characters.
    Text(usize),
    LongText(usize),
    /// One of these, and nothing else.
    Picklist(&'static [&'static str]),
    Currency,
    Percent,
    Whole,
    Date,
    DateTime,
    Flag,
    Reference(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub shape: Shape,
    pub writable: bool,
    pub nillable: bool,
    /// A new record gets a value even when none is sent.
    pub defaulted: bool,
    /// Its changes are kept in the object's history.
    pub tracked: bool,
}

impl Field {
    pub fn is_external_id(&self) -> bool {
        self.name == EXTERNAL_REF
    }
}

impl Object {
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

pub(crate) fn object(name: &str) -> Option<&'static Object> {
    OBJECTS.into_iter().find(|object| object.name == name)
}

pub(crate) static OBJECTS: [&Object; 7] =
    [&ACCOUNT, &CASE, &OPPORTUNITY, &USER, &ACCOUNT_HISTORY, &CASE_HISTORY, &OPPORTUNITY_HISTORY];

/// A field that the API can set, and empty.
const fn field(name: &'static str, label: &'static str, shape: Shape) -> Field {
    Field { name, label, shape, writable: true, nillable: true, defaulted: false, tracked: false }
}

const fn tracked(field: Field) -> Field {
    Field { tracked: true, ..field }
}

const fn required(field: Field) -> Field {
    Field { nillable: false, ..field }
}

/// Never empty, but not asked for: the CRM has a default.
const fn defaulted(field: Field) -> Field {
    Field { nillable: false, defaulted: true, ..field }
}

/// Set by the CRM alone.
const fn computed(field: Field) -> Field {
    Field { writable: false, ..field }
}

const ID: Field = computed(required(field("Id", "Record ID", Shape::Id)));
const DELETED: Field = computed(required(field("IsDeleted", "Deleted", Shape::Flag)));
const OWNER: Field = tracked(defaulted(field("OwnerId", "Owner ID", Shape::Reference("User"))));
const CREATED: Field = computed(required(field("CreatedDate", "Created Date", Shape::DateTime)));
const CREATED_BY: Field = computed(required(field("CreatedById", "Created By ID", Shape::Reference("User"))));
const MODIFIED: Field = computed(required(field("LastModifiedDate", "Last Modified Date", Shape::DateTime)));
const MODIFIED_BY: Field =
    computed(required(field("LastModifiedById", "Last Modified By ID", Shape::Reference("User"))));
const MODSTAMP: Field = computed(required(field("SystemModstamp", "System Modstamp", Shape::DateTime)));
const REFERENCE: Field = field(EXTERNAL_REF, "External Ref", Shape::Text(80));
const DESCRIPTION: Field = tracked(field("Description", "Description", Shape::LongText(32_000)));

pub(crate) const STAGES: &[&str] =
    &["Prospecting", "Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost"];

pub(crate) static ACCOUNT: Object = Object {
    name: "Account",
    label: "Account",
    plural: "Accounts",
    prefix: "001",
    writable: true,
    history_of: None,
    fields: &[
        ID,
        DELETED,
        tracked(required(field("Name", "Account Name", Shape::Text(255)))),
        tracked(field("Type", "Account Type", Shape::Picklist(&["Prospect", "Customer", "Partner"]))),
        tracked(field(
            "Industry",
            "Industry",
            Shape::Picklist(&[
                "Biotechnology",
                "Energy",
                "Food & Beverage",
                "Government",
                "Healthcare",
                "Mining",
                "Shipping",
            ]),
        )),
        field("Phone", "Account Phone", Shape::Text(40)),
        field("Website", "Website", Shape::Text(255)),
        field("BillingCity", "Billing City", Shape::Text(40)),
        field("BillingCountry", "Billing Country", Shape::Text(80)),
        tracked(field("AnnualRevenue", "Annual Revenue", Shape::Currency)),
        field("NumberOfEmployees", "Employees", Shape::Whole),
        DESCRIPTION,
        REFERENCE,
        OWNER,
        CREATED,
        CREATED_BY,
        MODIFIED,
        MODIFIED_BY,
        MODSTAMP,
    ],
};

pub(crate) static OPPORTUNITY: Object = Object {
    name: "Opportunity",
    label: "Opportunity",
    plural: "Opportunities",
    prefix: "006",
    writable: true,
    history_of: None,
    fields: &[
        ID,
        DELETED,
        tracked(required(field("Name", "Name", Shape::Text(120)))),
        tracked(field("AccountId", "Account ID", Shape::Reference("Account"))),
        tracked(required(field("StageName", "Stage", Shape::Picklist(STAGES)))),
        tracked(field("Amount", "Amount", Shape::Currency)),
        tracked(required(field("CloseDate", "Close Date", Shape::Date))),
        tracked(field("Probability", "Probability (%)", Shape::Percent)),
        computed(field("ExpectedRevenue", "Expected Amount", Shape::Currency)),
        tracked(field("NextStep", "Next Step", Shape::Text(255))),
        tracked(field("Discount__c", "Discount", Shape::Percent)),
        tracked(field(
            "Type",
            "Opportunity Type",
            Shape::Picklist(&["New Business", "Renewal", "Expansion"]),
        )),
        field("LeadSource", "Lead Source", Shape::Picklist(&["Web", "Partner", "Trade Show", "Referral"])),
        computed(field("ForecastCategoryName", "Forecast Category", Shape::Text(40))),
        computed(required(field("IsClosed", "Closed", Shape::Flag))),
        computed(required(field("IsWon", "Won", Shape::Flag))),
        DESCRIPTION,
        REFERENCE,
        OWNER,
        CREATED,
        CREATED_BY,
        MODIFIED,
        MODIFIED_BY,
        MODSTAMP,
    ],
};

pub(crate) static CASE: Object = Object {
    name: "Case",
    label: "Case",
    plural: "Cases",
    prefix: "500",
    writable: true,
    history_of: None,
    fields: &[
        ID,
        DELETED,
        computed(required(field("CaseNumber", "Case Number", Shape::Text(30)))),
        field("AccountId", "Account ID", Shape::Reference("Account")),
        tracked(field("Subject", "Subject", Shape::Text(255))),
        DESCRIPTION,
        tracked(defaulted(field(
            "Status",
            "Status",
            Shape::Picklist(&["New", "Working", "Escalated", "Closed"]),
        ))),
        tracked(defaulted(field("Priority", "Priority", Shape::Picklist(&["Low", "Medium", "High"])))),
        field("Origin", "Case Origin", Shape::Picklist(&["Email", "Phone", "Web"])),
        tracked(field(
            "Reason",
            "Case Reason",
            Shape::Picklist(&["Calibration", "Delivery", "Firmware", "Invoice", "Usage"]),
        )),
        computed(required(field("IsClosed", "Closed", Shape::Flag))),
        computed(field("ClosedDate", "Closed Date", Shape::DateTime)),
        REFERENCE,
        OWNER,
        CREATED,
        CREATED_BY,
        MODIFIED,
        MODIFIED_BY,
        MODSTAMP,
    ],
};

pub(crate) static USER: Object = Object {
    name: "User",
    label: "User",
    plural: "Users",
    prefix: "005",
    writable: false,
    history_of: None,
    fields: &[
        ID,
        computed(required(field("Username", "Username", Shape::Text(80)))),
        computed(required(field("Name", "Full Name", Shape::Text(121)))),
        computed(required(field("Email", "Email", Shape::Text(128)))),
        computed(field("Title", "Title", Shape::Text(80))),
        computed(required(field("IsActive", "Active", Shape::Flag))),
        CREATED,
        MODIFIED,
        MODSTAMP,
    ],
};

/// A history object: one row per changed field.
macro_rules! history {
    ($name:literal, $of:literal, $parent:literal) => {
        Object {
            name: $name,
            label: $name,
            plural: $name,
            prefix: "017",
            writable: false,
            history_of: Some(($of, $parent)),
            fields: &[
                ID,
                DELETED,
                computed(required(field($parent, $parent, Shape::Reference($of)))),
                computed(required(field("Field", "Changed Field", Shape::Text(255)))),
                computed(field("OldValue", "Old Value", Shape::Text(255))),
                computed(field("NewValue", "New Value", Shape::Text(255))),
                CREATED,
                CREATED_BY,
            ],
        }
    };
}

pub(crate) static ACCOUNT_HISTORY: Object = history!("AccountHistory", "Account", "AccountId");
pub(crate) static CASE_HISTORY: Object = history!("CaseHistory", "Case", "CaseId");
pub(crate) static OPPORTUNITY_HISTORY: Object =
    history!("OpportunityFieldHistory", "Opportunity", "OpportunityId");

impl Shape {
    /// The type as `describe` names it, with length, precision and scale.
    fn described(self) -> (&'static str, usize, u8, u8) {
        match self {
            Self::Id => ("id", 18, 0, 0),
            Self::Text(max) => ("string", max, 0, 0),
            Self::LongText(max) => ("textarea", max, 0, 0),
            Self::Picklist(_) => ("picklist", 255, 0, 0),
            Self::Currency => ("currency", 0, 18, 2),
            Self::Percent => ("percent", 0, 5, 2),
            Self::Whole => ("int", 0, 8, 0),
            Self::Date => ("date", 0, 0, 0),
            Self::DateTime => ("datetime", 0, 0, 0),
            Self::Flag => ("boolean", 0, 0, 0),
            Self::Reference(_) => ("reference", 18, 0, 0),
        }
    }

    fn options(self) -> &'static [&'static str] {
        if let Self::Picklist(options) = self { options } else { &[] }
    }
}

impl Object {
    /// The short form, as the list of objects has it.
    pub fn summary(&self, base: &str) -> Value {
        json!({
            "name": self.name,
            "label": self.label,
            "labelPlural": self.plural,
            "keyPrefix": self.prefix,
            "custom": false,
            "queryable": true,
            "createable": self.writable,
            "updateable": self.writable,
            "deletable": self.writable,
            "urls": {
                "sobject": format!("{base}/sobjects/{}", self.name),
                "describe": format!("{base}/sobjects/{}/describe", self.name),
                "rowTemplate": format!("{base}/sobjects/{}/{{ID}}", self.name),
            },
        })
    }

    pub fn describe(&self, base: &str) -> Value {
        let mut description = self.summary(base);
        if let Some(description) = description.as_object_mut() {
            description.insert("fields".to_owned(), self.fields.iter().map(Field::describe).collect());
        }
        description
    }
}

impl Field {
    fn describe(&self) -> Value {
        let (kind, length, precision, scale) = self.shape.described();
        let options = self.shape.options();
        let options: Value = options
            .iter()
            .map(|value| json!({ "active": true, "defaultValue": false, "label": value, "value": value }))
            .collect();
        let refers = if let Shape::Reference(object) = self.shape { vec![object] } else { vec![] };
        json!({
            "name": self.name,
            "label": self.label,
            "type": kind,
            "length": length,
            "precision": precision,
            "scale": scale,
            "nillable": self.nillable,
            "createable": self.writable,
            "updateable": self.writable,
            "defaultedOnCreate": self.defaulted,
            "calculated": false,
            "custom": self.name.ends_with("__c"),
            "externalId": self.is_external_id(),
            "unique": self.is_external_id(),
            "idLookup": self.is_external_id() || matches!(self.shape, Shape::Id),
            "restrictedPicklist": matches!(self.shape, Shape::Picklist(_)),
            "picklistValues": options,
            "referenceTo": refers,
        })
    }
}
