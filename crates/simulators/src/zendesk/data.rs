//! The seeded help desk: people, groups and twelve tickets of an invented maker of measuring instruments.

use serde_json::{Value, json};

use super::people::{Named, Role, User};
use super::{AGENT_EMAIL, Desk, OTHER_AGENT, Ticket, VAT_TICKET, audits, fields, people};
use crate::clock::Stamp;

const AGENT: u64 = 9001;
const PRIYA: u64 = 9002;
const MEI: u64 = 9003;
const TOMAS: u64 = 9004;

const BILLING: u64 = 601;
const SUPPORT: u64 = 602;
const LOGISTICS: u64 = 603;

pub(crate) const USERS: &[User] = &[
    staff(AGENT, "Desk Automation", AGENT_EMAIL, Role::Agent),
    staff(PRIYA, "Priya Raman", OTHER_AGENT, Role::Agent),
    staff(MEI, "Mei Lindqvist", "mei.lindqvist@northwind.example", Role::Agent),
    staff(TOMAS, "Tomás Ortega", "tomas.ortega@northwind.example", Role::Admin),
    customer(9101, "Ingrid Solberg", "ingrid.solberg@asterhealth.example", 501),
    customer(9102, "Dele Adeyemi", "dele.adeyemi@borealislabs.example", 502),
    customer(9103, "Carla Fontana", "carla.fontana@cobaltfreight.example", 503),
    customer(9104, "Hugh Pemberton", "hugh.pemberton@delphiwater.example", 504),
    customer(9105, "Yuki Tanabe", "yuki.tanabe@fjordlineenergy.example", 505),
    customer(9106, "Sam Whitfield", "sam.whitfield@halcyonfoods.example", 506),
];

pub(crate) const GROUPS: &[Named] = &[
    Named { id: BILLING, name: "Billing" },
    Named { id: SUPPORT, name: "Technical Support" },
    Named { id: LOGISTICS, name: "Logistics" },
];

pub(crate) const ORGANIZATIONS: &[Named] = &[
    Named { id: 501, name: "Aster Health" },
    Named { id: 502, name: "Borealis Labs" },
    Named { id: 503, name: "Cobalt Freight" },
    Named { id: 504, name: "Delphi Water Authority" },
    Named { id: 505, name: "Fjordline Energy" },
    Named { id: 506, name: "Halcyon Foods" },
];

const fn staff(id: u64, name: &'static str, email: &'static str, role: Role) -> User {
    User { id, name, email, role, organization_id: None }
}

const fn customer(id: u64, name: &'static str, email: &'static str, organization: u64) -> User {
    User { id, name, email, role: Role::EndUser, organization_id: Some(organization) }
}

/// A ticket as it is seeded.
pub(crate) struct Seed {
    id: u64,
    at: &'static str,
    requester: u64,
    subject: &'static str,
    body: &'static str,
    status: &'static str,
    priority: &'static str,
    kind: &'static str,
    group: u64,
    assignee: Option<u64>,
    tags: &'static [&'static str],
    invoice: Option<&'static str>,
}

