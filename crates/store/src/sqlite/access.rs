//! Reads and writes how people sign in.

use domain::{SignInId, SignInLinkId, SignInLinkUuid, SignInUuid, TeamId, UserId, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use super::{Rows, apply::unless_taken, sql, writer::SideEffects};
use crate::{
    AccessChange, LinkKind, LoginRow, Secret, SignInLinkRow, SignInMeans, SignInRow, SignInRuleRow,
    StoreError, UnitError, UserRow, Walk,
    sql::{Connection, Row},
};

const SIGN_IN: &str = "id, uuid, sha256, email, workspace_id, user_id, means, second_factor, address, agent,
    created_on, seen_on, ends_on";
const LINK: &str = "id, uuid, sha256, kind, workspace_id, email, role, created_by, created_on, ends_on";

/// The word that stands in the place of the role of a user who works in the workspace no more.
const NO_ROLE: &str = "removed";
/// What stands in the place of their password's hash.
const NO_PASSWORD: &str = "!";

/// The team of a user; 0 stands for none.
pub(super) fn team(row: &Row<'_>, column: usize) -> sql::Result<Option<TeamId>> {
    Ok(Some(row.get(column)?).filter(|id| *id != 0).map(TeamId))
}

impl Rows<'_> {
    pub(crate) fn login(&self, email: SmolStr) -> Result<Option<LoginRow>, StoreError> {
        let text = "SELECT password_hash, totp_secret, totp_since, totp_step, recovery, steps, changed_on
             FROM login WHERE email = $1";
        Ok(sql::one(self.conn, text, &[&email.as_str()], |row| {
            Ok(LoginRow {
                email: email.clone(),
                password_hash: row.get(0)?,
                totp_secret: row.get::<Option<String>>(1)?.map(Secret::new),
                totp_since: sql::time_opt(row, 2)?,
                totp_step: row.get(3)?,
                recovery: sql::json(row, 4)?,
                steps: row.get(5)?,
                changed_on: sql::time(row, 6)?,
            })
        })?)
    }

    pub(crate) fn users_with_email(&self, email: SmolStr, limit: usize) -> Result<Vec<UserRow>, StoreError> {
        let text = "SELECT id, workspace_id, uuid, name, password_hash, role, created_on, team_id
             FROM user_account WHERE email = $1 AND role <> $2 ORDER BY id LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        sql::all(self.conn, text, &[&email.as_str(), &NO_ROLE, &limit], |row| {
            Ok(UserRow {
                id: UserId(row.get(0)?),
                workspace: WorkspaceId(row.get(1)?),
                uuid: sql::uuid(row, 2)?.into(),
                email: email.clone(),
                name: sql::text(row, 3)?,
                password_hash: row.get(4)?,
                role: sql::text(row, 5)?,
                created_on: sql::time(row, 6)?,
                team: team(row, 7)?,
            })
        })
    }

    pub(crate) fn sign_in(&self, sha256: SmolStr) -> Result<Option<SignInRow>, StoreError> {
        let text = format!("SELECT {SIGN_IN} FROM sign_in WHERE sha256 = $1");
        Ok(sql::one(self.conn, &text, &[&sha256.as_str()], sign_in_row)?)
    }

    pub(crate) fn sign_in_named(&self, uuid: SignInUuid) -> Result<Option<SignInRow>, StoreError> {
        let text = format!("SELECT {SIGN_IN} FROM sign_in WHERE uuid = $1");
        Ok(sql::one(self.conn, &text, &[&uuid.0], sign_in_row)?)
    }

    pub(crate) fn sign_ins_of(&self, email: SmolStr) -> Result<Vec<SignInRow>, StoreError> {
        let text = format!("SELECT {SIGN_IN} FROM sign_in WHERE email = $1 ORDER BY id DESC");
        sql::all(self.conn, &text, &[&email.as_str()], sign_in_row)
    }

    pub(crate) fn sign_ins(&self, workspace: WorkspaceId, walk: Walk) -> Result<Vec<SignInRow>, StoreError> {
        let (beyond, order) = (walk.beyond(), walk.order());
        let text = format!(
            "SELECT {SIGN_IN} FROM sign_in WHERE workspace_id = $1 AND (created_on, id) {beyond} ($2, $3)
             ORDER BY created_on {order}, id {order} LIMIT $4"
        );
        let (at, id) = walk.place();
        sql::all(self.conn, &text, &[&workspace.0, &at, &id, &walk.rows()], sign_in_row)
    }

    pub(crate) fn sign_in_link(&self, sha256: SmolStr) -> Result<Option<SignInLinkRow>, StoreError> {
        let text = format!("SELECT {LINK} FROM sign_in_link WHERE sha256 = $1");
        Ok(sql::one(self.conn, &text, &[&sha256.as_str()], link_row)?)
    }

    pub(crate) fn invitations(&self, workspace: WorkspaceId) -> Result<Vec<SignInLinkRow>, StoreError> {
        let text =
            format!("SELECT {LINK} FROM sign_in_link WHERE workspace_id = $1 AND kind = $2 ORDER BY id");
        sql::all(self.conn, &text, &[&workspace.0, &LinkKind::Invitation.as_str()], link_row)
    }

    pub(crate) fn sign_in_rule(&self, workspace: WorkspaceId) -> Result<SignInRuleRow, StoreError> {
        let text = "SELECT two_factor_roles FROM sign_in_rule WHERE workspace_id = $1";
        let roles = sql::one(self.conn, text, &[&workspace.0], |row| sql::json(row, 0))?;
        Ok(SignInRuleRow { workspace, two_factor_roles: roles.unwrap_or_default() })
    }
}

