//! The feed: what was committed, in the order of the commits, for consoles and other programs.
//!
//! The writer gathers an entry for each person or thing that a unit changed, from the unit's own changes, so no
//! operation can forget it; all entries of a commit are one row for each workspace. An entry says who and what kind of
//! thing; what it is now stands in the tables. Readers go from cursor to cursor and miss nothing: a cursor is a place in
//! the order of the commits, the same on every node.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use domain::{ContactId, WorkspaceId};
use jiff::Timestamp;
use thiserror::Error;

use crate::{Change, DefinitionChange, Direction, Unit};

/// Entries that one row holds at most.
const ROW_ENTRIES: usize = 2_000;
/// Entries of a unit that are looked at to find the one a change belongs to: changes of a person stand together.
const LOOK_BACK: usize = 8;

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeedKind {
    /// The person wrote.
    MessageIn,
    /// Something is to be said to them.
    MessageOut,
    /// A message has another status.
    Status,
    /// The person was not known before.
    NewContact,
    /// The person's row was written: name, fields, groups, addresses, when they were seen.
    Contact,
    /// Their conversation moved.
    Session,
    /// Something was achieved.
    Outcome,
    /// A ticket was opened or changed.
    Ticket,
    /// A job was written or moved.
    Job,
    /// A channel was set up or changed.
    Channel,
    /// Flows, groups, fields and what else conversations run on.
    Definitions,
}

impl FeedKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::MessageIn,
        Self::MessageOut,
        Self::Status,
        Self::NewContact,
        Self::Contact,
        Self::Session,
        Self::Outcome,
        Self::Ticket,
        Self::Job,
        Self::Channel,
        Self::Definitions,
    ];

    /// The word for other programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MessageIn => "message_in",
            Self::MessageOut => "message_out",
            Self::Status => "status",
            Self::NewContact => "new_contact",
            Self::Contact => "contact",
            Self::Session => "session",
            Self::Outcome => "outcome",
            Self::Ticket => "ticket",
            Self::Job => "job",
            Self::Channel => "channel",
            Self::Definitions => "definitions",
        }
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }

    /// Whether it is part of what happens between us and a person: one entry says all of that.
    fn is_of_conversation(self) -> bool {
        match self {
            Self::MessageIn
            | Self::MessageOut
            | Self::NewContact
            | Self::Contact
            | Self::Session
            | Self::Outcome => true,
            Self::Status | Self::Ticket | Self::Job | Self::Channel | Self::Definitions => false,
        }
    }
}

/// Several kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeedKinds(u16);

impl FeedKinds {
    /// Whether this kind is among them.
    pub fn contains(self, kind: FeedKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// Those that this version knows.
    pub fn iter(self) -> impl Iterator<Item = FeedKind> {
        FeedKind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}

impl FromIterator<FeedKind> for FeedKinds {
    fn from_iter<I: IntoIterator<Item = FeedKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | kind.bit()))
    }
}

/// A place in the feed: behind the entry that it names. Later places are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedCursor {
    pub(crate) tx: i64,
    pub(crate) place: i64,
}

impl FeedCursor {
    /// Before everything.
    pub const START: Self = Self { tx: 0, place: -1 };
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("that is not a cursor of the feed; take one as it was given, such as 815-3")]
pub struct NotACursor;

impl Display for FeedCursor {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // The number of entries before the next one, which is never negative.
        write!(f, "{}-{}", self.tx, self.place.saturating_add(1))
    }
}

impl FromStr for FeedCursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<i64>().ok().filter(|_| digits).ok_or(NotACursor)
        };
        let (tx, next) = text.split_once('-').ok_or(NotACursor)?;
        let next = number(next)?;
        // The end of a commit stays its end.
        let place = if next == i64::MAX { next } else { next - 1 };
        Ok(Self { tx: number(tx)?, place })
    }
}

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedItem {
    /// The place behind it: go on from here.
    pub cursor: FeedCursor,
    /// When, by the clock of the node that wrote it; to the second or so.
    pub on: Timestamp,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The person, if it is about one.
    pub contact: Option<ContactId>,
    /// The row number of what it is about: the first message of a step, the message of a status, a ticket, a job, a
    /// channel.
    pub subject: Option<i64>,
    /// What changed.
    pub kinds: FeedKinds,
}

/// What lies behind a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedRead {
    /// The next entries in order; none if there are none yet.
    Items(Vec<FeedItem>),
    /// What came next is not kept any more, or the cursor is of another database: look at everything, then go on from
    /// here.
    TooOld(FeedCursor),
}

/// An entry as it is written.
#[derive(Debug, Clone, Copy)]
struct Entry {
    workspace: i64,
    contact: i64,
    subject: i64,
    kinds: u16,
}

