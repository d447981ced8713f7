//! A way through a list that may be long: rows beyond a place, in the order of a moment and the row number.

/// Which rows of a list are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// Rows beyond this place, a moment in microseconds and a row number; from the end on without one.
    pub from: Option<(i64, i64)>,
    /// Whether it goes upwards: the oldest first.
    pub up: bool,
    /// So many at most.
    pub limit: usize,
}

impl Walk {
    /// `<` or `>`: how a row beyond the place compares with it.
    pub(crate) fn beyond(&self) -> &'static str {
        if self.up { ">" } else { "<" }
    }

    /// The word of an ORDER BY.
    pub(crate) fn order(&self) -> &'static str {
        if self.up { "ASC" } else { "DESC" }
    }

    /// The place; without one, one that all rows are beyond.
    pub(crate) fn place(&self) -> (i64, i64) {
        self.from.unwrap_or(if self.up { (i64::MIN, i64::MIN) } else { (i64::MAX, i64::MAX) })
    }

    /// The limit as databases take it.
    pub(crate) fn rows(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX)
    }
}
