//! Contact queries as SQL: whom [`domain::Query::matches`] fits in memory, a statement finds in the database.
//!
//! A condition is about one value of a contact or about any of several, and is true or false, never unknown: what a
//! contact does not have fits nothing, and `!=` is the opposite of `=`. So each condition becomes "the contact is
//! among those who have such a value", and its negation "is not among them". Values that are compared in another
//! way than byte by byte were made comparable when they were stored (`search_keys`).

mod conditions;
mod dialect;
mod statement;

use domain::{ContactId, ContactStatus, Query, WorkspaceId};
use uuid::Uuid;

pub(crate) use dialect::Dialect;

/// Whom to look for.
#[derive(Debug, Clone)]
pub struct ContactSearch {
    /// Whose contacts.
    pub workspace: WorkspaceId,
    /// The workspace's key for public references, by which `ref = …` finds contacts.
    pub obfuscation_key: [u32; 4],
    /// What they fit, read with the workspace's fields, groups, flows and zone; everybody without it.
    pub query: Option<Query>,
    /// Only those of this status; also others without it, unless the query says more.
    pub status: Option<ContactStatus>,
}

/// A parameter of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Argument {
    Int(i64),
    Text(String),
    Uuid(Uuid),
}

/// A statement with its parameters: `$1` is the first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub text: String,
    pub arguments: Vec<Argument>,
}

impl ContactSearch {
    /// The row numbers of at most `limit` contacts behind `after`, the lowest first.
    pub(crate) fn page(&self, dialect: Dialect, after: Option<ContactId>, limit: usize) -> Statement {
        let mut writer = statement::Writer::new(dialect);
        writer.push("SELECT c.id FROM contact AS c WHERE c.workspace_id = ");
        writer.int(self.workspace.0);
        if let Some(after) = after {
            writer.push(" AND c.id > ");
            writer.int(after.0);
        }
        self.conditions(&mut writer);
        writer.push(" ORDER BY c.id LIMIT ");
        writer.int(i64::try_from(limit).unwrap_or(i64::MAX));
        writer.done()
    }

    /// How many there are.
    pub(crate) fn count(&self, dialect: Dialect) -> Statement {
        let mut writer = statement::Writer::new(dialect);
        if self.status == Some(ContactStatus::Active) && self.count_from_index(&mut writer) {
            return writer.done();
        }
        writer.push("SELECT count(*) FROM contact AS c WHERE c.workspace_id = ");
        writer.int(self.workspace.0);
        self.conditions(&mut writer);
        writer.done()
    }

    /// Counts without reading contacts, where one condition is a range of an index whose rows are one for each contact:
    /// a million of them in a tenth of a second. Those who are not active, or gone, are few and have an index of their own.
    fn count_from_index(&self, writer: &mut statement::Writer) -> bool {
        let Some(query) = &self.query else {
            writer.push("SELECT count(*) FROM contact AS r WHERE r.workspace_id = ");
            writer.int(self.workspace.0);
            self.but_not_aside(writer, "r.id");
            return true;
        };
        match conditions::index_of(query.root()) {
            Some(conditions::Index::Set(condition)) => {
                writer.count_next_set();
                conditions::condition(writer, condition, self);
                self.but_not_aside(writer, "r.contact_id");
            }
            Some(conditions::Index::Created(condition)) => {
                writer.push("SELECT count(*) FROM contact AS c WHERE c.workspace_id = ");
                writer.int(self.workspace.0);
                writer.push(" AND ");
                conditions::condition(writer, condition, self);
                self.but_not_aside(writer, "c.id");
            }
            None => return false,
        }
        true
    }

    /// By the index `contact_aside`, whose condition these very words are.
    fn but_not_aside(&self, writer: &mut statement::Writer, contact: &str) {
        writer.push(&format!(" AND {contact} NOT IN (SELECT a.id FROM contact AS a WHERE a.workspace_id = "));
        writer.int(self.workspace.0);
        writer.push(" AND (a.status <> 'active' OR a.deleted_on IS NOT NULL))");
    }

    fn conditions(&self, writer: &mut statement::Writer) {
        writer.push(" AND c.deleted_on IS NULL");
        if let Some(status) = self.status {
            writer.push(" AND c.status = ");
            writer.text(status.word());
        }
        if let Some(query) = &self.query {
            writer.push(" AND ");
            conditions::node(writer, query.root(), self);
        }
    }
}
