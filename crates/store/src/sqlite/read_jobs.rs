//! Reads jobs, and the people they are for, in order of row number.

use std::collections::BTreeSet;

use crate::sql::Row;
use domain::{ContactId, ContactUuid, GroupId, JobId, WorkspaceId};
use jiff::Timestamp;

use super::{Rows, sql};
use crate::{JobKind, JobRow, JobStatus, StoreError};

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Rows<'_> {
    pub(crate) fn due_jobs(&self, now: Timestamp, limit: usize) -> Result<Vec<JobRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, workspace_id, uuid, kind, status, unique_key, spec, place, steps, done, left_out, failures,
                 next_step, error, created_on, modified_on, ended_on
             FROM job WHERE ended_on IS NULL AND status <> 'paused' AND next_step <= $1
             ORDER BY next_step, id LIMIT $2",
            &[&now.as_microsecond(), &limit_of(limit)],
            job_row,
        )
    }

    pub(crate) fn next_job_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let text = "SELECT min(next_step) FROM job WHERE ended_on IS NULL AND status <> 'paused'";
        Ok(sql::one(self.conn, text, &[], |row| sql::time_opt(row, 0))?.flatten())
    }

    pub(crate) fn job(&self, workspace: WorkspaceId, id: JobId) -> Result<Option<JobRow>, StoreError> {
        Ok(sql::one(
            self.conn,
            "SELECT id, workspace_id, uuid, kind, status, unique_key, spec, place, steps, done, left_out, failures,
                 next_step, error, created_on, modified_on, ended_on
             FROM job WHERE id = $1 AND workspace_id = $2",
            &[&id.0, &workspace.0],
            job_row,
        )?)
    }

    pub(crate) fn jobs(&self, workspace: WorkspaceId, limit: usize) -> Result<Vec<JobRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, workspace_id, uuid, kind, status, unique_key, spec, place, steps, done, left_out, failures,
                 next_step, error, created_on, modified_on, ended_on
             FROM job WHERE workspace_id = $1 ORDER BY id DESC LIMIT $2",
            &[&workspace.0, &limit_of(limit)],
            job_row,
        )
    }

    pub(crate) fn contacts_after(
        &self,
        workspace: WorkspaceId,
        after: ContactId,
        limit: usize,
    ) -> Result<Vec<ContactId>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id FROM contact WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3",
            &[&workspace.0, &after.0, &limit_of(limit)],
            |row| row.get(0).map(ContactId),
        )
    }

    /// Group by group on the index of each, so that the price grows with the limit and not with the groups' sizes.
    pub(crate) fn members_after(
        &self,
        workspace: WorkspaceId,
        groups: Vec<GroupId>,
        after: ContactId,
        limit: usize,
    ) -> Result<Vec<ContactId>, StoreError> {
        let mut members = BTreeSet::new();
        for group in groups {
            let found: Vec<ContactId> = sql::all::<_, StoreError>(
                self.conn,
                "SELECT contact_id FROM contact_group_member
                 WHERE group_id = $1 AND contact_id > $2 AND workspace_id = $3 ORDER BY contact_id LIMIT $4",
                &[&group.0, &after.0, &workspace.0, &limit_of(limit)],
                |row| row.get(0).map(ContactId),
            )?;
            members.extend(found);
        }
        Ok(members.into_iter().take(limit).collect())
    }

    pub(crate) fn contact_ids(
        &self,
        workspace: WorkspaceId,
        uuids: Vec<ContactUuid>,
    ) -> Result<Vec<ContactId>, StoreError> {
        let mut ids = BTreeSet::new();
        for uuid in uuids {
            ids.extend(sql::one(
                self.conn,
                "SELECT id FROM contact WHERE uuid = $1 AND workspace_id = $2",
                &[&uuid.0, &workspace.0],
                |row| row.get(0).map(ContactId),
            )?);
        }
        Ok(ids.into_iter().collect())
    }
}

fn job_row(row: &Row<'_>) -> sql::Result<JobRow> {
    Ok(JobRow {
        id: JobId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        uuid: sql::uuid(row, 2)?.into(),
        kind: sql::word(row, 3, JobKind::parse)?,
        status: sql::word(row, 4, JobStatus::parse)?,
        unique_key: sql::text_opt(row, 5)?,
        spec: row.get(6)?,
        place: row.get(7)?,
        steps: row.get(8)?,
        done: row.get(9)?,
        left_out: row.get(10)?,
        failures: row.get(11)?,
        next_step: sql::time(row, 12)?,
        error: row.get(13)?,
        created_on: sql::time(row, 14)?,
        modified_on: sql::time(row, 15)?,
        ended_on: sql::time_opt(row, 16)?,
    })
}
