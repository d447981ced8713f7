//! A message of a programme has its moment.
//!
//! A moment counts as missed if nobody was there within [`MISSED_AFTER`], or if the next one has come by then: the node
//! was down. What becomes of missed messages the set says ([`CatchUp`]): left out (`skip`), all but the latest left out
//! (`once`), or all sent, one behind the other (`each`). In any case the position goes on as if all had gone, so that
//! week 20 stays week 20.

use domain::{ContactStatus, programme::NEXT_SET_AFTER};
use flows::{
    Engine, EventKind,
    events::{BroadcastContent, BroadcastCreated},
};
use jiff::{SignedDuration, Timestamp};
use smol_str::SmolStr;
use store::{
    CatchUp, Change, DeliveryRow, DueTimer, MessageSetRow, Priority, ProgrammeMessageRow, Rank, StoreError,
    SubscriptionRow, SubscriptionStatus,
};

use super::{StartAt, SubscribeTo, rules::Rules, subscribe::Origin};
use crate::turn::Turn;

/// How late a message may go before its moment counts as missed.
pub const MISSED_AFTER: SignedDuration = SignedDuration::from_hours(12);

/// A message and its moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Which message.
    pub sequence: u32,
    /// When.
    pub at: Timestamp,
}

/// What has its turn now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Turns {
    /// Messages that are left out.
    pub left_out: Vec<Run>,
    /// The one that goes.
    pub goes: Option<Run>,
}

/// What has its turn at `now`, of a subscription whose next message is due since `first`. `next` says when the message
/// after one goes, `None` behind the last.
pub(super) fn turns(
    first: Run,
    now: Timestamp,
    catch_up: CatchUp,
    next: impl Fn(Run) -> Option<Run>,
) -> Turns {
    let mut turns = Turns { left_out: Vec::new(), goes: Some(first) };
    if catch_up == CatchUp::Each {
        return turns;
    }
    let mut run = first;
    while let Some(later) = next(run).filter(|later| later.at <= now) {
        turns.left_out.push(run);
        run = later;
    }
    turns.goes = Some(run);
    if catch_up == CatchUp::Skip && now.duration_since(run.at) > MISSED_AFTER {
        turns.left_out.push(run);
        turns.goes = None;
    }
    turns
}

