-- What people who work with somebody write down of them, what somebody agreed to, and who turned out to be the same.

CREATE TABLE contact_note (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    created_on BIGINT NOT NULL
);
CREATE INDEX contact_note_contact ON contact_note (contact_id, id);

-- Append-only: a row for each time somebody agreed or took it back. purpose: empty for everything. source: by which way
-- it came. channel_id, message_id, user_id, flow_id 0: none. shown: what they were shown or told.
CREATE TABLE consent (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    contact_id BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    given BIGINT NOT NULL,
    source TEXT NOT NULL,
    channel_id BIGINT NOT NULL DEFAULT 0,
    message_id BIGINT NOT NULL DEFAULT 0,
    user_id BIGINT NOT NULL DEFAULT 0,
    shown TEXT,
    reason TEXT,
    happened_on BIGINT NOT NULL,
    created_on BIGINT NOT NULL
);
CREATE INDEX consent_contact ON consent (contact_id, id);
CREATE INDEX consent_workspace ON consent (workspace_id, id);

-- The person that this one turned out to be.
ALTER TABLE contact ADD COLUMN merged_into BIGINT;
CREATE INDEX contact_merged ON contact (merged_into) WHERE merged_into IS NOT NULL;
