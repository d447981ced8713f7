-- What is said first when a line has more to say than it may: priority 0 replies, 1 conversations that go on by
-- themselves, 2 reminders and what somebody starts for one person, 3 bulk; source: the job that wrote it, so that
-- jobs share a line.
ALTER TABLE outbox ADD COLUMN priority BIGINT NOT NULL DEFAULT 1;
ALTER TABLE outbox ADD COLUMN source BIGINT NOT NULL DEFAULT 0;
-- Queue by queue of a line, so that neither the backlog of another line nor one of less weight is in the way.
CREATE INDEX outbox_turn ON outbox (channel_id, priority, workspace_id, source, next_attempt, id)
    WHERE claimed_by = 0 AND dead_reason IS NULL;
DROP INDEX outbox_due;
-- The dead set, by workspace.
CREATE INDEX outbox_dead ON outbox (workspace_id, id) WHERE dead_reason IS NOT NULL;

-- Reports that came before the carrier's identifier of the message was written down: the furthest of each, until it is.
CREATE TABLE early_report (
    workspace_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    external_id TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    created_on BIGINT NOT NULL,
    PRIMARY KEY (external_id, channel_id)
){{without_rowid}};
CREATE INDEX early_report_age ON early_report (created_on);

-- rate messages in so many seconds.
ALTER TABLE channel ADD COLUMN rate_seconds BIGINT NOT NULL DEFAULT 1;
