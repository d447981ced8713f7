-- Contacts whose keys for searches are made later, because less valuable work was turned off when they changed: what they
-- were found by until then. name: NULL for who was not found by anything yet.
CREATE TABLE search_later (
    contact_id {{id}},
    workspace_id BIGINT NOT NULL,
    name TEXT,
    language TEXT,
    fields TEXT
);
