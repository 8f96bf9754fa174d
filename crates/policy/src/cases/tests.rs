use super::*;
use crate::sample;

const DEFAULTS: &str = r#"
[defaults]
principal = { kind = "agent", id = "agent_a", groups = ["sales-agents"] }
environment = "production"
action = "salesforce.opportunity.update"
usage.agent_hour = 7
"#;

const POLICIES: &str = r#"
@id("base") permit (principal in Team::"sales-agents", action, resource);
@id("deny.usage") forbid (principal, action, resource) when { context.usage.agentHour > 200 };
@id("ask.amount") @obligation("approval") @group("deal-desk") @quorum("2") @expires("PT4H") @risk("high") @evidence("sealed")
forbid (principal, action == Action::"salesforce.opportunity.update", resource)
when { context.delta has AmountBp && context.delta.AmountBp > 2000 }
unless { context.approved };
"#;

/// Runs one case; an empty list means that it passed.
fn check(case: &str) -> Vec<String> {
    let text = format!("{DEFAULTS}\n[[case]]\nname = \"it\"\n{case}");
    let [result] = run_cases(&sample::set(POLICIES), &text).unwrap().try_into().unwrap();
    assert_eq!(result.name, "it");
    assert_eq!(result.passed(), result.failures.is_empty());
    result.failures
}

