//! `Prefer: wait=<seconds>` (RFC 7240): answer once the run needs the caller or is closed, at the latest after that time.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use engine::queries::WAIT_MAX;

use super::App;

const PREFER: HeaderName = HeaderName::from_static("prefer");
/// Says in the answer that the wish was granted.
pub const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// How long the caller would wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub Option<Duration>);

impl Wait {
    /// The value of `preference-applied`.
    pub fn applied(self) -> Option<HeaderValue> {
        HeaderValue::from_str(&format!("wait={}", self.0?.as_secs())).ok()
    }
}

impl FromRequestParts<App> for Wait {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(read(&parts.headers))
    }
}

/// Preferences that cannot be read are ignored, as the RFC wants it.
pub fn read(headers: &HeaderMap) -> Wait {
    let texts = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let wishes = texts.flat_map(|text| text.split([',', ';']));
    let mut wait = wishes.filter_map(|wish| {
        let (name, value) = wish.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then_some(value.trim().trim_matches('"'))
    });
    let seconds = wait.find_map(|value| value.parse().ok());
    Wait(seconds.filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds).min(WAIT_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_from_any_preference_and_cut_to_its_maximum() {
        for (text, seconds) in [
            ("wait=10", Some(10)),
            ("respond-async, wait=10", Some(10)),
            ("Wait = \"10\"", Some(10)),
            ("wait=25", Some(25)),
            ("wait=26", Some(25)),
            ("wait=0", None),
            ("wait=-1", None),
            ("wait=soon", None),
            ("respond-async", None),
        ] {
            let headers = HeaderMap::from_iter([(PREFER, text.parse().unwrap())]);
            assert_eq!(read(&headers), Wait(seconds.map(Duration::from_secs)), "{text}");
        }
        assert_eq!(read(&HeaderMap::new()), Wait(None));
    }
}
