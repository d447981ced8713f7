//! What comes of each unit of a batch, settled in memory and in order: who is refused and why, which statuses are
//! news, and the rows that will stand at the end.

use domain::{FlowId, MessageId, OutboxId, WorkspaceId};
use jiff::Timestamp;

use super::{
    batch::key_of,
    guards::{Known, Lane, Standing},
    tables::Tables,
};
use crate::{
    Change, MessageRef, MessageStatus, NewMessage, NewOutbox, StatusChange, StatusResult, StoreError, Tell,
    Unit, UnitDone, UnitError, UrnRow,
    feed::Gathered,
    sql,
    sqlite::apply_jobs::count_slice,
    tally::{Moments, Tallies, local_day, zone_named},
};

/// A unit passed its guards and then met something that they did not foresee: the batch must be applied one by one.
pub(super) struct Spoilt;

/// What is there, what will be written, and what is counted.
pub(super) struct Outcome<'u> {
    pub known: Known,
    pub tables: Tables<'u>,
    pub tallies: Tallies,
    pub feed: Gathered,
}

impl<'u> Outcome<'u> {
    /// One unit: refused without a trace, or whole.
    pub(super) fn unit(&mut self, unit: &'u Unit) -> Result<Result<UnitDone, UnitError>, Spoilt> {
        if !self.known.allows(unit) {
            return Ok(Err(StoreError::Fenced.into()));
        }
        for change in &unit.changes {
            if let Err(refused) = self.check(change) {
                return Ok(Err(refused));
            }
        }
        let mut done = UnitDone::default();
        self.tables.search_later = unit.search_later;
        for change in &unit.changes {
            self.apply(change, &mut done)?;
        }
        self.feed.unit(unit);
        Ok(Ok(done))
    }

    fn check(&self, change: &Change) -> Result<(), UnitError> {
        match change {
            Change::NewContact(new) => {
                new.urns.iter().try_for_each(|urn| self.check_free(new.contact.workspace, urn))
            }
            Change::Contact(update) => {
                let (contact, workspace) = (&update.contact, update.contact.workspace);
                let there = self.known.contacts.get(&contact.id.0);
                let same = there
                    .is_some_and(|there| there.workspace == workspace.0 && there.version == contact.version);
                if same { Ok(()) } else { Err(UnitError::Conflict) }
            }
            Change::Job(job) => {
                let there = self.known.jobs.get(&job.id.0);
                let same =
                    there.is_some_and(|there| there.workspace == job.workspace.0 && there.steps == job.steps);
                if same { Ok(()) } else { Err(UnitError::Gone) }
            }
            Change::NewUrn(new) => self.check_free(new.workspace, &new.urn),
            Change::Message(new) if self.known.repeated.contains(&new.id.0) => Err(UnitError::Duplicate),
            Change::Handled(workspace, message, ..) => {
                let there = self.known.messages.get(&message.0);
                let pending = there.is_some_and(|there| {
                    there.workspace == *workspace && there.status == MessageStatus::Pending
                });
                if pending { Ok(()) } else { Err(UnitError::Gone) }
            }
            Change::TakeTimer(timer) => {
                let there = self.known.timers.get(&key_of(timer));
                let expected = (timer.workspace.0, timer.due.as_microsecond());
                if there == Some(&expected) { Ok(()) } else { Err(UnitError::Gone) }
            }
            Change::FinishOutbox(workspace, id) => {
                if self.is_queued(*workspace, *id) {
                    Ok(())
                } else {
                    Err(UnitError::Gone)
                }
            }
            _ => Ok(()),
        }
    }

    fn check_free(&self, workspace: WorkspaceId, urn: &UrnRow) -> Result<(), UnitError> {
        let taken = self.known.urns.contains(&(workspace.0, urn.scheme.clone(), urn.path.clone()));
        if taken { Err(UnitError::Conflict) } else { Ok(()) }
    }

    fn is_queued(&self, workspace: WorkspaceId, id: OutboxId) -> bool {
        self.known.outbox.get(&id.0) == Some(&workspace.0)
    }

