//! A report page: the bundle inside it, and the hash of the page around it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proof::digest::{Digest, sha256};

/// The page of this release, with both slots empty.
const RELEASED: &str = include_str!("../../../evidence/report.shell.html");
/// What begins and ends the summary for readers without scripts.
const SUMMARY: (&str, &str) = ("<!--summary-->", "<!--/summary-->");
/// What begins the bundle.
const OPEN: &str = "<script type=\"application/octet-stream\" id=\"bundle\">";
/// What ends it.
const CLOSE: &str = "</script>";

/// A page taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    /// The archive.
    pub bundle: Vec<u8>,
    /// SHA-256 of the page with both slots empty, to be compared with the published one of the release.
    pub shell: Digest,
}

impl Extracted {
    /// Whether the page around the bundle is the one of this release.
    pub fn is_released(&self) -> bool {
        self.shell == released()
    }
}

/// SHA-256 of the page of this release.
pub fn released() -> Digest {
    sha256(RELEASED.as_bytes())
}

/// Takes a page apart. `None` unless it has exactly one bundle, in base64, with white space between its lines at most.
pub fn extract(page: &[u8]) -> Option<Extracted> {
    let page = str::from_utf8(page).ok()?;
    let (before, rest) = page.split_once(OPEN)?;
    let (text, after) = rest.split_once(CLOSE)?;
    if after.contains(OPEN) {
        return None;
    }
    let text: String = text.split_ascii_whitespace().collect();
    let bundle = STANDARD.decode(text).ok().filter(|bundle| !bundle.is_empty())?;
    // The summary stands before the bundle; nothing of it is evidence.
    let before = match before.split_once(SUMMARY.0) {
        None => before.to_owned(),
        Some((start, rest)) => {
            let (_, end) = rest.split_once(SUMMARY.1)?;
            [start, SUMMARY.0, SUMMARY.1, end].concat()
        }
    };
    let shell = sha256(format!("{before}{OPEN}{CLOSE}{after}").as_bytes());
    Some(Extracted { bundle, shell })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_this_release_is_known_whatever_it_carries() {
        let filled = RELEASED
            .replace(&[SUMMARY.0, SUMMARY.1].concat(), "<!--summary--><p>told</p><!--/summary-->")
            .replace(&[OPEN, CLOSE].concat(), &[OPEN, "eA==", CLOSE].concat());
        let check = |page: &str, expected: bool| {
            assert_eq!(extract(page.as_bytes()).unwrap().is_released(), expected);
        };
        check(&filled, true);
        check(&filled.replace("Not verified", "Verified"), false);
    }

    #[test]
    fn a_page_has_one_bundle_and_a_shell_that_does_not_depend_on_it() {
        let page = |text: &str| format!("<html>{OPEN}{text}{CLOSE}<p>rest</p></html>");
        let one = extract(page("YWJj\nZGVm\n").as_bytes()).unwrap();
        assert_eq!(one.bundle, b"abcdef");
        assert_eq!(extract(page("eA==").as_bytes()).unwrap().shell, one.shell);
        let told = page("eA==").replace("<html>", "<html><!--summary--><p>told</p><!--/summary-->");
        let untold = page("eA==").replace("<html>", "<html><!--summary--><!--/summary-->");
        let [told, untold] = [told, untold].map(|page| extract(page.as_bytes()).unwrap());
        assert_eq!(told.shell, untold.shell);
        let twice = format!("{}{}", page("eA=="), page("eA=="));
        for bad in
            [page(""), page("e"), page("<b>"), twice, "<html></html>".to_owned(), format!("{OPEN}eA==")]
        {
            assert_eq!(extract(bad.as_bytes()), None, "{bad}");
        }
    }
}
