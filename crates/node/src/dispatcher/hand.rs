//! How much of each line is in hand, and how much more may be: a line holds what it can send in some seconds, so that
//! a backlog neither fills the hand nor keeps rows from other nodes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use domain::ChannelId;
use store::{OutboxItem, OutboxLine, Priority};

use crate::limits;

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
    lines: Arc<RwLock<Busy>>,
}

#[derive(Debug, Default)]
struct Busy {
    lines: HashSet<OutboxLine>,
    /// Rows that were handed over and are not in the lanes yet, so that they do not show there.
    coming: HashMap<OutboxLine, usize>,
}

impl BusyLines {
    /// Whether any of these lines is busy, or has rows on the way to it.
    pub(crate) fn any(&self, lines: &HashSet<OutboxLine>) -> bool {
        let busy = self.lines.read().unwrap_or_else(PoisonError::into_inner);
        lines.iter().any(|line| busy.lines.contains(line) || busy.coming.contains_key(line))
    }

    /// Rows are on their way to the lanes. Only those count for which nobody waits: replies cost nothing here.
    pub(crate) fn come(&self, items: &[OutboxItem]) {
        for item in items.iter().filter(|item| Kind::of(item.rank.priority) == Kind::Other) {
            let mut busy = self.lines.write().unwrap_or_else(PoisonError::into_inner);
            *busy.coming.entry(item.channel).or_default() += 1;
        }
    }

    /// The lines of those that [`BusyLines::come`] has counted.
    pub(super) fn on_the_way(items: &[OutboxItem]) -> Vec<OutboxLine> {
        let others = items.iter().filter(|item| Kind::of(item.rank.priority) == Kind::Other);
        others.map(|item| item.channel).collect()
    }

    /// What was on the way to these lines is in the lanes.
    pub(super) fn arrived(&self, lines: &[OutboxLine]) {
        for line in lines {
            let mut busy = self.lines.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = busy.coming.get_mut(line) {
                *count -= 1;
                if *count == 0 {
                    busy.coming.remove(line);
                }
            }
        }
    }

    fn set(&self, line: OutboxLine, is_busy: bool) {
        let mut busy = self.lines.write().unwrap_or_else(PoisonError::into_inner);
        if is_busy {
            busy.lines.insert(line)
        } else {
            busy.lines.remove(&line)
        };
    }
}

/// What shares room on a line. Each kind has its own, so that none of it is in the way of a stronger one: a reply
/// finds room though a million conversations go on by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reply,
    Conversation,
    Other,
}

impl Kind {
    fn of(priority: Priority) -> Self {
        match priority {
            Priority::Reply => Self::Reply,
            Priority::Conversation => Self::Conversation,
            Priority::OneOff | Priority::Bulk => Self::Other,
        }
    }

    fn most(self) -> usize {
        match self {
            Self::Reply | Self::Conversation => limits::LINE_IN_HAND,
            Self::Other => limits::JOB_LINE_IN_HAND,
        }
    }
}

/// How much of a line is in hand.
#[derive(Debug, Clone, Copy, Default)]
struct Hand {
    /// Rows of each kind.
    rows: [usize; 3],
    /// Rows that the line can send in the time for which it may hold them; `None` while it has no limit of its own.
    reach: Option<usize>,
    /// Of replies, and of conversations that go on by themselves.
    full: bool,
    crowded: bool,
    busy: bool,
}

impl Hand {
    /// Most rows of the line, if all lines together have so many in hand.
    fn most(&self, in_hand: usize, kind: Kind) -> usize {
        let most = kind.most();
        let least = if in_hand < limits::IN_HAND { most } else { limits::LINE_LEAST.min(most) };
        least.min(self.reach.unwrap_or(least))
    }

    fn room(&self, in_hand: usize, kind: Kind) -> usize {
        room(self.most(in_hand, kind), self.rows[kind as usize])
    }

    /// Whether it has as much of a kind as it may, and had so until half of it is done.
    fn is_full(&self, in_hand: usize, kind: Kind, before: bool) -> bool {
        if before {
            self.room(in_hand, kind) == 0
        } else {
            self.rows[kind as usize] >= self.most(in_hand, kind)
        }
    }
}

/// None until half of what it may have is done.
fn room(most: usize, rows: usize) -> usize {
    if rows <= most / 2 { most - rows } else { 0 }
}

/// What is in hand, line by line.
#[derive(Debug, Default)]
pub(super) struct Hands {
    in_hand: usize,
    lines: HashMap<OutboxLine, Hand>,
    full: FullLines,
    crowded: FullLines,
    busy: BusyLines,
}

impl Hands {
    /// Rows of all lines.
    pub(super) fn in_hand(&self) -> usize {
        self.in_hand
    }

    /// Which channels are full of replies.
    pub(super) fn full(&self) -> &FullLines {
        &self.full
    }

    /// Which channels are full of what conversations say that go on by themselves.
    pub(super) fn crowded(&self) -> &FullLines {
        &self.crowded
    }

    /// Which lines are busy.
    pub(super) fn busy(&self) -> &BusyLines {
        &self.busy
    }

    /// How many more rows of a line and priority may be claimed.
    pub(super) fn room(&self, line: OutboxLine, priority: Priority) -> usize {
        let hand = self.lines.get(&line).copied().unwrap_or_default();
        hand.room(self.in_hand, Kind::of(priority))
    }

