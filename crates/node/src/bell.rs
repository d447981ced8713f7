//! Wakes the chat streams of a visitor. The bell says only that there is something new; what it is stands in the
//! message table.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smol_str::SmolStr;
use tokio::sync::watch;

type Watchers = HashMap<SmolStr, watch::Sender<u64>>;

/// Rings for visitors, by the path of their address. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Bell {
    watchers: Arc<Mutex<Watchers>>,
}

/// Hears the bell of one visitor.
#[derive(Debug)]
pub struct Ear {
    visitor: SmolStr,
    rings: Option<watch::Receiver<u64>>,
    bell: Bell,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, Watchers> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something new for this visitor is committed.
    pub fn ring(&self, visitor: &str) {
        if let Some(watcher) = self.lock().get(visitor) {
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

    /// Listens for a visitor. What is committed after this call is heard.
    pub fn listen(&self, visitor: &str) -> Ear {
        let visitor = SmolStr::from(visitor);
        let rings = self.lock().entry(visitor.clone()).or_insert_with(|| watch::channel(0).0).subscribe();
        Ear { visitor, rings: Some(rings), bell: self.clone() }
    }
}

impl Ear {
    /// Waits for the next ring since the last call.
    pub async fn heard(&mut self) {
        if let Some(rings) = &mut self.rings {
            // The sender lives in the table as long as an ear does.
            let _ = rings.changed().await;
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let mut watchers = self.bell.lock();
        drop(self.rings.take());
        if watchers.get(&self.visitor).is_some_and(|watcher| watcher.receiver_count() == 0) {
            watchers.remove(&self.visitor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bell;

    #[tokio::test]
    async fn wakes_those_who_listen_and_forgets_those_who_left() {
        let bell = Bell::default();
        bell.ring("one");
        let mut one = bell.listen("one");
        let two = bell.listen("one");
        bell.ring("one");
        one.heard().await;
        drop((one, two));
        assert!(bell.lock().is_empty());
    }
}
