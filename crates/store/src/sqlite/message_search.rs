//! The index of messages' words: what is to go in, what goes in, and searches. The index itself is a table of SQLite's
//! FTS5 or a column of PostgreSQL's TSVECTOR; both hold the same words, each behind the number of its workspace.

use std::collections::HashMap;

use domain::{ContactId, MessageId, WorkspaceId, search_words};
use smol_str::{SmolStr, format_smolstr};

use super::{Rows, read_messages::listed, sql};
use crate::{
    Direction, ListedMessage, MessageSearch, MessageWords, MessagesOf, StoreError, UnitError,
    UnsearchableMessage,
    sql::{Connection, Param},
};

/// Found row numbers that are looked at together.
const AT_ONCE: usize = 100;
/// Found rows that one search looks at for what else is asked of them.
const LOOKED_AT: usize = 20_000;
/// Letters from which on the last word may be the beginning of one.
const BEGINNING: usize = 3;

impl Rows<'_> {
    /// Up to which row number messages were looked at.
    pub(crate) fn message_search_place(&self) -> Result<i64, StoreError> {
        let text = "SELECT place FROM message_search WHERE id = 1";
        Ok(sql::one(self.conn, text, &[], |row| row.get(0))?.unwrap_or(i64::MIN))
    }

    /// Messages behind a place and up to another whose words are not in the index, in order.
    pub(crate) fn unsearchable_messages(
        &self,
        after: i64,
        until: i64,
        limit: usize,
    ) -> Result<Vec<UnsearchableMessage>, StoreError> {
        let there = match self.conn {
            Connection::Sqlite(_) => "SELECT 1 FROM message_words_docsize AS w WHERE w.id = m.id",
            Connection::Postgres(_) => "SELECT 1 FROM message_words AS w WHERE w.message_id = m.id",
        };
        let text = format!(
            "SELECT m.id, m.workspace_id, m.text FROM message AS m
             WHERE m.id > $1 AND m.id <= $2 AND m.visibility <> 'deleted' AND NOT EXISTS ({there})
             ORDER BY m.id LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        sql::all(self.conn, &text, &[&after, &until, &limit], |row| {
            Ok(UnsearchableMessage {
                id: MessageId(row.get(0)?),
                workspace: WorkspaceId(row.get(1)?),
                text: row.get(2)?,
            })
        })
    }

    /// Messages with all words, by row numbers.
    pub(crate) fn search_messages(
        &self,
        workspace: WorkspaceId,
        search: MessageSearch,
    ) -> Result<Vec<ListedMessage>, StoreError> {
        if search.words.is_empty() {
            return Ok(Vec::new());
        }
        let mut ids = Vec::new();
        let mut place = search.walk.place().1;
        let mut looked_at = 0;
        while ids.len() < search.walk.limit && looked_at < LOOKED_AT {
            let found = match search.contact() {
                Some(contact) => self.of_contact(contact, &search, place)?,
                None => self.with_words(workspace, &search, place)?,
            };
            let Some((last, _)) = found.last().copied() else { break };
            (place, looked_at) = (last, looked_at + found.len());
            let fits: Vec<i64> = found.into_iter().filter(|(_, fits)| *fits).map(|(id, _)| id).collect();
            ids.extend(self.fitting(workspace, &search, &fits)?);
        }
        ids.truncate(search.walk.limit);
        self.messages_listed(workspace, &ids, search.walk.up)
    }

    /// The next row numbers in the index with all words.
    fn with_words(
        &self,
        workspace: WorkspaceId,
        search: &MessageSearch,
        place: i64,
    ) -> Result<Vec<(i64, bool)>, StoreError> {
        let Some(number) = number(self.conn, workspace)? else { return Ok(Vec::new()) };
        let (beyond, order) = (search.walk.beyond(), search.walk.order());
        let limit = AT_ONCE as i64;
        let (wanted, text) = match self.conn {
            Connection::Sqlite(_) => (
                asked(number, &search.words, '"', "*", " "),
                format!(
                    "SELECT rowid FROM message_words WHERE message_words MATCH $1 AND rowid {beyond} $2
                     ORDER BY rowid {order} LIMIT $3"
                ),
            ),
            Connection::Postgres(_) => (
                asked(number, &search.words, '\'', ":*", " & "),
                format!(
                    "SELECT message_id FROM message_words
                     WHERE words @@ CAST(CAST($1 AS TEXT) AS TSQUERY) AND message_id {beyond} $2
                     ORDER BY message_id {order} LIMIT $3"
                ),
            ),
        };
        sql::all(self.conn, &text, &[&wanted, &place, &limit], |row| Ok((row.get(0)?, true)))
    }

    /// The next messages of a contact, and whether they have all words: nobody has so many that an index is needed.
    fn of_contact(
        &self,
        contact: ContactId,
        search: &MessageSearch,
        place: i64,
    ) -> Result<Vec<(i64, bool)>, StoreError> {
        let (beyond, order) = (search.walk.beyond(), search.walk.order());
        let text = format!(
            "SELECT id, text FROM message WHERE contact_id = $1 AND id {beyond} $2 ORDER BY id {order} LIMIT $3"
        );
        let limit = AT_ONCE as i64;
        sql::all(self.conn, &text, &[&contact.0, &place, &limit], |row| {
            Ok((row.get(0)?, has_words(row.str(1)?, &search.words)))
        })
    }

    /// Those of which all else holds that is asked of them, in their order.
    fn fitting(
        &self,
        workspace: WorkspaceId,
        search: &MessageSearch,
        ids: &[i64],
    ) -> Result<Vec<i64>, StoreError> {
        let mut there = Vec::new();
        for part in ids.chunks(AT_ONCE) {
            let label = search.label().map_or(0, |label| label.0);
            let labelled =
                "AND EXISTS (SELECT 1 FROM message_label AS l WHERE l.message_id = m.id AND l.label_id = $4)";
            let either = if label == 0 { "AND $4 = 0" } else { labelled };
            let text = format!(
                "SELECT m.id FROM message AS m WHERE m.workspace_id = $1 AND m.created_on >= $2 AND m.created_on <= $3
                     {either} AND {} AND {} AND m.id IN ({})",
                folder(search.of),
                match search.direction {
                    None => "m.visibility <> 'deleted'",
                    Some(Direction::In) => "m.visibility <> 'deleted' AND m.direction = 'in'",
                    Some(Direction::Out) => "m.visibility <> 'deleted' AND m.direction = 'out'",
                },
                places(5),
            );
            let part = padded(part);
            let first: [&dyn Param; 4] = [&workspace.0, &search.after, &search.before, &label];
            let params: Vec<&dyn Param> =
                first.into_iter().chain(part.iter().map(|id| id as &dyn Param)).collect();
            there.extend(sql::all::<i64, StoreError>(self.conn, &text, &params, |row| row.get(0))?);
        }
        let mut fitting: Vec<i64> = ids.iter().copied().filter(|id| there.contains(id)).collect();
        fitting.dedup();
        Ok(fitting)
    }

    fn messages_listed(
        &self,
        workspace: WorkspaceId,
        ids: &[i64],
        up: bool,
    ) -> Result<Vec<ListedMessage>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for part in ids.chunks(AT_ONCE) {
            let page = format!(
                "SELECT m.id AS id, m.id AS place FROM message AS m WHERE m.workspace_id = $1 AND m.id IN ({})",
                places(2)
            );
            let part = padded(part);
            let mut params: Vec<&dyn Param> = vec![&workspace.0];
            params.extend(part.iter().map(|id| id as &dyn Param));
            found.extend(listed(self.conn, &page, &params, if up { "ASC" } else { "DESC" })?);
        }
        Ok(found)
    }
}

