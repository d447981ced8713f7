-- When the templates of a line are asked for at its carrier, and what came of it. A line without a row was never asked.
CREATE TABLE template_sync (
    channel_id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    next_sync BIGINT NOT NULL,
    synced_on BIGINT,
    templates BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    steps BIGINT NOT NULL DEFAULT 0
);
