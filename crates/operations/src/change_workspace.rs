//! The settings of a workspace are changed. Another zone moves whatever is set by the clock on the wall: schedules in the
//! same transaction, campaigns and programmes by jobs that are written with it.

use domain::WorkspaceId;
use jiff::{Timestamp, tz::TimeZone};
use smol_str::SmolStr;
use store::{
    Change, DefinitionChange, FormerZone, ScheduleRow, StoreError, Unit, UnitError, WorkspaceRow, zone_named,
};
use thiserror::Error;

use crate::{
    Context, CreateWorkspaceError, JobSpec, MAX_SCHEDULES, NewWorkspace, PlanProgrammesJob, batch::MAX_TRIES,
    campaigns::plan::planned_anew, create_workspace::check, jobs::job_row,
};

/// Languages of a workspace.
pub const MAX_LANGUAGES: usize = 50;
/// How times may be written.
pub const TIME_FORMATS: [&str; 4] = ["tt:mm", "h:mm aa", "tt:mm:ss", "h:mm:ss aa"];
/// How words of people may be compared with those of flows.
pub const COLLATIONS: [&str; 3] = ["default", "confusables", "arabic_variants"];

/// What changes of a workspace. What is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceEdit {
    /// Name.
    pub name: Option<SmolStr>,
    /// IANA zone.
    pub timezone: Option<SmolStr>,
    /// ISO 3166 alpha-2, or none.
    pub country: Option<Option<SmolStr>>,
    /// ISO 639-3 codes, the default first.
    pub languages: Option<Vec<SmolStr>>,
    /// `DD-MM-YYYY`, `MM-DD-YYYY` or `YYYY-MM-DD`.
    pub date_format: Option<SmolStr>,
    /// One of [`TIME_FORMATS`].
    pub time_format: Option<SmolStr>,
    /// One of [`COLLATIONS`].
    pub input_collation: Option<SmolStr>,
}

