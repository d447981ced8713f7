//! Reads and writes calls with a key of their own.

use domain::{UserId, WorkspaceId};
use jiff::Timestamp;

use super::{Rows, sql};
use crate::{
    CallKey, KeptAnswer, KeptCall, StoreError, UnitError,
    sql::{Connection, Row},
};

/// Rows that are forgotten at once.
const FORGOTTEN_AT_ONCE: i64 = 10_000;

impl Rows<'_> {
    pub(crate) fn kept_call(&self, key: CallKey) -> Result<Option<KeptCall>, StoreError> {
        let text = "SELECT workspace_id, user_id, key, digest, status, answer, made_on FROM kept_call
                    WHERE workspace_id = $1 AND user_id = $2 AND key = $3";
        Ok(sql::one(self.conn, text, &[&key.workspace.0, &key.user.0, &key.key.as_str()], kept_call)?)
    }

    pub(crate) fn oldest_kept_call(&self) -> Result<Option<Timestamp>, StoreError> {
        let text = "SELECT made_on FROM kept_call ORDER BY made_on LIMIT 1";
        Ok(sql::one(self.conn, text, &[], |row| sql::time(row, 0))?)
    }
}

fn kept_call(row: &Row<'_>) -> sql::Result<KeptCall> {
    let (status, body): (Option<i64>, Option<String>) = (row.get(4)?, row.get(5)?);
    let answer = status.and_then(|status| u16::try_from(status).ok());
    Ok(KeptCall {
        key: CallKey {
            workspace: WorkspaceId(row.get(0)?),
            user: UserId(row.get(1)?),
            key: sql::text(row, 2)?,
        },
        digest: sql::text(row, 3)?,
        answer: answer.map(|status| KeptAnswer { status, body: body.unwrap_or_default() }),
        made_on: sql::time(row, 6)?,
    })
}

/// Keeps a call with what it does; refused if it was done before.
pub(super) fn keep(conn: &Connection, call: &KeptCall) -> Result<(), UnitError> {
    let kept = sql::exec(
        conn,
        "INSERT INTO kept_call (workspace_id, user_id, key, digest, made_on) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workspace_id, user_id, key) DO NOTHING",
        &[
            &call.key.workspace.0,
            &call.key.user.0,
            &call.key.key.as_str(),
            &call.digest.as_str(),
            &call.made_on.as_microsecond(),
        ],
    )?;
    if kept == 1 { Ok(()) } else { Err(UnitError::Store(StoreError::Repeated)) }
}

pub(super) fn answered(conn: &Connection, key: &CallKey, answer: &KeptAnswer) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "UPDATE kept_call SET status = $1, answer = $2
         WHERE workspace_id = $3 AND user_id = $4 AND key = $5",
        &[&i64::from(answer.status), &answer.body.as_str(), &key.workspace.0, &key.user.0, &key.key.as_str()],
    )?;
    Ok(())
}

/// Removes the oldest from before a moment, some at a time.
pub(super) fn forget(conn: &Connection, before: Timestamp) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "DELETE FROM kept_call WHERE (workspace_id, user_id, key) IN
         (SELECT workspace_id, user_id, key FROM kept_call WHERE made_on < $1 ORDER BY made_on LIMIT $2)",
        &[&before.as_microsecond(), &FORGOTTEN_AT_ONCE],
    )?;
    Ok(())
}
