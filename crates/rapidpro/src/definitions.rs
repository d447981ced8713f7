//! What contacts, messages and tickets are sorted by: fields, groups, labels, topics, globals, resthooks.

use domain::{
    FieldId, FieldType, FieldUuid, GlobalId, GroupId, GroupUuid, LabelId, LabelUuid, ResthookId, TopicId,
    TopicUuid,
};
use jiff::Timestamp;
use serde::Deserialize;
use smol_str::SmolStr;
use store::{DefinitionChange, FieldRow, GlobalRow, GroupRow, LabelRow, ResthookRow, TopicRow};
use uuid::Uuid;

use crate::{MigrateError, migration::Migration};

const DELETED: &str = "deleted there";

#[derive(Deserialize)]
struct Field {
    id: i64,
    uuid: Uuid,
    key: SmolStr,
    name: SmolStr,
    value_type: String,
    is_system: bool,
    is_active: bool,
}

#[derive(Deserialize)]
struct Group {
    id: i64,
    uuid: Uuid,
    name: SmolStr,
    group_type: String,
    query: Option<SmolStr>,
    is_system: bool,
    is_active: bool,
}

#[derive(Deserialize)]
struct Named {
    id: i64,
    uuid: Uuid,
    name: SmolStr,
    is_active: bool,
}

#[derive(Deserialize)]
struct Global {
    id: i64,
    key: SmolStr,
    name: SmolStr,
    value: SmolStr,
    is_active: bool,
    modified_on: Timestamp,
}

#[derive(Deserialize)]
struct Resthook {
    id: i64,
    slug: SmolStr,
    is_active: bool,
    subscribers: Vec<SmolStr>,
}

const FIELDS: &str = "SELECT id, uuid, key, name, value_type, is_system, is_active FROM contacts_contactfield
    WHERE org_id = $1 ORDER BY priority, id";
const GROUPS: &str =
    "SELECT id, uuid, name, group_type, query, is_system, is_active FROM contacts_contactgroup
    WHERE org_id = $1 ORDER BY id";
const LABELS: &str = "SELECT id, uuid, name, is_active FROM msgs_label WHERE org_id = $1 ORDER BY id";
const TOPICS: &str =
    "SELECT id, uuid, name, is_active FROM tickets_topic WHERE org_id = $1 ORDER BY is_default DESC, id";
const GLOBALS: &str = "SELECT id, key, name, value, is_active, modified_on FROM globals_global
    WHERE org_id = $1 ORDER BY id";
const RESTHOOKS: &str = "SELECT r.id, r.slug, r.is_active,
    ARRAY(SELECT s.target_url FROM api_resthooksubscriber s WHERE s.resthook_id = r.id AND s.is_active ORDER BY s.id)
        AS subscribers
    FROM api_resthook r WHERE r.org_id = $1 ORDER BY r.id";

fn field_type(letter: &str) -> FieldType {
    match letter {
        "N" => FieldType::Number,
        "D" => FieldType::Datetime,
        "S" => FieldType::State,
        "I" => FieldType::District,
        "W" => FieldType::Ward,
        _ => FieldType::Text,
    }
}

