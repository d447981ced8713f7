//! Who may send next: one lane for each channel (and for each host of webhooks), and in it one message of a
//! contact at a time, in order. Lanes do not wait for each other.

use std::collections::{BTreeMap, HashMap, VecDeque};

use domain::{ChannelId, ContactId, OutboxId};
use smol_str::SmolStr;
use store::{OutboxItem, OutboxLine};
use tokio::time::Instant;

use super::breaker::{Breaker, Gate};
use super::hand::Hands;
use super::pace::{Pace, Pacer};
use super::ready::Ready;

/// What a lane stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LaneKey {
    /// Messages of a channel.
    Channel(ChannelId),
    /// Webhooks to a host.
    Host(SmolStr),
}

impl LaneKey {
    fn line(&self) -> OutboxLine {
        match self {
            Self::Channel(channel) => Some(*channel),
            Self::Host(_) => None,
        }
    }
}

#[derive(Debug)]
struct Lane {
    /// `None` while the line's settings are not known: then nothing goes.
    pace: Option<Pace>,
    pacer: Pacer,
    in_flight: usize,
    /// First items of contacts of whom nothing is under way.
    ready: Ready,
    /// Contacts of whom something is ready or under way, with what waits behind it.
    behind: HashMap<ContactId, VecDeque<OutboxItem>>,
    breaker: Breaker,
}

/// An item that goes now, counted as under way from here on.
#[derive(Debug)]
pub(super) struct Going {
    pub(super) key: LaneKey,
    pub(super) item: OutboxItem,
    /// For the places of further requests of the same message.
    pub(super) pacer: Pacer,
    pub(super) pace: Pace,
}

/// All lanes of a node.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: BTreeMap<LaneKey, Lane>,
    hands: Hands,
    in_flight: usize,
    /// The lane that was served last, so that each has its turn.
    served: Option<LaneKey>,
    started: Instant,
}

impl Lanes {
    /// No lanes yet, of a node that starts at this moment.
    pub(super) fn new(started: Instant) -> Self {
        Self { lanes: BTreeMap::new(), hands: Hands::default(), in_flight: 0, served: None, started }
    }

    /// What is in hand, waiting or under way.
    pub(super) fn hands(&self) -> &Hands {
        &self.hands
    }

    /// Items under way.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Takes an item in hand, behind those of its contact, which go with it if it has more weight. Answers whether the
    /// pace of its lane is not known yet.
    pub(super) fn add(&mut self, key: &LaneKey, item: OutboxItem) -> bool {
        self.hands.taken(key.line(), item.rank.priority);
        let started = self.started;
        let lane = self.lanes.entry(key.clone()).or_insert_with(|| Lane::new(started));
        match lane.behind.get_mut(&item.contact) {
            Some(waiting) => {
                lane.ready.raise(item.contact, item.rank);
                let at = waiting.partition_point(|other| other.id < item.id);
                waiting.insert(at, item);
            }
            None => {
                lane.behind.insert(item.contact, VecDeque::new());
                lane.ready.push(item.rank, item);
            }
        }
        lane.pace.is_none()
    }

    /// The next item that may go at `now`.
    pub(super) fn next(&mut self, now: Instant) -> Option<Going> {
        let after = self.served.take();
        let order =
            |after: &Option<LaneKey>, key: &LaneKey| after.as_ref().is_some_and(|served| key <= served);
        let mut found = None;
        for turn in [false, true] {
            found = self
                .lanes
                .iter_mut()
                .find(|(key, lane)| order(&after, key) == turn && lane.may_go(now))
                .and_then(|(key, lane)| lane.take(key, now));
            if found.is_some() {
                break;
            }
        }
        self.served = found.as_ref().map(|going| going.key.clone()).or(after);
        self.in_flight += usize::from(found.is_some());
        found
    }

    /// When [`Lanes::next`] may have something though it has nothing now and nothing finishes.
    pub(super) fn wake_at(&self, now: Instant) -> Option<Instant> {
        self.lanes.values().filter_map(|lane| lane.opens_at(now)).min()
    }

    /// An item has its final answer: the contact's next one may go.
    pub(super) fn finished(&mut self, key: &LaneKey, item: &OutboxItem) {
        self.landed(key);
        self.advance(key, item);
    }

