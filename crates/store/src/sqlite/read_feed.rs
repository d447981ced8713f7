//! Reads the feed, in the order of the commits.
//!
//! On PostgreSQL transactions end in another order than they began, and a row bears the number that its transaction got
//! early. So readers stop before the first transaction that is still under way anywhere on the server: whatever commits
//! later stands behind what was read.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ContactUuid, WorkspaceId, WorkspaceUuid};
use jiff::Timestamp;
use smol_str::SmolStr;
use uuid::Uuid;

use super::{Rows, sql};
use crate::{
    FeedCursor, FeedItem, FeedKind, FeedKinds, FeedNamed, FeedRead, StoreError,
    feed::StoredRow,
    sql::{Connection, Param},
};

/// Rows read at a time; each holds many entries.
const ROWS: i64 = 64;
/// Rows whose names are read at a time.
const NAMED_TOGETHER: usize = 64;
/// In the place of a column that there is not.
const NO_STATUS: &str = "CAST(NULL AS TEXT)";

/// What is committed for good, as a condition on the rows.
fn settled(conn: &Connection<'_>) -> &'static str {
    match conn {
        Connection::Sqlite(_) => "",
        Connection::Postgres(_) => "AND tx < (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint)",
    }
}

fn place(row: &sql::Row<'_>) -> sql::Result<FeedCursor> {
    Ok(FeedCursor { tx: row.get(0)?, place: row.get(1)? })
}

impl Rows<'_> {
    /// The place behind all that is committed. It names a row that is or was there, never only a number that the server
    /// gave out: after a crash it may give the same number to another transaction.
    pub(crate) fn feed_head(&self) -> Result<FeedCursor, StoreError> {
        let text = format!(
            "SELECT tx, first + count - 1 FROM feed WHERE tx > $1 {} ORDER BY tx DESC, first DESC LIMIT 1",
            settled(self.conn)
        );
        let last = sql::one(self.conn, &text, &[&FeedCursor::START.tx], place)?;
        let floor = self.feed_floor()?;
        Ok(last.into_iter().chain(floor).max().unwrap_or(FeedCursor::START))
    }

    pub(crate) fn feed_after(
        &self,
        workspace: Option<WorkspaceId>,
        after: FeedCursor,
        limit: usize,
    ) -> Result<FeedRead, StoreError> {
        let head = self.feed_head()?;
        if after > head || self.feed_floor()?.is_some_and(|floor| after < floor) {
            return Ok(FeedRead::TooOld(head));
        }
        let of = if workspace.is_some() { "AND workspace_id = $3" } else { "" };
        let text = format!(
            "SELECT tx, first, workspace_id, entries, created_on FROM feed
             WHERE tx >= $1 AND (tx > $1 OR first + count - 1 > $2) {of} {}
             ORDER BY tx, first LIMIT {ROWS}",
            settled(self.conn)
        );
        let workspace = workspace.map(|id| id.0);
        let mut params: Vec<&dyn Param> = vec![&after.tx, &after.place];
        params.extend(workspace.iter().map(|id| id as &dyn Param));
        let rows = sql::all::<_, sql::Error>(self.conn, &text, &params, |row| {
            Ok(StoredRow {
                tx: row.get(0)?,
                first: row.get(1)?,
                workspace: row.get(2)?,
                entries: row.get(3)?,
                on: sql::time(row, 4)?,
            })
        })?;
        let mut items = Vec::new();
        for row in &rows {
            if items.len() >= limit {
                break;
            }
            let behind = row.behind(after);
            items.extend(behind.ok_or_else(|| StoreError::Unreadable(format!("feed {}", row.tx)))?);
        }
        items.truncate(limit);
        Ok(FeedRead::Items(items))
    }

    /// The last place that is not kept any more.
    fn feed_floor(&self) -> sql::Result<Option<FeedCursor>> {
        sql::one(self.conn, "SELECT tx, place FROM feed_floor WHERE id = 1", &[], place)
    }

    /// When the oldest commit was that may be removed. On SQLite the newest may not: from it the next is counted.
    pub(crate) fn feed_oldest(&self) -> Result<Option<Timestamp>, StoreError> {
        let settled = match self.conn {
            Connection::Sqlite(_) => "AND tx < (SELECT max(tx) FROM feed)",
            Connection::Postgres(_) => settled(self.conn),
        };
        let text = format!("SELECT created_on FROM feed WHERE tx > $1 {settled} ORDER BY tx, first LIMIT 1");
        Ok(sql::one(self.conn, &text, &[&FeedCursor::START.tx], |row| sql::time(row, 0))?)
    }

    /// The place before all that is kept.
    pub(crate) fn feed_start(&self) -> Result<FeedCursor, StoreError> {
        Ok(self.feed_floor()?.unwrap_or(FeedCursor::START))
    }

    pub(crate) fn feed_named(&self, items: Vec<FeedItem>) -> Result<Vec<FeedNamed>, StoreError> {
        let of =
            |fits: fn(&FeedItem) -> Option<i64>| items.iter().filter_map(fits).collect::<BTreeSet<i64>>();
        let workspaces = self.names(("workspace", "id", NO_STATUS), of(|item| Some(item.workspace.0)))?;
        let contacts = of(|item| item.contact.map(|contact| contact.0));
        let contacts = self.names(("contact", "workspace_id", NO_STATUS), contacts)?;
        let mut subjects = BTreeMap::new();
        for table in SubjectTable::ALL {
            let ids = items.iter().filter(|item| SubjectTable::of(item.kinds) == Some(table));
            let ids = ids.filter_map(|item| item.subject).collect();
            let found = self.names((table.name(), "workspace_id", table.status()), ids)?;
            subjects.extend(found.into_iter().map(|(id, name)| ((table, id), name)));
        }
        let named = items.into_iter().filter_map(|item| {
            let of_workspace = |name: &&Name| name.workspace == item.workspace.0;
            let workspace = WorkspaceUuid(workspaces.get(&item.workspace.0)?.uuid);
            let contact = item.contact.and_then(|id| contacts.get(&id.0)).filter(of_workspace);
            let subject = SubjectTable::of(item.kinds)
                .zip(item.subject)
                .and_then(|key| subjects.get(&key))
                .filter(of_workspace);
            Some(FeedNamed {
                item,
                workspace,
                contact: contact.map(|name| ContactUuid(name.uuid)),
                subject: subject.map(|name| name.uuid),
                status: subject.and_then(|name| name.status.clone()),
            })
        });
        Ok(named.collect())
    }

    /// What rows of a table are called, by their numbers, with the columns that say whose they are and how they stand.
    fn names(
        &self,
        (table, workspace, status): (&str, &str, &str),
        ids: BTreeSet<i64>,
    ) -> sql::Result<BTreeMap<i64, Name>> {
        let places: Vec<String> = (1..=NAMED_TOGETHER).map(|n| format!("${n}")).collect();
        let text = format!(
            "SELECT id, uuid, {workspace}, {status} FROM {table} WHERE id IN ({})",
            places.join(", ")
        );
        let ids: Vec<i64> = ids.into_iter().collect();
        let mut found = BTreeMap::new();
        for some in ids.chunks(NAMED_TOGETHER) {
            // Always as many, so that there is one statement for all.
            let filled = some.iter().chain(std::iter::repeat(&some[0])).take(NAMED_TOGETHER);
            let params: Vec<&dyn Param> = filled.map(|id| id as &dyn Param).collect();
            found.extend(sql::all::<_, sql::Error>(self.conn, &text, &params, |row| {
                let name = Name { uuid: sql::uuid(row, 1)?, workspace: row.get(2)?, status: row.get(3)? };
                Ok((row.get(0)?, name))
            })?);
        }
        Ok(found)
    }
}

