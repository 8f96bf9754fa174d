use super::*;

fn ws() -> WorkspaceId {
    WorkspaceId::parse("ws_01h455vb4pex5vsknk084sn02q").unwrap()
}

#[test]
fn a_token_names_its_workspace_for_its_own_purpose_only() {
    for (purpose, other) in [(Purpose::Key, Purpose::Session), (Purpose::Session, Purpose::Key)] {
        let token = write(purpose, ws(), [7; 32]);
        assert_eq!(token.len(), 4 + 26 + 43);
        assert_eq!(workspace(purpose, &token), Some(ws()));
        assert_eq!(workspace(other, &token), None);
    }
}

#[test]
fn a_malformed_token_names_nothing() {
    let token = write(Purpose::Key, ws(), [7; 32]);
    let short = &token[..token.len() - 1];
    let long = format!("{token}A");
    let foreign = token.replacen('0', "u", 1);
    for token in ["", "apk_", short, &long, &foreign, "apk_ééééééééééééé"] {
        assert_eq!(workspace(Purpose::Key, token), None, "{token}");
    }
}

#[test]
fn equal_hashes_are_the_same_and_others_are_not() {
    let one = hash("a");
    assert!(is_same(&one, &hash("a")));
    assert!(!is_same(&one, &hash("b")) && !is_same(&one, "") && !is_same(&one, &one[1..]));
}
