//! What a broadcast would come to, before anything is queued: how many people, over which lines, and what it costs.

use std::collections::{BTreeMap, BTreeSet};

use channels::{Line, Outgoing};
use domain::{ChannelUuid, ContactId, JobUuid, MessageUuid, WorkspaceId};
use flows::{EventKind, events::MsgOut};
use smol_str::SmolStr;
use store::{Reach, UrnRow};

use crate::{
    BroadcastError, Context, JobSpec, Workspace,
    broadcast::check,
    jobs::{BroadcastJob, Excluded, Told, Whole, all_contacts, message_to, people},
    person::Person,
    start_flow::not_active,
};

/// People for whom the message is made to see what it costs. Of more, these are taken evenly from all of them, and the
/// figures are what that comes to for all.
pub const MAX_PREVIEWED: usize = 10_000;
/// People who are looked at together.
const AT_ONCE: usize = 500;

/// What a broadcast would come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// People who are meant.
    pub people: u64,
    /// Of these, who would be sent something.
    pub reached: u64,
    /// The others, by the reason.
    pub left_out: BTreeMap<String, u64>,
    /// By line, in the order of their identifiers.
    pub lines: Vec<PreviewLine>,
    /// Whether the figures, but for `people`, come from some of the people.
    pub estimated: bool,
}

/// What goes over a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewLine {
    /// Which.
    pub channel: ChannelUuid,
    /// Its name.
    pub name: SmolStr,
    /// People who are reached over it.
    pub people: u64,
    /// Parts, as the carrier counts them.
    pub parts: u64,
    /// Price of all parts in minor units of a currency, and its code; `None` if the line does not say what a part costs.
    pub cost: Option<(i64, SmolStr)>,
}

impl Preview {
    /// Parts of all lines.
    pub fn parts(&self) -> u64 {
        self.lines.iter().map(|line| line.parts).sum()
    }

    /// The price in each currency, in minor units.
    pub fn costs(&self) -> BTreeMap<SmolStr, i64> {
        let mut costs: BTreeMap<SmolStr, i64> = BTreeMap::new();
        for (amount, currency) in self.lines.iter().filter_map(|line| line.cost.clone()) {
            *costs.entry(currency).or_default() += amount;
        }
        costs
    }
}

/// What a broadcast would come to now.
pub async fn preview_of(
    ctx: &Context,
    workspace: WorkspaceId,
    spec: &JobSpec,
) -> Result<Preview, BroadcastError> {
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(BroadcastError::NoWorkspace)?;
    let JobSpec::Broadcast(job) = spec else { return Err(BroadcastError::Empty) };
    check(ctx, &ws, &job.recipients).await?;
    let unreadable = |error: crate::jobs::RecipientsError| BroadcastError::Job(error.into());
    let mut all: BTreeSet<ContactId> = all_contacts(ctx, &ws, &job.recipients).await.map_err(unreadable)?;
    let mut unknown = Vec::new();
    for urn in &job.recipients.urns {
        match ctx.store.address_owner(workspace, urn.clone()).await? {
            Some((owner, _)) => drop(all.insert(owner)),
            None => unknown.push(urn),
        }
    }
    let mut adding = Adding { ctx, ws: &ws, job, lines: BTreeMap::new(), left_out: BTreeMap::new() };
    let mut excluded = Excluded::of(&ws, &job.recipients.exclude, ctx.now()).map_err(unreadable)?;
    for urn in &unknown {
        adding.add(&of_unknown(ctx, &ws, urn), excluded.as_ref());
    }
    let looked_at = evenly(&all, MAX_PREVIEWED);
    let estimated = looked_at.len() < all.len();
    for some in looked_at.chunks(AT_ONCE) {
        if let Some(rule) = excluded {
            excluded = Some(rule.asking(ctx, &ws, some).await?);
        }
        for told in people(ctx, &ws, job, some).await? {
            adding.add(&told, excluded.as_ref());
        }
    }
    let people = (all.len() + unknown.len()) as u64;
    Ok(adding.preview(people, (looked_at.len() + unknown.len()) as u64, estimated))
}

/// At most so many of them, evenly from the first to the last.
fn evenly(all: &BTreeSet<ContactId>, most: usize) -> Vec<ContactId> {
    let (count, most) = (all.len(), most.min(all.len()));
    let taken = |place: usize| place * most / count != (place + 1) * most / count;
    all.iter().enumerate().filter(|(place, _)| taken(*place)).map(|(_, id)| *id).collect()
}

/// Somebody of whom only an address is known.
fn of_unknown(ctx: &Context, ws: &Workspace, urn: &domain::Urn) -> Told {
    let person = Person::unknown(ctx, ws, urn, None, None, ctx.now());
    let urns: Vec<UrnRow> = person.urn_row(urn).cloned().into_iter().collect();
    let row = &person.row;
    let reach = Reach {
        contact: row.id,
        uuid: row.uuid,
        version: row.version,
        language: None,
        status: row.status,
        timezone: None,
        urns,
    };
    Told { reach, whole: Some(Whole { contact: person.contact, flow: None }) }
}

