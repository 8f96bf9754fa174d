//! The seeded CRM: users, eight accounts, twelve opportunities and ten cases of an invented maker of measuring
//! instruments. The customers are the ones of the help desk.

use serde_json::{Map, Value, json};

use super::schema::{ACCOUNT, CASE, OPPORTUNITY, Object, USER};
use super::{INTEGRATION_USER, LOCKED_OPPORTUNITY, OTHER_USER, Org, effects, ids, records};
use crate::clock::Stamp;

const INTEGRATION: u32 = 101;
const DANA: u32 = 102;
const MARCUS: u32 = 103;
const LENA: u32 = 104;
const ANNEKE: u32 = 105;

/// Number, user name, name, title.
const USERS: [(u32, &str, &str, &str); 5] = [
    (INTEGRATION, INTEGRATION_USER, "Integration User", "Connected app"),
    (DANA, OTHER_USER, "Dana Whitlock", "Sales Operations"),
    (MARCUS, "marcus.oyelaran@northwind.example", "Marcus Oyelaran", "Account Executive"),
    (LENA, "lena.fischer@northwind.example", "Lena Fischer", "Account Executive"),
    (ANNEKE, "anneke.vos@northwind.example", "Anneke Vos", "Support Lead"),
];

const ASTER: u32 = 301;
const BOREALIS: u32 = 302;
const COBALT: u32 = 303;
const DELPHI: u32 = 304;
const FJORDLINE: u32 = 305;
const HALCYON: u32 = 306;
const GRANITE: u32 = 307;
const EMBER: u32 = 308;

struct Account {
    number: u32,
    name: &'static str,
    kind: &'static str,
    industry: &'static str,
    city: &'static str,
    country: &'static str,
    revenue: f64,
    employees: u32,
    owner: u32,
}

const fn account(
    number: u32,
    name: &'static str,
    (kind, industry): (&'static str, &'static str),
    (city, country): (&'static str, &'static str),
    (revenue, employees): (f64, u32),
    owner: u32,
) -> Account {
    Account { number, name, kind, industry, city, country, revenue, employees, owner }
}

const ACCOUNTS: [Account; 8] = [
    account(
        ASTER,
        "Aster Health",
        ("Customer", "Healthcare"),
        ("Bergen", "Norway"),
        (42_000_000.0, 310),
        MARCUS,
    ),
    account(
        BOREALIS,
        "Borealis Labs",
        ("Customer", "Biotechnology"),
        ("Umeå", "Sweden"),
        (18_500_000.0, 120),
        LENA,
    ),
    account(
        COBALT,
        "Cobalt Freight",
        ("Customer", "Shipping"),
        ("Genoa", "Italy"),
        (96_000_000.0, 870),
        MARCUS,
    ),
    account(
        DELPHI,
        "Delphi Water Authority",
        ("Customer", "Government"),
        ("Leeds", "United Kingdom"),
        (0.0, 1450),
        LENA,
    ),
    account(
        FJORDLINE,
        "Fjordline Energy",
        ("Customer", "Energy"),
        ("Stavanger", "Norway"),
        (210_000_000.0, 640),
        MARCUS,
    ),
    account(
        HALCYON,
        "Halcyon Foods",
        ("Customer", "Food & Beverage"),
        ("Ghent", "Belgium"),
        (75_000_000.0, 520),
        LENA,
    ),
    account(
        GRANITE,
        "Granite Peak Mining",
        ("Prospect", "Mining"),
        ("Kiruna", "Sweden"),
        (130_000_000.0, 980),
        MARCUS,
    ),
    account(
        EMBER,
        "Ember & Oak Brewing",
        ("Prospect", "Food & Beverage"),
        ("Porto", "Portugal"),
        (6_200_000.0, 45),
        LENA,
    ),
];

struct Deal {
    number: u32,
    account: u32,
    name: &'static str,
    stage: &'static str,
    amount: f64,
    close: &'static str,
    kind: &'static str,
    next_step: Option<&'static str>,
    owner: u32,
    at: &'static str,
}

