//! What is counted by day, and under which names.
//!
//! A tally is a row of counts that add up: over days, over lines, over nodes. Operations hand in what they know
//! ([`crate::Change::Tallies`]); what depends on rows that are there already (statuses of messages, jobs, tickets) the
//! writer adds itself. Everything that one commit group counts is merged in memory and written once, at its end.

use std::collections::BTreeMap;

use domain::{NodeUuid, WorkspaceId};
use jiff::{Timestamp, tz::TimeZone};
use smol_str::{SmolStr, format_smolstr};

use crate::{Direction, MessageStatus, text_codes::text_codes};

/// Characters of a name that people choose, such as a category; longer ones are counted together by their beginning.
pub const MAX_TALLY_NAME_CHARS: usize = 96;

const MICROS_PER_DAY: i64 = 86_400_000_000;

text_codes! {
    /// What a tally counts.
    TallyKind {
        /// Messages by where they stand now, on the day they were written. Subject: line; name: `out/delivered`.
        Message = "message",
        /// People not known before. Name: empty.
        NewContact = "new_contact",
        /// People who wrote or opened a conversation on the day, each once. Name: empty.
        ActiveContact = "active_contact",
        /// People by status: changes of the day, so that all days together are how many there are.
        ContactStatus = "contact_status",
        /// People by language (empty: none), as changes of the day.
        ContactLanguage = "contact_language",
        /// Opting in and out, by reason: `stopped/flow`, `stopped/asked`, `active/wrote`.
        Consent = "consent",
        /// Runs of a flow: `started`, and how they ended. Subject: flow.
        Flow = "flow",
        /// Nodes entered. Subject: flow; name: the node.
        Node = "node",
        /// Answers that are kept, by category, on the day they were given. Subject: flow; name: `result=category`.
        Answer = "answer",
        /// From a message's arrival until its replies were committed. Subject: line; name: a [`TimeBucket`].
        ReplyTime = "reply_time",
        /// From a message's arrival until it was looked at. Subject: line; name: a [`TimeBucket`].
        QueueTime = "queue_time",
        /// From when a message was written until its carrier had it. Subject: line; name: a [`TimeBucket`].
        CarrierTime = "carrier_time",
        /// From when the carrier had a message until the phone had it. Subject: line; name: a [`TimeBucket`].
        DeliveryTime = "delivery_time",
        /// Jobs: `start_flow/started`, `start_flow/done`.
        Job = "job",
        /// People for whom jobs did something: `start_flow/done`, `start_flow/left_out`.
        JobItems = "job_items",
        /// Tickets: `opened`, `closed`, `reopened`.
        Ticket = "ticket",
        /// Answers that people wrote in tickets. Subject: user. Name: empty.
        TicketReply = "ticket_reply",
        /// From when a ticket was opened until somebody first answered. Subject: who did; name: a [`TimeBucket`].
        FirstReplyTime = "first_reply_time",
        /// From when a ticket was opened until it was closed, each time it is. Subject: the user who dealt with it;
        /// name: a [`TimeBucket`].
        ResolutionTime = "resolution_time",
        /// What flows asked of others, by outcome: `webhook/success`.
        Effect = "effect",
        /// What flows achieved. These are kept in a table of their own (`outcome_count`). Subject: flow; name:
        /// `name=value`.
        Outcome = "outcome",
    }
}

/// The day of a moment in a zone, days since 1970-01-01.
pub fn local_day(zone: &TimeZone, at: Timestamp) -> i32 {
    let offset = i64::from(zone.to_offset(at).seconds()) * 1_000_000;
    i32::try_from((at.as_microsecond() + offset).div_euclid(MICROS_PER_DAY)).unwrap_or(i32::MAX)
}

