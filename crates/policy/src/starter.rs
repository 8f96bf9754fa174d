//! The policy set that an empty workspace starts with, and its cases. They are part of the program, so that the demo and
//! a first installation have rules to read and change.

/// The starter policies as one text.
pub fn starter() -> &'static str {
    concat!(
        include_str!("../../../policies/starter/crm.cedar"),
        "\n",
        include_str!("../../../policies/starter/helpdesk.cedar")
    )
}

/// The expected decisions beside them, by file name.
pub fn starter_cases() -> [(&'static str, &'static str); 2] {
    [
        ("crm.cases.toml", include_str!("../../../policies/starter/crm.cases.toml")),
        ("helpdesk.cases.toml", include_str!("../../../policies/starter/helpdesk.cases.toml")),
    ]
}

#[cfg(test)]
mod tests;
