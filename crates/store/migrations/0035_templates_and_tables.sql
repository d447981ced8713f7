-- Texts that carriers approve, in several languages and on several lines.
CREATE TABLE template (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    translations {{json}} NOT NULL,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL,
    UNIQUE (workspace_id, name)
);

-- What people can agree to.
CREATE TABLE optin (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    created_on BIGINT NOT NULL,
    UNIQUE (workspace_id, name_key)
);

-- Where lookup tables are fetched from, how often, and what came of it.
CREATE TABLE table_source (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    key_column TEXT,
    url TEXT NOT NULL,
    minutes BIGINT NOT NULL,
    etag TEXT,
    last_modified TEXT,
    next_fetch BIGINT NOT NULL,
    fetched_on BIGINT,
    changed_on BIGINT,
    failures BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    steps BIGINT NOT NULL DEFAULT 0,
    created_on BIGINT NOT NULL,
    UNIQUE (workspace_id, name)
);
CREATE INDEX table_source_due ON table_source (next_fetch);
