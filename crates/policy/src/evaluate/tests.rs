use std::sync::LazyLock;

use proof::json::Value;
use proptest::prelude::*;

use super::*;
use crate::facts::{Principal, PrincipalKind};
use crate::obligation::Method;
use crate::sample;

/// A permit, a final rule and one that an approval cures: the three kinds of policy.
const SALES: &str = r#"
@id("crm.base.sales")
permit (principal in Team::"sales-agents", action == Action::"salesforce.opportunity.update", resource);

@id("crm.deny.owner") @title("Agents never reassign ownership") @risk("critical")
forbid (principal, action == Action::"salesforce.opportunity.update", resource)
when { context.changedFields.contains("OwnerId") };

@id("crm.ask.amount") @obligation("approval") @group("deal-desk") @quorum("2") @expires("PT4H") @risk("high")
forbid (principal, action == Action::"salesforce.opportunity.update", resource)
when { context.environment == "production" && context.delta has AmountBp && (context.delta.AmountBp > 2000 || context.delta.AmountBp < -2000) }
unless { context.approved };

@id("crm.ask.size") @obligation("approval") @group("deal-desk") @quorum("1") @expires("PT1H") @risk("medium")
@method("passkey") @exclude("person_a") @evidence("sealed") @rationale("required") @canary("3")
forbid (principal, action == Action::"salesforce.opportunity.update", resource)
when { context.planSize > 5 }
unless { context.approved };

@id("crm.ask.legal") @obligation("approval") @group("legal") @quorum("1") @expires("P1D") @risk("low")
forbid (principal, action == Action::"salesforce.opportunity.update", resource)
when { context.changedFields.contains("CloseDate") }
unless { context.approved };

@id("crm.ask.weekend") @obligation("approval") @group("duty") @quorum("1") @expires("P1D") @risk("low") @fallback
forbid (principal, action == Action::"salesforce.opportunity.update", resource)
when { context.weekday > 5 }
unless { context.approved };
"#;

const UPDATE: &str = "salesforce.opportunity.update";

fn request(edit: impl Fn(&mut Request)) -> Request {
    let mut request = sample::request(UPDATE);
    edit(&mut request);
    request
}

fn amount(request: &mut Request, before: &str, after: &str) {
    sample::change(request, "Amount", before, after);
}

/// The answer in one line: `approval deal-desk×2 (14400 s)`, `deny crm.deny.owner`.
fn told(decision: &Decision) -> String {
    let detail = match &decision.outcome {
        Outcome::Auto => decision.rules.join(" "),
        Outcome::Approval => {
            let told = |one: &Obligation| format!("{}×{} ({} s)", one.group, one.quorum, one.expires_s);
            decision.obligations.iter().map(told).collect::<Vec<_>>().join(" + ")
        }
        Outcome::Deny(Denial::Rules(rules)) => rules.join(" "),
        Outcome::Deny(Denial::NothingPermits) => "nothing permits".to_owned(),
        Outcome::Deny(Denial::Undecidable(cause)) => format!("undecidable: {cause}"),
    };
    format!("{} {detail}", decision.outcome.word())
}

fn check(policies: &str, request: &Request, expected: &str) {
    assert_eq!(told(&sample::set(policies).decide(request)), expected);
}

#[test]
fn what_only_a_permit_concerns_runs_by_itself() {
    check(SALES, &request(|_| {}), "auto crm.base.sales");
    check(SALES, &request(|it| amount(it, "100000", "120000")), "auto crm.base.sales");
    check(SALES, &request(|it| amount(it, "100000", "80000")), "auto crm.base.sales");
}

#[test]
fn what_only_obligations_stop_needs_their_approvals() {
    check(SALES, &request(|it| amount(it, "71400", "128520")), "approval deal-desk×2 (14400 s)");
    check(SALES, &request(|it| amount(it, "100000", "79999")), "approval deal-desk×2 (14400 s)");
    check(SALES, &request(|it| it.plan_size = 6), "approval deal-desk×1 (3600 s)");
}

#[test]
fn an_obligation_depends_on_its_facts() {
    let sandbox = request(|it| {
        amount(it, "71400", "128520");
        it.record.environment = "sandbox".to_owned();
    });
    check(SALES, &sandbox, "auto crm.base.sales");
}

#[test]
fn what_a_plain_forbid_stops_no_approval_cures() {
    let owner = |it: &mut Request| sample::change(it, "OwnerId", "005A1", "005A2");
    check(SALES, &request(owner), "deny crm.deny.owner");
    let both = request(|it| {
        owner(it);
        amount(it, "71400", "128520");
    });
    check(SALES, &both, "deny crm.deny.owner");
    let decision = sample::set(SALES).decide(&both);
    assert_eq!(
        (decision.risk, decision.obligations, decision.rationale_required),
        (Risk::Critical, vec![], false)
    );
}

