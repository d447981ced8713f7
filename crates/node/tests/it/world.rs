//! A node in memory with a scripted carrier and a clock that starts in 2027.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channels::{Inbound, InboundMessage};
use domain::{ChannelUuid, ContactId, FlowId, MessageId, OutboxId, TriggerId, Urn};
use jiff::Timestamp;
use node::http::{Answer, Callee, Exchange, HttpError};
use node::{Ambience, Config, IntakeError, Layer, Machine, Network, Node, StartError, Surroundings, Taken};
use operations::{Context, NewChannel, NewWorkspace, SharedHost};
use serde_json::{Value, json};
use store::faults::Faults;
use store::{
    Change, ChannelRow, ConversationKey, DefinitionChange, Direction, FlowRow, MessageRow, MessageStatus,
    NewMessage, NewOutbox, OutboxKind, Priority, Rank, Rate, RevisionRow, Store, StoreOptions, StoreUrl,
    TriggerRow, Unit, WorkspaceRow,
};

/// An attempt to send: seconds since the start, to whom, what, under which key, and whether it says that it may be
/// a repetition.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    pub at: f64,
    /// The last part of the carrier's address.
    pub line: String,
    pub to: String,
    pub text: String,
    pub key: String,
    pub repeated: bool,
}

/// What the carrier makes of an attempt: a status, or no connection.
pub type Verdict = Arc<dyn Fn(&Attempt) -> Carried + Send + Sync>;

/// What a carrier makes of a message.
#[derive(Clone, Debug)]
pub enum Carried {
    /// It answers.
    Answer(Answer),
    /// It is not there.
    NotReached,
    /// It takes so long, and then there is no answer.
    Hangs(Duration),
}

impl From<Option<u16>> for Carried {
    fn from(status: Option<u16>) -> Self {
        status.map_or(Self::NotReached, |status| Self::Answer(Answer { status, ..Answer::default() }))
    }
}

impl Carried {
    /// A status that asks to come again later.
    pub fn later(status: u16, retry_after: &str) -> Self {
        let headers = vec![("retry-after".to_owned(), retry_after.to_owned())];
        Self::Answer(Answer { status, headers, ..Answer::default() })
    }
}

/// What another service makes of a request: an answer, or the reason why there is none.
pub type Service = Arc<dyn Fn(&Exchange, usize) -> Result<Answer, HttpError> + Send + Sync>;

pub struct World {
    pub node: Node,
    pub store: Store,
    /// The store as the node sees it.
    seen: Store,
    config: Config,
    pub workspace: WorkspaceRow,
    pub line: ChannelUuid,
    attempts: Arc<Mutex<Vec<Attempt>>>,
    asked: Arc<Mutex<Vec<Exchange>>>,
    pub host: SharedHost,
    network: Network,
}

impl World {
    /// A node whose carrier decides by `verdict`, with chance from `seed`.
    pub async fn new<V: Into<Carried>>(
        seed: u64,
        verdict: impl Fn(&Attempt) -> V + Send + Sync + 'static,
    ) -> Self {
        let nobody: Service = Arc::new(|_, _| Err(HttpError::NotReached("nobody is there".to_owned())));
        Self::among(seed, verdict, nobody).await
    }

    /// The same, with a service that answers all that is no message; it is told how many came before.
    pub async fn among<V: Into<Carried>>(
        seed: u64,
        verdict: impl Fn(&Attempt) -> V + Send + Sync + 'static,
        service: Service,
    ) -> Self {
        let store = Store::open(&StoreUrl::Memory, StoreOptions::default()).unwrap();
        Self::built(seed, verdict, service, store, None, Config::new(Layer::default()).unwrap()).await
    }

    /// The same, with a store that goes through these faults for the node alone, and other settings.
    pub async fn through(seed: u64, faults: Faults, config: Config) -> Self {
        let nobody: Service = Arc::new(|_, _| Err(HttpError::NotReached("nobody is there".to_owned())));
        let store = Store::open(&StoreUrl::Memory, StoreOptions::default()).unwrap();
        Self::built(seed, |_| Some(200), nobody, store, Some(faults), config).await
    }

