//! Work that begins at moments set beforehand: schedules are made, paused and removed here, and begin their jobs.
//!
//! A moment counts as missed if nobody was there within [`LATE`] to begin the work: the node was down, or the schedule
//! rested. What becomes of it the schedule itself says ([`CatchUp`]).

use domain::{Cron, CronError, JobUuid, ScheduleId, ScheduleUuid, WorkspaceId};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use smol_str::SmolStr;
use store::{CatchUp, Change, ScheduleRow, ScheduledFor, StoreError, Unit, UnitError};
use thiserror::Error;

use crate::{
    Context, Workspace,
    batch::MAX_TRIES,
    jobs::{JobSpec, job_row},
};

/// How late the work may begin before the moment counts as missed.
pub const LATE: SignedDuration = SignedDuration::from_secs(60);
/// Missed moments of one schedule for which the work begins in the end, at most.
pub const MAX_CATCH_UP: i64 = 100;
/// Schedules of a workspace.
pub const MAX_SCHEDULES: usize = 1_000;
/// Characters of a name.
const MAX_NAME: usize = 64;

/// When the work begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moments {
    /// Again and again.
    Cron(Cron),
    /// Once.
    Once(Timestamp),
}

/// A schedule to be made.
#[derive(Debug, Clone)]
pub struct NewSchedule {
    /// Owner.
    pub workspace: WorkspaceId,
    /// Name; no two of a workspace are the same.
    pub name: SmolStr,
    /// When.
    pub moments: Moments,
    /// IANA name of the zone of [`Moments::Cron`]; `None` for the workspace's, also when that changes.
    pub zone: Option<SmolStr>,
    /// What becomes of missed moments.
    pub catch_up: CatchUp,
    /// Of [`CatchUp::Each`], how many at most.
    pub catch_up_limit: i64,
    /// What begins.
    pub spec: JobSpec,
}

/// Why a schedule is not made or changed.
#[derive(Debug, Clone, Error)]
pub enum ScheduleError {
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NoWorkspace,
    /// There is no such schedule.
    #[error("there is no such schedule")]
    NoSchedule,
    /// The name is empty or too long.
    #[error("a schedule has a name of up to {MAX_NAME} characters")]
    Name,
    /// The name is in use.
    #[error("there is a schedule with this name; choose another, or remove that one")]
    NameTaken,
    /// The zone is not known.
    #[error("{0:?} is no time zone; write it as in Africa/Nairobi")]
    Zone(SmolStr),
    /// The moment is over.
    #[error("the moment {0} is over")]
    Over(Timestamp),
    /// The limit of moments to catch up with.
    #[error("a schedule catches up with 1 to {MAX_CATCH_UP} moments")]
    Limit,
    /// There are too many.
    #[error("a workspace has at most {MAX_SCHEDULES} schedules")]
    TooMany,
    /// It is being changed by somebody else.
    #[error("the schedule is being changed by somebody else; try again")]
    Busy,
    /// What it begins cannot be written.
    #[error("what shall begin cannot be written down: {0}")]
    Unwritable(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<UnitError> for ScheduleError {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Gone | UnitError::Conflict => Self::Busy,
            UnitError::Taken(_) => Self::NameTaken,
            UnitError::Store(error) => error.into(),
            other => StoreError::Database(other.to_string()).into(),
        }
    }
}

