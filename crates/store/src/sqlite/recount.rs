//! Counts everything again from the rows that are kept, for `verify`, and once for a database that was made before
//! there were tallies. Tables are read in slices by row number, so that memory and single statements stay small.

use std::collections::{BTreeMap, HashMap};

use domain::WorkspaceId;
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use smol_str::{SmolStr, format_smolstr};

use super::sql;
use crate::{
    TallyKind, TallyName, TicketStatus, TimeBucket,
    outcome::MAX_COUNTED_CHARS,
    sql::{Connection, Param, Row},
    tally::{event_tally, local_day, zone_named},
};

/// Rows of one slice.
const SLICE: i64 = 50_000;

/// Workspace, day, kind, subject and name of a count.
pub(crate) type Key = (i64, i32, TallyKind, i64, SmolStr);

/// What is counted anew.
#[derive(Default)]
pub(crate) struct Recount {
    /// Counts that must be right on each day.
    pub days: BTreeMap<Key, i64>,
    /// Counts that must be right over all days; their day is 0.
    pub totals: BTreeMap<Key, i64>,
    zones: HashMap<i64, Zones>,
    /// Which day is asked for.
    day: Option<i32>,
}

impl Recount {
    /// Counts everything, or what belongs to one local day; then there are no totals.
    pub(crate) fn of(conn: &Connection<'_>, day: Option<i32>) -> sql::Result<Self> {
        let mut zones = present_zones(conn, None)?;
        add_former_zones(conn, None, &mut zones)?;
        Self::by(conn, day, zones)
    }

    /// The same by these zones.
    fn by(conn: &Connection<'_>, day: Option<i32>, zones: HashMap<i64, Zones>) -> sql::Result<Self> {
        let mut recount = Self { zones, day, ..Self::default() };
        recount.messages(conn)?;
        recount.people(conn)?;
        recount.runs(conn)?;
        recount.events(conn)?;
        recount.jobs(conn)?;
        recount.tickets(conn)?;
        recount.outcomes(conn)?;
        recount.days.retain(|_, count| *count != 0);
        recount.totals.retain(|_, count| *count != 0);
        Ok(recount)
    }

    /// Nothing counted yet, for rows of one workspace that are given one by one.
    pub(super) fn empty(conn: &Connection<'_>, workspace: WorkspaceId) -> sql::Result<Self> {
        let mut zones = present_zones(conn, Some(workspace))?;
        add_former_zones(conn, Some(workspace), &mut zones)?;
        Ok(Self { zones, ..Self::default() })
    }

    /// Adds what removed rows were counted as.
    pub(super) fn add_removed(&mut self, conn: &Connection<'_>) -> sql::Result<()> {
        let (from, to) = self.day.map_or((i32::MIN, i32::MAX), |day| (day, day));
        let text = "SELECT workspace_id, day, kind, subject, name, count FROM archived_count
             WHERE day >= $1 AND day <= $2";
        let rows: sql::Result<Vec<_>> = sql::all(conn, text, &[&from, &to], super::tallies::counted);
        for (workspace, row) in rows? {
            self.add((workspace, row.day, row.kind, row.subject, row.name), row.count);
        }
        self.days.retain(|_, count| *count != 0);
        Ok(())
    }

    fn add(&mut self, key: Key, by: i64) {
        if self.day.is_none_or(|day| day == key.1) {
            *self.days.entry(key).or_default() += by;
        }
    }

    fn total(&mut self, (workspace, kind, name): (i64, TallyKind, SmolStr), by: i64) {
        if self.day.is_none() {
            *self.totals.entry((workspace, 0, kind, 0, name)).or_default() += by;
        }
    }

    fn day_of(&self, workspace: i64, micros: i64) -> i32 {
        let at = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
        let zone = self.zones.get(&workspace).map_or(TimeZone::UTC, |zones| zones.at(micros));
        local_day(&zone, at)
    }

