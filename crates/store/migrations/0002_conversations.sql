-- What is said, where each conversation stands, what is due and what must go out.

CREATE TABLE message (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    contact_id BIGINT NOT NULL,
    urn_id BIGINT,
    channel_id BIGINT,
    flow_id BIGINT,
    direction TEXT NOT NULL,
    status TEXT NOT NULL,
    text TEXT NOT NULL,
    attachments {{json}},
    quick_replies {{json}},
    detail {{json}},
    external_id TEXT,
    reason TEXT,
    error_count BIGINT NOT NULL DEFAULT 0,
    possibly_repeated BIGINT NOT NULL DEFAULT 0,
    day BIGINT NOT NULL,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL,
    sent_on BIGINT
);
CREATE INDEX message_contact ON message (contact_id, id);
-- A carrier that delivers the same message twice is recognised by its own id.
CREATE UNIQUE INDEX message_inbound_external ON message (channel_id, external_id)
    WHERE direction = 'in' AND external_id IS NOT NULL;
-- Carriers report on what we sent by their id; they do not promise never to reuse it.
CREATE INDEX message_outbound_external ON message (channel_id, external_id)
    WHERE direction = 'out' AND external_id IS NOT NULL;
-- Messages that wait for an effect of the conversation to come back.
CREATE INDEX message_pending ON message (contact_id, id) WHERE status = 'pending';

CREATE TABLE message_label (
    workspace_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    label_id BIGINT NOT NULL,
    PRIMARY KEY (label_id, message_id)
){{without_rowid}};

CREATE TABLE session (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL,
    contact_id BIGINT NOT NULL,
    status TEXT NOT NULL,
    wait_kind TEXT,
    wait_until BIGINT,
    expires_on BIGINT,
    pins TEXT NOT NULL,
    state {{blob}},
    created_on BIGINT NOT NULL,
    ended_on BIGINT
);
-- Which revisions are still needed, and who is where, is asked of waiting sessions only.
CREATE INDEX session_live ON session (workspace_id, id) WHERE ended_on IS NULL;

CREATE TABLE run (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    session_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    flow_id BIGINT NOT NULL,
    status TEXT NOT NULL,
    responded BIGINT NOT NULL DEFAULT 0,
    results {{json}} NOT NULL,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL,
    exited_on BIGINT
);
CREATE INDEX run_contact ON run (contact_id, id);
CREATE INDEX run_flow ON run (flow_id, id);

-- Append-only history of a contact. Messages are their own table, not repeated here.
CREATE TABLE event (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    session_id BIGINT,
    kind TEXT NOT NULL,
    body {{json}} NOT NULL,
    created_on BIGINT NOT NULL
);
CREATE INDEX event_contact ON event (contact_id, id);

CREATE TABLE timer (
    workspace_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    due BIGINT NOT NULL,
    session_id BIGINT NOT NULL,
    PRIMARY KEY (contact_id, kind)
){{without_rowid}};
CREATE INDEX timer_due ON timer (due);

-- claimed_by is the run of the node that has the row in hand, 0 while nobody has. parts_sent: of a message that its
-- carrier takes in several requests, those that it has; another attempt goes on after them.
CREATE TABLE outbox (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    contact_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL DEFAULT 0,
    message_id BIGINT NOT NULL DEFAULT 0,
    session_id BIGINT NOT NULL DEFAULT 0,
    payload {{json}},
    claimed_by BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    parts_sent BIGINT NOT NULL DEFAULT 0,
    next_attempt BIGINT NOT NULL,
    possibly_repeated BIGINT NOT NULL DEFAULT 0,
    dead_reason TEXT,
    created_on BIGINT NOT NULL
);
-- By line, so that the backlog of one is not in the way of another (channel_id 0: effects).
CREATE INDEX outbox_due ON outbox (channel_id, next_attempt, id) WHERE claimed_by = 0 AND dead_reason IS NULL;
CREATE INDEX outbox_lane ON outbox (contact_id, channel_id, id);

-- Messages by day of the workspace's zone, kept in step with the message table by the same transaction.
-- channel_id 0: no channel.
CREATE TABLE daily_count (
    workspace_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    direction TEXT NOT NULL,
    status TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, day, channel_id, direction, status)
){{without_rowid}};
