-- What other programs need who speak with a workspace over its API.

-- sha256: hex of the token, which is shown once and kept nowhere. Who has it acts as the user.
CREATE TABLE api_token (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    user_id BIGINT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    created_on BIGINT NOT NULL
);
CREATE INDEX api_token_workspace ON api_token (workspace_id, id);

-- When a global was last set; NULL: not since this is kept.
ALTER TABLE global_value ADD COLUMN modified_on BIGINT;
