//! Files of archives come in: those of RapidPro, and our own of elsewhere. Their lines become rows again, as the history of
//! people, or the file as a whole becomes one of ours.
//!
//! What is there already is known by its identifier and left as it is, so a file can be brought in as often as one likes, and
//! one that broke off goes on where it was.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ArchiveId, ArchiveUuid, ContactId, ContactStatus, ContactUuid, FlowUuid, LabelId, UrnId, WorkspaceId,
};
use files::{FileError, Files};
use serde_json::Value;
use smol_str::SmolStr;
use store::{
    ArchiveKind, ArchivePeriod, ArchiveRow, Change, ContactNamed, ConversationKey, KeptNumbers, StoreError,
    Unit, UnitError,
};
use thiserror::Error;

use super::{
    archive_date, day_of, month_of,
    past_line::{PastLine, read_line},
    placeholder::placeholder_flow,
    stored::{Digest, Lines, copy, verified},
};
use crate::{Context, Workspace, person::Person, save_label::save_label, turn::Turn};

/// Lines of one page, which is one commit.
const PAGE: usize = 500;
/// Packed bytes that are read at once.
const READ_BYTES: usize = 256 << 10;
/// Lines that were left out of which the reason is told one by one.
const MAX_TOLD: usize = 20;
/// Row numbers of an installation that was brought over, as `rapidpro` gives them.
const SPAN: i64 = 1 << 40;
/// Installations; rows of files without one have numbers in the last.
const INSTALLATIONS: i64 = 64;
/// From when on numbers are counted of rows that belong to no installation: 2005-01-01T00:00:00Z, in milliseconds.
const NUMBERS_FROM: i64 = 1_104_537_600_000;

/// What becomes of lines about people who are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownPeople {
    /// They are added as archived contacts, whom nobody writes to.
    #[default]
    Added,
    /// Their lines are left out.
    LeftOut,
}

/// What a file came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BroughtBack {
    /// Lines of the file.
    pub lines: u64,
    /// Messages that are rows now.
    pub messages: u64,
    /// Runs that are rows now.
    pub runs: u64,
    /// Lines that were rows before.
    pub known: u64,
    /// People who were added.
    pub contacts: u64,
    /// Flows that were added, empty and archived, so that their runs have one.
    pub flows: u64,
    /// Labels that were added.
    pub labels: u64,
    /// Lines that were left out, by reason.
    pub left_out: BTreeMap<String, u64>,
    /// The first of them: number of the line and reason.
    pub told: Vec<(u64, String)>,
}

impl BroughtBack {
    fn leave_out(&mut self, line: u64, reason: impl Into<String>) {
        let reason = reason.into();
        if self.told.len() < MAX_TOLD {
            self.told.push((line, reason.clone()));
        }
        *self.left_out.entry(reason).or_default() += 1;
    }

    /// Adds what another file came to.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.messages += other.messages;
        self.runs += other.runs;
        self.known += other.known;
        self.contacts += other.contacts;
        self.flows += other.flows;
        self.labels += other.labels;
        for (reason, count) in other.left_out {
            *self.left_out.entry(reason).or_default() += count;
        }
    }
}

/// Why a file was not brought in to its end. Pages before that are there, and are known when it is brought in again.
#[derive(Debug, Error)]
pub enum BringBackError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NoWorkspace,
    /// It is one that this workspace made: what its rows were counted as is kept beside it.
    #[error("this is an archive of the workspace itself: its rows are counted already")]
    Own,
    /// It cannot be kept as a file.
    #[error("{0}")]
    Unfit(String),
    /// There is no place for archives.
    #[error("there is no place for archives; name one with --archives")]
    NoPlace,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Brings the lines of a file in as rows: messages with what became of them, runs with their answers. They are counted on
