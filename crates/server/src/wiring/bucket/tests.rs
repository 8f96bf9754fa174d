//! The request, checked as a server checks it: with the recipe of AWS Signature Version 4, written here once more.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::time::Timestamp;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn request(endpoint: &str, style: UrlStyle) -> (Message, Timestamp) {
    let bucket = Bucket::new(endpoint.parse().unwrap(), style, "heads", "eu-central-1").unwrap();
    let put = putting(bucket, Credentials::new("AKIDEXAMPLE", SECRET), "anchors/".to_owned(), 3650);
    let now = Timestamp::from_millis(1_795_000_000_000);
    (put("ap.example+w+main/000000000009-x.checkpoint", b"head", now), now)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// HMAC-SHA256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = block.map(|byte| byte ^ 0x36);
    let outer = block.map(|byte| byte ^ 0x5C);
    let inside = sha256(&[&inner, text].concat());
    *sha256(&[&outer[..], inside.as_bytes()].concat()).as_bytes()
}

/// The signature that a server computes for what arrived.
fn expected(url: &Url, headers: &BTreeMap<String, String>) -> String {
    let mut query: BTreeMap<_, _> =
        url.query().unwrap().split('&').map(|pair| pair.split_once('=').unwrap()).collect();
    query.remove("X-Amz-Signature").unwrap();
    let signed = query["X-Amz-SignedHeaders"].replace("%3B", ";");
    let named: Vec<_> = signed.split(';').map(|name| format!("{name}:{}", headers[name])).collect();
    let named = named.join("\n");
    let pairs: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let canonical =
        format!("PUT\n{}\n{}\n{named}\n\n{signed}\nUNSIGNED-PAYLOAD", url.path(), pairs.join("&"));
    let scope = query["X-Amz-Credential"].replace("%2F", "/");
    let scope = scope.split_once('/').unwrap().1;
    let text = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        query["X-Amz-Date"],
        hex(sha256(canonical.as_bytes()).as_bytes())
    );
    let first = format!("AWS4{SECRET}");
    let key = scope.split('/').fold(first.into_bytes(), |key, part| hmac(&key, part.as_bytes()).to_vec());
    hex(&hmac(&key, text.as_bytes()))
}

#[test]
fn the_lock_and_the_checksum_are_under_a_signature_that_a_server_accepts() {
    for (endpoint, style, host, path) in [
        ("https://s3.example.com:9000", UrlStyle::Path, "s3.example.com:9000", "/heads/anchors/"),
        (
            "https://s3.eu-central-1.amazonaws.com",
            UrlStyle::VirtualHost,
            "heads.s3.eu-central-1.amazonaws.com",
            "/anchors/",
        ),
    ] {
        let (message, now) = request(endpoint, style);
        let url = Url::parse(&message.url).unwrap();
        assert!(url.path().starts_with(path), "{url}");
        let mut headers: BTreeMap<_, _> =
            message.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        assert_eq!(headers["x-amz-object-lock-mode"], "COMPLIANCE");
        assert_eq!(headers["x-amz-object-lock-retain-until-date"], now.plus_s(3650 * 86_400).to_string());
        assert_eq!(headers["x-amz-checksum-sha256"], STANDARD.encode(sha256(&message.body).as_bytes()));
        headers.insert("host".to_owned(), host.to_owned());
        let query: BTreeMap<_, _> = url.query_pairs().collect();
        let names = "host;x-amz-checksum-sha256;x-amz-object-lock-mode;x-amz-object-lock-retain-until-date";
        assert_eq!(query["X-Amz-SignedHeaders"], names);
        assert_eq!(query["X-Amz-Signature"], expected(&url, &headers));
        // A lock that somebody shortens on the way is another request.
        headers.insert("x-amz-object-lock-mode".to_owned(), "GOVERNANCE".to_owned());
        assert_ne!(query["X-Amz-Signature"], expected(&url, &headers));
    }
}
