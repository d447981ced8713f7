-- Agents who see the tickets of some topics only. topics: row numbers of topics.
CREATE TABLE team (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    topics {{json}} NOT NULL,
    created_on BIGINT NOT NULL,
    UNIQUE (workspace_id, name_key)
);

-- What agents answer often. said: texts, files and suggested answers by language.
CREATE TABLE canned_reply (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    said {{json}} NOT NULL,
    modified_on BIGINT NOT NULL,
    UNIQUE (workspace_id, name_key)
);

-- 0: in none.
ALTER TABLE user_account ADD COLUMN team_id BIGINT NOT NULL DEFAULT 0;

-- When somebody first answered, and who; who opened it by hand. 0: nobody.
ALTER TABLE ticket ADD COLUMN replied_on BIGINT;
ALTER TABLE ticket ADD COLUMN replied_by_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ticket ADD COLUMN opened_by_id BIGINT NOT NULL DEFAULT 0;

-- The lists of an agent's team, and of what they deal with.
CREATE INDEX ticket_topic ON ticket (workspace_id, topic_id, status, modified_on, id);
CREATE INDEX ticket_assignee ON ticket (workspace_id, assignee_id, status, modified_on, id);

-- Who wrote it in which ticket; NULL for all that no person wrote there.
ALTER TABLE message ADD COLUMN user_id BIGINT;
ALTER TABLE message ADD COLUMN ticket_id BIGINT;
