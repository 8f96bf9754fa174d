use cedar_policy::PolicyId;
use proptest::prelude::*;

use super::*;
use crate::sample;

const ASK: &str =
    r#"@id("a") @obligation("approval") @group("deal-desk") @quorum("1") @expires("PT4H") @risk("low")"#;

fn faults(text: &str) -> Vec<String> {
    match PolicySet::load(text, &sample::schema()) {
        Ok(_) => Vec::new(),
        Err(LoadFaults(faults)) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// One policy with these annotations, in which only the annotations can be wrong.
fn annotated(annotations: &str, effect: &str) -> Vec<String> {
    let cure = if effect == "forbid" { "unless { context.approved }" } else { "" };
    faults(&format!("{annotations} {effect} (principal, action, resource) {cure};"))
}

#[test]
fn a_well_annotated_policy_loads() {
    for annotations in [
        ASK.to_owned(),
        format!("{ASK} @title(\"Ask\") @description(\"Why\") @note(\"see wiki\")"),
        format!("{ASK} @method(\"passkey\") @exclude(\"person_a, person_b\") @evidence(\"witnessed\")"),
        format!("{ASK} @rationale(\"required\") @canary(\"5\") @fallback"),
    ] {
        assert_eq!(annotated(&annotations, "forbid"), Vec::<String>::new(), "{annotations}");
    }
    assert_eq!(
        annotated("@id(\"a\") @evidence(\"sealed\") @canary(\"1\") @risk(\"high\")", "permit"),
        Vec::<String>::new()
    );
}

#[test]
fn every_bad_annotation_fails_the_load() {
    for (replaced, by, expected) in [
        (
            r#"@id("a")"#,
            "",
            "1:2: the policy has no @id (add a unique name, such as @id(\"crm.ask.amount\"))",
        ),
        (r#"@id("a")"#, r#"@id("A")"#, "1:1: `A`: @id(\"A\") is not a slug of at most 64 characters"),
        (r#"@id("a")"#, r#"@id("")"#, "1:1: ``: @id(\"\") is not a slug of at most 64 characters"),
        (
            r#""approval""#,
            r#""aproval""#,
            "1:1: `a`: @obligation(\"aproval\") is not \"approval\", the only obligation",
        ),
        (
            "@obligation",
            "@obligaton",
            "1:1: `a`: @obligaton is not an annotation of ours (did you mean @obligation?)",
        ),
        (
            r#"@group("deal-desk")"#,
            "",
            "1:1: `a`: an obligation needs @group (say whose approval is needed, such as @group(\"support-leads\"))",
        ),
        ("deal-desk", "Deal Desk", "1:1: `a`: @group(\"Deal Desk\") is not a slug of at most 64 characters"),
        (
            r#"@quorum("1")"#,
            "",
            "1:1: `a`: an obligation needs @quorum (say how many must approve, such as @quorum(\"1\"))",
        ),
        (r#"quorum("1")"#, r#"quorum("0")"#, "1:1: `a`: @quorum(\"0\") is not a number from 1 to 100"),
        (r#"quorum("1")"#, r#"quorum("101")"#, "1:1: `a`: @quorum(\"101\") is not a number from 1 to 100"),
        (r#"quorum("1")"#, r#"quorum("two")"#, "1:1: `a`: @quorum(\"two\") is not a number from 1 to 100"),
        (
            r#"@expires("PT4H")"#,
            "",
            "1:1: `a`: an obligation needs @expires (say how long the request may wait, such as @expires(\"PT4H\"))",
        ),
        (
            "PT4H",
            "4h",
            "1:1: `a`: @expires(\"4h\") is not an ISO 8601 duration such as PT4H, in weeks, days, hours, minutes and seconds, \
             up to 365 days",
        ),
        (
            r#"@risk("low")"#,
            "",
            "1:1: `a`: an obligation needs @risk (say how risky it is, such as @risk(\"medium\"))",
        ),
        (r#""low""#, r#""severe""#, "1:1: `a`: @risk(\"severe\") is not one of low, medium, high, critical"),
        (r#""low")"#, r#""low") @method("sms")"#, "1:1: `a`: @method(\"sms\") is not one of signin, passkey"),
        (
            r#""low")"#,
            r#""low") @exclude("a,,b")"#,
            "1:1: `a`: @exclude(\"a,,b\") is not a list of person ids with commas between",
        ),
        (
            r#""low")"#,
            r#""low") @evidence("strong")"#,
            "1:1: `a`: @evidence(\"strong\") is not one of recorded, sealed, witnessed",
        ),
        (r#""low")"#, r#""low") @rationale("yes")"#, "1:1: `a`: @rationale(\"yes\") is not \"required\""),
        (r#""low")"#, r#""low") @canary("0")"#, "1:1: `a`: @canary(\"0\") is not a number from 1 on"),
        (
            r#""low")"#,
            r#""low") @fallback("false")"#,
            "1:1: `a`: @fallback(\"false\") is not without value: write @fallback",
        ),
        (
            r#""low")"#,
            r#""low") @title("")"#,
            "1:1: `a`: @title(\"\") is not a text of 1 to 200 characters on one line",
        ),
        (
            r#""low")"#,
            r#""low") @owner("me")"#,
            "1:1: `a`: @owner is not an annotation of ours (use @note for remarks of your own)",
        ),
    ] {
        let found = annotated(&ASK.replace(replaced, by), "forbid");
        assert!(found.contains(&expected.to_owned()), "{by}: {found:#?}");
    }
}

#[test]
fn obligations_stand_on_forbids_only() {
    let found = annotated(ASK, "permit");
    let hint = "an obligation is a `forbid` that `unless { context.approved }` cures";
    assert_eq!(
        found,
        [format!("1:1: `a`: @obligation has no meaning here: it belongs on a forbid ({hint})")]
    );
}

#[test]
fn an_obligations_annotations_mean_nothing_elsewhere() {
    for annotation in
        ["@group(\"g\")", "@quorum(\"1\")", "@expires(\"PT1H\")", "@method(\"passkey\")", "@fallback"]
    {
        let name = annotation.split('(').next().unwrap_or_default();
        for effect in ["permit", "forbid"] {
            let expected =
                format!("1:1: `a`: {name} has no meaning here: it belongs on a forbid with @obligation");
            assert_eq!(annotated(&format!("@id(\"a\") {annotation}"), effect), [expected]);
        }
    }
    let expected =
        "1:1: `a`: @evidence has no meaning here: it belongs on a permit or a forbid with @obligation";
    assert_eq!(annotated("@id(\"a\") @evidence(\"sealed\")", "forbid"), [expected]);
}

#[test]
fn limits_of_annotations_hold_at_and_beyond_the_limit() {
    let long = |len: usize| "x".repeat(len);
    assert_eq!(annotated(&format!("@id(\"{}\")", long(64)), "permit").len(), 0);
    assert_eq!(annotated(&format!("@id(\"{}\")", long(65)), "permit").len(), 1);
    assert_eq!(annotated(&format!("@id(\"a\") @title(\"{}\")", long(200)), "permit").len(), 0);
    assert_eq!(annotated(&format!("@id(\"a\") @title(\"{}\")", long(201)), "permit").len(), 1);
    assert_eq!(annotated(&format!("@id(\"a\") @note(\"{}\")", long(2_000)), "permit").len(), 0);
    assert_eq!(annotated(&format!("@id(\"a\") @note(\"{}\")", long(2_001)), "permit").len(), 1);
}

#[test]
fn faults_name_their_place_and_come_all_at_once() {
    let text = "// rules\n@id(\"one\")\npermit (principal, action, resource);\n\n  @id(\"one\")\n  permit (principal, action, \
                resource);\n@id(\"two\") permit (principal, action == Action::\"zendesk.ticket.updat\", resource);\npermit \
                (principal, action, resource) when { context.nothing };\n";
    let found = faults(text);
    let starts = ["5:3: `one`: another policy has the same @id", "7:", "8:1: the policy has no @id", "8:"];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (fault, start) in found.iter().zip(starts) {
        assert!(fault.starts_with(start), "{fault} / {start}");
    }
}

#[test]
fn columns_count_characters() {
    assert_eq!(Place::at("é\néé\"x", 7), Some(Place { line: 2, column: 3 }));
    assert_eq!(Place::at("é", 1), None);
}

#[test]
fn strict_validation_refuses_what_could_fail_or_never_match() {
    for (condition, reason) in [
        ("context.changedField.contains(\"Amount\")", "changedField"),
        ("context.delta.AmountBp > 1000", "AmountBp"),
        ("context.after.Description == \"x\"", "Description"),
        ("context.planSize > \"5\"", "type"),
        ("context.confidenceBp < 6000", "confidenceBp"),
        ("principal.name == \"x\"", "name"),
        ("resource.owner == \"x\"", "owner"),
    ] {
        let action = "action == Action::\"salesforce.opportunity.update\"";
        let found =
            faults(&format!("@id(\"a\") permit (principal, {action}, resource) when {{ {condition} }};"));
        assert!(
            found.iter().any(|fault| fault.contains("`a`") && fault.contains(reason)),
            "{condition}: {found:#?}"
        );
    }
}

#[test]
fn guarded_facts_pass_strict_validation() {
    for condition in [
        "context.delta has AmountBp && context.delta.AmountBp > 1000",
        "context.delta has AmountMinor && context.delta.AmountMinor > 10000000",
        "context.delta has ProbabilityBp && context.delta.ProbabilityBp < 0",
        "context.after has IsPrivate && context.after.IsPrivate",
        "context.before has StageName && context.before.StageName == \"Closed Won\"",
        "context has confidenceBp && context.confidenceBp < 6000",
        "context has onBehalfOf && context.onBehalfOf == \"person_a\"",
        "context.localHour >= 9 && context.localHour < 17 && context.weekday <= 5",
        "context.lane.readiness.contains(\"rollback-proven\")",
        "context.reversibility == \"irreversible\" || context.recovery || context.takeover",
        "context.usage.agentHour > 1 || context.usage.agentDay > 1 || context.usage.laneHour > 1 || context.usage.laneDay > 1",
        "context.workflow == \"renewals\" && context.source == \"\" && context.environment == \"production\"",
        "resource.labels.contains(\"vip\") && resource.connector == \"crm-main\" && resource.environment == \"sandbox\"",
        "principal in Team::\"sales-agents\" || principal in Group::\"operators\"",
    ] {
        let action = "action == Action::\"salesforce.opportunity.update\"";
        let found =
            faults(&format!("@id(\"a\") permit (principal, {action}, resource) when {{ {condition} }};"));
        assert_eq!(found, Vec::<String>::new(), "{condition}");
    }
}

#[test]
fn templates_are_refused() {
    let found = faults("\n@id(\"a\") permit (principal == ?principal, action, resource);");
    let expected = "2:1: `a`: templates (`?principal`, `?resource`) are not allowed (write the principal or resource out)";
    assert_eq!(found, [expected]);
}

#[test]
fn what_cedar_cannot_read_is_a_fault_with_its_place() {
    let found = faults("@id(\"a\")\npermit (principal, action, resource) when { context.planSize >> 5 };");
    assert!(found.iter().all(|fault| fault.starts_with("2:")) && !found.is_empty(), "{found:#?}");
}

#[test]
fn numbers_that_json_readers_round_are_refused() {
    let with = |number: &str| {
        faults(&format!(
            "@id(\"a\") permit (principal, action, resource) when {{ context.planSize < {number} }};"
        ))
    };
    assert_eq!(with("9007199254740991"), Vec::<String>::new());
    assert_eq!(with("9007199254740992"), ["1:1: `a`: the number 9007199254740992 lies beyond ±(2^53−1)"]);
}

#[test]
fn an_approval_may_only_cure() {
    let expected =
        "1:1: `a`: context.approved may only stand in an `unless` of a forbid, alone or with && and ||";
    for (notes, clause) in [
        (ASK, "when { context.approved }"),
        (ASK, "unless { !context.approved }"),
        ("@id(\"a\")", "when { context.approved }"),
    ] {
        let found = faults(&format!("{notes} forbid (principal, action, resource) {clause};"));
        assert_eq!(found, [expected], "{notes} {clause}");
    }
    assert_eq!(
        faults("@id(\"a\") permit (principal, action, resource) when { context.approved };"),
        [expected]
    );
}

#[test]
fn a_set_has_at_most_so_many_policies() {
    let policies = |count: usize| {
        let policy = |n| format!("@id(\"p{n}\")permit(principal,action,resource);");
        (0..count).map(policy).collect::<Vec<_>>().concat()
    };
    assert!(parse(&policies(POLICIES_MAX)).is_ok());
    let too_many = parse(&policies(POLICIES_MAX + 1)).err().map(|faults| faults.to_string());
    assert_eq!(too_many.as_deref(), Some("the set has 5001 policies, at most 5000 are allowed"));
}

#[test]
fn threads_may_share_a_set() {
    fn shareable<T: Send + Sync>(_: &T) {}
    shareable(&sample::set(""));
}

#[test]
fn an_empty_set_loads() {
    assert_eq!(sample::set("// nothing yet").rule_ids().count(), 0);
}

const ONE: &str =
    "@id(\"one\") @title(\"One\") permit (principal, action, resource) when { context.planSize < 5 };";
const TWO: &str = "@id(\"two\") forbid (principal, action, resource) when { context.recovery };";

#[test]
fn the_digest_sees_neither_comments_nor_spaces_nor_order() {
    let plain = sample::set(&format!("{ONE}{TWO}")).digest();
    let roomy = ONE.replace(' ', "  // a comment\n\t");
    for text in [
        format!("{TWO}{ONE}"),
        format!("// head\n\n{ONE}\n\n// between\n{TWO}\n// tail"),
        format!("{roomy}\n{TWO}"),
    ] {
        assert_eq!(sample::set(&text).digest(), plain, "{text}");
    }
}

#[test]
fn the_digest_sees_every_change_of_meaning_or_words_and_the_schema() {
    let digest = |text: &str| sample::set(text).digest();
    let all = [
        digest(&format!("{ONE}{TWO}")),
        digest(ONE),
        digest(""),
        digest(&format!("{}{TWO}", ONE.replace("< 5", "< 6"))),
        digest(&format!("{}{TWO}", ONE.replace("\"One\"", "\"Won\""))),
        digest(&format!("{}{TWO}", ONE.replace("permit", "forbid"))),
        digest(&format!("{}{TWO}", ONE.replace("\"one\"", "\"ones\""))),
        digest(&format!("{}{TWO}", ONE.replace("action,", "action == Action::\"zendesk.ticket.update\","))),
    ];
    let mut shapes = sample::shapes();
    shapes.pop();
    let smaller = PolicySet::load(&format!("{ONE}{TWO}"), &Schema::new(shapes).unwrap()).unwrap().digest();
    let different: BTreeSet<Digest> = all.into_iter().chain([smaller]).collect();
    assert_eq!(different.len(), 9);
}

/// The digest is part of the evidence format: when this fails, stored decisions can no longer be checked.
#[test]
fn the_digest_of_a_known_set_does_not_move() {
    let fields = vec![crate::FieldShape {
        name: "Amount".to_owned(),
        ty: crate::FieldType::Money { scale: 2 },
        policy_visible: true,
    }];
    let [system, object, action] = ["crm", "deal", "update"].map(str::to_owned);
    let schema = Schema::new([crate::ActionShape { system, object, action, fields }]).unwrap();
    let set = PolicySet::load(&format!("{ONE}{TWO}"), &schema).unwrap();
    assert_eq!(set.digest().to_string(), "9dc54373571d2cb389e299d78994e63d23d1bcc5d6c4368db13c524b7c731474");
}

#[test]
fn groups_that_may_be_asked_are_listed() {
    let set = sample::set(crate::starter());
    assert_eq!(set.approver_groups().into_iter().collect::<Vec<_>>(), ["deal-desk", "support-leads"]);
}

#[test]
fn a_set_knows_whether_it_reads_the_counters() {
    assert!(sample::set(crate::starter()).reads_usage());
    assert!(!sample::set(&format!("{ONE}{TWO}")).reads_usage());
}

/// The whole set under its own ids, without slices.
fn full(text: &str) -> cedar_policy::PolicySet {
    let parsed = parse(text).unwrap();
    let policies = parsed
        .policies
        .iter()
        .map(|Positioned { policy, .. }| policy.new_id(PolicyId::new(policy.annotation("id").unwrap())));
    cedar_policy::PolicySet::from_policies(policies).unwrap()
}

#[test]
fn slices_hold_only_policies_that_can_fire() {
    let set = sample::set(crate::starter());
    let sizes = |action: &str| set.slices.get(action).unwrap().num_of_policies();
    assert_eq!(sizes("salesforce.opportunity.update"), 12);
    assert_eq!(sizes("salesforce.opportunity.delete"), 3);
    assert_eq!(set.rules.len(), 28);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Scopes of every form over random actions: slice and full set must agree, word for word.
    #[test]
    fn a_slice_decides_like_the_full_set(
        scopes in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..6, any::<bool>(), any::<bool>()), 1..12),
        size in 1_u32..8,
    ) {
        let schema = sample::schema();
        let ids: Vec<String> = schema.actions().map(|(id, _)| id.to_owned()).collect();
        let policy = |(n, (index, form, permit, asks)): (usize, &(prop::sample::Index, u8, bool, bool))| {
            let id = index.get(&ids);
            let (system, rest) = id.split_once('.').unwrap();
            let object = rest.split('.').next().unwrap();
            let action = match form {
                0 => "action".to_owned(),
                1 => format!("action == Action::\"{id}\""),
                2 => format!("action in [Action::\"{id}\", Action::\"zendesk.ticket.note\"]"),
                3 => format!("action in Action::\"{system}.*\""),
                4 => format!("action in [Action::\"{system}.{object}.*\"]"),
                _ => "action in Action::\"*.update\"".to_owned(),
            };
            let (notes, effect, cure) = match (permit, asks) {
                (true, _) => (format!("@id(\"r{n}\")"), "permit", ""),
                (false, false) => (format!("@id(\"r{n}\")"), "forbid", ""),
                (false, true) => (ASK.replace("\"a\"", &format!("\"r{n}\"")), "forbid", "unless { context.approved }"),
            };
            format!("{notes} {effect} (principal, {action}, resource) when {{ context.planSize > {} }} {cure};\n", n % 4)
        };
        let text = scopes.iter().enumerate().map(policy).collect::<Vec<_>>().concat();
        let set = PolicySet::load(&text, &schema).unwrap();
        let full = full(&text);
        for id in &ids {
            let mut request = sample::request(id);
            request.plan_size = size;
            prop_assert_eq!(Ok(set.decide(&request)), set.decide_with(&full, &request), "{}\n{}", id, text);
        }
    }

    #[test]
    fn no_text_breaks_the_load(text in "\\PC{0,80}|(@id\\(\"a\"\\) )?(permit|forbid) ?\\(principal, action, resource\\)( when \\{.{0,20}\\})?;") {
        let _outcome = PolicySet::load(&text, &Schema::new([]).unwrap());
    }
}