    fn messages(&mut self, conn: &Connection<'_>) -> sql::Result<()> {
        let of_day = if self.day.is_some() { " AND day = $3" } else { "" };
        let by_status = format!(
            "SELECT workspace_id, day, 'message', coalesce(channel_id, 0), direction || '/' || status, count(*)
             FROM message WHERE id > $1 AND id <= $2{of_day} GROUP BY 1, 2, 3, 4, 5"
        );
        let times = format!(
            "SELECT workspace_id, day, coalesce(channel_id, 0), sent_on - created_on FROM message
             WHERE id > $1 AND id <= $2{of_day} AND direction = 'out' AND sent_on IS NOT NULL"
        );
        let day = self.day.unwrap_or_default();
        let mut after = i64::MIN;
        while let Some(last) = end_of_slice(conn, "message", after)? {
            let mut params: Vec<&dyn Param> = vec![&after, &last];
            if self.day.is_some() {
                params.push(&day);
            }
            let rows: sql::Result<Vec<_>> = sql::all(conn, &by_status, &params, super::tallies::counted);
            for (workspace, row) in rows? {
                let reached = row.name == "out/delivered" || row.name == "out/read";
                if reached {
                    let name = SmolStr::new_static("");
                    self.add((workspace, row.day, TallyKind::DeliveryTime, row.subject, name), row.count);
                }
                self.add((workspace, row.day, row.kind, row.subject, row.name), row.count);
            }
            let mut buckets: HashMap<(i64, i32, i64, TimeBucket), i64> = HashMap::new();
            let read = |row: &Row<'_>| {
                let bucket = TimeBucket::of(row.get(3)?);
                *buckets.entry((row.get(0)?, row.get(1)?, row.get(2)?, bucket)).or_default() += 1;
                Ok(())
            };
            let done: sql::Result<Vec<()>> = sql::all(conn, &times, &params, read);
            done?;
            for ((workspace, day, channel, bucket), count) in buckets {
                self.add((workspace, day, TallyKind::CarrierTime, channel, bucket.name()), count);
            }
            after = last;
        }
        Ok(())
    }

    /// One message: workspace, day, line or 0, direction, status, when it was written, when its carrier had it.
    pub(super) fn message(&mut self, row: &Row<'_>) -> sql::Result<()> {
        let (workspace, day, channel): (i64, i32, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (direction, status) = (row.str(3)?, row.str(4)?);
        let name = format_smolstr!("{direction}/{status}");
        if name == "out/delivered" || name == "out/read" {
            let name = SmolStr::new_static("");
            self.add((workspace, day, TallyKind::DeliveryTime, channel, name), 1);
        }
        if let Some(sent_on) = row.get::<Option<i64>>(6)?.filter(|_| direction == "out") {
            let name = TimeBucket::of(sent_on - row.get::<i64>(5)?).name();
            self.add((workspace, day, TallyKind::CarrierTime, channel, name), 1);
        }
        self.add((workspace, day, TallyKind::Message, channel, name), 1);
        Ok(())
    }

    fn people(&mut self, conn: &Connection<'_>) -> sql::Result<()> {
        let text =
            "SELECT workspace_id, created_on, status, language FROM contact WHERE id > $1 AND id <= $2";
        let mut after = i64::MIN;
        while let Some(last) = end_of_slice(conn, "contact", after)? {
            let rows: sql::Result<Vec<(i64, i64, SmolStr, Option<SmolStr>)>> =
                sql::all(conn, text, &[&after, &last], |row| {
                    Ok((row.get(0)?, row.get(1)?, sql::text(row, 2)?, sql::text_opt(row, 3)?))
                });
            for (workspace, created_on, status, language) in rows? {
                let day = self.day_of(workspace, created_on);
                self.add((workspace, day, TallyKind::NewContact, 0, SmolStr::default()), 1);
                self.total((workspace, TallyKind::ContactStatus, status), 1);
                self.total((workspace, TallyKind::ContactLanguage, language.unwrap_or_default()), 1);
            }
            after = last;
        }
        // Day by day: together they are as many as there were visits.
        let mut place = (i64::MIN, i32::MIN);
        let next = "SELECT workspace_id, day FROM contact_day WHERE (workspace_id, day) > ($1, $2)
             ORDER BY workspace_id, day LIMIT 1";
        while let Some(found) =
            sql::one(conn, next, &[&place.0, &place.1], |row| Ok((row.get::<i64>(0)?, row.get::<i32>(1)?)))?
        {
            place = found;
            if self.day.is_none_or(|day| day == place.1) {
                let text = "SELECT count(*) FROM contact_day WHERE workspace_id = $1 AND day = $2";
                let count = sql::one(conn, text, &[&place.0, &place.1], |row| row.get::<i64>(0))?;
                let key = (place.0, place.1, TallyKind::ActiveContact, 0, SmolStr::default());
                self.add(key, count.unwrap_or_default());
            }
        }
        Ok(())
    }

    fn runs(&mut self, conn: &Connection<'_>) -> sql::Result<()> {
        let text = "SELECT workspace_id, flow_id, status, created_on, exited_on, results FROM run
             WHERE id > $1 AND id <= $2";
        let mut after = i64::MIN;
        while let Some(last) = end_of_slice(conn, "run", after)? {
            let done: sql::Result<Vec<()>> = sql::all(conn, text, &[&after, &last], |row| self.run(row));
            done?;
            after = last;
        }
        Ok(())
    }

    /// One run: workspace, flow, status, when it began and ended, results.
    pub(super) fn run(&mut self, row: &Row<'_>) -> sql::Result<()> {
        let (workspace, flow): (i64, i64) = (row.get(0)?, row.get(1)?);
        let day = self.day_of(workspace, row.get(3)?);
        self.add((workspace, day, TallyKind::Flow, flow, SmolStr::new_static("started")), 1);
        if let Some(ended) = row.get::<Option<i64>>(4)? {
            let day = self.day_of(workspace, ended);
            self.add((workspace, day, TallyKind::Flow, flow, sql::text(row, 2)?), 1);
        }
        let results: BTreeMap<SmolStr, KeptResult> = sql::json(row, 5)?;
        for (key, result) in results.iter().filter(|(_, result)| !result.category.is_empty()) {
            let day = self.day_of(workspace, result.created_on.as_microsecond());
            let name = TallyName::answer(key, &result.category).stored();
            self.add((workspace, day, TallyKind::Answer, flow, name), 1);
        }
        Ok(())
    }

    fn events(&mut self, conn: &Connection<'_>) -> sql::Result<()> {
        let text = "SELECT workspace_id, kind, body, session_id, created_on FROM event
             WHERE id > $1 AND id <= $2 AND kind IN ('contact_status_changed', 'webhook_called', 'llm_called',
                 'airtime_created', 'email_sent')";
        let mut after = i64::MIN;
        while let Some(last) = end_of_slice(conn, "event", after)? {
            let done: sql::Result<Vec<()>> = sql::all(conn, text, &[&after, &last], |row| self.event(row));
            done?;
            after = last;
        }
        Ok(())
    }

    /// One entry of a history: workspace, kind, body, session, when.
    pub(super) fn event(&mut self, row: &Row<'_>) -> sql::Result<()> {
        if let Some((kind, name)) = event_tally(row.str(1)?, row.str(2)?, !row.is_null(3)?) {
            let workspace = row.get(0)?;
            let day = self.day_of(workspace, row.get(4)?);
            self.add((workspace, day, kind, 0, name.stored()), 1);
        }
        Ok(())
    }

    fn jobs(&mut self, conn: &Connection<'_>) -> sql::Result<()> {
        let text = "SELECT workspace_id, kind, status, created_on, ended_on, done, left_out FROM job
             WHERE id > $1 AND id <= $2";
        let mut after = i64::MIN;
        while let Some(last) = end_of_slice(conn, "job", after)? {
            let done: sql::Result<Vec<()>> = sql::all(conn, text, &[&after, &last], |row| {
                let workspace = row.get(0)?;
                let name = |word: &str| Ok::<_, sql::Error>(format_smolstr!("{}/{word}", row.str(1)?));
                let day = self.day_of(workspace, row.get(3)?);
                self.add((workspace, day, TallyKind::Job, 0, name("started")?), 1);
                if let Some(ended) = row.get::<Option<i64>>(4)? {
                    let day = self.day_of(workspace, ended);
                    self.add((workspace, day, TallyKind::Job, 0, name(row.str(2)?)?), 1);
                }
                self.total((workspace, TallyKind::JobItems, name("done")?), row.get(5)?);
                self.total((workspace, TallyKind::JobItems, name("left_out")?), row.get(6)?);
                Ok(())
            });
            done?;
            after = last;
        }
        Ok(())
    }

    fn tickets(&mut self, conn: &Connection<'_>) -> sql::Result<()> {
        let text = "SELECT workspace_id, opened_on, status, replied_on, replied_by_id FROM ticket
             WHERE id > $1 AND id <= $2";
        let mut after = i64::MIN;
        while let Some(last) = end_of_slice(conn, "ticket", after)? {
            let done: sql::Result<Vec<()>> = sql::all(conn, text, &[&after, &last], |row| {
                let workspace = row.get(0)?;
                let day = self.day_of(workspace, row.get(1)?);
                self.add((workspace, day, TallyKind::Ticket, 0, SmolStr::new_static("opened")), 1);
                let closed = sql::word(row, 2, TicketStatus::parse)? == TicketStatus::Closed;
                self.total((workspace, TallyKind::Ticket, SmolStr::new_static("closed")), i64::from(closed));
                if let Some(replied) = row.get::<Option<i64>>(3)? {
                    let (day, name) = (
                        self.day_of(workspace, replied),
                        TimeBucket::of(replied - row.get::<i64>(1)?).name(),
                    );
                    self.add((workspace, day, TallyKind::FirstReplyTime, row.get(4)?, name), 1);
                }
                Ok(())
            });
            done?;
            after = last;
        }
        Ok(())
    }

    fn outcomes(&mut self, conn: &Connection<'_>) -> sql::Result<()> {
        let text = "SELECT workspace_id, day, flow_id, name, value FROM outcome WHERE id > $1 AND id <= $2";
        let mut after = i64::MIN;
        while let Some(last) = end_of_slice(conn, "outcome", after)? {
            let done: sql::Result<Vec<()>> = sql::all(conn, text, &[&after, &last], |row| {
                let value: String = row.str(4)?.chars().take(MAX_COUNTED_CHARS).collect();
                let name = format_smolstr!("{}={value}", row.str(3)?);
                self.add((row.get(0)?, row.get(1)?, TallyKind::Outcome, row.get(2)?, name), 1);
                Ok(())
            });
            done?;
            after = last;
        }
        Ok(())
    }
}