const DEALS: [Deal; 12] = [
    Deal {
        number: 1201,
        account: ASTER,
        name: "Aster Health renewal",
        stage: "Proposal",
        amount: 84_000.0,
        close: "2026-12-18",
        kind: "Renewal",
        next_step: Some("Send revised quote"),
        owner: MARCUS,
        at: "2026-11-20T10:14:08Z",
    },
    Deal {
        number: 1202,
        account: ASTER,
        name: "Aster Health ward sensors",
        stage: "Qualification",
        amount: 31_500.0,
        close: "2027-02-26",
        kind: "Expansion",
        next_step: None,
        owner: MARCUS,
        at: "2026-11-12T09:02:51Z",
    },
    Deal {
        number: 1203,
        account: BOREALIS,
        name: "Borealis Labs clean room",
        stage: "Negotiation",
        amount: 126_400.0,
        close: "2026-12-11",
        kind: "New Business",
        next_step: Some("Legal review of terms"),
        owner: LENA,
        at: "2026-11-21T15:40:33Z",
    },
    Deal {
        number: 1204,
        account: COBALT,
        name: "Cobalt Freight fleet meters",
        stage: "Proposal",
        amount: 58_750.0,
        close: "2027-01-15",
        kind: "New Business",
        next_step: Some("Demo for fleet managers"),
        owner: MARCUS,
        at: "2026-11-18T08:27:19Z",
    },
    Deal {
        number: 1205,
        account: DELPHI,
        name: "Delphi Water framework agreement",
        stage: "Prospecting",
        amount: 410_000.0,
        close: "2027-06-30",
        kind: "New Business",
        next_step: Some("Wait for tender"),
        owner: LENA,
        at: "2026-10-30T11:55:00Z",
    },
    Deal {
        number: 1206,
        account: DELPHI,
        name: "Delphi Water east station",
        stage: "Closed Won",
        amount: 73_200.0,
        close: "2026-10-09",
        kind: "Expansion",
        next_step: None,
        owner: LENA,
        at: "2026-10-09T16:20:45Z",
    },
    Deal {
        number: 1207,
        account: FJORDLINE,
        name: "Fjordline Energy renewal",
        stage: "Negotiation",
        amount: 198_000.0,
        close: "2026-12-22",
        kind: "Renewal",
        next_step: Some("Agree on three-year price"),
        owner: MARCUS,
        at: "2026-11-22T07:48:12Z",
    },
    Deal {
        number: 1208,
        account: FJORDLINE,
        name: "Fjordline Energy substation pilot",
        stage: "Closed Lost",
        amount: 22_000.0,
        close: "2026-09-18",
        kind: "New Business",
        next_step: None,
        owner: MARCUS,
        at: "2026-09-18T14:03:27Z",
    },
    Deal {
        number: 1209,
        account: HALCYON,
        name: "Halcyon Foods cold-store alarms",
        stage: "Proposal",
        amount: 46_900.0,
        close: "2027-01-29",
        kind: "Expansion",
        next_step: Some("Site visit in Ghent"),
        owner: LENA,
        at: "2026-11-19T12:31:56Z",
    },
    Deal {
        number: 1210,
        account: GRANITE,
        name: "Granite Peak shaft monitoring",
        stage: "Qualification",
        amount: 265_000.0,
        close: "2027-04-16",
        kind: "New Business",
        next_step: Some("Technical workshop"),
        owner: MARCUS,
        at: "2026-11-10T13:09:40Z",
    },
    Deal {
        number: 1211,
        account: EMBER,
        name: "Ember & Oak starter kit",
        stage: "Prospecting",
        amount: 4_800.0,
        close: "2027-01-08",
        kind: "New Business",
        next_step: None,
        owner: LENA,
        at: "2026-11-23T08:15:02Z",
    },
    Deal {
        number: 1212,
        account: BOREALIS,
        name: "Borealis Labs service contract",
        stage: "Negotiation",
        amount: 39_600.0,
        close: "2026-12-04",
        kind: "Renewal",
        next_step: Some("Discount waits for approval"),
        owner: LENA,
        at: "2026-11-23T16:44:30Z",
    },
];

struct Ticket {
    number: u32,
    account: u32,
    subject: &'static str,
    description: &'static str,
    status: &'static str,
    priority: &'static str,
    origin: &'static str,
    reason: &'static str,
    at: &'static str,
}