#[test]
fn what_nothing_permits_is_denied_even_where_obligations_fire() {
    let stranger = |it: &mut Request| it.principal.groups.clear();
    check(SALES, &request(stranger), "deny nothing permits");
    let with_obligation = request(|it| {
        stranger(it);
        amount(it, "71400", "128520");
    });
    check(SALES, &with_obligation, "deny nothing permits");
    check("", &request(|_| {}), "deny nothing permits");
}

#[test]
fn a_person_in_a_group_of_the_same_name_is_in_no_team() {
    let person = request(|it| it.principal.kind = PrincipalKind::Person);
    check(SALES, &person, "deny nothing permits");
    let service = request(|it| it.principal.kind = PrincipalKind::Service);
    check(SALES, &service, "auto crm.base.sales");
}

#[test]
fn obligations_add_up_across_groups_and_tighten_within_one() {
    let decision = sample::set(SALES).decide(&request(|it| {
        amount(it, "71400", "128520");
        sample::change(it, "CloseDate", "2026-12-31", "2027-01-31");
        it.plan_size = 6;
    }));
    assert_eq!(told(&decision), "approval deal-desk×2 (3600 s) + legal×1 (86400 s)");
    assert_eq!(decision.rules, ["crm.ask.amount", "crm.ask.legal", "crm.ask.size", "crm.base.sales"]);
    assert_eq!(decision.risk, Risk::High);
    assert_eq!(decision.evidence, Evidence::Sealed);
    assert!(decision.rationale_required);
    assert_eq!(decision.canary.map(NonZeroU32::get), Some(3));
    let methods: Vec<Method> = decision.obligations.iter().map(|one| one.method).collect();
    assert_eq!(methods, [Method::Passkey, Method::Signin]);
    assert_eq!(decision.obligations[0].exclude, ["person_a".to_owned()].into());
}

#[test]
fn a_fallback_counts_only_alone() {
    check(SALES, &request(|it| it.weekday = 6), "approval duty×1 (86400 s)");
    let specific = request(|it| {
        it.weekday = 6;
        it.plan_size = 6;
    });
    check(SALES, &specific, "approval deal-desk×1 (3600 s)");
}

const BASE: &str = "@id(\"base\") permit (principal, action, resource);\n";
const NOTES: &str =
    "@obligation(\"approval\") @group(\"deal-desk\") @quorum(\"1\") @expires(\"PT4H\") @risk(\"low\")";
const OVERFLOW: &str = "context.planSize * 9007199254740991 > context.planSize";

#[test]
fn every_authoring_slip_that_loads_denies() {
    let large = "(principal, action, resource) when { context.planSize > 5 }";
    let cure = "unless { context.approved }";
    for (slip, expected) in [
        (format!("@id(\"ask\") {NOTES} forbid {large} {cure};"), "approval deal-desk×1 (14400 s)"),
        // Without its cure an obligation is a plain denial.
        (format!("@id(\"ask\") {NOTES} forbid {large};"), "deny ask"),
        // Without @obligation a cure cures nothing.
        (format!("@id(\"ask\") forbid {large} {cure};"), "deny ask"),
        // A cure under a condition that does not hold.
        (
            format!("@id(\"ask\") {NOTES} forbid {large} unless {{ context.approved && context.takeover }};"),
            "deny ask",
        ),
        // One cured and one uncured obligation.
        (
            format!("@id(\"ask\") {NOTES} forbid {large} {cure}; @id(\"hard\") {NOTES} forbid {large};"),
            "deny hard",
        ),
    ] {
        check(&format!("{BASE}{slip}"), &request(|it| it.plan_size = 6), expected);
    }
}

#[test]
fn a_misspelled_obligation_does_not_load() {
    for (right, wrong) in
        [("\"approval\"", "\"aproval\""), ("@obligation", "@obligaton"), ("\"1\"", "\"one\"")]
    {
        let text =
            format!("@id(\"ask\") {} forbid (principal, action, resource);", NOTES.replace(right, wrong));
        assert!(PolicySet::load(&text, &sample::schema()).is_err(), "{wrong}");
    }
}

