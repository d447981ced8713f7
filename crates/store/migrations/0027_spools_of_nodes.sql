-- When the oldest item in a node's own spool arrived, by its clock; NULL: nothing is in there. Nodes give what they kept
-- while the database was away in the order in which it arrived anywhere.
ALTER TABLE node ADD COLUMN spool_from BIGINT;