/// What was found so far.
struct Adding<'p> {
    ctx: &'p Context,
    ws: &'p Workspace,
    job: &'p BroadcastJob,
    lines: BTreeMap<ChannelUuid, Found>,
    left_out: BTreeMap<String, u64>,
}

struct Found {
    line: Option<Line>,
    name: SmolStr,
    people: u64,
    parts: u64,
}

impl Adding<'_> {
    fn add(&mut self, told: &Told, excluded: Option<&Excluded<'_>>) {
        let because = |found: &Whole| excluded.and_then(|rule| rule.why(&found.contact, found.flow));
        let reason = not_active(told.reach.status)
            .or_else(|| told.whole.as_ref().and_then(because))
            .map(str::to_owned);
        let reason = match reason {
            Some(reason) => Some(reason),
            None => self.say(told),
        };
        if let Some(reason) = reason {
            *self.left_out.entry(reason).or_default() += 1;
        }
    }

    /// Adds what one person would be sent, or says why nothing.
    fn say(&mut self, told: &Told) -> Option<String> {
        let event = message_to(self.ctx, self.ws, self.job, told, JobUuid(uuid::Uuid::nil()));
        let EventKind::MsgCreated(created) = &event.kind else { return Some("nothing is said".to_owned()) };
        let said = &created.msg;
        if let Some(reason) = said.unsendable_reason {
            return Some(crate::outgoing::unsendable(reason).to_owned());
        }
        let row = said.channel.as_ref().and_then(|channel| self.ws.channel(channel.uuid));
        let Some(row) = row else { return Some("no channel reaches the contact".to_owned()) };
        let found = self.lines.entry(row.uuid).or_insert_with(|| Found {
            line: Line::open(
                row.uuid,
                &row.channel_type,
                &row.address,
                row.country.as_deref(),
                &row.schemes,
                &row.config,
            )
            .ok(),
            name: row.name.clone(),
            people: 0,
            parts: 0,
        });
        let parts = found.line.as_ref().zip(outgoing(said)).and_then(|(line, out)| line.parts(&out).ok());
        found.people += 1;
        found.parts += parts.unwrap_or(1) as u64;
        None
    }

    fn preview(self, people: u64, looked_at: u64, estimated: bool) -> Preview {
        let of_all = |count: u64| if estimated { scaled(count, people, looked_at) } else { count };
        let lines: Vec<PreviewLine> = self
            .lines
            .into_iter()
            .map(|(channel, found)| {
                let parts = of_all(found.parts);
                let cost = found.line.and_then(|line| line.cost).map(|cost| {
                    let parts = i64::try_from(parts).unwrap_or(i64::MAX);
                    (parts.saturating_mul(cost.per_part), cost.currency)
                });
                PreviewLine { channel, name: found.name, people: of_all(found.people), parts, cost }
            })
            .collect();
        Preview {
            people,
            reached: lines.iter().map(|line| line.people).sum(),
            left_out: self.left_out.into_iter().map(|(reason, count)| (reason, of_all(count))).collect(),
            lines,
            estimated,
        }
    }
}

/// A count among some people as it would be among all, rounded.
fn scaled(count: u64, all: u64, some: u64) -> u64 {
    let (count, all, some) = (u128::from(count), u128::from(all), u128::from(some.max(1)));
    u64::try_from((count * all + some / 2) / some).unwrap_or(u64::MAX)
}

/// As much of a message as its parts depend on.
fn outgoing(said: &MsgOut) -> Option<Outgoing> {
    Some(Outgoing {
        uuid: MessageUuid(uuid::Uuid::nil()),
        urn: said.urn.clone()?,
        text: said.text.to_string(),
        attachments: said.attachments.iter().map(ToString::to_string).collect(),
        quick_replies: Vec::new(),
        interactive: None,
        session_status: None,
        locale: None,
        templating: None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::ContactId;

    use super::{evenly, scaled};

    #[test]
    fn takes_people_evenly() {
        let all: BTreeSet<ContactId> = (1..=1_000).map(ContactId).collect();
        assert_eq!(evenly(&all, 2_000).len(), 1_000);
        let some = evenly(&all, 10);
        assert_eq!(some.len(), 10);
        assert!(some.windows(2).all(|pair| pair[1].0 - pair[0].0 == 100), "{some:?}");
        assert!(evenly(&BTreeSet::new(), 10).is_empty());
        assert_eq!(scaled(5, 1_000, 10), 500);
        assert_eq!(scaled(1, 10, 3), 3);
    }
}
