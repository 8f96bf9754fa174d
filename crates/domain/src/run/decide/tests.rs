use crate::name::Slug;

#[test]
fn every_code_of_ours_is_a_slug() {
    let sources = [
        include_str!("../decide.rs"),
        include_str!("approve.rs"),
        include_str!("control.rs"),
        include_str!("execute.rs"),
        include_str!("plan.rs"),
        include_str!("recover.rs"),
    ];
    let literals = sources.iter().flat_map(|source| source.split("code(\"").skip(1));
    let codes: Vec<&str> = literals.filter_map(|rest| rest.split('"').next()).collect();
    assert!(codes.len() > 15, "{codes:?}");
    for code in codes {
        assert_eq!(Slug::parse(code).map(|slug| slug.to_string()), Ok(code.to_owned()));
    }
}
