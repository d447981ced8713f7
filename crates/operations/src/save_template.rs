//! Templates that carriers approve, and what people can agree to.

use domain::{ChannelUuid, OptinId, OptinUuid, Reference, TemplateId, TemplateUuid, WorkspaceId};
use flows::assets::Template;
use serde_json::{Value, json};
use smol_str::{SmolStr, format_smolstr};
use store::{Change, DefinitionChange, OptinRow, TemplateRow};

use crate::{
    Context,
    edit_definitions::{SaveError, Saved, edit, proper_name, same_name},
};

/// Templates of a workspace.
pub const MAX_TEMPLATES: usize = 1_000;
/// Characters of a template's name, as WhatsApp has it.
pub const MAX_TEMPLATE_NAME: usize = 512;
/// Translations of one template.
pub const MAX_TRANSLATIONS: usize = 100;
/// Characters of the text of a part.
pub const MAX_TEMPLATE_TEXT: usize = 1_024;
/// Opt-ins of a workspace.
pub const MAX_OPTINS: usize = 250;
/// Characters of an opt-in's name.
pub const MAX_OPTIN_NAME: usize = 64;

/// The word for a translation that the carrier has approved.
const APPROVED: &str = "approved";

/// A template in one language on one line, as it is given.
#[derive(Debug, Clone)]
pub struct TranslationEdit {
    /// The line.
    pub channel: Reference<ChannelUuid>,
    /// Language and perhaps country, as in `eng-US`.
    pub locale: SmolStr,
    /// `approved`, `pending`, `rejected` or `paused`: only approved ones are used.
    pub status: SmolStr,
    /// The carrier's namespace, if it has one.
    pub namespace: SmolStr,
    /// Text of the heading, if there is one.
    pub header: Option<SmolStr>,
    /// Text, with `{{1}}` where values go.
    pub body: SmolStr,
}

/// A template as flows and broadcasts use it: of its translations those that are approved.
pub(crate) fn asset(row: &TemplateRow) -> Template {
    let all = row.translations.as_array().map(Vec::as_slice).unwrap_or_default();
    let approved = all.iter().filter(|one| one["status"] == APPROVED);
    let translations = approved.filter_map(|one| serde_json::from_value(one.clone()).ok()).collect();
    Template { uuid: row.uuid, name: row.name.clone(), translations }
}

/// Makes a template, or changes the one with a name.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn save_template(
    ctx: &Context,
    workspace: WorkspaceId,
    name: &str,
    translations: &[TranslationEdit],
) -> Result<Saved<TemplateRow>, SaveError> {
    let name = name.trim();
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.chars().count() > MAX_TEMPLATE_NAME || !name.chars().all(is_name) {
        return Err(SaveError::Name("Use small letters, digits and _ only, as the carrier does."));
    }
    if translations.is_empty() || translations.len() > MAX_TRANSLATIONS {
        let said = format_smolstr!("Give 1 to {MAX_TRANSLATIONS} translations.");
        return Err(SaveError::Wrong("translations", said));
    }
    let written: Vec<Value> = translations.iter().map(written).collect::<Result<_, _>>()?;
    edit(ctx, workspace, |ws| {
        let templates = &ws.definitions().templates;
        let known = templates.iter().find(|row| row.name == name);
        if known.is_none() && templates.len() >= MAX_TEMPLATES {
            return Err(SaveError::TooMany(MAX_TEMPLATES));
        }
        let now = ctx.now();
        let row = TemplateRow {
            id: known.map_or_else(|| TemplateId(ctx.next_id(now)), |row| row.id),
            uuid: known.map_or_else(|| TemplateUuid(ctx.host.uuid_v7()), |row| row.uuid),
            name: name.into(),
            translations: Value::Array(written.clone()),
            created_on: known.map_or(now, |row| row.created_on),
            modified_on: now,
        };
        let saved = Saved { row: row.clone(), made: known.is_none() };
        Ok((vec![Change::Definition(workspace, DefinitionChange::Template(row))], saved))
    })
    .await
}

/// A translation as it is kept and as the engine reads it.
fn written(given: &TranslationEdit) -> Result<Value, SaveError> {
    let wrong = |said: SmolStr| SaveError::Wrong("translations", said);
    if given.body.trim().is_empty() {
        return Err(wrong("A translation has a body.".into()));
    }
    let mut components = Vec::new();
    let mut variables = Vec::new();
    for (name, text) in [("header", given.header.as_ref()), ("body", Some(&given.body))] {
        let Some(text) = text else { continue };
        if text.chars().count() > MAX_TEMPLATE_TEXT {
            return Err(wrong(format_smolstr!("A text has at most {MAX_TEMPLATE_TEXT} characters.")));
        }
        let mut places = serde_json::Map::new();
        for number in numbers(text) {
            places.insert(number.to_string(), json!(variables.len()));
            variables.push(json!({"type": "text"}));
        }
        components.push(json!({
            "name": name,
            "type": format!("{name}/text"),
            "content": text,
            "variables": places,
        }));
    }
    Ok(json!({
        "channel": given.channel,
        "locale": given.locale,
        "status": given.status,
        "namespace": given.namespace,
        "components": components,
        "variables": variables,
    }))
}

/// The numbers of `{{1}}`, `{{2}}` … in a text, each once, in order.
fn numbers(text: &str) -> Vec<u32> {
    let mut found: Vec<u32> =
        text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")?.0.trim().parse().ok()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Removes a template.
///
/// # Errors
/// [`SaveError::NotFound`]
pub async fn remove_template(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: TemplateUuid,
) -> Result<(), SaveError> {
    edit(ctx, workspace, |ws| {
        let found = ws.definitions().templates.iter().find(|row| row.uuid == uuid);
        let id = found.ok_or(SaveError::NotFound)?.id;
        Ok((vec![Change::Definition(workspace, DefinitionChange::RemoveTemplate(id))], ()))
    })
    .await
}

/// Makes something that people can agree to, or gives it another name.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn save_optin(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: Option<OptinUuid>,
    name: &str,
) -> Result<Saved<OptinRow>, SaveError> {
    let name = proper_name(name, MAX_OPTIN_NAME)?;
    edit(ctx, workspace, |ws| {
        let optins = &ws.definitions().optins;
        let known = match uuid {
            Some(uuid) => Some(optins.iter().find(|row| row.uuid == uuid).ok_or(SaveError::NotFound)?),
            None => None,
        };
        if optins.iter().any(|row| same_name(&row.name, &name) && Some(row.id) != known.map(|row| row.id)) {
            return Err(SaveError::Taken);
        }
        if known.is_none() && optins.len() >= MAX_OPTINS {
            return Err(SaveError::TooMany(MAX_OPTINS));
        }
        let now = ctx.now();
        let row = OptinRow {
            id: known.map_or_else(|| OptinId(ctx.next_id(now)), |row| row.id),
            uuid: known.map_or_else(|| OptinUuid(ctx.host.uuid_v7()), |row| row.uuid),
            name: name.clone(),
            created_on: known.map_or(now, |row| row.created_on),
        };
        let saved = Saved { row: row.clone(), made: known.is_none() };
        Ok((vec![Change::Definition(workspace, DefinitionChange::Optin(row))], saved))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn finds_the_places_of_values() {
        for (text, expected) in [
            ("Hello", vec![]),
            ("Hello {{1}}, see {{2}} at {{1}}", vec![1, 2]),
            ("{{ 2 }} before {{1}} {{x}} {{", vec![1, 2]),
        ] {
            assert_eq!(numbers(text), expected, "{text}");
        }
    }
}
