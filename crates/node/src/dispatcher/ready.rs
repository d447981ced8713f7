//! What of a lane could go at once, and in which order: the stronger priority first, within one the workspaces and
//! jobs in turn. A weaker priority that was passed over often enough goes before stronger ones, so that nothing waits
//! for ever.

use std::collections::{BTreeMap, VecDeque};

use domain::{ContactId, WorkspaceId};
use store::{OutboxItem, Priority, Rank};

use crate::limits;

/// Those who share a priority.
type Source = (WorkspaceId, i64);

/// Rows of one priority.
#[derive(Debug, Default)]
struct Class {
    rows: BTreeMap<Source, VecDeque<OutboxItem>>,
    /// Sources that have rows, the next one first.
    turns: VecDeque<Source>,
    /// How often a stronger one went while this waited.
    passed_over: u32,
}

/// The rows that could go, each the first of its contact.
#[derive(Debug, Default)]
pub(super) struct Ready {
    classes: [Class; Priority::ALL.len()],
    rows: usize,
}

impl Ready {
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds a row, behind those of its rank.
    pub(super) fn push(&mut self, rank: Rank, item: OutboxItem) {
        self.rows += 1;
        let source = (item.workspace, rank.source);
        let class = &mut self.classes[place(rank.priority)];
        let rows = class.rows.entry(source).or_default();
        if rows.is_empty() {
            class.turns.push_back(source);
        }
        rows.push_back(item);
    }

    /// Takes the row that goes next.
    pub(super) fn pop(&mut self) -> Option<OutboxItem> {
        let waits = |class: &Class| !class.turns.is_empty();
        let due = |class: &Class| waits(class) && class.passed_over >= limits::WEAKER_EVERY;
        let strongest = self.classes.iter().position(waits)?;
        let chosen = self.classes.iter().rposition(due).unwrap_or(strongest);
        for weaker in self.classes[chosen + 1..].iter_mut().filter(|class| waits(class)) {
            weaker.passed_over += 1;
        }
        self.rows -= 1;
        self.classes[chosen].pop()
    }

    /// Lets the row of a contact go with another rank, if it waits here with a weaker one.
    pub(super) fn raise(&mut self, contact: ContactId, rank: Rank) {
        for class in &mut self.classes[place(rank.priority) + 1..] {
            if let Some(item) = class.remove(contact) {
                self.rows -= 1;
                return self.push(rank, item);
            }
        }
    }

    /// Takes all rows.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = OutboxItem> + use<> {
        std::mem::take(self).classes.into_iter().flat_map(|class| class.rows.into_values().flatten())
    }
}

impl Class {
    fn pop(&mut self) -> Option<OutboxItem> {
        let source = self.turns.pop_front()?;
        let rows = self.rows.get_mut(&source)?;
        let item = rows.pop_front();
        if rows.is_empty() {
            self.rows.remove(&source);
        } else {
            self.turns.push_back(source);
        }
        self.passed_over = 0;
        item
    }

    fn remove(&mut self, contact: ContactId) -> Option<OutboxItem> {
        let found = self.rows.iter().find_map(|(source, rows)| {
            Some((*source, rows.iter().position(|item| item.contact == contact)?))
        });
        let (source, at) = found?;
        let rows = self.rows.get_mut(&source)?;
        let item = rows.remove(at);
        if rows.is_empty() {
            self.rows.remove(&source);
            self.turns.retain(|other| *other != source);
        }
        item
    }
}

fn place(priority: Priority) -> usize {
    match priority {
        Priority::Reply => 0,
        Priority::Conversation => 1,
        Priority::OneOff => 2,
        Priority::Bulk => 3,
    }
}

#[cfg(test)]
mod tests {
    use domain::ContactId;
    use store::{Priority, Rank};

    use super::Ready;
    use crate::dispatcher::lanes::tests::item;
    use crate::limits;

    fn bulk(source: i64) -> Rank {
        Rank { priority: Priority::Bulk, source }
    }

    fn order(ready: &mut Ready) -> Vec<i64> {
        std::iter::from_fn(|| ready.pop()).map(|item| item.id.0).collect()
    }

    #[test]
    fn stronger_priorities_go_first_and_jobs_take_turns() {
        let mut ready = Ready::default();
        for (id, rank) in [
            (1, bulk(7)),
            (2, bulk(7)),
            (3, bulk(8)),
            (4, Rank::of(Priority::OneOff)),
            (5, Rank::of(Priority::Reply)),
            (6, bulk(8)),
            (7, Rank::of(Priority::Conversation)),
            (8, Rank::of(Priority::Reply)),
        ] {
            ready.push(rank, item(id, id));
        }
        assert_eq!(ready.len(), 8);
        assert_eq!(order(&mut ready), [5, 8, 7, 4, 1, 3, 2, 6]);
        assert!(ready.is_empty());
    }

    #[test]
    fn nothing_waits_for_ever() {
        let mut ready = Ready::default();
        ready.push(bulk(7), item(-1, -1));
        ready.push(Rank::of(Priority::OneOff), item(-2, -2));
        for id in 0..40 {
            ready.push(Rank::of(Priority::Reply), item(id, id));
        }
        let every = limits::WEAKER_EVERY as usize;
        let order = order(&mut ready);
        let at = |id: i64| order.iter().position(|other| *other == id).expect("it went");
        assert_eq!((at(-1), at(-2)), (every, every + 1), "{order:?}");
    }

    #[test]
    fn a_row_is_raised_once() {
        let mut ready = Ready::default();
        for id in 1..=3 {
            ready.push(bulk(7), item(id, id));
        }
        ready.raise(ContactId(2), Rank::of(Priority::Reply));
        ready.raise(ContactId(2), Rank::of(Priority::Conversation));
        ready.raise(ContactId(9), Rank::of(Priority::Reply));
        assert_eq!((ready.len(), order(&mut ready)), (3, vec![2, 1, 3]));
    }
}
