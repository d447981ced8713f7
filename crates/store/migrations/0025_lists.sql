-- What lists of people, messages and runs need that are read page by page, and what people do with messages.

-- Set for a person who was erased: the row stays for those who ask what became of them, with nothing in it.
ALTER TABLE contact ADD COLUMN deleted_on BIGINT;
-- Programs that keep a copy ask for what changed last. By the minute: each message changes its contact and its run, and
-- only the first of a minute touches an index.
ALTER TABLE contact ADD COLUMN modified_minute BIGINT GENERATED ALWAYS AS (modified_on / 60000000) {{stored}};
CREATE INDEX contact_modified ON contact (workspace_id, modified_minute);
CREATE INDEX contact_deleted ON contact (workspace_id, modified_minute) WHERE deleted_on IS NOT NULL;

-- visible, archived or deleted.
ALTER TABLE message ADD COLUMN visibility TEXT NOT NULL DEFAULT 'visible';
-- The broadcast that said it.
ALTER TABLE message ADD COLUMN job_id BIGINT;
-- One index for all lists: what came in and what went out, each with a flow and without, in the order of time.
CREATE INDEX message_list
    ON message (workspace_id, direction, (CASE WHEN flow_id IS NULL THEN 0 ELSE 1 END), created_on, id);
CREATE INDEX message_archived ON message (workspace_id, created_on, id) WHERE visibility = 'archived';
CREATE INDEX message_job ON message (job_id, id) WHERE job_id IS NOT NULL;
CREATE INDEX message_label_message ON message_label (message_id, label_id);
-- By a column that changes only for those that fail, so that other changes of a status stay out of indexes (step 21).
ALTER TABLE message ADD COLUMN failed BIGINT GENERATED ALWAYS AS (CASE WHEN status = 'failed' THEN 1 END) {{stored}};
CREATE INDEX message_failed ON message (workspace_id, created_on, id) WHERE failed = 1;

-- Nodes and moments of the way, once it has ended; until then the session has them.
ALTER TABLE run ADD COLUMN path {{json}};
-- The start that began it.
ALTER TABLE run ADD COLUMN job_id BIGINT;
ALTER TABLE run ADD COLUMN modified_minute BIGINT GENERATED ALWAYS AS (modified_on / 60000000) {{stored}};
CREATE INDEX run_modified ON run (workspace_id, modified_minute);
CREATE INDEX run_flow_modified ON run (flow_id, modified_minute);
