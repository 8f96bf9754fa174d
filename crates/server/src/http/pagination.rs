//! Lists: `limit` and `cursor` in, `items` and `next` out.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use engine::{Code, Error};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::problem::{Problem, Result};

/// Items of a page unless asked otherwise.
const LIMIT: usize = 50;
/// Items of a page.
const LIMIT_MAX: usize = store::page::PAGE_MAX;

/// Query parameters; unknown ones are refused like unknown members.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        let Query(params) = query.map_err(|rejection| {
            let message = rejection.body_text();
            let message = message.strip_prefix("Failed to deserialize query string: ").unwrap_or(&message);
            Problem::from(Error::new(Code::InvalidRequest, format!("the query cannot be read: {message}")))
        })?;
        Ok(Self(params))
    }
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Window {
    /// At most this many, 1 to 200; 50 unless given.
    pub limit: Option<usize>,
    /// Where to go on: the `next` of the page before.
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page; `null` on the last one.
    #[schema(required)]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of a list that is held as a whole and sorted by `name`. The cursor is the name of the last item, so a page
    /// stays right while others come and go.
    pub fn cut(
        items: impl IntoIterator<Item = T>,
        window: &Window,
        name: impl Fn(&T) -> String,
    ) -> Result<Self> {
        let items = items.into_iter();
        match &window.cursor {
            Some(cursor) => Self::first(items.skip_while(|item| name(item) <= *cursor), window, &name),
            None => Self::first(items, window, &name),
        }
    }

    /// A page of a list that is held as a whole in another order: it goes on behind the item that the cursor names.
    pub fn after(
        items: impl IntoIterator<Item = T>,
        window: &Window,
        name: impl Fn(&T) -> String,
    ) -> Result<Self> {
        let items = items.into_iter();
        match &window.cursor {
            Some(cursor) => {
                Self::first(items.skip_while(|item| name(item) != *cursor).skip(1), window, &name)
            }
            None => Self::first(items, window, &name),
        }
    }

    fn first(items: impl Iterator<Item = T>, window: &Window, name: &impl Fn(&T) -> String) -> Result<Self> {
        let limit = window.limit.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Error::new(Code::InvalidRequest, format!("`limit` is 1 to {LIMIT_MAX}"))
                .at("/limit")
                .into());
        }
        let mut items: Vec<T> = items.take(limit.saturating_add(1)).collect();
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(name);
        Ok(Self { items, next })
    }

    /// A page of converted items.
    pub fn of<U: Into<T>>(items: impl IntoIterator<Item = U>, next: Option<String>) -> Self {
        Self { items: items.into_iter().map(Into::into).collect(), next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(limit: Option<usize>, cursor: Option<&str>) -> Option<(String, Option<String>)> {
        let window = Window { limit, cursor: cursor.map(str::to_owned) };
        let items = ["a", "b", "c"].map(str::to_owned);
        Page::cut(items, &window, Clone::clone).ok().map(|page| (page.items.concat(), page.next))
    }

    #[test]
    fn a_list_is_cut_behind_the_cursor_and_only_a_cut_list_goes_on() {
        let some = |items: &str, next: Option<&str>| Some((items.to_owned(), next.map(str::to_owned)));
        assert_eq!(cut(None, None), some("abc", None));
        assert_eq!(cut(Some(2), None), some("ab", Some("b")));
        assert_eq!(cut(Some(2), Some("b")), some("c", None));
        assert_eq!(cut(Some(3), None), some("abc", None));
        assert_eq!(cut(None, Some("aa")), some("bc", None));
        assert_eq!(cut(None, Some("c")), some("", None));
    }

    #[test]
    fn a_page_has_a_size() {
        for (limit, good) in [(0, false), (1, true), (LIMIT_MAX, true), (LIMIT_MAX + 1, false)] {
            assert_eq!(cut(Some(limit), None).is_some(), good, "{limit}");
        }
    }
}