/// The zones of a workspace.
#[derive(Default)]
struct Zones {
    now: Option<TimeZone>,
    /// Those before it, and until when, in microseconds; the earliest first.
    former: Vec<(i64, TimeZone)>,
}

impl Zones {
    /// The zone at a moment.
    fn at(&self, micros: i64) -> TimeZone {
        let former = self.former.iter().find(|(until, _)| micros < *until).map(|(_, zone)| zone);
        former.or(self.now.as_ref()).cloned().unwrap_or(TimeZone::UTC)
    }
}

/// The zones that one workspace or all have.
fn present_zones(conn: &Connection<'_>, of: Option<WorkspaceId>) -> sql::Result<HashMap<i64, Zones>> {
    let (from, to) = of.map_or((i64::MIN, i64::MAX), |workspace| (workspace.0, workspace.0));
    let mut zones: HashMap<i64, Zones> = HashMap::new();
    let text = "SELECT id, timezone FROM workspace WHERE id >= $1 AND id <= $2";
    let now: sql::Result<Vec<(i64, SmolStr)>> =
        sql::all(conn, text, &[&from, &to], |row| Ok((row.get(0)?, sql::text(row, 1)?)));
    for (workspace, name) in now? {
        zones.entry(workspace).or_default().now = Some(zone_named(&name));
    }
    Ok(zones)
}

