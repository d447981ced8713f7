//! Every table that holds something of a person, and what becomes of it when they are erased, exported or merged into
//! somebody. A migration that adds one fails a test until it is listed here.

use std::sync::OnceLock;

use domain::{ContactId, WorkspaceId};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{cells::Owned, plan};
use crate::{
    StoreError,
    sql::{self, Connection, Param},
};

/// A table with rows of people.
pub(crate) struct PersonTable {
    pub name: &'static str,
    /// Whether an export of all that is held about somebody has its rows, or why not.
    pub exported: Result<(), &'static str>,
    /// What erasing somebody does.
    #[cfg_attr(not(test), expect(dead_code, reason = "for whoever reads this, and the test"))]
    pub erased: &'static str,
    /// What merging them into somebody does.
    #[cfg_attr(not(test), expect(dead_code, reason = "for whoever reads this, and the test"))]
    pub merged: &'static str,
}

const DERIVED: Result<(), &str> = Err("made from the contact, to find them by");
const WORK: Result<(), &str> = Err("work that is under way; what it says is a message");

/// All of them.
#[rustfmt::skip]
pub(crate) const PERSON_TABLES: &[PersonTable] = &[
    PersonTable { name: "channel_event", exported: Ok(()), erased: "what it says beside its kind goes", merged: "goes over" },
    PersonTable { name: "code", exported: Ok(()), erased: "its name goes; the number is never given again", merged: "goes over" },
    PersonTable { name: "consent", exported: Ok(()), erased: "what was shown goes; that they opted out stays", merged: "goes over" },
    PersonTable { name: "contact_day", exported: Ok(()), erased: "stays: days are counted", merged: "stays: days are counted" },
    PersonTable { name: "contact_group_member", exported: Ok(()), erased: "removed with the contact's groups", merged: "joined by the survivor" },
    PersonTable { name: "contact_note", exported: Ok(()), erased: "removed", merged: "goes over, the latest are kept" },
    PersonTable { name: "contact_term", exported: DERIVED, erased: "removed with what it was made from", merged: "as erased" },
    PersonTable { name: "contact_urn", exported: Ok(()), erased: "removed with the contact's addresses", merged: "goes over" },
    PersonTable { name: "event", exported: Ok(()), erased: "removed, or emptied where it is counted", merged: "goes over" },
    PersonTable { name: "household", exported: Ok(()), erased: "removed with its members", merged: "goes over, or its members do" },
    PersonTable { name: "household_member", exported: Ok(()), erased: "removed", merged: "goes over, none twice" },
    PersonTable { name: "job_left_out", exported: Ok(()), erased: "emptied", merged: "stays: it says what was so" },
    PersonTable { name: "message", exported: Ok(()), erased: "emptied", merged: "goes over" },
    PersonTable { name: "outbox", exported: WORK, erased: "removed", merged: "goes over" },
    PersonTable { name: "outcome", exported: Ok(()), erased: "stays: it is counted", merged: "goes over" },
    PersonTable { name: "programme_event", exported: Ok(()), erased: "emptied", merged: "goes over" },
    PersonTable { name: "registration", exported: Ok(()), erased: "what was given goes", merged: "goes over" },
    PersonTable { name: "reminder", exported: Ok(()), erased: "removed", merged: "goes over, unless the survivor has one" },
    PersonTable { name: "run", exported: Ok(()), erased: "answers are emptied", merged: "goes over" },
    PersonTable { name: "search_later", exported: DERIVED, erased: "removed", merged: "removed" },
    PersonTable { name: "session", exported: Err("the machine's state; what was said and answered is in runs"), erased: "ended and emptied", merged: "goes over" },
    PersonTable { name: "subscription", exported: Ok(()), erased: "ended, its dates go", merged: "goes over, none twice" },
    PersonTable { name: "ticket", exported: Ok(()), erased: "closed, its note goes", merged: "goes over" },
    PersonTable { name: "timer", exported: Ok(()), erased: "removed", merged: "goes over or is planned anew" },
];

