//! The templates of a line as its carrier lists them, kept so that broadcasts and flows can be sent with them. What the
//! carrier has takes the place of what was kept for that line; other lines keep theirs.

use std::collections::BTreeMap;

use channels::{CarrierType, ListedTemplate};
use domain::{ChannelUuid, Reference, TemplateId, TemplateUuid, WorkspaceId};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use store::{
    Change, DefinitionChange, StoreError, TemplateRow, TemplateSyncChange, TemplateSyncRow, Unit, UnitError,
};

use crate::{
    Context, MAX_TEMPLATES, Workspace,
    edit_definitions::{SaveError, edit},
};

/// How often the templates of a line are asked for.
pub const TEMPLATES_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// Pause after the first failure; it doubles up to how often they are asked for.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// Characters of an error that are kept.
const KEPT_CHARS: usize = 500;

/// Has the templates of a line asked for at once.
///
/// # Errors
/// [`SaveError::NotFound`] if there is no such line in use; [`SaveError::Kind`] if its carrier keeps none.
pub async fn ask_for_templates(
    ctx: &Context,
    workspace: WorkspaceId,
    channel: ChannelUuid,
) -> Result<TemplateSyncRow, SaveError> {
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(SaveError::NoWorkspace)?;
    let row = ws.channel(channel).filter(|row| row.active).ok_or(SaveError::NotFound)?;
    if CarrierType::from_code(&row.channel_type) != Some(CarrierType::WhatsAppCloud) {
        return Err(SaveError::Kind("Only lines of WhatsApp have templates."));
    }
    let change = TemplateSyncChange::Ask(workspace, row.id, ctx.now());
    match ctx.write_one(Unit::new(vec![Change::TemplateSync(change)])).await {
        Ok(_) => {}
        Err(UnitError::Store(error)) => return Err(error.into()),
        Err(other) => return Err(StoreError::Database(other.to_string()).into()),
    }
    let rows = ctx.store.template_syncs(workspace).await?;
    rows.into_iter().find(|known| known.channel == row.id).ok_or(SaveError::NotFound)
}

/// Keeps what a carrier lists for a line, or why it did not, and says when it is asked next.
///
/// # Errors
/// When the store fails or others keep changing definitions: then it is asked again.
pub async fn record_templates(
    ctx: &Context,
    row: TemplateSyncRow,
    listed: Result<Vec<ListedTemplate>, String>,
) -> Result<(), StoreError> {
    let now = ctx.now();
    let mut moved = row.clone();
    let listed = match listed {
        Ok(listed) => {
            moved.synced_on = Some(now);
            moved.templates = i64::try_from(listed.len()).unwrap_or(i64::MAX);
            (moved.failures, moved.error) = (0, None);
            moved.next_sync = now.checked_add(TEMPLATES_EVERY).unwrap_or(Timestamp::MAX);
            Some(listed)
        }
        Err(said) => {
            tracing::warn!(channel = row.channel.0, said, "templates could not be asked for; they stay");
            let doubled = FIRST_PAUSE.checked_mul(1 << row.failures.clamp(0, 7)).unwrap_or(TEMPLATES_EVERY);
            moved.failures += 1;
            moved.error = Some(said.chars().filter(|c| *c != '\0').take(KEPT_CHARS).collect());
            moved.next_sync = now.checked_add(doubled.min(TEMPLATES_EVERY)).unwrap_or(Timestamp::MAX);
            None
        }
    };
    let done = Change::TemplateSync(TemplateSyncChange::Done(Box::new(moved)));
    let written = edit(ctx, row.workspace, |ws| {
        let mut changes = match ws.channel_by_id(row.channel).zip(listed.as_ref()) {
            Some((channel, listed)) => {
                let channel = Reference { uuid: channel.uuid, name: channel.name.clone() };
                planned(ctx, ws, &channel, listed, now)
            }
            None => Vec::new(),
        };
        changes.push(done.clone());
        Ok((changes, ()))
    });
    match written.await {
        // Somebody asked anew meanwhile, so that it is due again; or the workspace is not there any more.
        Ok(()) | Err(SaveError::NoWorkspace) => Ok(()),
        Err(SaveError::Busy) => Err(StoreError::Busy),
        Err(SaveError::Store(error)) => Err(error),
        Err(other) => Err(StoreError::Database(other.to_string())),
    }
}

/// The templates that become others by what a carrier lists for a line.
fn planned(
    ctx: &Context,
    ws: &Workspace,
    channel: &Reference<ChannelUuid>,
    listed: &[ListedTemplate],
    now: Timestamp,
) -> Vec<Change> {
    let mut by_name: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for template in listed {
        by_name.entry(&template.name).or_default().push(translation(channel, template));
    }
    let known = &ws.definitions().templates;
    let mut room = MAX_TEMPLATES.saturating_sub(known.len());
    let mut changes = Vec::new();
    let mut keep = |row: TemplateRow| {
        changes.push(Change::Definition(ws.row.id, DefinitionChange::Template(row)));
    };
    for row in known {
        let of_others = row.translations.as_array().into_iter().flatten();
        let of_others = of_others.filter(|one| one["channel"]["uuid"] != json!(channel.uuid)).cloned();
        let mut translations: Vec<Value> = of_others.collect();
        translations.extend(by_name.remove(row.name.as_str()).unwrap_or_default());
        let translations = in_order(translations);
        if translations != row.translations {
            keep(TemplateRow { translations, modified_on: now, ..row.clone() });
        }
    }
    for (name, translations) in by_name {
        if room == 0 {
            tracing::warn!(name, most = MAX_TEMPLATES, "a workspace has too many templates; one is left out");
            continue;
        }
        room -= 1;
        keep(TemplateRow {
            id: TemplateId(ctx.next_id(now)),
            uuid: TemplateUuid(ctx.host.uuid_v7()),
            name: name.into(),
            translations: in_order(translations),
            created_on: now,
            modified_on: now,
        });
    }
    changes
}

/// Translations always in the same order, so that a carrier's order alone changes nothing.
fn in_order(mut translations: Vec<Value>) -> Value {
    let text = |one: &Value, member: &str| SmolStr::from(one[member].as_str().unwrap_or_default());
    translations.sort_by_cached_key(|one| {
        (SmolStr::from(one["channel"]["uuid"].as_str().unwrap_or_default()), text(one, "locale"))
    });
    Value::Array(translations)
}

/// A translation as it is kept and as the engine reads it.
fn translation(channel: &Reference<ChannelUuid>, listed: &ListedTemplate) -> Value {
    let components = listed.components.iter().map(|part| {
        let places: Map<String, Value> =
            part.variables.iter().map(|(name, at)| (name.to_string(), json!(at))).collect();
        let mut shown = json!({
            "name": part.name,
            "type": part.kind,
            "content": part.content,
            "variables": places,
        });
        if let Some(display) = &part.display {
            shown["display"] = json!(display);
        }
        shown
    });
    json!({
        "channel": channel,
        "locale": listed.locale,
        "external_locale": listed.external_locale,
        "external_id": listed.external_id,
        "category": listed.category,
        "status": listed.status,
        "namespace": "",
        "components": components.collect::<Vec<Value>>(),
        "variables": listed.variables.iter().map(|kind| json!({"type": kind})).collect::<Vec<Value>>(),
    })
}
