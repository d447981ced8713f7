//! The feed: what was committed, in the order of the commits, for consoles and other programs.
//!
//! The writer gathers an entry for each message, person or thing that a unit changed, from the unit's own changes, so no
//! operation can forget it; all entries of a commit group are one row for each workspace. An entry says who and what kind
//! of thing; what it is now stands in the tables. Readers go from cursor to cursor and miss nothing: a cursor is a place in
//! the order of the commits, the same on every node. What was committed before something else began stands before it;
//! transactions that ran side by side stand one after the other in an order that is the same for every reader.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use domain::{ContactId, ContactUuid, WorkspaceId, WorkspaceUuid};
use jiff::Timestamp;
use smol_str::SmolStr;
use thiserror::Error;
use uuid::Uuid;

use crate::{Change, DefinitionChange, Direction, Unit};

/// Commits by which a reader's place may stay behind what others wrote, before it is noted.
const NEAR: i64 = 1_000;
/// Entries that one row holds at most.
const ROW_ENTRIES: usize = 2_000;
/// How entries are packed, as the first byte of a row says.
const PACKED: u8 = 1;
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

    const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// Whether it is a message: each has an entry.
    fn is_message(self) -> bool {
        matches!(self, Self::MessageIn | Self::MessageOut)
    }

    /// Whether it is part of what happens between us and a person: it goes with a message, if there is one.
    const fn is_of_conversation(self) -> bool {
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

/// The kinds that are part of what happens between us and a person.
const CONVERSATION: u16 = {
    let (mut bits, mut n) = (0, 0);
    while n < FeedKind::ALL.len() {
        if FeedKind::ALL[n].is_of_conversation() {
            bits |= FeedKind::ALL[n].bit();
        }
        n += 1;
    }
    bits
};

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

    /// The place before the entry behind which this is.
    #[must_use]
    pub fn before(self) -> Self {
        Self { tx: self.tx, place: self.place.saturating_sub(1).max(-1) }
    }

    /// Whether another place is so little further that it need not be noted.
    pub fn is_near(self, other: Self) -> bool {
        other.tx.saturating_sub(self.tx) < NEAR
    }
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
    /// The row number of what it is about: a message, a ticket, a job, a channel.
    pub subject: Option<i64>,
    /// What changed.
    pub kinds: FeedKinds,
}

/// An entry with the public identifiers of what it is about, and how that stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedNamed {
    /// The entry.
    pub item: FeedItem,
    /// Whose it is.
    pub workspace: WorkspaceUuid,
    /// The person, if it is about one who is there.
    pub contact: Option<ContactUuid>,
    /// The message, ticket, job or channel, if it is about one that is there.
    pub subject: Option<Uuid>,
    /// The status of that message, ticket or job as it is now, which may be further than the change led.
    pub status: Option<SmolStr>,
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
            entry.workspace == workspace
                && entry.contact == contact
                && if kind.is_of_conversation() {
                    entry.kinds & CONVERSATION != 0 && !(kind.is_message() && entry.subject != 0)
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
                let packed = pack(part);
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

/// Entries as bytes: a number for the way in which they are packed, then of each its kinds and how far its contact and
/// its subject are from those of the one before, which is little: numbers of one commit were drawn at about the same time.
fn pack(entries: &[Entry]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(1 + entries.len() * 12);
    packed.push(PACKED);
    let (mut contact, mut subject) = (0, 0);
    for entry in entries {
        put(&mut packed, u64::from(entry.kinds));
        put(&mut packed, folded(entry.contact.wrapping_sub(contact)));
        // None stays none, and the one before stays the measure.
        if entry.subject == 0 {
            put(&mut packed, 0);
        } else {
            put(&mut packed, folded(entry.subject.wrapping_sub(subject)).saturating_add(1));
            subject = entry.subject;
        }
        contact = entry.contact;
    }
    packed
}

/// The entries of a row: kinds, contact, subject. `None` if they cannot be read.
fn unpack(mut packed: &[u8]) -> Option<Vec<(u16, i64, i64)>> {
    let (&PACKED, rest) = packed.split_first()? else { return None };
    packed = rest;
    let (mut entries, mut contact, mut subject) = (Vec::new(), 0_i64, 0_i64);
    while !packed.is_empty() {
        let kinds = u16::try_from(take(&mut packed)?).ok()?;
        contact = contact.wrapping_add(unfolded(take(&mut packed)?));
        let about = match take(&mut packed)? {
            0 => 0,
            some => {
                subject = subject.wrapping_add(unfolded(some - 1));
                subject
            }
        };
        entries.push((kinds, contact, about));
    }
    Some(entries)
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
        let there = |id: i64| Some(id).filter(|id| *id != 0);
        let items =
            (self.first..).zip(unpack(&self.entries)?).map(|(place, (kinds, contact, subject))| FeedItem {
                cursor: FeedCursor { tx: self.tx, place },
                on: self.on,
                workspace: WorkspaceId(self.workspace),
                contact: there(contact).map(ContactId),
                subject: there(subject),
                kinds: FeedKinds(kinds),
            });
        Some(items.filter(|item| item.cursor > after).collect())
    }
}

/// A number of either sign, small if it is near to zero.
fn folded(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unfolded(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
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
    use super::{
        Entry, FeedCursor, FeedKind, FeedKinds, Gathered, PACKED, StoredRow, folded, pack, put, take,
        unfolded, unpack,
    };
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
    fn entries_are_packed_small_and_come_back() {
        for number in [0, 1, -1, 63, -64, i64::MAX, i64::MIN] {
            assert_eq!(unfolded(folded(number)), number);
        }
        assert_eq!([0, -1, 1, -2].map(folded), [0, 1, 2, 3]);
        let base = 13_000_000_000_000_000;
        let entries = [
            (1, base, base + 64),
            (2, base, base + 96),
            (16, base, 0),
            (4, base - 32, base + 128),
            (256, 0, i64::MAX - 1),
            (1, i64::MIN, 5),
        ];
        let rows = entries.map(|(kinds, contact, subject)| Entry { workspace: 1, contact, subject, kinds });
        let packed = pack(&rows);
        assert_eq!(unpack(&packed), Some(entries.to_vec()));
        assert_eq!(pack(&rows[..2]).len() - pack(&rows[..1]).len(), 3, "another message of the same person");
        for cut in 1..packed.len() {
            let whole = unpack(&packed[..cut]);
            assert!(whole.is_none_or(|some| some.len() < entries.len()), "cut off at {cut}");
        }
        assert_eq!(unpack(&[]), None);
        assert_eq!(unpack(&[PACKED + 1, 1, 0, 0]), None, "packed in a way that is not known yet");
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
        let broken = StoredRow { entries: vec![PACKED, 0x80], ..stored };
        assert!(broken.behind(FeedCursor::START).is_none());
    }
}