/// Makes a schedule.
pub async fn add_schedule(ctx: &Context, new: NewSchedule) -> Result<ScheduleRow, ScheduleError> {
    let ws = ctx.registry.workspace(ctx, new.workspace).await?.ok_or(ScheduleError::NoWorkspace)?;
    let name = SmolStr::new(new.name.trim());
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(ScheduleError::Name);
    }
    if !(1..=MAX_CATCH_UP).contains(&new.catch_up_limit) {
        return Err(ScheduleError::Limit);
    }
    if ctx.store.schedules(new.workspace, MAX_SCHEDULES).await?.len() >= MAX_SCHEDULES {
        return Err(ScheduleError::TooMany);
    }
    let zone = zone_of(&ws, new.zone.as_ref())?;
    let now = ctx.now();
    let (cron, next_due) = match &new.moments {
        Moments::Cron(cron) => (Some(SmolStr::from(cron.to_string())), cron.next(now, &zone)),
        Moments::Once(at) if *at < now => return Err(ScheduleError::Over(*at)),
        Moments::Once(at) => (None, Some(*at)),
    };
    let row = ScheduleRow {
        id: ScheduleId(ctx.next_id(now)),
        workspace: new.workspace,
        uuid: ScheduleUuid(ctx.host.uuid_v7()),
        name,
        cron,
        zone: new.zone,
        catch_up: new.catch_up,
        catch_up_limit: new.catch_up_limit,
        spec: serde_json::to_string(&new.spec)
            .map_err(|error| ScheduleError::Unwritable(error.to_string()))?,
        paused: false,
        next_due,
        last_due: None,
        fired: 0,
        skipped: 0,
        error: None,
        steps: 0,
        created_on: now,
        modified_on: now,
    };
    ctx.write_one(Unit::new(vec![Change::NewSchedule(Box::new(row.clone()))])).await?;
    Ok(row)
}

/// The schedule of a workspace with a name, whatever its case, or an identifier.
pub async fn find_schedule(
    ctx: &Context,
    workspace: WorkspaceId,
    name: &str,
) -> Result<ScheduleRow, ScheduleError> {
    let wanted = name.trim().to_lowercase();
    let all = ctx.store.schedules(workspace, MAX_SCHEDULES).await?;
    let found =
        all.into_iter().find(|row| row.name.to_lowercase() == wanted || row.uuid.to_string() == wanted);
    found.ok_or(ScheduleError::NoSchedule)
}

/// Lets a schedule rest, or go on. Moments that came while it rested were missed.
pub async fn pause_schedule(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: ScheduleUuid,
    paused: bool,
) -> Result<ScheduleRow, ScheduleError> {
    for _ in 0..MAX_TRIES {
        let row = find_schedule(ctx, workspace, &uuid.to_string()).await?;
        let row = ScheduleRow { paused, modified_on: ctx.now(), ..row };
        match ctx.write_one(Unit::new(vec![Change::Schedule(Box::new(row.clone()))])).await {
            Ok(_) => return Ok(ScheduleRow { steps: row.steps + 1, ..row }),
            Err(UnitError::Gone) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ScheduleError::Busy)
}

/// Removes a schedule. Jobs that it began go on.
pub async fn remove_schedule(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: ScheduleUuid,
) -> Result<(), ScheduleError> {
    let row = find_schedule(ctx, workspace, &uuid.to_string()).await?;
    match ctx.write_one(Unit::new(vec![Change::RemoveSchedule(workspace, row.id)])).await {
        Ok(_) => Ok(()),
        Err(UnitError::Gone) => Err(ScheduleError::NoSchedule),
        Err(error) => Err(error.into()),
    }
}

/// The next moments of a schedule, at most so many.
pub async fn next_moments(
    ctx: &Context,
    row: &ScheduleRow,
    count: usize,
) -> Result<(TimeZone, Vec<Timestamp>), ScheduleError> {
    let ws = ctx.registry.workspace(ctx, row.workspace).await?.ok_or(ScheduleError::NoWorkspace)?;
    let zone = zone_of(&ws, row.zone.as_ref())?;
    let cron = row.cron.as_ref().and_then(|text| text.parse::<Cron>().ok());
    let after = |at: Timestamp| cron.as_ref().and_then(|cron| cron.next(at, &zone));
    let moments = std::iter::successors(row.next_due, |at| after(*at)).take(count).collect();
    Ok((zone, moments))
}

fn zone_of(ws: &Workspace, named: Option<&SmolStr>) -> Result<TimeZone, ScheduleError> {
    match named {
        None => Ok(ws.env.timezone.clone()),
        Some(name) => TimeZone::get(name).map_err(|_| ScheduleError::Zone(name.clone())),
    }
}

/// What firing due schedules came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SchedulesFired {
    /// Schedules that were due.
    pub due: usize,
    /// Jobs that began.
    pub jobs: usize,
}

