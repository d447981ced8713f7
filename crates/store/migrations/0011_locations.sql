-- The places of a workspace's country as one tree: {"name", "aliases", "children"}, at most four levels.
CREATE TABLE location_tree (
    workspace_id BIGINT NOT NULL PRIMARY KEY,
    tree {{json}} NOT NULL
);
