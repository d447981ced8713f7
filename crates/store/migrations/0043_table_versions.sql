-- How many rows each version of a lookup table has, so that listing them reads none. Versions from before say nothing.
ALTER TABLE lookup_table_version ADD COLUMN row_count BIGINT;