    /// Items of a lane that wait for their turn and could go.
    pub(super) fn ready(&self, key: &LaneKey) -> usize {
        self.lanes.get(key).map_or(0, |lane| lane.ready.len())
    }

    /// An item came back without a final answer. Its contact stays blocked until [`Lanes::released`].
    pub(super) fn landed(&mut self, key: &LaneKey) {
        self.in_flight -= 1;
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.in_flight -= 1;
        }
    }

    /// A contact's rows went back to the store: what waits behind `item` and is among them is dropped. Answers those
    /// that are not in hand: they are still on their way here, or were not claimed.
    pub(super) fn released(
        &mut self,
        key: &LaneKey,
        item: &OutboxItem,
        released: &[OutboxId],
    ) -> Vec<OutboxId> {
        let mut elsewhere = released.to_vec();
        if let Some(waiting) = self.lanes.get_mut(key).and_then(|lane| lane.behind.get_mut(&item.contact)) {
            elsewhere.retain(|id| !waiting.iter().any(|other| other.id == *id));
            let (gone, rest): (Vec<OutboxItem>, Vec<OutboxItem>) =
                waiting.drain(..).partition(|other| released.contains(&other.id));
            waiting.extend(rest);
            for other in gone {
                self.hands.given(key.line(), other.rank.priority);
            }
        }
        self.advance(key, item);
        elsewhere
    }

    /// Drops what waits behind an item that came back and whose end is not known. Its contact stays blocked.
    pub(super) fn forget_behind(&mut self, key: &LaneKey, item: &OutboxItem) -> Vec<OutboxId> {
        let waiting = self.lanes.get_mut(key).and_then(|lane| lane.behind.get_mut(&item.contact));
        let gone = waiting.map(std::mem::take).unwrap_or_default();
        for other in &gone {
            self.hands.given(key.line(), other.rank.priority);
        }
        gone.into_iter().map(|other| other.id).collect()
    }

    /// Everything of a lane that is not under way, taken out of hand: its carrier is away. What waits behind an
    /// item of its contact goes back with it.
    pub(super) fn drain(&mut self, key: &LaneKey) -> Vec<OutboxItem> {
        self.lanes.get_mut(key).map(|lane| lane.ready.drain().collect()).unwrap_or_default()
    }

    /// As [`Lanes::drain`], of all lanes.
    pub(super) fn drain_all(&mut self) -> Vec<(LaneKey, OutboxItem)> {
        let lanes = self.lanes.iter_mut();
        lanes.flat_map(|(key, lane)| lane.ready.drain().map(|item| (key.clone(), item))).collect()
    }

    /// Sets how fast a lane may go from now on.
    pub(super) fn set_pace(&mut self, key: &LaneKey, pace: Pace) {
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.pace = Some(pace);
            self.hands.set_reach(key.line(), pace.reach());
        }
    }

    /// The breaker of a lane.
    pub(super) fn breaker(&mut self, key: &LaneKey) -> Option<&mut Breaker> {
        self.lanes.get_mut(key).map(|lane| &mut lane.breaker)
    }

    /// Whether the carrier of a lane counts as away until later than `now`.
    pub(super) fn closed_until(&self, key: &LaneKey, now: Instant) -> Option<Instant> {
        match self.lanes.get(key)?.breaker.gate(now) {
            Gate::Closed(until) => Some(until),
            Gate::Open | Gate::Probe => None,
        }
    }

    fn advance(&mut self, key: &LaneKey, item: &OutboxItem) {
        self.hands.given(key.line(), item.rank.priority);
        let Some(lane) = self.lanes.get_mut(key) else { return };
        let next = lane.behind.get_mut(&item.contact).and_then(|waiting| {
            // The strongest of what its person is to read takes along what comes before it.
            let rank = waiting.iter().map(|other| other.rank).min()?;
            Some((rank, waiting.pop_front()?))
        });
        match next {
            Some((rank, next)) => lane.ready.push(rank, next),
            None => {
                lane.behind.remove(&item.contact);
            }
        }
        if lane.behind.is_empty() && !lane.breaker.is_tripped() && matches!(key, LaneKey::Host(_)) {
            self.lanes.remove(key);
        }
    }
}

impl Lane {
    fn new(started: Instant) -> Self {
        Self {
            pace: None,
            pacer: Pacer::since(started),
            in_flight: 0,
            ready: Ready::default(),
            behind: HashMap::new(),
            breaker: Breaker::default(),
        }
    }

