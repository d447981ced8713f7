//! Writes definitions: each row as given, by its row number.

use crate::sql::Connection;
use domain::WorkspaceId;

use super::{apply::unless_taken, apply_settings, desk, programmes, read_definitions::field_type_word, sql};
use crate::{
    CampaignEventRow, CampaignRow, ChannelRow, DefinitionChange, FieldRow, FlowRow, GroupRow,
    KEPT_TABLE_VERSIONS, ServiceRow, TableContent, TableRow, TriggerRow, UnitError, UserRow, WorkspaceRow,
};

/// The key by which names are unique: lower case, outer blanks off.
pub(super) fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A row number that another workspace uses changes nothing there.
pub(super) fn only_own(changed: usize) -> Result<(), UnitError> {
    if changed == 1 { Ok(()) } else { Err(UnitError::Taken("the row number")) }
}

/// Tells running nodes that the workspace's definitions changed.
pub(super) fn raise_version(conn: &Connection, workspace: WorkspaceId) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "UPDATE workspace SET definitions_version = definitions_version + 1 WHERE id = $1",
        &[&workspace.0],
    )?;
    Ok(())
}

// tidy: table
pub(super) fn change(
    conn: &Connection,
    workspace: WorkspaceId,
    change: &DefinitionChange,
) -> Result<(), UnitError> {
    match change {
        DefinitionChange::Expect(version) => expect(conn, workspace, *version),
        DefinitionChange::NewWorkspace(row) => new_workspace(conn, row),
        DefinitionChange::Workspace(row) => settings(conn, row),
        DefinitionChange::FormerZone(zone) => sql::exec(
            conn,
            "INSERT INTO former_zone (workspace_id, until, timezone) VALUES ($1, $2, $3)
             ON CONFLICT (workspace_id, until) DO NOTHING",
            &[&workspace.0, &zone.until.as_microsecond(), &zone.timezone.as_str()],
        )
        .map(drop)
        .map_err(UnitError::from),
        DefinitionChange::User(row) => user(conn, row),
        DefinitionChange::Channel(row) => channel(conn, row),
        DefinitionChange::Field(row) => field(conn, workspace, row),
        DefinitionChange::Group(row) => group(conn, workspace, row),
        DefinitionChange::RemoveCampaignEvent(id) => remove(conn, workspace, id.0, "campaign_event", "id"),
        DefinitionChange::RemoveGroup(id) => {
            remove(conn, workspace, id.0, "contact_group_member", "group_id")
                .and_then(|()| remove(conn, workspace, id.0, "contact_group", "id"))
        }
        DefinitionChange::RemoveLabel(id) => remove(conn, workspace, id.0, "message_label", "label_id")
            .and_then(|()| remove(conn, workspace, id.0, "label", "id")),
        DefinitionChange::Label(row) => sql::exec(
            conn,
            "INSERT INTO label (id, workspace_id, uuid, name, name_key) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key
             WHERE label.workspace_id = excluded.workspace_id",
            &[&row.id.0, &workspace.0, &row.uuid.0, &row.name.as_str(), &name_key(&row.name)],
        )
        .map_err(|error| unless_taken(error, UnitError::Taken("the label name")))
        .and_then(only_own),
        DefinitionChange::Global(row) => sql::exec(
            conn,
            "INSERT INTO global_value (id, workspace_id, key, name, value, modified_on)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, value = excluded.value,
                 modified_on = excluded.modified_on
             WHERE global_value.workspace_id = excluded.workspace_id",
            &[
                &row.id.0,
                &workspace.0,
                &row.key.as_str(),
                &row.name.as_str(),
                &row.value.as_str(),
                &row.modified_on.as_microsecond(),
            ],
        )
        .map_err(|error| unless_taken(error, UnitError::Taken("the global's key")))
        .and_then(only_own),
        DefinitionChange::Feature(row) => apply_settings::feature(conn, workspace, row),
        DefinitionChange::Service(row) => service(conn, workspace, row),
        DefinitionChange::Resthook(row) => sql::exec(
            conn,
            "INSERT INTO resthook (id, workspace_id, slug, subscribers, secret) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (id) DO UPDATE SET slug = excluded.slug, subscribers = excluded.subscribers,
                 secret = excluded.secret
             WHERE resthook.workspace_id = excluded.workspace_id",
            &[
                &row.id.0,
                &workspace.0,
                &row.slug.as_str(),
                &sql::to_json(&row.subscribers)?,
                &row.secret.as_ref().map(crate::Secret::reveal),
            ],
        )
        .map_err(|error| unless_taken(error, UnitError::Taken("the resthook's name")))
        .and_then(only_own),
        DefinitionChange::Topic(row) => sql::exec(
            conn,
            "INSERT INTO topic (id, workspace_id, uuid, name, name_key) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key
             WHERE topic.workspace_id = excluded.workspace_id",
            &[&row.id.0, &workspace.0, &row.uuid.0, &row.name.as_str(), &name_key(&row.name)],
        )
        .map_err(|error| unless_taken(error, UnitError::Taken("the topic's name")))
        .and_then(only_own),
        DefinitionChange::Team(row) => desk::team(conn, workspace, row),
        DefinitionChange::RemoveTeam(id) => desk::remove_team(conn, workspace, *id),
        DefinitionChange::CannedReply(row) => desk::canned_reply(conn, workspace, row),
        DefinitionChange::RemoveCannedReply(id) => remove(conn, workspace, id.0, "canned_reply", "id"),
        DefinitionChange::Locations(tree) => sql::exec(
            conn,
            "INSERT INTO location_tree (workspace_id, tree) VALUES ($1, $2)
             ON CONFLICT (workspace_id) DO UPDATE SET tree = excluded.tree",
            &[&workspace.0, &&**tree],
        )
        .map(drop)
        .map_err(UnitError::from),
        DefinitionChange::Flow(row) => flow(conn, workspace, row),
        DefinitionChange::Revision(row) => sql::exec(
            conn,
            "INSERT INTO flow_revision (workspace_id, flow_id, revision, definition, created_on)
             VALUES ($1, $2, $3, $4, $5)",
            &[&workspace.0, &row.flow.0, &row.revision, &&*row.definition, &row.created_on.as_microsecond()],
        )
        .map(drop)
        .map_err(|error| unless_taken(error, UnitError::Taken("the revision number"))),
        DefinitionChange::Table(row) => table(conn, workspace, row),
        DefinitionChange::TableContent(content) => table_content(conn, workspace, content),
        DefinitionChange::Trigger(row) => trigger(conn, workspace, row),
        DefinitionChange::Template(row) => sql::exec(
            conn,
            "INSERT INTO template (id, workspace_id, uuid, name, translations, created_on, modified_on)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, translations = excluded.translations,
                 modified_on = excluded.modified_on
             WHERE template.workspace_id = excluded.workspace_id",
            &[
                &row.id.0,
                &workspace.0,
                &row.uuid.0,
                &row.name.as_str(),
                &sql::to_json(&row.translations)?,
                &row.created_on.as_microsecond(),
                &row.modified_on.as_microsecond(),
            ],
        )
        .map_err(|error| unless_taken(error, UnitError::Taken("the template's name")))
        .and_then(only_own),
        DefinitionChange::RemoveTemplate(id) => remove(conn, workspace, id.0, "template", "id"),
        DefinitionChange::Optin(row) => sql::exec(
            conn,
            "INSERT INTO optin (id, workspace_id, uuid, name, name_key, created_on)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key
             WHERE optin.workspace_id = excluded.workspace_id",
            &[
                &row.id.0,
                &workspace.0,
                &row.uuid.0,
                &row.name.as_str(),
                &name_key(&row.name),
                &row.created_on.as_microsecond(),
            ],
        )
        .map_err(|error| unless_taken(error, UnitError::Taken("the opt-in's name")))
        .and_then(only_own),
        DefinitionChange::RemoveTable(id) => {
            remove(conn, workspace, id.0, "lookup_table_version", "table_id")?;
            remove(conn, workspace, id.0, "lookup_table", "id")
        }
        DefinitionChange::RemoveTrigger(id) => {
            let text = "DELETE FROM flow_trigger WHERE id = $1 AND workspace_id = $2";
            sql::exec(conn, text, &[&id.0, &workspace.0])?;
            Ok(())
        }
        DefinitionChange::Campaign(row) => campaign(conn, workspace, row),
        DefinitionChange::CampaignEvent(row) => campaign_event(conn, workspace, row),
        DefinitionChange::MessageSet(row) => programmes::set(conn, workspace, row),
        DefinitionChange::ProgrammeMessage(row) => programmes::message(conn, workspace, row),
        DefinitionChange::ClearProgrammeMessages(id) => programmes::clear_messages(conn, workspace, *id),
        DefinitionChange::ClearCampaignEvents(id) => sql::exec(
            conn,
            "DELETE FROM campaign_event WHERE campaign_id = $1 AND workspace_id = $2",
            &[&id.0, &workspace.0],
        )
        .map(drop)
        .map_err(UnitError::from),
    }
}

