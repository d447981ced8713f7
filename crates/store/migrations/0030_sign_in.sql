-- How people sign in: what they prove themselves with, where they are signed in, and links that are used once.

-- One for each person who signed in, in whichever workspaces they work. Until there is one, what their rows of
-- user_account say counts. password_hash NULL: no password fits. totp_secret: in base32; totp_since NULL: not confirmed yet.
-- totp_step: the last step of time whose code was used. recovery: digests of codes that can be used once.
CREATE TABLE login (
    email TEXT PRIMARY KEY,
    password_hash TEXT,
    totp_secret TEXT,
    totp_since BIGINT,
    totp_step BIGINT NOT NULL DEFAULT 0,
    recovery {{json}},
    steps BIGINT NOT NULL DEFAULT 1,
    changed_on BIGINT NOT NULL
);

-- Where people are signed in. sha256: hex of the secret that the browser keeps. means: how they signed in.
CREATE TABLE sign_in (
    id {{id}},
    uuid {{uuid}} NOT NULL UNIQUE,
    sha256 TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    workspace_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    means TEXT NOT NULL,
    second_factor BIGINT NOT NULL DEFAULT 0,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    created_on BIGINT NOT NULL,
    seen_on BIGINT NOT NULL,
    ends_on BIGINT NOT NULL
);
CREATE INDEX sign_in_email ON sign_in (email, id);
CREATE INDEX sign_in_workspace ON sign_in (workspace_id, created_on, id);

-- Links that are used once: to choose a new password (kind reset) or to join a workspace (kind invitation).
CREATE TABLE sign_in_link (
    id {{id}},
    uuid {{uuid}} NOT NULL UNIQUE,
    sha256 TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    workspace_id BIGINT NOT NULL,
    email TEXT NOT NULL,
    role TEXT,
    created_by BIGINT,
    created_on BIGINT NOT NULL,
    ends_on BIGINT NOT NULL
);
CREATE INDEX sign_in_link_email ON sign_in_link (email, id);
CREATE INDEX sign_in_link_workspace ON sign_in_link (workspace_id, id);

-- What a workspace asks of those who sign in. two_factor_roles: the roles that need a second factor.
CREATE TABLE sign_in_rule (
    workspace_id BIGINT PRIMARY KEY,
    two_factor_roles {{json}} NOT NULL
);

CREATE INDEX user_account_email ON user_account (email, id);
