-- What every message changes is kept out of indexes, so that a change costs a row and not five index entries.

-- Nothing asks for it: who is where is found by contact, and which revisions are needed is read with the session.
DROP INDEX session_live;

-- PostgreSQL writes a changed row into all indexes again if one of them looks at a column that changed, also if only
-- in its condition. Every report of a carrier changes the status; this column changes only for messages in waiting.
{{only_postgres}} ALTER TABLE message ADD COLUMN waits BIGINT GENERATED ALWAYS AS (CASE WHEN status = 'pending' THEN 1 END) STORED;
{{only_postgres}} DROP INDEX message_pending;
{{only_postgres}} CREATE INDEX message_waiting ON message (contact_id, id) WHERE waits = 1;
