//! Lists: `limit` and `cursor` in, `items` and `next` out.
//!
//! A cursor is the kind of item that its list has and the place of the last one, so that a cursor of another list, and what
//! no list gave out, is refused instead of leading to a page that is silently empty.

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

impl<T: ToSchema> Page<T> {
    /// The place in this list that a cursor names.
    pub fn place(cursor: Option<&str>) -> Result<Option<String>> {
        let Some(cursor) = cursor else { return Ok(None) };
        let place = cursor.strip_prefix(T::name().as_ref()).and_then(|rest| rest.strip_prefix('.'));
        place.map(|place| Some(place.to_owned())).ok_or_else(|| {
            Error::new(Code::InvalidRequest, "`cursor` is no `next` of this list").at("/cursor").into()
        })
    }

    /// A page of a list that is held as a whole and sorted by `name`. The cursor is the name of the last item, so a page
    /// stays right while others come and go.
    pub fn cut(
        items: impl IntoIterator<Item = T>,
        window: &Window,
        name: impl Fn(&T) -> String,
    ) -> Result<Self> {
        let items = items.into_iter();
        match Self::place(window.cursor.as_deref())? {
            Some(place) => Self::first(items.skip_while(|item| name(item) <= place), window, &name),
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
        match Self::place(window.cursor.as_deref())? {
            Some(place) => Self::first(items.skip_while(|item| name(item) != place).skip(1), window, &name),
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
        Ok(Self::of(items, next))
    }

    /// A page of converted items, and the place where the list goes on.
    pub fn of<U: Into<T>>(items: impl IntoIterator<Item = U>, next: Option<String>) -> Self {
        let next = next.map(|place| format!("{}.{place}", T::name()));
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
        assert_eq!(cut(Some(2), None), some("ab", Some("String.b")));
        assert_eq!(cut(Some(2), Some("String.b")), some("c", None));
        assert_eq!(cut(Some(3), None), some("abc", None));
        assert_eq!(cut(None, Some("String.aa")), some("bc", None));
        assert_eq!(cut(None, Some("String.c")), some("", None));
    }

    #[test]
    fn what_this_list_did_not_give_out_is_no_cursor_of_it() {
        for foreign in ["", "-1", "b", "String", "Group.b", ".b"] {
            assert_eq!(cut(None, Some(foreign)), None, "{foreign}");
        }
    }

    #[test]
    fn a_page_has_a_size() {
        for (limit, good) in [(0, false), (1, true), (LIMIT_MAX, true), (LIMIT_MAX + 1, false)] {
            assert_eq!(cut(Some(limit), None).is_some(), good, "{limit}");
        }
    }
}
