-- How long a workspace keeps what was said, and the files into which it is put afterwards.

-- Days for which rows are kept; NULL: for good. looked_on: the local day on which it was last looked what is too old.
CREATE TABLE retention (
    workspace_id BIGINT NOT NULL PRIMARY KEY,
    messages BIGINT,
    runs BIGINT,
    events BIGINT,
    looked_on BIGINT
){{without_rowid}};

-- Files of messages or runs: kind is message or run, period daily or monthly, start_day the first day in UTC (days since
-- 1970-01-01). file: its name in the store of archives; empty once its rows lie in that of the month (rollup_id). steps
-- counts the changes: who planned on an older count writes nothing.
CREATE TABLE archive (
    id {{id}},
    workspace_id BIGINT NOT NULL,
    uuid {{uuid}} NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    period TEXT NOT NULL,
    start_day BIGINT NOT NULL,
    records BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    md5 TEXT NOT NULL,
    file TEXT NOT NULL,
    rollup_id BIGINT,
    steps BIGINT NOT NULL DEFAULT 0,
    created_on BIGINT NOT NULL,
    changed_on BIGINT NOT NULL
);
CREATE UNIQUE INDEX archive_span ON archive (workspace_id, kind, period, start_day);

-- People who were erased while there were archives: their lines in these are to be emptied.
CREATE TABLE archive_erasure (
    workspace_id BIGINT NOT NULL,
    contact_uuid {{uuid}} NOT NULL,
    asked_on BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, contact_uuid)
){{without_rowid}};

-- What rows were counted as that are in the table no more: kept counts agree with what is there and this together.
-- Names as in tally.
CREATE TABLE archived_count (
    workspace_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject BIGINT NOT NULL,
    name TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, day, kind, subject, name)
){{without_rowid}};
