//! Moments set beforehand: broadcasts and flows that begin by a schedule.

use std::collections::HashMap;

use domain::{ContactUuid, Cron, GroupUuid, ScheduleId, ScheduleUuid, Urn};
use flows::events::BroadcastCreated;
use jiff::Timestamp;
use operations::{BroadcastJob, JobSpec, Recipients, StartJob, StartedBy};
use serde::Deserialize;
use serde_json::{Value, json};
use smol_str::{SmolStr, format_smolstr};
use store::{CatchUp, Change, ScheduleRow, Unit};

use crate::{MigrateError, migration::Migration, triggers::Trigger};

/// Schedules that are looked at for what is there already: all that a workspace may have.
const MAX_SCHEDULES: usize = operations::MAX_SCHEDULES;
/// Schedules that one of the source may become.
const PARTS: i64 = 4;

#[derive(Deserialize)]
struct Stored {
    id: i64,
    repeat_period: String,
    repeat_hour_of_day: Option<i64>,
    repeat_minute_of_hour: Option<i64>,
    repeat_day_of_month: Option<i64>,
    repeat_days_of_week: Option<String>,
    is_paused: bool,
    next_fire: Option<Timestamp>,
    last_fire: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Broadcast {
    id: i64,
    translations: Value,
    base_language: SmolStr,
    urns: Option<Vec<String>>,
    query: Option<SmolStr>,
    status: String,
    is_active: Option<bool>,
    schedule_id: Option<i64>,
    groups: Vec<i64>,
    contacts: Vec<i64>,
}

const SCHEDULES: &str = "SELECT id, repeat_period, repeat_hour_of_day, repeat_minute_of_hour, repeat_day_of_month,
    repeat_days_of_week, is_paused, next_fire, last_fire FROM schedules_schedule WHERE org_id = $1 ORDER BY id";
const BROADCASTS: &str = "SELECT b.id, b.translations, b.base_language, b.urns, b.query, b.status, b.is_active,
    b.schedule_id,
    ARRAY(SELECT g.contactgroup_id FROM msgs_broadcast_groups g WHERE g.broadcast_id = b.id ORDER BY g.id) AS groups,
    ARRAY(SELECT c.contact_id FROM msgs_broadcast_contacts c WHERE c.broadcast_id = b.id ORDER BY c.id) AS contacts
    FROM msgs_broadcast b WHERE b.org_id = $1 ORDER BY b.id";

/// What a schedule begins.
struct Begins {
    name: SmolStr,
    spec: JobSpec,
    rests: bool,
}

/// The expressions that come at the moments of a schedule; none for one moment. A day that a month has not comes on its
/// last day (in February on the 28th).
fn crons(stored: &Stored) -> Vec<String> {
    let (hour, minute) =
        (stored.repeat_hour_of_day.unwrap_or_default(), stored.repeat_minute_of_hour.unwrap_or_default());
    match stored.repeat_period.as_str() {
        "D" => vec![format!("{minute} {hour} * * *")],
        "W" => {
            let letters = stored.repeat_days_of_week.as_deref().unwrap_or_default();
            let day = |letter| "UMTWRFS".find(letter);
            let mut days: Vec<String> =
                letters.chars().filter_map(day).map(|place: usize| place.to_string()).collect();
            days.sort();
            vec![format!("{minute} {hour} * * {}", days.join(","))]
        }
        "M" => match stored.repeat_day_of_month.unwrap_or(1) {
            31 => vec![
                format!("{minute} {hour} 31 1,3,5,7,8,10,12 *"),
                format!("{minute} {hour} 30 4,6,9,11 *"),
                format!("{minute} {hour} 28 2 *"),
            ],
            day @ (29 | 30) => vec![
                format!("{minute} {hour} {day} 1,3,4,5,6,7,8,9,10,11,12 *"),
                format!("{minute} {hour} 28 2 *"),
            ],
            day => vec![format!("{minute} {hour} {day} * *")],
        },
        _ => Vec::new(),
    }
}

impl Migration<'_> {
    /// All schedules, and the broadcasts that they send.
    pub fn schedules(&mut self) -> Result<(), MigrateError> {
        let stored: Vec<Stored> = self.source.rows("a schedule", SCHEDULES, &[self.org.id])?;
        let broadcasts: Vec<Broadcast> = self.source.rows("a broadcast", BROADCASTS, &[self.org.id])?;
        let uuids = self.contact_uuids()?;
        let mut begins: HashMap<i64, Result<Begins, &'static str>> = HashMap::new();
        self.count("broadcasts").there = broadcasts.len() as u64;
        for broadcast in broadcasts {
            self.broadcast(broadcast, &uuids, &mut begins);
        }
        for trigger in self.stored_triggers()? {
            if let Some(schedule) = trigger.schedule_id {
                let what = self.start(&trigger, &uuids);
                begins.insert(schedule, what);
            }
        }
        let workspace = self.workspace;
        let there =
            self.sink.read(async |context| context.store.schedules(workspace, MAX_SCHEDULES).await)?;
        self.count("schedules").there = stored.len() as u64;
        let mut changes = Vec::new();
        for one in stored {
            let numbered = |part: i64| ScheduleId(self.here(one.id * PARTS + part));
            let is_new = !there.iter().any(|row| row.id == numbered(0));
            let what = begins.remove(&one.id).unwrap_or(Err("nothing begins by it"));
            match what {
                Err(reason) => self.count("schedules").leave(reason),
                Ok(what) => {
                    self.count("schedules").take(is_new);
                    self.count("schedules").kind(one.repeat_period.as_str());
                    let rows = self.schedule_rows(&one, &what);
                    if is_new {
                        changes.extend(rows.into_iter().map(|row| Change::NewSchedule(Box::new(row))));
                    }
                }
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.write_all("the schedules", vec![Unit::new(changes)])
    }

    fn broadcast(
        &mut self,
        broadcast: Broadcast,
        uuids: &HashMap<i64, ContactUuid>,
        begins: &mut HashMap<i64, Result<Begins, &'static str>>,
    ) {
        let is_first = self.before.is_none();
        let area = self.count("broadcasts");
        let Some(schedule) = broadcast.schedule_id else {
            return match (broadcast.is_active, broadcast.status.as_str()) {
                (Some(false), _) => area.leave("deleted there"),
                (_, "Q") => {
                    area.leave("begun there and not finished: send them again for whom they have not reached")
                }
                _ => area.leave("sent; their messages are brought"),
            };
        };
        if broadcast.is_active == Some(false) {
            area.leave("deleted there");
            begins.insert(schedule, Err("what it begins is deleted there"));
            return;
        }
        area.take(is_first);
        area.kind("scheduled");
        let mut said =
            json!({"translations": broadcast.translations, "base_language": broadcast.base_language});
        // Suggested answers are texts there and have kinds here.
        for content in said["translations"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
            let replies: Vec<Value> = content["quick_replies"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|reply| if reply.is_string() { json!({"text": reply}) } else { reply.clone() })
                .collect();
            content["quick_replies"] = json!(replies);
            if content["attachments"].is_null() {
                content["attachments"] = json!([]);
            }
        }
        let urns = broadcast.urns.unwrap_or_default();
        let recipients = Recipients {
            groups: self.group_uuids(&broadcast.groups),
            contacts: broadcast.contacts.iter().filter_map(|id| uuids.get(id).copied()).collect(),
            query: broadcast.query.unwrap_or_default(),
            urns: urns.iter().filter_map(|urn| urn.parse::<Urn>().ok()).collect(),
            ..Recipients::default()
        };
        let what = match serde_json::from_value::<BroadcastCreated>(said) {
            Ok(said) => Ok(Begins {
                name: format_smolstr!("Broadcast {}", broadcast.id),
                spec: JobSpec::Broadcast(BroadcastJob {
                    broadcast: Box::new(said),
                    recipients,
                    evaluate: true,
                    soft_start: None,
                }),
                rests: false,
            }),
            Err(_) => Err("its broadcast cannot be read"),
        };
        begins.insert(schedule, what);
    }

    fn start(&self, trigger: &Trigger, uuids: &HashMap<i64, ContactUuid>) -> Result<Begins, &'static str> {
        if !trigger.is_active {
            return Err("what it begins is deleted there");
        }
        let flow = self.flows.get(&trigger.flow_id).ok_or("its flow is left out")?;
        let contacts = trigger.contacts.iter().filter_map(|id| uuids.get(id).copied()).collect();
        let groups = self.group_uuids(&trigger.groups);
        let excluded = self.excluded(&trigger.exclude_groups);
        let recipients = match excluded {
            None => Recipients { groups, contacts, ..Recipients::default() },
            // Groups that are left out can only be said in words.
            Some(excluded) if trigger.contacts.is_empty() => {
                let included = self.group_words(&trigger.groups).ok_or("it is for nobody")?;
                let query = format_smolstr!("({included}) AND {excluded}");
                Recipients { query, ..Recipients::default() }
            }
            Some(_) => return Err("it leaves out groups from single contacts; set it up anew"),
        };
        Ok(Begins {
            name: format_smolstr!("{} (trigger {})", flow.name, trigger.id),
            rests: trigger.is_archived,
            spec: JobSpec::StartFlow(StartJob {
                flow: flow.uuid.into(),
                recipients,
                skip_in_a_flow: false,
                not_again: false,
                params: None,
                started_by: StartedBy::Person { user: None, origin: None },
            }),
        })
    }

    fn group_uuids(&self, ids: &[i64]) -> Vec<GroupUuid> {
        ids.iter().filter_map(|id| self.groups.get(id)).map(|(uuid, ..)| *uuid).collect()
    }

    fn group_words(&self, ids: &[i64]) -> Option<String> {
        let word = |id: &i64| self.groups.get(id).map(|(_, name, _)| format!("group = {}", json!(name)));
        let words: Vec<String> = ids.iter().filter_map(word).collect();
        (!words.is_empty()).then(|| words.join(" OR "))
    }

    fn excluded(&self, ids: &[i64]) -> Option<String> {
        let word = |id: &i64| self.groups.get(id).map(|(_, name, _)| format!("group != {}", json!(name)));
        let words: Vec<String> = ids.iter().filter_map(word).collect();
        (!words.is_empty()).then(|| words.join(" AND "))
    }

    /// Contacts that triggers and broadcasts name.
    fn contact_uuids(&self) -> Result<HashMap<i64, ContactUuid>, MigrateError> {
        #[derive(Deserialize)]
        struct Named {
            id: i64,
            uuid: uuid::Uuid,
        }
        const NAMED: &str = "SELECT id, uuid FROM contacts_contact WHERE org_id = $1 AND is_active AND id IN (
            SELECT contact_id FROM triggers_trigger_contacts UNION SELECT c.contact_id FROM msgs_broadcast_contacts c
            JOIN msgs_broadcast b ON b.id = c.broadcast_id WHERE b.schedule_id IS NOT NULL)";
        let rows: Vec<Named> = self.source.rows("a contact", NAMED, &[self.org.id])?;
        Ok(rows.into_iter().map(|row| (row.id, ContactUuid(row.uuid))).collect())
    }