/// Why a workspace was not changed.
#[derive(Debug, Clone, Error)]
pub enum ChangeWorkspaceError {
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NoWorkspace,
    /// A setting cannot be this.
    #[error(transparent)]
    Wrong(CreateWorkspaceError),
    /// There are no languages, too many, or one twice.
    #[error("a workspace has 1 to {MAX_LANGUAGES} languages, each once")]
    Languages,
    /// The way to write times is none.
    #[error("'{0}' is not a time format; use tt:mm, h:mm aa, tt:mm:ss or h:mm:ss aa")]
    TimeFormat(SmolStr),
    /// The way to compare words is none.
    #[error("'{0}' is not a way to compare words; use default, confusables or arabic_variants")]
    Collation(SmolStr),
    /// Somebody else changes the workspace or its schedules.
    #[error("the workspace is being changed by somebody else; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes the settings of a workspace. Nodes that run know it at once.
///
/// # Errors
/// [`ChangeWorkspaceError`]; nothing is written then.
pub async fn change_workspace(
    ctx: &Context,
    workspace: WorkspaceId,
    edit: &WorkspaceEdit,
) -> Result<WorkspaceRow, ChangeWorkspaceError> {
    for _ in 0..MAX_TRIES {
        let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(ChangeWorkspaceError::NoWorkspace)?;
        let row = changed(&ws.row, edit)?;
        if row == ws.row {
            return Ok(row);
        }
        let mut changes = vec![
            Change::Definition(workspace, DefinitionChange::Expect(ws.row.definitions_version)),
            Change::Definition(workspace, DefinitionChange::Workspace(Box::new(row.clone()))),
        ];
        if row.timezone != ws.row.timezone {
            let schedules = ctx.store.schedules(workspace, MAX_SCHEDULES).await?;
            changes.extend(moved(ctx, &ws.row, &row, schedules)?);
            let campaigns = ws.definitions().campaigns.iter().filter(|campaign| !campaign.archived);
            changes.extend(campaigns.filter_map(|campaign| planned_anew(ctx, workspace, campaign.uuid)));
        }
        match ctx.write_one(Unit::new(changes)).await {
            Ok(_) => {
                ctx.jobs.notify_one();
                return Ok(row);
            }
            Err(UnitError::Conflict | UnitError::Gone) => {}
            Err(UnitError::Store(error)) => return Err(error.into()),
            Err(other) => return Err(StoreError::Database(other.to_string()).into()),
        }
    }
    Err(ChangeWorkspaceError::Busy)
}

/// The row with what changes, if all of it can be.
fn changed(row: &WorkspaceRow, edit: &WorkspaceEdit) -> Result<WorkspaceRow, ChangeWorkspaceError> {
    let or = |new: &Option<SmolStr>, old: &SmolStr| new.clone().unwrap_or_else(|| old.clone());
    let row = WorkspaceRow {
        name: or(&edit.name, &row.name).trim().into(),
        timezone: or(&edit.timezone, &row.timezone),
        country: edit.country.clone().unwrap_or_else(|| row.country.clone()),
        languages: edit.languages.clone().unwrap_or_else(|| row.languages.clone()),
        date_format: or(&edit.date_format, &row.date_format),
        time_format: or(&edit.time_format, &row.time_format),
        input_collation: or(&edit.input_collation, &row.input_collation),
        ..row.clone()
    };
    check(&NewWorkspace {
        name: row.name.clone(),
        timezone: row.timezone.clone(),
        country: row.country.clone(),
        languages: row.languages.clone(),
        date_format: row.date_format.clone(),
    })
    .map_err(ChangeWorkspaceError::Wrong)?;
    if let Some(languages) = &edit.languages {
        let twice = languages.iter().enumerate().any(|(place, code)| languages[..place].contains(code));
        if twice || languages.is_empty() || languages.len() > MAX_LANGUAGES {
            return Err(ChangeWorkspaceError::Languages);
        }
    }
    if let Some(format) = edit.time_format.as_ref().filter(|one| !TIME_FORMATS.contains(&one.as_str())) {
        return Err(ChangeWorkspaceError::TimeFormat(format.clone()));
    }
    if let Some(name) = edit.input_collation.as_ref().filter(|one| !COLLATIONS.contains(&one.as_str())) {
        return Err(ChangeWorkspaceError::Collation(name.clone()));
    }
    Ok(row)
}

/// What moves with the zone: schedules that follow it, and the job for subscriptions of programmes.
fn moved(
    ctx: &Context,
    before: &WorkspaceRow,
    after: &WorkspaceRow,
    schedules: Vec<ScheduleRow>,
) -> Result<Vec<Change>, StoreError> {
    let (workspace, now) = (before.id, ctx.now());
    let (from, to) = (zone_named(&before.timezone), zone_named(&after.timezone));
    let former = FormerZone { until: now, timezone: before.timezone.clone() };
    let mut changes = vec![Change::Definition(workspace, DefinitionChange::FormerZone(former))];
    for row in schedules.into_iter().filter(|row| row.cron.is_some() && row.zone.is_none()) {
        let Some(due) = row.next_due else { continue };
        let next_due = same_clock(due, &from, &to);
        changes.push(Change::Schedule(Box::new(ScheduleRow { next_due, modified_on: now, ..row })));
    }
    let spec = JobSpec::PlanProgrammes(PlanProgrammesJob {});
    let uuid = domain::JobUuid(ctx.host.uuid_v7());
    let job = job_row(ctx, workspace, uuid, &spec, None)
        .map_err(|error| StoreError::Database(error.to_string()))?;
    changes.push(Change::NewJob(Box::new(job)));
    Ok(changes)
}

/// The moment at which the clock on the wall shows in one zone what it shows at `at` in another. So what was to come
/// tomorrow at 8 comes tomorrow at 8, and neither twice on a day nor not at all.
pub(crate) fn same_clock(at: Timestamp, from: &TimeZone, to: &TimeZone) -> Option<Timestamp> {
    let civil = at.to_zoned(from.clone()).datetime();
    civil.to_zoned(to.clone()).ok().map(|zoned| zoned.timestamp())
}
