-- Several nodes on one database. A row of node is one run of a node: that it exists means that the run is alive. A
-- run whose row is gone may not write any more, and what it had in hand is given back. beat rises as long as it lives;
-- the others watch it by their own clocks, so beat_on and started_on are for people alone.
CREATE TABLE node (
    run {{id}},
    name TEXT NOT NULL UNIQUE,
    slot BIGINT NOT NULL UNIQUE,
    version TEXT NOT NULL,
    schema_version BIGINT NOT NULL,
    address TEXT NOT NULL,
    host TEXT NOT NULL,
    process TEXT NOT NULL,
    ttl BIGINT NOT NULL,
    started_on BIGINT NOT NULL,
    beat BIGINT NOT NULL DEFAULT 0,
    beat_on BIGINT NOT NULL,
    state TEXT NOT NULL
);
-- The number of the last run, so that none is ever given twice; registrations wait for each other here.
CREATE TABLE node_registry (id {{id}}, last_run BIGINT NOT NULL);
INSERT INTO node_registry (id, last_run) VALUES (1, 0);
-- Work that one run at a time does. Each taking raises fence: what was begun under an older one is refused.
-- run 0: nobody's.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    run BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    taken_on BIGINT NOT NULL
);
-- The oldest schema whose programs may still work on a database of this step; NULL: only this one and later.
ALTER TABLE schema_migration ADD COLUMN compatible_from BIGINT;
