//! The feed inside a node: follows what any node commits, as long as somebody wants to hear of it, and hands it to each.
//!
//! One task reads the store for all subscribers. What it hands over is kept in memory for those who are slow, up to a
//! limit; who is slower is told so and goes on from the store, where nothing is missing. So a subscriber has a place of
//! its own, and reads what is between that and what is handed over by itself: at its start, and after it fell behind.

use std::sync::Arc;

use domain::WorkspaceId;
use jiff::Timestamp;
use operations::Context;
use store::{FeedCursor, FeedItem, FeedRead, Store, StoreError, Topic};
use tokio::sync::{Notify, broadcast};
use tokio::task::JoinHandle;

use crate::limits;
use crate::metrics::Metrics;

/// Hands what is committed to whoever subscribes. Cheap to clone; when the last is dropped it ends.
#[derive(Clone)]
pub struct Feed {
    store: Store,
    news: broadcast::Sender<Arc<News>>,
    wanted: Arc<Notify>,
    metrics: Arc<Metrics>,
    _task: Arc<Task>,
}

/// Ends with the feed.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// All that lies between two places, of all workspaces.
struct News {
    from: FeedCursor,
    to: FeedCursor,
    items: Vec<FeedItem>,
}

/// What a subscriber hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The next entries, in order.
    Items(Vec<FeedItem>),
    /// It was too slow for what a node keeps in memory. Nothing is lost: what follows comes from the store.
    FellBehind,
    /// What came next is not kept any more, or its cursor was of another database. It goes on from this place.
    Lost(FeedCursor),
}

/// One who hears of everything behind its place, in order.
pub struct Subscription {
    feed: Feed,
    of: Option<WorkspaceId>,
    at: FeedCursor,
    live: broadcast::Receiver<Arc<News>>,
    /// Something may lie between its place and what is handed over.
    behind: bool,
}

impl Feed {
    /// Starts it. It asks the store for nothing until somebody subscribes.
    pub fn start(store: Store, metrics: Arc<Metrics>) -> Self {
        let news = broadcast::Sender::new(limits::FEED_KEPT);
        let wanted = Arc::new(Notify::new());
        let task = tokio::spawn(run(store.clone(), news.clone(), wanted.clone()));
        Self { store, news, wanted, metrics, _task: Arc::new(Task(task)) }
    }

    /// Subscribes to what comes behind a place, of one workspace or of all.
    pub fn subscribe(&self, of: Option<WorkspaceId>, after: FeedCursor) -> Subscription {
        let live = self.news.subscribe();
        self.wanted.notify_one();
        Subscription { feed: self.clone(), of, at: after, live, behind: true }
    }

    /// The place behind all that is committed now.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn head(&self) -> Result<FeedCursor, StoreError> {
        self.store.feed_head().await
    }
}

impl Subscription {
    /// The place up to which everything was heard.
    pub fn cursor(&self) -> FeedCursor {
        self.at
    }

    /// Waits for the next news. Given up in the middle it loses nothing.
    ///
    /// # Errors
    /// When the store does not answer; the next call tries again.
    pub async fn next(&mut self) -> Result<Heard, StoreError> {
        loop {
            if self.behind {
                if let Some(heard) = self.read().await? {
                    return Ok(heard);
                }
                continue;
            }
            match self.live.recv().await {
                Ok(news) if news.from > self.at => self.behind = true,
                Ok(news) => {
                    let is_mine = |item: &&FeedItem| {
                        item.cursor > self.at && self.of.is_none_or(|workspace| item.workspace == workspace)
                    };
                    let items: Vec<FeedItem> = news.items.iter().filter(is_mine).copied().collect();
                    self.at = self.at.max(news.to);
                    if !items.is_empty() {
                        return Ok(Heard::Items(items));
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.behind = true;
                    self.feed.metrics.feed_behind.inc();
                    return Ok(Heard::FellBehind);
                }
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// Reads from the store what lies behind its place. Nothing if that was all.
    async fn read(&mut self) -> Result<Option<Heard>, StoreError> {
        // Before the rest is read: what is behind this place then cannot be missing.
        let head = self.feed.store.feed_head().await?;
        match self.feed.store.feed_after(self.of, self.at, limits::FEED_READ).await? {
            FeedRead::Items(items) => match items.last() {
                Some(last) => {
                    self.at = last.cursor;
                    Ok(Some(Heard::Items(items)))
                }
                None => {
                    self.at = self.at.max(head);
                    self.behind = false;
                    Ok(None)
                }
            },
            FeedRead::TooOld(head) => {
                self.at = head;
                Ok(Some(Heard::Lost(head)))
            }
        }
    }
}

/// Reads for all subscribers.
async fn run(store: Store, news: broadcast::Sender<Arc<News>>, wanted: Arc<Notify>) {
    let mut rings = store.doorbell().listen(Topic::Feed);
    let mut at = None;
    let mut pause = limits::FEED_SHORTEST_SLEEP;
    loop {
        if news.receiver_count() == 0 {
            at = None;
            wanted.notified().await;
            continue;
        }
        match step(&store, &news, &mut at).await {
            Ok(true) => {
                pause = limits::FEED_SHORTEST_SLEEP;
                continue;
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the feed could not be read; trying again"),
        }
        // What was rung for may be told a little later: while an earlier transaction is under way.
        tokio::select! {
            biased;
            () = rings.rung() => pause = limits::FEED_SHORTEST_SLEEP,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(limits::FEED_LONGEST_SLEEP),
        }
    }
}

/// Hands over what is new. Answers whether there may be more.
async fn step(
    store: &Store,
    news: &broadcast::Sender<Arc<News>>,
    at: &mut Option<FeedCursor>,
) -> Result<bool, StoreError> {
    let Some(from) = *at else {
        // What is before that subscribers read by themselves.
        *at = Some(store.feed_head().await?);
        return Ok(true);
    };
    match store.feed_after(None, from, limits::FEED_READ).await? {
        FeedRead::Items(items) => {
            let Some(last) = items.last() else { return Ok(false) };
            let to = last.cursor;
            *at = Some(to);
            // Nobody may be there any more.
            let _ = news.send(Arc::new(News { from, to, items }));
            Ok(true)
        }
        FeedRead::TooOld(head) => {
            *at = Some(head);
            Ok(true)
        }
    }
}

/// Removes what the feed, and what is kept of calls with a key, need not keep any more, from time to time. It runs beside
/// the clock, under its lease.
pub(crate) async fn prune(ctx: Context) {
    loop {
        tokio::time::sleep(limits::FEED_PRUNE_EVERY).await;
        let before = ctx.now().checked_sub(limits::FEED_KEPT_FOR).unwrap_or(Timestamp::MIN);
        if let Err(error) = operations::prune_feed(&ctx, before, limits::FEED_PRUNED_AT_ONCE).await {
            tracing::warn!(%error, "old entries of the feed could not be removed; trying again later");
        }
        let before = ctx.now().checked_sub(limits::CALLS_KEPT_FOR).unwrap_or(Timestamp::MIN);
        if let Err(error) = operations::forget_calls(&ctx, before).await {
            tracing::warn!(%error, "old calls of the API could not be removed; trying again later");
        }
    }
}
