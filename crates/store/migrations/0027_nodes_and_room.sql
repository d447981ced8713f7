-- When the oldest item in a node's own spool arrived, by its clock; NULL: nothing is in there. Nodes give what they kept
-- while the database was away in the order in which it arrived anywhere.
ALTER TABLE node ADD COLUMN spool_from BIGINT;

-- A run, a session and a message said out are each changed some times within seconds: room in their page for that, or
-- PostgreSQL writes them into all their indexes again.
{{only_postgres}} ALTER TABLE run SET (fillfactor = 50);
{{only_postgres}} ALTER TABLE session SET (fillfactor = 60);
{{only_postgres}} ALTER TABLE message SET (fillfactor = 70);
