//! Who is next: the recipients of a job in a fixed order, from the place that the last slice reached. First addresses
//! as given, then the new contact, then known contacts by row number.

use std::collections::BTreeSet;

use domain::{ContactId, GroupId, Query, Urn};
use serde::{Deserialize, Serialize};
use store::StoreError;
use thiserror::Error;

use super::spec::Recipients;
use crate::{Context, Workspace};

/// How far a job is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Addresses that had their turn.
    #[serde(default)]
    pub urns: usize,
    /// Whether the new contact was made.
    #[serde(default)]
    pub created: bool,
    /// The last known contact that had their turn.
    #[serde(default)]
    pub after: ContactId,
    /// How far a soft start is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft: Option<Soft>,
    /// Whether rows of the job may rest since it was paused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parked: bool,
}

/// How far a soft start is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Soft {
    /// What goes on.
    pub stage: Stage,
    /// Whether it waits since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rests: bool,
    /// Whether a person let the others follow before the set time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
    /// While nobody was drawn: who comes nearest, and by which lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<(u64, ContactId)>,
}

/// The parts of a soft start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Those who are drawn are told.
    #[default]
    Few,
    /// They were; the others wait.
    Held,
    /// The others are told.
    Rest,
}

/// One recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Whoever has this address.
    Urn(Urn),
    /// A contact to be made.
    New,
    /// A known contact.
    Contact(ContactId),
}

/// The recipients of one slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice {
    pub targets: Vec<Target>,
    /// Where the next slice begins.
    pub next: Place,
    /// Whether there is no next slice.
    pub is_last: bool,
}