fn sign_in_row(row: &Row<'_>) -> sql::Result<SignInRow> {
    Ok(SignInRow {
        id: SignInId(row.get(0)?),
        uuid: sql::uuid(row, 1)?.into(),
        sha256: sql::text(row, 2)?,
        email: sql::text(row, 3)?,
        workspace: WorkspaceId(row.get(4)?),
        user: UserId(row.get(5)?),
        means: sql::word(row, 6, SignInMeans::parse)?,
        second_factor: row.get(7)?,
        address: sql::text(row, 8)?,
        agent: sql::text(row, 9)?,
        created_on: sql::time(row, 10)?,
        seen_on: sql::time(row, 11)?,
        ends_on: sql::time(row, 12)?,
    })
}

fn link_row(row: &Row<'_>) -> sql::Result<SignInLinkRow> {
    Ok(SignInLinkRow {
        id: SignInLinkId(row.get(0)?),
        uuid: sql::uuid(row, 1)?.into(),
        sha256: sql::text(row, 2)?,
        kind: sql::word(row, 3, LinkKind::parse)?,
        workspace: WorkspaceId(row.get(4)?),
        email: sql::text(row, 5)?,
        role: sql::text_opt(row, 6)?,
        created_by: row.get::<Option<i64>>(7)?.map(UserId),
        created_on: sql::time(row, 8)?,
        ends_on: sql::time(row, 9)?,
    })
}

// tidy: table
pub(super) fn change(
    conn: &Connection,
    change: &AccessChange,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    match change {
        AccessChange::Login(row) => login(conn, row),
        AccessChange::ExpectLogin(email, steps) => expect_login(conn, email, *steps),
        AccessChange::SignIn(row) => insert_sign_in(conn, row),
        AccessChange::Seen(id, at) => {
            let text = "UPDATE sign_in SET seen_on = $1 WHERE id = $2";
            Ok(sql::exec(conn, text, &[&at.as_microsecond(), &id.0]).map(drop)?)
        }
        AccessChange::EnterWorkspace(id, workspace, user) => {
            let text = "UPDATE sign_in SET workspace_id = $1, user_id = $2 WHERE id = $3";
            there(sql::exec(conn, text, &[&workspace.0, &user.0, &id.0])?)
        }
        AccessChange::Proved(id) => {
            let text = "UPDATE sign_in SET second_factor = 1 WHERE id = $1";
            there(sql::exec(conn, text, &[&id.0])?)
        }
        AccessChange::End(uuid) => there(sql::exec(conn, "DELETE FROM sign_in WHERE uuid = $1", &[&uuid.0])?),
        AccessChange::EndAll(email, but) => end_all(conn, email, *but),
        AccessChange::Tidy { email, now, idle_since, keep } => tidy(conn, email, *now, *idle_since, *keep),
        AccessChange::Link(row) => insert_link(conn, row),
        AccessChange::TakeLink(workspace, uuid) => take_link(conn, *workspace, *uuid),
        AccessChange::Rule(row) => {
            let text = "INSERT INTO sign_in_rule (workspace_id, two_factor_roles) VALUES ($1, $2)
                 ON CONFLICT (workspace_id) DO UPDATE SET two_factor_roles = excluded.two_factor_roles";
            let roles = sql::to_json(&row.two_factor_roles)?;
            Ok(sql::exec(conn, text, &[&row.workspace.0, &roles]).map(drop)?)
        }
        AccessChange::RemoveUser(workspace, user) => {
            side.definitions_of = Some(*workspace);
            remove_user(conn, *workspace, *user)
        }
        AccessChange::KeepAdministrator(workspace) => {
            // Whoever takes away another one at the same time waits here, and sees then what this did.
            let text = "UPDATE workspace SET definitions_version = definitions_version WHERE id = $1";
            sql::exec(conn, text, &[&workspace.0])?;
            let text = "SELECT 1 FROM user_account WHERE workspace_id = $1 AND role = $2 LIMIT 1";
            let found = sql::one(conn, text, &[&workspace.0, &"administrator"], |_| Ok(()))?;
            found.ok_or(UnitError::Conflict)
        }
    }
}

fn there(changed: usize) -> Result<(), UnitError> {
    if changed == 0 { Err(UnitError::Gone) } else { Ok(()) }
}

