//! Writing a statement from left to right, its parameters numbered in the order in which they appear: SQLite numbers
//! them so, whatever they are called.

use uuid::Uuid;

use super::{Argument, Dialect, Statement};

pub(super) struct Writer {
    pub(super) dialect: Dialect,
    text: String,
    arguments: Vec<Argument>,
    sets: usize,
    /// The next set is all that is counted.
    counts_next: bool,
    set_ends: &'static str,
}

impl Writer {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            text: String::new(),
            arguments: Vec::new(),
            sets: 0,
            counts_next: false,
            set_ends: "",
        }
    }

    pub(super) fn push(&mut self, sql: &str) {
        self.text.push_str(sql);
    }

    /// Begins "the contact is among those that these rows name"; the rows are `r`. Sets do not hold sets.
    pub(super) fn begin_set(&mut self, table: &str) {
        if std::mem::take(&mut self.counts_next) {
            self.set_ends = "";
            return self.push(&format!("SELECT count(*) FROM {table} AS r WHERE "));
        }
        let (begins, ends) = self.dialect.set(table, self.sets);
        self.sets += 1;
        self.set_ends = ends;
        self.push(&begins);
    }

    /// Makes the next set the statement itself: its rows are counted.
    pub(super) fn count_next_set(&mut self) {
        self.counts_next = true;
    }

    pub(super) fn end_set(&mut self) {
        self.push(self.set_ends);
    }

    pub(super) fn int(&mut self, value: i64) {
        self.argument(Argument::Int(value));
    }

    pub(super) fn text(&mut self, value: &str) {
        self.argument(Argument::Text(value.to_owned()));
    }

    pub(super) fn uuid(&mut self, value: Uuid) {
        self.argument(Argument::Uuid(value));
    }

    pub(super) fn done(self) -> Statement {
        Statement { text: self.text, arguments: self.arguments }
    }

    fn argument(&mut self, argument: Argument) {
        self.arguments.push(argument);
        self.text.push('$');
        self.text.push_str(&self.arguments.len().to_string());
    }
}
