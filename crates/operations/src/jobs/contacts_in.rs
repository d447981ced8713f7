//! Slices of an import of contacts. Whoever has an address or the identifier of a line is changed as people change
//! contacts; whoever is not known is made. A line that asks for something that cannot be done is left out whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{ContactId, ContactStatus, ContactUuid, GroupUuid, Reference, Urn};
use flows::{Engine, EventKind, GroupsModification, Modifier, UrnsModification};
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};
use store::{ConsentSource, ContactNamed, Conversation, ConversationKey, JobFile, JobRow};

use super::{
    ContactColumn, ImportContactsJob,
    contact_file::{self, BETWEEN, CLEARS, meant},
    slice::{Progress, Trouble, after, commit, committed, fewer, left_out, place_of, place_text},
};
use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    person::Person,
    start_flow::not_active,
    stop_contact::stop,
    turn::Turn,
};

/// Lines of one slice: few enough that replies go in between.
pub(super) const SLICE: usize = 100;

/// How far the import is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The part of the file.
    #[serde(default)]
    part: i64,
    /// Lines of it that had their turn.
    #[serde(default)]
    lines: usize,
}

/// A line of the file: its number as a spreadsheet shows it, and its cells.
pub(super) type Line = (usize, Vec<SmolStr>);

/// What one line asks for.
struct Wish {
    line: usize,
    uuid: Option<ContactUuid>,
    urns: Vec<Urn>,
    /// Those of the addresses that nobody else has.
    free: BTreeSet<SmolStr>,
    modifiers: Vec<Modifier>,
}

/// What became of a line.
#[derive(Debug, Clone)]
enum Taken {
    Yes,
    No(String),
}

pub(super) async fn slice(
    ctx: &Context,
    ws: &Arc<Workspace>,
    job: &JobRow,
    import: &ImportContactsJob,
) -> Result<Committed<JobRow>, Trouble> {
    let place: Place = place_of(job)?;
    let body = ctx.store.job_chunk(job.workspace, job.id, JobFile::Given, place.part).await?;
    let Some(body) = body else {
        let expected = job.total.unwrap_or_default();
        if job.done + job.left_out < expected {
            return Err(Trouble::Never(format!("the file {:?} is not here any more", import.file)));
        }
        let progress = Progress { place: job.place.clone(), is_last: true, ..Progress::default() };
        return commit(ctx, job, progress, Vec::new()).await;
    };
    let lines: Vec<Line> = serde_json::from_slice(&body)
        .map_err(|error| Trouble::Never(format!("a part of the file cannot be read: {error}")))?;
    let mut progress = Progress::default();
    let (inputs, used) =
        inputs(ctx, ws, (job, import), &lines[place.lines.min(lines.len())..], &mut progress).await?;
    let reached = place.lines + used;
    let next = match reached >= lines.len() {
        true => Place { part: place.part + 1, lines: 0 },
        false => Place { lines: reached, ..place },
    };
    progress.place = place_text(&next);
    let stands = |answers: &[Result<Taken, BatchError>]| {
        let mut progress = Progress {
            place: progress.place.clone(),
            left_out: progress.left_out.clone(),
            ..Progress::default()
        };
        for ((_, wish), answer) in inputs.iter().zip(answers) {
            match answer {
                Ok(Taken::Yes) => progress.done += 1,
                Ok(Taken::No(reason)) => progress.left_out.push(of_line(wish.line, reason.clone())),
                Err(error) => progress.left_out.push(of_line(wish.line, error.to_string())),
            }
        }
        after(ctx, job, progress)
    };
    match batch::together(ctx, &inputs, step, |answers| stands(answers).1).await {
        Ok((answers, left)) => Ok(Committed::new(committed(stands(&answers).0), left)),
        Err(error) if inputs.len() <= 1 => match Trouble::from(error) {
            Trouble::Later { error, .. } => {
                let mut alone = Progress { error: Some(error.to_string()), ..progress };
                alone.left_out.extend(inputs.iter().map(|(_, wish)| of_line(wish.line, error.to_string())));
                Err(Trouble::Later { error, alone: Some(Box::new(alone)) })
            }
            other => Err(other),
        },
        Err(error) => Err(error.into()),
    }
}

