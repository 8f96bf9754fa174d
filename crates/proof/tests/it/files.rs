//! Bundles and envelopes against the golden data.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proof::bundle::{Bundle, MANIFEST, Manifest, pack};
use proof::digest::sha256;
use proof::dsse::{Envelope, IN_TOTO, pae};
use proof::zip;

use crate::signed::signing_key;
use crate::vectors::{read, text};

#[test]
fn a_bundle_has_the_bytes_of_the_file() {
    let file = read(include_str!("../vectors/bundle.json"));
    let files = file["files"].as_object().expect("texts by path");
    let mut files: BTreeMap<_, _> =
        files.iter().map(|(path, text)| (path.clone(), text.as_str().expect("a text").into())).collect();
    let listed: Vec<_> =
        files.iter().map(|(path, text): (&String, &Vec<u8>)| (path.as_str(), text.as_slice())).collect();
    let archive = zip::write(listed.clone()).expect("allowed names");
    assert_eq!(Some(archive.len() as u64), file["zip_bytes"].as_u64());
    assert_eq!(sha256(&archive).to_string(), text(&file, "zip_sha256"));

    let bundle = Bundle::open(&archive).expect("its own manifest");
    assert_eq!(Bundle::from_files(listed), Ok(bundle.clone()));
    assert_eq!(bundle.files().count(), 20);
    assert_eq!(bundle.file("log/checkpoint").map(<[u8]>::len), Some(681));
    let manifest = files.remove(MANIFEST).expect("a manifest");
    assert_eq!(Manifest::parse(&manifest).as_ref(), Ok(bundle.manifest()));
    assert_eq!(bundle.manifest().to_bytes(), Ok(manifest));
    assert_eq!(
        pack(&Manifest { files: Vec::new(), ..bundle.manifest().clone() }, &files).as_ref(),
        Ok(&archive)
    );
}

#[test]
fn an_envelope_is_signed_as_in_the_file() {
    let file = read(include_str!("../vectors/dsse.json"));
    let envelope = &file["envelope"];
    let payload = STANDARD.decode(text(envelope, "payload")).expect("base64");
    assert_eq!(text(envelope, "payloadType"), IN_TOTO);
    assert_eq!(sha256(&pae(IN_TOTO, &payload)).to_string(), text(&file, "pae_sha256"));
    let key = signing_key("dsse");
    let ours = Envelope::sign(IN_TOTO, &payload, &key).expect("a key for texts");
    let bytes = ours.to_bytes().expect("small enough");
    assert_eq!(&read(str::from_utf8(&bytes).expect("JSON is UTF-8")), envelope);
    assert_eq!(Envelope::parse(&bytes).as_ref(), Ok(&ours));
    assert_eq!(ours.verify([key.verifier()]), Ok(vec![key.verifier()]));
}
