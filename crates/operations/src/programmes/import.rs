//! A programme is brought in from a file, or messages of its sets from a table. The same again changes nothing but what
//! is different in it: sets are known by their names.

use std::collections::BTreeMap;

use domain::{MessageSetId, MessageSetUuid, WorkspaceId, programme::MAX_SET_MESSAGES};
use flows::csv;
use smol_str::SmolStr;
use store::{Change, DefinitionChange, MessageSetRow, ProgrammeMessageRow, StoreError};
use thiserror::Error;

use super::file::{MessageGiven, ProgrammeFile, ProgrammeFileError, SetGiven, read_programme, template_of};
use crate::{
    Context, Workspace,
    edit_definitions::{SaveError, edit, same_name},
};

/// Bytes of a programme's file.
pub const MAX_PROGRAMME_BYTES: usize = 16 << 20;
/// Message sets of a workspace.
pub const MAX_MESSAGE_SETS: usize = 500;

/// What was brought in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProgrammeImported {
    /// The sets, by name, and how many messages each has now.
    pub sets: Vec<(SmolStr, usize)>,
}

/// Why nothing was brought in.
#[derive(Debug, Clone, Error)]
pub enum ImportProgrammeError {
    /// The file is too large.
    #[error("a programme's file has at most {MAX_PROGRAMME_BYTES} bytes")]
    TooLarge,
    /// The file is not right.
    #[error(transparent)]
    File(#[from] ProgrammeFileError),
    /// It is not comma-separated values.
    #[error(transparent)]
    Csv(#[from] csv::CsvError),
    /// A row of the table is not right.
    #[error("row {row}: {wrong}")]
    Row {
        /// Which, the names of the columns being row 1.
        row: usize,
        /// What.
        wrong: String,
    },
    /// Something that it names is not there.
    #[error("{0}")]
    Missing(String),
    /// The definitions cannot be changed so.
    #[error(transparent)]
    Save(#[from] SaveError),
}

impl From<StoreError> for ImportProgrammeError {
    fn from(error: StoreError) -> Self {
        Self::Save(error.into())
    }
}

/// Brings in a programme, whole or not at all. Sets that are there get the rules and messages of the file; whoever is
/// subscribed goes on in them.
///
/// # Errors
/// [`ImportProgrammeError`]; nothing is written then.
pub async fn import_programme(
    ctx: &Context,
    workspace: WorkspaceId,
    text: &str,
) -> Result<ProgrammeImported, ImportProgrammeError> {
    if text.len() > MAX_PROGRAMME_BYTES {
        return Err(ImportProgrammeError::TooLarge);
    }
    let file = read_programme(text)?;
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(SaveError::NoWorkspace)?;
    check(&ws, &file)?;
    let imported = edit(ctx, workspace, |ws| {
        let ids = ids_of(ctx, ws, &file)?;
        let mut changes = Vec::new();
        for set in &file.sets {
            write(ctx, ws, &file, set, &ids, &mut changes);
        }
        let sets = file.sets.iter().map(|set| (set.short_name.clone(), set.messages.len())).collect();
        Ok((changes, ProgrammeImported { sets }))
    });
    Ok(imported.await?)
}

/// Whether all that the file names is there.
fn check(ws: &Workspace, file: &ProgrammeFile) -> Result<(), ImportProgrammeError> {
    let sets = &ws.definitions().message_sets;
    for set in &file.sets {
        if let Some(next) = &set.next_set
            && !file.sets.iter().any(|other| same_name(&other.short_name, next))
            && !sets.iter().any(|other| same_name(&other.short_name, next))
        {
            let said = format!("stage {}: there is no set {next:?} that could follow", set.stage);
            return Err(ImportProgrammeError::Missing(said));
        }
        if let Some(channel) = &set.channel
            && !ws.channels().any(|line| same_name(&line.name, channel))
        {
            let said = format!("stage {}: there is no channel {channel:?}", set.stage);
            return Err(ImportProgrammeError::Missing(said));
        }
    }
    Ok(())
}

/// Row numbers of the sets of a file: those of the same name, and new ones.
fn ids_of(
    ctx: &Context,
    ws: &Workspace,
    file: &ProgrammeFile,
) -> Result<BTreeMap<String, MessageSetId>, SaveError> {
    let known = &ws.definitions().message_sets;
    let mut ids: BTreeMap<String, MessageSetId> =
        known.iter().map(|set| (set.short_name.to_lowercase(), set.id)).collect();
    for set in &file.sets {
        let id = || MessageSetId(ctx.next_id(ctx.now()));
        ids.entry(set.short_name.to_lowercase()).or_insert_with(id);
    }
    if ids.len() > MAX_MESSAGE_SETS {
        return Err(SaveError::TooMany(MAX_MESSAGE_SETS));
    }
    Ok(ids)
}

fn write(
    ctx: &Context,
    ws: &Workspace,
    file: &ProgrammeFile,
    set: &SetGiven,
    ids: &BTreeMap<String, MessageSetId>,
    changes: &mut Vec<Change>,
) {
    let (now, workspace) = (ctx.now(), ws.row.id);
    let Some(id) = ids.get(&set.short_name.to_lowercase()).copied() else { return };
    let known = ws.definitions().message_sets.iter().find(|known| known.id == id);
    let json = |value: Option<serde_json::Value>| value.map(|value| value.to_string());
    let row = MessageSetRow {
        id,
        uuid: known.map_or_else(|| MessageSetUuid(ctx.host.uuid_v4()), |known| known.uuid),
        short_name: set.short_name.clone(),
        programme: file.name.clone(),
        stage: set.stage.clone(),
        content_type: set.content_type,
        schedule: set.schedule.clone(),
        placement: json(set.placement.as_ref().map(|rule| serde_json::json!(rule))),
        anchor: json(set.anchor.as_ref().map(|rule| serde_json::json!(rule))),
        weeks: set.messages.iter().map(|message| message.week).collect(),
        switches: json((!set.switches.is_empty()).then(|| serde_json::json!(set.switches))),
        next_set: set.next_set.as_ref().and_then(|name| ids.get(&name.to_lowercase()).copied()),
        channel: set
            .channel
            .as_ref()
            .and_then(|name| ws.channels().find(|line| same_name(&line.name, name)).map(|line| line.id)),
        base_language: set.base_language.clone(),
        catch_up: set.catch_up,
        created_on: known.map_or(now, |known| known.created_on),
        modified_on: now,
    };
    changes.push(Change::Definition(workspace, DefinitionChange::MessageSet(Box::new(row))));
    changes.push(Change::Definition(workspace, DefinitionChange::ClearProgrammeMessages(id)));
    for (sequence, message) in (1..).zip(&set.messages) {
        for (language, (text, media)) in &message.said {
            let row = ProgrammeMessageRow {
                set: id,
                sequence,
                language: language.clone(),
                text: text.clone(),
                media: media.clone(),
            };
            changes.push(Change::Definition(workspace, DefinitionChange::ProgrammeMessage(row)));
        }
    }
}

/// The messages of a table: by set, by sequence number.
type Rows = BTreeMap<String, BTreeMap<u32, MessageGiven>>;

/// Brings in messages of sets that are there from comma-separated values with the columns `set`, `seq`, `language`,
/// `text`, and if there are any `week` and `media` (several separated by blanks). Messages that are there get the text of
/// the table, others stay; new ones follow behind the last.
///
/// # Errors
/// [`ImportProgrammeError`] for the first thing that is wrong; nothing is written then.
pub async fn import_programme_messages(
    ctx: &Context,
    workspace: WorkspaceId,
    text: &str,
) -> Result<ProgrammeImported, ImportProgrammeError> {
    if text.len() > MAX_PROGRAMME_BYTES {
        return Err(ImportProgrammeError::TooLarge);
    }
    let given = rows_of(text)?;
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(SaveError::NoWorkspace)?;
    for (name, messages) in &given {
        let set = ws.definitions().message_sets.iter().find(|set| same_name(&set.short_name, name));
        let set = set.ok_or_else(|| {
            ImportProgrammeError::Missing(format!(
                "there is no message set {name:?}; import the programme first"
            ))
        })?;
        let after = u32::try_from(set.weeks.len()).unwrap_or(u32::MAX);
        let new = messages.keys().copied().filter(|sequence| *sequence > after);
        if let Some((expected, _)) = (after + 1..).zip(new).find(|(expected, there)| expected != there) {
            return Err(ImportProgrammeError::Missing(format!("{name}: message {expected} is missing")));
        }
    }
    let imported = edit(ctx, workspace, |ws| {
        let (mut changes, mut sets) = (Vec::new(), Vec::new());
        for (name, messages) in &given {
            let known = ws.definitions().message_sets.iter().find(|set| same_name(&set.short_name, name));
            let mut row = known.ok_or(SaveError::NotFound)?.clone();
            for (sequence, message) in messages {
                let place = usize::try_from(*sequence).unwrap_or_default();
                row.weeks.resize(row.weeks.len().max(place), None);
                if let Some(week) = row.weeks.get_mut(place.saturating_sub(1)) {
                    *week = message.week.or(*week);
                }
                for (language, (text, media)) in &message.said {
                    let message = ProgrammeMessageRow {
                        set: row.id,
                        sequence: *sequence,
                        language: language.clone(),
                        text: text.clone(),
                        media: media.clone(),
                    };
                    changes.push(DefinitionChange::ProgrammeMessage(message));
                }
            }
            row.modified_on = ctx.now();
            sets.push((row.short_name.clone(), row.weeks.len()));
            changes.push(DefinitionChange::MessageSet(Box::new(row)));
        }
        let changes = changes.into_iter().map(|change| Change::Definition(workspace, change)).collect();
        Ok((changes, ProgrammeImported { sets }))
    });
    Ok(imported.await?)
}

fn rows_of(text: &str) -> Result<Rows, ImportProgrammeError> {
    let mut rows = csv::rows(text)?.into_iter();
    let head: Vec<String> =
        rows.next().unwrap_or_default().iter().map(|name| name.trim().to_lowercase()).collect();
    let column = |name: &str| head.iter().position(|column| column == name);
    let needed = |name: &str| {
        let wrong = format!("there is no column {name:?}; it needs set, seq, language and text");
        column(name).ok_or(ImportProgrammeError::Row { row: 1, wrong })
    };
    let (set, seq, language, said) = (needed("set")?, needed("seq")?, needed("language")?, needed("text")?);
    let (week, media) = (column("week"), column("media"));
    let mut given = Rows::new();
    for (row, cells) in (2..).zip(rows) {
        let wrong = |wrong: &str| ImportProgrammeError::Row { row, wrong: wrong.to_owned() };
        let cell = |at: usize| cells.get(at).map_or("", |cell| cell.trim());
        let sequence = cell(seq).parse().ok().filter(|n| (1..=MAX_SET_MESSAGES).contains(n));
        let sequence = sequence.ok_or_else(|| wrong("seq is a number from 1 on"))?;
        let code = cell(language);
        if code.len() != 3 {
            return Err(wrong("language is an ISO 639-3 code, such as eng"));
        }
        let week = match week.map(cell) {
            None | Some("") => None,
            Some(week) => Some(week.parse().map_err(|_| wrong("week is a number"))?),
        };
        let files: Vec<SmolStr> =
            media.map(cell).unwrap_or_default().split_whitespace().map(SmolStr::new).collect();
        if cell(said).is_empty() && files.is_empty() {
            return Err(wrong("nothing is said"));
        }
        let of_set = given.entry(cell(set).to_lowercase()).or_default();
        let message: &mut MessageGiven = of_set.entry(sequence).or_default();
        message.week = week.or(message.week);
        message.said.insert(code.into(), (template_of(cell(said)), files));
    }
    Ok(given)
}
