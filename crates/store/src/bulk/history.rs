//! Years of conversations made up in minutes, for drills on a store that is as full as one that has served so long.
//!
//! Each conversation is one that the drill's flow of two questions would have had: three messages in, three out that
//! were delivered, a session and a run that ended, two answers, and all that is counted of them. People have their
//! conversations in turn, so that everyone's history lies spread over the whole time, as it does in life.

use domain::{ChannelId, FlowId, NodeUuid, WorkspaceId};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Serialize;
use serde_json::json;
use smol_str::SmolStr;
use uuid::Uuid;

use super::{cells::Owned, end::End};
use crate::{
    Direction, MessageStatus, StoreError, StoreUrl,
    search_keys::{fold, terms},
    sql::{self, Kind},
    tally::{Moments, Tallies, Tally, TallyKind, TallyName, TimeBucket, local_day, zone_named},
};

/// Messages of one conversation.
const MESSAGES_EACH: u64 = 6;
/// Conversations of one page.
const PAGE: u64 = 2_000;
/// Over how long the conversations are spread.
const SPAN: SignedDuration = SignedDuration::from_hours(24 * 365);
/// Row numbers begin here; those that are drawn later are far above.
const FIRST_ID: i64 = 1_000_000;
const NAMES: [&str; 24] = [
    "Amina", "Brian", "Chipo", "Daudi", "Esi", "Faith", "Grace", "Hamisi", "Ife", "Juma", "Kofi", "Lindiwe",
    "Moses", "Naledi", "Otieno", "Palesa", "Rehema", "Sipho", "Thandi", "Uche", "Vusi", "Wanjiru", "Yaa",
    "Zola",
];
const LANGUAGES: [&str; 3] = ["eng", "swa", "lug"];

/// What is to be made up.
#[derive(Debug, Clone)]
pub struct History {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// IANA name of its zone.
    pub timezone: SmolStr,
    /// The line of all messages.
    pub channel: ChannelId,
    /// The flow of all conversations.
    pub flow: FlowId,
    /// The nodes that each conversation passes: says, asks, says, asks, says.
    pub nodes: [NodeUuid; 5],
    /// How many messages; rounded up to whole conversations.
    pub messages: u64,
    /// How many people.
    pub contacts: u64,
    /// The telephone number of the first of them; the others count on from it.
    pub first_number: u64,
    /// When the last conversation ends.
    pub until: Timestamp,
}

/// What was made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HistoryReport {
    /// Messages.
    pub messages: u64,
    /// People.
    pub contacts: u64,
    /// Sessions, each with a run.
    pub conversations: u64,
}

/// Fills a store with a history. The workspace, its line and its flow are there; no people and no messages are.
/// Blocks. `tell` hears how many messages there are so far.
///
/// # Errors
/// If the store has people, or is served, or the database fails; then it is not opened by anything any more.
pub fn make_history(
    url: &StoreUrl,
    history: &History,
    mut tell: impl FnMut(u64),
) -> Result<HistoryReport, StoreError> {
    let end = End::open(url, false)?;
    let conn = end.conn();
    super::check_whole(&conn, &url.to_string())?;
    for table in ["contact", "message", "session", "tally"] {
        if sql::one(&conn, &format!("SELECT 1 FROM {table} LIMIT 1"), &[], |row| row.get::<i64>(0))?.is_some()
        {
            let reason = format!("a history is made up only in an empty store, and table {table} has rows");
            return Err(StoreError::Open { path: url.to_string(), reason });
        }
    }
    sql::exec(
        &conn,
        "INSERT INTO filling (id, what) VALUES (1, 'a history that cannot be gone on with')",
        &[],
    )?;
    end.hurry(false)?;
    let mut maker = Maker::new(history);
    let mut first = 0;
    while first < maker.conversations {
        let last = maker.conversations.min(first + PAGE);
        let page = maker.page(first..last);
        page.write(&end)?;
        first = last;
        tell(last * MESSAGES_EACH);
    }
    maker.write_tallies(&end)?;
    end.settle()?;
    sql::exec(&conn, "DELETE FROM filling", &[])?;
    let messages = maker.conversations * MESSAGES_EACH;
    Ok(HistoryReport { messages, contacts: maker.people(), conversations: maker.conversations })
}

