//! Schedules come at the moments at which they came.

use domain::{Cron, WorkspaceId};
use jiff::Timestamp;
use serde_json::Value;
use store::{ScheduleRow, zone_named};

use crate::given::Given;

fn compare(rows: &[ScheduleRow], wanted: &Value, zone: &str, now: Timestamp) {
    let zone = zone_named(zone);
    let next: Timestamp = wanted["next_fire"].as_str().unwrap().parse().unwrap();
    assert!(!rows.is_empty(), "{wanted}");
    assert!(rows.iter().all(|row| row.paused == (wanted["paused"] == true)), "{wanted}");
    assert_eq!(rows.iter().filter_map(|row| row.next_due).min(), Some(next), "{wanted}");
    let crons: Vec<Cron> = rows.iter().filter_map(|row| row.cron.as_ref()?.parse().ok()).collect();
    assert_eq!(crons.is_empty(), wanted["repeat_period"] == "O", "{wanted}");
    let mut at = next.max(now);
    for then in wanted["fires_after_next"].as_array().into_iter().flatten() {
        at = crons.iter().filter_map(|cron| cron.next(at, &zone)).min().unwrap();
        assert_eq!(at, then.as_str().unwrap().parse::<Timestamp>().unwrap(), "{wanted}");
    }
}

#[test]
fn schedules_come_when_they_came() {
    let Some(given) = Given::restore() else { return };
    let to = given.file();
    given.bring(&to);
    let (context, runtime) = given.open(&to);
    let mut compared = 0;
    for (number, workspace) in (1..).zip(given.expected["workspaces"].as_array().unwrap()) {
        let all = runtime.block_on(context.store.schedules(WorkspaceId(number), 1_000)).unwrap();
        let zone = workspace["timezone"].as_str().unwrap();
        let checks = &workspace["checks"];
        let broadcasts = checks["broadcasts_scheduled"].as_array().unwrap().iter();
        let broadcasts = broadcasts.map(|one| (format!("Broadcast {}", one["id"]), &one["schedule"]));
        let triggers =
            checks["triggers_all"].as_array().unwrap().iter().filter(|one| !one["schedule"].is_null());
        let triggers = triggers.map(|one| {
            let name = format!("{} (trigger {})", one["flow"].as_str().unwrap(), one["id"]);
            (name, &one["schedule"])
        });
        for (name, wanted) in broadcasts.chain(triggers) {
            let theirs = |row: &&ScheduleRow| row.name == name || row.name.starts_with(&format!("{name}, "));
            let rows: Vec<ScheduleRow> = all.iter().filter(theirs).cloned().collect();
            compare(&rows, wanted, zone, given.taken_on());
            compared += 1;
        }
    }
    assert_eq!(compared, 16);
}
