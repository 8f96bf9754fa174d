use serde_json::json;

use super::*;

fn run() -> Run {
    serde_json::from_str(include_str!("../render/fixtures/waiting.json")).unwrap()
}

fn target(set: &[&str], arg: &[&str]) -> Target {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    Target { set: owned(set), arg: owned(arg), guard: Vec::new() }
}

#[test]
fn a_value_is_json_where_it_reads_as_json() {
    let table = [
        ("priority=high", json!("high")),
        ("amount=71400", json!(71400)),
        ("amount=\"71400\"", json!("71400")),
        ("tags=[\"a\",\"b\"]", json!(["a", "b"])),
        ("cleared=null", json!(null)),
        ("empty=", json!("")),
        ("formula=a=b", json!("a=b")),
    ];
    for (text, value) in table {
        assert_eq!(member(text).unwrap().1, value, "{text}");
    }
    for bad in ["priority", "=high", ""] {
        assert!(matches!(member(bad), Err(Failure::Usage(_))), "{bad}");
    }
}

#[test]
fn an_amendment_keeps_what_it_does_not_name() {
    let mutations = amended(&run(), 1, &target(&["Amount=75600.00"], &[]), &["NextStep".to_owned()]).unwrap();
    let wanted = json!([
        {
            "connector": "crm-main", "object": "opportunity", "id": "006Hp0000001201IAA", "kind": "update",
            "changes": { "Amount": 75600.00, "Discount__c": "Multi-year" }, "guard": ["Lost__c", "StageName"],
        },
        {
            "connector": "help-desk", "object": "ticket", "id": "48213", "kind": "invoke", "action": "reply",
            "arguments": { "body": "The renewal is on its way.\u{1b}[2J" },
        },
    ]);
    assert_eq!(Value::Array(mutations), wanted);
}

#[test]
fn an_amendment_of_an_argument_goes_to_the_mutation_that_is_named() {
    let mutations = amended(&run(), 2, &target(&[], &["body=Sorry"]), &[]).unwrap();
    assert_eq!(mutations.get(1).unwrap().get("arguments"), Some(&json!({ "body": "Sorry" })));
}

#[test]
fn an_amendment_that_changes_nothing_or_hits_nothing_is_refused() {
    assert!(matches!(amended(&run(), 1, &Target::default(), &[]), Err(Failure::Usage(_))));
    for number in [0, 3] {
        assert!(matches!(amended(&run(), number, &target(&["a=b"], &[]), &[]), Err(Failure::Usage(_))));
    }
    let unset = ["Probability".to_owned()];
    assert!(matches!(amended(&run(), 1, &Target::default(), &unset), Err(Failure::Usage(_))));
}

#[test]
fn mutations_are_found_in_every_form_of_document() {
    let one = json!({ "object": "ticket" });
    for document in [
        json!([one]),
        json!({ "mutations": [one] }),
        json!({ "plan": { "mutations": [one] }, "reason": "why" }),
    ] {
        assert_eq!(mutations_of(document).unwrap(), std::slice::from_ref(&one));
    }
    assert!(mutations_of(json!({ "reason": "why" })).is_err());
    assert!(mutations_of(json!(7)).is_err());
}
