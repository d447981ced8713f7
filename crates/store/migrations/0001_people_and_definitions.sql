-- Workspaces, people, lines and what programmes are made of.
-- One text for SQLite and PostgreSQL; words in double braces are the few that differ (see migrate.rs).
-- Times are microseconds since 1970 UTC; JSON columns hold JSON text; ids come from the application.

CREATE TABLE workspace (
    id {{id}},
    uuid {{uuid}} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    timezone TEXT NOT NULL,
    country TEXT,
    languages {{json}} NOT NULL,
    date_format TEXT NOT NULL,
    time_format TEXT NOT NULL,
    input_collation TEXT NOT NULL,
    anonymous BIGINT NOT NULL DEFAULT 0,
    obfuscation_key {{json}} NOT NULL,
    definitions_version BIGINT NOT NULL DEFAULT 1,
    created_on BIGINT NOT NULL
);

CREATE TABLE user_account (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    created_on BIGINT NOT NULL,
    UNIQUE (workspace_id, email)
);

CREATE TABLE channel (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    channel_type TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    schemes {{json}} NOT NULL,
    roles {{json}} NOT NULL,
    country TEXT,
    config {{json}} NOT NULL,
    rate BIGINT,
    active BIGINT NOT NULL DEFAULT 1,
    created_on BIGINT NOT NULL
);
CREATE INDEX channel_workspace ON channel (workspace_id, id);

CREATE TABLE contact (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    language TEXT,
    status TEXT NOT NULL,
    timezone TEXT,
    fields {{json}} NOT NULL,
    session_id BIGINT,
    flow_id BIGINT,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL,
    last_seen_on BIGINT
);

CREATE TABLE contact_urn (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    scheme TEXT NOT NULL,
    path TEXT NOT NULL,
    display TEXT,
    priority BIGINT NOT NULL,
    channel_id BIGINT,
    UNIQUE (workspace_id, scheme, path)
);
CREATE INDEX contact_urn_contact ON contact_urn (contact_id);

CREATE TABLE contact_field (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    value_type TEXT NOT NULL,
    UNIQUE (workspace_id, key)
);

CREATE TABLE contact_group (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    query TEXT,
    UNIQUE (workspace_id, name_key)
);

CREATE TABLE contact_group_member (
    workspace_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    group_id BIGINT NOT NULL,
    joined_on BIGINT NOT NULL,
    PRIMARY KEY (contact_id, group_id)
){{without_rowid}};
CREATE INDEX contact_group_member_group ON contact_group_member (group_id, contact_id);

CREATE TABLE label (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    UNIQUE (workspace_id, name_key)
);

CREATE TABLE global_value (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (workspace_id, key)
);

CREATE TABLE flow (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    flow_type TEXT NOT NULL,
    expire_after_minutes BIGINT NOT NULL,
    ignore_triggers BIGINT NOT NULL DEFAULT 0,
    revision BIGINT NOT NULL,
    archived BIGINT NOT NULL DEFAULT 0,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL
);
CREATE INDEX flow_workspace ON flow (workspace_id, id);

-- Every revision that was ever live, so that a conversation ends with the words it began with.
CREATE TABLE flow_revision (
    workspace_id BIGINT NOT NULL,
    flow_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    definition {{json}} NOT NULL,
    created_on BIGINT NOT NULL,
    PRIMARY KEY (flow_id, revision)
);

CREATE TABLE flow_trigger (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    trigger_type TEXT NOT NULL,
    flow_id BIGINT NOT NULL,
    keywords {{json}} NOT NULL,
    match_type TEXT,
    include_groups {{json}} NOT NULL,
    exclude_groups {{json}} NOT NULL,
    channel_id BIGINT,
    detail {{json}} NOT NULL,
    archived BIGINT NOT NULL DEFAULT 0,
    created_on BIGINT NOT NULL
);
CREATE INDEX flow_trigger_workspace ON flow_trigger (workspace_id, id);

CREATE TABLE campaign (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    group_id BIGINT NOT NULL,
    archived BIGINT NOT NULL DEFAULT 0,
    created_on BIGINT NOT NULL
);
CREATE INDEX campaign_workspace ON campaign (workspace_id, id);

CREATE TABLE campaign_event (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    campaign_id BIGINT NOT NULL,
    relative_to TEXT NOT NULL,
    offset_count BIGINT NOT NULL,
    offset_unit TEXT NOT NULL,
    delivery_hour BIGINT NOT NULL,
    start_mode TEXT NOT NULL,
    flow_id BIGINT,
    message {{json}},
    base_language TEXT,
    created_on BIGINT NOT NULL
);
CREATE INDEX campaign_event_campaign ON campaign_event (campaign_id, id);
