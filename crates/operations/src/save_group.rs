//! A group is added, gets another name or query, or is removed.

use domain::{GroupId, GroupUuid, WorkspaceId, query::GroupDependency};
use smol_str::{SmolStr, format_smolstr};
use store::{Change, DefinitionChange, GroupRow, StoreError};

use crate::{
    Context, Workspace,
    edit_definitions::{SaveError, Saved, edit, proper_name, same_name},
    jobs::fill_group_job,
};

/// Groups of a workspace.
pub const MAX_GROUPS: usize = 1_000;
/// Characters of a group's name.
pub const MAX_GROUP_NAME: usize = 64;
/// Characters of a contact query.
pub const MAX_QUERY: usize = 1_000;

/// Adds a group, or changes the one with this identifier. With a query it fills itself: a job looks for its members, and
/// from then on it follows people as they change. What is not given stays as it is.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn save_group(
    ctx: &Context,
    workspace: WorkspaceId,
    group: Option<GroupUuid>,
    name: Option<&str>,
    query: Option<&str>,
) -> Result<Saved<GroupRow>, SaveError> {
    let name = match name {
        Some(name) => Some(proper_name(name, MAX_GROUP_NAME)?),
        None if group.is_none() => return Err(SaveError::Name("This field is required.")),
        None => None,
    };
    let saved = edit(ctx, workspace, |ws| {
        let groups = &ws.definitions().groups;
        let known =
            group.map(|uuid| groups.iter().find(|group| group.uuid == uuid).ok_or(SaveError::NotFound));
        let known = known.transpose()?;
        if known.is_none() && groups.len() >= MAX_GROUPS {
            return Err(SaveError::TooMany(MAX_GROUPS));
        }
        let made = known.is_none();
        let mut row = known.cloned().unwrap_or_else(|| {
            let (id, uuid) = (GroupId(ctx.next_id(ctx.now())), GroupUuid(ctx.host.uuid_v4()));
            GroupRow { id, uuid, name: SmolStr::default(), query: None }
        });
        row.name = name.clone().unwrap_or(row.name);
        if groups.iter().any(|group| group.id != row.id && same_name(&group.name, &row.name)) {
            return Err(SaveError::Taken);
        }
        let query = query.map(|query| group_query(ctx, ws, &row, made, query)).transpose()?;
        let refilled = query.is_some() && query != row.query;
        row.query = query.or(row.query);
        let mut changes = vec![Change::Definition(workspace, DefinitionChange::Group(row.clone()))];
        if refilled {
            let job = fill_group_job(ctx, workspace, row.uuid)
                .map_err(|error| StoreError::Database(error.to_string()))?;
            changes.push(Change::NewJob(Box::new(job)));
        }
        Ok((changes, (Saved { row, made }, refilled)))
    });
    let (saved, refilled) = saved.await?;
    if refilled {
        ctx.jobs.notify_one();
    }
    Ok(saved)
}

/// The query of a group, if it may have this one.
fn group_query(
    ctx: &Context,
    ws: &Workspace,
    row: &GroupRow,
    made: bool,
    query: &str,
) -> Result<SmolStr, SaveError> {
    if !made && row.query.is_none() {
        return Err(SaveError::Query("This group is filled by hand; it cannot have a query.".into()));
    }
    if query.chars().count() > MAX_QUERY {
        return Err(SaveError::Query(format!("Ensure this field has no more than {MAX_QUERY} characters.")));
    }
    let read = ws.query(query, ctx.now()).map_err(|error| SaveError::Query(error.to_string()))?;
    if !read.inspection().allow_as_group {
        let said =
            "A group cannot be defined by this: it asks for a group, flow, history, status, id or ref.";
        return Err(SaveError::Query(said.to_owned()));
    }
    Ok(read.root().to_string().into())
}

/// Removes a group; its members are in it no more. One that campaigns, triggers or queries of other groups need stays.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn remove_group(ctx: &Context, workspace: WorkspaceId, group: GroupUuid) -> Result<(), SaveError> {
    edit(ctx, workspace, |ws| {
        let row = ws.definitions().groups.iter().find(|row| row.uuid == group).ok_or(SaveError::NotFound)?;
        if let Some(user) = used_by(ctx, ws, row) {
            return Err(SaveError::InUse(user));
        }
        Ok((vec![Change::Definition(workspace, DefinitionChange::RemoveGroup(row.id))], ()))
    })
    .await
}

/// Whether a query names this group.
fn is(named: &GroupDependency, group: &GroupRow) -> bool {
    match named {
        GroupDependency::Known(known) => known.uuid == group.uuid,
        GroupDependency::Named(name) => same_name(name, &group.name),
    }
}

/// What needs a group.
fn used_by(ctx: &Context, ws: &Workspace, group: &GroupRow) -> Option<SmolStr> {
    let definitions = ws.definitions();
    let campaign = definitions.campaigns.iter().find(|one| one.group == group.id && !one.archived);
    if let Some(campaign) = campaign {
        return Some(format_smolstr!("the campaign \"{}\"", campaign.name));
    }
    let named = |ids: &[GroupId]| ids.contains(&group.id);
    if definitions.triggers.iter().any(|one| named(&one.include_groups) || named(&one.exclude_groups)) {
        return Some("a trigger".into());
    }
    let asks = |other: &&GroupRow| {
        let query = other.query.as_deref().and_then(|query| ws.query(query, ctx.now()).ok());
        query.is_some_and(|query| query.inspection().groups.iter().any(|named| is(named, group)))
    };
    let other = definitions.groups.iter().filter(|other| other.id != group.id).find(asks)?;
    Some(format_smolstr!("the query of the group \"{}\"", other.name))
}
