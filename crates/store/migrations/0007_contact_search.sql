-- What contact queries look for, in a form that both databases compare byte by byte, so that a search finds exactly
-- whom the evaluation in memory fits. The store writes these with the contact (see search_keys.rs).

-- One row for each way in which a name, language or field value can be asked for. kind: t text, n number, d moment,
-- s state, i district, w ward, p part of a name. rest is what does not fit into value.
CREATE TABLE contact_term (
    workspace_id BIGINT NOT NULL,
    property TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    rest TEXT NOT NULL,
    contact_id BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, property, kind, value, contact_id)
){{without_rowid}};
-- PostgreSQL asks contact by contact where a condition alone does not decide; SQLite gathers whole sets.
{{only_postgres}} CREATE INDEX contact_term_contact ON contact_term (contact_id, property, kind, value);

-- The path in lower case.
ALTER TABLE contact_urn ADD COLUMN path_key TEXT NOT NULL DEFAULT '';
CREATE INDEX contact_urn_search ON contact_urn (workspace_id, path_key, scheme, contact_id);

-- None on what changes with each message (last_seen_on, flow_id): keeping it would cost more than it finds.
CREATE INDEX contact_workspace ON contact (workspace_id, id);
CREATE INDEX contact_created ON contact (workspace_id, created_on, id);

-- Who has been in a flow.
DROP INDEX run_flow;
CREATE INDEX run_flow ON run (flow_id, contact_id);
