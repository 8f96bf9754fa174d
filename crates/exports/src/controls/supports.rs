//! Which rule asks for what, and which part of the report supports an answer.
//!
//! References are to be checked against the text in force before anybody quotes them: dates and numbers of articles move.

/// One demand and the sections that support an answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Support {
    /// The text.
    pub framework: &'static str,
    /// Where in it.
    pub reference: &'static str,
    /// What it asks for, in our words.
    pub demand: &'static str,
    /// Ids of sections.
    pub sections: &'static [&'static str],
}

const AI_ACT: &str = "EU AI Act";
const ISO: &str = "ISO/IEC 42001";
const NIST: &str = "NIST AI RMF";
const SOC: &str = "SOC 2";

/// The map.
pub const SUPPORTS: &[Support] = &[
    Support {
        framework: AI_ACT,
        reference: "Articles 12, 72, 79",
        demand: "Events are recorded by themselves over the lifetime; risks, changes and operation can be followed.",
        sections: &["population", "policies", "exceptions", "administration"],
    },
    Support {
        framework: AI_ACT,
        reference: "Articles 14, 26(2), 26(5)",
        demand: "People can understand, refuse, override and stop the system, and are fit to do so.",
        sections: &["approvals", "duties", "pauses", "overrides"],
    },
    Support {
        framework: AI_ACT,
        reference: "Articles 19, 26(6)",
        demand: "Logs are kept for at least six months.",
        sections: &["administration", "log"],
    },
    Support {
        framework: AI_ACT,
        reference: "Articles 13, 73, 86",
        demand: "Results can be explained, and incidents reported.",
        sections: &["rules", "exceptions", "times"],
    },
    Support {
        framework: ISO,
        reference: "A.6.2.8",
        demand: "Event logs of the system are recorded where they are decided to be needed.",
        sections: &["population", "log"],
    },
    Support {
        framework: ISO,
        reference: "9.1",
        demand: "Operation is monitored, measured, analysed and evaluated.",
        sections: &["times", "exceptions", "administration"],
    },
    Support {
        framework: NIST,
        reference: "GOVERN 1.4",
        demand: "Risk management follows transparent policies, procedures and controls.",
        sections: &["policies", "rules"],
    },
    Support {
        framework: NIST,
        reference: "MAP 3.5",
        demand: "Processes for human oversight are defined and documented.",
        sections: &["approvals", "duties"],
    },
    Support {
        framework: NIST,
        reference: "MEASURE 2.8",
        demand: "Risks of transparency and accountability are examined.",
        sections: &["population", "log"],
    },
    Support {
        framework: NIST,
        reference: "MANAGE 2.4",
        demand: "A system can be superseded, disengaged or deactivated.",
        sections: &["pauses", "overrides"],
    },
    Support {
        framework: NIST,
        reference: "MANAGE 4.1, 4.3",
        demand: "Systems are monitored after deployment, with override, incident response and recovery; incidents and errors are communicated.",
        sections: &["overrides", "exceptions", "population"],
    },
    Support {
        framework: SOC,
        reference: "CC6",
        demand: "Logical access is granted, changed and removed in an orderly way.",
        sections: &["approvals", "duties", "administration"],
    },
    Support {
        framework: SOC,
        reference: "CC7.2 to CC7.4",
        demand: "Anomalies are watched for, evaluated and responded to.",
        sections: &["exceptions", "pauses", "overrides"],
    },
    Support {
        framework: SOC,
        reference: "CC8.1",
        demand: "Changes are authorized, approved, tested and carried out under control.",
        sections: &["policies", "rules", "approvals", "duties"],
    },
    Support {
        framework: SOC,
        reference: "PI1",
        demand: "Processing is complete, valid, accurate, timely and authorized.",
        sections: &["population", "times", "exceptions"],
    },
    Support {
        framework: SOC,
        reference: "P4 to P5",
        demand: "Personal information is kept and disposed of as agreed, and requests about it are answered.",
        sections: &["administration"],
    },
];