impl Turn<'_> {
    /// The moment of a subscription's next message has come. Its timer is taken already.
    pub(crate) async fn programme_due(&mut self, timer: &DueTimer) -> Result<(), StoreError> {
        let id = domain::SubscriptionId(timer.session.0);
        let row = self.ctx.store.subscription(timer.workspace, id).await?;
        let active = |row: &SubscriptionRow| {
            row.status == SubscriptionStatus::Active && row.contact == self.person.row.id
        };
        let Some(row) = row.filter(active) else { return Ok(()) };
        let Some(due) = row.next_due else { return Ok(()) };
        if due > self.now {
            // The clock was put back since the timer was found due, or the subscription moved on.
            self.set_programme_timer(&row);
            return Ok(());
        }
        match self.person.contact.status {
            ContactStatus::Active | ContactStatus::Blocked => {}
            ContactStatus::Stopped | ContactStatus::Archived => {
                let reason = crate::start_flow::not_active(self.person.contact.status).map(SmolStr::new);
                self.end_subscription(row, SubscriptionStatus::Stopped, reason);
                return Ok(());
            }
        }
        let ws = self.ws.clone();
        let contact = self.person.contact.clone();
        let rules = match Rules::of(&ws, &row, &contact) {
            Ok(rules) => rules,
            Err(error) => {
                // It would be due for ever.
                tracing::error!(%error, subscription = %row.uuid, "a subscription cannot go on; it is ended");
                self.end_subscription(row, SubscriptionStatus::Stopped, Some(error.to_string().into()));
                return Ok(());
            }
        };
        // The workspace got another zone, and the job that moves all of them has not come this far.
        let moved = rules.moved(due, &ws.definitions().former_zones);
        if let Some(later) = moved.filter(|moved| *moved > self.now) {
            self.move_subscription(SubscriptionRow { next_due: Some(later), ..row });
            return Ok(());
        }
        self.step_programme(&rules, row, moved.unwrap_or(due)).await
    }

    async fn step_programme(
        &mut self,
        rules: &Rules<'_>,
        mut row: SubscriptionRow,
        due: Timestamp,
    ) -> Result<(), StoreError> {
        let (plan, messages) = (rules.plan(row.anchor), rules.messages());
        let next = |run: Run| {
            let sequence = run.sequence.checked_add(1).filter(|sequence| *sequence <= messages)?;
            Some(Run { sequence, at: plan.run(sequence, run.at)? })
        };
        let first = Run { sequence: row.next, at: due };
        // The set was made shorter since.
        let turns = if row.next > messages {
            Turns::default()
        } else {
            turns(first, self.now, rules.row.catch_up, next)
        };
        for run in &turns.left_out {
            self.deliver(&row, *run, None);
        }
        row.left_out += i64::try_from(turns.left_out.len()).unwrap_or(i64::MAX);
        if let Some(run) = turns.goes {
            // Sets share a line with each other, and let replies go first.
            self.rank = Rank { priority: Priority::Bulk, source: rules.row.id.0 };
            let message = self.say(rules.row, &row, run.sequence).await?;
            row.sent += i64::from(message.is_some());
            row.left_out += i64::from(message.is_none());
            self.deliver(&row, run, message);
        }
        let last = turns.goes.or(turns.left_out.last().copied()).unwrap_or(first);
        row.last_run = Some(last.at);
        match next(last) {
            Some(run) => {
                (row.next, row.next_due) = (run.sequence, Some(run.at));
                self.move_subscription(row);
            }
            None => self.complete_subscription(rules.row, row, last.at).await?,
        }
        Ok(())
    }

    /// The last message had its turn: the set that follows begins.
    async fn complete_subscription(
        &mut self,
        set: &MessageSetRow,
        mut row: SubscriptionRow,
        last: Timestamp,
    ) -> Result<(), StoreError> {
        row.next = u32::try_from(set.weeks.len()).unwrap_or(u32::MAX);
        let ws = self.ws.clone();
        let following = set
            .next_set
            .and_then(|id| ws.definitions().message_sets.iter().find(|following| following.id == id));
        self.end_subscription(row.clone(), SubscriptionStatus::Completed, None);
        let Some(following) = following else { return Ok(()) };
        let known = self.subscriptions().await?;
        let begun = last.saturating_add(NEXT_SET_AFTER).unwrap_or(last);
        let to = SubscribeTo {
            set: following.short_name.clone(),
            about: (row.about != row.contact).then_some(row.about),
            language: row.language.clone(),
            schedule: None,
            start: StartAt::Placed { day: None },
        };
        if let Err(error) = self.begin(&to, &known, Origin { begun, previous: Some(row.id) }) {
            tracing::warn!(%error, subscription = %row.uuid, "no set follows");
        }
        Ok(())
    }

    fn deliver(&mut self, row: &SubscriptionRow, run: Run, message: Option<domain::MessageId>) {
        self.changes.push(Change::Delivery(DeliveryRow {
            workspace: row.workspace,
            subscription: row.id,
            sequence: run.sequence,
            run: run.at,
            message,
            created_on: self.now,
        }));
    }

    /// Says a message of a set, in the best language there is. `None` if there is none.
    pub(super) async fn say(
        &mut self,
        set: &MessageSetRow,
        row: &SubscriptionRow,
        sequence: u32,
    ) -> Result<Option<domain::MessageId>, StoreError> {
        let said = self.ctx.store.programme_message(row.workspace, set.id, sequence).await?;
        let Some(said) = self.in_best_language(set, row, &said) else {
            tracing::error!(set = %set.short_name, sequence, "a message of a programme is missing");
            return Ok(None);
        };
        Ok(self.tell(set, &said.language, &said.text, &said.media))
    }

    fn in_best_language<'m>(
        &self,
        set: &MessageSetRow,
        row: &SubscriptionRow,
        said: &'m [ProgrammeMessageRow],
    ) -> Option<&'m ProgrammeMessageRow> {
        let wanted = [row.language.as_ref(), self.person.contact.language.as_ref(), Some(&set.base_language)];
        let find = |code: &SmolStr| said.iter().find(|one| one.language == *code);
        wanted.into_iter().flatten().find_map(find).or_else(|| said.first())
    }

    /// A message to the contact of this turn, over the set's line if they have an address for it.
    fn tell(
        &mut self,
        set: &MessageSetRow,
        language: &SmolStr,
        text: &SmolStr,
        media: &[SmolStr],
    ) -> Option<domain::MessageId> {
        let ws = self.ws.clone();
        let engine = Engine::new(&ws.assets, &ws.env, &*self.ctx.host);
        let mut contact = self.person.contact.clone();
        if let Some(line) = set.channel.and_then(|id| ws.channel_by_id(id))
            && let Some(place) = contact.urns.iter().position(|urn| line.schemes.contains(&urn.urn.scheme))
        {
            contact.urns[..=place].rotate_right(1);
            contact.urns[0].channel = Some(line.uuid);
        }
        let content = BroadcastContent {
            text: engine.render_for(&contact, text),
            attachments: media.to_vec(),
            ..BroadcastContent::default()
        };
        let said = BroadcastCreated {
            translations: [(language.clone(), content)].into_iter().collect(),
            base_language: language.clone(),
            ..BroadcastCreated::default()
        };
        let event = engine.broadcast_message(&contact, &said, set.uuid.0);
        let EventKind::MsgCreated(created) = &event.kind else { return None };
        self.send_alone(&event, &created.msg);
        self.changes.iter().rev().find_map(|change| match change {
            Change::Message(new) => Some(new.id),
            _ => None,
        })
    }

    /// A text to the contact that is of no set, such as a welcome.
    pub(super) fn welcome(&mut self, text: &SmolStr) -> bool {
        let ws = self.ws.clone();
        let engine = Engine::new(&ws.assets, &ws.env, &*self.ctx.host);
        let contact = &self.person.contact;
        let language = contact.language.clone().or_else(|| ws.row.languages.first().cloned());
        let language = language.unwrap_or_else(|| "und".into());
        let content =
            BroadcastContent { text: engine.render_for(contact, text), ..BroadcastContent::default() };
        let said = BroadcastCreated {
            translations: [(language.clone(), content)].into_iter().collect(),
            base_language: language,
            ..BroadcastCreated::default()
        };
        let event = engine.broadcast_message(contact, &said, self.ctx.host.uuid_v7());
        let EventKind::MsgCreated(created) = &event.kind else { return false };
        self.send_alone(&event, &created.msg);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    /// A set of five messages, one each day at hour 8; the first is due on day 0.
    fn at(now: i64, catch_up: CatchUp) -> (Vec<u32>, Option<u32>) {
        let next = |run: Run| {
            let sequence = run.sequence + 1;
            (sequence <= 5).then(|| Run { sequence, at: run.at + SignedDuration::from_hours(24) })
        };
        let turns = turns(Run { sequence: 1, at: hours(8) }, hours(now), catch_up, next);
        let left_out = turns.left_out.iter().map(|run| run.sequence).collect();
        (left_out, turns.goes.map(|run| run.sequence))
    }

    #[test]
    fn what_has_its_turn() {
        for (now, catch_up, left_out, goes) in [
            (8, CatchUp::Skip, vec![], Some(1)),
            (20, CatchUp::Skip, vec![], Some(1)),
            (21, CatchUp::Skip, vec![1], None),
            (32, CatchUp::Skip, vec![1], Some(2)),
            (31 + 24, CatchUp::Skip, vec![1, 2], None),
            (21, CatchUp::Once, vec![], Some(1)),
            (31, CatchUp::Once, vec![], Some(1)),
            (32 + 24, CatchUp::Once, vec![1, 2], Some(3)),
            (1000, CatchUp::Once, vec![1, 2, 3, 4], Some(5)),
            (1000, CatchUp::Skip, vec![1, 2, 3, 4, 5], None),
            (1000, CatchUp::Each, vec![], Some(1)),
        ] {
            assert_eq!(at(now, catch_up), (left_out, goes), "{now} {catch_up:?}");
        }
    }
}