/// Begins the jobs of schedules that are due, at most `limit` of them; call again while `due` reaches the limit. Each is
/// one transaction with the schedule's next moment, so that no moment begins two jobs, whoever else does the same.
pub async fn fire_schedules(ctx: &Context, limit: usize) -> Result<SchedulesFired, StoreError> {
    let due = ctx.store.due_schedules(ctx.now(), limit).await?;
    let mut fired = SchedulesFired::default();
    for row in due {
        let (name, workspace) = (row.name.clone(), row.workspace);
        fired.due += 1;
        let Some((unit, jobs)) = firing(ctx, row).await? else { continue };
        match ctx.write_one(unit).await {
            Ok(_) => fired.jobs += jobs,
            // Somebody else fired it, paused it or removed it.
            Err(UnitError::Gone) => {}
            Err(UnitError::Store(error)) if error.is_passing() => return Err(error),
            Err(error) => tracing::error!(%error, %name, %workspace, "a schedule could not be fired"),
        }
    }
    if fired.jobs > 0 {
        ctx.jobs.notify_one();
    }
    Ok(fired)
}

/// What a schedule that is due writes, and how many jobs begin.
async fn firing(ctx: &Context, row: ScheduleRow) -> Result<Option<(Unit, usize)>, StoreError> {
    let now = ctx.now();
    // If the clock was put back since it was found due, its moment is yet to come.
    let Some(first) = row.next_due.filter(|due| *due <= now) else { return Ok(None) };
    let read = read(ctx, &row).await?;
    let (spec, cron, zone) = match read {
        Ok(read) => read,
        Err(error) => {
            // It would be due for ever.
            tracing::error!(%error, name = %row.name, "a schedule cannot be read; it rests");
            let row = ScheduleRow { paused: true, error: Some(error), modified_on: now, ..row };
            return Ok(Some((Unit::new(vec![Change::Schedule(Box::new(row))]), 0)));
        }
    };
    let after = |at: Timestamp| cron.as_ref().and_then(|cron| cron.next(at, &zone));
    let plan = plan(first, now, (row.catch_up, row.catch_up_limit), after);
    let mut changes = Vec::with_capacity(plan.fire.len() + 1);
    for due in &plan.fire {
        match job_row(ctx, row.workspace, JobUuid(ctx.host.uuid_v7()), &spec, None) {
            Ok(mut job) => {
                job.scheduled_for = Some(ScheduledFor { schedule: row.id, due: *due });
                changes.push(Change::NewJob(Box::new(job)));
            }
            Err(error) => tracing::error!(%error, name = %row.name, "a job cannot be written down"),
        }
    }
    let jobs = changes.len();
    changes.push(Change::Schedule(Box::new(ScheduleRow {
        next_due: plan.next,
        last_due: Some(plan.last),
        fired: row.fired + i64::try_from(jobs).unwrap_or(i64::MAX),
        skipped: row.skipped + plan.skipped,
        modified_on: now,
        ..row
    })));
    Ok(Some((Unit::new(changes), jobs)))
}

/// What a schedule begins, when and where; or why it cannot be read.
async fn read(
    ctx: &Context,
    row: &ScheduleRow,
) -> Result<Result<(JobSpec, Option<Cron>, TimeZone), String>, StoreError> {
    let Some(ws) = ctx.registry.workspace(ctx, row.workspace).await? else {
        return Ok(Err("there is no such workspace".to_owned()));
    };
    let read = || {
        let spec = serde_json::from_str::<JobSpec>(&row.spec).map_err(|error| error.to_string())?;
        let cron = row.cron.as_ref().map(|text| text.parse::<Cron>());
        let cron = cron.transpose().map_err(|error: CronError| error.to_string())?;
        let zone = zone_of(&ws, row.zone.as_ref()).map_err(|error| error.to_string())?;
        Ok((spec, cron, zone))
    };
    Ok(read())
}

