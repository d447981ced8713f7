//! Who may send next: one lane for each channel (and for each host of webhooks), and in it one message of a
//! contact at a time, in order. Lanes do not wait for each other.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::{ChannelId, ContactId, OutboxId};
use smol_str::SmolStr;
use store::{OutboxItem, OutboxLine};
use tokio::time::Instant;

use super::breaker::{Breaker, Gate};
use crate::limits;

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

/// Channels of which so much is in hand that more is to stay in the store. Others look, the lanes write. Cheap to
/// clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct FullLines {
    channels: Arc<RwLock<HashSet<ChannelId>>>,
}

impl FullLines {
    /// The channels that are full now.
    pub(crate) fn now(&self) -> HashSet<ChannelId> {
        self.channels.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, channel: ChannelId, full: bool) {
        let mut channels = self.channels.write().unwrap_or_else(PoisonError::into_inner);
        if full {
            channels.insert(channel)
        } else {
            channels.remove(&channel)
        };
    }
}

/// Lines of which enough is in hand that jobs shall add no more, so that replies find a short queue. Others look, the
/// lanes write. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct BusyLines {
    lines: Arc<RwLock<HashSet<OutboxLine>>>,
}

impl BusyLines {
    /// Whether any of these lines is busy.
    pub(crate) fn any(&self, lines: &HashSet<OutboxLine>) -> bool {
        let busy = self.lines.read().unwrap_or_else(PoisonError::into_inner);
        lines.iter().any(|line| busy.contains(line))
    }

    fn set(&self, line: OutboxLine, is_busy: bool) {
        let mut lines = self.lines.write().unwrap_or_else(PoisonError::into_inner);
        if is_busy {
            lines.insert(line)
        } else {
            lines.remove(&line)
        };
    }
}

/// How much of a line is in hand.
#[derive(Debug, Clone, Copy, Default)]
struct Hand {
    rows: usize,
    full: bool,
    busy: bool,
}

/// How fast a lane may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// Requests under way at a time.
    pub(super) window: usize,
    /// Shortest time between two requests.
    pub(super) every: Duration,
}

#[derive(Debug)]
struct Lane {
    pace: Pace,
    in_flight: usize,
    not_before: Option<Instant>,
    /// First items of contacts of whom nothing is under way.
    ready: VecDeque<OutboxItem>,
    /// Contacts of whom something is ready or under way, with what waits behind it.
    behind: HashMap<ContactId, VecDeque<OutboxItem>>,
    breaker: Breaker,
}

/// All lanes of a node.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: BTreeMap<LaneKey, Lane>,
    in_hand: usize,
    hands: HashMap<OutboxLine, Hand>,
    full: FullLines,
    busy: BusyLines,
    in_flight: usize,
    /// The lane that was served last, so that each has its turn.
    served: Option<LaneKey>,
}

impl Lanes {
    /// Items waiting or under way.
    pub(super) fn in_hand(&self) -> usize {
        self.in_hand
    }

    /// Which channels are full.
    pub(super) fn full(&self) -> &FullLines {
        &self.full
    }

    /// Which lines are busy.
    pub(super) fn busy(&self) -> &BusyLines {
        &self.busy
    }

    /// How many more rows of a line may be claimed: none until half of what it may have is done.
    pub(super) fn room(&self, line: OutboxLine) -> usize {
        let rows = self.hands.get(&line).map_or(0, |hand| hand.rows);
        room(self.most_of_line(), rows)
    }

    /// [`Lanes::room`] as it is now, for those who ask later.
    pub(super) fn rooms(&self) -> impl Fn(OutboxLine) -> usize + Send + use<> {
        let most = self.most_of_line();
        let rows: HashMap<OutboxLine, usize> =
            self.hands.iter().map(|(line, hand)| (*line, hand.rows)).collect();
        move |line| room(most, rows.get(&line).copied().unwrap_or_default())
    }

    fn most_of_line(&self) -> usize {
        if self.in_hand < limits::IN_HAND { limits::LINE_IN_HAND } else { limits::LINE_LEAST }
    }

    fn taken(&mut self, line: OutboxLine) {
        self.in_hand += 1;
        let most = self.most_of_line();
        let hand = self.hands.entry(line).or_default();
        hand.rows += 1;
        if hand.rows >= most && !hand.full {
            hand.full = true;
            line.into_iter().for_each(|channel| self.full.set(channel, true));
        }
        if hand.rows >= limits::JOB_LINE_IN_HAND && !hand.busy {
            hand.busy = true;
            self.busy.set(line, true);
        }
    }

    fn given(&mut self, line: OutboxLine, count: usize) {
        self.in_hand -= count;
        let most = self.most_of_line();
        let Some(hand) = self.hands.get_mut(&line) else { return };
        hand.rows -= count;
        if hand.full && room(most, hand.rows) > 0 {
            hand.full = false;
            line.into_iter().for_each(|channel| self.full.set(channel, false));
        }
        if hand.busy && hand.rows <= limits::JOB_LINE_IN_HAND / 2 {
            hand.busy = false;
            self.busy.set(line, false);
        }
        if hand.rows == 0 {
            self.hands.remove(&line);
        }
    }