const CASES: [Ticket; 10] = [
    Ticket {
        number: 2101,
        account: BOREALIS,
        subject: "Probe readings drift after calibration",
        description: "Two probes show 0.4 degrees more than the reference a week after calibration.",
        status: "Working",
        priority: "High",
        origin: "Email",
        reason: "Calibration",
        at: "2026-11-20T09:31:44Z",
    },
    Ticket {
        number: 2102,
        account: ASTER,
        subject: "Renewal quote lists the old contact",
        description: "Please put Ingrid Solberg on the quote instead of her predecessor.",
        status: "New",
        priority: "Medium",
        origin: "Email",
        reason: "Invoice",
        at: "2026-11-23T10:05:13Z",
    },
    Ticket {
        number: 2103,
        account: COBALT,
        subject: "Replacement for cracked handheld meter",
        description: "The replacement was promised for last week and has not arrived.",
        status: "Escalated",
        priority: "High",
        origin: "Phone",
        reason: "Delivery",
        at: "2026-11-22T13:18:29Z",
    },
    Ticket {
        number: 2104,
        account: DELPHI,
        subject: "Firmware 3.2 update stops at 80 percent",
        description: "All units of the east station hang during the update.",
        status: "Working",
        priority: "High",
        origin: "Web",
        reason: "Firmware",
        at: "2026-11-18T14:02:37Z",
    },
    Ticket {
        number: 2105,
        account: DELPHI,
        subject: "Calibration certificates for the audit",
        description: "Certificates for order 20417 were sent again by post.",
        status: "Closed",
        priority: "Medium",
        origin: "Email",
        reason: "Calibration",
        at: "2026-11-17T09:45:50Z",
    },
    Ticket {
        number: 2106,
        account: FJORDLINE,
        subject: "Export of a year of readings",
        description: "The customer wants one file per month.",
        status: "New",
        priority: "Low",
        origin: "Web",
        reason: "Usage",
        at: "2026-11-20T12:01:05Z",
    },
    Ticket {
        number: 2107,
        account: HALCYON,
        subject: "Alarm threshold resets after power loss",
        description: "Seen on every cold-store sensor with firmware before 3.1.4.",
        status: "Escalated",
        priority: "High",
        origin: "Phone",
        reason: "Firmware",
        at: "2026-11-21T18:22:09Z",
    },
    Ticket {
        number: 2108,
        account: HALCYON,
        subject: "Second debit of invoice INV-3391",
        description: "Billing confirmed the double charge of 1,240.00.",
        status: "Working",
        priority: "High",
        origin: "Email",
        reason: "Invoice",
        at: "2026-11-19T15:37:41Z",
    },
    Ticket {
        number: 2109,
        account: ASTER,
        subject: "Training for new ward staff",
        description: "Half a day on site, preferably in January.",
        status: "New",
        priority: "Low",
        origin: "Phone",
        reason: "Usage",
        at: "2026-11-16T07:58:22Z",
    },
    Ticket {
        number: 2110,
        account: BOREALIS,
        subject: "Delivery to the new building",
        description: "From 1 December all deliveries go to the new building.",
        status: "Closed",
        priority: "Low",
        origin: "Email",
        reason: "Delivery",
        at: "2026-11-20T10:11:36Z",
    },
];

impl Org {
    pub(super) fn put_seeds(&mut self) {
        for (number, username, name, title) in USERS {
            let fields = json!({
                "Username": username, "Name": name, "Email": username, "Title": title, "IsActive": true,
            });
            self.put_seed(&USER, number, fields, "2024-02-01T08:00:00Z");
        }
        for account in ACCOUNTS {
            let fields = json!({
                "Name": account.name,
                "Type": account.kind,
                "Industry": account.industry,
                "BillingCity": account.city,
                "BillingCountry": account.country,
                "AnnualRevenue": account.revenue,
                "NumberOfEmployees": account.employees,
                "OwnerId": ids::numbered(USER.prefix, account.owner),
            });
            self.put_seed(&ACCOUNT, account.number, fields, "2026-03-02T09:00:00Z");
        }
        for deal in DEALS {
            let fields = json!({
                "AccountId": ids::numbered(ACCOUNT.prefix, deal.account),
                "Name": deal.name,
                "StageName": deal.stage,
                "Amount": deal.amount,
                "CloseDate": deal.close,
                "Type": deal.kind,
                "NextStep": deal.next_step,
                "OwnerId": ids::numbered(USER.prefix, deal.owner),
            });
            self.put_seed(&OPPORTUNITY, deal.number, fields, deal.at);
        }
        for (case, number) in CASES.into_iter().zip(1041_u32..) {
            let fields = json!({
                "AccountId": ids::numbered(ACCOUNT.prefix, case.account),
                "CaseNumber": format!("{number:08}"),
                "Subject": case.subject,
                "Description": case.description,
                "Status": case.status,
                "Priority": case.priority,
                "Origin": case.origin,
                "Reason": case.reason,
                "OwnerId": ids::numbered(USER.prefix, ANNEKE),
            });
            self.put_seed(&CASE, case.number, fields, case.at);
            self.last_number.insert("CaseNumber", number);
        }
        self.locked.insert(LOCKED_OPPORTUNITY.to_owned());
    }

    fn put_seed(&mut self, object: &'static Object, number: u32, values: Value, at: &str) {
        let at = Stamp::parse(at).unwrap_or(self.clock.now());
        let id = ids::numbered(object.prefix, number);
        let mut fields = records::blank(object, &id, at);
        let author = ids::numbered(USER.prefix, DANA);
        for name in ["CreatedById", "LastModifiedById"] {
            if let Some(slot) = fields.get_mut(name) {
                *slot = json!(author);
            }
        }
        let values = if let Value::Object(values) = values { values } else { Map::new() };
        fields.extend(values);
        effects::settle(object, &mut fields, &Map::new(), at);
        self.last_number.insert(object.prefix, number);
        self.put(object, id, fields);
    }
}
