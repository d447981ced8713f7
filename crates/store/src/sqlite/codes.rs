//! Reads and writes codes.

use domain::{CodeId, ContactId, WorkspaceId, identifier::plain};
use smol_str::SmolStr;

use super::{Rows, apply::unless_taken, sql};
use crate::{
    CodeChange, CodeList, CodeRow, StoreError, UnitError, Walk,
    sql::{Connection, Param, Row},
};

const COLUMNS: &str =
    "id, workspace_id, kind, code, name, place, active, contact_id, created_on, modified_on, code_key";

/// Columns of a row.
const WIDTH: usize = 11;

/// Codes that one statement brings in.
const AT_ONCE: usize = 50;

impl Rows<'_> {
    pub(crate) fn code(
        &self,
        workspace: WorkspaceId,
        kind: SmolStr,
        key: SmolStr,
    ) -> Result<Option<CodeRow>, StoreError> {
        let text =
            format!("SELECT {COLUMNS} FROM code WHERE workspace_id = $1 AND kind = $2 AND code_key = $3");
        Ok(sql::one(self.conn, &text, &[&workspace.0, &kind, &key], code_row)?)
    }

    pub(crate) fn drawn_code(
        &self,
        workspace: WorkspaceId,
        kind: SmolStr,
        contact: ContactId,
    ) -> Result<Option<CodeRow>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM code WHERE contact_id = $1 AND contact_id <> 0 AND workspace_id = $2 AND kind = $3
             AND active = 1 ORDER BY id DESC LIMIT 1"
        );
        Ok(sql::one(self.conn, &text, &[&contact.0, &workspace.0, &kind], code_row)?)
    }

    pub(crate) fn is_drawn(&self, workspace: WorkspaceId, kind: SmolStr) -> Result<bool, StoreError> {
        let text = "SELECT 1 FROM code WHERE workspace_id = $1 AND kind = $2 AND contact_id <> 0 LIMIT 1";
        let found = sql::one(self.conn, text, &[&workspace.0, &kind], |row| row.get::<i64>(0))?;
        Ok(found.is_some())
    }

    pub(crate) fn list_codes(
        &self,
        workspace: WorkspaceId,
        list: CodeList,
        walk: Walk,
    ) -> Result<Vec<CodeRow>, StoreError> {
        let mut named = String::new();
        let ((_, id), limit) = (walk.place(), walk.rows());
        let mut params: Vec<&dyn Param> = vec![&workspace.0, &id];
        for (column, value) in [("kind", &list.kind), ("code_key", &list.key)] {
            if let Some(value) = value {
                params.push(value);
                named.push_str(&format!(" AND {column} = ${}", params.len()));
            }
        }
        params.push(&limit);
        let text = format!(
            "SELECT {COLUMNS} FROM code WHERE workspace_id = $1 AND id {beyond} $2{named}
             ORDER BY id {order} LIMIT ${limit}",
            beyond = walk.beyond(),
            order = walk.order(),
            limit = params.len(),
        );
        sql::all(self.conn, &text, &params, code_row)
    }

    pub(crate) fn code_kinds(&self, workspace: WorkspaceId) -> Result<Vec<(SmolStr, i64, i64)>, StoreError> {
        let text = "SELECT kind, CAST(count(*) AS BIGINT), CAST(sum(active) AS BIGINT) FROM code
             WHERE workspace_id = $1 GROUP BY kind ORDER BY kind";
        sql::all(self.conn, text, &[&workspace.0], |row| Ok((sql::text(row, 0)?, row.get(1)?, row.get(2)?)))
    }
}

fn code_row(row: &Row<'_>) -> sql::Result<CodeRow> {
    let contact: i64 = row.get(7)?;
    Ok(CodeRow {
        id: CodeId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        kind: sql::text(row, 2)?,
        code: sql::text(row, 3)?,
        name: sql::text(row, 4)?,
        place: sql::text(row, 5)?,
        active: row.get(6)?,
        contact: (contact != 0).then_some(ContactId(contact)),
        created_on: sql::time(row, 8)?,
        modified_on: sql::time(row, 9)?,
    })
}

pub(super) fn apply(conn: &Connection, change: &CodeChange) -> Result<(), UnitError> {
    let rest = "ON CONFLICT (workspace_id, kind, code_key) DO UPDATE SET code = excluded.code,
         name = excluded.name, place = excluded.place, active = excluded.active,
         modified_on = excluded.modified_on";
    match change {
        CodeChange::Save(row) => {
            insert(conn, std::slice::from_ref(&**row), rest)?;
        }
        CodeChange::Import(_, rows) => {
            let rest = format!("{rest} WHERE code.contact_id = 0");
            for rows in rows.chunks(AT_ONCE) {
                insert(conn, rows, &rest)?;
            }
        }
        CodeChange::Retire(workspace, kind, before) => {
            let text = "UPDATE code SET active = 0 WHERE workspace_id = $1 AND kind = $2 AND modified_on < $3
                 AND active = 1 AND contact_id = 0";
            sql::exec(conn, text, &[&workspace.0, kind, &before.as_microsecond()])?;
        }
        CodeChange::Draw(row) => {
            insert(conn, std::slice::from_ref(&**row), "")
                .map_err(|error| unless_taken(error, UnitError::Conflict))?;
        }
    }
    Ok(())
}

fn insert(conn: &Connection, rows: &[CodeRow], rest: &str) -> sql::Result<()> {
    let mut text = format!("INSERT INTO code ({COLUMNS}) VALUES ");
    let mut cells: Vec<Box<dyn Param>> = Vec::with_capacity(rows.len() * WIDTH);
    for (place, row) in rows.iter().enumerate() {
        let first = place * WIDTH + 1;
        let places: Vec<String> = (first..first + WIDTH).map(|number| format!("${number}")).collect();
        text.push_str(if place == 0 { "(" } else { ", (" });
        text.push_str(&places.join(", "));
        text.push(')');
        cells.push(Box::new(row.id.0));
        cells.push(Box::new(row.workspace.0));
        cells.push(Box::new(row.kind.clone()));
        cells.push(Box::new(row.code.clone()));
        cells.push(Box::new(row.name.clone()));
        cells.push(Box::new(row.place.clone()));
        cells.push(Box::new(i64::from(row.active)));
        cells.push(Box::new(row.contact.map_or(0, |contact| contact.0)));
        cells.push(Box::new(row.created_on.as_microsecond()));
        cells.push(Box::new(row.modified_on.as_microsecond()));
        cells.push(Box::new(plain(&row.code)));
    }
    text.push(' ');
    text.push_str(rest);
    let params: Vec<&dyn Param> = cells.iter().map(|cell| &**cell).collect();
    sql::exec(conn, text.trim_end(), &params)?;
    Ok(())
}
