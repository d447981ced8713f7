//! The one place that knows which database is behind the store.

use std::sync::{Arc, Mutex, PoisonError};

use domain::{
    ArchiveUuid, ChannelUuid, ContactId, ContactUuid, EventId, FlowId, GroupId, JobId, JobUuid, LabelId,
    MediaUuid, MessageId, MessageSetId, MessageUuid, OutboxId, OutcomeId, ReminderId, SessionId, SignInUuid,
    SubscriptionId, TableId, TicketUuid, TopicId, Urn, UrnId, WorkspaceId,
};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::doorbell;
use crate::doubts::Doubts;
use crate::faults::{Call, Faults};
use crate::{
    ArchiveRow, AuditList, AuditRow, CallKey, ChannelEventList, ChannelRow, Claimed, ContactList,
    ContactNamed, ContactRow, ContactSearch, ConversationKey, DailyCount, DeadFilter, DeadRow, Definitions,
    DeliveryRow, Doorbell, DueJobs, DueTimer, EarlyReport, FeedCursor, FeedItem, FeedNamed, FeedRead,
    IdSource, InboundKey, JobFile, JobKind, JobRow, KeptCall, LeaseRow, LeftOut, ListedChannelEvent,
    ListedContact, ListedMessage, ListedRun, ListedTicket, Loaded, LoginRow, MediaRow, MessageList,
    MessageRow, MessageSearch, NamedContact, NodeRow, OldEvent, OutboxItem, OutboxQueue, OutcomeCount,
    OutcomeRow, ProgrammeEventRow, ProgrammeMessageRow, RateUse, Reach, Recovered, Registered, ReminderRow,
    RetentionRow, RevisionRow, RunList, RunRow, ScheduleRow, SessionRow, SettingRow, SignInLinkRow,
    SignInRow, SignInRuleRow, StoreError, StoreOptions, StoreUrl, SubscriptionRow, SubscriptionsOf,
    TableContent, TableVersion, TallyKind, TallyRow, TicketList, TicketRow, TimerKind, TokenRow, Topic,
    Topics, Unit, UnitDone, UnitError, UnsearchableMessage, UserRow, Verified, Walk, WorkspaceRow,
    postgres::Postgres,
    sql::{self, Connection},
    sqlite::{Sqlite, apply_outbox},
};

/// The database behind the store.
enum Db {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// All that is kept. Cheap to clone; the last clone closes the database.
#[derive(Clone)]
pub struct Store {
    db: Arc<Db>,
    ids: Arc<IdSource>,
    doubts: Arc<Doubts>,
    doorbell: Doorbell,
    /// Only in simulations.
    faults: Option<Faults>,
    /// Whether reads may be answered by a standby.
    reports: bool,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the store, creating it or bringing its schema up to date. Blocks; call it before serving.
    pub fn open(url: &StoreUrl, options: StoreOptions) -> Result<Self, StoreError> {
        if options.reports.is_some() && !matches!(url, StoreUrl::Postgres(_)) {
            return Err(StoreError::BadUrl("a database for reports is a standby of PostgreSQL".to_owned()));
        }
        let doorbell = Doorbell::default();
        let db = match url {
            StoreUrl::Sqlite(path) => Db::Sqlite(Sqlite::open(Some(path), options)?),
            StoreUrl::Memory => Db::Sqlite(Sqlite::open(None, options)?),
            StoreUrl::Postgres(url) => Db::Postgres(Postgres::open(url, options, &doorbell)?),
        };
        let highest = match &db {
            Db::Sqlite(db) => db.highest_id(),
            Db::Postgres(db) => db.highest_id(),
        };
        let ids = IdSource::new(IdSource::command_slot(std::process::id()), highest);
        Ok(Self {
            db: Arc::new(db),
            ids: Arc::new(ids),
            doubts: Arc::default(),
            doorbell,
            faults: None,
            reports: false,
        })
    }

    /// The same store as another process uses it, with row numbers of its own: for several nodes in one process.
    #[must_use]
    pub fn with_id_slot(&self, slot: u8) -> Self {
        Self { ids: Arc::new(IdSource::new(slot, 0)), doubts: Arc::default(), ..self.clone() }
    }

    /// The same store as one node of a simulation sees it, through its faults.
    #[must_use]
    pub fn with_faults(&self, faults: Faults) -> Self {
        Self { faults: Some(faults), doubts: Arc::default(), ..self.clone() }
    }