/// their days; the feed, webhooks, campaigns and programmes hear nothing of them.
///
/// # Errors
/// [`BringBackError`].
pub async fn bring_back(
    ctx: &Context,
    workspace: WorkspaceId,
    (files, name): (&Files, &str),
    unknown: UnknownPeople,
) -> Result<BroughtBack, BringBackError> {
    let (digest, _) = looked_at(files, name).await?;
    let own = ctx.store.archives(workspace).await?;
    if own.iter().any(|row| row.md5 == digest.md5()) {
        return Err(BringBackError::Own);
    }
    let mut bringer =
        Bringer { ctx, workspace, unknown, done: BroughtBack::default(), people: BTreeMap::new() };
    let (mut lines, mut from, mut waiting) = (Lines::new(), 0, Vec::new());
    loop {
        let part = files.read(name, from, READ_BYTES).await?;
        if part.is_empty() {
            break;
        }
        from += part.len() as u64;
        lines.add(name, &part, |line| waiting.push(line.to_vec()))?;
        while waiting.len() >= PAGE {
            let rest = waiting.split_off(PAGE);
            bringer.page(std::mem::replace(&mut waiting, rest)).await?;
        }
    }
    lines.end(name, |line| waiting.push(line.to_vec()))?;
    while !waiting.is_empty() {
        let rest = waiting.split_off(waiting.len().min(PAGE));
        bringer.page(std::mem::replace(&mut waiting, rest)).await?;
    }
    Ok(bringer.done)
}

/// What a file is made of: its digest, and what its lines say of themselves.
async fn looked_at(files: &Files, name: &str) -> Result<(Digest, Look), FileError> {
    let (mut digest, mut lines, mut look) = (Digest::default(), Lines::new(), Look::default());
    loop {
        let part = files.read(name, digest.bytes, READ_BYTES).await?;
        if part.is_empty() {
            break;
        }
        digest.add(&part);
        lines.add(name, &part, |line| look.at(line))?;
        tokio::task::yield_now().await;
    }
    lines.end(name, |line| look.at(line))?;
    Ok((digest, look))
}

/// Of which kind and which days the lines of a file are.
#[derive(Default)]
struct Look {
    records: i64,
    kinds: BTreeSet<&'static str>,
    days: Option<(i32, i32)>,
    unreadable: i64,
}

impl Look {
    fn at(&mut self, line: &[u8]) {
        self.records += 1;
        let Ok(line) = read_line(line) else {
            self.unreadable += 1;
            return;
        };
        let (kind, at) = match &line {
            PastLine::Message(message) => ("message", message.created_on),
            PastLine::Run(run) => ("run", run.modified_on),
        };
        self.kinds.insert(kind);
        let day = day_of(at.as_microsecond());
        let (first, last) = self.days.unwrap_or((day, day));
        self.days = Some((first.min(day), last.max(day)));
    }
}

/// Keeps a file as one of the workspace's archives, without making rows of its lines: it is listed and can be fetched as
/// those that were made here. One of whose days there is a file already is refused.
///
/// # Errors
/// [`BringBackError`]; nothing is kept then.
pub async fn keep_archive(
    ctx: &Context,
    workspace: WorkspaceId,
    (files, name): (&Files, &str),
) -> Result<ArchiveRow, BringBackError> {
    let place = ctx.archives.as_ref().ok_or(BringBackError::NoPlace)?;
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(BringBackError::NoWorkspace)?;
    let (digest, look) = looked_at(files, name).await?;
    let unfit = |said: String| Err(BringBackError::Unfit(said));
    let Some((first, last)) = look.days.filter(|_| look.unreadable == 0) else {
        return unfit(match look.unreadable {
            0 => "it is empty".to_owned(),
            unreadable => format!("{unreadable} of its lines are neither messages nor runs"),
        });
    };
    let kind = match (look.kinds.first(), look.kinds.len()) {
        (Some(&"message"), 1) => ArchiveKind::Message,
        (Some(_), 1) => ArchiveKind::Run,
        _ => return unfit("its lines are not all messages or all runs".to_owned()),
    };
    let (month, next) = month_of(first);
    let (period, start) = match last {
        last if last == first => (ArchivePeriod::Daily, first),
        last if last < next => (ArchivePeriod::Monthly, month),
        _ => return unfit("its lines are of more than one month".to_owned()),
    };
    let known = ctx.store.archives(workspace).await?;
    let clashes = |row: &&ArchiveRow| {
        row.kind == kind
            && ((row.period, row.start_day) == (period, start)
                || row.period == ArchivePeriod::Monthly && row.start_day == month)
    };
    if known.iter().any(|row| row.md5 == digest.md5()) || known.iter().any(|row| clashes(&row)) {
        return unfit("there is a file of these days already".to_owned());
    }
    let kept = kept_copy(ctx, place, (files, name), (&ws, kind, period, start)).await?;
    verified(place, &kept, &digest, look.records).await?;
    let now = ctx.now();
    let row = ArchiveRow {
        id: ArchiveId(ctx.next_id(now)),
        workspace,
        uuid: ArchiveUuid(ctx.host.uuid_v4()),
        kind,
        period,
        start_day: start,
        records: look.records,
        bytes: i64::try_from(digest.bytes).unwrap_or(i64::MAX),
        md5: digest.md5().into(),
        file: kept.clone(),
        rollup: None,
        steps: 0,
        created_on: now,
        changed_on: now,
    };
    match ctx.write_one(Unit::new(vec![Change::Archive(Box::new(row.clone()))])).await {
        Ok(_) => Ok(row),
        Err(error) => {
            place.remove(&kept).await?;
            Err(failed(error).into())
        }
    }
}

