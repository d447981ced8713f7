//! Slices of a broadcast: what to say is picked for each person, and written for all of them in a few statements. Their
//! conversations are loaded only where what is said depends on them; nothing of them changes.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use domain::{Contact, ContactId, ContactUrn, FlowUuid, JobId, JobUuid, Urn};
use flows::{Engine, Event, EventKind};
use jiff::{SignedDuration, Timestamp};
use store::{
    Change, Conversation, ConversationKey, JobRow, OutboxItem, Priority, Rank, Reach, StoreError, Tell, Unit,
};

use super::{
    BroadcastJob, JobSpec,
    exclude::Excluded,
    parked,
    people::{MET, named_before, step_people, total},
    recipients::{self, Place, Target},
    slice::{Progress, Trouble, after, commit, committed, fewer, left_out, place_of, place_text},
    soft_start,
};
use crate::{
    Committed, Context, Workspace,
    context::Left,
    outgoing::{Recipient, outbox_row, outgoing},
    person::Person,
    start_flow::not_active,
};

/// People of one slice: as many as a writer does in some ten milliseconds, so that replies go in between.
pub(super) const SLICE: usize = 500;

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
    let (mut place, wanted) = (place_of::<Place>(job)?, &broadcast.recipients);
    if place.parked {
        return parked::slice(ctx, job, place).await;
    }
    let total = total(ctx, ws, job, wanted).await?;
    let slice = match broadcast.soft_start {
        Some(soft) => match soft_start::next(ctx, ws, job, wanted, (soft, &mut place)).await? {
            soft_start::Next::Slice(slice) => slice,
            soft_start::Next::Holds(hold) => {
                let progress = Progress { place: place_text(&place), total, hold, ..Progress::default() };
                return commit(ctx, job, progress, Vec::new()).await;
            }
        },
        None => recipients::next(ctx, ws, wanted, place, fewer(SLICE, job)).await?,
    };
    let known: Option<Vec<ContactId>> = slice.targets.iter().map(known).collect();
    // Addresses of people who may have to be made first.
    let Some(known) = known else {
        return step_people(ctx, ws, job, (spec, wanted), &slice, total).await;
    };
    let mut progress =
        Progress { place: place_text(&slice.next), is_last: slice.is_last, total, ..Progress::default() };
    let found = match (people(ctx, ws, broadcast, &known).await, known.as_slice()) {
        (Ok(found), _) => found,
        (Err(error), [one]) => {
            progress.left_out.push(left_out(Some(*one), "", error.to_string()));
            progress.error = Some(error.to_string());
            return Err(Trouble::Later { error, alone: Some(Box::new(progress)) });
        }
        (Err(error), _) => return Err(error.into()),
    };
    let now = ctx.now();
    let excluded = match Excluded::of(ws, &wanted.exclude, now)? {
        Some(excluded) => Some(excluded.asking(ctx, ws, &known).await?),
        None => None,
    };
    let rank = Rank { priority: Priority::Bulk, source: job.id.0 };
    let telling = Telling { ctx, ws, broadcast, uuid: job.uuid, job: job.id, now, rank, excluded };
    let (mut changes, outbox) = telling.all(known, found, &mut progress);
    let (row, mut own) = after(ctx, job, progress);
    changes.append(&mut own);
    let ticket = ctx.ticket(outbox.iter());
    let done = ctx.write_one(Unit::new(changes)).await?;
    let claimed: std::collections::HashSet<_> = done.claimed.into_iter().collect();
    let mut left = Left::default();
    left.add(outbox.into_iter().filter(|item| claimed.contains(&item.id)), ticket);
    Ok(Committed::new(committed(row), left))
}

/// Somebody to be told something.
pub(crate) struct Told {
    /// How they are reached.
    pub reach: Reach,
    /// All of them, where what is said, or whether, depends on it.
    pub whole: Option<Whole>,
}

/// A person as expressions and queries see them.
pub(crate) struct Whole {
    pub contact: Contact,
    pub flow: Option<FlowUuid>,
}