/// Removes the rows of a table whose column has this row number.
fn remove(
    conn: &Connection,
    workspace: WorkspaceId,
    id: i64,
    table: &'static str,
    column: &'static str,
) -> Result<(), UnitError> {
    let text = format!("DELETE FROM {table} WHERE {column} = $1 AND workspace_id = $2");
    sql::exec(conn, &text, &[&id, &workspace.0])?;
    Ok(())
}

fn field(conn: &Connection, workspace: WorkspaceId, row: &FieldRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO contact_field (id, workspace_id, uuid, key, name, value_type)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (id) DO UPDATE SET key = excluded.key, name = excluded.name,
                 value_type = excluded.value_type
             WHERE contact_field.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &workspace.0,
            &row.uuid.0,
            &row.key.as_str(),
            &row.name.as_str(),
            &field_type_word(row.field_type),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the field key")))
    .and_then(only_own)
}

fn group(conn: &Connection, workspace: WorkspaceId, row: &GroupRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO contact_group (id, workspace_id, uuid, name, name_key, query)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key,
                 query = excluded.query
             WHERE contact_group.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &workspace.0,
            &row.uuid.0,
            &row.name.as_str(),
            &name_key(&row.name),
            &row.query.as_deref(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the group name")))
    .and_then(only_own)
}

fn expect(conn: &Connection, workspace: WorkspaceId, version: i64) -> Result<(), UnitError> {
    let text = "SELECT definitions_version FROM workspace WHERE id = $1";
    match sql::one(conn, text, &[&workspace.0], |row| row.get::<i64>(0))? {
        Some(found) if found == version => Ok(()),
        Some(_) => Err(UnitError::Conflict),
        None => Err(UnitError::Gone),
    }
}

fn new_workspace(conn: &Connection, row: &WorkspaceRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO workspace (id, uuid, name, timezone, country, languages, date_format, time_format,
             input_collation, anonymous, obfuscation_key, definitions_version, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            &row.id.0,
            &row.uuid.0,
            &row.name.as_str(),
            &row.timezone.as_str(),
            &row.country.as_deref(),
            &sql::to_json(&row.languages)?,
            &row.date_format.as_str(),
            &row.time_format.as_str(),
            &row.input_collation.as_str(),
            &row.anonymous,
            &sql::to_json(&row.obfuscation_key)?,
            &row.definitions_version,
            &row.created_on.as_microsecond(),
        ],
    )?;
    Ok(())
}