    /// Items under way.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Takes an item in hand, behind those of its contact.
    pub(super) fn add(&mut self, key: LaneKey, pace: Pace, item: OutboxItem) {
        self.taken(key.line());
        let lane = self.lanes.entry(key).or_insert_with(|| Lane {
            pace,
            in_flight: 0,
            not_before: None,
            ready: VecDeque::new(),
            behind: HashMap::new(),
            breaker: Breaker::default(),
        });
        lane.pace = pace;
        match lane.behind.get_mut(&item.contact) {
            Some(waiting) => {
                let at = waiting.partition_point(|other| other.id < item.id);
                waiting.insert(at, item);
            }
            None => {
                lane.behind.insert(item.contact, VecDeque::new());
                lane.ready.push_back(item);
            }
        }
    }

    /// The next item that may go at `now`, which counts as under way from here on.
    pub(super) fn next(&mut self, now: Instant) -> Option<(LaneKey, OutboxItem)> {
        let after = self.served.take();
        let order =
            |after: &Option<LaneKey>, key: &LaneKey| after.as_ref().is_some_and(|served| key <= served);
        let mut found = None;
        for turn in [false, true] {
            found = self
                .lanes
                .iter_mut()
                .find(|(key, lane)| order(&after, key) == turn && lane.may_go(now))
                .and_then(|(key, lane)| lane.take(now).map(|item| (key.clone(), item)));
            if found.is_some() {
                break;
            }
        }
        self.served = found.as_ref().map(|(key, _)| key.clone()).or(after);
        self.in_flight += usize::from(found.is_some());
        found
    }

    /// When [`Lanes::next`] may have something though it has nothing now and nothing finishes.
    pub(super) fn wake_at(&self, now: Instant) -> Option<Instant> {
        self.lanes.values().filter_map(|lane| lane.opens_at(now)).min()
    }

