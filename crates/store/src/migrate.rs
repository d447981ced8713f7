//! The numbered migrations and the few words in which the two databases differ.

use crate::sql::{self, Connection};

/// A step of the schema.
pub(crate) struct Migration {
    /// Its number; they rise.
    pub version: i64,
    /// Its name.
    pub name: &'static str,
    /// Its text, with `{{…}}` for what differs.
    pub sql: &'static str,
}

/// The step after which keys for searches must be made for the contacts there are: their rules are not SQL's.
pub(crate) const SEARCH_KEYS: i64 = 7;

/// The step after which what there is must be counted: days are those of zones, which SQL does not know.
pub(crate) const TALLIES: i64 = 17;
/// The step after which nodes are registered.
pub(crate) const NODES: i64 = 14;

/// All steps, in order. A step that was released is never edited.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "people_and_definitions",
        sql: include_str!("../migrations/0001_people_and_definitions.sql"),
    },
    Migration {
        version: 2,
        name: "conversations",
        sql: include_str!("../migrations/0002_conversations.sql"),
    },
    Migration { version: 3, name: "repetitions", sql: include_str!("../migrations/0003_repetitions.sql") },
    Migration {
        version: 4,
        name: "deadlines_by_session",
        sql: include_str!("../migrations/0004_deadlines_by_session.sql"),
    },
    Migration { version: 5, name: "jobs", sql: include_str!("../migrations/0005_jobs.sql") },
    Migration {
        version: 6,
        name: "services_and_tickets",
        sql: include_str!("../migrations/0006_services_and_tickets.sql"),
    },
    Migration {
        version: SEARCH_KEYS,
        name: "contact_search",
        sql: include_str!("../migrations/0007_contact_search.sql"),
    },
    Migration {
        version: 9,
        name: "reminders_and_outcomes",
        sql: include_str!("../migrations/0009_reminders_and_outcomes.sql"),
    },
    Migration {
        version: 10,
        name: "lookup_tables",
        sql: include_str!("../migrations/0010_lookup_tables.sql"),
    },
    Migration { version: 11, name: "locations", sql: include_str!("../migrations/0011_locations.sql") },
    Migration {
        version: 12,
        name: "timers_by_kind",
        sql: include_str!("../migrations/0012_timers_by_kind.sql"),
    },
    Migration { version: 13, name: "groups_as_of", sql: include_str!("../migrations/0013_groups_as_of.sql") },
    Migration { version: NODES, name: "nodes", sql: include_str!("../migrations/0014_nodes.sql") },
    Migration {
        version: 15,
        name: "outbox_priorities",
        sql: include_str!("../migrations/0015_outbox_priorities.sql"),
    },
    Migration {
        version: 16,
        name: "jobs_for_people",
        sql: include_str!("../migrations/0016_jobs_for_people.sql"),
    },
    Migration { version: TALLIES, name: "tallies", sql: include_str!("../migrations/0017_tallies.sql") },
    Migration { version: 18, name: "feed", sql: include_str!("../migrations/0018_feed.sql") },
    Migration { version: 19, name: "bounds", sql: include_str!("../migrations/0019_bounds.sql") },
    Migration { version: 20, name: "schedules", sql: include_str!("../migrations/0020_schedules.sql") },
    Migration {
        version: 21,
        name: "rows_that_stay_in_place",
        sql: include_str!("../migrations/0021_rows_that_stay_in_place.sql"),
    },
    Migration { version: 22, name: "search_later", sql: include_str!("../migrations/0022_search_later.sql") },
    Migration { version: 23, name: "media", sql: include_str!("../migrations/0023_media.sql") },
    Migration { version: 24, name: "api", sql: include_str!("../migrations/0024_api.sql") },
    Migration { version: 25, name: "lists", sql: include_str!("../migrations/0025_lists.sql") },
    Migration {
        version: 27,
        name: "nodes_and_room",
        sql: include_str!("../migrations/0027_nodes_and_room.sql"),
    },
    Migration { version: 28, name: "programmes", sql: include_str!("../migrations/0028_programmes.sql") },
    Migration { version: 30, name: "sign_in", sql: include_str!("../migrations/0030_sign_in.sql") },
    Migration { version: 31, name: "audit", sql: include_str!("../migrations/0031_audit.sql") },
    Migration { version: 32, name: "people", sql: include_str!("../migrations/0032_people.sql") },
    Migration { version: 34, name: "webhooks", sql: include_str!("../migrations/0034_webhooks.sql") },
    Migration {
        version: 35,
        name: "templates_and_tables",
        sql: include_str!("../migrations/0035_templates_and_tables.sql"),
    },
    Migration { version: 36, name: "archives", sql: include_str!("../migrations/0036_archives.sql") },
    Migration {
        version: 37,
        name: "message_search",
        sql: include_str!("../migrations/0037_message_search.sql"),
    },
    Migration { version: 38, name: "kept_calls", sql: include_str!("../migrations/0038_kept_calls.sql") },
    Migration {
        version: 39,
        name: "channel_events",
        sql: include_str!("../migrations/0039_channel_events.sql"),
    },
    Migration { version: 40, name: "desk", sql: include_str!("../migrations/0040_desk.sql") },
    Migration { version: 41, name: "settings", sql: include_str!("../migrations/0041_settings.sql") },
    Migration {
        version: 43,
        name: "table_versions",
        sql: include_str!("../migrations/0043_table_versions.sql"),
    },
    Migration {
        version: 44,
        name: "template_sync",
        sql: include_str!("../migrations/0044_template_sync.sql"),
    },
    Migration { version: 45, name: "households", sql: include_str!("../migrations/0045_households.sql") },
    Migration {
        version: 46,
        name: "more_retention",
        sql: include_str!("../migrations/0046_more_retention.sql"),
    },
    Migration { version: 47, name: "media_files", sql: include_str!("../migrations/0047_media_files.sql") },
    Migration {
        version: 49,
        name: "contacts_aside",
        sql: include_str!("../migrations/0049_contacts_aside.sql"),
    },
];

