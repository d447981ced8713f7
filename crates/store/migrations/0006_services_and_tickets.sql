-- Services that flows ask: an e-mail server, language models, an airtime provider. config has no secrets in it; what
-- nobody may see is in secret.
CREATE TABLE service (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    config {{json}} NOT NULL,
    secret TEXT NOT NULL,
    active BIGINT NOT NULL DEFAULT 1,
    created_on BIGINT NOT NULL
);
CREATE INDEX service_workspace ON service (workspace_id, id);

-- Web services that hear of an event which flows name.
CREATE TABLE resthook (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    slug TEXT NOT NULL,
    subscribers {{json}} NOT NULL,
    UNIQUE (workspace_id, slug)
);

-- What tickets are about.
CREATE TABLE topic (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    UNIQUE (workspace_id, name_key)
);

-- Conversations that need a person. topic_id, assignee_id, flow_id, run_id 0: none.
CREATE TABLE ticket (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    contact_id BIGINT NOT NULL,
    status TEXT NOT NULL,
    topic_id BIGINT NOT NULL DEFAULT 0,
    assignee_id BIGINT NOT NULL DEFAULT 0,
    note TEXT,
    flow_id BIGINT NOT NULL DEFAULT 0,
    run_id BIGINT NOT NULL DEFAULT 0,
    opened_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL,
    closed_on BIGINT
);
CREATE INDEX ticket_contact ON ticket (contact_id, id);
-- Each conversation that is stepped asks for these.
CREATE INDEX ticket_open ON ticket (contact_id, id) WHERE status = 'open';
-- The lists that people work from.
CREATE INDEX ticket_list ON ticket (workspace_id, status, modified_on, id);
