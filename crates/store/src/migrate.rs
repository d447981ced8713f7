//! The numbered migrations and the few words in which the two databases differ.

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
    Migration { version: TALLIES, name: "tallies", sql: include_str!("../migrations/0017_tallies.sql") },
];

/// The schema version that this program knows.
pub(crate) const CURRENT: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// The SQLite text of a migration.
pub(crate) fn sqlite_text(sql: &str) -> String {
    sql.replace("{{id}}", "INTEGER PRIMARY KEY")
        .replace("{{uuid}}", "BLOB")
        .replace("{{blob}}", "BLOB")
        .replace("{{json}}", "TEXT")
        .replace("{{without_rowid}}", " WITHOUT ROWID")
        .replace("{{only_postgres}}", "--")
}

/// The PostgreSQL text of a migration. Text is ordered and compared by its bytes, as SQLite does, whatever the
/// database's own order is.
pub(crate) fn postgres_text(sql: &str) -> String {
    sql.replace("{{json}}", "TEXT")
        .replace(" TEXT", " TEXT COLLATE \"C\"")
        .replace("{{id}}", "BIGINT PRIMARY KEY")
        .replace("{{uuid}}", "UUID")
        .replace("{{blob}}", "BYTEA")
        .replace("{{without_rowid}}", "")
        .replace("{{only_postgres}}", "")
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