fn login(conn: &Connection, row: &LoginRow) -> Result<(), UnitError> {
    // One that came meanwhile is left as it is, and makes this a conflict.
    let text = if row.steps == 0 {
        "INSERT INTO login (password_hash, totp_secret, totp_since, totp_step, recovery, changed_on, email, steps)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8 + 1) ON CONFLICT (email) DO NOTHING"
    } else {
        "UPDATE login SET password_hash = $1, totp_secret = $2, totp_since = $3, totp_step = $4, recovery = $5,
             changed_on = $6, steps = steps + 1 WHERE email = $7 AND steps = $8"
    };
    let changed = sql::exec(
        conn,
        text,
        &[
            &row.password_hash,
            &row.totp_secret.as_ref().map(Secret::reveal),
            &row.totp_since.map(Timestamp::as_microsecond),
            &row.totp_step,
            &sql::list_json(&row.recovery)?,
            &row.changed_on.as_microsecond(),
            &row.email.as_str(),
            &row.steps,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Conflict) }
}

fn expect_login(conn: &Connection, email: &str, steps: i64) -> Result<(), UnitError> {
    let found = sql::one(conn, "SELECT steps FROM login WHERE email = $1", &[&email], |row| row.get(0))?;
    if found.unwrap_or(0_i64) == steps { Ok(()) } else { Err(UnitError::Conflict) }
}

fn insert_sign_in(conn: &Connection, row: &SignInRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO sign_in (id, uuid, sha256, email, workspace_id, user_id, means, second_factor, address, agent,
             created_on, seen_on, ends_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            &row.id.0,
            &row.uuid.0,
            &row.sha256.as_str(),
            &row.email.as_str(),
            &row.workspace.0,
            &row.user.0,
            &row.means.as_str(),
            &row.second_factor,
            &row.address.as_str(),
            &row.agent.as_str(),
            &row.created_on.as_microsecond(),
            &row.seen_on.as_microsecond(),
            &row.ends_on.as_microsecond(),
        ],
    )
    .map(drop)
    .map_err(|error| unless_taken(error, UnitError::Taken("the sign-in")))
}

fn end_all(conn: &Connection, email: &str, but: Option<SignInUuid>) -> Result<(), UnitError> {
    match but {
        Some(but) => {
            sql::exec(conn, "DELETE FROM sign_in WHERE email = $1 AND uuid <> $2", &[&email, &but.0])?
        }
        None => sql::exec(conn, "DELETE FROM sign_in WHERE email = $1", &[&email])?,
    };
    Ok(())
}

fn tidy(
    conn: &Connection,
    email: &str,
    now: Timestamp,
    idle_since: Timestamp,
    keep: i64,
) -> Result<(), UnitError> {
    let text = "DELETE FROM sign_in WHERE email = $1 AND (ends_on <= $2 OR seen_on <= $3)";
    sql::exec(conn, text, &[&email, &now.as_microsecond(), &idle_since.as_microsecond()])?;
    let text = "DELETE FROM sign_in WHERE id IN
         (SELECT id FROM sign_in WHERE email = $1 ORDER BY id DESC LIMIT 1000 OFFSET $2)";
    sql::exec(conn, text, &[&email, &keep])?;
    Ok(())
}

fn insert_link(conn: &Connection, row: &SignInLinkRow) -> Result<(), UnitError> {
    let text = "DELETE FROM sign_in_link WHERE email = $1 AND kind = $2 AND workspace_id = $3";
    sql::exec(conn, text, &[&row.email.as_str(), &row.kind.as_str(), &row.workspace.0])?;
    sql::exec(
        conn,
        "INSERT INTO sign_in_link (id, uuid, sha256, kind, workspace_id, email, role, created_by, created_on, ends_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &row.id.0,
            &row.uuid.0,
            &row.sha256.as_str(),
            &row.kind.as_str(),
            &row.workspace.0,
            &row.email.as_str(),
            &row.role.as_deref(),
            &row.created_by.map(|user| user.0),
            &row.created_on.as_microsecond(),
            &row.ends_on.as_microsecond(),
        ],
    )
    .map(drop)
    .map_err(|error| unless_taken(error, UnitError::Taken("the link")))
}

fn take_link(conn: &Connection, workspace: WorkspaceId, uuid: SignInLinkUuid) -> Result<(), UnitError> {
    let text = "DELETE FROM sign_in_link WHERE uuid = $1 AND workspace_id = $2";
    there(sql::exec(conn, text, &[&uuid.0, &workspace.0])?)
}

fn remove_user(conn: &Connection, workspace: WorkspaceId, user: UserId) -> Result<(), UnitError> {
    let text = "UPDATE user_account SET role = $1, password_hash = $2 WHERE id = $3 AND workspace_id = $4
         AND role <> $5";
    there(sql::exec(conn, text, &[&NO_ROLE, &NO_PASSWORD, &user.0, &workspace.0, &NO_ROLE])?)?;
    let text = "DELETE FROM api_token WHERE user_id = $1 AND workspace_id = $2";
    sql::exec(conn, text, &[&user.0, &workspace.0])?;
    let text = "DELETE FROM sign_in WHERE user_id = $1 AND workspace_id = $2";
    sql::exec(conn, text, &[&user.0, &workspace.0])?;
    Ok(())
}
