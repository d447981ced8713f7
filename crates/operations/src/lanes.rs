//! Order within one contact among operations that run at the same time in this process: whoever asks first goes
//! first, and nobody waits for other contacts. The store's version check holds across processes.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::Urn;
use smol_str::SmolStr;
use tokio::sync::oneshot;

/// Whose lane: scheme and path of the address they write from. The workspace is not part of it, because a lane is
/// taken before anything is looked up; two workspaces that share a person share a lane, which does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LaneKey(SmolStr, SmolStr);

impl LaneKey {
    pub fn of(urn: &Urn) -> Self {
        Self(urn.scheme.clone(), urn.path.clone())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Lanes {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// Tickets in each lane; the first holds it.
    lanes: HashMap<LaneKey, VecDeque<u64>>,
    /// How many lanes a ticket still waits for, and how it hears that there are none.
    waiting: HashMap<u64, (usize, oneshot::Sender<()>)>,
}

/// Lanes held; given back when dropped.
pub(crate) struct Held<'l> {
    lanes: &'l Lanes,
    ticket: u64,
    keys: Vec<LaneKey>,
}

impl Lanes {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until all these lanes are ours. All are joined in one step, so two batches never wait for each other.
    pub async fn enter(&self, mut keys: Vec<LaneKey>) -> Held<'_> {
        keys.sort();
        keys.dedup();
        let (held, turn) = {
            let mut state = self.state();
            let ticket = state.next;
            state.next += 1;
            let mut ahead = 0;
            for key in &keys {
                let lane = state.lanes.entry(key.clone()).or_default();
                ahead += usize::from(!lane.is_empty());
                lane.push_back(ticket);
            }
            let held = Held { lanes: self, ticket, keys };
            if ahead == 0 {
                return held;
            }
            let (sender, turn) = oneshot::channel();
            state.waiting.insert(ticket, (ahead, sender));
            (held, turn)
        };
        // The sender is dropped only with the state itself; either way there is nothing ahead any more.
        drop(turn.await);
        held
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut guard = self.lanes.state();
        let state = &mut *guard;
        state.waiting.remove(&self.ticket);
        for key in &self.keys {
            let Some(lane) = state.lanes.get_mut(key) else { continue };
            let was_first = lane.front() == Some(&self.ticket);
            lane.retain(|ticket| *ticket != self.ticket);
            let first = lane.front().copied();
            if first.is_none() {
                state.lanes.remove(key);
            }
            let Some(first) = first.filter(|_| was_first) else { continue };
            if let Some((ahead, _)) = state.waiting.get_mut(&first) {
                *ahead -= 1;
                if *ahead == 0
                    && let Some((_, sender)) = state.waiting.remove(&first)
                {
                    let _ = sender.send(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str) -> LaneKey {
        LaneKey("tel".into(), path.into())
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_first_to_ask_goes_first_and_strangers_do_not_wait() {
        let lanes = Lanes::default();
        let first = lanes.enter(vec![key("1"), key("2"), key("1")]).await;
        let mut second = Box::pin(lanes.enter(vec![key("2"), key("3")]));
        let mut third = Box::pin(lanes.enter(vec![key("3")]));
        assert!(futures_poll(&mut second).is_none());
        assert!(futures_poll(&mut third).is_none(), "the third is behind the second on lane 3");
        let stranger = lanes.enter(vec![key("4")]).await;
        drop(first);
        let second = futures_poll(&mut second).unwrap();
        assert!(futures_poll(&mut third).is_none());
        drop(second);
        drop(futures_poll(&mut third).unwrap());
        drop(stranger);
        assert!(lanes.state().lanes.is_empty());
        assert!(lanes.state().waiting.is_empty());
    }

    fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(future).poll(&mut context) {
            std::task::Poll::Ready(out) => Some(out),
            std::task::Poll::Pending => None,
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn one_that_gives_up_waiting_blocks_nobody() {
        let lanes = Lanes::default();
        let first = lanes.enter(vec![key("1")]).await;
        let mut second = Box::pin(lanes.enter(vec![key("1"), key("2")]));
        assert!(futures_poll(&mut second).is_none());
        let mut third = Box::pin(lanes.enter(vec![key("2")]));
        assert!(futures_poll(&mut third).is_none());
        drop(second);
        drop(futures_poll(&mut third).unwrap());
        drop(first);
        assert!(lanes.state().lanes.is_empty());
    }
}