/// Entries of units that are written together.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    entries: Vec<Entry>,
    /// When; the latest moment that a unit named.
    on: i64,
}

/// A row to be written.
pub(crate) struct FeedRow {
    pub first: i64,
    pub count: i64,
    pub workspace: i64,
    pub entries: Vec<u8>,
    pub on: i64,
}

impl Gathered {
    /// Notes what a unit that took effect did. Statuses come by [`Gathered::status`], as they may change nothing.
    pub(crate) fn unit(&mut self, unit: &Unit) {
        let from = self.entries.len();
        for change in &unit.changes {
            self.change(change, from);
        }
    }

    /// Notes a message that has another status.
    pub(crate) fn status(&mut self, workspace: i64, contact: i64, message: i64, on: i64) {
        self.on = self.on.max(on);
        self.entries.push(Entry { workspace, contact, subject: message, kinds: FeedKind::Status.bit() });
    }

    /// Takes what another gathered, behind its own.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.on = self.on.max(other.on);
        if self.entries.is_empty() {
            self.entries = other.entries;
        } else {
            self.entries.append(&mut other.entries);
        }
    }

    /// Throws entries away; the moment is kept for those that name none.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    // tidy: table
    fn change(&mut self, change: &Change, from: usize) {
        match change {
            Change::NewContact(new) => {
                let contact = &new.contact;
                self.on(contact.created_on);
                self.note(from, (contact.workspace, contact.id, 0), FeedKind::NewContact);
            }
            Change::Contact(update) => {
                self.on(update.modified_on);
                self.note(from, (update.contact.workspace, update.contact.id, 0), FeedKind::Contact);
            }
            Change::Message(new) => {
                self.on(new.created_on);
                let kind = match new.direction {
                    Direction::In => FeedKind::MessageIn,
                    Direction::Out => FeedKind::MessageOut,
                };
                self.note(from, (new.workspace, new.contact, new.id.0), kind);
            }
            Change::Tell(told) => {
                let new = &told.message;
                self.on(new.created_on);
                self.note(from, (new.workspace, new.contact, new.id.0), FeedKind::MessageOut);
            }
            Change::Session(row) => {
                self.note(from, (row.workspace, row.contact, 0), FeedKind::Session);
            }
            Change::Outcome(row) => self.note(from, (row.workspace, row.contact, 0), FeedKind::Outcome),
            Change::NewTicket(row) => {
                self.on(row.modified_on);
                self.note(from, (row.workspace, row.contact, row.id.0), FeedKind::Ticket);
            }
            Change::Ticket(change) => {
                self.on(change.at);
                self.note(from, (change.workspace, change.contact, 0), FeedKind::Ticket);
            }
            Change::NewJob(job) | Change::Job(job) => {
                self.on(job.modified_on);
                self.note(from, (job.workspace, ContactId(0), job.id.0), FeedKind::Job);
            }
            Change::Definition(workspace, DefinitionChange::Channel(row)) => {
                self.note(from, (*workspace, ContactId(0), row.id.0), FeedKind::Channel);
            }
            Change::Definition(workspace, change) => {
                match change {
                    DefinitionChange::NewWorkspace(row) => self.on(row.created_on),
                    DefinitionChange::Flow(row) => self.on(row.modified_on),
                    _ => {}
                }
                self.note(from, (*workspace, ContactId(0), 0), FeedKind::Definitions);
            }
            // Statuses are noted where they take effect; all else goes with one of those above.
            _ => {}
        }
    }

    fn on(&mut self, at: Timestamp) {
        self.on = self.on.max(at.as_microsecond());
    }

    fn note(&mut self, from: usize, about: (WorkspaceId, ContactId, i64), kind: FeedKind) {
        let (WorkspaceId(workspace), ContactId(contact), subject) = about;
        let own = &mut self.entries[from..];
        let recent = own.len().saturating_sub(LOOK_BACK);
        let same = own[recent..].iter_mut().rev().find(|entry| {
            let conversation = FeedKind::ALL
                .into_iter()
                .any(|other| other.is_of_conversation() && entry.kinds & other.bit() != 0);
            entry.workspace == workspace
                && entry.contact == contact
                && if kind.is_of_conversation() {
                    conversation
                } else {
                    entry.kinds & kind.bit() != 0 && entry.subject == subject
                }
        });
        match same {
            Some(entry) => {
                entry.kinds |= kind.bit();
                if entry.subject == 0 {
                    entry.subject = subject;
                }
            }
            None => self.entries.push(Entry { workspace, contact, subject, kinds: kind.bit() }),
        }
    }

    /// The rows of a commit. What was gathered is gone from here then.
    pub(crate) fn rows(&mut self) -> Vec<FeedRow> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        // Stable: those of a workspace stay in order.
        self.entries.sort_by_key(|entry| entry.workspace);
        let mut rows = Vec::new();
        let mut first = 0;
        for of_workspace in self.entries.chunk_by(|one, other| one.workspace == other.workspace) {
            for part in of_workspace.chunks(ROW_ENTRIES) {
                let mut packed = Vec::with_capacity(part.len() * 16);
                for entry in part {
                    put(&mut packed, u64::from(entry.kinds));
                    put(&mut packed, entry.contact.cast_unsigned());
                    put(&mut packed, entry.subject.cast_unsigned());
                }
                let count = i64::try_from(part.len()).unwrap_or(i64::MAX);
                rows.push(FeedRow {
                    first,
                    count,
                    workspace: part[0].workspace,
                    entries: packed,
                    on: self.on,
                });
                first += count;
            }
        }
        self.entries.clear();
        rows
    }
}