/// Adds those that they had before.
fn add_former_zones(
    conn: &Connection<'_>,
    of: Option<WorkspaceId>,
    zones: &mut HashMap<i64, Zones>,
) -> sql::Result<()> {
    let (from, to) = of.map_or((i64::MIN, i64::MAX), |workspace| (workspace.0, workspace.0));
    let text = "SELECT workspace_id, until, timezone FROM former_zone
         WHERE workspace_id >= $1 AND workspace_id <= $2 ORDER BY workspace_id, until";
    let former: sql::Result<Vec<(i64, i64, SmolStr)>> =
        sql::all(conn, text, &[&from, &to], |row| Ok((row.get(0)?, row.get(1)?, sql::text(row, 2)?)));
    for (workspace, until, name) in former? {
        zones.entry(workspace).or_default().former.push((until, zone_named(&name)));
    }
    Ok(())
}

/// The part of a kept result that is counted.
#[derive(Deserialize)]
struct KeptResult {
    #[serde(default)]
    category: SmolStr,
    created_on: Timestamp,
}

/// The last row number of the slice of a table behind `after`.
pub(super) fn end_of_slice(conn: &Connection<'_>, table: &str, after: i64) -> sql::Result<Option<i64>> {
    let text =
        format!("SELECT max(id) FROM (SELECT id FROM {table} WHERE id > $1 ORDER BY id LIMIT $2) AS slice");
    sql::one(conn, &text, &[&after, &SLICE], |row| row.get::<Option<i64>>(0)).map(Option::flatten)
}

