-- What happened on lines beside messages: conversations that were opened, calls, referrals, opt-ins and opt-outs.
CREATE TABLE channel_event (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    -- As RapidPro's API names it, such as call-in-missed.
    kind TEXT NOT NULL,
    contact_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    extra {{json}},
    occurred_on BIGINT NOT NULL,
    created_on BIGINT NOT NULL
);
CREATE INDEX channel_event_workspace ON channel_event (workspace_id, id);
CREATE INDEX channel_event_contact ON channel_event (contact_id, id);