struct Maker<'h> {
    history: &'h History,
    zone: TimeZone,
    conversations: u64,
    /// The last day of each person's conversations so far.
    days: Vec<i32>,
    tallies: Tallies,
    drawn: u64,
}

/// Rows of some conversations.
#[derive(Default)]
struct Page {
    contacts: Vec<Vec<Owned>>,
    urns: Vec<Vec<Owned>>,
    terms: Vec<Vec<Owned>>,
    days: Vec<Vec<Owned>>,
    messages: Vec<Vec<Owned>>,
    sessions: Vec<Vec<Owned>>,
    runs: Vec<Vec<Owned>>,
    events: Vec<Vec<Owned>>,
}

impl Page {
    fn write(&self, end: &End) -> Result<(), StoreError> {
        for (table, columns, rows) in [
            (
                "contact",
                "id, workspace_id, uuid, version, name, language, status, fields, created_on, modified_on,
                 last_seen_on",
                &self.contacts,
            ),
            (
                "contact_urn",
                "id, workspace_id, contact_id, scheme, path, path_key, priority, channel_id",
                &self.urns,
            ),
            ("contact_term", "workspace_id, property, kind, value, rest, contact_id", &self.terms),
            ("contact_day", "workspace_id, day, contact_id", &self.days),
            (
                "message",
                "id, workspace_id, uuid, contact_id, urn_id, channel_id, flow_id, direction, status, text, detail,
                 external_id, day, created_on, modified_on, sent_on",
                &self.messages,
            ),
            (
                "session",
                "id, workspace_id, uuid, contact_id, status, pins, created_on, ended_on",
                &self.sessions,
            ),
            (
                "run",
                "id, workspace_id, uuid, session_id, contact_id, flow_id, status, responded, results, created_on,
                 modified_on, exited_on",
                &self.runs,
            ),
            ("event", "id, workspace_id, contact_id, session_id, kind, body, created_on", &self.events),
        ] {
            end.insert(table, columns, rows)?;
        }
        Ok(())
    }
}

