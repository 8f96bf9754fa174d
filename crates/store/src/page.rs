//! Lists in pages: a page ends with the cursor of the next one, which stays right while rows are added.

use crate::error::Error;

/// Rows of one page of a list.
pub const PAGE_MAX: usize = 200;
/// Leaves, or runs, of one reading of chains.
pub const CHAIN_MAX: usize = 10_000;
/// Items of one reading of the feed.
pub const FEED_MAX: usize = 1_000;

/// Where a list goes on: the sort key of the last row seen. Its text travels through URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows in the order of the list.
    pub items: Vec<T>,
    /// Where the next page starts; none after the last.
    pub next: Option<Cursor>,
}

impl Cursor {
    /// Takes the text of a cursor back. A text that no list gave out is refused by the list.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, printable and without spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A cursor of `N` integers.
    pub(crate) fn of<const N: usize>(parts: [i64; N]) -> Self {
        Self(parts.map(|part| part.to_string()).join("."))
    }

    /// Reads a cursor of `N` integers.
    pub(crate) fn parts<const N: usize>(&self) -> Result<[i64; N], Error> {
        let parts: Option<Vec<i64>> = self.0.split('.').map(|part| part.parse().ok()).collect();
        parts.and_then(|parts| parts.try_into().ok()).ok_or(Error::Cursor)
    }
}

impl<T> Page<T> {
    /// Cuts rows that were read with one beyond the limit, so that the last page is known to be the last.
    pub(crate) fn cut(mut rows: Vec<(Cursor, T)>, limit: usize) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(|(cursor, _)| cursor.clone()) } else { None };
        Self { items: rows.into_iter().map(|(_, item)| item).collect(), next }
    }
}

/// Refuses a limit above its maximum, and answers it as the database wants it.
pub(crate) fn limit(asked: usize, max: usize) -> Result<i64, Error> {
    if asked > max {
        return Err(Error::TooLarge { what: "limit", size: asked, max });
    }
    i64::try_from(asked).map_err(|_| Error::TooLarge { what: "limit", size: asked, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_foreign_text_is_refused() {
        assert_eq!(Cursor::of([3, -1]).parts::<2>().ok(), Some([3, -1]));
        for foreign in ["", "3", "3.x", "3.1.2", "3.1 "] {
            assert!(matches!(Cursor::new(foreign).parts::<2>(), Err(Error::Cursor)), "{foreign}");
        }
    }

    #[test]
    fn only_a_page_with_more_behind_it_has_a_next_cursor() {
        let rows = |n: i64| (0..n).map(|i| (Cursor::of([i]), i)).collect::<Vec<_>>();
        assert_eq!(Page::cut(rows(2), 2).next, None);
        assert_eq!(Page::cut(rows(3), 2), Page { items: vec![0, 1], next: Some(Cursor::of([1])) });
        assert_eq!(Page::cut(rows(0), 2), Page { items: vec![], next: None });
    }

    #[test]
    fn a_limit_above_the_maximum_is_refused() {
        assert_eq!(limit(PAGE_MAX, PAGE_MAX).ok(), Some(200));
        assert!(matches!(limit(PAGE_MAX + 1, PAGE_MAX), Err(Error::TooLarge { size: 201, max: 200, .. })));
    }
}
