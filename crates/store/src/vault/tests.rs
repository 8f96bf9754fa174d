use domain::time::Timestamp;
use proof::disclosure::Disclosure;

use super::*;

fn vault(seed: u8) -> Vault {
    Vault::new(Kek::new(Zeroizing::new([seed; KEY_LEN])))
}

fn workspace(seed: u8) -> WorkspaceId {
    WorkspaceId::new(Timestamp::from_millis(1), [seed; 10])
}

fn name() -> KeyName {
    KeyName { workspace: workspace(1), subject: [3; 32], class: "standard".into() }
}

#[test]
fn a_secret_opens_only_at_its_own_place_under_its_own_key() {
    let sealed = vault(1).seal_secret(workspace(1), "token", 2, b"canary").unwrap();
    assert!(!sealed.windows(6).any(|window| window == b"canary"));
    let open = |seed, ws, id: &str, version, sealed: &[u8]| {
        vault(seed).open_secret(workspace(ws), id, version, sealed).map(|secret| secret.to_vec())
    };
    assert_eq!(open(1, 1, "token", 2, &sealed), Ok(b"canary".to_vec()));
    for (seed, ws, id, version) in
        [(2, 1, "token", 2), (1, 2, "token", 2), (1, 1, "tokem", 2), (1, 1, "token", 3)]
    {
        assert_eq!(open(seed, ws, id, version, &sealed), Err(VaultFault::Sealed));
    }
    for at in [1, WRAPPED_LEN, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(open(1, 1, "token", 2, &changed), Err(VaultFault::Sealed), "byte {at}");
    }
    let mut other_layout = sealed.clone();
    other_layout[0] ^= 1;
    assert_eq!(open(1, 1, "token", 2, &other_layout), Err(VaultFault::Form));
    assert_eq!(open(1, 1, "token", 2, &sealed[..20]), Err(VaultFault::Form));
    assert_eq!(open(1, 1, "token", 2, b""), Err(VaultFault::Form));
}

#[test]
fn sealing_twice_gives_different_bytes() {
    let seal = || vault(1).seal_secret(workspace(1), "token", 2, b"canary").unwrap();
    assert_ne!(seal(), seal());
}

#[test]
fn a_data_key_survives_wrapping_and_opens_only_what_it_sealed_for_this_holder() {
    let (key, wrapped) = vault(1).new_key(name(), Timestamp::from_millis(1)).unwrap();
    let again = vault(1).unwrap(key.id, name(), &wrapped).unwrap();
    let field = Disclosure::seal([9; 32], "reason", &"canary".into()).unwrap();
    let (holder, other) = (proof::tree::leaf_hash(b"a"), proof::tree::leaf_hash(b"b"));
    let sealed = key.seal(&holder, &field.digest, &field.text).unwrap();
    assert_eq!(again.open(&holder, field.digest.as_str(), &sealed), Ok(field.text));
    assert_eq!(again.open(&other, field.digest.as_str(), &sealed), Err(VaultFault::Sealed));
    let (stranger, _) = vault(1).new_key(name(), Timestamp::from_millis(1)).unwrap();
    assert_eq!(stranger.open(&holder, field.digest.as_str(), &sealed), Err(VaultFault::Sealed));
}

#[test]
fn a_wrapped_key_does_not_unwrap_for_another_subject_class_workspace_id_or_kek() {
    let (key, wrapped) = vault(1).new_key(name(), Timestamp::from_millis(1)).unwrap();
    for other in [
        KeyName { workspace: workspace(2), ..name() },
        KeyName { subject: [4; 32], ..name() },
        KeyName { class: "short".into(), ..name() },
    ] {
        assert!(vault(1).unwrap(key.id, other, &wrapped).is_err());
    }
    assert!(vault(1).unwrap([0; 16], name(), &wrapped).is_err());
    assert!(vault(2).unwrap(key.id, name(), &wrapped).is_err());
}

#[test]
fn a_vault_knows_its_own_mark_only() {
    let mark = vault(1).mark().unwrap();
    assert!(vault(1).knows(&mark));
    assert!(!vault(2).knows(&mark));
}
