//! A workspace with one line and a clock that the test moves.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use channels::InboundMessage;
use domain::{ChannelUuid, FlowId, GroupId, MessageId, TriggerId};
use expressions::Ambient;
use flows::Host;
use jiff::Timestamp;
use operations::{
    Committed, Context, InboundItem, InboundKind, NewChannel, NewWorkspace, Receipt, ReceiveError,
};
use serde_json::Value;
use store::faults::{Faults, Moment};
use store::{
    Change, ChannelRow, Conversation, ConversationKey, DefinitionChange, FlowRow, MessageRow, NewNode,
    OutboxItem, Registered, Registration, RevisionRow, Store, StoreOptions, StoreUrl, TriggerRow, Unit,
    WorkspaceRow,
};
use test_postgres::Database;
use uuid::Uuid;

/// A clock that stands still until it is moved, and chance that is the same in every run.
#[derive(Debug)]
pub struct StillHost {
    micros: AtomicI64,
    drawn: AtomicU64,
    breaks: AtomicU64,
}

impl StillHost {
    pub fn new() -> Self {
        Self {
            micros: AtomicI64::new(1_800_000_000_000_000),
            drawn: AtomicU64::new(1),
            breaks: AtomicU64::new(0),
        }
    }
    /// Makes the next identifiers that are asked for break whoever asks.
    pub fn break_next(&self, times: u64) {
        self.breaks.store(times, Ordering::Relaxed);
    }
    pub fn forward(&self, seconds: i64) {
        self.micros.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl Ambient for StillHost {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.micros.fetch_add(1, Ordering::Relaxed)).unwrap()
    }
    fn random(&self) -> u64 {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mixed = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
    }
}

impl Host for StillHost {
    fn uuid_v7(&self) -> Uuid {
        let spared = self
            .breaks
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_err();
        assert!(spared, "as a defect of an operation would");
        let millis = u64::try_from(self.now().as_millisecond()).unwrap();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
    fn forbidden(&self, text: &str) -> bool {
        assert!(!text.contains("unspeakable"), "as a defect of the engine would");
        false
    }
    fn uuid_v4(&self) -> Uuid {
        uuid::Builder::from_random_bytes(u128::from(self.random()).to_be_bytes()).into_uuid()
    }
}

impl StillHost {
    fn bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.random().to_le_bytes());
        bytes
    }
}

pub struct World {
    pub folder: tempfile::TempDir,
    /// Where it is, if it is not in the folder.
    database: Option<Database>,
    pub host: Arc<StillHost>,
    pub ctx: Context,
    pub workspace: WorkspaceRow,
    pub line: ChannelRow,
}

impl World {
    /// A workspace with an aggregator's line and no flows.
    pub async fn new() -> Self {
        Self::at(None).await
    }

    /// The same in PostgreSQL.
    pub async fn on(database: Database) -> Self {
        Self::at(Some(database)).await
    }

    async fn at(database: Option<Database>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = Arc::new(StillHost::new());
        let ctx = enter(open(&folder, database.as_ref()), host.clone()).await;
        let workspace = operations::create_workspace(
            &ctx,
            NewWorkspace {
                name: "Mothers' line".into(),
                timezone: "Africa/Nairobi".into(),
                country: Some("KE".into()),
                languages: vec!["eng".into(), "swa".into()],
                date_format: "DD-MM-YYYY".into(),
            },
        )
        .await
        .unwrap();
        let line = operations::add_channel(
            &ctx,
            NewChannel {
                workspace: workspace.id,
                uuid: None,
                channel_type: "EX".into(),
                name: "Aggregator".into(),
                address: "2020".into(),
                schemes: vec!["tel".into()],
                country: None,
                config: serde_json::json!({"send_url": "http://carrier.example.org/send"}),
                rate: None,
            },
        )
        .await
        .unwrap();
        Self { folder, database, host, ctx, workspace, line }
    }

    /// The same, with the registration flow behind the catch-all.
    pub async fn with_registration() -> Self {
        let world = Self::new().await;
        let flow = world.add_flow(&crate::flow_files::registration(1, "Hello! What is your name?")).await;
        world.add_trigger(world.trigger("C", flow)).await;
        world
    }