/// The oldest schema whose programs work on that of this one, beside it: it is kept with the schema, and they ask it.
/// Who only adds tables and columns that may be left out leaves it as it is; who changes or removes what a program
/// still uses raises it to the first version that does without (docs/several-nodes.md).
pub(crate) const COMPATIBLE_FROM: i64 = TALLIES;

/// Whether programs of this one's schema may work on a database at `found`, which is newer.
pub(crate) fn is_served_by(conn: &Connection<'_>, found: i64) -> sql::Result<bool> {
    let text = "SELECT compatible_from FROM schema_migration WHERE version = $1";
    let from = sql::one(conn, text, &[&found], |row| row.get::<Option<i64>>(0))?.flatten();
    Ok(from.is_some_and(|from| from <= CURRENT))
}

/// Writes down which older programs may work on the schema as it is now.
pub(crate) fn note_compatible(conn: &Connection<'_>) -> sql::Result<()> {
    let text = "UPDATE schema_migration SET compatible_from = $1 WHERE version = $2";
    sql::exec(conn, text, &[&COMPATIBLE_FROM, &CURRENT]).map(drop)
}

/// The schema version that this program knows.
pub(crate) const CURRENT: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// The SQLite text of a migration.
pub(crate) fn sqlite_text(sql: &str) -> String {
    sql.replace("{{id}}", "INTEGER PRIMARY KEY")
        .replace("{{uuid}}", "BLOB")
        .replace("{{blob}}", "BLOB")
        .replace("{{stored}}", "VIRTUAL")
        .replace("{{json}}", "TEXT")
        .replace("{{without_rowid}}", " WITHOUT ROWID")
        .replace("{{only_postgres}}", "--")
        .replace("{{only_sqlite}}", "")
}

/// The PostgreSQL text of a migration. Text is ordered and compared by its bytes, as SQLite does, whatever the
/// database's own order is.
pub(crate) fn postgres_text(sql: &str) -> String {
    sql.replace("{{json}}", "TEXT")
        .replace(" TEXT", " TEXT COLLATE \"C\"")
        .replace("{{id}}", "BIGINT PRIMARY KEY")
        .replace("{{uuid}}", "UUID")
        .replace("{{blob}}", "BYTEA")
        .replace("{{stored}}", "STORED")
        .replace("{{without_rowid}}", "")
        .replace("{{only_postgres}}", "")
        .replace("{{only_sqlite}}", "--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_rise_in_number_and_leave_no_placeholder() {
        assert!(MIGRATIONS.is_sorted_by(|a, b| a.version < b.version));
        for migration in MIGRATIONS {
            for text in [sqlite_text(migration.sql), postgres_text(migration.sql)] {
                assert!(!text.contains("{{"), "{} has an unknown placeholder", migration.name);
            }
        }
    }

    #[test]
    fn timers_of_an_older_database_are_kept_and_deadlines_belong_to_their_sessions() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE schema_migration (version BIGINT PRIMARY KEY)").unwrap();
        for migration in &MIGRATIONS[..3] {
            conn.execute_batch(&sqlite_text(migration.sql)).unwrap();
        }
        conn.execute_batch(
            "INSERT INTO timer VALUES (1, 5, 'expiry', 10, 7), (1, 5, 'effect_deadline', 20, 7);",
        )
        .unwrap();
        for migration in &MIGRATIONS[3..] {
            conn.execute_batch(&sqlite_text(migration.sql)).unwrap();
        }
        let mut statement =
            conn.prepare("SELECT kind, scope, due, session_id FROM timer ORDER BY due").unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let rows: Vec<(String, i64, i64, i64)> = statement.query_map([], row).unwrap().flatten().collect();
        assert_eq!(rows, [("expiry".to_owned(), 0, 10, 7), ("effect_deadline".to_owned(), 7, 20, 7)]);
    }
}
