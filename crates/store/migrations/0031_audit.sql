-- What people, programs and commands changed: a row for each thing, written with the change and never after it, except that
-- erasing a contact empties what names them.

-- workspace_id: 0 for what belongs to the whole store. id: one for all that was changed at once; place: within it.
-- means, proof: by what it is known who it was, and which token or session that was. before, after: members that differ.
CREATE TABLE audit (
    id BIGINT NOT NULL,
    place BIGINT NOT NULL,
    workspace_id BIGINT NOT NULL,
    created_on BIGINT NOT NULL,
    user_id BIGINT,
    who TEXT NOT NULL,
    means TEXT NOT NULL,
    proof {{uuid}},
    verb TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject_uuid {{uuid}},
    subject TEXT NOT NULL,
    before {{json}},
    after {{json}},
    PRIMARY KEY (id, place)
);
CREATE INDEX audit_workspace ON audit (workspace_id, id, place);
CREATE INDEX audit_kind ON audit (workspace_id, kind, id, place);
CREATE INDEX audit_who ON audit (workspace_id, who, id, place);
CREATE INDEX audit_subject ON audit (workspace_id, subject_uuid, id, place);
