//! The rows that somebody's doing leaves: what the things were that a unit changes, and what they are then, read in its
//! transaction before and after it.

mod kinds;
mod rows;
mod subjects;

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use smol_str::{SmolStr, format_smolstr};
use uuid::Uuid;

use self::kinds::{As, Beside, Kind};
use self::subjects::{Key, Subject, subject};
use super::sql;
use crate::{
    Acting, AuditNote, Change, MAX_AUDITED, MAX_AUDITED_CHARS, Unit, UnitError,
    sql::{Cell, Connection, Param},
};

/// What is shown of a secret.
const SECRET: &str = "(secret)";

/// Somebody's doing, begun: the things as they were.
pub(super) struct Begun<'u> {
    acting: &'u Acting,
    notes: Vec<&'u AuditNote>,
    things: Vec<(Subject, Option<Thing>)>,
    more: usize,
}

/// A thing as it stands.
struct Thing {
    id: i64,
    uuid: Option<Uuid>,
    name: SmolStr,
    /// What of it is shown; of secrets what tells whether they changed.
    members: Vec<(&'static str, As, Value)>,
}

/// Reads what the things of a unit are before it changes them.
pub(super) fn begin<'u>(
    conn: &Connection,
    acting: &'u Acting,
    unit: &'u Unit,
) -> Result<Begun<'u>, UnitError> {
    let mut begun = Begun { acting, notes: Vec::new(), things: Vec::new(), more: 0 };
    let mut places: HashMap<(&str, Key), usize> = HashMap::new();
    for change in &unit.changes {
        if let Change::Note(note) = change {
            begun.notes.push(note);
        }
        let Some(about) = subject(change) else { continue };
        let key = (about.kind.word, about.key.clone());
        match places.get(&key) {
            Some(place) => {
                let known = &mut begun.things[*place].0.verb;
                *known = about.verb.or(*known);
            }
            None if begun.things.len() >= MAX_AUDITED => begun.more += 1,
            None => {
                places.insert(key, begun.things.len());
                let before = read(conn, &about)?;
                begun.things.push((about, before));
            }
        }
    }
    Ok(begun)
}

impl Begun<'_> {
    /// Leaves a row for each thing that is another now, or with which something was done.
    pub fn finish(self, conn: &Connection) -> Result<(), UnitError> {
        let mut place = 0;
        for note in &self.notes {
            let detail = if note.detail.is_null() { Value::Null } else { cut(note.detail.clone()) };
            let row = rows::New {
                workspace: note.workspace.0,
                verb: note.verb,
                kind: note.kind,
                uuid: None,
                subject: &note.subject,
                before: Value::Null,
                after: detail,
            };
            rows::insert(conn, self.acting, &mut place, row)?;
        }
        for (about, before) in &self.things {
            let after = read(conn, about)?;
            let Some(found) = after.as_ref().or(before.as_ref()) else { continue };
            let (was, is) = differences(before.as_ref(), after.as_ref());
            let verb = match (about.verb, before, &after) {
                (Some(verb), ..) => verb,
                (None, None, _) => "created",
                (None, Some(_), None) => "removed",
                (None, Some(_), Some(_)) if was.is_empty() && is.is_empty() => continue,
                (None, Some(_), Some(_)) => "changed",
            };
            // Nothing of who is erased stays here either.
            let erased = verb == "erased";
            let shown = |members: Map<String, Value>| {
                if members.is_empty() || erased { Value::Null } else { Value::Object(members) }
            };
            let row = rows::New {
                workspace: about.workspace.0,
                verb,
                kind: about.kind.word,
                uuid: found.uuid,
                subject: if erased { "" } else { &found.name },
                before: shown(was),
                after: shown(is),
            };
            rows::insert(conn, self.acting, &mut place, row)?;
        }
        if self.more > 0 {
            let subject = format_smolstr!("and {} more changes", self.more);
            let (before, after) = (Value::Null, Value::Null);
            let row = rows::New {
                workspace: 0,
                verb: "changed",
                kind: "more",
                uuid: None,
                subject: &subject,
                before,
                after,
            };
            rows::insert(conn, self.acting, &mut place, row)?;
        }
        Ok(())
    }
}

/// Members that are not the same, as they were and as they are.
fn differences(before: Option<&Thing>, after: Option<&Thing>) -> (Map<String, Value>, Map<String, Value>) {
    let (mut was, mut is) = (Map::new(), Map::new());
    let members = after.or(before).map_or(&[][..], |thing| &thing.members);
    for (place, (name, shown, _)) in members.iter().enumerate() {
        let value = |thing: Option<&Thing>| thing.map_or(Value::Null, |thing| thing.members[place].2.clone());
        let (old, new) = (value(before), value(after));
        if old == new {
            continue;
        }
        let show = |value: Value| match (shown, value) {
            (_, Value::Null) => None,
            (As::Secret, _) => Some(json!(SECRET)),
            (As::Plain | As::Flag | As::Moment | As::Json, value) => Some(cut(value)),
        };
        was.extend(show(old).map(|value| ((*name).to_owned(), value)));
        is.extend(show(new).map(|value| ((*name).to_owned(), value)));
    }
    (was, is)
}

/// A value, or the beginning of one that is long.
fn cut(value: Value) -> Value {
    let text = match &value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
        Value::Null | Value::Bool(_) | Value::Number(_) => return value,
    };
    match text.char_indices().nth(MAX_AUDITED_CHARS) {
        None => value,
        Some((end, _)) => json!(format!("{}… ({} bytes)", &text[..end], text.len())),
    }
}