/// Counts what is in a database that was made before there were tallies. Messages were counted already; how long
/// deliveries took is known as far as nothing came after them; nodes that were entered are not known.
pub(crate) fn fill(conn: &Connection<'_>) -> sql::Result<()> {
    // A database that is so old knows of no other zones, nor has it a table for them yet.
    let recount = Recount::by(conn, None, present_zones(conn, None)?)?;
    let mut rows = recount.days;
    rows.retain(|key, _| !matches!(key.2, TallyKind::Message | TallyKind::DeliveryTime | TallyKind::Outcome));
    // On the day of the step itself, whichever it is, as only their sum over all days means something.
    for (key, count) in recount.totals {
        *rows.entry(key).or_default() += count;
    }
    deliveries(conn, &mut rows)?;
    for ((workspace, day, kind, subject, name), count) in &rows {
        sql::exec(
            conn,
            "INSERT INTO tally (workspace_id, day, kind, subject, name, shard, count)
             VALUES ($1, $2, $3, $4, $5, 0, $6)",
            &[workspace, day, &kind.as_str(), subject, name, count],
        )?;
    }
    Ok(())
}

fn deliveries(conn: &Connection<'_>, rows: &mut BTreeMap<Key, i64>) -> sql::Result<()> {
    let text =
        "SELECT workspace_id, day, coalesce(channel_id, 0), modified_on - coalesce(sent_on, modified_on)
         FROM message WHERE id > $1 AND id <= $2 AND direction = 'out' AND status IN ('delivered', 'read')";
    let mut after = i64::MIN;
    while let Some(last) = end_of_slice(conn, "message", after)? {
        let done: sql::Result<Vec<()>> = sql::all(conn, text, &[&after, &last], |row| {
            let name = TimeBucket::of(row.get(3)?).name();
            let key = (row.get(0)?, row.get(1)?, TallyKind::DeliveryTime, row.get(2)?, name);
            *rows.entry(key).or_default() += 1;
            Ok(())
        });
        done?;
        after = last;
    }
    Ok(())
}