/// These people, those that there are, in order of row number. Their conversations are loaded only if what is said or
/// who is left out depends on more than their addresses and language.
pub(crate) async fn people(
    ctx: &Context,
    ws: &Workspace,
    broadcast: &BroadcastJob,
    ids: &[ContactId],
) -> Result<Vec<Told>, StoreError> {
    if broadcast.recipients.exclude.is_nobody() && !broadcast.has_expressions() {
        let found = ctx.store.reach(ws.row.id, ids.to_vec()).await?;
        return Ok(found.into_iter().map(|reach| Told { reach, whole: None }).collect());
    }
    let keys = ids.iter().map(|id| ConversationKey::Contact(ws.row.id, *id)).collect();
    let loaded = ctx.store.load_conversations(keys).await?;
    let mut found: Vec<Told> =
        loaded.conversations.into_iter().flatten().map(|known| told_of(ws, known)).collect();
    found.sort_by_key(|told| told.reach.contact);
    Ok(found)
}

fn told_of(ws: &Workspace, known: Conversation) -> Told {
    let contact = Person::known(&known, ws).contact;
    let row = &known.contact;
    let flow = row.flow.and_then(|id| ws.flow_by_id(id)).map(|flow| flow.uuid);
    let reach = Reach {
        contact: row.id,
        uuid: row.uuid,
        version: row.version,
        language: row.language.clone(),
        status: row.status,
        timezone: row.timezone.clone(),
        urns: known.urns,
    };
    Told { reach, whole: Some(Whole { contact, flow }) }
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
    broadcast: &'t BroadcastJob,
    uuid: JobUuid,
    job: JobId,
    now: Timestamp,
    /// What weight it has: jobs share a line with each other.
    rank: Rank,
    excluded: Option<Excluded<'t>>,
}

impl Telling<'_> {
    /// What is written for these people, and who is left out.
    fn all(
        &self,
        known: Vec<ContactId>,
        found: Vec<Told>,
        progress: &mut Progress,
    ) -> (Vec<Change>, Vec<OutboxItem>) {
        let (mut changes, mut outbox) =
            (Vec::with_capacity(found.len() + 2), Vec::with_capacity(found.len()));
        let mut found = found.into_iter().peekable();
        for id in known {
            let Some(told) = found.next_if(|told| told.reach.contact == id) else {
                progress.left_out.push(left_out(None, id.to_string(), "there is no such contact"));
                continue;
            };
            match self.tell(&told, &self.broadcast.recipients.urns) {
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
            }
        }
        (changes, outbox)
    }

    /// What one person is told, or why nothing. A panic is a defect of ours; only this person shall suffer from it.
    fn tell(&self, told: &Told, named: &[Urn]) -> Result<(Tell, Option<OutboxItem>), String> {
        let to = &told.reach;
        if named_before(&Target::Contact(to.contact), &to.urns, named) {
            return Err(MET.to_owned());
        }
        if let Some(reason) = not_active(to.status) {
            return Err(reason.to_owned());
        }
        let said = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let excluded = self.excluded.as_ref().zip(told.whole.as_ref());
            match excluded.and_then(|(excluded, whole)| excluded.why(&whole.contact, whole.flow)) {
                Some(reason) => Err(reason.to_owned()),
                None => Ok(message_to(self.ctx, self.ws, self.broadcast, told, self.uuid)),
            }
        }));
        said.map_err(|panic| format!("broke off: {}", crate::batch::words_of(&*panic)))?
            .and_then(|event| self.rows(to, &event))
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

/// The message of a broadcast to one person.
pub(crate) fn message_to(
    ctx: &Context,
    ws: &Workspace,
    broadcast: &BroadcastJob,
    told: &Told,
    uuid: JobUuid,
) -> Event {
    let engine = Engine::new(&ws.assets, &ws.env, &*ctx.host);
    match &told.whole {
        Some(whole) if broadcast.evaluate => {
            engine.evaluated_broadcast_message(&whole.contact, &broadcast.broadcast, uuid.0)
        }
        Some(whole) => engine.broadcast_message(&whole.contact, &broadcast.broadcast, uuid.0),
        None => engine.broadcast_message(&contact_of(&told.reach, ws), &broadcast.broadcast, uuid.0),
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
