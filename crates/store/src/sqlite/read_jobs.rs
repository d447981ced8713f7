//! Reads jobs, and the people they are for, in order of row number.

use std::collections::BTreeSet;

use crate::sql::{Connection, Row};
use domain::{ContactId, ContactUuid, GroupId, JobId, JobUuid, ScheduleId, WorkspaceId};
use jiff::Timestamp;

use super::{
    Rows,
    read_contacts::qualified,
    read_conversations::{CONTACT_COLUMNS, contact_row},
    sql,
};
use crate::{
    ContactRow, DueJobs, JobFile, JobKind, JobRow, JobStatus, LeftOut, Reach, ScheduledFor, StoreError, Walk,
};

const COLUMNS: &str =
    "id, workspace_id, uuid, kind, status, unique_key, spec, place, steps, total, done, left_out,
    failures, next_step, error, created_on, modified_on, ended_on, schedule_id, schedule_due";

/// Workspaces of which jobs are looked at together.
const WORKSPACES_LOOKED_AT: usize = 100;

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Rows<'_> {
    pub(crate) fn due_jobs(&self, now: Timestamp, limit: usize) -> Result<Vec<JobRow>, StoreError> {
        sql::all(
            self.conn,
            &format!(
                "SELECT {COLUMNS} FROM job WHERE ended_on IS NULL AND status <> 'paused' AND next_step <= $1
             ORDER BY next_step, id LIMIT $2"
            ),
            &[&now.as_microsecond(), &limit_of(limit)],
            job_row,
        )
    }

    /// Workspace by workspace on the index of each, so that a tenant with a thousand jobs hides nobody else's.
    pub(crate) fn due_jobs_of_each(&self, now: Timestamp, each: usize) -> Result<Vec<DueJobs>, StoreError> {
        let mut due = Vec::new();
        let mut after = WorkspaceId(i64::MIN);
        while due.len() < WORKSPACES_LOOKED_AT {
            let next = sql::one(
                self.conn,
                "SELECT min(workspace_id) FROM job
                 WHERE ended_on IS NULL AND status <> 'paused' AND workspace_id > $1",
                &[&after.0],
                |row| row.get::<Option<i64>>(0),
            )?;
            let Some(workspace) = next.flatten().map(WorkspaceId) else { break };
            after = workspace;
            let jobs: Vec<JobRow> = sql::all::<_, StoreError>(
                self.conn,
                &format!(
                    "SELECT {COLUMNS} FROM job
                     WHERE workspace_id = $1 AND ended_on IS NULL AND status <> 'paused' AND next_step <= $2
                     ORDER BY next_step, id LIMIT $3"
                ),
                &[&workspace.0, &now.as_microsecond(), &limit_of(each)],
                job_row,
            )?;
            if !jobs.is_empty() {
                due.push(DueJobs { workspace, weight: self.job_weight(workspace)?, jobs });
            }
        }
        Ok(due)
    }

    pub(crate) fn job_weight(&self, workspace: WorkspaceId) -> Result<i64, StoreError> {
        let text = "SELECT job_weight FROM workspace WHERE id = $1";
        Ok(sql::one(self.conn, text, &[&workspace.0], |row| row.get::<i64>(0))?.unwrap_or(1).max(1))
    }

    pub(crate) fn job_by_uuid(
        &self,
        workspace: WorkspaceId,
        uuid: JobUuid,
    ) -> Result<Option<JobRow>, StoreError> {
        Ok(sql::one(
            self.conn,
            &format!("SELECT {COLUMNS} FROM job WHERE uuid = $1 AND workspace_id = $2"),
            &[&uuid.0, &workspace.0],
            job_row,
        )?)
    }

    pub(crate) fn job_left_out(
        &self,
        workspace: WorkspaceId,
        job: JobId,
        from: i64,
        limit: usize,
    ) -> Result<Vec<LeftOut>, StoreError> {
        sql::all(
            self.conn,
            "SELECT l.place, l.contact_id, c.uuid, l.what, l.reason FROM job_left_out AS l
             LEFT JOIN contact AS c ON c.id = l.contact_id AND c.workspace_id = l.workspace_id
             WHERE l.job_id = $1 AND l.workspace_id = $2 AND l.place >= $3 ORDER BY l.place LIMIT $4",
            &[&job.0, &workspace.0, &from, &limit_of(limit)],
            |row| {
                let contact = Some(row.get::<i64>(1)?).filter(|id| *id != 0).map(ContactId);
                let known = !row.is_null(2)?;
                Ok(LeftOut {
                    place: row.get(0)?,
                    contact,
                    contact_uuid: if known { Some(sql::uuid(row, 2)?.into()) } else { None },
                    what: sql::text(row, 3)?,
                    reason: row.get(4)?,
                })
            },
        )
    }

    pub(crate) fn job_left_out_reasons(
        &self,
        workspace: WorkspaceId,
        job: JobId,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        sql::all(
            self.conn,
            "SELECT reason, count(*) FROM job_left_out WHERE job_id = $1 AND workspace_id = $2
             GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 100",
            &[&job.0, &workspace.0],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    pub(crate) fn job_chunk(
        &self,
        workspace: WorkspaceId,
        job: JobId,
        file: JobFile,
        place: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(sql::one(
            self.conn,
            "SELECT body FROM job_chunk WHERE job_id = $1 AND made = $2 AND place = $3 AND workspace_id = $4",
            &[&job.0, &file.code(), &place, &workspace.0],
            |row| row.get(0),
        )?)
    }

    /// Ended jobs that still have files, the one that ended first before the others.
    pub(crate) fn jobs_with_old_files(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(WorkspaceId, JobId)>, StoreError> {
        sql::all(
            self.conn,
            "SELECT j.workspace_id, j.id FROM job AS j
             WHERE j.ended_on < $1 AND j.id IN (SELECT job_id FROM job_chunk)
             ORDER BY j.ended_on, j.id LIMIT $2",
            &[&before.as_microsecond(), &limit_of(limit)],
            |row| Ok((WorkspaceId(row.get(0)?), JobId(row.get(1)?))),
        )
    }

    /// How many members a group has.
    pub(crate) fn member_count(&self, workspace: WorkspaceId, group: GroupId) -> Result<u64, StoreError> {
        let count = sql::one(
            self.conn,
            "SELECT count(*) FROM contact_group_member WHERE group_id = $1 AND workspace_id = $2",
            &[&group.0, &workspace.0],
            |row| row.get::<i64>(0),
        )?;
        Ok(u64::try_from(count.unwrap_or_default()).unwrap_or_default())
    }

    /// What telling somebody something needs to know of them: see [`Reach`].
    pub(crate) fn reach(
        &self,
        workspace: WorkspaceId,
        ids: Vec<ContactId>,
    ) -> Result<Vec<Reach>, StoreError> {
        if let Connection::Postgres(session) = self.conn {
            return crate::postgres::reach(session, workspace, &ids);
        }
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let reach = sql::one(
                self.conn,
                &format!("SELECT {REACH_COLUMNS} FROM contact WHERE id = $1 AND workspace_id = $2"),
                &[&id.0, &workspace.0],
                reach_row,
            )?;
            if let Some(mut reach) = reach {
                reach.urns = self.urns(workspace, id)?;
                found.push(reach);
            }
        }
        Ok(found)
    }

    pub(crate) fn next_job_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let text = "SELECT min(next_step) FROM job WHERE ended_on IS NULL AND status <> 'paused'";
        Ok(sql::one(self.conn, text, &[], |row| sql::time_opt(row, 0))?.flatten())
    }

    pub(crate) fn job(&self, workspace: WorkspaceId, id: JobId) -> Result<Option<JobRow>, StoreError> {
        Ok(sql::one(
            self.conn,
            &format!("SELECT {COLUMNS} FROM job WHERE id = $1 AND workspace_id = $2"),
            &[&id.0, &workspace.0],
            job_row,
        )?)
    }

    pub(crate) fn list_jobs(
        &self,
        workspace: WorkspaceId,
        kind: JobKind,
        (after, before): (i64, i64),
        walk: Walk,
    ) -> Result<Vec<JobRow>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM job WHERE workspace_id = $1 AND kind = $2 AND id {beyond} $3
                 AND created_on >= $4 AND created_on <= $5 AND schedule_id IS NULL ORDER BY id {order} LIMIT $6",
            beyond = walk.beyond(),
            order = walk.order(),
        );
        let (_, id) = walk.place();
        sql::all(
            self.conn,
            &text,
            &[&workspace.0, &kind.as_str(), &id, &after, &before, &walk.rows()],
            job_row,
        )
    }

    pub(crate) fn job_uuids(
        &self,
        workspace: WorkspaceId,
        jobs: Vec<JobId>,
    ) -> Result<Vec<(JobId, JobUuid)>, StoreError> {
        let mut found = Vec::new();
        for id in jobs {
            let text = "SELECT uuid FROM job WHERE id = $1 AND workspace_id = $2";
            let uuid = sql::one(self.conn, text, &[&id.0, &workspace.0], |row| sql::uuid(row, 0))?;
            found.extend(uuid.map(|uuid| (id, uuid.into())));
        }
        Ok(found)
    }

    pub(crate) fn jobs(&self, workspace: WorkspaceId, limit: usize) -> Result<Vec<JobRow>, StoreError> {
        sql::all(
            self.conn,
            &format!("SELECT {COLUMNS} FROM job WHERE workspace_id = $1 ORDER BY id DESC LIMIT $2"),
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
            "SELECT id FROM contact WHERE workspace_id = $1 AND id > $2 AND deleted_on IS NULL ORDER BY id LIMIT $3",
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

    /// What campaigns plan by.
    pub(crate) fn member_rows_after(
        &self,
        workspace: WorkspaceId,
        group: GroupId,
        after: ContactId,
        limit: usize,
    ) -> Result<Vec<ContactRow>, StoreError> {
        let columns = qualified(CONTACT_COLUMNS, "c");
        // Said of both tables: a merge of two orders would go over all contacts before the place, each time.
        let text = format!(
            "SELECT {columns}, c.id FROM contact_group_member AS m JOIN contact AS c ON c.id = m.contact_id
             WHERE m.group_id = $1 AND m.contact_id > $2 AND c.id > $2 AND m.workspace_id = $3
             ORDER BY m.contact_id LIMIT $4"
        );
        sql::all(self.conn, &text, &[&group.0, &after.0, &workspace.0, &limit_of(limit)], |row| {
            contact_row(row, workspace, ContactId(row.get(12)?))
        })
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
                "SELECT id FROM contact WHERE uuid = $1 AND workspace_id = $2 AND deleted_on IS NULL",
                &[&uuid.0, &workspace.0],
                |row| row.get(0).map(ContactId),
            )?);
        }
        Ok(ids.into_iter().collect())
    }
}

