-- What flows set for later and what they achieved.

-- A reminder's moment is its timer, whose scope and session_id are the reminder's number.
CREATE TABLE reminder (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    flow_id BIGINT NOT NULL,
    params {{json}},
    mode TEXT NOT NULL,
    due BIGINT NOT NULL,
    created_on BIGINT NOT NULL,
    UNIQUE (contact_id, key)
);

-- Append-only.
CREATE TABLE outcome (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    session_id BIGINT NOT NULL,
    flow_id BIGINT NOT NULL,
    ticket_uuid {{uuid}},
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    day BIGINT NOT NULL,
    created_on BIGINT NOT NULL
);
CREATE INDEX outcome_contact ON outcome (contact_id, id);
CREATE INDEX outcome_workspace ON outcome (workspace_id, id);

-- Outcomes by day of the workspace's zone, kept in step with the outcome table by the same transaction.
CREATE TABLE outcome_count (
    workspace_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    flow_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, day, flow_id, name, value)
){{without_rowid}};