/// Copies a file into the place of archives, under a name as ours have. Answers the name.
async fn kept_copy(
    ctx: &Context,
    place: &Files,
    (files, name): (&Files, &str),
    (ws, kind, period, start): (&Workspace, ArchiveKind, ArchivePeriod, i32),
) -> Result<String, FileError> {
    let date = archive_date(start).strftime("%Y%m%d").to_string();
    let drawn = ctx.host.uuid_v4().simple();
    let kept = format!("{}/{}_{}_{date}_{drawn}.jsonl.gz", ws.row.uuid, kind.as_str(), period.as_str());
    let mut upload = place.begin(&kept).await?;
    match copy(files, name, &mut upload, &mut Digest::default()).await {
        Ok(()) => upload.finish().await.map(|_| kept),
        Err(error) => {
            upload.abandon().await;
            Err(error)
        }
    }
}

fn failed(error: UnitError) -> StoreError {
    match error {
        UnitError::Store(error) => error,
        UnitError::Conflict => StoreError::Busy,
        other => StoreError::Database(other.to_string()),
    }
}

/// Somebody of whom lines are.
#[derive(Clone)]
enum Whose {
    Here(ContactId, Vec<(SmolStr, UrnId)>),
    LeftOut(&'static str),
}

struct Bringer<'b> {
    ctx: &'b Context,
    workspace: WorkspaceId,
    unknown: UnknownPeople,
    done: BroughtBack,
    people: BTreeMap<ContactUuid, Whose>,
}

