-- What people and nodes tell all nodes: how much is turned off under pressure, what a workspace may do, and how much of
-- a shared limit each node has given out.

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    changed_on BIGINT NOT NULL
){{without_rowid}};

CREATE TABLE feature (
    workspace_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    changed_on BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, name)
){{without_rowid}};

-- used counts up for as long as the caller is busy; changed_on is in the clock of the node that wrote it.
CREATE TABLE rate_use (
    caller TEXT NOT NULL,
    node BIGINT NOT NULL,
    used BIGINT NOT NULL,
    changed_on BIGINT NOT NULL,
    PRIMARY KEY (caller, node)
){{without_rowid}};