    /// The same, with a carrier and a service.
    pub async fn amid<V: Into<Carried>>(
        seed: u64,
        verdict: impl Fn(&Attempt) -> V + Send + Sync + 'static,
        service: Service,
        faults: Faults,
    ) -> Self {
        let store = Store::open(&StoreUrl::Memory, StoreOptions::default()).unwrap();
        let config = Config::new(Layer::default()).unwrap();
        Self::built(seed, verdict, service, store, Some(faults), config).await
    }

    /// The same, with other settings and a service.
    pub async fn configured(seed: u64, config: Config, service: Service) -> Self {
        let store = Store::open(&StoreUrl::Memory, StoreOptions::default()).unwrap();
        Self::built(seed, |_| Some(200), service, store, None, config).await
    }

    async fn built<V: Into<Carried>>(
        seed: u64,
        verdict: impl Fn(&Attempt) -> V + Send + Sync + 'static,
        service: Service,
        store: Store,
        faults: Option<Faults>,
        config: Config,
    ) -> Self {
        let host = Ambience::simulated("2027-03-01T06:00:00Z".parse::<Timestamp>().unwrap(), seed);
        Self::on_host(host, verdict, service, store, faults, config).await
    }

    /// The same by another clock.
    pub async fn by_clock(host: SharedHost, config: Config) -> Self {
        let nobody: Service = Arc::new(|_, _| Err(HttpError::NotReached("nobody is there".to_owned())));
        let store = Store::open(&StoreUrl::Memory, StoreOptions::default()).unwrap();
        Self::on_host(host, |_| Some(200), nobody, store, None, config).await
    }

    async fn on_host<V: Into<Carried>>(
        host: SharedHost,
        verdict: impl Fn(&Attempt) -> V + Send + Sync + 'static,
        service: Service,
        store: Store,
        faults: Option<Faults>,
        config: Config,
    ) -> Self {
        let setup = Context::for_command(store.clone(), host.clone());
        let workspace = workspace(&setup).await;
        let line = line(&setup, &workspace, "send", None).await.uuid;
        let attempts = Arc::new(Mutex::new(Vec::new()));
        let asked: Arc<Mutex<Vec<Exchange>>> = Arc::default();
        let network = network(
            attempts.clone(),
            Arc::new(move |attempt| verdict(attempt).into()),
            asked.clone(),
            service,
        );
        let seen = faults.map_or_else(|| store.clone(), |faults| store.with_faults(faults));
        let around = surroundings(host.clone(), network.clone());
        let node = Node::start(config.clone(), seen.clone(), around).await.unwrap();
        let world = Self { node, store, seen, config, workspace, line, attempts, asked, host, network };
        world.add_flow(&greeting(), "C", None).await;
        world
    }

    /// Queues one message to each of so many people on a line of one message a second, as a command would.
    pub async fn backlog_on_a_slow_line(&self, count: i64) {
        let slow = self.add_line("slow", Some(Rate::per_second(1))).await;
        self.backlog(&slow, count, Rank::of(Priority::OneOff)).await;
    }

    /// Another line, whose carrier's address ends with the name.
    pub async fn add_line(&self, name: &str, rate: Option<Rate>) -> ChannelRow {
        let setup = Context::for_command(self.store.clone(), self.host.clone());
        line(&setup, &self.workspace, name, rate).await
    }

    /// A line of another kind or with further settings.
    pub async fn add_line_of(&self, kind: &str, name: &str, rate: Option<Rate>, config: Value) -> ChannelRow {
        let setup = Context::for_command(self.store.clone(), self.host.clone());
        let new = NewChannel {
            workspace: self.workspace.id,
            uuid: None,
            channel_type: kind.into(),
            name: name.into(),
            address: "1055".into(),
            schemes: Vec::new(),
            country: None,
            config,
            rate,
        };
        operations::add_channel(&setup, new).await.unwrap()
    }