    /// The same store for a run of a node, with a source of row numbers of its own.
    #[must_use]
    pub fn for_run(&self, registered: &Registered) -> Self {
        let highest = registered.highest.max(self.ids.highest());
        let ids = Arc::new(IdSource::new(registered.slot, highest));
        Self { ids, doubts: Arc::default(), ..self.clone() }
    }

    /// The same store for those who show what it holds and decide nothing: where a standby is set up, their reads go
    /// there, and may see what was some seconds ago.
    #[must_use]
    pub fn for_reports(&self) -> Self {
        Self { reports: true, ..self.clone() }
    }

    /// Whether there is a standby for reports that did not answer when it was last asked: the main database is asked in
    /// its place.
    pub fn reports_are_away(&self) -> bool {
        match &*self.db {
            Db::Sqlite(_) => false,
            Db::Postgres(db) => db.reports_are_away(),
        }
    }

    async fn call<T>(
        &self,
        name: &'static str,
        writes: bool,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match &self.faults {
            None => work.await,
            Some(faults) => faults.around(Call { name, writes }, work).await,
        }
    }

    /// Whether a commit's answer was lost and nobody has looked since what it left ([`Store::outbox_in_hand`]). Until
    /// then nothing new is to be claimed: it could overtake what is not known to be in hand.
    pub fn in_doubt(&self) -> bool {
        self.doubts.any()
    }

    /// How many answers were lost so far.
    pub fn doubts(&self) -> u64 {
        self.doubts.raised()
    }

    /// Somebody looked what the first so many of them left.
    pub fn settle_doubts(&self, until: u64) {
        self.doubts.settle(until);
    }

    /// Where row numbers come from.
    pub fn ids(&self) -> &IdSource {
        &self.ids
    }

    /// Whether several nodes may serve it together. A SQLite file has one; who serves it holds a lock.
    pub fn is_shared(&self) -> bool {
        match &*self.db {
            Db::Sqlite(db) => db.is_in_memory(),
            Db::Postgres(_) => true,
        }
    }

    /// The conversations of these contacts, with the versions of definitions they are read under. Row numbers that are
    /// made from here on are higher than all that these contacts have.
    pub async fn load_conversations(&self, keys: Vec<ConversationKey>) -> Result<Loaded, StoreError> {
        let work = async {
            match &*self.db {
                Db::Sqlite(db) => db.read(move |rows| rows.load_conversations(keys)).await,
                Db::Postgres(db) => {
                    db.read(self.reports, move |rows| rows.load_conversations(keys.clone())).await
                }
            }
        };
        let loaded = self.call("load_conversations", false, work).await?;
        let people = loaded.conversations.iter().flatten();
        if let Some(highest) = people.map(|person| person.contact.version).max() {
            self.ids.observe(highest);
        }
        Ok(loaded)
    }

    /// Does something small in a transaction of its own, beside the groups of the writer where the database allows.
    /// It may be done again from its start.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Fn(&Connection<'_>) -> sql::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let answer = Arc::new(Mutex::new(None));
        let kept = answer.clone();
        let work = Box::new(move |conn: &Connection<'_>| {
            let done = work(conn)?;
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
            Ok(())
        });
        let doing = async {
            match &*self.db {
                Db::Sqlite(db) => db.aside(work).await,
                Db::Postgres(db) => db.aside(work).await,
            }
        };
        self.call(name, true, doing).await?;
        let done = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        done.ok_or(StoreError::Closed)
    }

    /// What telling these contacts something needs to know of them, in order of row number; those that there are. Row
    /// numbers that are made from here on are higher than all that these contacts have.
    pub async fn reach(
        &self,
        workspace: WorkspaceId,
        contacts: Vec<ContactId>,
    ) -> Result<Vec<Reach>, StoreError> {
        let work = async {
            match &*self.db {
                Db::Sqlite(db) => db.read(move |rows| rows.reach(workspace, contacts)).await,
                Db::Postgres(db) => {
                    db.read(self.reports, move |rows| rows.reach(workspace, contacts.clone())).await
                }
            }
        };
        let reached = self.call("reach", false, work).await?;
        if let Some(highest) = reached.iter().map(|person| person.version).max() {
            self.ids.observe(highest);
        }
        Ok(reached)
    }

    /// Commits units, together with those of others who wait. Answers each after the commit, in order. The outer
    /// error means that nothing is known to be committed.
    pub async fn write(&self, units: Vec<Unit>) -> Result<Vec<Result<UnitDone, UnitError>>, StoreError> {
        let mut rung = Topics::of(&units, self.doorbell.looked_at());
        let wanted = Topics::wanted(&units);
        let work = async {
            let done = match &*self.db {
                Db::Sqlite(db) => db.write(units).await,
                Db::Postgres(db) => db.write(units).await,
            };
            // What is not in the hand of who wrote it waits for whoever looks next.
            if done.as_ref().map_or(true, |done| doorbell::got(done) < wanted) {
                rung.insert(Topic::Outbox);
            }
            if let Ok(done) = &done {
                self.doorbell.withdraw(&doorbell::withdrawn(done));
            }
            self.doorbell.ring(rung);
            done
        };
        let answer = self.call("write", true, work).await;
        self.doubts.note(&answer);
        answer
    }

    /// Rings and listens for whatever is committed. The store rings by itself.
    pub fn doorbell(&self) -> &Doorbell {
        &self.doorbell
    }

    /// Commits one unit.
    pub async fn write_one(&self, unit: Unit) -> Result<UnitDone, UnitError> {
        self.write(vec![unit]).await?.pop().unwrap_or(Err(UnitError::Store(StoreError::Closed)))
    }

    /// How many writes wait for the writer now.
    pub fn write_queue_length(&self) -> usize {
        match &*self.db {
            Db::Sqlite(db) => db.write_queue_length(),
            Db::Postgres(db) => db.write_queue_length(),
        }
    }
}