fn settings(conn: &Connection, row: &WorkspaceRow) -> Result<(), UnitError> {
    let changed = sql::exec(
        conn,
        "UPDATE workspace SET name = $1, timezone = $2, country = $3, languages = $4, date_format = $5,
             time_format = $6, input_collation = $7, anonymous = $8 WHERE id = $9",
        &[
            &row.name.as_str(),
            &row.timezone.as_str(),
            &row.country.as_deref(),
            &sql::to_json(&row.languages)?,
            &row.date_format.as_str(),
            &row.time_format.as_str(),
            &row.input_collation.as_str(),
            &row.anonymous,
            &row.id.0,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Gone) }
}

fn user(conn: &Connection, row: &UserRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO user_account (id, workspace_id, uuid, email, name, password_hash, role, created_on, team_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = excluded.name,
             password_hash = excluded.password_hash, role = excluded.role, team_id = excluded.team_id
             WHERE user_account.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &row.workspace.0,
            &row.uuid.0,
            &row.email.to_lowercase(),
            &row.name.as_str(),
            &row.password_hash,
            &row.role.as_str(),
            &row.created_on.as_microsecond(),
            &row.team.map_or(0, |id| id.0),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the e-mail address")))
    .and_then(only_own)
}

fn channel(conn: &Connection, row: &ChannelRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO channel (id, workspace_id, uuid, channel_type, name, address, schemes, roles, country,
             config, rate, rate_seconds, active, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, address = excluded.address,
             schemes = excluded.schemes, roles = excluded.roles, country = excluded.country,
             config = excluded.config, rate = excluded.rate, rate_seconds = excluded.rate_seconds,
             active = excluded.active
             WHERE channel.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &row.workspace.0,
            &row.uuid.0,
            &row.channel_type.as_str(),
            &row.name.as_str(),
            &row.address.as_str(),
            &sql::to_json(&row.schemes)?,
            &sql::to_json(&row.roles)?,
            &row.country.as_deref(),
            &sql::to_json(&row.config)?,
            &row.rate.map(|rate| rate.messages),
            &row.rate.map_or(1, |rate| rate.seconds),
            &row.active,
            &row.created_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the channel's identifier")))
    .and_then(only_own)
}

fn service(conn: &Connection, workspace: WorkspaceId, row: &ServiceRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO service (id, workspace_id, uuid, kind, name, config, secret, active, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, config = excluded.config,
             secret = excluded.secret, active = excluded.active
         WHERE service.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &workspace.0,
            &row.uuid,
            &row.kind.as_str(),
            &row.name.as_str(),
            &sql::to_json(&row.config)?,
            &row.secret.reveal(),
            &row.active,
            &row.created_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the service's identifier")))
    .and_then(only_own)
}

fn flow(conn: &Connection, workspace: WorkspaceId, row: &FlowRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO flow (id, workspace_id, uuid, name, flow_type, expire_after_minutes, ignore_triggers,
             revision, archived, created_on, modified_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, flow_type = excluded.flow_type,
             expire_after_minutes = excluded.expire_after_minutes,
             ignore_triggers = excluded.ignore_triggers, revision = excluded.revision,
             archived = excluded.archived, modified_on = excluded.modified_on
             WHERE flow.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &workspace.0,
            &row.uuid.0,
            &row.name.as_str(),
            &row.flow_type.as_str(),
            &row.expire_after_minutes,
            &row.ignore_triggers,
            &row.revision,
            &row.archived,
            &row.created_on.as_microsecond(),
            &row.modified_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the flow's identifier")))
    .and_then(only_own)
}

fn trigger(conn: &Connection, workspace: WorkspaceId, row: &TriggerRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO flow_trigger (id, workspace_id, trigger_type, flow_id, keywords, match_type, include_groups,
             exclude_groups, channel_id, detail, archived, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (id) DO UPDATE SET trigger_type = excluded.trigger_type, flow_id = excluded.flow_id,
             keywords = excluded.keywords, match_type = excluded.match_type,
             include_groups = excluded.include_groups, exclude_groups = excluded.exclude_groups,
             channel_id = excluded.channel_id, detail = excluded.detail, archived = excluded.archived
             WHERE flow_trigger.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &workspace.0,
            &row.trigger_type.as_str(),
            &row.flow.0,
            &sql::to_json(&row.keywords)?,
            &row.match_type.as_deref(),
            &sql::to_json(&row.include_groups)?,
            &sql::to_json(&row.exclude_groups)?,
            &row.channel.map(|id| id.0),
            &sql::to_json(&row.detail)?,
            &row.archived,
            &row.created_on.as_microsecond(),
        ],
    )
    .map_err(UnitError::from)
    .and_then(only_own)
}

fn campaign(conn: &Connection, workspace: WorkspaceId, row: &CampaignRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO campaign (id, workspace_id, uuid, name, group_id, archived, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, group_id = excluded.group_id,
             archived = excluded.archived
             WHERE campaign.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &workspace.0,
            &row.uuid.0,
            &row.name.as_str(),
            &row.group.0,
            &row.archived,
            &row.created_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the campaign's identifier")))
    .and_then(only_own)
}

fn campaign_event(
    conn: &Connection,
    workspace: WorkspaceId,
    row: &CampaignEventRow,
) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO campaign_event (id, workspace_id, uuid, campaign_id, relative_to, offset_count, offset_unit,
             delivery_hour, start_mode, flow_id, message, base_language, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (id) DO UPDATE SET relative_to = excluded.relative_to,
             offset_count = excluded.offset_count, offset_unit = excluded.offset_unit,
             delivery_hour = excluded.delivery_hour, start_mode = excluded.start_mode,
             flow_id = excluded.flow_id, message = excluded.message, base_language = excluded.base_language
             WHERE campaign_event.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &workspace.0,
            &row.uuid.0,
            &row.campaign.0,
            &row.relative_to.as_str(),
            &row.offset,
            &row.unit.as_str(),
            &row.delivery_hour,
            &row.start_mode.as_str(),
            &row.flow.map(|id| id.0),
            &row.message,
            &row.base_language.as_deref(),
            &row.created_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the campaign event's identifier")))
    .and_then(only_own)
}

fn table(conn: &Connection, workspace: WorkspaceId, row: &TableRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO lookup_table (id, workspace_id, name, key_column, columns, version, row_count, created_on,
             modified_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (id) DO UPDATE SET key_column = excluded.key_column, columns = excluded.columns,
             version = excluded.version, row_count = excluded.row_count, modified_on = excluded.modified_on
         WHERE lookup_table.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &workspace.0,
            &row.name.as_str(),
            &row.key_column.as_str(),
            &sql::to_json(&row.columns)?,
            &row.version,
            &row.row_count,
            &row.created_on.as_microsecond(),
            &row.modified_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the name of the table")))
    .and_then(only_own)
}

fn table_content(conn: &Connection, workspace: WorkspaceId, content: &TableContent) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO lookup_table_version (workspace_id, table_id, version, content, row_count, created_on)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            &workspace.0,
            &content.table.0,
            &content.version,
            &&*content.content,
            &content.row_count,
            &content.created_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the version of the table")))?;
    sql::exec(
        conn,
        "DELETE FROM lookup_table_version WHERE table_id = $1 AND workspace_id = $2 AND version <= $3",
        &[&content.table.0, &workspace.0, &(content.version - KEPT_TABLE_VERSIONS)],
    )?;
    Ok(())
}
