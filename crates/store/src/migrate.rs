//! The numbered migrations and the few words in which the two databases differ.

/// A step of the schema.
pub(crate) struct Migration {
    /// Its number, from 1 without gaps.
    pub version: i64,
    /// Its name.
    pub name: &'static str,
    /// Its text, with `{{…}}` for what differs.
    pub sql: &'static str,
}

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
];

/// The schema version that this program knows.
pub(crate) const CURRENT: i64 = MIGRATIONS.len() as i64;

/// The SQLite text of a migration.
pub(crate) fn sqlite_text(sql: &str) -> String {
    sql.replace("{{id}}", "INTEGER PRIMARY KEY")
        .replace("{{uuid}}", "BLOB")
        .replace("{{blob}}", "BLOB")
        .replace("{{json}}", "TEXT")
        .replace("{{without_rowid}}", " WITHOUT ROWID")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_without_gaps_and_leave_no_placeholder() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.version, index as i64 + 1, "{}", migration.name);
            assert!(
                !sqlite_text(migration.sql).contains("{{"),
                "{} has an unknown placeholder",
                migration.name
            );
        }
    }
}
