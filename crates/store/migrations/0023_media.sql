-- Files that people sent, which their carrier keeps for some days: what is to be fetched, and what was. place: which of the
-- message's attachments. steps counts the changes: who planned on an older count writes nothing. sha256: hex, and the
-- name of the file in the folder of media.
CREATE TABLE media (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    channel_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    place BIGINT NOT NULL,
    source TEXT NOT NULL,
    mime TEXT NOT NULL,
    state TEXT NOT NULL,
    steps BIGINT NOT NULL DEFAULT 0,
    next_try BIGINT NOT NULL,
    sha256 TEXT,
    bytes BIGINT,
    reason TEXT,
    created_on BIGINT NOT NULL,
    changed_on BIGINT NOT NULL
);
CREATE INDEX media_due ON media (next_try, id) WHERE state = 'waiting';
