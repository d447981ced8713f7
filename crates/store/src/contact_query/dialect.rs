//! Where the two databases differ in searches, side by side.

/// Sets that PostgreSQL may join in the order that it finds best; more take it longer to plan than to run.
const MAX_JOINS: usize = 8;

/// The database that a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// How "the contact is among those that the rows of a table name" begins and ends; `before` tells how many such
    /// sets the statement has already.
    ///
    /// SQLite gathers such a set once, from an index, and can walk through it; a subquery that names the contact
    /// it would run for each contact. It walks through the first one only and asks the others by the plus sign: left
    /// to itself it walks through all combinations of two. PostgreSQL turns EXISTS into a join at its choice; IN within OR it would
    /// repeat for each contact once the set is larger than its working memory. The price of choosing among joins
    /// explodes with their number, so from some number on it is told to ask contact by contact.
    pub(super) fn set(self, table: &str, before: usize) -> (String, &'static str) {
        match self {
            Self::Sqlite => {
                let contact = if before == 0 { "c.id" } else { "+c.id" };
                (format!("{contact} IN (SELECT r.contact_id FROM {table} AS r WHERE "), ")")
            }
            Self::Postgres => {
                let exists = format!("EXISTS (SELECT 1 FROM {table} AS r WHERE r.contact_id = c.id AND ");
                if before < MAX_JOINS { (exists, ")") } else { (format!("({exists}"), ")) IS TRUE") }
            }
        }
    }

    /// The place of a text within another, 0 if it is not there.
    pub(super) fn place_of(self) -> &'static str {
        match self {
            Self::Sqlite => "instr",
            Self::Postgres => "strpos",
        }
    }

    /// Whether texts may hold this one. PostgreSQL refuses a text with a zero character, so it holds none.
    pub(super) fn can_hold(self, text: &str) -> bool {
        match self {
            Self::Sqlite => true,
            Self::Postgres => !text.contains('\0'),
        }
    }
}
