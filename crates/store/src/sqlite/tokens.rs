//! Reads and writes the tokens of programs.

use domain::{TokenId, TokenUuid, UserId, WorkspaceId};
use smol_str::SmolStr;

use super::{Rows, apply::unless_taken, sql};
use crate::{
    StoreError, TokenRow, UnitError,
    sql::{Connection, Row},
};

const COLUMNS: &str = "id, workspace_id, uuid, user_id, sha256, created_on";

impl Rows<'_> {
    pub(crate) fn token(&self, sha256: SmolStr) -> Result<Option<TokenRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM api_token WHERE sha256 = $1");
        Ok(sql::one(self.conn, &text, &[&sha256.as_str()], token_row)?)
    }

    pub(crate) fn tokens(&self, workspace: WorkspaceId) -> Result<Vec<TokenRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM api_token WHERE workspace_id = $1 ORDER BY id");
        sql::all(self.conn, &text, &[&workspace.0], token_row)
    }
}

fn token_row(row: &Row<'_>) -> sql::Result<TokenRow> {
    Ok(TokenRow {
        id: TokenId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        uuid: sql::uuid(row, 2)?.into(),
        user: UserId(row.get(3)?),
        sha256: sql::text(row, 4)?,
        created_on: sql::time(row, 5)?,
    })
}

pub(super) fn insert(conn: &Connection, row: &TokenRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO api_token (id, workspace_id, uuid, user_id, sha256, created_on)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            &row.id.0,
            &row.workspace.0,
            &row.uuid.0,
            &row.user.0,
            &row.sha256.as_str(),
            &row.created_on.as_microsecond(),
        ],
    )
    .map(drop)
    .map_err(|error| unless_taken(error, UnitError::Taken("the token")))
}

pub(super) fn remove(conn: &Connection, workspace: WorkspaceId, uuid: TokenUuid) -> Result<(), UnitError> {
    let text = "DELETE FROM api_token WHERE uuid = $1 AND workspace_id = $2";
    let removed = sql::exec(conn, text, &[&uuid.0, &workspace.0])?;
    if removed == 1 { Ok(()) } else { Err(UnitError::Gone) }
}