/// Reads a thing as it stands.
fn read(conn: &Connection, about: &Subject) -> Result<Option<Thing>, UnitError> {
    let kind = about.kind;
    let columns: Vec<&str> = kind.columns.iter().map(|(name, _)| *name).collect();
    let named = |name: &'static str| if name.is_empty() { "NULL" } else { name };
    let number = if kind.left.contains(&"id") { "id" } else { "0" };
    let mut select = vec![number, named(kind.uuid), named(kind.name)];
    select.extend(columns);
    let (wanted, key): (&str, Option<&dyn Param>) = match &about.key {
        Key::Id(id) => ("id", Some(id)),
        Key::Uuid(uuid) => ("uuid", Some(uuid)),
        Key::Text(column, text) => (column, Some(text)),
        Key::Whole => ("", None),
    };
    let mut conditions = Vec::new();
    let mut params: Vec<&dyn Param> = Vec::new();
    if let Some(key) = key {
        conditions.push(format!("{wanted} = $1"));
        params.push(key);
    }
    // Of a sign-in that somebody ends it is known who may, not in which workspace it is.
    let owned =
        !kind.owner.is_empty() && (key.is_none() || about.workspace.0 != 0) && about.verb != Some("entered");
    if owned {
        params.push(&about.workspace.0);
        conditions.push(format!("{} = ${}", kind.owner, params.len()));
    }
    let text = format!("SELECT {} FROM {} WHERE {}", select.join(", "), kind.table, conditions.join(" AND "));
    let found = sql::one(conn, &text, &params, |row| {
        let mut members = Vec::with_capacity(kind.columns.len() + kind.beside.len() + 1);
        let name = shown(row.cell(2)?, As::Plain);
        if !kind.name.is_empty() {
            members.push((kind.name, As::Plain, name.clone()));
        }
        for (place, (name, how)) in kind.columns.iter().enumerate() {
            members.push((*name, *how, shown(row.cell(place + 3)?, *how)));
        }
        let uuid = if kind.uuid.is_empty() { None } else { Some(sql::uuid(row, 1)?) };
        Ok(Thing { id: row.get(0)?, uuid, name: name.as_str().unwrap_or_default().into(), members })
    })?;
    let Some(mut thing) = found else { return Ok(None) };
    beside(conn, kind, &mut thing)?;
    Ok(Some(thing))
}

fn beside(conn: &Connection, kind: &Kind, thing: &mut Thing) -> Result<(), UnitError> {
    for (name, text, many) in kind.beside.iter().map(|beside| match beside {
        Beside::One(name, text) => (*name, *text, false),
        Beside::Many(name, text) => (*name, *text, true),
    }) {
        let found =
            sql::all::<_, UnitError>(conn, text, &[&thing.id], |row| Ok(shown(row.cell(0)?, As::Plain)))?;
        let value = if many { Value::Array(found) } else { found.into_iter().next().unwrap_or_default() };
        thing.members.push((name, As::Plain, value));
    }
    Ok(())
}

/// A column as it is shown.
fn shown(cell: Cell<'_>, how: As) -> Value {
    match (cell, how) {
        (Cell::Null, _) => Value::Null,
        (Cell::Int(value), As::Flag) => json!(value != 0),
        (Cell::Int(value), As::Moment) => {
            jiff::Timestamp::from_microsecond(value).map_or_else(|_| json!(value), |at| json!(at.to_string()))
        }
        (Cell::Int(value), As::Plain | As::Json | As::Secret) => json!(value),
        (Cell::Real(value), _) => json!(value),
        (Cell::Text(text), As::Json) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        (Cell::Text(text), As::Plain | As::Flag | As::Moment | As::Secret) => json!(text),
        (Cell::Blob(bytes), _) => match Uuid::from_slice(bytes) {
            Ok(uuid) => json!(uuid),
            Err(_) => json!(format!("({} bytes)", bytes.len())),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::kinds::{ALL, Beside};
    use super::{MAX_AUDITED_CHARS, cut};

    #[test]
    fn every_column_is_shown_or_left_out_on_purpose() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE schema_migration (version BIGINT PRIMARY KEY)").unwrap();
        for migration in crate::migrate::MIGRATIONS {
            conn.execute_batch(&crate::migrate::sqlite_text(migration.sql)).unwrap();
        }
        for kind in ALL {
            let mut statement =
                conn.prepare(&format!("SELECT name FROM pragma_table_info('{}')", kind.table)).unwrap();
            let there: BTreeSet<String> =
                statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            let named = [kind.owner, kind.uuid, kind.name].into_iter().filter(|name| !name.is_empty());
            let columns = kind.columns.iter().map(|(name, _)| *name).chain(kind.left.iter().copied());
            let listed: BTreeSet<String> = named.chain(columns).map(str::to_owned).collect();
            assert_eq!(listed, there, "{}: list a new column in sqlite/audit/kinds.rs", kind.word);
            for beside in kind.beside {
                let (Beside::One(_, text) | Beside::Many(_, text)) = beside;
                conn.prepare(text).unwrap_or_else(|error| panic!("{}: {error}", kind.word));
            }
        }
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(cut(json!("short")), json!("short"));
        assert_eq!(cut(json!({"a": [1]})), json!({"a": [1]}));
        let long = "é".repeat(MAX_AUDITED_CHARS + 1);
        let left = cut(json!(long));
        assert!(left.as_str().unwrap().ends_with("é… (2002 bytes)"), "{left}");
        assert!(cut(json!({"a": long})).as_str().unwrap().starts_with("{\"a\":\"é"));
    }
}