fn of_line(line: usize, reason: String) -> store::LeftOut {
    left_out(None, format_smolstr!("line {line}"), reason)
}

/// The lines of a slice, each about somebody else, and how many lines that takes. Those that cannot be read are left out.
async fn inputs(
    ctx: &Context,
    ws: &Workspace,
    (job, import): (&JobRow, &ImportContactsJob),
    lines: &[Line],
    progress: &mut Progress,
) -> Result<(Vec<(ConversationKey, Wish)>, usize), Trouble> {
    let workspace = ws.row.id;
    let wishes: Vec<Result<Wish, String>> = lines
        .iter()
        .take(fewer(SLICE, job))
        .map(|(number, cells)| read(ws, import, *number, cells))
        .collect();
    let named = wishes.iter().flatten().flat_map(|wish| {
        let uuid = wish.uuid.map(ContactNamed::Uuid);
        uuid.into_iter().chain(wish.urns.iter().cloned().map(ContactNamed::Urn))
    });
    // Everybody who is named, in one read and in the same order.
    let mut owners = ctx.store.named_contacts(workspace, named.collect()).await?.into_iter();
    let mut next = || owners.next().flatten().map(|owner| owner.id);
    let (mut inputs, mut used) = (Vec::new(), 0);
    let (mut people, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for ((number, _), wish) in lines.iter().zip(wishes) {
        let mut leave_out = |reason: String| progress.left_out.push(of_line(*number, reason));
        let mut wish = match wish {
            Ok(wish) => wish,
            Err(reason) => {
                leave_out(reason);
                used += 1;
                continue;
            }
        };
        let named = wish.uuid.map(|_| next());
        let of_urns: Vec<Option<ContactId>> = wish.urns.iter().map(|_| next()).collect();
        if named == Some(None) {
            leave_out("there is no contact with this UUID".to_owned());
            used += 1;
            continue;
        }
        let identities: Vec<SmolStr> = wish.urns.iter().map(Urn::identity).collect();
        let met: BTreeSet<ContactId> =
            named.flatten().into_iter().chain(of_urns.iter().copied().flatten()).collect();
        // Whoever is met a second time has to wait for the next slice: it must see what this one does.
        if met.iter().any(|id| people.contains(id)) || identities.iter().any(|urn| addresses.contains(urn)) {
            break;
        }
        let owner = named.flatten().or_else(|| of_urns.iter().copied().flatten().next());
        let key = match (owner, wish.urns.first()) {
            (Some(id), _) => ConversationKey::Contact(workspace, id),
            (None, Some(urn)) => ConversationKey::Urn(workspace, urn.clone()),
            (None, None) => {
                leave_out("neither an address nor a UUID is given".to_owned());
                used += 1;
                continue;
            }
        };
        let is_free = |of: &Option<ContactId>| of.is_none() || *of == owner;
        wish.free = identities
            .iter()
            .zip(&of_urns)
            .filter(|(_, of)| is_free(of))
            .map(|(urn, _)| urn.clone())
            .collect();
        people.extend(met);
        addresses.extend(identities);
        inputs.push((key, wish));
        used += 1;
    }
    Ok((inputs, used))
}

/// What a line asks for, or why it cannot be read.
fn read(ws: &Workspace, import: &ImportContactsJob, line: usize, cells: &[SmolStr]) -> Result<Wish, String> {
    let mut wish = Wish { line, uuid: None, urns: Vec::new(), free: BTreeSet::new(), modifiers: Vec::new() };
    let mut groups = import.groups.clone();
    for (column, cell) in import.columns.iter().zip(cells) {
        let cell = meant(cell.trim());
        if cell.is_empty() {
            continue;
        }
        let value = (cell != CLEARS).then(|| SmolStr::new(cell));
        match column {
            ContactColumn::Uuid => {
                wish.uuid = Some(cell.parse().map_err(|_| format!("{cell:?} is not a UUID"))?);
            }
            ContactColumn::Name => {
                wish.modifiers.push(Modifier::Name { name: value.unwrap_or_default() });
            }
            ContactColumn::Language => wish.modifiers.push(Modifier::Language { language: value }),
            ContactColumn::Status => {
                let status = ContactStatus::parse(&cell.to_lowercase())
                    .ok_or_else(|| format!("{cell:?} is not a status"))?;
                wish.modifiers.push(Modifier::Status { status });
            }
            ContactColumn::Urns => {
                for text in cell.split(BETWEEN.trim()) {
                    wish.urns.push(urn(ws, text.trim())?);
                }
            }
            ContactColumn::Urn(scheme) => wish.urns.push(urn(ws, &format!("{scheme}:{cell}"))?),
            ContactColumn::Field(key) => {
                let field =
                    ws.assets.field(key).ok_or_else(|| format!("there is no field {key:?} any more"))?;
                let field = flows::events::FieldRef { key: field.key.clone(), name: field.name.clone() };
                wish.modifiers.push(Modifier::Field { field, value });
            }
            ContactColumn::Group(group) => {
                if !["no", "false", "0", CLEARS].contains(&cell.to_lowercase().as_str()) {
                    groups.push(*group);
                }
            }
            ContactColumn::Groups => {
                for name in cell.split(BETWEEN.trim()).map(str::trim).filter(|name| !name.is_empty()) {
                    match contact_file::group_named(ws, name) {
                        Some(group) if group.query.is_some() => {}
                        Some(group) => groups.push(group.uuid),
                        None => return Err(format!("there is no group {name:?}")),
                    }
                }
            }
            ContactColumn::Ignored => {}
        }
    }
    let groups: Vec<Reference<GroupUuid>> = groups
        .into_iter()
        .filter_map(|uuid| ws.assets.group(uuid))
        .map(|group| Reference { uuid: group.uuid, name: group.name.clone() })
        .collect();
    if !groups.is_empty() {
        wish.modifiers.push(Modifier::Groups { groups, modification: GroupsModification::Add });
    }
    Ok(wish)
}

fn urn(ws: &Workspace, text: &str) -> Result<Urn, String> {
    Urn::parse(text, ws.env.default_country.as_deref()).map_err(|error| format!("{text:?}: {error}"))
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    wish: &'a Wish,
) -> StepFuture<'a, Taken> {
    Box::pin(async move {
        let now = ctx.now();
        let mut turn = match conversation {
            Some(conversation) => Turn::of(ctx, ws, now, conversation),
            None => {
                let person = Person::nameless(ctx, &ws, now);
                Turn::new(ctx, ws, now, person)
            }
        };
        let is_new = turn.person.is_new();
        let urns = wish.urns.iter().map(|urn| SmolStr::from(urn.to_string())).collect::<Vec<_>>();
        let addresses = Modifier::Urns { urns, modification: UrnsModification::Append };
        let mut events = Vec::new();
        let ws = turn.ws.clone();
        let engine = Engine::new(&ws.assets, &ws.env, &*ctx.host);
        for modifier in std::iter::once(&addresses).chain(&wish.modifiers) {
            let mut is_free = |urn: &Urn| wish.free.contains(&urn.identity());
            events.extend(engine.modify(&mut turn.person.contact, modifier, &mut is_free));
        }
        let problem = events.iter().find_map(|event| match &event.kind {
            EventKind::Error(problem) => Some(problem.text.clone()),
            _ => None,
        });
        if let Some(problem) = problem {
            return Ok(Stepped::nothing(Taken::No(problem)));
        }
        if events.is_empty() && !is_new {
            return Ok(Stepped::nothing(Taken::Yes));
        }
        turn.consent_by = Some(ConsentSource::Import);
        if is_new && turn.person.contact.status == ContactStatus::Stopped {
            turn.opted_out_elsewhere();
        }
        let left = |event: &flows::Event| {
            matches!(&event.kind,
            EventKind::ContactStatusChanged(changed) if changed.status != ContactStatus::Active)
        };
        if !is_new && events.iter().any(left) {
            let reason = not_active(turn.person.contact.status).unwrap_or_default();
            stop(&mut turn, reason);
        }
        // What somebody begins with is no change.
        for event in events.iter().filter(|_| !is_new) {
            turn.record(event, None);
        }
        Ok(Stepped { unit: Some(turn.finish()), value: Taken::Yes })
    })
}
