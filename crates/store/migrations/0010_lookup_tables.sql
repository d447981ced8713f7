-- Reference data that flows look things up in. The rows of each version are one JSON array of arrays, because a node
-- reads a table whole, once for each version.
CREATE TABLE lookup_table (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    key_column TEXT NOT NULL,
    columns {{json}} NOT NULL,
    version BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL,
    UNIQUE (workspace_id, name)
);

CREATE TABLE lookup_table_version (
    workspace_id BIGINT NOT NULL,
    table_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    content TEXT NOT NULL,
    created_on BIGINT NOT NULL,
    PRIMARY KEY (table_id, version)
);