/// Tables whose rows an export has, in the order in which it has them, with what is asked to get a page of them.
fn exported() -> &'static [(&'static str, plan::Table)] {
    static TABLES: OnceLock<Vec<(&'static str, plan::Table)>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let all = plan::tables().unwrap_or_default();
        let named = |name: &str| all.iter().find(|table| table.name == name).cloned();
        PERSON_TABLES
            .iter()
            .filter(|table| table.exported.is_ok())
            .filter_map(|table| Some((table.name, named(table.name)?)))
            .collect()
    })
}

/// The names of the tables that an export of a person has.
pub fn person_tables() -> Vec<&'static str> {
    exported().iter().map(|(name, _)| *name).collect()
}

/// Rows of a person in a table, as they are kept, from a place on.
pub(crate) fn person_rows(
    conn: &Connection<'_>,
    (workspace, contact): (WorkspaceId, ContactId),
    table: &str,
    from: i64,
    limit: i64,
) -> Result<Vec<Value>, StoreError> {
    let Some((_, table)) = exported().iter().find(|(name, _)| *name == table) else { return Ok(Vec::new()) };
    let has_id = table.columns.iter().any(|(name, _)| name == "id");
    let key = if has_id { "id".to_owned() } else { table.key_list() };
    let text = format!(
        "SELECT {} FROM {} WHERE contact_id = $1 AND workspace_id = $2{} ORDER BY {key} LIMIT $3{}",
        table.column_list(),
        table.name,
        if has_id { " AND id > $4" } else { "" },
        if has_id { "" } else { " OFFSET $4" },
    )
    .replace("LIMIT $3", if has_id { "LIMIT $4" } else { "LIMIT $3" })
    .replace("id > $4", "id > $3");
    let (first, second) = if has_id { (from, limit) } else { (limit, from) };
    let params: [&dyn Param; 4] = [&contact.0, &workspace.0, &first, &second];
    sql::all::<_, StoreError>(conn, &text, &params, |row| {
        let mut members = Map::new();
        for (place, (name, kind)) in table.columns.iter().enumerate() {
            if !matches!(name.as_str(), "workspace_id" | "contact_id") {
                members.insert(name.clone(), shown(name, Owned::read(row, place, *kind)?));
            }
        }
        Ok(Value::Object(members))
    })
}

/// A cell as people read it.
fn shown(name: &str, cell: Owned) -> Value {
    match cell {
        Owned::Null(_) => Value::Null,
        Owned::Int(micros) if name.ends_with("_on") || matches!(name, "due" | "next_due" | "last_run") => {
            Timestamp::from_microsecond(micros).map_or(Value::Null, |at| Value::String(at.to_string()))
        }
        Owned::Int(number) => number.into(),
        Owned::Text(text) => match serde_json::from_str(&text) {
            Ok(json @ (Value::Object(_) | Value::Array(_))) => json,
            _ => Value::String(text),
        },
        Owned::Uuid(uuid) => Value::String(uuid.to_string()),
        Owned::Blob(bytes) => Value::from(bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_with_something_of_a_person_is_listed() {
        let of_people = plan::tables().expect("the migrations apply").into_iter();
        let of_people = of_people
            .filter(|table| table.columns.iter().any(|(name, _)| name == "contact_id" || name == "about_id"));
        let there: Vec<&str> = of_people.map(|table| table.name).collect();
        let listed: Vec<&str> = PERSON_TABLES.iter().map(|table| table.name).collect();
        assert_eq!(
            there, listed,
            "say in store/src/bulk/person.rs what becomes of it when somebody is erased, exported or merged, and do it"
        );
        for table in PERSON_TABLES {
            assert!(!table.erased.is_empty() && !table.merged.is_empty(), "{}", table.name);
        }
        assert!(person_tables().contains(&"message"));
    }
}