/// The fault with its causes, as a command line prints it.
fn fault(case: &str) -> String {
    let fault = run_cases(&sample::set(POLICIES), &format!("{DEFAULTS}\n[[case]]\n{case}")).unwrap_err();
    let causes = std::iter::successors(Some(&fault as &dyn std::error::Error), |cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn a_case_that_expects_what_is_decided_passes() {
    for case in [
        "expect = { outcome = \"auto\", rules = [\"base\"], groups = {}, risk = \"low\", evidence = \"recorded\" }",
        "change.Amount = { before = \"100\", after = \"200\" }\nexpect = { outcome = \"approval\", groups = { deal-desk = 2 }, \
         risk = \"high\", evidence = \"sealed\", rules = [\"ask.amount\", \"base\"] }",
        "usage.agent_hour = 201\nexpect = { outcome = \"deny\", denial = \"rules\" }",
        "principal = { groups = [] }\nexpect = { outcome = \"deny\", denial = \"nothing_permits\" }",
        "weekday = 9\nexpect = { outcome = \"deny\", denial = \"undecidable\" }",
        "change = { Probability = { before = 10, after = 20 }, IsPrivate = { after = true } }\nexpect.outcome = \"auto\"",
        "action = \"zendesk.ticket.update\"\nchange.tags.after = [\"vip\"]\nexpect.outcome = \"auto\"",
    ] {
        assert_eq!(check(case), Vec::<String>::new(), "{case}");
    }
}

#[test]
fn a_case_that_expects_something_else_says_so_and_explains_the_decision() {
    assert_eq!(
        check(
            "change.Amount = { before = \"100\", after = \"200\" }\nexpect = { outcome = \"deny\", denial = \"rules\", risk = \
             \"low\", evidence = \"witnessed\", groups = { legal = 1 }, rules = [\"deny.usage\"] }"
        ),
        [
            "outcome: expected deny, got approval",
            "denial: expected rules, got none",
            "risk: expected low, got high",
            "evidence: expected witnessed, got sealed",
            "groups: expected 1 of legal, got 2 of deal-desk",
            "rules: expected `deny.usage` among ask.amount, base",
            "decided: Waits for approval (high risk).",
            "decided: 2 members of `deal-desk` must approve within 4 hours.",
            "decided: The evidence must be sealed in a signed checkpoint before the first write.",
            "decided: Rule `ask.amount` asks `deal-desk`.",
            "decided: Rule `base` permits it.",
        ]
    );
    assert_eq!(
        check("expect = { outcome = \"auto\", groups = { legal = 1 } }")[0],
        "groups: expected 1 of legal, got nobody"
    );
}

#[test]
fn every_fact_can_be_given() {
    let facts = r#"
on_behalf_of = "person_a"
connector = "crm-main"
record = "006A1"
labels = ["vip"]
changed_fields = ["OwnerId"]
confidence_bp = 8200
workflow = "renewals"
source = "nightly"
local_hour = 9
weekday = 5
reversibility = "irreversible"
plan_size = 3
usage = { agent_day = 2, lane_hour = 3, lane_day = 4 }
readiness = ["dry-run"]
recovery = true
takeover = true
expect.outcome = "auto"
"#;
    let facts_in_policy = r#"@id("all") permit (principal, action, resource) when {
        context has onBehalfOf && context.onBehalfOf == "person_a" && resource.connector == "crm-main"
        && resource == Record::"crm-main/opportunity/006A1" && resource.labels == ["vip"]
        && context.changedFields == ["OwnerId"]
        && context has confidenceBp && context.confidenceBp == 8200 && context.workflow == "renewals"
        && context.source == "nightly" && context.localHour == 9 && context.weekday == 5
        && context.reversibility == "irreversible" && context.planSize == 3 && context.usage.agentHour == 7
        && context.usage.agentDay == 2 && context.usage.laneHour == 3 && context.usage.laneDay == 4
        && context.lane.readiness == ["dry-run"] && context.recovery && context.takeover
        && resource.system == "salesforce" && resource.object == "opportunity" && resource.environment == "production"
    };"#;
    let text = format!("{DEFAULTS}\n[[case]]\nname = \"it\"\n{facts}");
    let [result] = run_cases(&sample::set(facts_in_policy), &text).unwrap().try_into().unwrap();
    assert_eq!(result.failures, Vec::<String>::new());
}

#[test]
fn a_case_that_cannot_be_run_is_a_fault_not_a_failure() {
    let expect = "expect.outcome = \"auto\"";
    for (case, message) in [
        (expect.to_owned(), "case 1 cannot be run: it has no `name`"),
        ("name = \"x\"".to_owned(), "case `x` cannot be run: it says nothing under `expect`"),
        (
            format!("name = \"x\"\n{expect}\ncolor = 1"),
            "case `x` cannot be run: a member cannot be read: unknown field `color`",
        ),
        (
            "name = \"x\"\nexpect = { outcome = \"auto\", color = 1 }".to_owned(),
            "case `x` cannot be run: a member cannot be read: unknown field `color`",
        ),
        (
            format!("name = \"x\"\n{expect}\naction = \"a.b.c\""),
            "case `x` cannot be run: the schema has no action `a.b.c`",
        ),
        (
            format!("name = \"x\"\n{expect}\nchange.Amuont.after = \"1\""),
            "case `x` cannot be run: `salesforce.opportunity.update` has no field `Amuont`",
        ),
        (
            format!("name = \"x\"\n{expect}\nchange.Amount.after = 1.5"),
            "case `x` cannot be run: `Amount` holds a value that no field can have",
        ),
        (
            format!("name = \"x\"\n{expect}\nchange.Amount.after = 1"),
            "case `x` cannot be run: the field `Amount` holds another type",
        ),
        (
            format!("name = \"x\"\n{expect}\nprincipal.kind = \"robot\""),
            "case `x` cannot be run: `principal.kind` is `robot`, which is none of agent, person, service",
        ),
        (
            format!("name = \"x\"\n{expect}\nreversibility = \"maybe\""),
            "case `x` cannot be run: `reversibility` is `maybe`, which is none of rollback, compensation, irreversible",
        ),
    ] {
        let told = fault(&case);
        assert!(told.starts_with(message), "{told}\n{message}");
    }
    assert!(fault("name = ").starts_with("the cases cannot be read: TOML parse error"));
}

#[test]
fn limits_hold_at_and_beyond_the_limit() {
    let set = sample::set(POLICIES);
    let cases = |count: usize| {
        format!("{DEFAULTS}{}", "[[case]]\nname = \"x\"\nexpect.outcome = \"auto\"\n".repeat(count))
    };
    assert_eq!(run_cases(&set, &cases(CASES_MAX)).unwrap().len(), CASES_MAX);
    let told = run_cases(&set, &cases(CASES_MAX + 1)).unwrap_err().to_string();
    assert_eq!(told, "the text has 2001 cases, at most 2000 are allowed");
    assert!(run_cases(&set, &" ".repeat(CASES_TEXT_BYTES_MAX)).unwrap().is_empty());
    let told = run_cases(&set, &" ".repeat(CASES_TEXT_BYTES_MAX + 1)).unwrap_err().to_string();
    assert_eq!(told, "the text has 1048577 bytes, at most 1048576 are allowed");
}
