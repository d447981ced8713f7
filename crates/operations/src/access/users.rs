//! The users of a workspace: another role or name, and somebody who works there no more. A workspace always has an
//! administrator.

use std::sync::Arc;

use domain::{TeamUuid, UserUuid, WorkspaceId};
use smol_str::SmolStr;
use store::{AccessChange, Change, DefinitionChange, StoreError, Unit, UnitError, UserRow};

use super::{AccessError, MAX_ATTEMPTS};
use crate::{Context, Role, Workspace};

/// Characters of a user's name.
pub const MAX_USER_NAME: usize = 150;

/// What changes of a user. What is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct UserEdit {
    /// Another role.
    pub role: Option<Role>,
    /// Another name.
    pub name: Option<SmolStr>,
    /// Another team of agents, or none.
    pub team: Option<Option<TeamUuid>>,
}

/// Gives a user another role, name or team.
///
/// # Errors
/// [`AccessError::NotFound`], [`AccessError::LastAdministrator`], [`AccessError::Name`], [`AccessError::Team`].
pub async fn change_user(
    ctx: &Context,
    workspace: WorkspaceId,
    user: UserUuid,
    edit: &UserEdit,
) -> Result<UserRow, AccessError> {
    let name = edit.name.as_deref().map(str::trim).map(SmolStr::from);
    if name.as_ref().is_some_and(|name| name.chars().count() > MAX_USER_NAME) {
        return Err(AccessError::Name);
    }
    for _ in 0..MAX_ATTEMPTS {
        let (ws, mut row) = find(ctx, workspace, user).await?;
        row.role = edit.role.map_or(row.role, |role| role.name().into());
        row.name = name.clone().unwrap_or(row.name);
        if let Some(team) = edit.team {
            let known = |uuid| ws.definitions().teams.iter().find(|team| team.uuid == uuid);
            row.team = match team {
                Some(uuid) => Some(known(uuid).ok_or(AccessError::Team)?.id),
                None => None,
            };
        }
        let changes = vec![
            Change::Definition(workspace, DefinitionChange::Expect(ws.row.definitions_version)),
            Change::Definition(workspace, DefinitionChange::User(Box::new(row.clone()))),
        ];
        if keep_administrator(ctx, workspace, changes).await? {
            return Ok(row);
        }
    }
    Err(AccessError::Busy)
}

/// Ends that a user works in the workspace. What they did stays under their name; their tokens and sessions there end.
///
/// # Errors
/// [`AccessError::NotFound`], [`AccessError::LastAdministrator`].
pub async fn remove_user(
    ctx: &Context,
    workspace: WorkspaceId,
    user: UserUuid,
) -> Result<UserRow, AccessError> {
    for _ in 0..MAX_ATTEMPTS {
        let (ws, row) = find(ctx, workspace, user).await?;
        let removal = AccessChange::RemoveUser(workspace, row.id);
        let changes = vec![
            Change::Definition(workspace, DefinitionChange::Expect(ws.row.definitions_version)),
            Change::Access(Box::new(removal)),
        ];
        if keep_administrator(ctx, workspace, changes).await? {
            return Ok(row);
        }
    }
    Err(AccessError::Busy)
}

/// The user as they are, with the definitions in which they are so.
async fn find(
    ctx: &Context,
    workspace: WorkspaceId,
    user: UserUuid,
) -> Result<(Arc<Workspace>, UserRow), AccessError> {
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(AccessError::NotFound)?;
    let known = ws.definitions().users.iter().find(|row| row.uuid == user);
    let known = known.filter(|row| Role::from_name(&row.role).is_some()).ok_or(AccessError::NotFound)?;
    let known = known.clone();
    Ok((ws, known))
}

/// Commits what may take an administrator away. `false`: somebody changed definitions meanwhile.
async fn keep_administrator(
    ctx: &Context,
    workspace: WorkspaceId,
    mut changes: Vec<Change>,
) -> Result<bool, AccessError> {
    changes.push(Change::Access(Box::new(AccessChange::KeepAdministrator(workspace))));
    match ctx.write_one(Unit::new(changes)).await {
        Ok(_) => Ok(true),
        Err(UnitError::Conflict) => {
            let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(AccessError::NotFound)?;
            let administrators =
                ws.definitions().users.iter().filter(|user| user.role == Role::Administrator.name()).count();
            if administrators <= 1 { Err(AccessError::LastAdministrator) } else { Ok(false) }
        }
        Err(UnitError::Gone) => Err(AccessError::NotFound),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}
