//! Sums that lists show beside what they list.

use domain::{FlowId, GroupId, LabelId, TopicId, WorkspaceId};
use smol_str::SmolStr;

use super::{Rows, sql};
use crate::StoreError;

impl Rows<'_> {
    pub(crate) fn member_counts(
        &self,
        workspace: WorkspaceId,
        groups: Vec<GroupId>,
    ) -> Result<Vec<(GroupId, i64)>, StoreError> {
        let mut counts = Vec::with_capacity(groups.len());
        for group in groups {
            // By the group alone, so that the index of members is enough.
            let text = "SELECT count(*) FROM contact_group_member
                 WHERE group_id = (SELECT id FROM contact_group WHERE id = $1 AND workspace_id = $2)";
            let count = sql::one(self.conn, text, &[&group.0, &workspace.0], |row| row.get::<i64>(0))?;
            counts.push((group, count.unwrap_or_default()));
        }
        Ok(counts)
    }

    pub(crate) fn groups_being_filled(&self, workspace: WorkspaceId) -> Result<Vec<SmolStr>, StoreError> {
        let text = "SELECT unique_key FROM job
             WHERE workspace_id = $1 AND ended_on IS NULL AND kind = 'fill_group' AND unique_key IS NOT NULL
             ORDER BY unique_key";
        sql::all(self.conn, text, &[&workspace.0], |row| sql::text(row, 0))
    }

    pub(crate) fn label_counts(&self, workspace: WorkspaceId) -> Result<Vec<(LabelId, i64)>, StoreError> {
        let text =
            "SELECT l.id, (SELECT count(*) FROM message_label AS m WHERE m.label_id = l.id) FROM label AS l
             WHERE l.workspace_id = $1 ORDER BY l.id";
        sql::all(self.conn, text, &[&workspace.0], |row| Ok((LabelId(row.get(0)?), row.get(1)?)))
    }

    pub(crate) fn flow_totals(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Vec<(FlowId, SmolStr, i64)>, StoreError> {
        let text = "SELECT subject, name, CAST(sum(count) AS BIGINT) FROM tally
             WHERE workspace_id = $1 AND kind = 'flow' GROUP BY subject, name ORDER BY subject, name";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok((FlowId(row.get(0)?), sql::text(row, 1)?, row.get(2)?))
        })
    }

    pub(crate) fn topic_counts(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Vec<(TopicId, bool, i64)>, StoreError> {
        let text = "SELECT topic_id, CASE WHEN status = 'open' THEN 1 ELSE 0 END, count(*) FROM ticket
             WHERE workspace_id = $1 GROUP BY 1, 2 ORDER BY 1, 2";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok((TopicId(row.get(0)?), row.get::<i64>(1)? == 1, row.get(2)?))
        })
    }
}