    fn schedule_rows(&mut self, stored: &Stored, what: &Begins) -> Vec<ScheduleRow> {
        let Ok(spec) = serde_json::to_string(&what.spec) else { return Vec::new() };
        let crons = crons(stored);
        let is_over = crons.is_empty() && stored.next_fire.is_some_and(|at| at < self.now);
        if is_over {
            self.note(format!(
                "{:?} was to begin at {}, which is over; it rests",
                what.name,
                show(stored.next_fire)
            ));
        }
        let row = |part: usize, cron: Option<String>| {
            let expression = cron.as_ref().and_then(|cron| cron.parse::<Cron>().ok());
            let next = match &expression {
                // What is to come next is as it stands there, unless that is over.
                Some(_) if crons.len() == 1 && stored.next_fire.is_some_and(|at| at > self.now) => {
                    stored.next_fire
                }
                Some(cron) => cron.next(self.now, &self.zone),
                None => stored.next_fire,
            };
            ScheduleRow {
                id: ScheduleId(self.here(stored.id * PARTS + i64::try_from(part).unwrap_or_default())),
                workspace: self.workspace,
                uuid: ScheduleUuid(self.sink.host().uuid_v7()),
                name: if part == 0 {
                    what.name.clone()
                } else {
                    format_smolstr!("{}, {}", what.name, part + 1)
                },
                cron: expression.map(|cron| cron.to_string().into()),
                zone: None,
                catch_up: CatchUp::Once,
                catch_up_limit: 1,
                spec: spec.clone(),
                paused: stored.is_paused || what.rests || is_over,
                next_due: next,
                last_due: stored.last_fire,
                fired: 0,
                skipped: 0,
                error: None,
                steps: 0,
                created_on: self.now,
                modified_on: self.now,
            }
        };
        match crons.is_empty() {
            true => vec![row(0, None)],
            false => crons.iter().cloned().enumerate().map(|(part, cron)| row(part, Some(cron))).collect(),
        }
    }
}

