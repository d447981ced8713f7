//! Slices of a broadcast: what to say is picked for each person, and written for all of them in a few statements. Their
//! conversations are not loaded: nothing of them changes.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use domain::{Contact, ContactId, ContactUrn, JobId, JobUuid, Urn};
use flows::{Engine, Event, EventKind, events::BroadcastCreated};
use jiff::{SignedDuration, Timestamp};
use store::{Change, JobRow, OutboxItem, Priority, Rank, Reach, Tell, Unit};

use super::{
    BroadcastJob, JobSpec,
    people::{MET, named_before, step_people, total},
    recipients::{self, Place, Target},
    slice::{Progress, Trouble, after, committed, fewer, left_out, place_of, place_text},
};
use crate::{
    Committed, Context, Workspace,
    context::Left,
    outgoing::{Recipient, outbox_row, outgoing},
    start_flow::not_active,
};

/// People of one slice: as many as a writer does in some ten milliseconds, so that replies go in between.
const SLICE: usize = 500;

/// Why a message fails that was written for somebody who stopped being active in the same moment.
const REFUSED: &str = "the contact may not be written to any more";

/// Does the next slice of a broadcast.
pub(super) async fn slice(
    ctx: &Context,
    ws: &Arc<Workspace>,
    job: &JobRow,
    spec: &JobSpec,
    broadcast: &BroadcastJob,
) -> Result<Committed<JobRow>, Trouble> {
    let (place, wanted) = (place_of::<Place>(job)?, &broadcast.recipients);
    let total = total(ctx, ws, job, wanted).await?;
    let slice = recipients::next(ctx, ws, wanted, place, fewer(SLICE, job)).await?;
    let known: Option<Vec<ContactId>> = slice.targets.iter().map(known).collect();
    // Addresses of people who may have to be made first.
    let Some(known) = known else {
        return step_people(ctx, ws, job, (spec, wanted), &slice, total).await;
    };
    let mut progress =
        Progress { place: place_text(&slice.next), is_last: slice.is_last, total, ..Progress::default() };
    let found = match (ctx.store.reach(ws.row.id, known.clone()).await, known.as_slice()) {
        (Ok(found), _) => found,
        (Err(error), [one]) => {
            progress.left_out.push(left_out(Some(*one), "", error.to_string()));
            progress.error = Some(error.to_string());
            return Err(Trouble::Later { error, alone: Some(Box::new(progress)) });
        }
        (Err(error), _) => return Err(error.into()),
    };
    let rank = Rank { priority: Priority::Bulk, source: job.id.0 };
    let mut telling = Telling {
        ctx,
        ws,
        broadcast: &broadcast.broadcast,
        uuid: job.uuid,
        job: job.id,
        now: ctx.now(),
        rank,
    };
    let (mut changes, mut outbox) = (Vec::with_capacity(found.len() + 2), Vec::with_capacity(found.len()));
    let mut found = found.into_iter().peekable();
    for id in known {
        match found.next_if(|reach| reach.contact == id) {
            None => progress.left_out.push(left_out(None, id.to_string(), "there is no such contact")),
            Some(reach) => match telling.tell(&reach, &wanted.urns) {
                Ok((tell, item)) => {
                    match tell.outbox {
                        Some(_) => progress.done += 1,
                        None => {
                            let reason = tell.message.reason.clone().unwrap_or_default();
                            progress.left_out.push(left_out(Some(id), "", reason));
                        }
                    }
                    changes.push(Change::Tell(Box::new(tell)));
                    outbox.extend(item);
                }
                Err(reason) if reason == MET => {}
                Err(reason) => progress.left_out.push(left_out(Some(id), "", reason)),
            },
        }
    }
    let (row, mut own) = after(ctx, job, progress);
    changes.append(&mut own);
    let ticket = ctx.ticket(outbox.iter());
    let done = ctx.write_one(Unit::new(changes)).await?;
    let claimed: std::collections::HashSet<_> = done.claimed.into_iter().collect();
    let mut left = Left::default();
    left.add(outbox.into_iter().filter(|item| claimed.contains(&item.id)), ticket);
    Ok(Committed::new(committed(row), left))
}

fn known(target: &Target) -> Option<ContactId> {
    match target {
        Target::Contact(id) => Some(*id),
        Target::Urn(_) | Target::New => None,
    }
}

/// What is said by a slice.
struct Telling<'t> {
    ctx: &'t Context,
    ws: &'t Workspace,
    broadcast: &'t BroadcastCreated,
    uuid: JobUuid,
    job: JobId,
    now: Timestamp,
    /// What weight it has: jobs share a line with each other.
    rank: Rank,
}

impl Telling<'_> {
    /// What one person is told, or why nothing. A panic is a defect of ours; only this person shall suffer from it.
    fn tell(&mut self, to: &Reach, named: &[Urn]) -> Result<(Tell, Option<OutboxItem>), String> {
        if named_before(&Target::Contact(to.contact), &to.urns, named) {
            return Err(MET.to_owned());
        }
        if let Some(reason) = not_active(to.status) {
            return Err(reason.to_owned());
        }
        let said = std::panic::catch_unwind(AssertUnwindSafe(|| self.message(to)));
        said.map_err(|panic| format!("broke off: {}", crate::batch::words_of(&*panic)))
            .and_then(|event| self.rows(to, &event))
    }

    fn message(&self, to: &Reach) -> Event {
        let (ctx, ws) = (self.ctx, self.ws);
        let engine = Engine::new(&ws.assets, &ws.env, &*ctx.host);
        engine.broadcast_message(&contact_of(to, ws), self.broadcast, self.uuid.0)
    }

    fn rows(&self, to: &Reach, event: &Event) -> Result<(Tell, Option<OutboxItem>), String> {
        let EventKind::MsgCreated(created) = &event.kind else { return Err("nothing is said".to_owned()) };
        let urn = created
            .msg
            .urn
            .as_ref()
            .and_then(|urn| to.urns.iter().find(|row| row.scheme == urn.scheme && row.path == urn.path));
        let recipient = Recipient { contact: to.contact, urn };
        let (mut message, mut item) =
            outgoing(self.ctx, self.ws, self.now, recipient, event, &created.msg, (None, None));
        message.job = Some(self.job);
        if let Some(item) = &mut item {
            item.rank = self.rank;
        }
        let outbox =
            item.as_ref().map(|item| outbox_row(item, self.ctx.run_that_claims(), SignedDuration::ZERO));
        let version = self.ctx.next_id(self.now);
        Ok((Tell { message, outbox, version, refused: REFUSED.to_owned() }, item))
    }
}

/// As much of a contact as a broadcast looks at.
fn contact_of(reach: &Reach, ws: &Workspace) -> Contact {
    let urns = reach.urns.iter().map(|urn| ContactUrn {
        urn: Urn { scheme: urn.scheme.clone(), path: urn.path.clone(), display: urn.display.clone() },
        channel: urn.channel.and_then(|id| ws.channel_uuid(id)),
    });
    Contact {
        uuid: reach.uuid,
        id: reach.contact,
        name: smol_str::SmolStr::default(),
        language: reach.language.clone(),
        status: reach.status,
        timezone: reach.timezone.clone(),
        created_on: Timestamp::UNIX_EPOCH,
        last_seen_on: None,
        urns: urns.collect(),
        groups: Vec::new(),
        fields: std::collections::BTreeMap::new(),
        tickets: Vec::new(),
    }
}
