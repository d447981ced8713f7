-- The zones that a workspace had before, and until when: on which day something was counted, and by which clock a moment
-- was planned.
CREATE TABLE former_zone (
    workspace_id BIGINT NOT NULL,
    until BIGINT NOT NULL,
    timezone TEXT NOT NULL,
    PRIMARY KEY (workspace_id, until)
) {{without_rowid}};
