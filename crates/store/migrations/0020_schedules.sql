-- Work that begins at moments set beforehand. cron: NULL for a moment that comes once. zone: NULL for the workspace's.
-- next_due: NULL when none will come any more. steps counts the changes: who planned on an older count writes nothing.
CREATE TABLE schedule (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    cron TEXT,
    zone TEXT,
    catch_up TEXT NOT NULL,
    catch_up_limit BIGINT NOT NULL DEFAULT 1,
    spec {{json}} NOT NULL,
    paused BIGINT NOT NULL DEFAULT 0,
    next_due BIGINT,
    last_due BIGINT,
    fired BIGINT NOT NULL DEFAULT 0,
    skipped BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    steps BIGINT NOT NULL DEFAULT 0,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL,
    UNIQUE (workspace_id, name_key)
);
CREATE INDEX schedule_due ON schedule (next_due, id) WHERE paused = 0 AND next_due IS NOT NULL;

-- The schedule that began a job, and the moment for which: no moment begins two jobs.
ALTER TABLE job ADD COLUMN schedule_id BIGINT;
ALTER TABLE job ADD COLUMN schedule_due BIGINT;
CREATE UNIQUE INDEX job_schedule ON job (schedule_id, schedule_due) WHERE schedule_id IS NOT NULL;
