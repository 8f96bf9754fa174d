use super::impure;

#[test]
fn an_impure_crate_in_the_closure_is_found_once() {
    let tree = "proof v0.1.0 (crates/proof)\nsha2 v0.11.1\ngetrandom v0.4.3\ngetrandom v0.4.3 (*)\n";
    assert_eq!(
        impure("proof", tree),
        ["pure crate `proof` links `getrandom`: see `cargo tree -p proof -e normal -i getrandom`"]
    );
}

#[test]
fn a_name_that_only_starts_like_an_impure_one_passes() {
    assert_eq!(impure("proof", "rand_core v0.10.1\ntokio-like v1.0.0\n"), Vec::<String>::new());
}