/// For which moments work begins now.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// The moments.
    fire: Vec<Timestamp>,
    /// Moments that are left out, as far as they were counted.
    skipped: i64,
    /// The last moment that had its turn.
    last: Timestamp,
    /// When the schedule is due again.
    next: Option<Timestamp>,
}

/// Missed moments that are counted in one go; more are left out without being counted.
const COUNTED: i64 = 1_000;

/// What becomes of a schedule whose moment `first` has come, as it is `now`.
fn plan(
    first: Timestamp,
    now: Timestamp,
    (catch_up, limit): (CatchUp, i64),
    after: impl Fn(Timestamp) -> Option<Timestamp>,
) -> Plan {
    let mut plan = Plan { fire: Vec::new(), skipped: 0, last: first, next: None };
    let come = std::iter::successors(Some(first), |at| after(*at)).take_while(|at| *at <= now);
    for (place, at) in (0_i64..COUNTED).zip(come) {
        let missed = now.duration_since(at) > LATE;
        let fires = match catch_up {
            CatchUp::Skip => !missed,
            // In time is in time, whatever was missed before.
            CatchUp::Once => place == 0 || !missed,
            CatchUp::Each => place < limit || !missed,
        };
        if fires {
            plan.fire.push(at);
        } else {
            plan.skipped += 1;
        }
        plan.last = at;
    }
    plan.next = after(now.max(plan.last));
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    /// Every ten minutes.
    fn planned(first: i64, now: Timestamp, catch_up: (CatchUp, i64)) -> (Vec<i64>, i64, i64) {
        let minute = |at: Timestamp| (at.as_second() - 1_800_000_000) / 60;
        let after = |at: Timestamp| Some(Timestamp::from_second((at.as_second() / 600 + 1) * 600).unwrap());
        let plan = plan(at(first), now, catch_up, after);
        (plan.fire.into_iter().map(minute).collect(), plan.skipped, minute(plan.next.unwrap()))
    }

    #[test]
    fn what_becomes_of_missed_moments() {
        let half = SignedDuration::from_secs(30);
        for (first, now, catch_up, expected) in [
            (10, at(10), (CatchUp::Skip, 1), (vec![10], 0, 20)),
            (10, at(10) + half, (CatchUp::Skip, 1), (vec![10], 0, 20)),
            (10, at(12), (CatchUp::Skip, 1), (vec![], 1, 20)),
            (10, at(45), (CatchUp::Skip, 1), (vec![], 4, 50)),
            (10, at(40) + half, (CatchUp::Skip, 1), (vec![40], 3, 50)),
            (10, at(12), (CatchUp::Once, 1), (vec![10], 0, 20)),
            (10, at(45), (CatchUp::Once, 1), (vec![10], 3, 50)),
            (10, at(40), (CatchUp::Once, 1), (vec![10, 40], 2, 50)),
            (10, at(45), (CatchUp::Each, 3), (vec![10, 20, 30], 1, 50)),
            (10, at(45), (CatchUp::Each, 100), (vec![10, 20, 30, 40], 0, 50)),
            (10, at(40), (CatchUp::Each, 1), (vec![10, 40], 2, 50)),
        ] {
            assert_eq!(planned(first, now, catch_up), expected, "{first} {now} {catch_up:?}");
        }
        let (fire, skipped, next) = planned(10, at(5_000_000), (CatchUp::Each, 5));
        assert_eq!((fire.len(), skipped, next), (5, COUNTED - 5, 5_000_010), "long ago ends soon");
    }

    #[test]
    fn what_comes_once_is_over_then() {
        for (catch_up, late, fires) in [
            (CatchUp::Skip, 0, true),
            (CatchUp::Skip, 5, false),
            (CatchUp::Once, 500, true),
            (CatchUp::Each, 500, true),
        ] {
            let plan = plan(at(10), at(10 + late), (catch_up, 1), |_| None);
            assert_eq!((!plan.fire.is_empty(), plan.next), (fires, None), "{catch_up:?} {late}");
        }
    }
}