pub(crate) const TICKETS: &[Seed] = &[
    Seed {
        id: 48190,
        at: "2026-11-16T08:12:40Z",
        requester: 9104,
        subject: "Calibration certificate missing from order 20417",
        body: "The two flow meters arrived without their calibration certificates. We need them for our audit.",
        status: "solved",
        priority: "normal",
        kind: "incident",
        group: LOGISTICS,
        assignee: Some(MEI),
        tags: &["certificate"],
        invoice: None,
    },
    Seed {
        id: 48193,
        at: "2026-11-17T06:55:02Z",
        requester: 9105,
        subject: "Cannot sign in to the service portal after password reset",
        body: "Since this morning none of our shift leads can sign in. The reset link says it has expired.",
        status: "open",
        priority: "urgent",
        kind: "incident",
        group: SUPPORT,
        assignee: Some(PRIYA),
        tags: &["login", "portal"],
        invoice: None,
    },
    Seed {
        id: 48195,
        at: "2026-11-17T10:31:18Z",
        requester: 9102,
        subject: "Quote for 40 pressure transmitters",
        body: "Please quote 40 units of PT-220 with delivery before the end of January.",
        status: "pending",
        priority: "normal",
        kind: "question",
        group: BILLING,
        assignee: Some(TOMAS),
        tags: &["quote"],
        invoice: None,
    },
    Seed {
        id: 48198,
        at: "2026-11-18T13:47:55Z",
        requester: 9104,
        subject: "Firmware 3.2 update stops at 80 percent",
        body: "The update hangs on every unit of the east station. We went back to 3.1 for now.",
        status: "hold",
        priority: "high",
        kind: "problem",
        group: SUPPORT,
        assignee: Some(MEI),
        tags: &["firmware"],
        invoice: None,
    },
    Seed {
        id: 48201,
        at: "2026-11-19T07:20:33Z",
        requester: 9103,
        subject: "Delivery arrived with a cracked display",
        body: "One of the six handheld meters has a cracked display. Photos are attached to the delivery note.",
        status: "open",
        priority: "high",
        kind: "incident",
        group: LOGISTICS,
        assignee: Some(MEI),
        tags: &["damage", "warranty"],
        invoice: None,
    },
    Seed {
        id: 48204,
        at: "2026-11-19T15:02:09Z",
        requester: 9106,
        subject: "Charged twice for invoice INV-3391",
        body: "Our bank shows two debits of 1,240.00 for the same invoice. Please refund one of them.",
        status: "open",
        priority: "high",
        kind: "incident",
        group: BILLING,
        assignee: Some(PRIYA),
        tags: &["invoice", "refund"],
        invoice: Some("INV-3391"),
    },
    Seed {
        id: 48206,
        at: "2026-11-20T09:15:47Z",
        requester: 9102,
        subject: "New delivery address for order 20466",
        body: "We are moving on 1 December. Please send order 20466 to the new building.",
        status: "new",
        priority: "normal",
        kind: "task",
        group: LOGISTICS,
        assignee: None,
        tags: &["address"],
        invoice: None,
    },
    Seed {
        id: 48208,
        at: "2026-11-20T11:40:00Z",
        requester: 9105,
        subject: "How do I export a year of readings?",
        body: "The export seems to stop after 90 days. Is there a way to get the whole year?",
        status: "pending",
        priority: "low",
        kind: "question",
        group: SUPPORT,
        assignee: Some(MEI),
        tags: &["export"],
        invoice: None,
    },
    Seed {
        id: 48209,
        at: "2026-11-21T18:05:26Z",
        requester: 9106,
        subject: "Alarm threshold resets after power loss",
        body: "After the outage on Friday all cold-store sensors were back at the factory threshold.",
        status: "open",
        priority: "urgent",
        kind: "problem",
        group: SUPPORT,
        assignee: Some(PRIYA),
        tags: &["alarm", "firmware"],
        invoice: None,
    },
    Seed {
        id: 48211,
        at: "2026-11-22T08:30:12Z",
        requester: 9101,
        subject: "Add a second administrator to our account",
        body: "Please give Jonas Berg the same rights as me. He takes over while I am on leave.",
        status: "new",
        priority: "normal",
        kind: "task",
        group: SUPPORT,
        assignee: None,
        tags: &["account"],
        invoice: None,
    },
    Seed {
        id: 48212,
        at: "2026-11-22T16:48:39Z",
        requester: 9103,
        subject: "Thank you for the quick repair",
        body: "The repaired meter came back within three days. Much appreciated.",
        status: "closed",
        priority: "low",
        kind: "question",
        group: LOGISTICS,
        assignee: Some(MEI),
        tags: &["feedback"],
        invoice: None,
    },
    Seed {
        id: VAT_TICKET,
        at: "2026-11-23T09:04:51Z",
        requester: 9101,
        subject: "Invoice shows the wrong VAT number",
        body: "Invoice INV-3407 still carries our old VAT number. Our accounting cannot book it like this.",
        status: "open",
        priority: "high",
        kind: "incident",
        group: BILLING,
        assignee: Some(AGENT),
        tags: &["invoice", "vat"],
        invoice: Some("INV-3407"),
    },
];

impl Desk {
    /// Adds a seeded ticket with its first comment and audit, by the customer, over e-mail.
    pub(super) fn put_seed(&mut self, seed: &Seed) {
        let at = Stamp::parse(seed.at).unwrap_or(self.clock.now());
        let requester = people::user(seed.requester);
        let mut ticket = fields::blank(seed.id, at);
        let values = [
            ("subject", json!(seed.subject)),
            ("raw_subject", json!(seed.subject)),
            ("description", json!(seed.body)),
            ("status", json!(seed.status)),
            ("priority", json!(seed.priority)),
            ("type", json!(seed.kind)),
            ("group_id", json!(seed.group)),
            ("assignee_id", json!(seed.assignee)),
            ("requester_id", json!(seed.requester)),
            ("submitter_id", json!(seed.requester)),
            ("organization_id", json!(requester.and_then(|user| user.organization_id))),
            ("tags", json!(seed.tags)),
            ("via", json!({ "channel": "email" })),
        ];
        ticket.extend(values.map(|(name, value)| (name.to_owned(), value)));
        fields::set_custom(
            &mut ticket,
            fields::INVOICE_NUMBER,
            seed.invoice.map_or(Value::Null, |i| json!(i)),
        );
        let comment = audits::Comment { body: seed.body.to_owned(), public: true, author_id: seed.requester };
        let trace = audits::Trace { ticket: seed.id, author_id: seed.requester, at, channel: "email" };
        let audit = trace.audit(self, Some(&comment), &[], Value::Null);
        let shown = trace.comment(&audit, &comment);
        self.last_ticket = self.last_ticket.max(seed.id);
        self.tickets
            .insert(seed.id, Ticket { audits: vec![audit], comments: vec![shown], ..Ticket::new(ticket) });
    }
}