/// The zone that a workspace names; UTC if it is not known here.
pub fn zone_named(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// A span of time on a scale that is the same everywhere and always, so that counts of different days and lines add
/// up: two steps to each doubling, from a millisecond to some weeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeBucket(u8);

impl TimeBucket {
    /// The longest bucket: everything beyond falls into it.
    pub const LAST: Self = Self(62);

    /// The bucket of a span. Spans below a millisecond, and those that clocks make negative, are in the first.
    pub fn of(micros: i64) -> Self {
        let micros = micros.max(1);
        (0..=Self::LAST.0).map(Self).find(|bucket| micros <= bucket.most_micros()).unwrap_or(Self::LAST)
    }

    /// The longest span in the bucket, in microseconds.
    pub fn most_micros(self) -> i64 {
        let doubled = 1_000_i64 << (self.0 / 2);
        // Between two doublings lies the square root of two.
        if self.0.is_multiple_of(2) { doubled } else { doubled * 1_414_214 / 1_000_000 }
    }

    /// The stored name: places of the scale, which sort as they rise.
    pub fn name(self) -> SmolStr {
        format_smolstr!("{:02}", self.0)
    }

    /// Reads the stored name.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok().filter(|place| *place <= Self::LAST.0).map(Self)
    }
}

/// The name under which a tally counts, in the form in which it is cheapest to make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TallyName {
    /// A word, or none.
    Word(&'static str),
    /// Two words with a stroke between them.
    Pair(&'static str, &'static str),
    /// A node of a flow.
    Node(NodeUuid),
    /// A span of time.
    Time(TimeBucket),
    /// What people chose.
    Text(SmolStr),
}

impl TallyName {
    /// Text that people chose, cut to [`MAX_TALLY_NAME_CHARS`].
    pub fn text(text: &str) -> Self {
        Self::Text(text.chars().take(MAX_TALLY_NAME_CHARS).collect())
    }

    /// The name of an answer: the result's key and its category.
    pub fn answer(key: &str, category: &str) -> Self {
        Self::text(&format!("{key}={category}"))
    }

    /// The stored form.
    pub fn stored(&self) -> SmolStr {
        match self {
            Self::Word(word) => SmolStr::new_static(word),
            Self::Pair(first, second) => format_smolstr!("{first}/{second}"),
            Self::Node(node) => format_smolstr!("{node}"),
            Self::Time(bucket) => bucket.name(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// One thing to count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tally {
    /// Owner.
    pub workspace: WorkspaceId,
    /// Local day of the workspace, days since 1970-01-01.
    pub day: i32,
    /// What.
    pub kind: TallyKind,
    /// Row number of the line or flow; 0 if the kind has none.
    pub subject: i64,
    /// Under which name.
    pub name: TallyName,
}

/// What an entry of a contact's history counts as: its kind and JSON, and whether a flow caused it.
pub fn event_tally(kind: &str, body: &str, in_session: bool) -> Option<(TallyKind, TallyName)> {
    #[derive(serde::Deserialize)]
    struct WithStatus {
        #[serde(default)]
        status: SmolStr,
    }
    let status = || serde_json::from_str::<WithStatus>(body).map(|body| body.status).unwrap_or_default();
    Some(match kind {
        "contact_status_changed" => {
            let status = status();
            let reason = match (in_session, status.as_str()) {
                (true, _) => "flow",
                (false, "active") => "wrote",
                (false, _) => "asked",
            };
            (TallyKind::Consent, TallyName::text(&format!("{status}/{reason}")))
        }
        "webhook_called" => (TallyKind::Effect, TallyName::text(&format!("webhook/{}", status()))),
        "llm_called" => (TallyKind::Effect, TallyName::Word("model/success")),
        "airtime_created" => (TallyKind::Effect, TallyName::Word("airtime/success")),
        "email_sent" => (TallyKind::Effect, TallyName::Word("email/success")),
        _ => return None,
    })
}

/// The stored word of a contact's status.
pub fn contact_status_word(status: domain::ContactStatus) -> &'static str {
    crate::sql::status_word(status)
}

/// A count as kept or found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct TallyRow {
    /// Local day of the workspace, days since 1970-01-01.
    pub day: i32,
    /// What.
    pub kind: TallyKind,
    /// Row number of the line or flow; 0 if the kind has none.
    pub subject: i64,
    /// Under which name.
    pub name: SmolStr,
    /// How many.
    pub count: i64,
}

/// When a message was written, when its carrier had it, and when its new status comes; microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) created_on: i64,
    pub(crate) sent_on: Option<i64>,
    pub(crate) at: i64,
}

/// Counts that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Tallies(BTreeMap<Tally, i64>);