/// What a folder asks of a message.
fn folder(of: MessagesOf) -> &'static str {
    match of {
        MessagesOf::Inbox => "m.direction = 'in' AND m.flow_id IS NULL AND m.visibility = 'visible'",
        MessagesOf::Flows => "m.direction = 'in' AND m.flow_id IS NOT NULL AND m.visibility = 'visible'",
        MessagesOf::Archived => "m.direction = 'in' AND m.visibility = 'archived'",
        MessagesOf::Outbox => "m.direction = 'out' AND m.status IN ('queued', 'errored')",
        MessagesOf::Sent => "m.direction = 'out' AND m.status IN ('wired', 'sent', 'delivered', 'read')",
        MessagesOf::Failed => "m.direction = 'out' AND m.failed = 1",
        MessagesOf::Everything
        | MessagesOf::Contact(_)
        | MessagesOf::Label(_)
        | MessagesOf::Settled
        | MessagesOf::Emptied
        | MessagesOf::Job(_)
        | MessagesOf::Uuid(_)
        | MessagesOf::Id(_) => "1 = 1",
    }
}

fn has_words(text: &str, wanted: &[SmolStr]) -> bool {
    let words = search_words(text);
    let last = wanted.len() - 1;
    wanted.iter().enumerate().all(|(place, word)| {
        let may_begin = place == last && word.chars().count() >= BEGINNING;
        words.iter().any(|known| known == word || (may_begin && known.starts_with(word.as_str())))
    })
}

