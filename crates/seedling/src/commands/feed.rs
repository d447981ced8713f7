//! `seedling feed`: what was committed, in order, for other programs.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::WorkspaceId;
use node::{Heard, Metrics};
use serde_json::{Map, Value, json};
use store::{FeedCursor, FeedItem, FeedKind, FeedNamed, FeedRead, Store};

use crate::options::{StoreOptions, WorkspaceOption};

/// Entries read at a time.
const AT_ONCE: usize = 500;

/// Writes what was committed, in order, one line of JSON for each change.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling feed --after now --follow
  seedling feed --after 815-3 | jq -r 'select(.kinds | index(\"message_in\")) | .message'

Each line has a cursor: --after with it goes on behind that line, on any node and after any crash. Without --after the
feed begins with the oldest change that is kept.")]
pub struct Feed {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// All workspaces
    #[arg(long, conflicts_with = "workspace")]
    all: bool,
    /// Where to go on: a cursor as it was given, or `now`
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// Go on with what will be committed, until it is stopped
    #[arg(long)]
    follow: bool,
}

impl Feed {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context =
            if self.follow { self.store.open_listening().await? } else { self.store.open().await? };
        let of = if self.all { None } else { Some(self.workspace.choose(&context).await?.id) };
        let store = context.store;
        let after = match self.after.as_deref() {
            None => store.feed_start().await?,
            Some("now") => store.feed_head().await?,
            Some(cursor) => cursor.parse().with_context(|| format!("--after {cursor:?}"))?,
        };
        if self.follow { follow(store, of, after).await } else { read(&store, of, after).await }
    }
}

/// What there is.
async fn read(store: &Store, of: Option<WorkspaceId>, mut at: FeedCursor) -> anyhow::Result<ExitCode> {
    loop {
        match store.feed_after(of, at, AT_ONCE).await? {
            FeedRead::Items(items) => {
                let Some(last) = items.last() else { return Ok(ExitCode::SUCCESS) };
                at = last.cursor;
                print(store, items).await?;
            }
            FeedRead::TooOld(head) => return lost(at, head),
        }
    }
}

/// What there is and what will be.
async fn follow(store: Store, of: Option<WorkspaceId>, at: FeedCursor) -> anyhow::Result<ExitCode> {
    let feed = node::Feed::start(store.clone(), Arc::new(Metrics::default()));
    let mut news = feed.subscribe(of, at);
    loop {
        let at = news.cursor();
        match news.next().await? {
            Heard::Items(items) => print(&store, items).await?,
            // Nothing is lost: what follows is read from the store.
            Heard::FellBehind => {}
            Heard::Lost(head) => return lost(at, head),
        }
    }
}

fn lost(at: FeedCursor, head: FeedCursor) -> anyhow::Result<ExitCode> {
    bail!(
        "what came after {at} is not kept any more, or it is a cursor of another database: look at everything anew, \
         then go on with --after {head}"
    )
}

async fn print(store: &Store, items: Vec<FeedItem>) -> anyhow::Result<()> {
    let named = store.feed_named(items).await?;
    let mut out = std::io::stdout().lock();
    let lines: String = named.iter().map(|named| format!("{}\n", as_json(named))).collect();
    let written = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
    if written.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        // As other programs whose reader has seen enough.
        std::process::exit(crate::READER_GONE);
    }
    written.context("the feed cannot be written")
}

/// A line. What it is about has the name of its kind.
fn as_json(named: &FeedNamed) -> Value {
    let item = &named.item;
    let mut line = Map::new();
    line.insert("cursor".to_owned(), item.cursor.to_string().into());
    line.insert("on".to_owned(), item.on.to_string().into());
    line.insert("workspace".to_owned(), json!(named.workspace));
    let kinds: Vec<&str> = item.kinds.iter().map(FeedKind::as_str).collect();
    line.insert("kinds".to_owned(), kinds.into());
    if let Some(contact) = named.contact {
        line.insert("contact".to_owned(), json!(contact));
    }
    let what = item.kinds.iter().find_map(|kind| match kind {
        FeedKind::MessageIn | FeedKind::MessageOut | FeedKind::Status => Some("message"),
        FeedKind::Ticket => Some("ticket"),
        FeedKind::Job => Some("job"),
        FeedKind::Channel => Some("channel"),
        FeedKind::NewContact
        | FeedKind::Contact
        | FeedKind::Session
        | FeedKind::Outcome
        | FeedKind::Definitions => None,
    });
    if let (Some(what), Some(subject)) = (what, named.subject) {
        line.insert(what.to_owned(), json!(subject));
    }
    if let Some(status) = &named.status {
        line.insert("status".to_owned(), json!(status));
    }
    line.into()
}
