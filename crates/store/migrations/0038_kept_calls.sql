-- Calls of the API that came with a key of their own (Idempotency-Key), so that the same call again does nothing again.

-- The row is written in the transaction of what the call changed; its answer once it is known.
CREATE TABLE kept_call (
    workspace_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    -- SHA-256 of method, address and body, in hex: the same key with another call is refused.
    digest TEXT NOT NULL,
    -- HTTP status and body; NULL: not known yet, or lost with the node that had it.
    status BIGINT,
    answer TEXT,
    made_on BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, user_id, key)
);
CREATE INDEX kept_call_made ON kept_call (made_on);