impl Bringer<'_> {
    async fn page(&mut self, lines: Vec<Vec<u8>>) -> Result<(), BringBackError> {
        let mut page = Vec::with_capacity(lines.len());
        for line in lines {
            self.done.lines += 1;
            match read_line(&line) {
                Ok(read) => page.push((self.done.lines, read)),
                Err(reason) => self.done.leave_out(self.done.lines, reason),
            }
        }
        let ws = self.ctx.registry.workspace(self.ctx, self.workspace).await?;
        let mut ws = ws.ok_or(BringBackError::NoWorkspace)?;
        self.forget_known(&mut page, ws.row.uuid.0).await?;
        if self.make_definitions(&ws, &page).await? {
            let again = self.ctx.registry.workspace(self.ctx, self.workspace).await?;
            ws = again.ok_or(BringBackError::NoWorkspace)?;
        }
        self.meet(&ws, &page).await?;
        let numbers = self.numbers(&ws, &page).await?;
        let (mut past, mut seen, mut changes, mut tallies) =
            (Vec::new(), BTreeSet::new(), Vec::new(), Vec::new());
        for ((number, line), id) in page.into_iter().zip(numbers) {
            let (contact, urns) = match self.people.get(&line.contact()) {
                Some(Whose::Here(contact, urns)) => (*contact, urns),
                Some(Whose::LeftOut(reason)) => {
                    self.done.leave_out(number, *reason);
                    continue;
                }
                None => continue,
            };
            let place = (id, contact);
            match line {
                PastLine::Message(message) => {
                    let labels = labels_of(&ws, &message.labels);
                    let row = message.row(&ws, place, urns, labels);
                    if row.message.direction == store::Direction::In {
                        seen.insert((contact, row.message.day));
                    }
                    past.push(row);
                    self.done.messages += 1;
                }
                PastLine::Run(run) => {
                    let Some(flow) = flow_of(&ws, run.flow) else {
                        self.done.leave_out(number, "its flow cannot be kept");
                        continue;
                    };
                    tallies.extend(run.tallies(&ws, flow));
                    changes.push(Change::Run(Box::new(run.row(&ws, place, flow))));
                    self.done.runs += 1;
                }
            }
        }
        if !past.is_empty() {
            changes.push(Change::PastMessages(past));
        }
        let workspace = self.workspace;
        changes.extend(seen.into_iter().map(|(contact, day)| Change::Seen(workspace, contact, day)));
        if !tallies.is_empty() {
            changes.push(Change::Tallies(tallies));
        }
        if !changes.is_empty() {
            self.ctx.write_one(Unit::new(changes)).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Takes out what are rows already, and what comes twice.
    async fn forget_known(
        &mut self,
        page: &mut Vec<(u64, PastLine)>,
        workspace: uuid::Uuid,
    ) -> Result<(), StoreError> {
        for (_, line) in page.iter_mut() {
            line.name_itself(workspace);
        }
        let mut known = BTreeSet::new();
        for table in [KeptNumbers::Messages, KeptNumbers::Runs] {
            let uuids: Vec<_> =
                page.iter().filter(|(_, line)| line.table() == table).map(|(_, line)| line.uuid()).collect();
            known.extend(self.ctx.store.known_uuids(table, uuids).await?);
        }
        let before = page.len();
        page.retain(|(_, line)| known.insert(line.uuid()));
        self.done.known += (before - page.len()) as u64;
        Ok(())
    }

    /// Adds flows and labels of which nothing is known. Answers whether there were any.
    async fn make_definitions(
        &mut self,
        ws: &Workspace,
        page: &[(u64, PastLine)],
    ) -> Result<bool, BringBackError> {
        let mut made = false;
        let mut flows: BTreeMap<FlowUuid, SmolStr> = BTreeMap::new();
        let mut labels: BTreeMap<String, SmolStr> = BTreeMap::new();
        for (_, line) in page {
            match line {
                PastLine::Run(run) if flow_of(ws, run.flow).is_none() => {
                    flows.insert(run.flow, run.flow_name.clone());
                }
                PastLine::Run(_) => {}
                PastLine::Message(message) => {
                    for label in message.labels.iter().filter(|label| label_of(ws, label).is_none()) {
                        labels.insert(label.1.to_lowercase(), label.1.clone());
                    }
                }
            }
        }
        for (uuid, name) in flows {
            if placeholder_flow(self.ctx, self.workspace, uuid, &name).await? {
                self.done.flows += 1;
            }
            made = true;
        }
        for name in labels.into_values() {
            // A name that cannot be one, or one label too many: the message stays without it.
            if save_label(self.ctx, self.workspace, None, &name).await.is_ok() {
                self.done.labels += 1;
                made = true;
            }
        }
        Ok(made)
    }

    /// Finds the people of a page, and adds those who are not known.
    async fn meet(
        &mut self,
        ws: &std::sync::Arc<Workspace>,
        page: &[(u64, PastLine)],
    ) -> Result<(), BringBackError> {
        let mut new: BTreeMap<ContactUuid, &PastLine> = BTreeMap::new();
        for (_, line) in page.iter().filter(|(_, line)| !self.people.contains_key(&line.contact())) {
            let known = new.entry(line.contact()).or_insert(line);
            // Messages say more of people than runs do.
            if known.urn().is_none() && line.urn().is_some() {
                *known = line;
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let (store, workspace) = (&self.ctx.store, self.workspace);
        let uuids: Vec<ContactUuid> = new.keys().copied().collect();
        let named = uuids.iter().map(|uuid| ContactNamed::Uuid(*uuid)).collect();
        let found = store.named_contacts(workspace, named).await?;
        let raw = uuids.iter().map(|uuid| uuid.0).collect();
        let taken: BTreeSet<uuid::Uuid> =
            store.known_uuids(KeptNumbers::Contacts, raw).await?.into_iter().collect();
        let mut here: BTreeMap<ContactUuid, ContactId> = BTreeMap::new();
        for (uuid, found) in uuids.iter().zip(found) {
            let line = new[uuid];
            let id = match found {
                Some(contact) => Some(contact.id),
                None if taken.contains(&uuid.0) => {
                    self.people
                        .insert(*uuid, Whose::LeftOut("their contact was erased, or is another workspace's"));
                    continue;
                }
                None => match line.urn() {
                    Some(urn) => {
                        store.address_owner(workspace, urn.clone()).await?.map(|(contact, _)| contact)
                    }
                    None => None,
                },
            };
            let id = match id {
                Some(id) => id,
                None if self.unknown == UnknownPeople::LeftOut => {
                    self.people.insert(*uuid, Whose::LeftOut("their contact is not known"));
                    continue;
                }
                None => self.add(ws, *uuid, line).await?,
            };
            here.insert(*uuid, id);
        }
        let keys = here.values().map(|id| ConversationKey::Contact(workspace, *id)).collect();
        let loaded = store.load_conversations(keys).await?.conversations;
        for ((uuid, id), conversation) in here.into_iter().zip(loaded) {
            let urns = conversation.into_iter().flat_map(|one| one.urns);
            let urns =
                urns.map(|urn| (SmolStr::from(format!("{}:{}", urn.scheme, urn.path)), urn.id)).collect();
            self.people.insert(uuid, Whose::Here(id, urns));
        }
        Ok(())
    }

    /// Somebody who is not known: archived, so that nobody writes to them.
    async fn add(
        &mut self,
        ws: &std::sync::Arc<Workspace>,
        uuid: ContactUuid,
        line: &PastLine,
    ) -> Result<ContactId, BringBackError> {
        let now = self.ctx.now();
        let mut person = match line.urn() {
            Some(urn) => Person::unknown(self.ctx, ws, urn, None, None, now),
            None => Person::nameless(self.ctx, ws, now),
        };
        person.row.uuid = uuid;
        person.contact.uuid = uuid;
        person.row.created_on = line.created_on().min(now);
        person.contact.created_on = person.row.created_on;
        person.contact.name = line.contact_name().chars().take(crate::MAX_CONTACT_NAME).collect();
        person.contact.status = ContactStatus::Archived;
        let id = person.row.id;
        let (unit, _) = Turn::new(self.ctx, ws.clone(), now, person).finish();
        self.ctx.write_one(unit).await.map_err(failed)?;
        self.done.contacts += 1;
        Ok(id)
    }

    /// Row numbers for a page: of an installation that was brought over those that it has there, so that rows of before stand
    /// before those that came with it; else by time.
    async fn numbers(&self, ws: &Workspace, page: &[(u64, PastLine)]) -> Result<Vec<i64>, StoreError> {
        let base = ws.row.id.0 / SPAN * SPAN;
        let is_installation = ws.row.id.0 < INSTALLATIONS * SPAN;
        let last = (INSTALLATIONS - 1) * SPAN;
        let wanted = page.iter().map(|(_, line)| match line.number().filter(|_| is_installation) {
            Some(number) if (1..SPAN).contains(&number) => base + number,
            Some(_) | None => {
                last + (line.created_on().as_millisecond() - NUMBERS_FROM).clamp(1, SPAN - 1_000_000)
            }
        });
        let mut numbers: Vec<i64> = wanted.collect();
        for table in [KeptNumbers::Messages, KeptNumbers::Runs] {
            let places: Vec<usize> =
                (0..page.len()).filter(|place| page[*place].1.table() == table).collect();
            let mut used = BTreeSet::new();
            let mut open = places;
            while !open.is_empty() {
                let asked = open.iter().map(|place| numbers[*place]).collect();
                used.extend(self.ctx.store.known_numbers(table, asked).await?);
                open.retain(|place| {
                    if used.insert(numbers[*place]) {
                        return false;
                    }
                    while used.contains(&numbers[*place]) {
                        numbers[*place] += 1;
                    }
                    true
                });
            }
        }
        Ok(numbers)
    }
}

fn flow_of(ws: &Workspace, uuid: FlowUuid) -> Option<domain::FlowId> {
    ws.definitions().flows.iter().find(|flow| flow.uuid == uuid).map(|flow| flow.id)
}

/// The label that a line names, by identifier or name.
fn label_of(ws: &Workspace, (uuid, name): &(Value, SmolStr)) -> Option<LabelId> {
    let labels = &ws.definitions().labels;
    let uuid = uuid.as_str().and_then(|text| text.parse().ok());
    let named = || labels.iter().find(|label| label.name.to_lowercase() == name.to_lowercase());
    labels.iter().find(|label| Some(label.uuid) == uuid).or_else(named).map(|label| label.id)
}

fn labels_of(ws: &Workspace, labels: &[(Value, SmolStr)]) -> Vec<LabelId> {
    labels.iter().filter_map(|label| label_of(ws, label)).collect::<BTreeSet<_>>().into_iter().collect()
}
