-- A session in the background waits for its effect beside the one in front, so each has a deadline of its own.
-- scope is the session for effect deadlines and 0 for what a contact has only one of.
ALTER TABLE timer RENAME TO timer_before;
CREATE TABLE timer (
    workspace_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    scope BIGINT NOT NULL,
    due BIGINT NOT NULL,
    session_id BIGINT NOT NULL,
    PRIMARY KEY (contact_id, kind, scope)
){{without_rowid}};
INSERT INTO timer (workspace_id, contact_id, kind, scope, due, session_id)
SELECT workspace_id, contact_id, kind, CASE WHEN kind = 'effect_deadline' THEN session_id ELSE 0 END, due, session_id
FROM timer_before;
DROP TABLE timer_before;
CREATE INDEX timer_due ON timer (due);
