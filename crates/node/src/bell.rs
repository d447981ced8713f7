//! Wakes the chat streams of a visitor. The bell says only that there is something new; what it is stands in the
//! message table.
//!
//! What this node says it rings for at once, by the visitor's address. What other nodes and commands say is heard through
//! the feed, by the contact, which a stream knows as soon as the visitor has said anything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ContactId;
use smol_str::SmolStr;
use store::{FeedItem, FeedKind};
use tokio::sync::{Notify, watch};

use crate::feed::{Feed, Heard};
use crate::limits;

/// Rings for visitors, by the path of their address or their contact. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bell {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    watchers: Mutex<Watchers>,
    /// Rings for visitors who are not known as contacts yet: somebody was seen for the first time.
    newcomers: watch::Sender<u64>,
    /// Rings when the first listens.
    wanted: Notify,
}

#[derive(Debug, Default)]
struct Watchers {
    visitors: HashMap<SmolStr, watch::Sender<u64>>,
    /// The highest message of each that was rung for.
    contacts: HashMap<ContactId, watch::Sender<i64>>,
}

/// Hears the bell of one visitor.
#[derive(Debug)]
pub struct Ear {
    visitor: SmolStr,
    rings: Option<watch::Receiver<u64>>,
    /// Who the visitor is, once that is known, and the messages that were rung for.
    contact: Option<(ContactId, watch::Receiver<i64>)>,
    newcomers: watch::Receiver<u64>,
    /// How often somebody had been new when this one was last looked for among them.
    looked_for: u64,
    bell: Bell,
}

impl Default for Bell {
    fn default() -> Self {
        let inner =
            Inner { watchers: Mutex::default(), newcomers: watch::Sender::new(0), wanted: Notify::new() };
        Self { inner: Arc::new(inner) }
    }
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, Watchers> {
        self.inner.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something new for this visitor is committed.
    pub fn ring(&self, visitor: &str) {
        if let Some(watcher) = self.lock().visitors.get(visitor) {
            watcher.send_modify(|rings| *rings += 1);
        }
    }

    /// Rings for the person that an outbox row is for, if they are a visitor.
    pub(crate) fn ring_for(&self, item: &store::OutboxItem) {
        if let Some((scheme, path)) = &item.urn
            && scheme == channels::webchat::SCHEME
        {
            self.ring(path);
        }
    }

    /// Rings for those whom entries of the feed are about.
    fn ring_for_all(&self, items: &[FeedItem]) {
        let watchers = self.lock();
        for item in items {
            let has = |kind| item.kinds.contains(kind);
            let says = has(FeedKind::MessageIn) || has(FeedKind::MessageOut) || has(FeedKind::Status);
            if let Some(contact) = item.contact.filter(|_| says)
                && let Some(watcher) = watchers.contacts.get(&contact)
            {
                let message = item.subject.unwrap_or(i64::MAX);
                watcher.send_modify(|highest| *highest = message.max(*highest));
            }
        }
        drop(watchers);
        if items.iter().any(|item| item.kinds.contains(FeedKind::NewContact)) {
            self.inner.newcomers.send_modify(|rings| *rings += 1);
        }
    }

    /// Rings for everybody: nobody knows what was missed.
    fn ring_all(&self) {
        let watchers = self.lock();
        watchers.visitors.values().for_each(|watcher| watcher.send_modify(|rings| *rings += 1));
    }

    fn is_wanted(&self) -> bool {
        !self.lock().visitors.is_empty()
    }

    /// Listens for a visitor. What is committed after this call is heard.
    pub fn listen(&self, visitor: &str) -> Ear {
        let visitor = SmolStr::from(visitor);
        let rings = {
            let mut watchers = self.lock();
            watchers.visitors.entry(visitor.clone()).or_insert_with(|| watch::channel(0).0).subscribe()
        };
        self.inner.wanted.notify_one();
        let newcomers = self.inner.newcomers.subscribe();
        let looked_for = *newcomers.borrow();
        Ear { visitor, rings: Some(rings), contact: None, newcomers, looked_for, bell: self.clone() }
    }
}

impl Ear {
    /// Says who the visitor is: what other nodes say to them is heard from now on. Answers whether that is news: what
    /// was said before it may not have been heard.
    pub fn is_contact(&mut self, contact: ContactId) -> bool {
        if self.contact.is_some() {
            return false;
        }
        let mut watchers = self.bell.lock();
        let watcher = watchers.contacts.entry(contact).or_insert_with(|| watch::channel(0).0);
        self.contact = Some((contact, watcher.subscribe()));
        true
    }

