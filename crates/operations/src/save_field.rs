//! A contact field is added, or gets another name or type.

use domain::{FieldId, FieldType, FieldUuid, WorkspaceId};
use smol_str::SmolStr;
use store::{Change, DefinitionChange, FieldRow};

use crate::{
    Context,
    edit_definitions::{SaveError, Saved, edit, key_of, same_name},
};

/// Fields of a workspace.
pub const MAX_FIELDS: usize = 250;
/// Characters of a field's name.
pub const MAX_FIELD_NAME: usize = 36;
/// Words that mean something else where fields are named.
const RESERVED: [&str; 17] = [
    "campaign",
    "contact",
    "created_by",
    "created_on",
    "first_name",
    "flow",
    "group",
    "groups",
    "history",
    "id",
    "is",
    "language",
    "last_seen_on",
    "name",
    "status",
    "tickets",
    "uuid",
];

/// Adds a field, or changes the one with this key.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn save_field(
    ctx: &Context,
    workspace: WorkspaceId,
    key: Option<&str>,
    name: &str,
    field_type: FieldType,
) -> Result<Saved<FieldRow>, SaveError> {
    let name = proper(name)?;
    edit(ctx, workspace, |ws| {
        let fields = &ws.definitions().fields;
        let (row, made) = match key {
            Some(key) => {
                let known = fields.iter().find(|field| field.key == key).ok_or(SaveError::NotFound)?;
                let counted = ws.definitions().campaign_events.iter().any(|event| event.relative_to == key);
                if counted && field_type != FieldType::Datetime {
                    return Err(SaveError::Kind(
                        "Cannot change the type of a date that campaigns count from.",
                    ));
                }
                (FieldRow { name: name.clone(), field_type, ..known.clone() }, false)
            }
            None => {
                let key = key_of(&name).filter(|key| !RESERVED.contains(&key.as_str()));
                let key = key.ok_or(SaveError::Name("Not a name that a field can have."))?;
                if fields.iter().any(|field| field.key == key) {
                    return Err(SaveError::Taken);
                }
                if fields.len() >= MAX_FIELDS {
                    return Err(SaveError::TooMany(MAX_FIELDS));
                }
                let (id, uuid) = (FieldId(ctx.next_id(ctx.now())), FieldUuid(ctx.host.uuid_v4()));
                (FieldRow { id, uuid, key, name: name.clone(), field_type }, true)
            }
        };
        if fields.iter().any(|field| field.id != row.id && same_name(&field.name, &row.name)) {
            return Err(SaveError::Taken);
        }
        let change = Change::Definition(workspace, DefinitionChange::Field(row.clone()));
        Ok((vec![change], Saved { row, made }))
    })
    .await
}

fn proper(name: &str) -> Result<SmolStr, SaveError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(SaveError::Name("This field may not be blank."));
    }
    if name.chars().count() > MAX_FIELD_NAME {
        return Err(SaveError::Name("Ensure this field has no more than 36 characters."));
    }
    let fits = |c: char| c.is_alphanumeric() || c == ' ' || c == '-';
    if !name.chars().all(fits) {
        return Err(SaveError::Name("May only contain letters, digits, spaces and hyphens."));
    }
    Ok(name.into())
}