    /// [`Hands::room`] as it is now, for those who ask later.
    pub(super) fn rooms(&self) -> impl Fn(OutboxLine, Priority) -> usize + Send + use<> {
        let (in_hand, lines) = (self.in_hand, self.lines.clone());
        move |line, priority| {
            let hand = lines.get(&line).copied().unwrap_or_default();
            hand.room(in_hand, Kind::of(priority))
        }
    }

    /// Sets how many rows a line can send in the time for which it may hold them.
    pub(super) fn set_reach(&mut self, line: OutboxLine, reach: Option<usize>) {
        let hand = self.lines.entry(line).or_default();
        if hand.reach != reach {
            hand.reach = reach;
            self.look_at(line);
        }
    }

    /// A row comes in hand.
    pub(super) fn taken(&mut self, line: OutboxLine, priority: Priority) {
        self.in_hand += 1;
        self.lines.entry(line).or_default().rows[Kind::of(priority) as usize] += 1;
        self.look_at(line);
    }

    /// A row leaves the hand.
    pub(super) fn given(&mut self, line: OutboxLine, priority: Priority) {
        let Some(hand) = self.lines.get_mut(&line) else { return };
        self.in_hand -= 1;
        hand.rows[Kind::of(priority) as usize] -= 1;
        self.look_at(line);
    }

    fn look_at(&mut self, line: OutboxLine) {
        let in_hand = self.in_hand;
        let Some(hand) = self.lines.get_mut(&line) else { return };
        let full = hand.is_full(in_hand, Kind::Reply, hand.full);
        if full != hand.full {
            hand.full = full;
            line.into_iter().for_each(|channel| self.full.set(channel, full));
        }
        let crowded = hand.is_full(in_hand, Kind::Conversation, hand.crowded);
        if crowded != hand.crowded {
            hand.crowded = crowded;
            line.into_iter().for_each(|channel| self.crowded.set(channel, crowded));
        }
        let rows: usize = hand.rows.iter().sum();
        let enough = limits::JOB_LINE_IN_HAND.min(hand.reach.unwrap_or(usize::MAX));
        let busy = if hand.busy { rows > enough / 2 } else { rows >= enough };
        if busy != hand.busy {
            hand.busy = busy;
            self.busy.set(line, busy);
        }
        if rows == 0 && hand.reach.is_none() {
            self.lines.remove(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ChannelId;
    use store::{OutboxLine, Priority};

    use super::Hands;
    use crate::limits;

    const LINE: OutboxLine = Some(ChannelId(1));

    #[test]
    fn a_full_line_takes_no_room_from_others() {
        let mut hands = Hands::default();
        for line in 1..=4 {
            for _ in 0..limits::LINE_IN_HAND {
                hands.taken(Some(ChannelId(line)), Priority::Reply);
            }
        }
        assert_eq!(hands.in_hand(), limits::IN_HAND);
        assert_eq!(hands.full().now().len(), 4);
        let rooms = hands.rooms();
        assert_eq!((hands.room(LINE, Priority::Reply), rooms(LINE, Priority::Reply)), (0, 0));
        assert_eq!(hands.room(Some(ChannelId(5)), Priority::Reply), limits::LINE_LEAST);
        for done in 1..=limits::LINE_IN_HAND {
            hands.given(LINE, Priority::Reply);
            let full = hands.full().now().contains(&ChannelId(1));
            assert_eq!(full, done < limits::LINE_IN_HAND / 2, "{done}");
        }
        assert_eq!(hands.room(LINE, Priority::Reply), limits::LINE_IN_HAND);
    }

    #[test]
    fn what_nobody_waits_for_leaves_room_for_replies() {
        let mut hands = Hands::default();
        for _ in 0..limits::LINE_IN_HAND {
            hands.taken(LINE, Priority::Conversation);
        }
        assert_eq!((hands.full().now().len(), hands.crowded().now().len()), (0, 1));
        assert_eq!(hands.room(LINE, Priority::Conversation), 0);
        assert_eq!(hands.room(LINE, Priority::Reply), limits::LINE_IN_HAND);
        for _ in 0..limits::LINE_IN_HAND {
            hands.given(LINE, Priority::Conversation);
        }
        assert!(hands.crowded().now().is_empty());
        for _ in 0..limits::JOB_LINE_IN_HAND {
            assert!(!hands.busy().any(&[LINE].into()));
            hands.taken(LINE, Priority::Bulk);
        }
        assert!(hands.busy().any(&[LINE].into()));
        assert_eq!((hands.room(LINE, Priority::OneOff), hands.full().now().len()), (0, 0));
        assert_eq!(hands.room(LINE, Priority::Conversation), limits::LINE_IN_HAND);
    }

    #[test]
    fn a_slow_line_holds_what_it_can_send_soon() {
        let mut hands = Hands::default();
        hands.set_reach(LINE, Some(10));
        assert_eq!((hands.room(LINE, Priority::Bulk), hands.room(LINE, Priority::Reply)), (10, 10));
        for _ in 0..10 {
            hands.taken(LINE, Priority::Reply);
        }
        assert!(hands.full().now().contains(&ChannelId(1)) && hands.busy().any(&[LINE].into()));
        hands.set_reach(LINE, None);
        assert!(hands.full().now().is_empty() && !hands.busy().any(&[LINE].into()));
    }
}
