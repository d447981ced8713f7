//! A node with a workspace, a flow of two questions, and lines to a carrier and to browsers.

use domain::{ChannelUuid, FlowId, TriggerId};
use node::{Config, Layer, Node, Surroundings};
use operations::{Context, NewChannel, NewWorkspace};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use store::{
    Change, ChannelRow, DefinitionChange, FlowRow, RevisionRow, Store, StoreOptions, StoreUrl, TriggerRow,
    Unit, WorkspaceRow,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::carrier::Carrier;

const TWO_QUESTIONS: &str = include_str!("../../../../testdata/drill/two_questions.json");

pub struct World {
    pub node: Node,
    pub store: Store,
    pub workspace: WorkspaceRow,
    pub base: String,
    pub carrier: Carrier,
    pub line: ChannelUuid,
    pub chat: ChannelUuid,
    pub client: Client,
    pub stop: CancellationToken,
    _folder: tempfile::TempDir,
    _database: Option<test_postgres::Database>,
}

/// Settings under which tests do not wait: a failed attempt is repeated at once.
pub fn config(layer: Layer) -> Config {
    let quick =
        Layer { retry_first_seconds: Some(0), listen: Some("127.0.0.1:0".into()), ..Layer::default() };
    Config::new(layer.over(quick)).unwrap()
}

impl World {
    pub async fn new() -> Self {
        Self::with(Layer::default()).await
    }

    /// With a folder for files.
    pub async fn with_media() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let media = Layer { media: Some(folder.path().join("media")), ..Layer::default() };
        Self::in_folder(folder, media).await
    }

    pub async fn with(layer: Layer) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), layer).await
    }

    async fn in_folder(folder: tempfile::TempDir, layer: Layer) -> Self {
        let url = StoreUrl::Sqlite(folder.path().join("test.db"));
        let store = Store::open(&url, StoreOptions::default()).unwrap();
        Self::on(store, folder, layer).await
    }

    /// On a real PostgreSQL.
    pub async fn on_postgres() -> Self {
        Self::on_postgres_with(Layer::default()).await
    }

    /// The same with other settings.
    pub async fn on_postgres_with(layer: Layer) -> Self {
        let database = test_postgres::Cluster::shared().database();
        let url = database.url().parse().unwrap();
        let options = StoreOptions::default();
        let store = tokio::task::spawn_blocking(move || Store::open(&url, options).unwrap()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let media = Layer { media: Some(folder.path().join("media")), ..layer };
        let world = Self::on(store, folder, media).await;
        Self { _database: Some(database), ..world }
    }

    /// On a store that other nodes may share.
    pub async fn shared() -> Self {
        let store = Store::open(&StoreUrl::Memory, StoreOptions::default()).unwrap();
        Self::on(store, tempfile::tempdir().unwrap(), Layer::default()).await
    }

    /// Another node on the same store. Answers it and where it serves.
    pub async fn beside(&self) -> (Node, String) {
        let config = config(Layer { name: Some("another".to_owned()), ..Layer::default() });
        let surroundings = Surroundings::system(config.allow_private_webhooks).unwrap();
        let node = Node::start(config, self.store.clone(), surroundings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(web::serve(listener, node.clone(), self.stop.clone()));
        (node, base)
    }

    async fn on(store: Store, folder: tempfile::TempDir, layer: Layer) -> Self {
        let config = config(layer);
        let surroundings = Surroundings::system(config.allow_private_webhooks).unwrap();
        let setup = Context::for_command(store.clone(), surroundings.host.clone());
        let workspace = workspace(&setup).await;
        let carrier = Carrier::start().await;
        let line = add_channel(
            &setup,
            &workspace,
            "EX",
            json!({
                "send_url": carrier.url, "content_type": "json",
                "body": "{\"id\":{{id}},\"to\":{{to}},\"text\":{{text}},\"quick_replies\":{{quick_replies}}}",
            }),
        );
        let line = line.await.uuid;
        let chat = add_channel(&setup, &workspace, "WCH", json!({"title": "Safe <steps>", "language": "sw"}));
        let chat = chat.await.uuid;
        let node = Node::start(config, store.clone(), surroundings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(web::serve(listener, node.clone(), stop.clone()));
        let client = Client::builder().build().unwrap();
        Self {
            node,
            store,
            workspace,
            base,
            carrier,
            line,
            chat,
            client,
            stop,
            _folder: folder,
            _database: None,
        }
    }

    /// The same node, with another workspace in the place of the first.
    pub async fn with_another_workspace(&self) -> Self {
        let workspace = workspace(self.node.context()).await;
        Self {
            node: self.node.clone(),
            store: self.store.clone(),
            workspace,
            base: self.base.clone(),
            carrier: Carrier::start().await,
            line: self.line,
            chat: self.chat,
            client: self.client.clone(),
            stop: self.stop.clone(),
            _folder: tempfile::tempdir().unwrap(),
            _database: None,
        }
    }

    /// The same with the two questions behind the catch-all.
    pub async fn asking() -> Self {
        let world = Self::new().await;
        world.add_two_questions().await;
        world
    }

    pub async fn add_two_questions(&self) -> FlowId {
        let export: Value = serde_json::from_str(TWO_QUESTIONS).unwrap();
        let flow = self.add_flow(&export["flows"][0]).await;
        self.add_trigger("C", flow).await;
        flow
    }

    pub async fn add_line(&self, config: Value) -> ChannelUuid {
        add_channel(self.node.context(), &self.workspace, "EX", config).await.uuid
    }

    pub async fn add_whatsapp(&self, config: Value) -> ChannelUuid {
        add_channel(self.node.context(), &self.workspace, "WAC", config).await.uuid
    }

    pub async fn add_flow(&self, definition: &Value) -> FlowId {
        let now = self.node.context().now();
        let id = FlowId(self.store.ids().next(now));
        let flow = FlowRow {
            id,
            uuid: definition["uuid"].as_str().unwrap().parse().unwrap(),
            name: definition["name"].as_str().unwrap().into(),
            flow_type: definition["type"].as_str().unwrap().into(),
            expire_after_minutes: 60,
            ignore_triggers: false,
            revision: 1,
            archived: false,
            created_on: now,
            modified_on: now,
        };
        let definition = definition.to_string().into();
        let revision = RevisionRow { flow: id, revision: 1, definition, created_on: now };
        self.change([DefinitionChange::Flow(flow), DefinitionChange::Revision(revision)]).await;
        id
    }

    pub async fn add_trigger(&self, trigger_type: &str, flow: FlowId) {
        let now = self.node.context().now();
        let trigger = TriggerRow {
            id: TriggerId(self.store.ids().next(now)),
            trigger_type: trigger_type.into(),
            flow,
            keywords: Vec::new(),
            match_type: None,
            include_groups: Vec::new(),
            exclude_groups: Vec::new(),
            channel: None,
            detail: Value::Null,
            archived: false,
            created_on: now,
        };
        self.change([DefinitionChange::Trigger(trigger)]).await;
    }

    async fn change<const N: usize>(&self, changes: [DefinitionChange; N]) {
        let changes = changes.map(|change| Change::Definition(self.workspace.id, change));
        self.store.write_one(Unit::new(changes.to_vec())).await.unwrap();
    }

    /// Hands in a message as a carrier does.
    pub async fn hand_in(&self, from: &str, text: &str, id: &str) -> Response {
        let url = format!("{}/c/ex/{}/receive", self.base, self.line);
        self.client.post(url).form(&[("from", from), ("text", text), ("id", id)]).send().await.unwrap()
    }
}

async fn workspace(ctx: &Context) -> WorkspaceRow {
    let new = NewWorkspace {
        name: "Mothers' line".into(),
        timezone: "Africa/Nairobi".into(),
        country: Some("KE".into()),
        languages: vec!["eng".into()],
        date_format: "DD-MM-YYYY".into(),
    };
    operations::create_workspace(ctx, new).await.unwrap()
}

async fn add_channel(ctx: &Context, workspace: &WorkspaceRow, kind: &str, config: Value) -> ChannelRow {
    let new = NewChannel {
        workspace: workspace.id,
        uuid: None,
        channel_type: kind.into(),
        name: "A line".into(),
        address: "2020".into(),
        schemes: Vec::new(),
        country: None,
        config,
        rate: None,
    };
    operations::add_channel(ctx, new).await.unwrap()
}
