use super::*;

#[test]
fn every_built_in_manifest_loads() {
    for (file, text) in BUILT_IN {
        let manifest = Manifest::parse(file, text).unwrap_or_else(|faults| panic!("{faults}"));
        assert!(file.starts_with(manifest.system.as_str()));
    }
}