    /// Waits for the next ring since the last call, for something behind the message `last`. Given up in the middle it
    /// loses none.
    pub async fn heard(&mut self, last: i64) {
        let Some(rings) = &mut self.rings else { return std::future::pending().await };
        match &mut self.contact {
            Some((_, messages)) => {
                let elsewhere = async {
                    // The sender lives in the table as long as an ear does.
                    while messages.changed().await.is_ok() && *messages.borrow_and_update() <= last {}
                };
                tokio::select! {
                    biased;
                    _ = rings.changed() => {}
                    () = elsewhere => {}
                }
            }
            None => {
                let newcomers = async {
                    // Many may be new at once, and one of them at most is this one.
                    let _ = self.newcomers.wait_for(|count| *count != self.looked_for).await;
                    tokio::time::sleep(limits::CHAT_NEWCOMER_PAUSE).await;
                    self.looked_for = *self.newcomers.borrow();
                };
                tokio::select! {
                    biased;
                    _ = rings.changed() => {}
                    () = newcomers => {}
                }
            }
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let mut watchers = self.bell.lock();
        drop(self.rings.take());
        if watchers.visitors.get(&self.visitor).is_some_and(|watcher| watcher.receiver_count() == 0) {
            watchers.visitors.remove(&self.visitor);
        }
        if let Some((contact, messages)) = self.contact.take() {
            drop(messages);
            if watchers.contacts.get(&contact).is_some_and(|watcher| watcher.receiver_count() == 0) {
                watchers.contacts.remove(&contact);
            }
        }
    }
}

/// Rings for what any node commits, as long as somebody listens. It ends with its task.
pub(crate) async fn listen_to(feed: Feed, bell: Bell) {
    loop {
        if !bell.is_wanted() {
            bell.inner.wanted.notified().await;
            continue;
        }
        let head = match feed.head().await {
            Ok(head) => head,
            Err(error) => {
                tracing::warn!(%error, "what other nodes say in chats is heard later");
                tokio::time::sleep(limits::FEED_RETRY).await;
                continue;
            }
        };
        let mut news = feed.subscribe(None, head);
        // What was said before this place.
        bell.ring_all();
        while bell.is_wanted() {
            match news.next().await {
                Ok(Heard::Items(items)) => bell.ring_for_all(&items),
                Ok(Heard::FellBehind) => {}
                Ok(Heard::Lost(_)) => bell.ring_all(),
                Err(error) => {
                    tracing::warn!(%error, "what other nodes say in chats is heard later");
                    tokio::time::sleep(limits::FEED_RETRY).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{ContactId, WorkspaceId};
    use jiff::Timestamp;
    use store::{FeedCursor, FeedItem, FeedKind};

    use super::{Bell, Ear};

    #[tokio::test]
    async fn wakes_those_who_listen_and_forgets_those_who_left() {
        let bell = Bell::default();
        bell.ring("one");
        let mut one = bell.listen("one");
        let mut two = bell.listen("one");
        bell.ring("one");
        one.heard(0).await;
        two.is_contact(ContactId(1));
        drop((one, two));
        assert!(bell.lock().visitors.is_empty() && bell.lock().contacts.is_empty());
    }

    async fn hears(ear: &mut Ear, last: i64) -> bool {
        tokio::time::timeout(Duration::from_secs(5), ear.heard(last)).await.is_ok()
    }

    fn item(kind: FeedKind, contact: i64, subject: i64) -> FeedItem {
        FeedItem {
            cursor: FeedCursor::START,
            on: Timestamp::UNIX_EPOCH,
            workspace: WorkspaceId(1),
            contact: Some(ContactId(contact)),
            subject: Some(subject),
            kinds: [kind].into_iter().collect(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn hears_of_what_other_nodes_say_to_its_contact_and_of_nothing_else() {
        let bell = Bell::default();
        let mut ear = bell.listen("one");
        bell.ring_for_all(&[item(FeedKind::MessageOut, 1, 10)]);
        assert!(!hears(&mut ear, 0).await, "it is not known who that is");
        bell.ring_for_all(&[item(FeedKind::NewContact, 1, 0)]);
        assert!(hears(&mut ear, 0).await, "it may be this one");
        assert!(!hears(&mut ear, 0).await);
        ear.is_contact(ContactId(1));
        bell.ring_for_all(&[item(FeedKind::MessageOut, 2, 20), item(FeedKind::Contact, 1, 0)]);
        assert!(!hears(&mut ear, 0).await, "somebody else, and nothing said");
        bell.ring_for_all(&[item(FeedKind::MessageOut, 1, 30)]);
        assert!(hears(&mut ear, 10).await);
        bell.ring_for_all(&[item(FeedKind::Status, 1, 30)]);
        assert!(!hears(&mut ear, 30).await, "it was shown already");
        bell.ring_all();
        assert!(hears(&mut ear, 30).await);
    }
}