    /// Ends the process, and waits until PostgreSQL has noticed.
    pub fn closed(self) -> Database {
        let Self { ctx, database, .. } = self;
        drop(ctx);
        let database = database.unwrap();
        let others = "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()";
        while database.psql(others) != "0" {}
        database
    }

    /// As after a crash: a new run over the same file. What the old one had in hand is in nobody's until it is
    /// recovered, and the rest waits behind it.
    pub async fn crashed(self) -> Self {
        let Self { folder, database, host, ctx, workspace, line } = self;
        drop(ctx);
        let ctx = enter(open(&folder, database.as_ref()), host.clone()).await;
        Self { folder, database, host, ctx, workspace, line }
    }

    /// Nothing is left in memory, but what was in hand still is: for those who care only for what is said.
    pub fn restarted(self) -> Self {
        let Self { folder, database, host, ctx, workspace, line } = self;
        let registered = Registered { run: ctx.run, slot: 0, highest: 0 };
        drop(ctx);
        let ctx = Context::for_run(&open(&folder, database.as_ref()), host.clone(), &registered);
        Self { folder, database, host, ctx, workspace, line }
    }

    /// What sees the clock put back by so many seconds whenever this call on the store has answered.
    pub fn put_back_after(&self, name: &'static str, seconds: i64) -> Context {
        let host = self.host.clone();
        let faults = Faults::new(move |call, moment| {
            if call.name == name && moment == Moment::After {
                host.forward(-seconds);
            }
            Box::pin(async { Ok(()) })
        });
        let mut seen = self.ctx.clone();
        seen.store = self.ctx.store.with_faults(faults);
        seen
    }

    /// What a command in another process would use.
    pub fn command(&self) -> Context {
        Context::for_command(open(&self.folder, self.database.as_ref()), self.host.clone())
    }

    pub async fn change(&self, change: DefinitionChange) {
        self.ctx
            .store
            .write_one(Unit::new(vec![Change::Definition(self.workspace.id, change)]))
            .await
            .unwrap();
    }

    pub fn flow_row(&self, definition: &Value, id: i64, revision: i64) -> FlowRow {
        FlowRow {
            id: FlowId(id),
            uuid: definition["uuid"].as_str().unwrap().parse().unwrap(),
            name: definition["name"].as_str().unwrap().into(),
            flow_type: definition["type"].as_str().unwrap().into(),
            expire_after_minutes: 60,
            ignore_triggers: false,
            revision,
            archived: false,
            created_on: self.ctx.now(),
            modified_on: self.ctx.now(),
        }
    }

    pub async fn add_flow(&self, definition: &Value) -> FlowId {
        let id = self.ctx.store.ids().next(self.ctx.now());
        self.save_flow(&self.ctx.store, definition, id, 1).await;
        FlowId(id)
    }

    pub async fn save_flow(&self, store: &Store, definition: &Value, id: i64, revision: i64) {
        let flow = self.flow_row(definition, id, revision);
        let definition = definition.to_string().into();
        let row = RevisionRow { flow: flow.id, revision, definition, created_on: self.ctx.now() };
        let changes = [DefinitionChange::Flow(flow), DefinitionChange::Revision(row)];
        let changes = changes.map(|change| Change::Definition(self.workspace.id, change));
        store.write_one(Unit::new(changes.to_vec())).await.unwrap();
    }

    pub fn trigger(&self, trigger_type: &str, flow: FlowId) -> TriggerRow {
        TriggerRow {
            id: TriggerId(self.ctx.store.ids().next(self.ctx.now())),
            trigger_type: trigger_type.into(),
            flow,
            keywords: Vec::new(),
            match_type: None,
            include_groups: Vec::new(),
            exclude_groups: Vec::new(),
            channel: None,
            detail: Value::Null,
            archived: false,
            created_on: self.ctx.now(),
        }
    }

    pub async fn add_trigger(&self, trigger: TriggerRow) {
        self.change(DefinitionChange::Trigger(trigger)).await;
    }