    /// Queues one message to each of so many people on a line, as a command would.
    pub async fn backlog(&self, line: &ChannelRow, count: i64, rank: Rank) {
        let setup = Context::for_command(self.store.clone(), self.host.clone());
        let slow = line.id;
        let contact = self.messages().await[0].contact;
        let key = ConversationKey::Contact(self.workspace.id, contact);
        let loaded = self.store.load_conversations(vec![key]).await.unwrap().conversations;
        let urn = loaded[0].as_ref().unwrap().urns[0].id;
        let now = setup.now();
        let units = (0..count).map(|_| {
            let id = self.store.ids().next(now);
            let message = NewMessage {
                id: MessageId(id),
                uuid: uuid::Uuid::from_u128(id as u128).into(),
                workspace: self.workspace.id,
                contact: ContactId(id),
                urn: Some(urn),
                channel: Some(slow),
                flow: None,
                direction: Direction::Out,
                status: MessageStatus::Queued,
                text: "Reminder".into(),
                attachments: Vec::new(),
                quick_replies: None,
                detail: None,
                job: None,
                external_id: None,
                reason: None,
                day: 20_000,
                created_on: now,
            };
            let row = NewOutbox {
                id: OutboxId(id),
                workspace: self.workspace.id,
                kind: OutboxKind::Message,
                contact: message.contact,
                channel: message.channel,
                message: Some(message.id),
                session: None,
                payload: None,
                rank,
                claim_for: 0,
                created_on: now,
                pause: jiff::SignedDuration::ZERO,
            };
            Unit::new(vec![Change::Message(Box::new(message)), Change::Outbox(Box::new(row))])
        });
        self.store.write(units.collect()).await.unwrap();
        self.node.look_for_work();
    }

    /// Stops the node and starts another on the same store.
    pub async fn restart(&mut self) {
        assert!(self.node.stop().await);
        self.start_again().await;
    }

    /// Starts another node on the same store.
    pub async fn start_again(&mut self) {
        let surroundings = surroundings(self.host.clone(), self.network.clone());
        self.node = Node::start(self.config.clone(), self.seen.clone(), surroundings).await.unwrap();
    }

    /// Tries to start another node of this name beside the one there is, through these faults if there are any.
    pub async fn beside(&self, name: &str, faults: Option<Faults>) -> Result<Node, StartError> {
        self.beside_by_clock(name, faults, self.host.clone()).await
    }

    /// The same by another clock.
    pub async fn beside_by_clock(
        &self,
        name: &str,
        faults: Option<Faults>,
        host: SharedHost,
    ) -> Result<Node, StartError> {
        let config = Config::new(Layer { name: Some(name.to_owned()), ..Layer::default() }).unwrap();
        self.beside_as(config, faults, host).await
    }

    /// The same with any configuration.
    pub async fn beside_as(
        &self,
        config: Config,
        faults: Option<Faults>,
        host: SharedHost,
    ) -> Result<Node, StartError> {
        let around = surroundings(host, self.network.clone());
        let seen = faults.map_or_else(|| self.store.clone(), |faults| self.store.with_faults(faults));
        Node::start(config, seen, around).await
    }

    pub fn attempts(&self) -> Vec<Attempt> {
        self.attempts.lock().unwrap().clone()
    }

    /// Those behind the first so many.
    pub fn attempts_from(&self, first: usize) -> Vec<Attempt> {
        self.attempts.lock().unwrap()[first..].to_vec()
    }

    /// How often somebody was to be told this.
    pub fn tried_to_say(&self, text: &str) -> usize {
        self.attempts.lock().unwrap().iter().filter(|attempt| attempt.text == text).count()
    }

    /// What services were asked.
    pub fn asked(&self) -> Vec<Exchange> {
        self.asked.lock().unwrap().clone()
    }

    /// A flow behind a keyword that does these things one after the other.
    pub async fn on_keyword(&self, word: &str, actions: &[Value]) {
        let own: u32 = word.bytes().map(u32::from).sum();
        let id = |n: usize| format!("6f0e1c54-5d3c-4b6b-9a39-{own:04x}{n:08x}");
        let numbered = actions.iter().enumerate().map(|(place, action)| {
            let mut action = action.clone();
            action["uuid"] = id(100 + place).into();
            action
        });
        let flow = json!({
            "uuid": id(1), "name": word, "spec_version": "14.4.2", "language": "eng", "type": "messaging",
            "revision": 1, "expire_after_minutes": 60, "localization": {},
            "nodes": [{"uuid": id(2), "actions": numbered.collect::<Vec<_>>(),
                "exits": [{"uuid": id(3), "destination_uuid": null}]}],
        });
        self.add_flow(&flow, "K", Some(word)).await;
    }

