//! A new workspace.

use domain::{TopicId, TopicUuid, WorkspaceId, WorkspaceUuid};
use jiff::tz::TimeZone;
use smol_str::SmolStr;
use store::{Change, DefinitionChange, StoreError, TopicRow, Unit, UnitError, UserRow, WorkspaceRow};
use thiserror::Error;

use crate::{AddUserError, Context, NewUser, add_user};

/// Characters that a workspace's name may have.
const MAX_NAME: usize = 128;

/// What a workspace begins with.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    /// Name.
    pub name: SmolStr,
    /// IANA zone, such as `Africa/Johannesburg`.
    pub timezone: SmolStr,
    /// ISO 3166 alpha-2, for reading phone numbers.
    pub country: Option<SmolStr>,
    /// ISO 639-3 codes, the default first.
    pub languages: Vec<SmolStr>,
    /// `DD-MM-YYYY`, `MM-DD-YYYY` or `YYYY-MM-DD`.
    pub date_format: SmolStr,
}

/// Why a workspace was not made.
#[derive(Debug, Clone, Error)]
pub enum CreateWorkspaceError {
    /// The name is empty or too long.
    #[error("a workspace needs a name of 1 to {MAX_NAME} characters")]
    Name,
    /// The zone is not known.
    #[error("'{0}' is not a time zone; use an IANA name such as Africa/Johannesburg")]
    Timezone(SmolStr),
    /// The country is not a code.
    #[error("'{0}' is not a country code; use two letters such as ZA")]
    Country(SmolStr),
    /// A language is not a code.
    #[error("'{0}' is not a language code; use three letters such as eng")]
    Language(SmolStr),
    /// The order of dates is not one of three.
    #[error("'{0}' is not a date format; use DD-MM-YYYY, MM-DD-YYYY or YYYY-MM-DD")]
    DateFormat(SmolStr),
    /// The first person cannot be added.
    #[error(transparent)]
    User(#[from] AddUserError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a workspace.
pub async fn create_workspace(
    ctx: &Context,
    new: NewWorkspace,
) -> Result<WorkspaceRow, CreateWorkspaceError> {
    let row = prepare(ctx, new)?;
    write(ctx, &row, Vec::new()).await?;
    Ok(WorkspaceRow { definitions_version: 1, ..row })
}

/// Makes a workspace and the first person who may work in it, both or neither. The `workspace` of the user is
/// filled in.
pub async fn create_workspace_with(
    ctx: &Context,
    new: NewWorkspace,
    user: NewUser,
) -> Result<(WorkspaceRow, UserRow), CreateWorkspaceError> {
    let row = prepare(ctx, new)?;
    let user = add_user::prepare(ctx, NewUser { workspace: row.id, ..user })?;
    write(ctx, &row, vec![Change::Definition(row.id, DefinitionChange::User(Box::new(user.clone())))])
        .await?;
    Ok((WorkspaceRow { definitions_version: 1, ..row }, user))
}

fn prepare(ctx: &Context, new: NewWorkspace) -> Result<WorkspaceRow, CreateWorkspaceError> {
    check(&new)?;
    let now = ctx.now();
    let (high, low) = (ctx.host.random(), ctx.host.random());
    Ok(WorkspaceRow {
        id: WorkspaceId(ctx.next_id(now)),
        uuid: WorkspaceUuid(ctx.host.uuid_v4()),
        name: new.name.trim().into(),
        timezone: new.timezone,
        country: new.country,
        languages: new.languages,
        date_format: new.date_format,
        time_format: "tt:mm".into(),
        input_collation: "default".into(),
        anonymous: false,
        obfuscation_key: [high as u32, (high >> 32) as u32, low as u32, (low >> 32) as u32],
        definitions_version: 0,
        created_on: now,
    })
}

async fn write(ctx: &Context, row: &WorkspaceRow, more: Vec<Change>) -> Result<(), CreateWorkspaceError> {
    // What tickets are about where a flow does not say.
    let general = TopicRow {
        id: TopicId(ctx.next_id(ctx.now())),
        uuid: TopicUuid(ctx.host.uuid_v4()),
        name: "General".into(),
    };
    let mut changes = vec![
        Change::Definition(row.id, DefinitionChange::NewWorkspace(Box::new(row.clone()))),
        Change::Definition(row.id, DefinitionChange::Topic(general)),
    ];
    changes.extend(more);
    match ctx.write_one(Unit::new(changes)).await {
        Ok(_) => Ok(()),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// Whether a workspace can be like this.
pub(crate) fn check(new: &NewWorkspace) -> Result<(), CreateWorkspaceError> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(CreateWorkspaceError::Name);
    }
    if TimeZone::get(&new.timezone).is_err() {
        return Err(CreateWorkspaceError::Timezone(new.timezone.clone()));
    }
    let letters = |code: &SmolStr, count, upper: bool| {
        let fits = |byte: u8| if upper { byte.is_ascii_uppercase() } else { byte.is_ascii_lowercase() };
        code.len() == count && code.bytes().all(fits)
    };
    if let Some(country) = new.country.as_ref().filter(|code| !letters(code, 2, true)) {
        return Err(CreateWorkspaceError::Country(country.clone()));
    }
    if let Some(language) = new.languages.iter().find(|code| !letters(code, 3, false)) {
        return Err(CreateWorkspaceError::Language(language.clone()));
    }
    match new.date_format.as_str() {
        "DD-MM-YYYY" | "MM-DD-YYYY" | "YYYY-MM-DD" => Ok(()),
        _ => Err(CreateWorkspaceError::DateFormat(new.date_format.clone())),
    }
}
