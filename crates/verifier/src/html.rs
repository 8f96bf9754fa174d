//! A report page: the bundle inside it, and the hash of the page around it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proof::digest::{Digest, sha256};

/// What begins the bundle.
const OPEN: &str = "<script type=\"application/octet-stream\" id=\"bundle\">";
/// What ends it.
const CLOSE: &str = "</script>";

/// A page taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    /// The archive.
    pub bundle: Vec<u8>,
    /// SHA-256 of the page without the text of its bundle, to be compared with the published one of the release.
    pub shell: Digest,
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
    let shell = sha256(format!("{before}{OPEN}{CLOSE}{after}").as_bytes());
    Some(Extracted { bundle, shell })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_bundle_and_a_shell_that_does_not_depend_on_it() {
        let page = |text: &str| format!("<html>{OPEN}{text}{CLOSE}<p>rest</p></html>");
        let one = extract(page("YWJj\nZGVm\n").as_bytes()).unwrap();
        assert_eq!(one.bundle, b"abcdef");
        assert_eq!(extract(page("eA==").as_bytes()).unwrap().shell, one.shell);
        let twice = format!("{}{}", page("eA=="), page("eA=="));
        for bad in
            [page(""), page("e"), page("<b>"), twice, "<html></html>".to_owned(), format!("{OPEN}eA==")]
        {
            assert_eq!(extract(bad.as_bytes()), None, "{bad}");
        }
    }
}
