//! Pages of lists. A cursor names a place in the order of a list, the moment and the row number of what stands there,
//! so that each page costs the same however deep it is, and rows that come meanwhile shift nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::call::{Call, Reply};
use super::error::ApiError;

/// Objects of one page.
pub(crate) const PAGE: usize = 250;

/// A place in a list, and which way to go from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Whether what stands before it is wanted.
    pub back: bool,
    /// What the list is ordered by first: microseconds since 1970, or anything else that is a number.
    pub at: i64,
    /// What it is ordered by then.
    pub id: i64,
}

impl Cursor {
    /// As it stands in addresses.
    pub fn text(self) -> String {
        let way = if self.back { 'p' } else { 'n' };
        URL_SAFE_NO_PAD.encode(format!("{way}{}.{}", self.at, self.id))
    }

    /// Reads one that was given.
    pub fn read(text: &str) -> Result<Self, ApiError> {
        let read = || {
            let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?).ok()?;
            let (back, place) = match plain.split_at_checked(1)? {
                ("n", place) => (false, place),
                ("p", place) => (true, place),
                _ => return None,
            };
            let (at, id) = place.split_once('.')?;
            Some(Self { back, at: at.parse().ok()?, id: id.parse().ok()? })
        };
        read().ok_or_else(ApiError::bad_cursor)
    }
}

/// What of a list is wanted of whoever has it: rows after a place in the order in which they are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Walk {
    /// Rows beyond this place; all without one.
    pub from: Option<(i64, i64)>,
    /// Whether it goes upwards, the oldest first.
    pub up: bool,
    /// So many: one more than a page, which tells whether there is another.
    pub limit: usize,
    back: bool,
}

impl Walk {
    /// What the call wants of a list whose order is the newest first, or `up` the oldest first.
    pub fn of(call: &Call, up: bool) -> Result<Self, ApiError> {
        let cursor = call.query.text("cursor").map(Cursor::read).transpose()?;
        let back = cursor.is_some_and(|cursor| cursor.back);
        let from = cursor.map(|cursor| (cursor.at, cursor.id));
        Ok(Self { from, up: up != back, limit: PAGE + 1, back })
    }

    /// The place as the store takes it.
    pub fn span(&self) -> store::Walk {
        store::Walk { from: self.from, up: self.up, limit: self.limit }
    }

    /// The page of the rows that were found on the walk, each with its place.
    pub fn page(&self, mut found: Vec<((i64, i64), Value)>) -> Reply {
        let more = found.len() >= self.limit;
        found.truncate(self.limit - 1);
        if self.back {
            found.reverse();
        }
        let at = |place: Option<&((i64, i64), Value)>, back| {
            place.map(|((at, id), _)| Cursor { back, at: *at, id: *id })
        };
        let (first, last) = (at(found.first(), true), at(found.last(), false));
        let came = self.from.is_some();
        let next = last.filter(|_| if self.back { came } else { more });
        let previous = first.filter(|_| if self.back { more } else { came });
        Reply::Page { results: found.into_iter().map(|(_, value)| value).collect(), next, previous }
    }

    /// The page of a list that is in memory whole.
    pub fn among<T>(
        &self,
        all: Vec<T>,
        place: impl Fn(&T) -> (i64, i64),
        shown: impl Fn(&T) -> Value,
    ) -> Reply {
        let found = self.chosen(all, &place);
        self.page(found.iter().map(|one| (place(one), shown(one))).collect())
    }

    /// Those of a list in memory that are on the walk, in its order.
    pub fn chosen<T>(&self, mut all: Vec<T>, place: impl Fn(&T) -> (i64, i64)) -> Vec<T> {
        all.sort_by_key(|one| place(one));
        if !self.up {
            all.reverse();
        }
        let beyond = |one: &T| match self.from {
            None => true,
            Some(from) if self.up => place(one) > from,
            Some(from) => place(one) < from,
        };
        all.into_iter().filter(beyond).take(self.limit).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Cursor, Reply, Walk};

    fn walk(cursor: Option<Cursor>, up: bool) -> Walk {
        let back = cursor.is_some_and(|cursor| cursor.back);
        Walk { from: cursor.map(|cursor| (cursor.at, cursor.id)), up: up != back, limit: 3, back }
    }

    fn page(cursor: Option<Cursor>, up: bool) -> (Vec<i64>, Option<Cursor>, Option<Cursor>) {
        let all = vec![(7, 1), (7, 2), (8, 1), (9, 5), (9, 9)];
        match walk(cursor, up).among(all, |place| *place, |(at, id)| json!(at * 10 + id)) {
            Reply::Page { results, next, previous } => {
                (results.iter().filter_map(serde_json::Value::as_i64).collect(), next, previous)
            }
            _ => unreachable!("a page"),
        }
    }

    #[test]
    fn goes_through_a_list_and_back() {
        let (first, next, none) = page(None, false);
        assert_eq!((first, none), (vec![99, 95], None));
        let (second, next, previous) = page(next, false);
        assert_eq!(second, [81, 72]);
        assert_eq!(page(previous, false).0, [99, 95]);
        let (third, none, previous) = page(next, false);
        assert_eq!((third, none), (vec![71], None));
        let (second, next, previous) = page(previous, false);
        assert_eq!(second, [81, 72]);
        assert_eq!(page(next, false).0, [71]);
        assert_eq!(page(previous, false), (vec![99, 95], Some(Cursor { back: false, at: 9, id: 5 }), None));
        let (first, next, _) = page(None, true);
        assert_eq!(first, [71, 72]);
        assert_eq!(page(next, true).0, [81, 95]);
    }

    #[test]
    fn cursors_are_read_as_they_are_written() {
        for cursor in [Cursor { back: false, at: -5, id: i64::MAX }, Cursor { back: true, at: 0, id: 7 }] {
            assert_eq!(Cursor::read(&cursor.text()).unwrap(), cursor);
        }
        for bad in ["", "x", "bjE", "bjEuMi4z", "🙂", "cD0"] {
            assert!(Cursor::read(bad).is_err(), "{bad}");
        }
    }
}