    /// A flow that says something to who opens a conversation, and ends.
    pub async fn on_new_conversation(&self, text: &str) {
        let id = |n: usize| format!("7f0e1c54-5d3c-4b6b-9a39-{n:012x}");
        let flow = json!({
            "uuid": id(1), "name": text, "spec_version": "14.4.2", "language": "eng", "type": "messaging",
            "revision": 1, "expire_after_minutes": 60, "localization": {},
            "nodes": [{"uuid": id(2), "actions": [{"uuid": id(4), "type": "send_msg", "text": text}],
                "exits": [{"uuid": id(3), "destination_uuid": null}]}],
        });
        self.add_flow(&flow, "N", None).await;
    }

    pub async fn messages(&self) -> Vec<MessageRow> {
        self.store.messages(self.workspace.id, MessageId(0), 10_000).await.unwrap()
    }

    /// Somebody writes.
    pub async fn write(&self, person: u32, text: &str) -> Taken {
        self.write_on(self.line, person, text).await
    }

    /// Something comes on a line.
    pub async fn hand_in_on(&self, line: ChannelUuid, item: Inbound) -> Result<Vec<Taken>, IntakeError> {
        let channel = self.node.lines().find(self.node.context(), line).await.unwrap().unwrap();
        self.node.receive(&channel, vec![item]).await
    }

    /// Somebody writes, and another node takes it.
    pub async fn write_at(&self, node: &Node, person: u32, text: &str) -> Taken {
        let channel = node.lines().find(node.context(), self.line).await.unwrap().unwrap();
        node.receive(&channel, vec![said(person, text)]).await.unwrap()[0]
    }

    /// Somebody writes on a line.
    pub async fn write_on(&self, line: ChannelUuid, person: u32, text: &str) -> Taken {
        self.hand_in_on(line, said(person, text)).await.unwrap()[0]
    }

    /// Something else comes from the carrier.
    pub async fn hand_in(&self, item: Inbound) -> Result<Vec<Taken>, IntakeError> {
        self.hand_in_on(self.line, item).await
    }

    async fn add_flow(&self, definition: &Value, trigger_type: &str, keyword: Option<&str>) {
        let now = self.node.context().now();
        let id = |n: i64| self.store.ids().next(now) + n;
        let flow = FlowRow {
            id: FlowId(id(0)),
            uuid: definition["uuid"].as_str().unwrap().parse().unwrap(),
            name: definition["name"].as_str().unwrap().into(),
            flow_type: "messaging".into(),
            expire_after_minutes: 60,
            ignore_triggers: false,
            revision: 1,
            archived: false,
            created_on: now,
            modified_on: now,
        };
        let trigger = TriggerRow {
            id: TriggerId(id(0)),
            trigger_type: trigger_type.into(),
            flow: flow.id,
            keywords: keyword.into_iter().map(Into::into).collect(),
            match_type: keyword.map(|_| "F".into()),
            include_groups: Vec::new(),
            exclude_groups: Vec::new(),
            channel: None,
            detail: Value::Null,
            archived: false,
            created_on: now,
        };
        let revision = RevisionRow {
            flow: flow.id,
            revision: 1,
            definition: definition.to_string().into(),
            created_on: now,
        };
        let changes = [
            DefinitionChange::Flow(flow),
            DefinitionChange::Revision(revision),
            DefinitionChange::Trigger(trigger),
        ];
        let changes = changes.map(|change| Change::Definition(self.workspace.id, change));
        self.store.write_one(Unit::new(changes.to_vec())).await.unwrap();
    }
}

fn surroundings(host: SharedHost, network: Network) -> Surroundings {
    Surroundings { host, network, machine: Machine::Played("virtual".into()) }
}