    fn may_go(&self, now: Instant) -> bool {
        let Some(pace) = self.pace.filter(|_| !self.ready.is_empty()) else { return false };
        let free = match self.breaker.gate(now) {
            Gate::Open => self.in_flight < pace.window,
            Gate::Probe => self.in_flight == 0,
            Gate::Closed(_) => false,
        };
        free && self.pacer.free_at(&pace).is_none_or(|moment| now >= moment)
    }

    fn take(&mut self, key: &LaneKey, now: Instant) -> Option<Going> {
        let (pace, item) = (self.pace?, self.ready.pop()?);
        self.in_flight += 1;
        self.pacer.take(now, &pace);
        Some(Going { key: key.clone(), item, pacer: self.pacer.clone(), pace })
    }

    fn opens_at(&self, now: Instant) -> Option<Instant> {
        let pace = self.pace.filter(|_| !self.ready.is_empty())?;
        let (free, gate) = match self.breaker.gate(now) {
            Gate::Open => (self.in_flight < pace.window, None),
            Gate::Probe => (self.in_flight == 0, None),
            Gate::Closed(until) => (true, Some(until)),
        };
        if !free {
            return None;
        }
        Some(gate.unwrap_or(now).max(self.pacer.free_at(&pace).unwrap_or(now)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use domain::{ChannelId, ContactId, OutboxId, WorkspaceId};
    use jiff::Timestamp;
    use store::{OutboxItem, OutboxKind, Priority, Rank, Rate};
    use tokio::time::Instant;

    use super::{LaneKey, Lanes, Pace};
    use crate::limits;

    const FREE: Pace = Pace { window: 2, every: Duration::ZERO };
    const WIDE: Pace = Pace { window: 9, every: Duration::ZERO };

    pub(in crate::dispatcher) fn item(id: i64, contact: i64) -> OutboxItem {
        OutboxItem {
            id: OutboxId(id),
            workspace: WorkspaceId(1),
            kind: OutboxKind::Message,
            contact: ContactId(contact),
            channel: Some(ChannelId(1)),
            message: None,
            session: None,
            message_uuid: None,
            urn: None,
            text: "".into(),
            attachments: Vec::new(),
            quick_replies: None,
            detail: None,
            payload: None,
            rank: Rank::of(Priority::Reply),
            attempts: 0,
            possibly_repeated: false,
            created_on: Timestamp::UNIX_EPOCH,
        }
    }

    fn bulk(id: i64, contact: i64) -> OutboxItem {
        OutboxItem { rank: Rank { priority: Priority::Bulk, source: 7 }, ..item(id, contact) }
    }

    fn channel(id: i64) -> LaneKey {
        LaneKey::Channel(ChannelId(id))
    }

    fn add(lanes: &mut Lanes, line: i64, pace: Pace, item: OutboxItem) {
        lanes.add(&channel(line), item);
        lanes.set_pace(&channel(line), pace);
    }

    fn next(lanes: &mut Lanes, now: Instant) -> Option<i64> {
        lanes.next(now).map(|going| going.item.id.0)
    }

    #[test]
    fn keeps_order_within_a_contact_and_the_window() {
        let now = Instant::now();
        let mut lanes = Lanes::new(now);
        for (id, contact) in [(1, 7), (2, 7), (3, 8), (4, 9)] {
            add(&mut lanes, 1, FREE, item(id, contact));
        }
        assert_eq!(
            [next(&mut lanes, now), next(&mut lanes, now), next(&mut lanes, now)],
            [Some(1), Some(3), None]
        );
        lanes.finished(&channel(1), &item(3, 8));
        assert_eq!(next(&mut lanes, now), Some(4));
        lanes.finished(&channel(1), &item(1, 7));
        assert_eq!(next(&mut lanes, now), Some(2));
        assert_eq!((lanes.hands().in_hand(), lanes.in_flight()), (2, 2));
        lanes.finished(&channel(1), &item(2, 7));
        lanes.finished(&channel(1), &item(4, 9));
        assert_eq!((lanes.hands().in_hand(), lanes.in_flight()), (0, 0));
    }

    #[test]
    fn nothing_goes_before_the_pace_is_known() {
        let now = Instant::now();
        let mut lanes = Lanes::new(now);
        assert!(lanes.add(&channel(1), item(1, 1)));
        assert_eq!((next(&mut lanes, now), lanes.wake_at(now)), (None, None));
        lanes.set_pace(&channel(1), FREE);
        assert!(!lanes.add(&channel(1), item(2, 2)));
        assert_eq!(next(&mut lanes, now), Some(1));
    }

    #[test]
    fn what_is_tried_later_takes_what_is_behind_it_along() {
        let now = Instant::now();
        let mut lanes = Lanes::new(now);
        for id in [1, 2, 3] {
            add(&mut lanes, 1, FREE, item(id, 7));
        }
        assert_eq!(next(&mut lanes, now), Some(1));
        lanes.landed(&channel(1));
        assert_eq!(next(&mut lanes, now), None, "the contact waits");
        lanes.released(&channel(1), &item(1, 7), &[OutboxId(1), OutboxId(2), OutboxId(3)]);
        assert_eq!((lanes.hands().in_hand(), next(&mut lanes, now)), (0, None));
    }

    #[test]
    fn a_reply_takes_along_what_its_person_is_to_read_before_it() {
        let now = Instant::now();
        let mut lanes = Lanes::new(now);
        for id in 1..=5 {
            add(&mut lanes, 1, WIDE, bulk(id, id));
        }
        add(&mut lanes, 1, WIDE, bulk(6, 4));
        add(&mut lanes, 1, WIDE, item(7, 4));
        add(&mut lanes, 1, WIDE, item(8, 9));
        assert_eq!([next(&mut lanes, now), next(&mut lanes, now)], [Some(4), Some(8)]);
        lanes.finished(&channel(1), &bulk(4, 4));
        assert_eq!(next(&mut lanes, now), Some(6), "also the next one, before those of others");
        lanes.finished(&channel(1), &bulk(6, 4));
        assert_eq!([next(&mut lanes, now), next(&mut lanes, now)], [Some(7), Some(1)]);
    }

    #[test]
    fn a_dead_carrier_does_not_delay_others() {
        let now = Instant::now();
        let mut lanes = Lanes::new(now);
        for id in 1..=8 {
            add(&mut lanes, 1, WIDE, item(id, id));
            add(&mut lanes, 2, FREE, item(100 + id, 100 + id));
        }
        for n in 1..=limits::BREAKER_FAILURES {
            let message = OutboxId(i64::try_from(n).expect("small"));
            lanes.breaker(&channel(1)).expect("a lane").failed(now, message);
        }
        assert!(lanes.closed_until(&channel(1), now).is_some());
        assert_eq!(
            [next(&mut lanes, now), next(&mut lanes, now), next(&mut lanes, now)],
            [Some(101), Some(102), None]
        );
        let later = lanes.closed_until(&channel(1), now).expect("closed");
        assert_eq!(lanes.wake_at(now), Some(later));
        assert_eq!([next(&mut lanes, later), next(&mut lanes, later)], [Some(1), None], "one probe");
        assert_eq!(lanes.drain(&channel(1)).len(), 7);
    }

    #[test]
    fn keeps_the_pace_of_a_line_also_after_a_pause() {
        let start = Instant::now();
        let mut lanes = Lanes::new(start);
        let pace = Pace::of(9, Some(Rate::per_second(10)), 1);
        for id in 1..=4 {
            add(&mut lanes, 1, pace, item(id, id));
        }
        assert_eq!(next(&mut lanes, start), None, "the run before may just have sent something");
        let mut now = start + pace.every;
        assert_eq!([next(&mut lanes, now), next(&mut lanes, now)], [Some(1), None]);
        assert_eq!(lanes.wake_at(now), Some(now + pace.every));
        now += pace.every * 5 / 2;
        assert_eq!([next(&mut lanes, now), next(&mut lanes, now)], [Some(2), None]);
        assert_eq!(next(&mut lanes, now + pace.every / 2), None, "a pause is not made good for");
        assert_eq!(next(&mut lanes, now + pace.every), Some(3));
    }

    #[test]
    fn lanes_take_turns() {
        let now = Instant::now();
        let mut lanes = Lanes::new(now);
        for id in 1..=2 {
            add(&mut lanes, 1, WIDE, item(id, id));
            add(&mut lanes, 2, WIDE, item(10 + id, 10 + id));
        }
        let order: Vec<_> = std::iter::from_fn(|| next(&mut lanes, now)).collect();
        assert_eq!(order, [1, 11, 2, 12]);
    }
}