    /// A change of a unit that passed its guards.
    fn apply(&mut self, change: &'u Change, done: &mut UnitDone) -> Result<(), Spoilt> {
        match change {
            Change::NewContact(new) => {
                for urn in &new.urns {
                    self.claim(new.contact.workspace, urn)?;
                }
                self.tables.new_contact(new)?;
            }
            Change::Contact(update) => {
                let there = self.known.contacts.get(&update.contact.id.0).ok_or(Spoilt)?;
                self.tables.contact(update, there)?;
            }
            Change::NewUrn(new) => {
                self.claim(new.workspace, &new.urn)?;
                self.tables.new_urn(new.workspace, new.contact, &new.urn);
            }
            Change::Message(new) => self.message(new)?,
            Change::Tell(tell) => {
                if self.tell(tell)? {
                    done.claimed.extend(tell.outbox.as_ref().map(|new| new.id));
                }
            }
            Change::Status(status) => done.statuses.push(self.status(status)),
            Change::Handled(workspace, message, flow, reason, at) => {
                self.handled((*workspace, *message), *flow, reason.as_ref(), *at)?;
            }
            Change::TakeTimer(timer) => {
                self.known.timers.remove(&key_of(timer)).ok_or(Spoilt)?;
                self.tables.clear_timer(timer.workspace, key_of(timer));
            }
            Change::Outbox(new) => {
                if self.outbox(new) {
                    done.claimed.push(new.id);
                }
            }
            Change::FinishOutbox(workspace, id) => {
                self.known.outbox.remove(&id.0).ok_or(Spoilt)?;
                self.tables.finish(*workspace, *id);
            }
            Change::FinishSent(id, status) => {
                let finished = self.is_queued(status.workspace, *id);
                if finished {
                    self.known.outbox.remove(&id.0);
                    self.tables.finish(status.workspace, *id);
                    self.status(status);
                }
                done.finished.push(finished);
            }
            Change::Tallies(tallies) => {
                tallies.iter().for_each(|(tally, by)| self.tallies.add(tally.clone(), *by));
            }
            Change::FailSent(id, status) => done.finished.push(self.fail(*id, status)),
            Change::Job(job) => {
                let there = self.known.jobs.remove(&job.id.0).ok_or(Spoilt)?;
                let zone = zone_named(&there.zone);
                let day = |at| local_day(&zone, at);
                let days = (day(job.modified_on), day(job.ended_on.unwrap_or(job.modified_on)));
                count_slice(job, (there.done, there.left_out), days, &mut self.tallies);
                self.tables.change(change);
            }
            other => self.tables.change(other),
        }
        Ok(())
    }

    /// A message that waited for its turn had it.
    fn handled(
        &mut self,
        (workspace, message): (WorkspaceId, MessageId),
        flow: Option<FlowId>,
        reason: Option<&String>,
        at: Timestamp,
    ) -> Result<(), Spoilt> {
        let there = self.known.messages.get_mut(&message.0).ok_or(Spoilt)?;
        if there.status != MessageStatus::Pending {
            return Err(Spoilt);
        }
        there.status = MessageStatus::Handled;
        there.flow = flow.map(|id| id.0);
        there.reason = reason.cloned();
        there.modified_on = at.as_microsecond();
        there.changed = true;
        let there = there.clone();
        self.count(workspace, &there, (MessageStatus::Pending, MessageStatus::Handled), at);
        Ok(())
    }

    /// A message failed for good. Answers whether its row was there.
    fn fail(&mut self, id: OutboxId, status: &StatusChange) -> bool {
        let there = self.is_queued(status.workspace, id);
        if there {
            self.known.outbox.remove(&id.0);
            // What arrived all the same, as its carrier reported meanwhile, is not dead.
            match self.status(status) {
                StatusResult::Applied(_) => self.tables.kill(id, status),
                StatusResult::Ignored(_) | StatusResult::Unknown => {
                    self.tables.finish(status.workspace, id);
                }
            }
        }
        there
    }

    /// An address that nobody had until now.
    fn claim(&mut self, workspace: WorkspaceId, urn: &UrnRow) -> Result<(), Spoilt> {
        let new = self.known.urns.insert((workspace.0, urn.scheme.clone(), urn.path.clone()));
        if new { Ok(()) } else { Err(Spoilt) }
    }

    /// Tells somebody something; answers whether its outbox row is claimed.
    fn tell(&mut self, tell: &Tell) -> Result<bool, Spoilt> {
        let message = &tell.message;
        let there = self.known.told.get(&message.contact.0);
        let Some((_, active)) = there.copied().filter(|(workspace, _)| *workspace == message.workspace.0)
        else {
            return Ok(false);
        };
        self.tables.told(message.workspace, message.contact, tell.version);
        if !active {
            self.message(&tell.refused_message())?;
            return Ok(false);
        }
        self.message(message)?;
        Ok(tell.outbox.as_ref().is_some_and(|new| self.outbox(new)))
    }

