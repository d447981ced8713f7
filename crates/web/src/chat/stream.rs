//! A conversation as a stream of events that ends with the node and goes on where it stopped.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::Stream;
use node::{Ear, Node, limits};
use tokio::time::Instant;

use super::history::{Conversation, Shown};

/// How often a stream looks whether the node stops.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The streams that are open, counted.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One open stream; counts until it is dropped.
pub(super) struct Seat {
    streams: Arc<Streams>,
    client: IpAddr,
    node: Node,
}

impl Streams {
    /// A seat for one more stream, `None` if there are too many.
    pub(super) fn sit(self: &Arc<Self>, client: IpAddr, node: &Node) -> Option<Seat> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let all: i64 = node.metrics().streams.get();
        let mine = open.entry(client).or_default();
        if *mine >= limits::CHAT_STREAMS_PER_IP
            || all >= i64::try_from(limits::CHAT_STREAMS).unwrap_or(i64::MAX)
        {
            node.metrics().count_limit("chat_streams");
            return None;
        }
        *mine += 1;
        node.metrics().streams.inc();
        Some(Seat { streams: self.clone(), client, node: node.clone() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.node.metrics().streams.dec();
        let mut open = self.streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = open.get_mut(&self.client) {
            *mine -= 1;
            if *mine == 0 {
                open.remove(&self.client);
            }
        }
    }
}

struct State {
    seat: Seat,
    conversation: Conversation,
    ear: Ear,
    last: i64,
    ready: VecDeque<Shown>,
    spoke: Instant,
    begun: bool,
}

/// The conversation from after `last` on.
pub(super) fn events(
    seat: Seat,
    conversation: Conversation,
    last: i64,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let ear = seat.node.bell().listen(&conversation.visitor);
    let state =
        State { seat, conversation, ear, last, ready: VecDeque::new(), spoke: Instant::now(), begun: false };
    futures_util::stream::unfold(state, |mut state| async move {
        let event = state.next().await?;
        state.spoke = Instant::now();
        Some((Ok(event), state))
    })
}

impl State {
    async fn next(&mut self) -> Option<Event> {
        if !self.begun {
            // The first word comes at once: it tells the page that nothing on the way holds the stream back.
            self.begun = true;
            self.read().await;
            return Some(Event::default().comment("here"));
        }
        loop {
            if let Some(message) = self.ready.pop_front() {
                self.last = message.seq;
                let data = serde_json::to_string(&message).unwrap_or_default();
                return Some(Event::default().id(message.seq.to_string()).data(data));
            }
            if self.seat.node.is_stopping() {
                return None;
            }
            tokio::select! {
                biased;
                () = self.ear.heard(self.last) => self.read().await,
                () = tokio::time::sleep(LOOK_EVERY) => {
                    if self.spoke.elapsed() >= limits::CHAT_KEEP_ALIVE {
                        // An old node may have written a message without our bell ringing.
                        self.read().await;
                        if self.ready.is_empty() {
                            return Some(Event::default().comment("still here"));
                        }
                    }
                }
            }
        }
    }

    async fn read(&mut self) {
        self.read_once().await;
        if let Some(contact) = self.conversation.known()
            && self.ear.is_contact(contact)
        {
            self.read_once().await;
        }
    }

    /// Reads what follows what was shown. It is called only when all that was read is shown.
    async fn read_once(&mut self) {
        match self.conversation.after(&self.seat.node, self.last).await {
            Ok(messages) => self.ready = messages.into(),
            // The next ring or the next pause reads again.
            Err(error) => tracing::error!(%error, "a conversation could not be read"),
        }
    }
}