/// What a row is called.
struct Name {
    uuid: Uuid,
    /// Its workspace; of a workspace itself.
    workspace: i64,
    status: Option<SmolStr>,
}

/// Where the subject of an entry stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SubjectTable {
    Message,
    Ticket,
    Job,
    Channel,
}

impl SubjectTable {
    const ALL: [Self; 4] = [Self::Message, Self::Ticket, Self::Job, Self::Channel];

    fn of(kinds: FeedKinds) -> Option<Self> {
        kinds.iter().find_map(|kind| match kind {
            FeedKind::MessageIn | FeedKind::MessageOut | FeedKind::Status => Some(Self::Message),
            FeedKind::Ticket => Some(Self::Ticket),
            FeedKind::Job => Some(Self::Job),
            FeedKind::Channel => Some(Self::Channel),
            FeedKind::NewContact
            | FeedKind::Contact
            | FeedKind::Session
            | FeedKind::Outcome
            | FeedKind::Definitions => None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Ticket => "ticket",
            Self::Job => "job",
            Self::Channel => "channel",
        }
    }

    /// The column that says how it stands, if there is one.
    fn status(self) -> &'static str {
        match self {
            Self::Message | Self::Ticket | Self::Job => "status",
            Self::Channel => NO_STATUS,
        }
    }
}