fn text(text: impl Into<String>) -> Owned {
    Owned::Text(text.into())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl<'h> Maker<'h> {
    fn new(history: &'h History) -> Self {
        let conversations = history.messages.div_ceil(MESSAGES_EACH);
        Self {
            history,
            zone: zone_named(&history.timezone),
            conversations,
            days: vec![i32::MIN; usize::try_from(history.contacts).unwrap_or_default()],
            tallies: Tallies::default(),
            drawn: 0,
        }
    }

    /// People who have a conversation.
    fn people(&self) -> u64 {
        self.history.contacts.min(self.conversations)
    }

    /// When a conversation begins, in microseconds.
    fn begins(&self, conversation: u64) -> i64 {
        let span = i128::from(SPAN.as_secs()) * 1_000_000;
        let share = span * i128::from(conversation + 1) / i128::from(self.conversations.max(1));
        let from = i128::from(self.history.until.as_microsecond()) - span - 60_000_000;
        i64::try_from(from + share).unwrap_or_default()
    }

    /// A public identifier; they rise with time, as those that are drawn do.
    fn uuid(&mut self, micros: i64) -> Uuid {
        self.drawn += 1;
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&self.drawn.to_be_bytes());
        let millis = u64::try_from(micros / 1_000).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    fn day(&self, micros: i64) -> i32 {
        local_day(&self.zone, Timestamp::from_microsecond(micros).unwrap_or_default())
    }

    fn tally(&mut self, micros: i64, kind: TallyKind, subject: i64, name: TallyName) {
        let tally = Tally { workspace: self.history.workspace, day: self.day(micros), kind, subject, name };
        self.tallies.add(tally, 1);
    }

    fn page(&mut self, conversations: std::ops::Range<u64>) -> Page {
        let mut page = Page::default();
        for conversation in conversations {
            let person = conversation % self.history.contacts.max(1);
            let begins = self.begins(conversation);
            if conversation < self.people() {
                self.person(person, begins, &mut page);
            }
            let day = self.day(begins);
            let seen = &mut self.days[usize::try_from(person).unwrap_or_default()];
            if *seen != day {
                *seen = day;
                let contact = Owned::Int(FIRST_ID + signed(person));
                page.days.push(vec![Owned::Int(self.history.workspace.0), Owned::Int(day.into()), contact]);
                self.tallies.active(self.history.workspace, day, 1);
            }
            self.conversation(conversation, person, begins, &mut page);
        }
        page
    }

    fn person(&mut self, person: u64, created: i64, page: &mut Page) {
        let workspace = self.history.workspace.0;
        let id = FIRST_ID + signed(person);
        let name = NAMES[usize::try_from(person % NAMES.len() as u64).unwrap_or_default()];
        let language = LANGUAGES[usize::try_from(person % 3).unwrap_or_default()];
        let rounds = (self.conversations - 1 - person) / self.history.contacts.max(1);
        let seen = self.begins(person + rounds * self.history.contacts) + 40_000_000;
        let fields = std::collections::BTreeMap::new();
        let uuid = self.uuid(created);
        page.contacts.push(vec![
            Owned::Int(id),
            Owned::Int(workspace),
            Owned::Uuid(uuid),
            Owned::Int(FIRST_ID),
            text(name),
            text(language),
            text("active"),
            text("{}"),
            Owned::Int(created),
            Owned::Int(seen),
            Owned::Int(seen),
        ]);
        let path = format!("+{}", self.history.first_number + person);
        page.urns.push(vec![
            Owned::Int(id),
            Owned::Int(workspace),
            Owned::Int(id),
            text("tel"),
            text(path.as_str()),
            text(fold(&path)),
            Owned::Int(1_000),
            Owned::Int(self.history.channel.0),
        ]);
        for term in terms(name, Some(language), &fields) {
            page.terms.push(vec![
                Owned::Int(workspace),
                text(term.property.as_str()),
                text(term.kind.code()),
                text(term.value.as_str()),
                text(term.rest.as_str()),
                Owned::Int(id),
            ]);
        }
        self.tally(created, TallyKind::NewContact, 0, TallyName::Word(""));
        self.tally(created, TallyKind::ContactStatus, 0, TallyName::Word("active"));
        self.tally(created, TallyKind::ContactLanguage, 0, TallyName::Word(language));
    }

    fn conversation(&mut self, number: u64, person: u64, begins: i64, page: &mut Page) {
        let (workspace, flow) = (self.history.workspace.0, self.history.flow.0);
        let contact = FIRST_ID + signed(person);
        let name = NAMES[usize::try_from(person % NAMES.len() as u64).unwrap_or_default()];
        let age = 18 + (number % 50);
        let says = [
            (Direction::In, format!("hello #{number}")),
            (Direction::Out, format!("What is your name? (hello #{number})")),
            (Direction::In, format!("{name} #{number}")),
            (Direction::Out, format!("How old are you, {name}? ({name} #{number})")),
            (Direction::In, format!("{age} #{number}")),
            (Direction::Out, format!("Thank you, {name}. We noted that you are {age} years old.")),
        ];
        let mut at = begins;
        for (place, (direction, words)) in (0..).zip(says) {
            let id = FIRST_ID + signed(number * MESSAGES_EACH) + place;
            self.message((id, contact, person), direction, words, at, page);
            at += if direction == Direction::In { 15_000 } else { 12_000_000 };
        }
        let session = FIRST_ID + signed(number);
        let (answered, ended) = (begins + 12_015_000, begins + 24_045_000);
        let moments = [begins, begins, answered, answered, ended];
        for (node, at) in self.history.nodes.into_iter().zip(moments) {
            self.tally(at, TallyKind::Node, flow, TallyName::Node(node));
        }
        self.tally(begins, TallyKind::Flow, flow, TallyName::Word("started"));
        self.tally(ended, TallyKind::Flow, flow, TallyName::Word("completed"));
        let (session_uuid, run_uuid) = (self.uuid(begins), self.uuid(begins));
        page.sessions.push(vec![
            Owned::Int(session),
            Owned::Int(workspace),
            Owned::Uuid(session_uuid),
            Owned::Int(contact),
            text("completed"),
            text(""),
            Owned::Int(begins),
            Owned::Int(ended),
        ]);
        let answers = [("Name", name.to_owned(), answered, 1), ("Age", age.to_string(), ended, 3)];
        let results = self.answers(number, (contact, session), answers, page);
        page.runs.push(vec![
            Owned::Int(session),
            Owned::Int(workspace),
            Owned::Uuid(run_uuid),
            Owned::Int(session),
            Owned::Int(contact),
            Owned::Int(flow),
            text("completed"),
            Owned::Int(1),
            text(results),
            Owned::Int(begins),
            Owned::Int(ended),
            Owned::Int(ended),
        ]);
    }

    /// What was answered: title, answer, moment and node of each. Answers the results as the run keeps them.
    fn answers(
        &mut self,
        number: u64,
        (contact, session): (i64, i64),
        answers: [(&str, String, i64, usize); 2],
        page: &mut Page,
    ) -> String {
        let (workspace, flow) = (self.history.workspace.0, self.history.flow.0);
        let mut results = serde_json::Map::new();
        for (place, (title, value, at, node)) in (0..).zip(answers) {
            let moment = Timestamp::from_microsecond(at).unwrap_or_default();
            let key = title.to_lowercase();
            self.tally(at, TallyKind::Answer, flow, TallyName::answer(&key, title));
            let event = json!({"uuid": self.uuid(at), "type": "run_result_changed", "created_on": moment,
                "name": title, "value": value, "category": title});
            page.events.push(vec![
                Owned::Int(FIRST_ID + signed(number * 2) + place),
                Owned::Int(workspace),
                Owned::Int(contact),
                Owned::Int(session),
                text("run_result_changed"),
                text(event.to_string()),
                Owned::Int(at),
            ]);
            let result = json!({"name": title, "value": value, "category": title,
                "node_uuid": self.history.nodes[node], "input": value, "created_on": moment});
            results.insert(key, result);
        }
        serde_json::Value::Object(results).to_string()
    }

    fn message(
        &mut self,
        (id, contact, person): (i64, i64, u64),
        direction: Direction,
        words: String,
        at: i64,
        page: &mut Page,
    ) {
        let history = self.history;
        let (workspace, channel) = (history.workspace, history.channel.0);
        let (day, uuid) = (self.day(at), self.uuid(at));
        let place = (workspace, day, Some(channel));
        let (status, detail, sent, modified) = match direction {
            Direction::In => {
                self.tallies.message(place, direction, MessageStatus::Handled, 1);
                let name = TallyName::Time(TimeBucket::of(15_000));
                self.tally(at, TallyKind::ReplyTime, channel, name);
                (MessageStatus::Handled, Owned::Null(Kind::Text), Owned::Null(Kind::Int), at)
            }
            Direction::Out => {
                // As if the carrier had taken a moment, and the phone some seconds that differ from person to person.
                let sent = at + 80_000 + signed(person % 40) * 1_000;
                let delivered = sent + 1_500_000 + signed(person % 700) * 10_000;
                let queued = Moments { created_on: at, sent_on: None, at: sent };
                let wired = Moments { created_on: at, sent_on: Some(sent), at: delivered };
                let (before, after) = (MessageStatus::Wired, MessageStatus::Delivered);
                self.tallies.message(place, direction, MessageStatus::Queued, 1);
                self.tallies.moved(place, direction, (MessageStatus::Queued, before), queued);
                self.tallies.moved(place, direction, (before, after), wired);
                (after, text(r#"{"session_status":"waiting"}"#), Owned::Int(sent), delivered)
            }
        };
        page.messages.push(vec![
            Owned::Int(id),
            Owned::Int(workspace.0),
            Owned::Uuid(uuid),
            Owned::Int(contact),
            Owned::Int(contact),
            Owned::Int(channel),
            Owned::Int(history.flow.0),
            text(direction.as_str()),
            text(status.as_str()),
            Owned::Text(words),
            detail,
            text(format!("h{id:012}")),
            Owned::Int(day.into()),
            Owned::Int(at),
            Owned::Int(modified),
            sent,
        ]);
    }

    fn write_tallies(&self, end: &End) -> Result<(), StoreError> {
        let rows = self.tallies.rows().into_iter().map(|((workspace, day, kind, subject, name), count)| {
            vec![
                Owned::Int(workspace),
                Owned::Int(day.into()),
                text(kind),
                Owned::Int(subject),
                text(name.as_str()),
                Owned::Int(0),
                Owned::Int(count),
            ]
        });
        let columns = "workspace_id, day, kind, subject, name, shard, count";
        end.insert("tally", columns, &rows.collect::<Vec<_>>())
    }
}
