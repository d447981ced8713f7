-- What people want to know of long work, and the files that it takes and makes.
-- total: for how many it is, where that is known.
ALTER TABLE job ADD COLUMN total BIGINT;
-- How large a share of the time for long work a workspace gets while others have work too.
ALTER TABLE workspace ADD COLUMN job_weight BIGINT NOT NULL DEFAULT 1;
-- The next slices of each workspace, so that the backlog of one is not in the way of another.
CREATE INDEX job_next_of_workspace ON job (workspace_id, next_step, id) WHERE ended_on IS NULL AND status <> 'paused';

-- Who was left out of a job, or which line of its file, and why. place counts from 0 within the job.
CREATE TABLE job_left_out (
    workspace_id BIGINT NOT NULL,
    job_id BIGINT NOT NULL,
    place BIGINT NOT NULL,
    contact_id BIGINT NOT NULL DEFAULT 0,
    what TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (job_id, place)
){{without_rowid}};

-- Files of jobs in parts, so that any node can go on with any job. made: 0 for what a job was given, 1 for what it made.
CREATE TABLE job_chunk (
    workspace_id BIGINT NOT NULL,
    job_id BIGINT NOT NULL,
    made BIGINT NOT NULL,
    place BIGINT NOT NULL,
    body {{blob}} NOT NULL,
    PRIMARY KEY (job_id, made, place)
);