    pub async fn add_group(&self, number: i64, name: &str) -> GroupId {
        let row = store::GroupRow {
            id: GroupId(number),
            uuid: crate::flow_files::id(0x9000 + number as u128).into(),
            name: name.into(),
            query: None,
        };
        self.change(DefinitionChange::Group(row)).await;
        GroupId(number)
    }

    pub fn says(&self, from: &str, text: &str) -> InboundItem {
        self.says_as(from, text, None)
    }

    pub fn says_as(&self, from: &str, text: &str, external_id: Option<&str>) -> InboundItem {
        InboundItem {
            channel: self.line.uuid,
            kind: InboundKind::Message(InboundMessage {
                urn: format!("tel:{from}").parse().unwrap(),
                other_urns: Vec::new(),
                text: text.to_owned(),
                attachments: Vec::new(),
                sent_on: None,
                external_id: external_id.map(Into::into),
                name: None,
                payload: None,
            }),
            stamp: None,
        }
    }

    pub async fn receive(&self, items: Vec<InboundItem>) -> Committed<Vec<Result<Receipt, ReceiveError>>> {
        operations::receive(&self.ctx, items).await
    }

    /// One message from one person; the texts that are sent back.
    pub async fn hears(&self, from: &str, text: &str) -> Vec<String> {
        let committed = self.receive(vec![self.says(from, text)]).await;
        assert!(matches!(committed.value[0], Ok(Receipt::Accepted(_))), "{:?}", committed.value);
        texts(&committed.outbox)
    }

    pub async fn conversation(&self, from: &str) -> Option<Conversation> {
        let key = ConversationKey::Urn(self.workspace.id, format!("tel:{from}").parse().unwrap());
        let loaded = self.ctx.store.load_conversations(vec![key]).await.unwrap();
        loaded.conversations.into_iter().next().unwrap()
    }

    pub async fn messages(&self, from: &str) -> Vec<MessageRow> {
        let contact = self.conversation(from).await.unwrap().contact.id;
        self.ctx.store.contact_messages(self.workspace.id, contact, MessageId(0), 1_000).await.unwrap()
    }

    /// Direction, status and text of each message of a person.
    pub async fn transcript(&self, from: &str) -> Vec<String> {
        let messages = self.messages(from).await;
        let line = |m: &MessageRow| format!("{} {} {}", m.direction.as_str(), m.status.as_str(), m.text);
        messages.iter().map(line).collect()
    }

    /// Damages rows as no version of the program would.
    pub fn damage(&self, sql: &str) {
        let conn = rusqlite::Connection::open(self.folder.path().join("seedling.db")).unwrap();
        conn.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        assert_ne!(conn.execute(sql, []).unwrap(), 0, "{sql}");
    }

    pub async fn assert_counts_true(&self) {
        let store = &self.ctx.store;
        let kept = store.daily_counts(self.workspace.id).await.unwrap();
        assert_eq!(kept, store.recount(self.workspace.id).await.unwrap());
        let verified = store.verify(None).await.unwrap();
        assert!(verified.is_right(), "{verified:#?}");
    }

    pub fn other_line(&self) -> ChannelUuid {
        ChannelUuid(crate::flow_files::id(0x7777))
    }
}

pub fn texts(outbox: &[OutboxItem]) -> Vec<String> {
    outbox.iter().map(|item| item.text.to_string()).collect()
}

fn open(folder: &tempfile::TempDir, database: Option<&Database>) -> Store {
    let url = match database {
        Some(database) => database.url().parse().unwrap(),
        None => StoreUrl::Sqlite(folder.path().join("seedling.db")),
    };
    Store::open(&url, StoreOptions::default()).unwrap()
}

/// A run of the node that has the file for itself.
async fn enter(store: Store, host: Arc<StillHost>) -> Context {
    let node = NewNode {
        name: "node".into(),
        version: "1.0".into(),
        address: "127.0.0.1:7333".into(),
        host: "here".into(),
        process: "".into(),
        ttl: jiff::SignedDuration::from_secs(10),
        alone: true,
    };
    let now = host.now();
    match store.register(node, now).await.unwrap() {
        Registration::Done(registered) => Context::for_run(&store, host, &registered),
        other => panic!("{other:?}"),
    }
}