    fn message(&mut self, new: &NewMessage) -> Result<(), Spoilt> {
        let place = (new.workspace, new.day, new.channel.map(|id| id.0));
        self.tallies.message(place, new.direction, new.status, 1);
        let attachments = sql::list_json(&new.attachments).map_err(|_| Spoilt)?;
        self.tables.message(new, attachments);
        Ok(())
    }

    fn status(&mut self, change: &StatusChange) -> StatusResult {
        let Some(id) = self.known.message(change.workspace, &change.message) else {
            self.tables.keep_early(change);
            return StatusResult::Unknown;
        };
        let result = self.settle(change, id);
        // The carrier may have reported on it before its identifier was written down here.
        let channel = self.known.messages.get(&id).and_then(|there| there.channel);
        if let (Some(external), Some(channel)) = (&change.external_id, channel)
            && let Some(report) = self.known.early.remove(&(channel, external.clone()))
            && report.workspace == change.workspace
        {
            self.tables.take_early(&report);
            let message = MessageRef::Id(domain::MessageId(id));
            // It took effect no earlier than the record that it had to wait for.
            let (status, reason, at) = (report.status, report.reason, report.created_on.max(change.at));
            let workspace = change.workspace;
            self.settle(&StatusChange { workspace, message, status, external_id: None, reason, at }, id);
        }
        result
    }

    /// What a status makes of a message.
    fn settle(&mut self, change: &StatusChange, id: i64) -> StatusResult {
        let Some(there) = self.known.messages.get_mut(&id) else { return StatusResult::Unknown };
        let before = there.status;
        if !before.may_become(change.status) {
            // The carrier's report may overtake its answer to our request: the id that the answer brings is news.
            if there.external_id.is_none() && change.external_id.is_some() {
                there.external_id.clone_from(&change.external_id);
                there.changed = true;
            }
            return StatusResult::Ignored(domain::MessageId(id));
        }
        let at = change.at.as_microsecond();
        let earlier = there.clone();
        there.status = change.status;
        there.modified_on = at;
        if change.external_id.is_some() {
            there.external_id.clone_from(&change.external_id);
        }
        there.reason.clone_from(&change.reason);
        there.errors += i64::from(change.status == MessageStatus::Errored);
        if change.status.has_reached_carrier() {
            there.sent_on = there.sent_on.or(Some(at));
        }
        there.changed = true;
        let contact = there.contact;
        self.count(change.workspace, &earlier, (before, change.status), change.at);
        self.feed.status(change.workspace.0, contact, id, at);
        StatusResult::Applied(domain::MessageId(id))
    }

    fn count(
        &mut self,
        workspace: WorkspaceId,
        earlier: &Standing,
        moves: (MessageStatus, MessageStatus),
        at: Timestamp,
    ) {
        let (created_on, sent_on) = (earlier.created_on, earlier.sent_on);
        let moments = Moments { created_on, sent_on, at: at.as_microsecond() };
        self.tallies.moved((workspace, earlier.day, earlier.channel), earlier.direction, moves, moments);
    }

    /// Whether the row is claimed. It is not if it pauses, or if an earlier row of its contact and channel waits or is in
    /// another run's hand. What waits goes at the stronger priority of both.
    fn outbox(&mut self, new: &NewOutbox) -> bool {
        let key = (new.contact.0, new.channel.map_or(0, |id| id.0));
        let created = new.created_on.as_microsecond();
        let pause = i64::try_from(new.pause.as_micros()).unwrap_or(i64::MAX);
        let waiting = self.known.lanes.get(&key).copied();
        let claimed = waiting.is_none() && new.claim_for != 0 && new.pause.is_zero();
        let due = waiting.and_then(|lane| lane.due).unwrap_or(created).max(created).saturating_add(pause);
        let mut rank = (new.rank.priority.code(), new.rank.source);
        match waiting.and_then(|lane| lane.rank) {
            Some(theirs) if theirs.0 <= rank.0 => rank = theirs,
            Some(_) => self.tables.raise(key, rank),
            None => {}
        }
        if !claimed {
            self.known.lanes.insert(key, Lane { due: Some(due), rank: Some(rank) });
        }
        self.tables.outbox(new, if claimed { new.claim_for } else { 0 }, due, rank);
        claimed
    }
}
