//! Every count of what comes over, against what the dump says of itself.

use std::collections::BTreeMap;

use rapidpro::{Area, Report, WorkspaceReport};
use serde_json::Value;
use store::StoreUrl;

use crate::given::Given;

/// Counts of the dump, and the area and kind in which they are counted here; a kind of "" is the whole area.
const SAME: &[(&str, &str, &str)] = &[
    ("contacts_active_rows", "contacts", ""),
    ("contacts_by_status/A", "contacts", "active"),
    ("contacts_by_status/B", "contacts", "blocked"),
    ("contacts_by_status/S", "contacts", "stopped"),
    ("contacts_by_status/V", "contacts", "archived"),
    ("urns_attached_to_live_contacts", "addresses", ""),
    ("fields_user_active", "fields", ""),
    ("groups_manual", "groups", "manual"),
    ("groups_smart_user", "groups", "query"),
    ("channels_inactive", "channels", "removed there"),
    ("flows_user_active", "flows", ""),
    ("flows_archived", "flows", "archived"),
    ("runs", "runs", ""),
    ("runs_by_status/C", "runs", "completed"),
    ("runs_by_status/X", "runs", "expired"),
    ("runs_by_status/F", "runs", "failed"),
    ("sessions", "sessions", ""),
    ("sessions_by_status/C", "sessions", "completed"),
    ("sessions_by_status/X", "sessions", "expired"),
    ("messages", "messages", ""),
    ("messages_by_visibility/A", "messages", "visibility A"),
    ("messages_by_visibility/D", "messages", "visibility D"),
    ("messages_by_type/V", "messages", "type V"),
    ("triggers_archived", "triggers", "archived"),
    ("broadcasts_scheduled", "broadcasts", "scheduled"),
    ("schedules", "schedules", ""),
    ("campaigns", "campaigns", ""),
    ("campaigns_archived", "campaigns", "archived"),
    ("campaign_events_active", "campaign points", ""),
    ("tickets_by_status/O", "tickets", "open"),
    ("tickets_by_status/C", "tickets", "closed"),
    ("ticket_events", "ticket events", ""),
    ("topics", "topics", ""),
    ("teams", "teams", ""),
    ("labels_active", "labels", ""),
    ("globals", "globals", ""),
    ("resthooks", "resthooks", ""),
    ("resthook_subscribers", "resthooks", "subscribers"),
    ("members_by_role/T", "users", "agent"),
    ("members_by_role/A", "users", "administrator"),
];

fn at<'v>(counts: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('/').try_fold(counts, |value, part| value.get(part))
}

/// Rows that are here: brought now or before.
fn here(area: &Area) -> u64 {
    area.brought + area.before
}

fn compare(workspace: &WorkspaceReport, counts: &Value) {
    for (path, area, kind) in SAME {
        let expected = at(counts, path).and_then(Value::as_u64).unwrap_or_default();
        let area = &workspace.areas[area];
        let found =
            if kind.is_empty() { here(area) } else { area.kinds.get(*kind).copied().unwrap_or_default() };
        assert_eq!(found, expected, "{} of {}: {area:?}", path, workspace.name);
    }
    let same = |area: &str, path: &str| {
        for (kind, count) in counts[path].as_object().unwrap() {
            let found = workspace.areas[area].kinds.get(kind).copied().unwrap_or_default();
            assert_eq!(found, count.as_u64().unwrap(), "{path}/{kind} of {}", workspace.name);
        }
    };
    same("triggers", "triggers_by_type");
    same("addresses", "urns_by_scheme");
    same("messages", "messages_by_direction_status");
    let labelled: u64 = counts["label_uses"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(here(&workspace.areas["labels on messages"]), labelled);
    let groups: BTreeMap<&str, u64> = counts["group_members"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, count)| (name.as_str(), count.as_u64().unwrap()))
        .filter(|(name, _)| !["Active", "Blocked", "Stopped", "Archived", "Open Tickets"].contains(name))
        .collect();
    let members = &workspace.areas["group members"].kinds;
    let members: BTreeMap<&str, u64> = members.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(members, groups);
}

fn compare_all(report: &Report, expected: &Value) {
    let workspaces = expected["workspaces"].as_array().unwrap();
    assert_eq!(report.workspaces.len(), workspaces.len());
    for (workspace, expected) in report.workspaces.iter().zip(workspaces) {
        assert_eq!(workspace.uuid.to_string(), expected["uuid"].as_str().unwrap());
        compare(workspace, &expected["counts"]);
        assert_eq!(workspace.archives.len() as u64, expected["counts"]["archives"].as_u64().unwrap());
        for (name, area) in &workspace.areas {
            assert!(area.agrees(), "{name} of {}: {area:?}", workspace.name);
        }
    }
}

#[test]
fn a_rehearsal_counts_everything() {
    let Some(given) = Given::restore() else { return };
    compare_all(&given.rehearse(), &given.expected);
}

#[test]
fn everything_comes_over_once() {
    let Some(given) = Given::restore() else { return };
    let other = given.target();
    for to in [given.file(), other.url().parse::<StoreUrl>().unwrap()] {
        let first = given.bring(&to);
        compare_all(&first, &given.expected);
        let again = given.bring(&to);
        compare_all(&again, &given.expected);
        for workspace in &again.workspaces {
            for (name, area) in workspace.areas.iter().filter(|(name, _)| **name != "field values") {
                assert_eq!(area.brought, 0, "{name} of {}: {area:?}", workspace.name);
            }
        }
        let (context, runtime) = given.open(&to);
        let verified = runtime.block_on(context.store.verify(None)).unwrap();
        assert!(verified.is_right(), "{verified:?}");
    }
}

#[test]
fn what_came_later_is_added_by_the_next_run() {
    let Some(given) = Given::restore() else { return };
    let to = given.file();
    given.psql("CREATE TABLE kept AS SELECT * FROM msgs_msg_labels WHERE msg_id > 1000; DELETE FROM msgs_msg_labels WHERE msg_id > 1000");
    given.psql(
        "CREATE TABLE later AS SELECT * FROM msgs_msg WHERE id > 1000; DELETE FROM msgs_msg WHERE id > 1000",
    );
    let first = given.bring(&to);
    let before: Vec<u64> = first.workspaces.iter().map(|one| one.areas["messages"].brought).collect();
    given.psql("INSERT INTO msgs_msg SELECT * FROM later; INSERT INTO msgs_msg_labels SELECT * FROM kept");
    let second = given.bring(&to);
    compare_all(&second, &given.expected);
    let known: Vec<u64> = second.workspaces.iter().map(|one| one.areas["messages"].before).collect();
    assert_eq!(before, known);
    let (context, runtime) = given.open(&to);
    assert!(runtime.block_on(context.store.verify(None)).unwrap().is_right());
}