/// A query for all words. They are letters, digits and marks, so quotes need no care.
fn asked(number: i64, words: &[SmolStr], quote: char, beginning: &str, and: &str) -> String {
    let last = words.len() - 1;
    let asked = words.iter().enumerate().map(|(place, word)| {
        let may_begin = place == last && word.chars().count() >= BEGINNING;
        format!("{quote}{}{quote}{}", stored(number, word), if may_begin { beginning } else { "" })
    });
    asked.collect::<Vec<_>>().join(and)
}

/// A word as it stands in the index.
fn stored(number: i64, word: &str) -> SmolStr {
    format_smolstr!("{number}x{word}")
}

fn places(first: usize) -> String {
    (first..first + AT_ONCE).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

fn padded(ids: &[i64]) -> Vec<i64> {
    let mut ids = ids.to_vec();
    ids.resize(AT_ONCE, 0);
    ids
}

/// The number of a workspace in the index, if anything of it is in there.
fn number(conn: &Connection<'_>, workspace: WorkspaceId) -> sql::Result<Option<i64>> {
    let text = "SELECT number FROM message_search_workspace WHERE workspace_id = $1";
    sql::one(conn, text, &[&workspace.0], |row| row.get(0))
}

/// Puts words into the index. A message that is gone meanwhile, or was deleted, stays out.
pub(super) fn index(conn: &Connection<'_>, new: &MessageWords) -> Result<(), UnitError> {
    let text = "UPDATE message_search SET place = $1 WHERE id = 1 AND place = $2";
    if sql::exec(conn, text, &[&new.to, &new.from])? == 0 {
        return Err(UnitError::Gone);
    }
    let mut numbers: HashMap<WorkspaceId, i64> = HashMap::new();
    for (message, workspace, words) in &new.messages {
        let number = match numbers.get(workspace) {
            Some(number) => *number,
            None => {
                let number = named(conn, *workspace)?;
                numbers.insert(*workspace, number);
                number
            }
        };
        let stored: Vec<String> = match conn {
            Connection::Sqlite(_) => words.iter().map(|word| stored(number, word).to_string()).collect(),
            Connection::Postgres(_) => {
                words.iter().map(|word| format!("'{}'", stored(number, word))).collect()
            }
        };
        let text = match conn {
            Connection::Sqlite(_) => {
                "INSERT OR REPLACE INTO message_words (rowid, words)
                 SELECT m.id, $1 FROM message AS m WHERE m.id = $2 AND m.visibility <> 'deleted'"
            }
            Connection::Postgres(_) => {
                "INSERT INTO message_words (words, message_id)
                 SELECT CAST(CAST($1 AS TEXT) AS TSVECTOR), m.id FROM message AS m WHERE m.id = $2 AND m.visibility <> 'deleted'
                 ON CONFLICT (message_id) DO UPDATE SET words = excluded.words"
            }
        };
        sql::exec(conn, text, &[&stored.join(" "), &message.0])?;
    }
    Ok(())
}

fn named(conn: &Connection<'_>, workspace: WorkspaceId) -> sql::Result<i64> {
    if let Some(number) = number(conn, workspace)? {
        return Ok(number);
    }
    let text = "INSERT INTO message_search_workspace (workspace_id, number)
         SELECT CAST($1 AS BIGINT), coalesce(max(number), 0) + 1 FROM message_search_workspace";
    sql::exec(conn, text, &[&workspace.0])?;
    Ok(number(conn, workspace)?.unwrap_or_default())
}

/// Takes a message out of the index.
pub(super) fn forget(conn: &Connection<'_>, message: i64) -> sql::Result<()> {
    let text = match conn {
        Connection::Sqlite(_) => "DELETE FROM message_words WHERE rowid = $1",
        Connection::Postgres(_) => "DELETE FROM message_words WHERE message_id = $1",
    };
    sql::exec(conn, text, &[&message]).map(drop)
}

/// Rows from before were brought in: they are looked at as well.
pub(super) fn look_again(conn: &Connection<'_>, before: i64) -> sql::Result<()> {
    let text = "UPDATE message_search SET place = $1 WHERE id = 1 AND place > $1";
    sql::exec(conn, text, &[&(before - 1)]).map(drop)
}
