use super::*;

fn read(text: &str) -> Result<Config, ConfigFault> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let config = Config::read(Some(file.path()))?;
    config.check()?;
    Ok(config)
}

#[test]
fn an_empty_file_is_the_defaults_and_the_defaults_are_loopback() {
    let config = read("").unwrap();
    assert_eq!(config, Config::default());
    assert!(config.server.listen.ip().is_loopback());
    assert!(!config.server.is_secure());
}

#[test]
fn a_file_sets_what_it_names_and_nothing_else() {
    let config = read(
        "data = \"/var/lib/actionplane\"\n[server]\nlisten = \"0.0.0.0:80\"\npublic_url = \"https://plane.example\"\n\
         [log]\nformat = \"json\"\n",
    )
    .unwrap();
    assert_eq!(config.data, PathBuf::from("/var/lib/actionplane"));
    assert_eq!(config.log, Log { format: LogFormat::Json, ..Log::default() });
    assert_eq!(config.server.requests_max, Server::default().requests_max);
    assert!(config.server.is_secure());
}

#[test]
fn a_misspelled_key_stops_the_start_in_every_section() {
    for text in [
        "dta = \"x\"",
        "[server]\nlisen = \"x\"",
        "[keys]\nkek = \"x\"",
        "[outbound]\nhost = []",
        "[log]\nlevel = 1",
    ] {
        assert!(matches!(read(text), Err(ConfigFault::Form(..))), "{text}");
    }
}

#[test]
fn a_public_url_is_an_origin() {
    for (url, good) in [
        ("https://plane.example", true),
        ("http://127.0.0.1:7380", true),
        ("http://[::1]:7380", true),
        ("plane.example", false),
        ("https://", false),
        ("https://plane.example/app", false),
        ("https://user@plane.example", false),
    ] {
        let answer = read(&format!("[server]\npublic_url = \"{url}\""));
        assert_eq!(answer.is_ok(), good, "{url}");
    }
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    assert!(matches!(
        Config::read(Some(Path::new("/nonexistent/actionplane.toml"))),
        Err(ConfigFault::File(..))
    ));
}

#[test]
fn a_limit_lets_something_through() {
    for name in ["requests_max", "streams_max", "connections_max"] {
        for (limit, good) in [(0, false), (1, true), (LIMIT_MAX, true), (LIMIT_MAX + 1, false)] {
            assert_eq!(read(&format!("[server]\n{name} = {limit}")).is_ok(), good, "{name} {limit}");
        }
    }
}