/// Key of a row: workspace, day, kind, subject, name.
pub(crate) type RowKey = (i64, i32, &'static str, i64, SmolStr);

impl Tallies {
    pub(crate) fn add(&mut self, tally: Tally, by: i64) {
        *self.0.entry(tally).or_default() += by;
    }

    /// A message that comes to stand, or stands no more, in a status.
    pub(crate) fn message(
        &mut self,
        (workspace, day, channel): (WorkspaceId, i32, Option<i64>),
        direction: Direction,
        status: MessageStatus,
        by: i64,
    ) {
        let name = TallyName::Pair(direction.as_str(), status.as_str());
        let (kind, subject) = (TallyKind::Message, channel.unwrap_or(0));
        self.add(Tally { workspace, day, kind, subject, name }, by);
    }

    /// A message that comes to stand in another status, and how long that took.
    pub(crate) fn moved(
        &mut self,
        place: (WorkspaceId, i32, Option<i64>),
        direction: Direction,
        (before, next): (MessageStatus, MessageStatus),
        moments: Moments,
    ) {
        if before != next {
            self.message(place, direction, before, -1);
            self.message(place, direction, next, 1);
        }
        if direction != Direction::Out {
            return;
        }
        let (workspace, day, channel) = place;
        let mut took = |kind, micros| {
            let name = TallyName::Time(TimeBucket::of(micros));
            self.add(Tally { workspace, day, kind, subject: channel.unwrap_or(0), name }, 1);
        };
        let Moments { created_on, sent_on, at } = moments;
        if next.has_reached_carrier() && sent_on.is_none() {
            took(TallyKind::CarrierTime, at - created_on);
        }
        if next.has_reached_phone() && !before.has_reached_phone() {
            took(TallyKind::DeliveryTime, at - sent_on.unwrap_or(at));
        }
    }

    /// People who were there for the first time on a day.
    pub(crate) fn active(&mut self, workspace: WorkspaceId, day: i32, by: i64) {
        let (kind, name) = (TallyKind::ActiveContact, TallyName::Word(""));
        self.add(Tally { workspace, day, kind, subject: 0, name }, by);
    }

    pub(crate) fn take_all(&mut self, other: Self) {
        for (tally, by) in other.0 {
            self.add(tally, by);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The rows that change, in the order of their keys: in this order everybody writes them, so that no two writers
    /// wait for each other in a circle.
    pub(crate) fn rows(&self) -> BTreeMap<RowKey, i64> {
        let mut rows = BTreeMap::new();
        for (tally, by) in &self.0 {
            let key = (tally.workspace.0, tally.day, tally.kind.as_str(), tally.subject, tally.name.stored());
            *rows.entry(key).or_default() += by;
        }
        rows.retain(|_, by| *by != 0);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_fall_into_the_bucket_that_just_holds_them() {
        for (micros, most) in [
            (-5, 1_000),
            (0, 1_000),
            (1_000, 1_000),
            (1_001, 1_414),
            (1_415, 2_000),
            (100_000, 128_000),
            (60_000_000, 65_536_000),
        ] {
            assert_eq!(TimeBucket::of(micros).most_micros(), most, "{micros}");
        }
        assert_eq!(TimeBucket::of(i64::MAX), TimeBucket::LAST);
        let names: Vec<_> = (0..=62).map(|place| TimeBucket(place).name()).collect();
        assert!(names.is_sorted());
        assert!(names.iter().all(|name| TimeBucket::parse(name).is_some_and(|b| b.name() == *name)));
        assert_eq!(TimeBucket::parse("63"), None);
    }

    #[test]
    fn names_of_different_forms_share_a_row_and_what_comes_to_nothing_is_not_written() {
        let tally =
            |name| Tally { workspace: WorkspaceId(1), day: 20_000, kind: TallyKind::Flow, subject: 5, name };
        let mut tallies = Tallies::default();
        tallies.add(tally(TallyName::Word("started")), 2);
        tallies.add(tally(TallyName::text("started")), 1);
        tallies.add(tally(TallyName::Word("failed")), 1);
        tallies.add(tally(TallyName::text("failed")), -1);
        let rows: Vec<_> = tallies.rows().into_iter().collect();
        assert_eq!(rows, [((1, 20_000, "flow", 5, "started".into()), 3)]);
    }
}
