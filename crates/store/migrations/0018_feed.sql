-- What was committed, in the order of the commits: one row for each commit and workspace, kept for some time. tx rises
-- with the commits (of PostgreSQL the number of the transaction: readers stop before the first one that is still under
-- way); first is the place of the row's first entry within the commit, entries are packed (store/src/feed.rs).
CREATE TABLE feed (
    tx BIGINT NOT NULL,
    first BIGINT NOT NULL,
    count BIGINT NOT NULL,
    workspace_id BIGINT NOT NULL,
    entries {{blob}} NOT NULL,
    created_on BIGINT NOT NULL,
    PRIMARY KEY (tx, first)
);
CREATE INDEX feed_workspace ON feed (workspace_id, tx, first);

-- The last place that is not kept any more. One row, once something was removed.
CREATE TABLE feed_floor (
    id BIGINT PRIMARY KEY,
    tx BIGINT NOT NULL,
    place BIGINT NOT NULL
);