impl Migration<'_> {
    /// All of them.
    pub fn definitions(&mut self) -> Result<(), MigrateError> {
        self.contact_fields()?;
        self.groups()?;
        self.labels()?;
        self.globals()?;
        self.resthooks()
    }

    fn contact_fields(&mut self) -> Result<(), MigrateError> {
        let rows: Vec<Field> = self.source.rows("a field", FIELDS, &[self.org.id])?;
        self.count("fields").there = rows.len() as u64;
        for row in rows {
            let area = self.report.areas.entry("fields").or_default();
            if !row.is_active {
                area.leave(DELETED);
                continue;
            }
            self.field_keys.insert(row.id, row.key.clone());
            if row.is_system {
                area.leave("every contact has it");
                continue;
            }
            let field_type = field_type(&row.value_type);
            self.fields.insert(row.uuid, (row.key.clone(), field_type));
            let id = FieldId(self.here(row.id));
            let is_new = !self.before.as_ref().is_some_and(|before| before.fields.iter().any(|f| f.id == id));
            self.count("fields").take(is_new);
            if is_new {
                let (uuid, key, name) = (FieldUuid(row.uuid), row.key, row.name);
                self.define(DefinitionChange::Field(FieldRow { id, uuid, key, name, field_type }));
            }
        }
        Ok(())
    }

    fn groups(&mut self) -> Result<(), MigrateError> {
        let rows: Vec<Group> = self.source.rows("a group", GROUPS, &[self.org.id])?;
        self.count("groups").there = rows.len() as u64;
        for row in rows {
            let area = self.count("groups");
            let by_query = match (row.is_active, row.is_system, row.group_type.as_str()) {
                (false, ..) => {
                    area.leave(DELETED);
                    continue;
                }
                (true, true, _) | (true, _, "A" | "B" | "S" | "V") => {
                    area.leave("made of statuses and open tickets, which are asked for themselves");
                    continue;
                }
                (true, false, letter) => letter == "Q",
            };
            area.kind(if by_query { "query" } else { "manual" });
            let (id, uuid) = (GroupId(self.here(row.id)), GroupUuid(row.uuid));
            self.groups.insert(row.id, (uuid, row.name.clone(), by_query));
            let is_new = !self.before.as_ref().is_some_and(|before| before.groups.iter().any(|g| g.id == id));
            self.count("groups").take(is_new);
            if is_new {
                let query = row.query.filter(|query| by_query && !query.is_empty());
                self.define(DefinitionChange::Group(GroupRow { id, uuid, name: row.name, query }));
            }
        }
        Ok(())
    }

    fn labels(&mut self) -> Result<(), MigrateError> {
        let rows: Vec<Named> = self.source.rows("a label", LABELS, &[self.org.id])?;
        self.count("labels").there = rows.len() as u64;
        for row in rows {
            if !row.is_active {
                self.count("labels").leave(DELETED);
                continue;
            }
            self.labels.insert(row.id);
            let id = LabelId(self.here(row.id));
            let is_new = !self.before.as_ref().is_some_and(|before| before.labels.iter().any(|l| l.id == id));
            self.count("labels").take(is_new);
            if is_new {
                let row = LabelRow { id, uuid: LabelUuid(row.uuid), name: row.name };
                self.define(DefinitionChange::Label(row));
            }
        }
        Ok(())
    }

    /// What tickets are about.
    pub fn topics(&mut self) -> Result<(), MigrateError> {
        let rows: Vec<Named> = self.source.rows("a topic", TOPICS, &[self.org.id])?;
        self.count("topics").there = rows.len() as u64;
        for row in rows {
            if !row.is_active {
                self.count("topics").leave(DELETED);
                continue;
            }
            self.topics.insert(row.id, (row.uuid, row.name.clone()));
            let id = TopicId(self.here(row.id));
            let is_new = !self.before.as_ref().is_some_and(|before| before.topics.iter().any(|t| t.id == id));
            self.count("topics").take(is_new);
            if is_new {
                let row = TopicRow { id, uuid: TopicUuid(row.uuid), name: row.name };
                self.define(DefinitionChange::Topic(row));
            }
        }
        Ok(())
    }

    fn globals(&mut self) -> Result<(), MigrateError> {
        let rows: Vec<Global> = self.source.rows("a global", GLOBALS, &[self.org.id])?;
        self.count("globals").there = rows.len() as u64;
        for row in rows {
            if !row.is_active {
                self.count("globals").leave(DELETED);
                continue;
            }
            let id = GlobalId(self.here(row.id));
            let is_new =
                !self.before.as_ref().is_some_and(|before| before.globals.iter().any(|g| g.id == id));
            self.count("globals").take(is_new);
            if is_new {
                let Global { key, name, value, modified_on, .. } = row;
                self.define(DefinitionChange::Global(GlobalRow { id, key, name, value, modified_on }));
            }
        }
        Ok(())
    }

    fn resthooks(&mut self) -> Result<(), MigrateError> {
        let rows: Vec<Resthook> = self.source.rows("a resthook", RESTHOOKS, &[self.org.id])?;
        self.count("resthooks").there = rows.len() as u64;
        for row in rows {
            if !row.is_active {
                self.count("resthooks").leave(DELETED);
                continue;
            }
            let id = ResthookId(self.here(row.id));
            let is_new =
                !self.before.as_ref().is_some_and(|before| before.resthooks.iter().any(|r| r.id == id));
            for _ in &row.subscribers {
                self.count("resthooks").kind("subscribers");
            }
            self.count("resthooks").take(is_new);
            if is_new {
                let row = ResthookRow { id, slug: row.slug, subscribers: row.subscribers, secret: None };
                self.define(DefinitionChange::Resthook(row));
            }
        }
        Ok(())
    }
}
