//! Every table of the schema and what becomes of it when a store is moved.

use crate::{
    migrate::{MIGRATIONS, sqlite_text},
    sql::Kind,
};

/// What becomes of a table's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// They are copied.
    Copied,
    /// They are copied in the place of those with which a new store begins.
    Replaced,
    /// They stay: they belong to the place, not to the programme.
    Left,
}

/// Rows of one page, of tables whose rows are short.
const MANY: i64 = 10_000;
/// Rows of one page, of tables whose rows may be long, such as definitions.
const FEW: i64 = 16;

/// All tables, with the rows of one page.
pub(crate) const TABLES: &[(&str, Treatment, i64)] = &[
    // The files themselves lie in a folder or a bucket, which is copied by hand.
    // The files themselves lie in a folder, which is copied by hand.
    // Nodes belong to the place; their numbers go on rising.
    // The fences of work that one run at a time does go on rising.
    // The order of the commits is the database's own; who reads it begins anew.
    // Whether a store is being filled is said of the place.
    // What was used of limits a moment ago.
    // The index of words is made anew, from the beginning.
    ("api_token", Treatment::Copied, MANY),
    ("archive", Treatment::Copied, MANY),
    ("archive_erasure", Treatment::Copied, MANY),
    ("archived_count", Treatment::Copied, MANY),
    ("audit", Treatment::Copied, MANY),
    ("campaign", Treatment::Copied, MANY),
    ("campaign_event", Treatment::Copied, MANY),
    ("canned_reply", Treatment::Copied, MANY),
    ("channel", Treatment::Copied, MANY),
    ("channel_event", Treatment::Copied, MANY),
    ("code", Treatment::Copied, MANY),
    ("consent", Treatment::Copied, MANY),
    ("contact", Treatment::Copied, MANY),
    ("contact_day", Treatment::Copied, MANY),
    ("contact_field", Treatment::Copied, MANY),
    ("contact_group", Treatment::Copied, MANY),
    ("contact_group_member", Treatment::Copied, MANY),
    ("contact_note", Treatment::Copied, FEW),
    ("contact_term", Treatment::Copied, MANY),
    ("contact_urn", Treatment::Copied, MANY),
    ("daily_count", Treatment::Copied, MANY),
    ("early_report", Treatment::Copied, MANY),
    ("event", Treatment::Copied, MANY),
    ("feature", Treatment::Copied, MANY),
    ("feed", Treatment::Left, MANY),
    ("feed_floor", Treatment::Left, MANY),
    ("filling", Treatment::Left, MANY),
    ("flow", Treatment::Copied, MANY),
    ("flow_revision", Treatment::Copied, FEW),
    ("flow_trigger", Treatment::Copied, MANY),
    ("former_zone", Treatment::Copied, MANY),
    ("global_value", Treatment::Copied, MANY),
    ("household", Treatment::Copied, MANY),
    ("household_member", Treatment::Copied, MANY),
    ("job", Treatment::Copied, FEW),
    ("job_chunk", Treatment::Copied, FEW),
    ("job_left_out", Treatment::Copied, MANY),
    ("kept_call", Treatment::Copied, FEW),
    ("label", Treatment::Copied, MANY),
    ("lease", Treatment::Copied, MANY),
    ("location_tree", Treatment::Copied, FEW),
    ("login", Treatment::Copied, MANY),
    ("lookup_table", Treatment::Copied, MANY),
    ("lookup_table_version", Treatment::Copied, FEW),
    ("media", Treatment::Copied, MANY),
    ("message", Treatment::Copied, MANY),
    ("message_label", Treatment::Copied, MANY),
    ("message_search", Treatment::Left, MANY),
    ("message_search_workspace", Treatment::Left, MANY),
    ("message_set", Treatment::Copied, MANY),
    ("node", Treatment::Left, MANY),
    ("node_registry", Treatment::Replaced, MANY),
    ("optin", Treatment::Copied, MANY),
    ("outbox", Treatment::Copied, MANY),
    ("outcome", Treatment::Copied, MANY),
    ("outcome_count", Treatment::Copied, MANY),
    ("programme_delivery", Treatment::Copied, MANY),
    ("programme_event", Treatment::Copied, MANY),
    ("programme_message", Treatment::Copied, MANY),
    ("rate_use", Treatment::Left, MANY),
    ("registration", Treatment::Copied, MANY),
    ("reminder", Treatment::Copied, MANY),
    ("resthook", Treatment::Copied, MANY),
    ("resthook_event", Treatment::Copied, MANY),
    ("retention", Treatment::Copied, MANY),
    ("run", Treatment::Copied, MANY),
    ("schedule", Treatment::Copied, MANY),
    ("search_later", Treatment::Copied, MANY),
    ("service", Treatment::Copied, MANY),
    ("session", Treatment::Copied, MANY),
    ("setting", Treatment::Copied, MANY),
    ("sign_in", Treatment::Copied, MANY),
    ("sign_in_link", Treatment::Copied, MANY),
    ("sign_in_rule", Treatment::Copied, MANY),
    ("subscription", Treatment::Copied, MANY),
    ("table_source", Treatment::Copied, MANY),
    ("tally", Treatment::Copied, MANY),
    ("team", Treatment::Copied, MANY),
    ("template", Treatment::Copied, FEW),
    ("template_sync", Treatment::Copied, MANY),
    ("ticket", Treatment::Copied, MANY),
    ("timer", Treatment::Copied, MANY),
    ("topic", Treatment::Copied, MANY),
    ("user_account", Treatment::Copied, MANY),
    ("webhook", Treatment::Copied, MANY),
    ("webhook_delivery", Treatment::Copied, MANY),
    ("workspace", Treatment::Copied, MANY),
];

