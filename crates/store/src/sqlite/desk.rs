//! Teams of agents and what they answer often.

use domain::{CannedReplyId, TeamId, WorkspaceId};

use super::{
    Rows,
    apply::unless_taken,
    apply_definitions::{name_key, only_own},
    sql,
};
use crate::sql::Connection;
use crate::{CannedReplyRow, StoreError, TeamRow, UnitError};

impl Rows<'_> {
    pub(super) fn teams(&self, workspace: WorkspaceId) -> Result<Vec<TeamRow>, StoreError> {
        let text =
            "SELECT id, uuid, name, topics, created_on FROM team WHERE workspace_id = $1 ORDER BY name_key";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(TeamRow {
                id: TeamId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                name: sql::text(row, 2)?,
                topics: sql::json(row, 3)?,
                created_on: sql::time(row, 4)?,
            })
        })
    }

    pub(super) fn canned_replies(&self, workspace: WorkspaceId) -> Result<Vec<CannedReplyRow>, StoreError> {
        let text = "SELECT id, uuid, name, said, modified_on FROM canned_reply WHERE workspace_id = $1 ORDER BY name_key";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(CannedReplyRow {
                id: CannedReplyId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                name: sql::text(row, 2)?,
                said: row.get(3)?,
                modified_on: sql::time(row, 4)?,
            })
        })
    }
}

pub(super) fn team(conn: &Connection, workspace: WorkspaceId, row: &TeamRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO team (id, workspace_id, uuid, name, name_key, topics, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key,
             topics = excluded.topics
         WHERE team.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &workspace.0,
            &row.uuid.0,
            &row.name.as_str(),
            &name_key(&row.name),
            &sql::to_json(&row.topics)?,
            &row.created_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the team's name")))
    .and_then(only_own)
}

pub(super) fn remove_team(conn: &Connection, workspace: WorkspaceId, team: TeamId) -> Result<(), UnitError> {
    let text = "UPDATE user_account SET team_id = 0 WHERE team_id = $1 AND workspace_id = $2";
    sql::exec(conn, text, &[&team.0, &workspace.0])?;
    sql::exec(conn, "DELETE FROM team WHERE id = $1 AND workspace_id = $2", &[&team.0, &workspace.0])?;
    Ok(())
}

pub(super) fn canned_reply(
    conn: &Connection,
    workspace: WorkspaceId,
    row: &CannedReplyRow,
) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO canned_reply (id, workspace_id, uuid, name, name_key, said, modified_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key,
             said = excluded.said, modified_on = excluded.modified_on
         WHERE canned_reply.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &workspace.0,
            &row.uuid.0,
            &row.name.as_str(),
            &name_key(&row.name),
            &row.said,
            &row.modified_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the name of the canned reply")))
    .and_then(only_own)
}