pub(crate) const REACH_COLUMNS: &str = "id, uuid, version, language, status, timezone";

pub(crate) fn reach_row(row: &Row<'_>) -> sql::Result<Reach> {
    Ok(Reach {
        contact: ContactId(row.get(0)?),
        uuid: sql::uuid(row, 1)?.into(),
        version: row.get(2)?,
        language: sql::text_opt(row, 3)?,
        status: sql::word(row, 4, sql::contact_status)?,
        timezone: sql::text_opt(row, 5)?,
        urns: Vec::new(),
    })
}

fn job_row(row: &Row<'_>) -> sql::Result<JobRow> {
    Ok(JobRow {
        id: JobId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        uuid: sql::uuid(row, 2)?.into(),
        kind: sql::word(row, 3, JobKind::parse)?,
        status: sql::word(row, 4, JobStatus::parse)?,
        unique_key: sql::text_opt(row, 5)?,
        scheduled_for: match (row.get::<Option<i64>>(18)?, sql::time_opt(row, 19)?) {
            (Some(schedule), Some(due)) => Some(ScheduledFor { schedule: ScheduleId(schedule), due }),
            _ => None,
        },
        spec: row.get(6)?,
        place: row.get(7)?,
        steps: row.get(8)?,
        total: row.get(9)?,
        done: row.get(10)?,
        left_out: row.get(11)?,
        failures: row.get(12)?,
        next_step: sql::time(row, 13)?,
        error: row.get(14)?,
        created_on: sql::time(row, 15)?,
        modified_on: sql::time(row, 16)?,
        ended_on: sql::time_opt(row, 17)?,
    })
}