#[test]
fn an_overflow_in_any_policy_denies() {
    for (policy, without) in [
        (format!("@id(\"f\") forbid (principal, action, resource) when {{ {OVERFLOW} }};"), "deny f"),
        (format!("@id(\"f\") forbid (principal, action, resource) unless {{ {OVERFLOW} }};"), "auto base"),
        (format!("@id(\"f\") permit (principal, action, resource) when {{ {OVERFLOW} }};"), "auto base f"),
    ] {
        let set = sample::set(&format!("{BASE}{policy}"));
        assert_eq!(told(&set.decide(&request(|_| {}))), without);
        let decision = set.decide(&request(|it| it.plan_size = 2_000));
        assert!(told(&decision).starts_with("deny undecidable: "), "{}", told(&decision));
        assert_eq!(decision.rules, Vec::<String>::new());
    }
}

#[test]
fn an_overflow_that_only_the_second_evaluation_meets_denies() {
    let late = format!(
        "@id(\"ask\") {NOTES} forbid (principal, action, resource) unless {{ context.approved && {OVERFLOW} }};"
    );
    let set = sample::set(&format!("{BASE}{late}"));
    assert_eq!(told(&set.decide(&request(|_| {}))), "approval deal-desk×1 (14400 s)");
    let decision = set.decide(&request(|it| it.plan_size = 2_000));
    assert!(told(&decision).starts_with("deny undecidable: "), "{}", told(&decision));
}

#[test]
fn a_malformed_context_denies() {
    let type_of =
        |field: &str, value: Value| request(|it| drop(it.after.insert(field.to_owned(), value.clone())));
    for (malformed, cause) in [
        (
            type_of("Amount", 5_i64.into()),
            "the field `Amount` holds another type of value than a decimal number as text",
        ),
        (
            type_of("Probability", "5".into()),
            "the field `Probability` holds another type of value than a whole number",
        ),
        (
            type_of("IsPrivate", "yes".into()),
            "the field `IsPrivate` holds another type of value than true or false",
        ),
        (type_of("StageName", Value::Null), "the field `StageName` holds another type of value than a text"),
        (
            type_of("Description", "x".into()),
            "`salesforce.opportunity.update` has no field `Description` that policy may see",
        ),
        (
            type_of("Amuont", "5".into()),
            "`salesforce.opportunity.update` has no field `Amuont` that policy may see",
        ),
        (
            request(|it| it.delta = [("AmountPercent".to_owned(), 1)].into()),
            "`salesforce.opportunity.update` has no number for `delta.AmountPercent`",
        ),
        (request(|it| it.local_hour = 24), "`local_hour` is 24, which is not within 0 to 23"),
        (request(|it| it.weekday = 0), "`weekday` is 0, which is not within 1 to 7"),
        (request(|it| it.weekday = 8), "`weekday` is 8, which is not within 1 to 7"),
        (request(|it| it.plan_size = 0), "`plan_size` is 0, which is not within 1 to 4294967295"),
        (
            request(|it| it.confidence_bp = Some(10_001)),
            "`confidence_bp` is 10001, which is not within 0 to 10000",
        ),
        (
            sample::request("salesforce.opportunity.upsert"),
            "the schema has no action `salesforce.opportunity.upsert`",
        ),
        (sample::request("*.update"), "the schema has no action `*.update`"),
    ] {
        check(SALES, &malformed, &format!("deny undecidable: {cause}"));
    }
}

#[test]
fn extreme_facts_are_still_decided() {
    let extreme = request(|it| {
        it.delta.insert("AmountBp".to_owned(), i64::MAX);
        it.delta.insert("AmountMinor".to_owned(), i64::MIN);
        it.plan_size = u32::MAX;
        it.usage.agent_hour = u32::MAX;
        it.confidence_bp = Some(10_000);
        it.principal.id = "\"} \\ \u{0} é".to_owned();
        it.record.id = Some("a/b\"".to_owned());
    });
    check(SALES, &extreme, "approval deal-desk×2 (3600 s)");
}

#[test]
fn permits_may_ask_for_evidence_and_canary_too() {
    let text = "@id(\"base\") @risk(\"medium\") @evidence(\"witnessed\") @canary(\"2\") permit (principal, action, resource);";
    let decision = sample::set(text).decide(&request(|_| {}));
    assert_eq!(decision.outcome, Outcome::Auto);
    assert_eq!((decision.risk, decision.evidence), (Risk::Medium, Evidence::Witnessed));
    assert_eq!(decision.canary.map(NonZeroU32::get), Some(2));
}

#[test]
fn the_same_request_is_always_decided_alike() {
    let request = request(|it| {
        amount(it, "71400", "128520");
        it.plan_size = 9;
        it.weekday = 7;
    });
    let first = sample::set(SALES).decide(&request);
    for _ in 0..5 {
        assert_eq!(sample::set(SALES).decide(&request), first);
    }
}