/// A table as the migrations leave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub name: &'static str,
    pub treatment: Treatment,
    /// Rows of one page.
    pub page: i64,
    /// Columns by name, with what they hold.
    pub columns: Vec<(String, Kind)>,
    /// Places in `columns` of the primary key, in its order.
    pub key: Vec<usize>,
}

impl Table {
    /// The columns, separated by commas.
    pub fn column_list(&self) -> String {
        self.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The key's columns, separated by commas.
    pub fn key_list(&self) -> String {
        self.key.iter().map(|place| self.columns[*place].0.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// `$1, $2, …`, so many as there are columns from `first`.
    pub fn places(first: usize, count: usize) -> String {
        (first..first + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
    }
}

/// All tables as the migrations leave them, asked of a database that was made by them.
pub(crate) fn tables() -> rusqlite::Result<Vec<Table>> {
    let conn = schema()?;
    TABLES.iter().map(|(name, treatment, page)| describe(&conn, name, *treatment, *page)).collect()
}

fn schema() -> rusqlite::Result<rusqlite::Connection> {
    let conn = rusqlite::Connection::open_in_memory()?;
    // As the store makes it before the first step.
    conn.execute_batch(
        "CREATE TABLE schema_migration (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_on TEXT NOT NULL)",
    )?;
    for migration in MIGRATIONS {
        // The word stays, so that identifiers can be told from other bytes.
        conn.execute_batch(&sqlite_text(&migration.sql.replace("{{uuid}}", "UUID")))?;
    }
    Ok(conn)
}

fn describe(
    conn: &rusqlite::Connection,
    name: &'static str,
    treatment: Treatment,
    page: i64,
) -> rusqlite::Result<Table> {
    let mut statement = conn.prepare("SELECT name, type, pk FROM pragma_table_info($1) ORDER BY name")?;
    let rows = statement.query_map([name], |row| {
        let kind = match row.get::<_, String>(1)?.as_str() {
            "UUID" => Kind::Uuid,
            "BLOB" => Kind::Blob,
            "TEXT" => Kind::Text,
            _ => Kind::Int,
        };
        Ok((row.get::<_, String>(0)?, kind, row.get::<_, i64>(2)?))
    })?;
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    for row in rows {
        let (name, kind, place) = row?;
        if place > 0 {
            key.push((place, columns.len()));
        }
        columns.push((name, kind));
    }
    key.sort_unstable();
    let key = key.into_iter().map(|(_, place)| place).collect();
    Ok(Table { name, treatment, page, columns, key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_migrations_is_listed() {
        let conn = schema().expect("the migrations apply");
        let mut statement = conn
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'message_words%' ORDER BY name")
            .expect("readable");
        let there: Vec<String> =
            statement.query_map([], |row| row.get(0)).expect("readable").flatten().collect();
        let listed: Vec<&str> = TABLES.iter().map(|(name, ..)| *name).collect();
        let missing: Vec<&String> = there
            .iter()
            .filter(|name| *name != "schema_migration" && !listed.contains(&name.as_str()))
            .collect();
        assert!(
            missing.is_empty(),
            "say in store/src/bulk/plan.rs what becomes of these tables when a store is moved: {missing:?}"
        );
        assert!(listed.iter().all(|name| there.iter().any(|table| table == name)), "a table is gone");
        assert!(listed.is_sorted());
    }

    #[test]
    fn every_table_has_a_key_to_walk_along() {
        for table in tables().expect("the migrations apply") {
            assert!(!table.key.is_empty(), "{} has no primary key", table.name);
        }
        let timer = tables().expect("the migrations apply").into_iter().find(|table| table.name == "timer");
        assert_eq!(timer.expect("there").key_list(), "contact_id, kind, scope");
    }
}