fn show(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(period: &str, day: Option<i64>, days: Option<&str>) -> Stored {
        Stored {
            id: 1,
            repeat_period: period.to_owned(),
            repeat_hour_of_day: Some(7),
            repeat_minute_of_hour: Some(30),
            repeat_day_of_month: day,
            repeat_days_of_week: days.map(str::to_owned),
            is_paused: false,
            next_fire: None,
            last_fire: None,
        }
    }

    #[test]
    fn schedules_become_expressions() {
        for (stored, expected) in [
            (stored("O", None, None), vec![]),
            (stored("D", None, None), vec!["30 7 * * *"]),
            (stored("W", None, Some("FUM")), vec!["30 7 * * 0,1,5"]),
            (stored("W", None, Some("RTS")), vec!["30 7 * * 2,4,6"]),
            (stored("M", Some(12), None), vec!["30 7 12 * *"]),
            (stored("M", Some(30), None), vec!["30 7 30 1,3,4,5,6,7,8,9,10,11,12 *", "30 7 28 2 *"]),
            (
                stored("M", Some(31), None),
                vec!["30 7 31 1,3,5,7,8,10,12 *", "30 7 30 4,6,9,11 *", "30 7 28 2 *"],
            ),
        ] {
            let crons = crons(&stored);
            assert_eq!(crons, expected);
            assert!(crons.iter().all(|cron| cron.parse::<Cron>().is_ok()), "{crons:?}");
        }
    }
}
