-- Households, codes that are checked, and registrations with what was given.

-- One for each person whom others get messages about.
CREATE TABLE household (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    contact_id BIGINT NOT NULL UNIQUE,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL
);
CREATE INDEX household_workspace ON household (workspace_id, id);

-- role: what they are to that person, such as father; may be empty.
CREATE TABLE household_member (
    household_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    workspace_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    created_on BIGINT NOT NULL,
    PRIMARY KEY (household_id, contact_id)
){{without_rowid}};
CREATE INDEX household_member_contact ON household_member (contact_id);

-- Codes of clinics, of personnel, and numbers that were drawn for people. code_key: as codes are compared. contact_id: the
-- person for whom it was drawn; 0 for none. None is ever given twice, so what was drawn stays.
CREATE TABLE code (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    code_key TEXT NOT NULL,
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    active BIGINT NOT NULL,
    contact_id BIGINT NOT NULL DEFAULT 0,
    created_on BIGINT NOT NULL,
    modified_on BIGINT NOT NULL,
    UNIQUE (workspace_id, kind, code_key)
);
CREATE INDEX code_workspace ON code (workspace_id, id);
CREATE INDEX code_contact ON code (contact_id) WHERE contact_id <> 0;

-- call_key: by which a registration that is asked for again is known. user_id 0: nobody who is known.
CREATE TABLE registration (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    contact_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    detail {{json}},
    call_key TEXT,
    user_id BIGINT NOT NULL DEFAULT 0,
    created_on BIGINT NOT NULL
);
CREATE INDEX registration_workspace ON registration (workspace_id, id);
CREATE INDEX registration_contact ON registration (contact_id, id);
CREATE UNIQUE INDEX registration_call ON registration (workspace_id, call_key) WHERE call_key IS NOT NULL;
