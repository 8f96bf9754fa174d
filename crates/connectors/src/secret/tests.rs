use super::*;

#[test]
fn a_secret_that_a_vendor_echoes_is_masked() {
    let token = Secret::new("s3cr3t-token".to_owned());
    let short = Secret::new("ab".to_owned());
    assert_eq!(
        scrub("got s3cr3t-token, about s3cr3t-token", &[&token, &short]),
        "got [secret], about [secret]"
    );
    assert_eq!(scrub("nothing here", &[&token]), "nothing here");
}
