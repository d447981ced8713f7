-- Long work that goes on in slices, each one transaction: what to do (spec), and how far it is (place).
-- steps counts the slices: a slice that was planned on an older count is not written.
CREATE TABLE job (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    unique_key TEXT,
    spec {{json}} NOT NULL,
    place {{json}} NOT NULL,
    steps BIGINT NOT NULL DEFAULT 0,
    done BIGINT NOT NULL DEFAULT 0,
    left_out BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    next_step BIGINT NOT NULL,
    error TEXT,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL,
    ended_on BIGINT
);
-- The next slice of each in turn, so that none waits for another to end.
CREATE INDEX job_next ON job (next_step, id) WHERE ended_on IS NULL AND status <> 'paused';
CREATE INDEX job_workspace ON job (workspace_id, id);
-- At most one of a kind and key goes on at a time.
CREATE UNIQUE INDEX job_key ON job (workspace_id, kind, unique_key)
    WHERE unique_key IS NOT NULL AND ended_on IS NULL;