#[test]
fn a_plan_takes_its_strictest_mutation() {
    let set = sample::set(SALES);
    let auto = set.decide(&request(|_| {}));
    let large = set.decide(&request(|it| amount(it, "71400", "128520")));
    let many = set.decide(&request(|it| it.plan_size = 6));
    let owner = set.decide(&request(|it| sample::change(it, "OwnerId", "a", "b")));
    let stranger = set.decide(&request(|it| it.principal.groups.clear()));
    let broken = set.decide(&request(|it| it.weekday = 0));
    for (decisions, expected) in [
        (vec![&auto], "auto crm.base.sales"),
        (vec![&auto, &auto], "auto crm.base.sales"),
        (vec![&auto, &large], "approval deal-desk×2 (14400 s)"),
        (vec![&many, &large, &auto], "approval deal-desk×2 (3600 s)"),
        (vec![&large, &owner], "deny crm.deny.owner"),
        (vec![&large, &stranger], "deny nothing permits"),
        (vec![&stranger, &owner, &large], "deny crm.deny.owner"),
        (vec![&owner, &broken, &auto], "deny undecidable: `weekday` is 0, which is not within 1 to 7"),
        (vec![], "deny nothing permits"),
    ] {
        let merged = merge(decisions.iter().copied().cloned());
        assert_eq!(told(&merged), expected);
        let mut reversed: Vec<Decision> = decisions.into_iter().cloned().collect();
        reversed.reverse();
        assert_eq!(merge(reversed), merged);
    }
    let merged = merge([many, large, auto]);
    assert_eq!(merged.rules, ["crm.ask.amount", "crm.ask.size", "crm.base.sales"]);
    assert_eq!((merged.risk, merged.evidence), (Risk::High, Evidence::Sealed));
    assert!(merged.rationale_required);
    assert_eq!(merged.canary.map(NonZeroU32::get), Some(3));
}

#[test]
fn merging_one_decision_changes_nothing() {
    let set = sample::set(SALES);
    for request in [request(|_| {}), request(|it| it.plan_size = 6), request(|it| it.weekday = 0)] {
        let decision = set.decide(&request);
        assert_eq!(merge([decision.clone()]), decision);
    }
}

prop_compose! {
    fn any_request()(
        kind in 0_usize..3,
        team in any::<bool>(),
        (before, after) in (0_u32..2_000, 0_u32..2_000),
        close in any::<bool>(),
        production in any::<bool>(),
        (weekday, local_hour, plan_size) in (0_u8..9, 0_u8..26, 0_u32..9),
        confidence_bp in prop::option::of(0_u32..11_000),
        (recovery, takeover) in any::<(bool, bool)>(),
    ) -> Request {
        request(|it| {
            let groups = if team { ["sales-agents".to_owned()].into() } else { BTreeSet::new() };
            it.principal = Principal { kind: PrincipalKind::ALL[kind], id: "someone".to_owned(), groups };
            amount(it, &before.to_string(), &after.to_string());
            if close {
                sample::change(it, "CloseDate", "2026-12-31", "2027-01-31");
            }
            it.record.environment = if production { "production" } else { "sandbox" }.to_owned();
            (it.weekday, it.local_hour, it.plan_size, it.confidence_bp) = (weekday, local_hour, plan_size, confidence_bp);
            (it.recovery, it.takeover) = (recovery, takeover);
        })
    }
}

static SALES_SET: LazyLock<PolicySet> = LazyLock::new(|| sample::set(SALES));

proptest! {

    #[test]
    fn every_decision_is_whole_and_replays_from_its_stored_input(request in any_request()) {
        let set = &*SALES_SET;
        let decision = set.decide(&request);
        let stored = request.to_value();
        prop_assert_eq!(&set.decide(&Request::from_value(&stored).unwrap()), &decision);
        match &decision.outcome {
            Outcome::Auto => prop_assert!(decision.obligations.is_empty() && !decision.rules.is_empty()),
            Outcome::Approval => prop_assert!(!decision.obligations.is_empty()),
            Outcome::Deny(_) => prop_assert!(decision.obligations.is_empty()),
        }
        prop_assert!(decision.rules.is_sorted());
        let noted: Vec<&String> = decision.explanation.iter().map(|note| &note.rule).collect();
        prop_assert_eq!(noted, decision.rules.iter().collect::<Vec<_>>());
        // No request gets by without a permit, and no large change in production without an approval.
        if request.principal.kind == PrincipalKind::Person || request.principal.groups.is_empty() {
            prop_assert!(matches!(decision.outcome, Outcome::Deny(_)));
        }
        let bp = request.delta.get("AmountBp").copied().unwrap_or_default();
        if request.record.environment == "production" && bp.abs() > 2_000 {
            prop_assert!(decision.outcome != Outcome::Auto);
        }
    }
}
