//! All SQL lives here: the schema and its migrations, the reads, and the one writer that commits groups.
//!
//! Two ways in and no third:
//! * reads: `async fn`s of [`Store`] that answer with typed rows from a pool of read-only connections;
//! * writes: [`Unit`]s of typed [`Change`]s handed to [`Store::write`]. Each unit commits whole or not at all;
//!   many units share one commit, so that durability costs one disk flush for all who wait.
//!
//! Every row belongs to a workspace and every query names it. SQLite and PostgreSQL stand side by side; the choice is
//! made in one file (`db.rs`) and no caller knows it. Reads and changes are written once, on the small layer of `sql`.

mod access;
mod archive;
mod audit;
mod bulk;
mod change;
mod channel_event;
mod code;
mod consent;
mod contact;
mod contact_query;
mod conversation;
mod db;
mod definitions;
mod doorbell;
mod doubts;
mod error;
pub mod faults;
mod feed;
mod household;
mod ids;
mod job;
mod kept_call;
mod listed;
mod listed_messages;
mod listed_runs;
mod listed_tickets;
mod media;
mod message;
mod message_search;
mod migrate;
mod node;
mod nodes;
mod options;
mod outbox;
mod outcome;
mod past;
mod postgres;
mod programme;
mod rate;
mod reminder;
mod schedule;
mod search_keys;
mod service;
mod setting;
mod sql;
mod sqlite;
#[doc(hidden)]
pub mod statements;
mod table_source;
mod tally;
mod template_sync;
mod text_codes;
mod ticket;
mod timer;
mod token;
mod verify;
mod walk;
mod webhook;
mod workspace;
mod writing;

pub use access::{AccessChange, LinkKind, LoginRow, SignInLinkRow, SignInMeans, SignInRow, SignInRuleRow};
pub use archive::{ArchiveKind, ArchivePeriod, ArchiveRow, KeptLog, OldEvent, Past, RetentionRow};
pub use audit::{
    Acting, Actor, ActorMeans, AuditList, AuditNote, AuditOf, AuditRow, MAX_AUDITED, MAX_AUDITED_CHARS,
};
pub use bulk::{
    History, HistoryReport, MoveError, MoveStep, Moved, MovedTable, make_history, move_store, person_tables,
};
pub use change::{Change, MAX_CHANGES_PER_UNIT, Revived, StatusResult, Tell, Unit, UnitDone};
pub use channel_event::{ChannelEventList, ChannelEventRow, ChannelEventsOf, ListedChannelEvent};
pub use code::{CodeChange, CodeList, CodeRow};
pub use consent::{ConsentRow, ConsentSource, ConsentsOf, ListedConsent, MAX_NOTES, MergeContacts, NoteRow};
pub use contact::{ContactRow, ContactUpdate, NewContact, NewUrn, Reach, UrnRow};
pub use contact_query::ContactSearch;
pub use conversation::{
    Conversation, ConversationKey, Loaded, NewEvent, PendingMessage, RunRow, SessionRow, SessionStatus,
    WaitKind,
};
pub use db::Store;
pub use definitions::{
    CampaignEventRow, CampaignRow, ChannelRow, DefinitionChange, Definitions, FieldRow, FlowRow, FormerZone,
    GlobalRow, GroupRow, KEPT_TABLE_VERSIONS, LabelRow, OptinRow, RevisionRow, TableContent, TableRow,
    TableVersion, TemplateRow, TriggerRow,
};
pub use doorbell::{Doorbell, Listener, Topic, Topics};
pub use error::{StoreError, UnitError};
pub use feed::{FeedCursor, FeedItem, FeedKind, FeedKinds, FeedNamed, FeedRead, NotACursor};
pub use ids::IdSource;

pub use household::{
    HouseholdChange, HouseholdMember, HouseholdsOf, ListedHousehold, NewMember, RegistrationRow,
    RegistrationsOf,
};
pub use job::{
    DueJobs, JOB_CHUNK_BYTES, JobChunk, JobFile, JobKind, JobRow, JobStatus, LeftOut, MAX_LEFT_OUT,
    NewLeftOut,
};
pub use kept_call::{CallKey, KeptAnswer, KeptCall};
pub use listed::{ContactList, ContactNamed, ContactsOf, ListedContact, MAX_LISTED, NamedContact};
pub use listed_messages::{ListedMessage, MessageList, MessagesOf, Visibility};
pub use listed_runs::{ListedRun, RunList, RunsOf};
pub use listed_tickets::{ListedTicket, SeenBy, TicketList, TicketsOf};
pub use media::{MediaRow, MediaState};
pub use message::{
    DailyCount, Direction, EarlyReport, InboundKey, MessageRef, MessageRow, MessageStatus, NewMessage,
    NewMessageLabel, StatusChange,
};
pub use message_search::{MessageSearch, MessageWords, UnsearchableMessage};
pub use node::{
    Beat, Fence, LeaseName, LeaseRow, NewNode, NodeRow, NodeState, Registered, Registration, Standing,
};
pub use options::{Execution, StoreOptions, StoreUrl};
pub use outbox::{
    Claimed, DeadFilter, DeadRow, MAX_QUEUES, NewOutbox, OutboxItem, OutboxKind, OutboxLine, OutboxQueue,
    Priority, Rank, Recovered, RetryOutbox, ReviveOutbox,
};
pub use outcome::{MAX_COUNTED_CHARS, OutcomeCount, OutcomeRow};
pub use past::{KeptNumbers, NumberedRows, PastMessage};
pub use postgres::{OtherDatabase, PostgresUrl};
pub use programme::{
    ContentType, DeliveryRow, MessageSetRow, ProgrammeEventKind, ProgrammeEventRow, ProgrammeMessageRow,
    SubscriptionRow, SubscriptionStatus, SubscriptionsOf,
};
pub use rate::{Rate, RateError};
pub use reminder::{MAX_REMINDERS, ReminderMode, ReminderRow};
pub use schedule::{CatchUp, ScheduleRow, ScheduledFor};
pub use service::{ResthookRow, Secret, ServiceKind, ServiceRow};
pub use setting::{FeatureRow, RateUse, SettingRow};
pub use table_source::{TableSourceChange, TableSourceRow};
pub use tally::{
    MAX_TALLY_NAME_CHARS, Tally, TallyKind, TallyName, TallyRow, TimeBucket, contact_status_word,
    event_tally, local_day, zone_named,
};
pub use template_sync::{TemplateSyncChange, TemplateSyncRow};
pub use ticket::{CannedReplyRow, TeamRow, TicketChange, TicketEdit, TicketRow, TicketStatus, TopicRow};
pub use timer::{DueTimer, TimerKind};
pub use token::TokenRow;
pub use verify::{Broken, CountDifference, Verified};
pub use walk::Walk;
pub use webhook::{DeliveryOut, DeliveryStatus, ResthookEventRow, WebhookChange, WebhookRow, WebhookStatus};
pub use workspace::{UserRow, WorkspaceRow};