fn network(
    attempts: Arc<Mutex<Vec<Attempt>>>,
    verdict: Verdict,
    asked: Arc<Mutex<Vec<Exchange>>>,
    service: Service,
) -> Network {
    let start = tokio::time::Instant::now();
    Network::Script(Arc::new(move |exchange: Exchange| {
        if exchange.callee != Callee::Carrier {
            let is_slow = exchange.url.starts_with("https://slow.");
            let mut asked = asked.lock().unwrap();
            let answer = service(&exchange, asked.len());
            asked.push(exchange);
            let waits = if is_slow { SLOW } else { Duration::ZERO };
            return Box::pin(async move {
                tokio::time::sleep(waits).await;
                answer
            });
        }
        let headers: HashMap<String, String> = exchange.headers.into_iter().collect();
        let body: Value = serde_json::from_str(exchange.body.as_deref().unwrap_or_default()).unwrap();
        let attempt = Attempt {
            at: start.elapsed().as_secs_f64(),
            line: exchange.url.rsplit('/').next().unwrap_or_default().to_owned(),
            to: body["to"].as_str().unwrap().to_owned(),
            text: body["text"].as_str().or(body["text"]["body"].as_str()).unwrap().to_owned(),
            key: headers["Idempotency-Key"].clone(),
            repeated: headers.contains_key("X-Possibly-Repeated"),
        };
        let carried = verdict(&attempt);
        attempts.lock().unwrap().push(attempt);
        Box::pin(async move {
            match carried {
                Carried::Answer(answer) => Ok(answer),
                Carried::NotReached => Err(HttpError::NotReached("refused".to_owned())),
                Carried::Hangs(time) => {
                    tokio::time::sleep(time).await;
                    Err(HttpError::NoAnswer("it took too long".to_owned()))
                }
            }
        })
    }))
}

/// How long services at `https://slow.…` take.
pub const SLOW: Duration = Duration::from_secs(5);

/// Says hello, waits a minute for a word, and says what came of it.
fn said(person: u32, text: &str) -> Inbound {
    Inbound::Message(InboundMessage {
        urn: Urn::new("tel", format!("+25472200{person:04}")),
        other_urns: Vec::new(),
        text: text.to_owned(),
        attachments: Vec::new(),
        sent_on: None,
        external_id: None,
        name: None,
        payload: None,
    })
}

fn greeting() -> Value {
    let id = |n: u8| format!("5f0e1c54-5d3c-4b6b-9a39-000000000{n:03}");
    let say = |n: u8, text: &str| json!({"type": "send_msg", "uuid": id(n), "text": text, "attachments": []});
    json!({
        "uuid": id(1), "name": "Greeting", "spec_version": "14.4.0", "language": "eng", "type": "messaging",
        "revision": 1, "expire_after_minutes": 60, "localization": {},
        "nodes": [
            {"uuid": id(2), "actions": [say(3, "Hello @input.text")], "exits": [{"uuid": id(4), "destination_uuid": id(5)}]},
            {"uuid": id(5), "actions": [], "router": {
                "type": "switch", "operand": "@input.text", "cases": [],
                "wait": {"type": "msg", "timeout": {"seconds": 60, "category_uuid": id(6)}},
                "categories": [{"uuid": id(7), "name": "Other", "exit_uuid": id(8)},
                               {"uuid": id(6), "name": "No Response", "exit_uuid": id(9)}],
                "default_category_uuid": id(7)},
             "exits": [{"uuid": id(8), "destination_uuid": id(10)}, {"uuid": id(9), "destination_uuid": id(11)}]},
            {"uuid": id(10), "actions": [say(12, "Thank you")], "exits": [{"uuid": id(13), "destination_uuid": null}]},
            {"uuid": id(11), "actions": [say(14, "Are you there?")], "exits": [{"uuid": id(15), "destination_uuid": null}]},
        ],
    })
}

async fn workspace(ctx: &Context) -> WorkspaceRow {
    let new = NewWorkspace {
        name: "Virtual".into(),
        timezone: "Africa/Nairobi".into(),
        country: Some("KE".into()),
        languages: vec!["eng".into()],
        date_format: "DD-MM-YYYY".into(),
    };
    operations::create_workspace(ctx, new).await.unwrap()
}

async fn line(ctx: &Context, workspace: &WorkspaceRow, name: &str, rate: Option<Rate>) -> ChannelRow {
    let body = "{\"to\":{{to}},\"text\":{{text}}}";
    let new = NewChannel {
        workspace: workspace.id,
        uuid: None,
        channel_type: "EX".into(),
        name: "Carrier".into(),
        address: "2020".into(),
        schemes: Vec::new(),
        country: None,
        config: json!({"send_url": format!("http://carrier.example/{name}"), "content_type": "json", "body": body}),
        rate,
    };
    operations::add_channel(ctx, new).await.unwrap()
}
