-- Programmes: messages in sets that people get one by one.

-- schedule: cron, by the clock of the person. placement, anchor, switches: rules of the programme (domain::programme).
-- weeks: for each sequence number, from 1 on, its week or null; so it says how many messages there are.
CREATE TABLE message_set (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    short_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    programme TEXT NOT NULL,
    stage TEXT NOT NULL,
    content_type TEXT NOT NULL,
    schedule TEXT NOT NULL,
    placement {{json}},
    anchor {{json}},
    weeks {{json}} NOT NULL,
    switches {{json}},
    next_set_id BIGINT,
    channel_id BIGINT,
    base_language TEXT NOT NULL,
    catch_up TEXT NOT NULL,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL,
    UNIQUE (workspace_id, name_key)
);

CREATE TABLE programme_message (
    set_id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    language TEXT NOT NULL,
    workspace_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    media {{json}},
    PRIMARY KEY (set_id, sequence, language)
){{without_rowid}};

-- about_id: the person whom the messages are about, the contact itself or somebody of their household. begun_on: its
-- messages go strictly after it. previous_id: the subscription that it came out of. steps counts the changes: who
-- planned on an older count writes nothing. Its moment is its timer, whose scope and session_id are its number.
CREATE TABLE subscription (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    contact_id BIGINT NOT NULL,
    about_id BIGINT NOT NULL,
    set_id BIGINT NOT NULL,
    language TEXT,
    schedule TEXT,
    anchor TEXT,
    initial_sequence BIGINT NOT NULL,
    next_sequence BIGINT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    previous_id BIGINT,
    begun_on BIGINT NOT NULL,
    last_run BIGINT,
    next_due BIGINT,
    sent BIGINT NOT NULL DEFAULT 0,
    left_out BIGINT NOT NULL DEFAULT 0,
    steps BIGINT NOT NULL DEFAULT 0,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL,
    ended_on BIGINT
);
CREATE INDEX subscription_contact ON subscription (contact_id, id);
CREATE INDEX subscription_about ON subscription (about_id, id) WHERE about_id <> contact_id;
CREATE INDEX subscription_workspace ON subscription (workspace_id, id);
CREATE INDEX subscription_set ON subscription (set_id, id);
-- Nobody gets the same messages twice at a time, and nothing is followed by the same set twice.
CREATE UNIQUE INDEX subscription_active ON subscription (contact_id, about_id, set_id) WHERE status = 'active';
CREATE UNIQUE INDEX subscription_previous ON subscription (previous_id, set_id) WHERE previous_id IS NOT NULL;

-- One row for each message of a subscription that went, or was left out (message_id NULL): none of them twice.
CREATE TABLE programme_delivery (
    subscription_id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    run BIGINT NOT NULL,
    workspace_id BIGINT NOT NULL,
    message_id BIGINT,
    created_on BIGINT NOT NULL,
    PRIMARY KEY (subscription_id, sequence, run)
){{without_rowid}};

-- What was done with somebody's programmes, and why: opt-in, subscription, switch, opt-out, resending. Append-only.
CREATE TABLE programme_event (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    subscription_id BIGINT,
    kind TEXT NOT NULL,
    reason TEXT,
    detail {{json}},
    created_on BIGINT NOT NULL
);
CREATE INDEX programme_event_contact ON programme_event (contact_id, id);
CREATE INDEX programme_event_workspace ON programme_event (workspace_id, id);