    /// An item has its final answer: the contact's next one may go.
    pub(super) fn finished(&mut self, key: &LaneKey, contact: ContactId) {
        self.landed(key);
        self.advance(key, contact);
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

    /// A contact's rows went back to the store: what waits behind and is among them is dropped. Answers those that
    /// are not in hand: they are still on their way here, or were not claimed.
    pub(super) fn released(
        &mut self,
        key: &LaneKey,
        contact: ContactId,
        released: &[OutboxId],
    ) -> Vec<OutboxId> {
        let mut elsewhere = released.to_vec();
        if let Some(waiting) = self.lanes.get_mut(key).and_then(|lane| lane.behind.get_mut(&contact)) {
            elsewhere.retain(|id| !waiting.iter().any(|item| item.id == *id));
            let before = waiting.len();
            waiting.retain(|item| !released.contains(&item.id));
            let count = before - waiting.len();
            self.given(key.line(), count);
        }
        self.advance(key, contact);
        elsewhere
    }

    /// Everything of a lane that is not under way, taken out of hand: its carrier is away. What waits behind an
    /// item of its contact goes back with it.
    pub(super) fn drain(&mut self, key: &LaneKey) -> Vec<OutboxItem> {
        self.lanes.get_mut(key).map(|lane| lane.ready.drain(..).collect()).unwrap_or_default()
    }

    /// As [`Lanes::drain`], of all lanes.
    pub(super) fn drain_all(&mut self) -> Vec<(LaneKey, OutboxItem)> {
        let lanes = self.lanes.iter_mut();
        lanes.flat_map(|(key, lane)| lane.ready.drain(..).map(|item| (key.clone(), item))).collect()
    }

    /// Sets how fast a lane may go from now on.
    pub(super) fn set_pace(&mut self, key: &LaneKey, pace: Pace) {
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.pace = pace;
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

    fn advance(&mut self, key: &LaneKey, contact: ContactId) {
        self.given(key.line(), 1);
        let Some(lane) = self.lanes.get_mut(key) else { return };
        match lane.behind.get_mut(&contact).and_then(VecDeque::pop_front) {
            Some(next) => lane.ready.push_back(next),
            None => {
                lane.behind.remove(&contact);
            }
        }
        if lane.behind.is_empty() && !lane.breaker.is_tripped() && matches!(key, LaneKey::Host(_)) {
            self.lanes.remove(key);
        }
    }
}

fn room(most: usize, rows: usize) -> usize {
    if rows <= most / 2 { most - rows } else { 0 }
}

impl Lane {
    fn may_go(&self, now: Instant) -> bool {
        let free = match self.breaker.gate(now) {
            Gate::Open => self.in_flight < self.pace.window,
            Gate::Probe => self.in_flight == 0,
            Gate::Closed(_) => false,
        };
        free && !self.ready.is_empty() && self.not_before.is_none_or(|moment| now >= moment)
    }

    fn take(&mut self, now: Instant) -> Option<OutboxItem> {
        let item = self.ready.pop_front()?;
        self.in_flight += 1;
        if !self.pace.every.is_zero() {
            let from = self.not_before.filter(|moment| *moment + self.pace.every > now).unwrap_or(now);
            self.not_before = Some(from + self.pace.every);
        }
        Some(item)
    }

    fn opens_at(&self, now: Instant) -> Option<Instant> {
        if self.ready.is_empty() {
            return None;
        }
        let (free, gate) = match self.breaker.gate(now) {
            Gate::Open => (self.in_flight < self.pace.window, None),
            Gate::Probe => (self.in_flight == 0, None),
            Gate::Closed(until) => (true, Some(until)),
        };
        if !free {
            return None;
        }
        Some(gate.unwrap_or(now).max(self.not_before.unwrap_or(now)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{ChannelId, ContactId, OutboxId, WorkspaceId};
    use jiff::Timestamp;
    use store::{OutboxItem, OutboxKind};
    use tokio::time::Instant;

    use super::{LaneKey, Lanes, Pace};
    use crate::limits;

    const FREE: Pace = Pace { window: 2, every: Duration::ZERO };

    fn item(id: i64, contact: i64) -> OutboxItem {
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
            attempts: 0,
            possibly_repeated: false,
            created_on: Timestamp::UNIX_EPOCH,
        }
    }

    fn channel(id: i64) -> LaneKey {
        LaneKey::Channel(ChannelId(id))
    }

    fn next(lanes: &mut Lanes, now: Instant) -> Option<i64> {
        lanes.next(now).map(|(_, item)| item.id.0)
    }

    #[test]
    fn keeps_order_within_a_contact_and_the_window() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        for (id, contact) in [(1, 7), (2, 7), (3, 8), (4, 9)] {
            lanes.add(channel(1), FREE, item(id, contact));
        }
        assert_eq!(
            [next(&mut lanes, now), next(&mut lanes, now), next(&mut lanes, now)],
            [Some(1), Some(3), None]
        );
        lanes.finished(&channel(1), ContactId(8));
        assert_eq!(next(&mut lanes, now), Some(4));
        lanes.finished(&channel(1), ContactId(7));
        assert_eq!(next(&mut lanes, now), Some(2));
        assert_eq!((lanes.in_hand(), lanes.in_flight()), (2, 2));
        lanes.finished(&channel(1), ContactId(7));
        lanes.finished(&channel(1), ContactId(9));
        assert_eq!((lanes.in_hand(), lanes.in_flight()), (0, 0));
    }

    #[test]
    fn what_is_tried_later_takes_what_is_behind_it_along() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        for id in [1, 2, 3] {
            lanes.add(channel(1), FREE, item(id, 7));
        }
        assert_eq!(next(&mut lanes, now), Some(1));
        lanes.landed(&channel(1));
        assert_eq!(next(&mut lanes, now), None, "the contact waits");
        lanes.released(&channel(1), ContactId(7), &[OutboxId(1), OutboxId(2), OutboxId(3)]);
        assert_eq!((lanes.in_hand(), next(&mut lanes, now)), (0, None));
    }

    #[test]
    fn a_dead_carrier_does_not_delay_others() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        for id in 1..=8 {
            lanes.add(channel(1), Pace { window: 8, every: Duration::ZERO }, item(id, id));
            lanes.add(channel(2), FREE, item(100 + id, 100 + id));
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
    fn keeps_the_pace_of_a_line() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        let pace = Pace { window: 9, every: Duration::from_millis(100) };
        for id in 1..=3 {
            lanes.add(channel(1), pace, item(id, id));
        }
        assert_eq!([next(&mut lanes, now), next(&mut lanes, now)], [Some(1), None]);
        assert_eq!(lanes.wake_at(now), Some(now + pace.every));
        assert_eq!(next(&mut lanes, now + pace.every), Some(2));
    }

    #[test]
    fn a_full_line_takes_no_room_from_others() {
        let mut lanes = Lanes::default();
        let most = i64::try_from(limits::LINE_IN_HAND).expect("small");
        for line in 1..=4 {
            for id in 1..=most {
                lanes.add(channel(line), FREE, item(line * 100_000 + id, id));
            }
        }
        assert_eq!(lanes.in_hand(), limits::IN_HAND);
        assert_eq!(lanes.full().now().len(), 4);
        assert_eq!((lanes.room(Some(ChannelId(1))), lanes.rooms()(Some(ChannelId(1)))), (0, 0));
        assert_eq!(lanes.room(Some(ChannelId(5))), limits::LINE_LEAST);
        for (done, item) in (1..).zip(lanes.drain(&channel(1))) {
            lanes.released(&channel(1), item.contact, &[item.id]);
            assert_eq!(lanes.full().now().contains(&ChannelId(1)), done < most / 2, "{done}");
        }
        assert_eq!(lanes.room(Some(ChannelId(1))), limits::LINE_IN_HAND);
    }

    #[test]
    fn lanes_take_turns() {
        let now = Instant::now();
        let mut lanes = Lanes::default();
        let wide = Pace { window: 9, every: Duration::ZERO };
        for id in 1..=2 {
            lanes.add(channel(1), wide, item(id, id));
            lanes.add(channel(2), wide, item(10 + id, 10 + id));
        }
        let order: Vec<_> = std::iter::from_fn(|| next(&mut lanes, now)).collect();
        assert_eq!(order, [1, 11, 2, 12]);
    }
}