/// Why it cannot be told who is next.
#[derive(Debug, Clone, Error)]
pub(crate) enum RecipientsError {
    #[error("the query cannot be read: {0}")]
    Query(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The recipients from `place` on, at most `limit`. A slice may hold fewer, also none, and not be the last.
pub(crate) async fn next(
    ctx: &Context,
    ws: &Workspace,
    wanted: &Recipients,
    place: Place,
    limit: usize,
) -> Result<Slice, RecipientsError> {
    let mut slice = Slice { targets: Vec::new(), next: place, is_last: false };
    if place.urns < wanted.urns.len() {
        let urns = wanted.urns.iter().enumerate().skip(place.urns).take(limit);
        for (index, urn) in urns {
            let repeated = wanted.urns[..index].iter().any(|before| same(before, urn));
            if !repeated {
                slice.targets.push(Target::Urn(urn.clone()));
            }
            slice.next.urns = index + 1;
        }
        return Ok(slice);
    }
    if wanted.create_contact && !place.created {
        slice.targets.push(Target::New);
        slice.next.created = true;
        return Ok(slice);
    }
    let query = match wanted.query.as_str() {
        "" => None,
        text => Some(ws.query(text, ctx.now()).map_err(|error| RecipientsError::Query(error.to_string()))?),
    };
    let (found, reached) = contacts_after(ctx, ws, wanted, query, place.after, limit).await?;
    slice.is_last = reached.is_none();
    // Behind the last of all, so that a job that is taken up again tells nobody twice.
    slice.next.after = reached.or(found.last().copied()).unwrap_or(place.after);
    slice.targets.extend(found.into_iter().map(Target::Contact));
    Ok(slice)
}

/// How many there are, where one question tells: named people, one group, or one query.
pub(crate) async fn count(
    ctx: &Context,
    ws: &Workspace,
    wanted: &Recipients,
) -> Result<Option<i64>, RecipientsError> {
    let named = wanted.urns.len() + wanted.contacts.len() + usize::from(wanted.create_contact);
    let found = match (wanted.groups.as_slice(), wanted.query.as_str(), named) {
        ([], "", named) => u64::try_from(named).ok(),
        ([group], "", 0) => match ws.group_id(*group) {
            Some(group) => Some(ctx.store.member_count(ws.row.id, group).await?),
            None => Some(0),
        },
        ([], text, 0) => {
            let query =
                ws.query(text, ctx.now()).map_err(|error| RecipientsError::Query(error.to_string()))?;
            Some(ctx.store.count_contacts(ws.search(Some(query))).await?)
        }
        _ => None,
    };
    Ok(found.and_then(|count| i64::try_from(count).ok()))
}

/// People who are looked at together while they are counted.
const COUNTED_AT_ONCE: usize = 5_000;

/// How many people are meant now, each once.
pub(crate) async fn count_exactly(
    ctx: &Context,
    ws: &Workspace,
    wanted: &Recipients,
) -> Result<u64, RecipientsError> {
    if let Some(count) = count(ctx, ws, wanted).await? {
        return Ok(u64::try_from(count).unwrap_or_default());
    }
    let (mut count, mut place) = (0, Place::default());
    loop {
        let slice = next(ctx, ws, wanted, place, COUNTED_AT_ONCE).await?;
        count += slice.targets.len() as u64;
        if slice.is_last {
            return Ok(count);
        }
        place = slice.next;
    }
}

/// The row numbers of all known contacts among the recipients, addresses left aside.
pub(crate) async fn all_contacts(
    ctx: &Context,
    ws: &Workspace,
    wanted: &Recipients,
) -> Result<BTreeSet<ContactId>, RecipientsError> {
    let mut all = BTreeSet::new();
    let mut place = Place { urns: wanted.urns.len(), created: true, ..Place::default() };
    loop {
        let slice = next(ctx, ws, wanted, place, COUNTED_AT_ONCE).await?;
        all.extend(slice.targets.iter().filter_map(|target| match target {
            Target::Contact(id) => Some(*id),
            Target::Urn(_) | Target::New => None,
        }));
        if slice.is_last {
            return Ok(all);
        }
        place = slice.next;
    }
}

/// Whether two addresses are one.
pub(crate) fn same(a: &Urn, b: &Urn) -> bool {
    a.scheme == b.scheme && a.path == b.path
}

/// Known contacts among the recipients after one, in order of row number: at most `limit`, and how far was looked;
/// `None` if to the end. The one place that turns a query into contacts.
async fn contacts_after(
    ctx: &Context,
    ws: &Workspace,
    wanted: &Recipients,
    query: Option<Query>,
    after: ContactId,
    limit: usize,
) -> Result<(Vec<ContactId>, Option<ContactId>), StoreError> {
    let workspace = ws.row.id;
    let mut found = BTreeSet::new();
    // Each source says how far it has looked; beyond the nearest of these nothing is known.
    let mut horizon: Option<ContactId> = None;
    let mut nearer = |end: Option<ContactId>| {
        if let Some(end) = end {
            horizon = Some(horizon.map_or(end, |known: ContactId| known.min(end)));
        }
    };
    if !wanted.contacts.is_empty() {
        let ids = ctx.store.contact_ids(workspace, wanted.contacts.clone()).await?;
        found.extend(ids.into_iter().filter(|id| *id > after));
    }
    let groups: Vec<GroupId> = wanted.groups.iter().filter_map(|uuid| ws.group_id(*uuid)).collect();
    if !groups.is_empty() {
        let members = ctx.store.members_after(workspace, groups, after, limit).await?;
        nearer(members.last().copied().filter(|_| members.len() == limit));
        found.extend(members);
    }
    if let Some(query) = query {
        let fitting = ctx.store.search_contacts(ws.search(Some(query)), Some(after), limit).await?;
        nearer(fitting.last().copied().filter(|_| fitting.len() == limit));
        found.extend(fitting);
    }
    let mut within: Vec<ContactId> =
        found.into_iter().filter(|id| horizon.is_none_or(|end| *id <= end)).collect();
    if within.len() > limit {
        within.truncate(limit);
        horizon = within.last().copied();
    }
    Ok((within, horizon))
}
