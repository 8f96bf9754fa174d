use super::*;
use crate::connector::Connector;
use crate::testing::{outbound, secret, slug};

fn fault(
    system: &str,
    environment: Environment,
    base_url: Option<&str>,
    credentials: Credentials,
) -> Option<ConfigFault> {
    let manifests = built_in().unwrap();
    let base_url = base_url.map(str::to_owned);
    let config = Config { name: slug("one"), environment, base_url, credentials };
    connect(&outbound(), &manifests[&slug(system)], config).err()
}

fn bearer() -> Credentials {
    Credentials::Bearer { token: secret("bearer-canary") }
}

#[test]
fn a_connector_needs_a_place_that_is_allowed_and_a_way_to_sign_in() {
    use Environment::{Production, Sandbox, Simulation};
    let host = |host: &str| Some(ConfigFault::Target(NotAllowed::Host(host.to_owned())));
    let basic = || Credentials::Basic { user: "u".to_owned(), password: secret("password-canary") };
    for (system, environment, url, credentials, expect) in [
        ("zendesk", Production, Some("https://acme.zendesk.com"), bearer(), None),
        ("zendesk", Production, Some("https://acme.example.com"), bearer(), host("acme.example.com")),
        ("zendesk", Production, None, bearer(), Some(ConfigFault::NoBaseUrl(slug("zendesk"), Production))),
        (
            "zendesk",
            Production,
            Some("https://acme.zendesk.com"),
            basic(),
            Some(ConfigFault::Scheme(slug("zendesk"))),
        ),
        ("zendesk", Simulation, Some("http://localhost:9"), bearer(), None),
        ("zendesk", Simulation, Some("https://acme.zendesk.com"), bearer(), host("acme.zendesk.com")),
        ("zendesk", Sandbox, Some("http://localhost:9"), bearer(), host("localhost")),
        ("roundup", Sandbox, Some("http://127.0.0.1:9/ap"), basic(), None),
    ] {
        assert_eq!(fault(system, environment, url, credentials), expect, "{system} {environment} {url:?}");
    }
}

#[test]
fn credentials_are_read_from_json_and_a_fault_says_nothing_of_them() {
    for (json, user) in [
        (r#"{"scheme":"basic","user":"u","password":"p"}"#, "u"),
        (r#"{"scheme":"email_token","email":"a@example.com","token":"t"}"#, "a@example.com"),
        (r#"{"scheme":"bearer","token":"t"}"#, ""),
        (r#"{"scheme":"api_key","key":"k"}"#, ""),
        (r#"{"scheme":"client_credentials","client_id":"c","client_secret":"s"}"#, "c"),
        (r#"{"scheme":"refresh_token","client_id":"c","client_secret":"s","refresh_token":"r"}"#, "c"),
    ] {
        assert_eq!(
            Credentials::parse(json.as_bytes()).map(|c| c.public_part().to_owned()),
            Ok(user.to_owned()),
            "{json}"
        );
    }
    for bad in [
        r#"{"scheme":"canary"}"#,
        r#"{"scheme":"bearer","token":7}"#,
        r#"{"scheme":"bearer","token":"t","canary":1}"#,
        "canary",
        "",
    ] {
        let fault = Credentials::parse(bad.as_bytes()).map(|_| ()).unwrap_err();
        assert!(!fault.to_string().contains("canary"), "{fault}");
    }
}

#[test]
fn every_built_in_manifest_becomes_a_connector_that_describes_itself() {
    for (system, manifest) in built_in().unwrap() {
        let scheme = manifest.auth.schemes.contains(&crate::manifest::Scheme::Basic);
        let credentials = if scheme {
            Credentials::Basic { user: "u".to_owned(), password: secret("p") }
        } else {
            bearer()
        };
        let base_url = Some("http://127.0.0.1:9".to_owned());
        let config =
            Config { name: slug("one"), environment: Environment::Simulation, base_url, credentials };
        let connector = connect(&outbound(), &manifest, config).unwrap();
        let description = connector.describe();
        assert_eq!((&description.system, description.manifest), (&system, manifest.digest));
        assert!(policy::Schema::new(description.policy_shapes()).is_ok(), "{system}");
    }
}