/// A row as it is read.
pub(crate) struct StoredRow {
    pub tx: i64,
    pub first: i64,
    pub workspace: i64,
    pub entries: Vec<u8>,
    pub on: Timestamp,
}

impl StoredRow {
    /// The entries behind a cursor; `None` if the row cannot be read.
    pub(crate) fn behind(&self, after: FeedCursor) -> Option<Vec<FeedItem>> {
        let mut packed = self.entries.as_slice();
        let mut items = Vec::new();
        let mut place = self.first;
        while !packed.is_empty() {
            let (kinds, contact, subject) = (take(&mut packed)?, take(&mut packed)?, take(&mut packed)?);
            let cursor = FeedCursor { tx: self.tx, place };
            place += 1;
            if cursor > after {
                let there = |id: u64| Some(id.cast_signed()).filter(|id| *id != 0);
                items.push(FeedItem {
                    cursor,
                    on: self.on,
                    workspace: WorkspaceId(self.workspace),
                    contact: there(contact).map(ContactId),
                    subject: there(subject),
                    kinds: FeedKinds(u16::try_from(kinds).ok()?),
                });
            }
        }
        Some(items)
    }
}

/// Seven bits in each byte, the lowest first; the highest bit says that more follow.
fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take(packed: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = packed.split_first()?;
        *packed = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{FeedCursor, FeedKind, FeedKinds, Gathered, StoredRow, put, take};
    use jiff::Timestamp;

    #[test]
    fn numbers_are_packed_and_come_back() {
        for number in [0, 1, 127, 128, 300, 1 << 53, u64::MAX] {
            let mut packed = Vec::new();
            put(&mut packed, number);
            assert_eq!(take(&mut packed.as_slice()), Some(number));
            assert_eq!(take(&mut &packed[..packed.len() - 1]), None, "cut off");
        }
        assert_eq!(take(&mut [0xff; 12].as_slice()), None, "longer than any number");
    }

    #[test]
    fn cursors_are_texts_and_nothing_else_is_one() {
        for (cursor, text) in [
            (FeedCursor::START, "0-0"),
            (FeedCursor { tx: 815, place: 2 }, "815-3"),
            (FeedCursor { tx: 1, place: i64::MAX }, "1-9223372036854775807"),
        ] {
            assert_eq!(cursor.to_string(), text);
            assert_eq!(text.parse(), Ok(cursor));
        }
        for bad in ["", "1", "-", "1-", "-1-2", "1-+2", "1-2-3", "a-1", "1-99999999999999999999", " 1-2"] {
            assert!(bad.parse::<FeedCursor>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_commit_is_a_row_for_each_workspace_and_many_entries_are_several() {
        let mut gathered = Gathered::default();
        for n in 0..2_500 {
            gathered.status(7, n + 1, 100 + n, 5_000_000);
        }
        gathered.status(3, 1, 9, 4_000_000);
        let rows = gathered.rows();
        let shape: Vec<_> = rows.iter().map(|row| (row.workspace, row.first, row.count)).collect();
        assert_eq!(shape, [(3, 0, 1), (7, 1, 2_000), (7, 2_001, 500)]);
        assert!(gathered.rows().is_empty());
        let on = Timestamp::from_second(5).unwrap();
        let row = &rows[2];
        let stored = StoredRow { tx: 4, first: row.first, workspace: 7, entries: row.entries.clone(), on };
        let items = stored.behind(FeedCursor { tx: 4, place: 2_498 }).unwrap();
        assert_eq!(items.len(), 2);
        assert_eq!(items[1].subject, Some(2_599));
        assert_eq!(items[1].cursor, FeedCursor { tx: 4, place: 2_500 });
        assert_eq!(items[1].kinds, FeedKinds::from_iter([FeedKind::Status]));
        assert!(stored.behind(items[1].cursor).unwrap().is_empty());
        let broken = StoredRow { entries: vec![0x80], ..stored };
        assert!(broken.behind(FeedCursor::START).is_none());
    }
}
