-- What happened, counted by the day of the workspace's zone in the same transaction. What each kind counts, and what
-- subject and name are for it, stands in store/src/tally.rs. shard keeps writers of several nodes from waiting for one
-- another on a row that all of them count in: each writes rows of its own, and readers add them up.
-- Messages are counted here as well; daily_count holds what programs before this one counted, and readers add both.
CREATE TABLE tally (
    workspace_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject BIGINT NOT NULL,
    name TEXT NOT NULL,
    shard BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, day, kind, subject, name, shard)
){{without_rowid}};

-- Who was there on which day: each once, so that the people of a week or month can be counted as well.
CREATE TABLE contact_day (
    workspace_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, day, contact_id)
){{without_rowid}};

-- Set while rows are being brought in past the writer (a move, a generated history): such a store is not opened.
CREATE TABLE filling (
    id {{id}},
    what TEXT NOT NULL
);
