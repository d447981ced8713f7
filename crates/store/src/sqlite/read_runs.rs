//! Lists of runs: a page by an index of their last changes, with what is shown beside them.

use domain::{ContactId, FlowId, RunId, WorkspaceId};

use super::{Rows, sql};
use crate::{
    ListedRun, RunList, RunsOf, StoreError,
    sql::{Param, Row},
};

impl Rows<'_> {
    pub(crate) fn was_in_flow(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        flow: FlowId,
    ) -> Result<bool, StoreError> {
        let text = "SELECT 1 FROM run WHERE flow_id = $1 AND contact_id = $2 AND workspace_id = $3 LIMIT 1";
        let found = sql::one(self.conn, text, &[&flow.0, &contact.0, &workspace.0], |_| Ok(()))?;
        Ok(found.is_some())
    }

    pub(crate) fn list_runs(
        &self,
        workspace: WorkspaceId,
        list: RunList,
    ) -> Result<Vec<ListedRun>, StoreError> {
        let (beyond, order) = (list.walk.beyond(), list.walk.order());
        let (named, of): (&str, Option<Box<dyn Param>>) = match list.of {
            RunsOf::Everything => ("", None),
            RunsOf::Ended => ("AND r.exited_on IS NOT NULL", None),
            RunsOf::Flow(id) => ("AND r.flow_id = $6", Some(Box::new(id.0))),
            RunsOf::Contact(id) => ("AND r.contact_id = $6", Some(Box::new(id.0))),
            RunsOf::Uuid(uuid) => ("AND r.uuid = $6", Some(Box::new(uuid.0))),
            RunsOf::Id(id) => ("AND r.id = $6", Some(Box::new(id.0))),
        };
        let limit = if of.is_some() { 7 } else { 6 };
        let responded = if list.responded { "AND r.responded = 1" } else { "" };
        let page = format!(
            "SELECT r.id AS id FROM run AS r
             WHERE r.workspace_id = $1 AND (r.modified_on, r.id) {beyond} ($2, $3)
                 AND r.modified_on >= $4 AND r.modified_on <= $5 AND r.modified_minute {beyond}= $2 / 60000000
                 AND r.modified_minute >= $4 / 60000000 AND r.modified_minute <= $5 / 60000000 {named} {responded}
             ORDER BY r.modified_minute {order}, r.modified_on {order}, r.id {order} LIMIT ${limit}"
        );
        // The state only of those that go on: there is none of the others.
        let text = format!(
            "SELECT r.id, r.uuid, r.flow_id, c.uuid, c.name, u.scheme, u.path, u.display, j.uuid, r.status,
                 r.responded, r.results, r.path, s.state, r.created_on, r.modified_on, r.exited_on
             FROM ({page}) AS page JOIN run AS r ON r.id = page.id JOIN contact AS c ON c.id = r.contact_id
             LEFT JOIN contact_urn AS u ON u.id = (
                 SELECT x.id FROM contact_urn AS x WHERE x.contact_id = r.contact_id
                 ORDER BY x.priority DESC, x.id LIMIT 1)
             LEFT JOIN job AS j ON j.id = r.job_id
             LEFT JOIN session AS s ON s.id = r.session_id AND r.exited_on IS NULL
             ORDER BY r.modified_on {order}, r.id {order}"
        );
        let (at, id) = list.walk.place();
        let rows = list.walk.rows();
        let mut params: Vec<&dyn Param> = vec![&workspace.0, &at, &id, &list.after, &list.before];
        params.extend(of.iter().map(|one| &**one));
        params.push(&rows);
        sql::all(self.conn, &text, &params, run_row)
    }
}

fn run_row(row: &Row<'_>) -> sql::Result<ListedRun> {
    let urn = match sql::text_opt(row, 5)? {
        Some(scheme) => Some((scheme, sql::text(row, 6)?, sql::text_opt(row, 7)?)),
        None => None,
    };
    Ok(ListedRun {
        id: RunId(row.get(0)?),
        uuid: sql::uuid(row, 1)?.into(),
        flow: FlowId(row.get(2)?),
        contact: (sql::uuid(row, 3)?.into(), sql::text(row, 4)?),
        urn,
        start: if row.is_null(8)? { None } else { Some(sql::uuid(row, 8)?.into()) },
        status: sql::text(row, 9)?,
        responded: row.get(10)?,
        results: row.get(11)?,
        path: row.get(12)?,
        state: row.get(13)?,
        created_on: sql::time(row, 14)?,
        modified_on: sql::time(row, 15)?,
        exited_on: sql::time_opt(row, 16)?,
    })
}
