use super::*;
use crate::evaluate::merge;
use crate::sample;

fn check(policies: &str, edit: impl Fn(&mut crate::Request), expected: &[&str]) {
    let mut request = sample::request("salesforce.opportunity.update");
    edit(&mut request);
    assert_eq!(explain(&sample::set(policies).decide(&request)), expected);
}

const PERMIT: &str = r#"@id("base") @title("Agents may propose") permit (principal, action, resource);"#;

#[test]
fn an_automatic_decision_names_its_permit() {
    check(PERMIT, |_| {}, &["Runs by itself (low risk).", "Rule `base` permits it: Agents may propose."]);
}

#[test]
fn an_approval_says_who_must_do_what_until_when() {
    let ask = r#"@id("ask") @title("Large.") @description("The forecast moves.") @obligation("approval") @group("deal-desk")
        @quorum("2") @expires("P1DT4H30M") @risk("high") @method("passkey") @exclude("person_a") @evidence("sealed")
        @rationale("required") @canary("5")
        forbid (principal, action, resource) unless { context.approved };"#;
    check(
        &format!("{PERMIT}{ask}"),
        |_| {},
        &[
            "Waits for approval (high risk).",
            "2 members of `deal-desk` must approve with a passkey within 1 day, 4 hours and 30 minutes; one person is excluded by name.",
            "Each approval must give its reason.",
            "The evidence must be sealed in a signed checkpoint before the first write.",
            "After the first 5 mutations the run pauses for a look.",
            "Rule `ask` asks `deal-desk`: Large. The forecast moves.",
            "Rule `base` permits it: Agents may propose.",
        ],
    );
}

#[test]
fn a_plain_obligation_reads_plainly() {
    let ask = r#"@id("ask") @obligation("approval") @group("leads") @quorum("1") @expires("PT4H") @risk("low")
        @exclude("a,b") @evidence("witnessed") @canary("1")
        forbid (principal, action, resource) unless { context.approved };"#;
    check(
        &format!("{PERMIT}{ask}"),
        |_| {},
        &[
            "Waits for approval (low risk).",
            "One member of `leads` must approve within 4 hours; 2 persons are excluded by name.",
            "Outside witnesses must cosign the evidence before the first write.",
            "After the first mutation the run pauses for a look.",
            "Rule `ask` asks `leads`.",
            "Rule `base` permits it: Agents may propose.",
        ],
    );
}

#[test]
fn a_denial_says_which_rule_or_that_none_permits_or_why_it_is_undecidable() {
    let forbid = r#"@id("no") @title("Never") forbid (principal, action, resource);"#;
    check(forbid, |_| {}, &["Denied: a rule forbids it.", "Rule `no` forbids it: Never."]);
    check("", |_| {}, &["Denied: no rule permits it."]);
    check(
        PERMIT,
        |it| it.weekday = 9,
        &[
            "Denied: policy came to no sound answer, and doubt denies. Cause: `weekday` is 9, which is not within 1 to 7.",
        ],
    );
    let two = format!("{forbid}{}", forbid.replace("\"no\"", "\"never\""));
    let set = sample::set(&two);
    let decision = set.decide(&sample::request("zendesk.ticket.note"));
    assert_eq!(explain(&merge([decision]))[0], "Denied: 2 rules forbid it.");
}

#[test]
fn an_obligation_that_nothing_cures_is_told_as_the_denial_it_is() {
    let ask = r#"@id("ask") @obligation("approval") @group("leads") @quorum("1") @expires("PT4H") @risk("low")
        forbid (principal, action, resource);"#;
    check(&format!("{PERMIT}{ask}"), |_| {}, &["Denied: a rule forbids it.", "Rule `ask` forbids it."]);
}

#[test]
fn spans_are_told_in_the_largest_units() {
    for (seconds, told) in
        [(1, "1 second"), (60, "1 minute"), (3_661, "1 hour, 1 minute and 1 second"), (172_800, "2 days")]
    {
        assert_eq!(span(seconds), told);
    }
}
