//! Writes and reads the rows themselves.

use domain::{UserId, WorkspaceId};
use serde_json::Value;
use uuid::Uuid;

use super::sql;
use crate::{
    Acting, ActorMeans, AuditList, AuditRow, StoreError, UnitError,
    sql::{Connection, Param, Row},
    sqlite::Rows,
};

const COLUMNS: &str =
    "id, place, workspace_id, created_on, user_id, who, means, proof, verb, kind, subject_uuid,
    subject, before, after";

/// A row to be written.
pub(super) struct New<'n> {
    /// 0 if only the one who acts says where.
    pub workspace: i64,
    pub verb: &'n str,
    pub kind: &'n str,
    pub uuid: Option<Uuid>,
    pub subject: &'n str,
    pub before: Value,
    pub after: Value,
}

/// Writes a row at the next place.
pub(super) fn insert(
    conn: &Connection,
    acting: &Acting,
    place: &mut i64,
    new: New<'_>,
) -> Result<(), UnitError> {
    let actor = &acting.actor;
    let workspace = match new.workspace {
        0 => actor.workspace.map_or(0, |workspace| workspace.0),
        known => known,
    };
    let json = |value: &Value| (!value.is_null()).then(|| value.to_string());
    let text = format!(
        "INSERT INTO audit ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    );
    sql::exec(
        conn,
        &text,
        &[
            &acting.id,
            place,
            &workspace,
            &acting.on.as_microsecond(),
            &actor.user.map(|user| user.0),
            &actor.who.as_str(),
            &actor.means.as_str(),
            &actor.proof,
            &new.verb,
            &new.kind,
            &new.uuid,
            &new.subject,
            &json(&new.before),
            &json(&new.after),
        ],
    )?;
    *place += 1;
    Ok(())
}

impl Rows<'_> {
    pub(crate) fn audit(&self, list: AuditList) -> Result<Vec<AuditRow>, StoreError> {
        let AuditList { of, walk } = &list;
        let (beyond, order) = (walk.beyond(), walk.order());
        let ((id, place), limit) = (walk.place(), walk.rows());
        let workspace = of.workspace.map(|workspace| workspace.0);
        let wanted: [(&str, Option<&dyn Param>); 6] = [
            ("workspace_id =", workspace.as_ref().map(|value| value as _)),
            ("kind =", of.kind.as_ref().map(|value| value as _)),
            ("who =", of.who.as_ref().map(|value| value as _)),
            ("subject_uuid =", of.subject.as_ref().map(|value| value as _)),
            ("created_on >=", of.after.as_ref().map(|value| value as _)),
            ("created_on <=", of.before.as_ref().map(|value| value as _)),
        ];
        let mut conditions = String::new();
        let mut params: Vec<&dyn Param> = Vec::new();
        for (condition, param) in wanted {
            if let Some(param) = param {
                params.push(param);
                conditions.push_str(&format!("{condition} ${} AND ", params.len()));
            }
        }
        let from = params.len();
        params.extend([&id as &dyn Param, &place, &limit]);
        let (one, two, three) = (from + 1, from + 2, from + 3);
        let text = format!(
            "SELECT {COLUMNS} FROM audit WHERE {conditions}(id, place) {beyond} (${one}, ${two})
             ORDER BY id {order}, place {order} LIMIT ${three}"
        );
        sql::all(self.conn, &text, &params, audit_row)
    }
}

fn audit_row(row: &Row<'_>) -> sql::Result<AuditRow> {
    let uuid = |column| if row.is_null(column)? { Ok(None) } else { sql::uuid(row, column).map(Some) };
    Ok(AuditRow {
        id: row.get(0)?,
        place: row.get(1)?,
        workspace: WorkspaceId(row.get(2)?),
        created_on: sql::time(row, 3)?,
        user: row.get::<Option<i64>>(4)?.map(UserId),
        who: sql::text(row, 5)?,
        means: sql::word(row, 6, ActorMeans::parse)?,
        proof: uuid(7)?,
        verb: sql::text(row, 8)?,
        kind: sql::text(row, 9)?,
        subject_uuid: uuid(10)?,
        subject: sql::text(row, 11)?,
        before: sql::json(row, 12)?,
        after: sql::json(row, 13)?,
    })
}