/// Declares reads: one line each, dispatched to the database behind the store.
macro_rules! reads {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $out:ty;)+) => {
        impl Store {$(
            $(#[$doc])*
            #[allow(clippy::clone_on_copy, reason = "a read may be tried again, and some arguments are copied")]
            pub async fn $name(&self, $($arg: $ty),*) -> Result<$out, StoreError> {
                let work = async {
                    match &*self.db {
                        Db::Sqlite(db) => db.read(move |rows| rows.$name($($arg),*)).await,
                        Db::Postgres(db) => db.read(self.reports, move |rows| rows.$name($($arg.clone()),*)).await,
                    }
                };
                self.call(stringify!($name), false, work).await
            }
        )+}
    };
}

reads! {
    /// The current `definitions_version` of a workspace.
    fn definitions_version(workspace: WorkspaceId) -> Option<i64>;
    /// Of rows that keep the numbers they had elsewhere: the highest number, 0 if there are none, and how many there are.
    fn numbered(rows: crate::NumberedRows) -> (i64, i64);
    /// Which of these identifiers rows of a table have, in whichever workspace.
    fn known_uuids(table: crate::KeptNumbers, uuids: Vec<uuid::Uuid>) -> Vec<uuid::Uuid>;
    /// Which of these numbers rows of a table have, in whichever workspace.
    fn known_numbers(table: crate::KeptNumbers, numbers: Vec<i64>) -> Vec<i64>;
    /// All workspaces, the oldest first.
    fn workspaces() -> Vec<WorkspaceRow>;
    /// Everything a workspace's flows run on.
    fn definitions(workspace: WorkspaceId) -> Option<Definitions>;
    /// Which of these identifiers flows, groups, campaigns or their points of other workspaces have.
    fn identifiers_of_others(workspace: WorkspaceId, uuids: Vec<uuid::Uuid>) -> Vec<uuid::Uuid>;
    /// The triggers of a workspace that are put away, the newest first.
    fn archived_triggers(workspace: WorkspaceId, limit: usize) -> Vec<crate::TriggerRow>;
    /// One revision of a flow.
    fn revision(workspace: WorkspaceId, flow: FlowId, revision: i64) -> Option<RevisionRow>;
    /// The line with this public identifier, in whichever workspace, if it is in use.
    fn channel(uuid: ChannelUuid) -> Option<ChannelRow>;
    /// The lines of a type that are in use, of all workspaces, the oldest first.
    fn channels_of_type(channel_type: SmolStr) -> Vec<ChannelRow>;
    /// The public identifier of an inbound message that its carrier gave us before.
    fn find_inbound(key: InboundKey) -> Option<MessageUuid>;
    /// Which of these inbound messages are kept.
    fn kept_messages(workspace: WorkspaceId, uuids: Vec<MessageUuid>) -> Vec<MessageUuid>;
    /// All settings of the store, by name.
    fn settings() -> Vec<SettingRow>;
    /// What other nodes than this one have given out of shared limits, the latest first.
    fn rate_uses(not_of: i64, limit: usize) -> Vec<RateUse>;
    /// Whose an address is, and the row of the address, without reading more of the contact.
    fn address_owner(workspace: WorkspaceId, urn: Urn) -> Option<(ContactId, UrnId)>;
    /// Timers due at `now` or before, the earliest first.
    fn due_timers(now: Timestamp, limit: usize) -> Vec<DueTimer>;
    /// Timers of these kinds due at `now` or before, the earliest first.
    fn due_timers_of(kinds: Vec<TimerKind>, now: Timestamp, limit: usize) -> Vec<DueTimer>;
    /// When the next timer is due.
    fn next_timer_due() -> Option<Timestamp>;
    /// When the first unclaimed outbox row of each queue that has any is due: line by line, the strongest priority first,
    /// of each priority the oldest [`crate::MAX_QUEUES`] sources.
    fn outbox_due() -> Vec<(OutboxQueue, Timestamp)>;
    /// How many outbox rows there are: in hand, waiting, dead.
    fn outbox_depth() -> (u64, u64, u64);
    /// What a run has in hand, by row number, as if it had just been claimed.
    fn outbox_in_hand(run: i64) -> Claimed;
    /// Rows of the dead set of a workspace that the filter fits, the oldest first, after the given one.
    fn dead_set(workspace: WorkspaceId, filter: DeadFilter, after: OutboxId, limit: usize) -> Vec<DeadRow>;
    /// How many rows are in the dead sets of all workspaces.
    fn dead_count() -> u64;
    /// Rows of a job that rest ([`crate::Change::ParkJob`]), the oldest first.
    fn parked_outbox(workspace: WorkspaceId, job: JobId, limit: usize) -> Vec<OutboxId>;
    /// Whether anything that a job wrote waits in the outbox.
    fn job_is_under_way(workspace: WorkspaceId, job: JobId) -> bool;
    /// Which of these contacts have a message of a job.
    fn told_by(workspace: WorkspaceId, job: JobId, contacts: Vec<ContactId>) -> Vec<ContactId>;
    /// Reports that came before the given moment and still wait for their messages, of all workspaces, the oldest first.
    fn early_reports(before: Timestamp, limit: usize) -> Vec<EarlyReport>;
    /// One outbox row with all that sending it needs.
    fn outbox_item(workspace: WorkspaceId, id: OutboxId) -> Option<OutboxItem>;
    /// The effect that a session waits for, if it is still in the outbox.
    fn session_effect(workspace: WorkspaceId, contact: ContactId, session: SessionId) -> Option<OutboxItem>;
    /// Messages of a contact, the oldest first, after the given one.
    fn contact_messages(workspace: WorkspaceId, contact: ContactId, after: MessageId, limit: usize) -> Vec<MessageRow>;
    /// Messages of a workspace, the oldest first, after the given one.
    fn messages(workspace: WorkspaceId, after: MessageId, limit: usize) -> Vec<MessageRow>;
    /// Runs of a contact, the oldest first.
    fn contact_runs(workspace: WorkspaceId, contact: ContactId) -> Vec<RunRow>;
    /// Kind and JSON of the events of a contact, the oldest first.
    fn contact_events(workspace: WorkspaceId, contact: ContactId, limit: usize) -> Vec<(SmolStr, String)>;
    /// A session by row number.
    fn session(workspace: WorkspaceId, id: SessionId) -> Option<SessionRow>;
    /// The daily counts of a workspace as kept.
    fn daily_counts(workspace: WorkspaceId) -> Vec<DailyCount>;
    /// The daily counts of a workspace as the message table gives them now: equal to the kept ones, always.
    fn recount(workspace: WorkspaceId) -> Vec<DailyCount>;
    /// Counts of these kinds on the local days from one to another, both included.
    fn tallies(workspace: WorkspaceId, kinds: Vec<TallyKind>, from: i32, to: i32) -> Vec<TallyRow>;
    /// How many different people were there on the local days from one to another, both included.
    fn active_contacts(workspace: WorkspaceId, from: i32, to: i32) -> u64;
    /// Counts everything again and looks whether rows of different tables fit together; or recounts one local day.
    fn verify(day: Option<i32>) -> Verified;
    /// A ticket by public identifier.
    fn ticket(workspace: WorkspaceId, uuid: TicketUuid) -> Option<TicketRow>;
    /// Tickets of a contact, the oldest first.
    fn contact_tickets(workspace: WorkspaceId, contact: ContactId) -> Vec<TicketRow>;
    /// Jobs whose next slice is due at `now` or before, the one that waited longest first.
    fn due_jobs(now: Timestamp, limit: usize) -> Vec<JobRow>;
    /// Jobs whose next slice is due, of each workspace at most `each`, the one that waited longest first.
    fn due_jobs_of_each(now: Timestamp, each: usize) -> Vec<DueJobs>;
    /// The share of a workspace in the time for jobs.
    fn job_weight(workspace: WorkspaceId) -> i64;
    /// A job by public identifier.
    fn job_by_uuid(workspace: WorkspaceId, uuid: JobUuid) -> Option<JobRow>;
    /// Those who were left out of a job, from a place on.
    fn job_left_out(workspace: WorkspaceId, job: JobId, from: i64, limit: usize) -> Vec<LeftOut>;
    /// Why people were left out of a job, and how many of those that are kept: the most frequent first.
    fn job_left_out_reasons(workspace: WorkspaceId, job: JobId) -> Vec<(String, i64)>;
    /// A part of a file of a job.
    fn job_chunk(workspace: WorkspaceId, job: JobId, file: JobFile, place: i64) -> Option<Vec<u8>>;
    /// Jobs that ended before a moment and still have files.
    fn jobs_with_old_files(before: Timestamp, limit: usize) -> Vec<(WorkspaceId, JobId)>;
    /// How many members a group has.
    fn member_count(workspace: WorkspaceId, group: GroupId) -> u64;
    /// When the next slice of any job is due.
    fn next_job_due() -> Option<Timestamp>;
    /// Schedules due at `now` or before, the earliest first.
    fn due_schedules(now: Timestamp, limit: usize) -> Vec<ScheduleRow>;
    /// When the next schedule is due.
    fn next_schedule_due() -> Option<Timestamp>;
    /// Schedules of a workspace by name.
    fn schedules(workspace: WorkspaceId, limit: usize) -> Vec<ScheduleRow>;
    /// A job by row number.
    fn job(workspace: WorkspaceId, id: JobId) -> Option<JobRow>;
    /// Jobs of a workspace, the newest first.
    fn jobs(workspace: WorkspaceId, limit: usize) -> Vec<JobRow>;
    /// Contacts of a workspace by row number, after the given one.
    fn contacts_after(workspace: WorkspaceId, after: ContactId, limit: usize) -> Vec<ContactId>;
    /// Members of any of these groups by row number, after the given one; each once.
    fn members_after(workspace: WorkspaceId, groups: Vec<GroupId>, after: ContactId, limit: usize) -> Vec<ContactId>;
    /// Members of a group by row number, after the given one.
    fn member_rows_after(workspace: WorkspaceId, group: GroupId, after: ContactId, limit: usize) -> Vec<ContactRow>;
    /// The row numbers of these contacts, those that there are, in order of row number.
    fn contact_ids(workspace: WorkspaceId, uuids: Vec<ContactUuid>) -> Vec<ContactId>;
    /// A reminder by row number.
    fn reminder(workspace: WorkspaceId, id: ReminderId) -> Option<ReminderRow>;
    /// The reminders of a contact, the next first.
    fn contact_reminders(workspace: WorkspaceId, contact: ContactId) -> Vec<ReminderRow>;
    /// The rows of a lookup table in one version, if it is kept.
    fn table_content(workspace: WorkspaceId, table: TableId, version: i64) -> Option<TableContent>;
    /// The versions of a lookup table that are kept, the latest first.
    fn table_versions(workspace: WorkspaceId, table: TableId) -> Vec<TableVersion>;
    /// Outcomes of a workspace, the oldest first, after the given one.
    fn outcomes(workspace: WorkspaceId, after: OutcomeId, limit: usize) -> Vec<OutcomeRow>;
    /// The counts of outcomes of a workspace, by day.
    fn outcome_counts(workspace: WorkspaceId) -> Vec<OutcomeCount>;
    /// Row numbers of at most `limit` contacts that a search finds behind `after`, the lowest, so the oldest, first.
    fn search_contacts(search: ContactSearch, after: Option<ContactId>, limit: usize) -> Vec<ContactId>;
    /// How many contacts a search finds.
    fn count_contacts(search: ContactSearch) -> u64;
    /// A page of a list of contacts.
    fn list_contacts(workspace: WorkspaceId, list: ContactList) -> Vec<ListedContact>;
    /// These contacts, in the order in which they are named; `None` for who is not there, or was erased.
    fn named_contacts(workspace: WorkspaceId, named: Vec<ContactNamed>) -> Vec<Option<NamedContact>>;
    /// A page of what happened on lines beside messages.
    fn channel_events(workspace: WorkspaceId, list: ChannelEventList) -> Vec<ListedChannelEvent>;
    /// A page of a list of messages.
    fn list_messages(workspace: WorkspaceId, list: MessageList) -> Vec<ListedMessage>;
    /// A page of a list of runs.
    fn list_runs(workspace: WorkspaceId, list: RunList) -> Vec<ListedRun>;
    /// Jobs of a kind, the newest first: those with lower row numbers than the given one, or higher ones the other way
    /// round; asked for between two moments in microseconds.
    fn list_jobs(workspace: WorkspaceId, kind: JobKind, span: (i64, i64), walk: Walk) -> Vec<JobRow>;
    /// The public identifiers of jobs.
    fn job_uuids(workspace: WorkspaceId, jobs: Vec<JobId>) -> Vec<(JobId, JobUuid)>;
    /// Messages of a set behind a sequence number, in order, each in all its languages.
    fn programme_messages(workspace: WorkspaceId, set: MessageSetId, after: u32, limit: usize) -> Vec<ProgrammeMessageRow>;
    /// One message of a set in all its languages.
    fn programme_message(workspace: WorkspaceId, set: MessageSetId, sequence: u32) -> Vec<ProgrammeMessageRow>;
    /// A subscription by row number.
    fn subscription(workspace: WorkspaceId, id: SubscriptionId) -> Option<SubscriptionRow>;
    /// What a contact is or was subscribed to, the oldest first.
    fn contact_subscriptions(workspace: WorkspaceId, contact: ContactId) -> Vec<SubscriptionRow>;
    /// What others get who are subscribed about a contact now.
    fn household_subscriptions(workspace: WorkspaceId, about: ContactId) -> Vec<SubscriptionRow>;
    /// Subscriptions whose messages go on, the oldest first, after the given one.
    fn active_subscriptions(workspace: WorkspaceId, after: SubscriptionId, limit: usize) -> Vec<SubscriptionRow>;
    /// A page of subscriptions, by row number.
    fn list_subscriptions(workspace: WorkspaceId, of: SubscriptionsOf, walk: Walk) -> Vec<SubscriptionRow>;
    /// The messages of a subscription that had their turn, in order.
    fn deliveries(workspace: WorkspaceId, subscription: SubscriptionId) -> Vec<DeliveryRow>;
    /// What was done with a contact's programmes, the oldest first.
    fn programme_events(workspace: WorkspaceId, contact: ContactId) -> Vec<ProgrammeEventRow>;
    /// A page of households, by row number.
    fn list_households(workspace: WorkspaceId, of: crate::HouseholdsOf, walk: Walk) -> Vec<crate::ListedHousehold>;
    /// A code of a kind, as it is compared ([`domain::identifier::plain`]).
    fn code(workspace: WorkspaceId, kind: SmolStr, key: SmolStr) -> Option<crate::CodeRow>;
    /// The latest code of a kind that was drawn for a contact.
    fn drawn_code(workspace: WorkspaceId, kind: SmolStr, contact: ContactId) -> Option<crate::CodeRow>;
    /// Whether codes of a kind are drawn.
    fn is_drawn(workspace: WorkspaceId, kind: SmolStr) -> bool;
    /// A page of codes, by row number.
    fn list_codes(workspace: WorkspaceId, list: crate::CodeList, walk: Walk) -> Vec<crate::CodeRow>;
    /// How many codes there are of each kind, and how many of them are in use.
    fn code_kinds(workspace: WorkspaceId) -> Vec<(SmolStr, i64, i64)>;
    /// A page of registrations, by row number.
    fn list_registrations(workspace: WorkspaceId, of: crate::RegistrationsOf, walk: Walk) -> Vec<crate::RegistrationRow>;
    /// Whether a contact has been in a flow.
    fn was_in_flow(workspace: WorkspaceId, contact: ContactId, flow: FlowId) -> bool;
    /// What became of a contact's tickets: number, kind and JSON, the latest first, up to a thousand.
    fn ticket_events(workspace: WorkspaceId, contact: ContactId) -> Vec<(EventId, SmolStr, String)>;
    /// A page of a list of tickets.
    fn list_tickets(workspace: WorkspaceId, list: TicketList) -> Vec<ListedTicket>;
    /// How many members each of these groups has.
    fn member_counts(workspace: WorkspaceId, groups: Vec<GroupId>) -> Vec<(GroupId, i64)>;
    /// The public identifiers of groups whose members are being brought up to date.
    fn groups_being_filled(workspace: WorkspaceId) -> Vec<SmolStr>;
    /// How many messages have each label.
    fn label_counts(workspace: WorkspaceId) -> Vec<(LabelId, i64)>;
    /// How many runs of each flow began (`started`) and how they ended, of all days together.
    fn flow_totals(workspace: WorkspaceId) -> Vec<(FlowId, SmolStr, i64)>;
    /// How many tickets there are of each topic, open (`true`) and closed.
    fn topic_counts(workspace: WorkspaceId) -> Vec<(TopicId, bool, i64)>;
    /// The token whose SHA-256 in hex this is, in whichever workspace.
    fn token(sha256: SmolStr) -> Option<TokenRow>;
    /// The call with a key of its own that was done before.
    fn kept_call(key: CallKey) -> Option<KeptCall>;
    /// When the oldest call was done that is kept.
    fn oldest_kept_call() -> Option<Timestamp>;
    /// Which of these people agreed to something and did not take it back.
    fn agreed(workspace: WorkspaceId, purpose: SmolStr, ids: Vec<ContactId>) -> Vec<domain::ContactUuid>;
    /// A page of consents, by row number.
    fn list_consents(workspace: WorkspaceId, of: crate::ConsentsOf, walk: Walk) -> Vec<crate::ListedConsent>;
    /// Rows of a contact in a table ([`crate::person_tables`]) as they are kept, behind a row number, or, of tables that
    /// have none, behind so many.
    fn person_rows(workspace: WorkspaceId, contact: ContactId, table: SmolStr, from: i64, limit: usize) -> Vec<serde_json::Value>;
    /// The tokens of a workspace, the oldest first.
    fn tokens(workspace: WorkspaceId) -> Vec<TokenRow>;
    /// What a person proves themselves with; `None` until they signed in once.
    fn login(email: SmolStr) -> Option<LoginRow>;
    /// The users with an e-mail address, of all workspaces, the oldest first.
    fn users_with_email(email: SmolStr, limit: usize) -> Vec<UserRow>;
    /// Where somebody is signed in, by the SHA-256 of their secret in hex.
    fn sign_in(sha256: SmolStr) -> Option<SignInRow>;
    /// Where a person is signed in, the latest first.
    fn sign_ins_of(email: SmolStr) -> Vec<SignInRow>;
    /// A page of those who are signed in and work in a workspace now, the latest first.
    fn sign_ins(workspace: WorkspaceId, walk: Walk) -> Vec<SignInRow>;
    /// A sign-in by its public identifier.
    fn sign_in_named(uuid: SignInUuid) -> Option<SignInRow>;
    /// A link, by the SHA-256 of its secret in hex.
    fn sign_in_link(sha256: SmolStr) -> Option<SignInLinkRow>;
    /// The invitations of a workspace, the oldest first.
    fn invitations(workspace: WorkspaceId) -> Vec<SignInLinkRow>;
    /// What a workspace asks of those who sign in.
    fn sign_in_rule(workspace: WorkspaceId) -> SignInRuleRow;
    /// A page of the log of who changed what, the latest first unless it goes upwards.
    fn audit(list: AuditList) -> Vec<AuditRow>;
    /// Files to be fetched at `now` or before, the one that waited longest first.
    fn due_media(now: Timestamp, limit: usize) -> Vec<MediaRow>;
    /// A file by its public identifier, in whichever workspace.
    fn media(uuid: MediaUuid) -> Option<MediaRow>;
    /// Files that are kept, each once, in order of their names behind the given one: SHA-256 in hex, and bytes.
    fn kept_files(after: SmolStr, limit: usize) -> Vec<(SmolStr, i64)>;
    /// Messages with all of these words, by row numbers: of each the words that were in the index when it was last written.
    fn search_messages(workspace: WorkspaceId, search: MessageSearch) -> Vec<ListedMessage>;
    /// Up to which row number messages were looked at whose words are in the index.
    fn message_search_place() -> i64;
    /// Messages behind a place and up to another whose words are not in the index, in order, of all workspaces.
    fn unsearchable_messages(after: i64, until: i64, limit: usize) -> Vec<UnsearchableMessage>;
    /// How long each workspace keeps what was said; those that keep all for good may be missing.
    fn retentions() -> Vec<RetentionRow>;
    /// Files of old messages and runs, those that lie in the file of a month included, the latest span first.
    fn archives(workspace: WorkspaceId) -> Vec<ArchiveRow>;
    /// A file of old messages or runs, in whichever workspace.
    fn archive(uuid: ArchiveUuid) -> Option<ArchiveRow>;
    /// Numbers of rows of a log from before a moment, the oldest first.
    fn logged_before(workspace: WorkspaceId, log: crate::KeptLog, before: Timestamp, limit: usize) -> Vec<i64>;
    /// People who are to be taken out of the files of a workspace.
    fn archive_erasures(workspace: WorkspaceId) -> Vec<ContactUuid>;
    /// Workspaces with people who are to be taken out of files.
    fn workspaces_with_erasures() -> Vec<WorkspaceId>;
    /// Entries of histories behind a row number, in its order: some of those of all workspaces, up to the given number.
    fn events_after(after: EventId, limit: usize) -> Vec<OldEvent>;
    /// Contacts whose keys for searches were left for later.
    fn search_later(limit: usize) -> Vec<(WorkspaceId, ContactId)>;
    /// The runs of nodes that are alive, as far as is known, the oldest first.
    fn nodes() -> Vec<NodeRow>;
    /// The leases that were ever taken, by name.
    fn leases() -> Vec<LeaseRow>;
    /// What was committed after a cursor, in order, of a workspace or of all: some of it. Nothing is left out that
    /// commits later.
    fn feed_after(workspace: Option<WorkspaceId>, after: FeedCursor, limit: usize) -> FeedRead;
    /// The place behind all that is committed now: from here on, all is news.
    fn feed_head() -> FeedCursor;
    /// The place before all that the feed keeps.
    fn feed_start() -> FeedCursor;
    /// When the oldest commit of the feed was that may be removed.
    fn feed_oldest() -> Option<Timestamp>;
    /// What these entries are about, by public identifiers.
    fn feed_named(items: Vec<FeedItem>) -> Vec<FeedNamed>;
    /// The webhooks of a workspace, or all that may be called, the oldest first.
    fn webhooks(workspace: Option<WorkspaceId>) -> Vec<crate::WebhookRow>;
    /// What a webhook may be told now: of each lane the first, if its moment has come.
    fn due_deliveries(webhook: domain::WebhookId, now: Timestamp, limit: usize) -> Vec<crate::DeliveryOut>;
    /// How much a webhook is still to be told, and what was refused too often.
    fn delivery_counts(webhook: domain::WebhookId) -> (u64, u64);
    /// A page of what a webhook was told or is to be told.
    fn list_deliveries(workspace: WorkspaceId, webhook: domain::WebhookId, status: Option<crate::DeliveryStatus>, walk: Walk) -> Vec<crate::DeliveryOut>;
    /// A page of what flows called by the name of an event.
    fn list_resthook_events(workspace: WorkspaceId, slug: Option<SmolStr>, walk: Walk) -> Vec<crate::ResthookEventRow>;
    /// The place in the feed before all that was committed since a moment.
    fn feed_place_at(at: Timestamp) -> FeedCursor;
    /// Where the tables of a workspace are fetched from, by name.
    fn table_sources(workspace: WorkspaceId) -> Vec<crate::TableSourceRow>;
    /// Tables to be fetched now, the one that waited longest first.
    fn due_table_sources(now: Timestamp, limit: usize) -> Vec<crate::TableSourceRow>;
    /// The asking for templates of a workspace's lines, the oldest line first.
    fn template_syncs(workspace: WorkspaceId) -> Vec<crate::TemplateSyncRow>;
    /// Lines whose templates are to be asked for now, the one that waited longest first.
    fn due_template_syncs(now: Timestamp, limit: usize) -> Vec<crate::TemplateSyncRow>;
    /// How many contacts a workspace has.
    fn contact_count(workspace: WorkspaceId) -> u64;
}

impl Store {
    /// Takes unclaimed rows that are due, for the run `run` of the node, of each line up to its share: in order within
    /// each contact and channel, and none whose earlier ones are not due.
    pub async fn claim_outbox(
        &self,
        run: i64,
        now: Timestamp,
        shares: Vec<(OutboxQueue, usize)>,
    ) -> Result<Claimed, StoreError> {
        let work = async {
            match &*self.db {
                Db::Sqlite(db) => db.claim_outbox(run, now, shares).await,
                Db::Postgres(db) => db.claim_outbox(run, now, shares).await,
            }
        };
        let answer = self.call("claim_outbox", true, work).await;
        self.doubts.note(&answer);
        answer
    }

    /// Gives back what runs had in hand that are not alive any more, marked as possibly repeated.
    pub async fn recover_outbox(&self, now: Timestamp) -> Result<Recovered, StoreError> {
        self.aside("recover_outbox", move |conn| apply_outbox::recover(conn, now))
            .await
            .inspect(|_| self.doorbell.ring([Topic::Outbox].into_iter().collect()))
    }
}
