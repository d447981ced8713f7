//! A group is added, gets another name, or is removed.

use domain::{GroupId, GroupUuid, WorkspaceId, query::GroupDependency};
use smol_str::{SmolStr, format_smolstr};
use store::{Change, DefinitionChange, GroupRow};

use crate::{
    Context, Workspace,
    edit_definitions::{SaveError, Saved, edit, proper_name, same_name},
};

/// Groups of a workspace.
pub const MAX_GROUPS: usize = 1_000;
/// Characters of a group's name.
pub const MAX_GROUP_NAME: usize = 64;

/// Adds a group that is filled by hand, or gives the one with this identifier another name.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn save_group(
    ctx: &Context,
    workspace: WorkspaceId,
    group: Option<GroupUuid>,
    name: &str,
) -> Result<Saved<GroupRow>, SaveError> {
    let name = proper_name(name, MAX_GROUP_NAME)?;
    edit(ctx, workspace, |ws| {
        let groups = &ws.definitions().groups;
        let (row, made) = match group {
            Some(uuid) => {
                let known = groups.iter().find(|group| group.uuid == uuid).ok_or(SaveError::NotFound)?;
                (GroupRow { name: name.clone(), ..known.clone() }, false)
            }
            None if groups.len() >= MAX_GROUPS => return Err(SaveError::TooMany(MAX_GROUPS)),
            None => {
                let (id, uuid) = (GroupId(ctx.next_id(ctx.now())), GroupUuid(ctx.host.uuid_v4()));
                (GroupRow { id, uuid, name: name.clone(), query: None }, true)
            }
        };
        if groups.iter().any(|group| group.id != row.id && same_name(&group.name, &row.name)) {
            return Err(SaveError::Taken);
        }
        let change = Change::Definition(workspace, DefinitionChange::Group(row.clone()));
        Ok((vec![change], Saved { row, made }))
    })
    .await
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
