-- Programs that are told what happens: how far each is in the feed, and how it fares.
-- events: JSON array of kinds, empty for all. tx and place: the place in the feed up to which deliveries are written.
CREATE TABLE webhook (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    target_url TEXT NOT NULL,
    events {{json}} NOT NULL,
    secret TEXT NOT NULL,
    status TEXT NOT NULL,
    tx BIGINT NOT NULL,
    place BIGINT NOT NULL,
    failures BIGINT NOT NULL DEFAULT 0,
    failing_since BIGINT,
    rests_until BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    last_success BIGINT,
    steps BIGINT NOT NULL DEFAULT 0,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL
);
CREATE INDEX webhook_workspace ON webhook (workspace_id, id);

-- What each is to be told, was told, or could not be told, in order of the feed. lane: the contact, 0 for what is about
-- nobody; within it one goes after the other.
CREATE TABLE webhook_delivery (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    webhook_id BIGINT NOT NULL,
    tx BIGINT NOT NULL,
    place BIGINT NOT NULL,
    lane BIGINT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_attempt BIGINT NOT NULL,
    answer_status BIGINT,
    answer TEXT,
    took_ms BIGINT,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL
);
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (webhook_id, lane, id) WHERE status = 'waiting';
CREATE INDEX webhook_delivery_list ON webhook_delivery (webhook_id, status, id);
CREATE INDEX webhook_delivery_old ON webhook_delivery (modified_on) WHERE status <> 'waiting';

-- What flows called by the name of an event, for two days.
CREATE TABLE resthook_event (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    slug TEXT NOT NULL,
    data TEXT NOT NULL,
    created_on BIGINT NOT NULL
);
CREATE INDEX resthook_event_list ON resthook_event (workspace_id, id);
CREATE INDEX resthook_event_old ON resthook_event (created_on);

-- With what calls of an event are signed; NULL: they are not.
ALTER TABLE resthook ADD COLUMN secret TEXT;
